-- Routines that leave something behind in their session.

create database odd character set utf8mb4;
use odd;

create table log (id int auto_increment primary key, n int not null);
create table parent (id int primary key);
insert into parent values (1);
create table child (id int primary key, parent_id int not null, u int not null unique,
  foreign key (parent_id) references parent (id));

create table fickle (id int, how varchar(20));
create table fickle_hot (id int primary key, n int not null);
insert into fickle_hot values (1, 0), (2, 0);
create table entry (id int auto_increment primary key, n int not null);
create table beds_ledger (
  user varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
  message_id varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin not null,
  step int unsigned not null,
  digest binary(32) not null,
  reply mediumblob null,
  at datetime(3) not null default current_timestamp(3),
  primary key (user, message_id, step),
  index ix_beds_ledger_at (at)
);
create table beds_events (
  seq bigint unsigned not null auto_increment,
  id varchar(36) not null,
  routing_key varchar(255) not null,
  subject mediumtext null,
  template_hash varchar(16) not null,
  traceparent varchar(55) null,
  body mediumtext not null,
  at datetime(3) not null default current_timestamp(3),
  primary key (seq, id)
);

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
create table item (id varchar(20) collate utf8mb4_general_ci primary key, n int not null, revision int not null default 1);

create table code (id char(5) character set utf8mb4 collate utf8mb4_nopad_bin primary key, n int);
set sql_mode = 'ALLOW_INVALID_DATES';
create table old (id int primary key, name varchar(10), born date not null, seen datetime(3), kind enum('a','b') not null,
  revision int not null default 1);
insert into old (id, name, born, seen, kind) values (1, 'one', '2013-02-31', '2013-02-31 10:20:30.456', 'lost'),
  (2, 'two', '2013-02-28', null, 'a'), (3, 'three', '0000-00-00', '1987-00-00 01:02:03', 'lost');
set sql_mode = default;
set sql_mode = '';
create table host (addr inet6 primary key, n int not null, revision tinyint unsigned not null default 1);
insert into host (addr, n) values ('::1', 1);
create table tick (at datetime(3) primary key, n int not null);
insert into tick values ('2024-01-01 00:00:00.001', 1);
create table grade (id enum('', 'a', 'b') primary key, n int);
insert into grade values ('', 1), ('lost', 2), ('a', 3), ('b', 4);
create table grade_text (id int primary key, e enum('x', '7', '', 'y'));
insert into grade_text values (1, 'x');
create procedure grade_text_create(p_id int, p_e varchar(5)) modifies sql data insert into grade_text values (p_id, p_e);
create procedure grade_text_update(p_id int, p_e varchar(5)) modifies sql data update grade_text set e = p_e where id = p_id;
create table west (id int primary key, name varchar(20) character set latin1);
create table east (id int primary key, name varchar(20) character set utf8mb3);
insert into west values (1, 'Müller'), (2, 'Meier');
insert into east values (3, 'Mütze'), (4, 'Größe');
create view both_sides as select id, name from west union all select id, name from east;
create table mark (id enum('a', 'b') primary key, n int);
insert into mark values ('lost', 1), ('a', 2);
create procedure mark_update(p_id enum('a', 'b'), p_n int) modifies sql data update mark set n = p_n where id = p_id;
create procedure mark_delete(p_id enum('a', 'b')) modifies sql data delete from mark where id = p_id;
create table tagged (id set('a', 'b') primary key, n int);
insert into tagged values ('', 1), ('a', 2);
create procedure tagged_update(p_id varchar(5), p_n int) modifies sql data update tagged set n = p_n where id = p_id;
create table branch (id int primary key, parent_id int, foreign key (parent_id) references branch (id) on delete cascade);
insert into branch values (1, null), (2, 1), (3, 2), (4, null);
create procedure branch_delete(p_id int) modifies sql data delete from branch where id = p_id and id < 4;
create procedure grade_update(p_id varchar(5), p_n int) modifies sql data update grade set n = p_n where id = p_id;
create procedure grade_delete(p_id varchar(5)) modifies sql data delete from grade where id = p_id;
set sql_mode = default;
create table extreme (id int primary key, name varchar(10), f float, g float(9,2), d double, x decimal(65,30), t time,
  revision int not null default 1);
insert into extreme (id, name, f, g, d, x, t) values
  (1, 'one', 3.40282346638528859e38, 9999999.99, 1.7976931348623157e308,
   99999999999999999999999999999999999.999999999999999999999999999999, '838:59:59'),
  (2, 'two', -3.40282346638528859e38, -9999999.99, -1.7976931348623157e308, 0, '-00:00:01'),
  (3, 'three', 0.1, 0.1, 0.1, 0.1, '12:00:00');
create table parted (id int primary key) partition by list (id) (partition p1 values in (1, 2));
create table tag (id binary(4) primary key, n int);
create table keep_aria (id int auto_increment primary key, n int) engine = aria;
create table keep_unsafe (id int auto_increment primary key, n int) engine = aria transactional = 0;
create table keep_myisam (id int auto_increment primary key, n int) engine = myisam;
create table keep_mixed (id int auto_increment primary key, n int) engine = myisam;
create table keep_memory (id int auto_increment primary key, n int) engine = memory;
create role leader;

delimiter //
create procedure tick_put(p_at datetime(3), p_n int) modifies sql data
begin insert into tick values (p_at, p_n) on duplicate key update n = p_n; end //
create procedure host_update(p_addr inet6, p_n int, p_revision tinyint unsigned) modifies sql data
begin update host set n = p_n, revision = revision + 1
  where addr = p_addr and (p_revision is null or revision = p_revision); end //
create procedure host_delete(p_addr inet6, p_revision tinyint unsigned) modifies sql data
begin delete from host where addr = p_addr and (p_revision is null or revision = p_revision); end //
create procedure item_create(p_id varchar(20), p_n int) modifies sql data
begin insert into item (id, n) values (p_id, p_n); end //
create procedure item_update(p_id varchar(20), p_n int, p_revision int) modifies sql data
begin update item set n = p_n, revision = revision + 1
  where id = p_id and (p_revision is null or revision = p_revision); end //
create procedure item_upsert(p_id varchar(20), p_n int) modifies sql data
begin insert into item (id, n) values (p_id, p_n) on duplicate key update n = p_n, revision = revision + 1; end //
create procedure item_delete(p_id varchar(20)) modifies sql data
begin delete from item where id = p_id; end //
create procedure item_add(p_id varchar(20), p_by int, out p_n int) modifies sql data
begin update item set n = n + p_by, revision = revision + 1 where id = p_id; select n into p_n from item where id = p_id; end //
create procedure item_reset(p_secret varchar(20), p_below int) modifies sql data
begin update item set n = 0 where n < p_below; end //
create procedure item_shy(p_id varchar(20), p_n int) modifies sql data
begin if p_n < 100 then
  insert into item (id, n) values (p_id, p_n) on duplicate key update n = p_n, revision = revision + 1;
end if; end //
create function fn_broken(p_n int) returns int
begin if p_n = 13 then signal sqlstate '45000' set message_text = 'not that one'; end if; return p_n; end //
create procedure old_update(p_id int, p_name varchar(10), p_born date, p_seen datetime(3), p_kind enum('a','b'),
  p_revision int) modifies sql data
begin
  update old set name = p_name, born = p_born, seen = p_seen, kind = p_kind, revision = revision + 1
  where id = p_id and (p_revision is null or revision = p_revision);
  select revision from old where id = p_id;
end //
create procedure extreme_create(p_id int, p_f float) modifies sql data
begin insert into extreme (id, f) values (p_id, p_f); end //
create procedure extreme_update(p_id int, p_name varchar(10), p_f float, p_g float(9,2), p_d double, p_x decimal(65,30),
  p_t time, p_revision int) modifies sql data
begin
  update extreme set name = p_name, f = p_f, g = p_g, d = p_d, x = p_x, t = p_t, revision = revision + 1
  where id = p_id and (p_revision is null or revision = p_revision);
  select revision from extreme where id = p_id;
end //
create procedure parted_create(p_id int) modifies sql data begin insert into parted values (p_id); end //
create procedure code_put(p_id varchar(20), p_n int) modifies sql data
begin insert into code (id, n) values (p_id, p_n) on duplicate key update n = p_n; end //
create procedure tag_put(p_id varbinary(20), p_n int) modifies sql data
begin insert into tag (id, n) values (p_id, p_n) on duplicate key update n = p_n; end //
create procedure keep_aria(p_n int) modifies sql data
begin insert into keep_aria (n) values (p_n); if p_n < 0 then signal sqlstate '45000'; end if; end //
create procedure keep_unsafe(p_n int) modifies sql data
begin insert into keep_unsafe (n) values (p_n); if p_n < 0 then signal sqlstate '45000'; end if; end //
create procedure keep_myisam(p_n int) modifies sql data
begin insert into keep_myisam (n) values (p_n); if p_n < 0 then signal sqlstate '45000'; end if; end //
create procedure keep_memory(p_n int) modifies sql data
begin insert into keep_memory (n) values (p_n); if p_n < 0 then signal sqlstate '45000'; end if; end //
create procedure keep_mixed(p_n int) modifies sql data
begin
  insert into entry (n) values (p_n); insert into keep_aria (n) values (p_n); insert into keep_mixed (n) values (p_n);
  if p_n < 0 then signal sqlstate '45000'; end if;
end //
create procedure keep_bump(p_id varchar(20)) modifies sql data
begin insert into keep_myisam (n) values (1); call item_bump(p_id, 1); end //
create procedure item_lasting_update(p_id varchar(20), p_n int, p_revision int) modifies sql data
begin
  update item set n = p_n, revision = revision + 1 where id = p_id;
  if p_id = 'stuck' then signal sqlstate '45000' set message_text = 'it is stuck'; end if;
  commit;
end //
create procedure item_lasting_delete(p_id varchar(20)) modifies sql data
begin
  delete from item where id = p_id;
  if p_id = 'stuck' then signal sqlstate '45000' set message_text = 'it is stuck'; end if;
  commit;
end //
create procedure item_bump(p_id varchar(20), p_by int) modifies sql data
begin
  -- Two that share the lock then wait for each other.
  declare found int;
  select n into found from item where id = p_id lock in share mode;
  update item set n = n + p_by, revision = revision + 1 where id = p_id;
end //
create procedure item_lasting(p_id varchar(20), p_n int) modifies sql data
begin insert into item (id, n) values (p_id, p_n); commit; end //
create procedure hidden_commit() modifies sql data
begin insert into log (n) values (1); commit; do get_lock('hidden', 100); end //
create procedure hidden_rollback() modifies sql data
begin insert into log (n) values (1); rollback; insert into log (n) values (2); end //
create procedure hidden_refusal() modifies sql data
begin insert into log (n) values (1); execute immediate 'commit'; signal sqlstate '45000' set message_text = 'too late'; end //
create procedure fickle_create(p_id int, p_how varchar(20)) modifies sql data
begin
  insert into fickle (id, how) values (p_id, p_how);
  case p_how
    when 'rollback' then rollback; insert into fickle (id, how) values (p_id, 'again');
    when 'commit' then commit;
    when 'ddl' then execute immediate 'create table if not exists t_fickle_kept (n int)'; insert into fickle (id, how) values (-1, 'again');
    when 'autocommit' then set autocommit = 1;
    when 'up' then begin
      declare continue handler for 1213 begin end;
      update fickle_hot set n = n + 1 where id = 1;
      update fickle_hot set n = n + 1 where id = 2;
    end;
    when 'down' then begin
      declare continue handler for 1213 begin end;
      update fickle_hot set n = n + 1 where id = 2;
      update fickle_hot set n = n + 1 where id = 1;
    end;
    when 'too late' then execute immediate 'commit'; signal sqlstate '45000' set message_text = 'too late';
    when 'handled' then begin
      declare exit handler for sqlexception begin rollback; resignal; end;
      insert into fickle_hot values (1, 0);
    end;
    when 'temporary' then create temporary table if not exists t_fickle (n int);
    when 'refused' then signal sqlstate '45000' set message_text = 'not this one';
    else begin end;
  end case;
end //
create procedure distributed() modifies sql data
begin execute immediate "xa start 'odd'"; insert into log (n) values (99); end //
create procedure led() begin set role leader; end //
create procedure entry_create(p_n int) modifies sql data
begin insert into entry (n) values (p_n); select last_insert_id() as id; end //
create procedure plain() modifies sql data
begin declare n int; set n = 1; insert into log (n) values (n); end //
create procedure old_style() modifies sql data
begin set autocommit = 0; start transaction; insert into log (n) values (1); commit; set autocommit = 1; end //
create procedure loosen() modifies sql data
begin set session foreign_key_checks = 0, unique_checks = 0; insert into log (n) values (1); end //
create procedure fails() modifies sql data
begin set session foreign_key_checks = 0; insert into log (n) values (1); signal sqlstate '45000'; end //
create procedure clock() begin set time_zone = '+05:00'; set lc_time_names = 'de_DE'; end //
create procedure stopped() begin set timestamp = 86400; end //
create procedure relaxed() begin set sql_mode = ''; set session transaction isolation level read uncommitted; end //
create procedure modest() begin set sql_select_limit = 1; set max_statement_time = 0.5; end //
create procedure probed() begin execute beds_probe; end //
create procedure executed() begin execute immediate 'set session group_concat_max_len = 4'; end //
create procedure who() begin set @who = 'somebody'; end //
create procedure who_into() begin select 'somebody' into @who; end //
create procedure rep() begin create temporary table t_rep (n int); insert into t_rep values (1); select * from t_rep; end //
create procedure rep_hidden() begin create temporary table if not exists parent (id int); insert into parent values (7); end //
create procedure rep_commits() modifies sql data
begin create temporary table t_rep (n int); insert into log (n) values (1); commit; end //
create procedure frozen() begin execute immediate 'flush tables with read lock'; end //
create procedure locked() begin do get_lock('beds', 1); end //
create function fn_who() returns int begin set @who = 'a function'; set time_zone = '+05:00'; return 1; end //
create procedure chi_create(p_id int, p_parent int, p_u int) modifies sql data
insert into child (id, parent_id, u) values (p_id, p_parent, p_u) //
create procedure chi_update(p_id int, p_u int) modifies sql data
begin
  update child set u = p_u where id = p_id;
  if p_u = 666 then signal sqlstate '45000' set message_text = 'not this one'; end if;
end //

-- What a request can tell of its session.
create procedure state()
select concat_ws(', ', @@autocommit, @@foreign_key_checks, @@unique_checks, @@time_zone, @@lc_time_names, @@sql_mode,
    @@tx_isolation, @@sql_select_limit, @@max_statement_time, @@group_concat_max_len) as variables, current_role() as role,
  @who as who, last_insert_id() as last, now() > '2000-01-01' as clock,
  (select group_concat(id) from parent) as parents, is_used_lock('beds') as locked, connection_id() as connection //
delimiter ;

create view v_item as select id, fn_broken(n) as n, revision from item;
create view v_small as select id, n, revision from item where n < 50;
create view v_plain as select id, n from log;
create view v_who as select id, fn_who() as n from log;
create view v_over as select id, n from v_who;

create procedure year_is(p year) select p;
create procedure kind_is(p enum('a','b','7')) select p;
create procedure bits_are(p bit(8)) select p + 0;
create procedure whole_is(p int) select p;
create procedure time_is(p time) select p;
create procedure flags_are(inout p set('r','w')) set p = concat(p, '');
create function year_of(p year) returns int deterministic return p;

create sequence numbers;
create table numbered (id bigint not null default nextval(numbers) primary key, n int not null);
create procedure numbered_take() select nextval(numbers) as n;
create procedure numbered_add() insert into numbered (n) values (1);
create procedure numbered_last() select lastval(numbers) as n;

-- What the view shows says nothing of what the procedure takes: it translates a size, and the year is a number to it.
create table garment (id int not null primary key, size enum('small','large'), made year);
create view v_garment as select id, size, made + 0 as made from garment;
create procedure sp_garment(p_id int, p_size enum('1','2'), p_made year)
insert into garment values (p_id, if(p_size = '1', 'small', 'large'), p_made);
