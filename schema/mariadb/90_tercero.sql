-- Users and sessions: the objects behind templates/user_rec.toml and templates/session_rec.toml. They have a database
-- of their own, so that nobody else has rights on it.
--
-- Passwords are kept as Argon2id strings and tokens as SHA-256; no view shows either. Times are in UTC.
-- Names of users and roles are compared byte by byte.

create database if not exists tercero
  character set utf8mb4
  collate utf8mb4_unicode_ci;
use tercero;

create table if not exists user (
  id                  char(36)     character set ascii collate ascii_bin not null primary key,
  name                varchar(64)  character set utf8mb4 collate utf8mb4_nopad_bin not null,
  password_hash       varchar(255) character set ascii collate ascii_bin not null,
  roles               text         character set utf8mb4 collate utf8mb4_nopad_bin not null default '[]',
  is_locked           boolean      not null default false,
  failures            int unsigned not null default 0,
  failed_at           datetime(6)  null,
  locked_until        datetime(6)  null,
  created_at          datetime(6)  not null,
  password_changed_at datetime(6)  not null,
  constraint uq_user_name unique (name),
  index ix_user_name_order (name, id)
) engine = innodb;

create table if not exists session (
  id         char(36)    character set ascii collate ascii_bin not null primary key,
  token_hash binary(32)  not null,
  user_id    char(36)    character set ascii collate ascii_bin not null,
  opened_at  datetime(6) not null,
  seen_at    datetime(6) not null,
  expires_at datetime(6) not null,
  closed_at  datetime(6) null,
  constraint uq_session_token unique (token_hash),
  index ix_session_user (user_id, opened_at),
  index ix_session_seen (seen_at),
  constraint fk_session_user foreign key (user_id) references user (id) on delete cascade
) engine = innodb;

create or replace view v_user as
  select id, name, roles, is_locked, locked_until, created_at, password_changed_at from user;

create or replace view v_session as
  select session.id as id, user.name as user, session.opened_at as opened_at, session.seen_at as seen_at,
         session.expires_at as expires_at, session.closed_at as closed_at
    from session join user on user.id = session.user_id;

delimiter //

create or replace procedure sp_user_add(
  in p_name varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_hash varchar(255) character set ascii collate ascii_bin,
  out p_id char(36) character set ascii)
  modifies sql data
begin
  set p_id = uuid();
  insert into user (id, name, password_hash, created_at, password_changed_at)
  values (p_id, p_name, p_hash, utc_timestamp(6), utc_timestamp(6));
end //

create or replace procedure sp_user_delete(in p_id char(36) character set ascii collate ascii_bin)
  modifies sql data
begin
  delete from user where id = p_id;
end //

-- The hash that a password is compared with; null for an unknown name.
create or replace procedure sp_user_credential(
  in p_name varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin,
  out p_id char(36) character set ascii,
  out p_hash varchar(255) character set ascii)
  reads sql data
begin
  select max(id), max(password_hash) into p_id, p_hash from user where name = p_name;
end //

-- Counts a wrong password, and locks the user out for a while after too many. A right password is admitted only while
-- the user is not locked. The row is locked for this check, so guessing many times at once gives no more guesses.
create or replace procedure sp_user_settle(
  in p_name varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_hash varchar(255) character set ascii collate ascii_bin,
  in p_is_right boolean,
  in p_failures_max int unsigned,
  in p_lock_s int unsigned,
  out p_is_admitted boolean,
  out p_roles text character set utf8mb4)
  modifies sql data
begin
  declare v_id char(36) character set ascii collate ascii_bin default null;
  declare v_hash varchar(255) character set ascii collate ascii_bin;
  declare v_roles text character set utf8mb4;
  declare v_is_locked boolean;
  declare v_failures int unsigned;
  declare v_failed_at, v_locked_until datetime(6);
  declare v_now datetime(6) default utc_timestamp(6);
  declare continue handler for not found set v_id = null;
  set p_is_admitted = false;
  select id, password_hash, roles, is_locked, failures, failed_at, locked_until
    into v_id, v_hash, v_roles, v_is_locked, v_failures, v_failed_at, v_locked_until
    from user where name = p_name for update;
  if v_id is not null and not v_is_locked and (v_locked_until is null or v_locked_until <= v_now) then
    -- If the password was changed meanwhile, it is not the one that was compared.
    if p_is_right and v_hash = p_hash then
      set p_is_admitted = true;
      set p_roles = v_roles;
      if v_failures > 0 or v_locked_until is not null then
        update user set failures = 0, failed_at = null, locked_until = null where id = v_id;
      end if;
    elseif not p_is_right then
      -- After a lock-out, or a long time without a failure, the count begins anew.
      if v_locked_until is not null or v_failed_at < v_now - interval p_lock_s second then
        set v_failures = 0;
      end if;
      update user
         set failures = v_failures + 1, failed_at = v_now,
             locked_until = if(v_failures + 1 >= p_failures_max, v_now + interval p_lock_s second, null)
       where id = v_id;
    end if;
  end if;
end //

-- Sets a new password. It ends all sessions of the user but the one to keep, and a lock-out by failures.
create or replace procedure sp_user_put_password(
  in p_id char(36) character set ascii collate ascii_bin,
  in p_hash varchar(255) character set ascii collate ascii_bin,
  in p_keep char(36) character set ascii collate ascii_bin)
  modifies sql data
begin
  update user
     set password_hash = p_hash, password_changed_at = utc_timestamp(6), failures = 0, failed_at = null, locked_until = null
   where id = p_id;
  update session set closed_at = utc_timestamp(6)
   where user_id = p_id and closed_at is null and not (id <=> p_keep);
end //

-- Sets, adds or revokes roles: `p_change` is set, grant or revoke. A user who had too many before keeps them until they are
-- revoked.
create or replace procedure sp_user_put_roles(
  in p_name varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_change varchar(10) character set ascii,
  in p_given text character set utf8mb4 collate utf8mb4_nopad_bin,
  out p_id char(36) character set ascii,
  out p_roles text character set utf8mb4)
  modifies sql data
begin
  declare v_id char(36) character set ascii collate ascii_bin default null;
  declare v_roles text character set utf8mb4 collate utf8mb4_nopad_bin;
  declare v_role varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin;
  declare v_at varchar(64) character set utf8mb4;
  declare v_index, v_before int default 0;
  declare continue handler for not found set v_id = null;
  select id, roles, json_length(roles) into v_id, v_roles, v_before from user where name = p_name for update;
  if v_id is null then
    signal sqlstate '45000' set message_text = 'there is no such user';
  end if;
  if p_change = 'set' then
    set v_roles = '[]';
  end if;
  while v_index < json_length(p_given) do
    set v_role = json_value(p_given, concat('$[', v_index, ']'));
    -- A `_` would match any character.
    set v_at = json_unquote(json_search(v_roles, 'one', replace(v_role, '_', '\\_')));
    if p_change = 'revoke' then
      if v_at is not null then
        set v_roles = json_remove(v_roles, v_at);
      end if;
    elseif v_at is null then
      set v_roles = json_array_append(v_roles, '$', v_role);
    end if;
    set v_index = v_index + 1;
  end while;
  if json_length(v_roles) > greatest(v_before, 100) then
    signal sqlstate '45000' set message_text = 'a user has at most 100 roles: take one away by `user.call.revoke` first';
  end if;
  update user set roles = v_roles where id = v_id;
  set p_id = v_id;
  set p_roles = v_roles;
end //

-- Locks a user, or releases one from this lock and from a lock-out by failures. Sessions of a locked user are refused.
create or replace procedure sp_user_put_lock(
  in p_name varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_is_locked boolean,
  out p_id char(36) character set ascii)
  modifies sql data
begin
  declare v_id char(36) character set ascii collate ascii_bin default null;
  declare continue handler for not found set v_id = null;
  select id into v_id from user where name = p_name for update;
  if v_id is null then
    signal sqlstate '45000' set message_text = 'there is no such user';
  end if;
  update user set is_locked = p_is_locked, failures = 0, failed_at = null, locked_until = null where id = v_id;
  set p_id = v_id;
end //

create or replace procedure sp_session_add(
  in p_token_hash binary(32),
  in p_user_id char(36) character set ascii collate ascii_bin,
  in p_absolute_s int unsigned,
  out p_id char(36) character set ascii,
  out p_expires_at datetime(6))
  modifies sql data
begin
  set p_id = uuid();
  set p_expires_at = utc_timestamp(6) + interval p_absolute_s second;
  insert into session (id, token_hash, user_id, opened_at, seen_at, expires_at)
  values (p_id, p_token_hash, p_user_id, utc_timestamp(6), utc_timestamp(6), p_expires_at);
end //

-- The user of a session, and how many milliseconds the session has left. `p_state` is live, expired, closed, locked or
-- unknown. A live session is marked as used, unless it was marked a short time ago.
create or replace procedure sp_session_look_up(
  in p_token_hash binary(32),
  in p_idle_s int unsigned,
  in p_touch_s int unsigned,
  out p_state varchar(10) character set ascii,
  out p_id char(36) character set ascii,
  out p_user_id char(36) character set ascii,
  out p_user varchar(64) character set utf8mb4,
  out p_roles text character set utf8mb4,
  out p_left_ms bigint)
  modifies sql data
begin
  declare v_seen_at, v_expires_at, v_closed_at datetime(6);
  declare v_is_locked boolean;
  declare v_now datetime(6) default utc_timestamp(6);
  declare continue handler for not found set p_state = 'unknown';
  set p_state = 'live';
  select session.id, user.id, user.name, user.roles, user.is_locked, session.seen_at, session.expires_at, session.closed_at
    into p_id, p_user_id, p_user, p_roles, v_is_locked, v_seen_at, v_expires_at, v_closed_at
    from session join user on user.id = session.user_id
   where session.token_hash = p_token_hash;
  if p_state = 'live' then
    if v_closed_at is not null then
      set p_state = 'closed';
    elseif v_is_locked then
      set p_state = 'locked';
    elseif v_expires_at <= v_now or v_seen_at + interval p_idle_s second <= v_now then
      set p_state = 'expired';
    else
      if v_seen_at + interval p_touch_s second <= v_now then
        update session set seen_at = v_now where id = p_id;
        set v_seen_at = v_now;
      end if;
      set p_left_ms = timestampdiff(microsecond, v_now,
        least(v_expires_at, v_seen_at + interval p_idle_s second)) div 1000;
    end if;
  end if;
end //

create or replace procedure sp_session_end(in p_id char(36) character set ascii collate ascii_bin)
  modifies sql data
begin
  update session set closed_at = utc_timestamp(6) where id = p_id and closed_at is null;
end //

create or replace procedure sp_session_end_all(
  in p_user varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin,
  out p_ended int unsigned)
  modifies sql data
begin
  update session join user on user.id = session.user_id
     set session.closed_at = utc_timestamp(6)
   where user.name = p_user and session.closed_at is null;
  set p_ended = row_count();
end //

-- Deletes sessions that ended long ago, at most `p_most` at a time.
create or replace procedure sp_session_purge(
  in p_idle_s int unsigned, in p_keep_s int unsigned, in p_most int unsigned, out p_purged int unsigned)
  modifies sql data
begin
  declare v_before datetime(6) default utc_timestamp(6) - interval p_keep_s second;
  -- An ended session is not seen again. So the index on `seen_at` has all sessions that are due first.
  delete from session
   where seen_at <= v_before
     and (closed_at <= v_before or expires_at <= v_before or seen_at + interval p_idle_s second <= v_before)
   order by seen_at
   limit p_most;
  set p_purged = row_count();
end //

delimiter ;
-- The ledger: a row a write that has a message_id, so that a duplicate gets the stored reply and does nothing.
-- Users and ids are compared byte by byte, and spaces at the end count.
create table if not exists beds_ledger (
  user       varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
  message_id varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin not null,
  step       int unsigned      not null,
  digest     binary(32)        not null,
  reply      mediumblob        null,
  at         datetime(3)       not null default current_timestamp(3),
  primary key (user, message_id, step),
  index ix_beds_ledger_at (at)
) engine = innodb;

-- Events: a row a change that a template publishes, written in the transaction of the change, and removed once RabbitMQ
-- has it. The numbers of one subject are in the order of its changes.
create table if not exists beds_events (
  seq           bigint unsigned not null auto_increment,
  id            varchar(36)     character set utf8mb4 collate utf8mb4_nopad_bin not null,
  routing_key   varchar(255)    character set utf8mb4 collate utf8mb4_nopad_bin not null,
  subject       mediumtext      character set utf8mb4 collate utf8mb4_nopad_bin null,
  template_hash varchar(16)     character set utf8mb4 collate utf8mb4_nopad_bin not null,
  traceparent   varchar(55)     character set utf8mb4 collate utf8mb4_nopad_bin null,
  body          mediumtext      character set utf8mb4 collate utf8mb4_nopad_bin not null,
  at            datetime(3)     not null default current_timestamp(3),
  primary key (seq, id)
) engine = innodb;

-- The audit: a row a change of a record that a template has audited, written in the transaction of the change. The node
-- adds rows, and neither reads nor changes them: its user has INSERT alone.
create table if not exists beds_audit (
  id         varchar(36)  character set utf8mb4 collate utf8mb4_nopad_bin not null,
  at         datetime(3)  not null default current_timestamp(3),
  user       varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null,
  amqp_user  varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null,
  session    varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null,
  template   varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
  operation  varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
  record     varchar(512) character set utf8mb4 collate utf8mb4_nopad_bin null,
  version    bigint       null,
  request_id varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null,
  message_id varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin null,
  primary key (id),
  index ix_beds_audit_at (at),
  index ix_beds_audit_user (user),
  index ix_beds_audit_template (template),
  index ix_beds_audit_record (record)
) engine = innodb;

-- What the template reads: the node's user needs no right on the table for that.
create or replace view v_audit as
  select id, at, user, amqp_user, session, template, operation, record, version, request_id, message_id from beds_audit;
