-- Jobs: the objects behind templates/job_rec.toml and templates/job_reject_rec.toml. They have a database of their own,
-- so that nobody else has rights on it. Times are in UTC.
--
-- A job is queued, running, paused, done, failed or cancelled. One node leases a running job. `due_at` is the end of
-- the lease: from then on another node may take the job. `epoch` counts the leases, so that a node that lost one learns
-- it. `steps` counts the chunks, so that a checkpoint that arrives twice is stored once. A job that pauses by itself,
-- until something is mended, `resumes` at `due_at`. A job with an `about` begins only while no unfinished job has the
-- same one.

create database if not exists jobs
  character set utf8mb4
  collate utf8mb4_unicode_ci;
use jobs;

create table if not exists job (
  id         char(36)     character set ascii collate ascii_bin not null primary key,
  kind       varchar(40)  character set ascii collate ascii_bin not null,
  state      enum('queued', 'running', 'paused', 'done', 'failed', 'cancelled') not null default 'queued',
  wanted     enum('pause', 'cancel') null,
  arguments  longtext     character set utf8mb4 collate utf8mb4_nopad_bin not null,
  about      varchar(140) character set ascii collate ascii_bin null,
  started_by varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null,
  roles      text         character set utf8mb4 collate utf8mb4_nopad_bin not null default '[]',
  session    char(36)     character set ascii collate ascii_bin null,
  total      bigint null,
  done       bigint not null default 0,
  rejects    bigint not null default 0,
  rate       double       null,
  checkpoint longtext     character set utf8mb4 collate utf8mb4_nopad_bin null,
  result     longtext     character set utf8mb4 collate utf8mb4_nopad_bin null,
  last_error text         character set utf8mb4 null,
  node       varchar(255) character set utf8mb4 null,
  epoch      int unsigned not null default 0,
  steps      int unsigned not null default 0,
  resumes    boolean      not null default false,
  due_at     datetime(6)  not null,
  created_at datetime(6)  not null,
  started_at datetime(6)  null,
  ended_at   datetime(6)  null,
  index ix_job_due (state, due_at),
  index ix_job_about (about, state),
  index ix_job_started_by (started_by, created_at),
  index ix_job_ended (ended_at)
) engine = innodb;

-- Columns and an index that an older table lacks.
alter table job
  add column if not exists resumes boolean not null default false after steps,
  add column if not exists about varchar(140) character set ascii collate ascii_bin null after arguments,
  add index if not exists ix_job_about (about, state);

create table if not exists job_reject (
  id     bigint not null auto_increment primary key,
  job    char(36)    character set ascii collate ascii_bin not null,
  record text        character set utf8mb4 collate utf8mb4_nopad_bin not null,
  code   varchar(40) character set ascii collate ascii_bin not null,
  reason text        character set utf8mb4 not null,
  at     datetime(6) not null,
  index ix_job_reject_job (job, id),
  constraint fk_job_reject_job foreign key (job) references job (id) on delete cascade
) engine = innodb;

-- The last job of each kind that starts by itself, for each template.
create table if not exists job_due (
  kind       varchar(40)  character set ascii collate ascii_bin not null,
  template   varchar(64)  character set ascii collate ascii_bin not null,
  job        char(36)     character set ascii collate ascii_bin null,
  at         datetime(6)  null,
  constraint pk_job_due primary key (kind, template)
) engine = innodb;

-- A row for each `about`. It is locked while a caller checks whether a job may begin.
create table if not exists job_about (
  about varchar(140) character set ascii collate ascii_bin not null primary key
) engine = innodb;

create or replace view v_job as
  select id, kind, state, wanted, arguments, started_by, total, done, rejects, rate,
         cast(if(state = 'running' and rate > 0 and total >= done, ceil((total - done) / rate), null) as signed) as left_s,
         checkpoint, result, last_error, node, if(state = 'running', due_at, null) as lease_until, created_at, started_at, ended_at
    from job;

create or replace view v_job_reject as
  select job_reject.id as id, job_reject.job as job, job_reject.record as record, job_reject.code as code,
         job_reject.reason as reason, job.started_by as started_by, job_reject.at as at
    from job_reject join job on job.id = job_reject.job;

delimiter //

-- The job that keeps another with this `about` from beginning; null if there is none. The answer holds until the end of
-- the transaction.
create or replace procedure sp_job_in_the_way(
  in p_about varchar(140) character set ascii collate ascii_bin,
  out p_other char(36) character set ascii)
  modifies sql data
begin
  set p_other = null;
  if p_about is not null then
    insert into job_about (about) values (p_about) on duplicate key update about = about;
    select min(id) into p_other
      from job
     where about = p_about and state in ('queued', 'running', 'paused');
  end if;
end //

create or replace procedure sp_job_add(
  in p_kind varchar(40) character set ascii collate ascii_bin,
  in p_arguments longtext character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_about varchar(140) character set ascii collate ascii_bin,
  in p_started_by varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_roles text character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_session char(36) character set ascii collate ascii_bin,
  out p_id char(36) character set ascii,
  out p_other char(36) character set ascii)
  modifies sql data
begin
  call sp_job_in_the_way(p_about, p_other);
  if p_other is null then
    set p_id = uuid();
    insert into job (id, kind, arguments, about, started_by, roles, session, due_at, created_at)
    values (p_id, p_kind, p_arguments, p_about, p_started_by, p_roles, p_session, utc_timestamp(6), utc_timestamp(6));
  end if;
end //

-- Adds a job for records that are due. The last such job, if any, must have been added `p_every_s` seconds ago and have
-- ended, and no other job may be in the way.
create or replace procedure sp_job_add_due(
  in p_kind varchar(40) character set ascii collate ascii_bin,
  in p_template varchar(64) character set ascii collate ascii_bin,
  in p_arguments longtext character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_about varchar(140) character set ascii collate ascii_bin,
  in p_every_s int unsigned,
  out p_id char(36) character set ascii)
  modifies sql data
begin
  declare v_job char(36) character set ascii collate ascii_bin default null;
  declare v_other char(36) character set ascii collate ascii_bin default null;
  declare v_at datetime(6) default null;
  declare v_now datetime(6) default utc_timestamp(6);
  insert into job_due (kind, template) values (p_kind, p_template) on duplicate key update kind = kind;
  select job, at into v_job, v_at from job_due where kind = p_kind and template = p_template for update;
  if (v_at is null or v_at <= v_now - interval p_every_s second)
     and not exists (select 1 from job where id = v_job and state in ('queued', 'running', 'paused')) then
    call sp_job_in_the_way(p_about, v_other);
    if v_other is null then
      set p_id = uuid();
      insert into job (id, kind, arguments, about, due_at, created_at)
      values (p_id, p_kind, p_arguments, p_about, v_now, v_now);
      update job_due set job = p_id, at = v_now where kind = p_kind and template = p_template;
    end if;
  end if;
end //

-- Pauses, resumes or cancels. If a node works at the job, only the wish is stored, and the node obeys at the end of its
-- chunk.
create or replace procedure sp_job_control(
  in p_id char(36) character set ascii collate ascii_bin,
  in p_what varchar(10) character set ascii,
  out p_state varchar(20) character set ascii)
  modifies sql data
begin
  declare v_state varchar(20) character set ascii default null;
  declare v_wanted varchar(10) character set ascii;
  declare v_due_at datetime(6);
  declare v_now datetime(6) default utc_timestamp(6);
  declare v_is_held boolean;
  declare continue handler for not found set v_state = null;
  select state, wanted, due_at into v_state, v_wanted, v_due_at from job where id = p_id for update;
  if v_state is null then
    signal sqlstate '45000' set message_text = 'there is no such job';
  end if;
  set v_is_held = v_state = 'running' and v_due_at > v_now;
  if v_state in ('done', 'failed', 'cancelled') then
    if not (p_what = 'cancel' and v_state = 'cancelled') then
      signal sqlstate '45000' set message_text = 'the job has ended';
    end if;
  elseif v_wanted = 'cancel' and p_what <> 'cancel' then
    signal sqlstate '45000' set message_text = 'the job was told to cancel, and ends with its chunk; start another in its place';
  elseif p_what = 'resume' then
    if v_state = 'paused' then
      update job set state = 'queued', wanted = null, resumes = false, due_at = v_now, last_error = null where id = p_id;
      set v_state = 'queued';
    else
      update job set wanted = null where id = p_id;
    end if;
  elseif v_is_held then
    update job set wanted = p_what where id = p_id;
  elseif p_what = 'cancel' then
    update job set state = 'cancelled', wanted = null, node = null, epoch = epoch + 1, ended_at = v_now where id = p_id;
    set v_state = 'cancelled';
  else
    -- A job that would resume by itself stays paused as well.
    update job set state = 'paused', wanted = null, resumes = false, node = null, epoch = epoch + 1 where id = p_id;
    set v_state = 'paused';
  end if;
  set p_state = v_state;
end //

-- Leases a job that is due: a job that waits, a paused job to be tried again, or a job whose node has not been heard of
-- for the time of its lease.
create or replace procedure sp_job_take(
  in p_node varchar(255) character set utf8mb4,
  in p_kinds text character set utf8mb4,
  in p_lease_s int unsigned,
  out p_id char(36) character set ascii,
  out p_kind varchar(40) character set ascii,
  out p_arguments longtext character set utf8mb4,
  out p_checkpoint longtext character set utf8mb4,
  out p_total bigint,
  out p_done bigint,
  out p_epoch int unsigned,
  out p_steps int unsigned,
  out p_started_by varchar(255) character set utf8mb4,
  out p_roles text character set utf8mb4,
  out p_session char(36) character set ascii)
  modifies sql data
begin
  declare v_id char(36) character set ascii collate ascii_bin default null;
  declare v_now datetime(6) default utc_timestamp(6);
  declare continue handler for not found set v_id = null;
  select id into v_id
    from job
   where state in ('queued', 'running', 'paused') and due_at <= v_now and wanted is null and (state <> 'paused' or resumes)
     and json_contains(p_kinds, json_quote(kind))
   order by due_at
   limit 1
   for update skip locked;
  if v_id is not null then
    update job
       set state = 'running', resumes = false, node = p_node, due_at = v_now + interval p_lease_s second, epoch = epoch + 1,
           started_at = coalesce(started_at, v_now)
     where id = v_id;
    select kind, arguments, checkpoint, total, done, epoch, steps, started_by, roles, session
      into p_kind, p_arguments, p_checkpoint, p_total, p_done, p_epoch, p_steps, p_started_by, p_roles, p_session
      from job where id = v_id;
    set p_id = v_id;
  else
    -- Jobs that their node was to pause or cancel when it died.
    update job
       set state = if(wanted = 'pause', 'paused', 'cancelled'), ended_at = if(wanted = 'pause', null, v_now), node = null,
           epoch = epoch + 1, wanted = null
     where state in ('queued', 'running') and due_at <= v_now and wanted is not null;
  end if;
end //

-- Stores the checkpoint of a chunk. A node that has lost the lease learns it, and nothing is stored.
create or replace procedure sp_job_step(
  in p_id char(36) character set ascii collate ascii_bin,
  in p_epoch int unsigned,
  in p_steps int unsigned,
  in p_lease_s int unsigned,
  in p_total bigint,
  in p_done bigint,
  in p_rate double,
  in p_checkpoint longtext character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_rejected longtext character set utf8mb4 collate utf8mb4_nopad_bin,
  out p_go varchar(10) character set ascii)
  modifies sql data
begin
  declare v_steps int unsigned default null;
  declare v_wanted varchar(10) character set ascii;
  declare v_now datetime(6) default utc_timestamp(6);
  declare v_index int default 0;
  declare continue handler for not found set v_steps = null;
  select steps, wanted into v_steps, v_wanted
    from job where id = p_id and epoch = p_epoch and state = 'running' for update;
  if v_steps is null then
    set p_go = 'lost';
  else
    if v_steps = p_steps then
      while v_index < json_length(p_rejected) do
        insert into job_reject (job, record, code, reason, at)
        values (p_id, json_extract(p_rejected, concat('$[', v_index, '].record')),
                json_value(p_rejected, concat('$[', v_index, '].code')),
                json_value(p_rejected, concat('$[', v_index, '].reason')), v_now);
        set v_index = v_index + 1;
      end while;
      update job
         set steps = steps + 1, total = p_total, done = p_done, rate = p_rate, checkpoint = p_checkpoint,
             rejects = rejects + json_length(p_rejected), last_error = null
       where id = p_id;
    end if;
    if v_wanted is null then
      update job set due_at = v_now + interval p_lease_s second where id = p_id;
      set p_go = 'go';
    else
      update job
         set state = if(v_wanted = 'pause', 'paused', 'cancelled'), ended_at = if(v_wanted = 'pause', null, v_now),
             wanted = null, node = null, rate = null
       where id = p_id;
      set p_go = v_wanted;
    end if;
  end if;
end //

-- Renews the lease of a job that waits, and stores what it waits for.
create or replace procedure sp_job_renew(
  in p_id char(36) character set ascii collate ascii_bin,
  in p_epoch int unsigned,
  in p_lease_s int unsigned,
  in p_error text character set utf8mb4,
  out p_go varchar(10) character set ascii)
  modifies sql data
begin
  declare v_state varchar(20) character set ascii default null;
  declare v_wanted varchar(10) character set ascii;
  declare v_now datetime(6) default utc_timestamp(6);
  declare continue handler for not found set v_state = null;
  select state, wanted into v_state, v_wanted
    from job where id = p_id and epoch = p_epoch and state = 'running' for update;
  if v_state is null then
    set p_go = 'lost';
  elseif v_wanted is null then
    update job set due_at = v_now + interval p_lease_s second, last_error = p_error where id = p_id;
    set p_go = 'go';
  else
    update job
       set state = if(v_wanted = 'pause', 'paused', 'cancelled'), ended_at = if(v_wanted = 'pause', null, v_now),
           wanted = null, node = null, rate = null, last_error = p_error
     where id = p_id;
    set p_go = v_wanted;
  end if;
end //

-- Ends the lease of a job that has ended, that pauses, or that any node may continue after a while.
create or replace procedure sp_job_leave(
  in p_id char(36) character set ascii collate ascii_bin,
  in p_epoch int unsigned,
  in p_state varchar(20) character set ascii,
  in p_wait_s int unsigned,
  in p_result longtext character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_error text character set utf8mb4,
  out p_left boolean)
  modifies sql data
begin
  declare v_now datetime(6) default utc_timestamp(6);
  update job
     set resumes = p_state = 'paused' and p_wait_s > 0 and wanted is null,
         -- What it was told after its last chunk counts as well.
         ended_at = if(p_state in ('done', 'failed') or (p_state = 'paused' and wanted <=> 'cancel'), v_now, null),
         state = if(p_state = 'paused' and wanted <=> 'cancel', 'cancelled', p_state),
         wanted = if(p_state = 'queued', wanted, null), node = null, rate = null, due_at = v_now + interval p_wait_s second,
         result = p_result, last_error = p_error
   where id = p_id and epoch = p_epoch and state = 'running';
  set p_left = row_count() > 0;
end //

-- Deletes jobs that ended long ago, with their rejects, at most `p_most` at a time.
create or replace procedure sp_job_purge(in p_keep_s int unsigned, in p_most int unsigned, out p_purged int unsigned)
  modifies sql data
begin
  delete from job where ended_at <= utc_timestamp(6) - interval p_keep_s second order by ended_at limit p_most;
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
