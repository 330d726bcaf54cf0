-- A database of traps: each object is such that an importer which guesses would touch another record than the one that is
-- named, store another value than it was given, or say nothing. The names say what each is about.

create database if not exists odd character set utf8mb4 collate utf8mb4_general_ci;
create database if not exists Odd character set utf8mb4 collate utf8mb4_general_ci;
create database if not exists odd_archive character set utf8mb4 collate utf8mb4_general_ci;
set names utf8mb4;
set session sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
use odd;

-- Columns that are named as parameters are ------------------------------------------------------------------------

create table shadow (p_id int primary key, id int, v varchar(10));
insert into shadow values (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c');
create table shadow_pair (p_id int, id int, in_id int, primary key (p_id, id));
insert into shadow_pair values (1, 1, 0), (2, 1, 0), (1, 2, 0);
create table long_names (
  id int primary key,
  a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one varchar(10),
  a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_two varchar(10),
  name_that_is_as_long_as_a_name_may_be_and_then_a_little_one varchar(10));
insert into long_names values (1, 'one', 'two', 'three');

-- Procedures that are named as an operation and are none ------------------------------------------------------------

create table stock (id int primary key, quantity int not null, status varchar(10) not null);
insert into stock values (1, 10, 'new'), (2, 20, 'new');
create table journal (id int primary key, v int);
insert into journal values (1, 1), (2, 2), (3, 3);
create table tag (id int auto_increment primary key, name varchar(20) not null unique);
create table tally (name varchar(20) primary key, n int not null);
create table booking (id int primary key, seats int not null);
create table visit (id int primary key, who varchar(20) not null);
create table parcel (id int primary key, weight int);
insert into parcel values (1, 1), (2, 2);
create table swapped (id int primary key, a int, b int);
create table contract (id int primary key, name varchar(20) not null,
  since timestamp(6) generated always as row start, until timestamp(6) generated always as row end,
  period for system_time (since, until)) with system versioning;
create table narrow (id int primary key, price decimal(9,3) not null, at datetime(6) not null);
create table loose (id int primary key, v varchar(10));
create table coin (id int primary key, face varchar(10) not null);
create table lead_log (id int auto_increment primary key, what varchar(40) not null);
delimiter //
create procedure stock_update(p_id int, p_quantity int, p_status varchar(10)) modifies sql data
  update stock set quantity = quantity + p_quantity, status = p_status where id = p_id //
create procedure journal_delete(p_id int) modifies sql data
begin delete from journal where id <= p_id; end //
create procedure tag_create(p_name varchar(20)) modifies sql data
begin insert ignore into tag (name) values (p_name); select last_insert_id(); end //
create procedure tally_create(p_name varchar(20), p_n int) modifies sql data
  insert into tally (name, n) values (p_name, p_n) on duplicate key update n = n + p_n //
create procedure booking_create(p_id int, p_seats int) modifies sql data
begin if p_seats > 0 then insert into booking (id, seats) values (p_id, p_seats); end if; end //
create procedure visit_create(p_id int, p_who varchar(20)) modifies sql data
  insert into visit (id, who) select p_id, p_who from dual where not exists (select 1 from visit where who = p_who) //
create procedure lead_note() modifies sql data insert into lead_log (what) values ('parcel') //
create procedure parcel_delete(p_id int) modifies sql data
begin delete from parcel where id = p_id; call lead_note(); end //
create procedure swapped_update(p_id int, p_a int, p_b int) modifies sql data
  update swapped set a = p_b, b = p_a where id = p_id //
create procedure narrow_create(p_id int, p_price decimal(9,2), p_at datetime) modifies sql data
  insert into narrow (id, price, at) values (p_id, p_price, p_at) //
create procedure coin_create(p_id int, p_face varchar(10)) modifies sql data
begin
  declare continue handler for sqlexception begin end;
  insert into coin (id, face) values (p_id, p_face);
end //
create procedure coin_delete(id int) modifies sql data
  delete from coin where id = id //
set session sql_mode = '' //
create procedure loose_create(p_id int, p_v varchar(10)) modifies sql data
  insert into loose (id, v) values (p_id, p_v) //
set session sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' //
delimiter ;

-- Procedures that are plain, in other words -----------------------------------------------------------------------------

create table ticket (id int auto_increment primary key, subject varchar(40) not null, state varchar(10) not null, rev int not null default 1);
create table `Größe & Co` (`Nr.` int primary key, `order` varchar(20), `select` char(4));
delimiter //
create procedure add_ticket(p_subject varchar(40)) modifies sql data
BEGIN
  INSERT INTO odd.Ticket_x (a) values (1);
END //
drop procedure add_ticket //
create procedure add_ticket(p_subject varchar(40)) modifies sql data
BEGIN /* a new one */ INSERT INTO `odd`.`ticket` (`subject`, state, rev) VALUES (P_SUBJECT, _latin1'op' 'en', 1); SELECT LAST_INSERT_ID() AS id; END //
create procedure ticket_update(p_id int, p_subject varchar(40), p_rev int) modifies sql data
  update ticket set ticket.subject = p_subject, rev = rev + 1 where (p_rev is null or p_rev = rev) and p_id = ticket.id //
create procedure ticket_delete(id int) modifies sql data
  delete from ticket where ticket.id = id //
delimiter ;

-- Names that differ in case only, and names of other databases -----------------------------------------------------------

create table Orders (id int primary key, a varchar(10) not null);
create table orders (id int primary key, a varchar(10) not null);
create table odd_archive.customer (id int primary key, name varchar(40) not null);
create table customer (id int primary key, name varchar(40) not null);
delimiter //
create procedure orders_insert(p_id int, p_a varchar(10)) modifies sql data
begin insert into orders (id, a) values (p_id, p_a); end //
create procedure customer_add(p_id int, p_name varchar(40)) modifies sql data
begin insert into odd_archive.customer (id, name) values (p_id, p_name); end //
create procedure Odd.elsewhere(p int) modifies sql data begin select p; end //
delimiter ;

-- Texts ---------------------------------------------------------------------------------------------------------------

create table label (
  id int primary key,
  kind enum('a','two\nlines','it''s','back\\slash') not null default 'two\nlines',
  path varchar(40) not null default 'x\ny',
  face varchar(10) not null default '😀',
  doubt varchar(10) not null default 'why?',
  mood enum('😀','why?') null);
create table audit (id int auto_increment primary key, n int);
delimiter //
create procedure score(p int) begin declare v int; set v = p--1; insert into audit (n) values (v); select v; end //
create procedure quotes(p int) begin select '\\', "it's", '\'; delete from audit; ' as a; end //
set session sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES') //
create procedure win(p int) begin select 'c:\'; insert into audit (n) values (p); select 'x'; end //
set session sql_mode = concat(@@sql_mode, ',ANSI_QUOTES') //
create procedure names_in_quotes(p int) begin insert into "audit" ("n") values (p); end //
set session sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' //
create procedure `the exit`(in p int, out `the out` int) begin set `the out` = p + 1; end //
create function next_number() returns int modifies sql data
begin insert into audit (n) values (0); return last_insert_id(); end //
delimiter ;
create view numbered as select id, n, next_number() as next from audit;
delimiter //
create procedure read_numbered() reads sql data select id, next from numbered //
create procedure walk_audit(out p_sum bigint) reads sql data
begin
  declare done int default 0;
  declare v int;
  declare rows_of cursor for select n from audit;
  declare continue handler for not found set done = 1;
  set p_sum = 0;
  open rows_of;
  walk: loop
    fetch rows_of into v;
    if done then leave walk; end if;
    set p_sum = p_sum + coalesce(v, 0);
  end loop;
  close rows_of;
end //
delimiter ;
create event if not exists sweep on schedule every 1 day starts '2000-01-01' disable do delete from audit where n < 0;

-- Values that are shown, kept or compared otherwise than they are written --------------------------------------------------

create table kept (
  id bigint unsigned auto_increment primary key,
  whole_second datetime not null,
  born year null,
  single_float float null,
  padded char(4) null,
  filled binary(4) null,
  flag tinyint(1) null,
  bits bit(12) null,
  span time null,
  due date not null default '0000-00-00',
  doc json null,
  price decimal(5,2) null,
  big bigint unsigned null,
  twice int generated always as (bits * 2) stored,
  place point null,
  parent bigint unsigned null,
  l1 varchar(20) character set latin1 null,
  foreign key (parent) references kept (id));
insert into kept (whole_second, born, single_float, padded, filled, flag, bits, span, due, doc, price, big, l1) values
  ('2024-02-29 12:00:00', 1999, 0.1, 'ab', x'01', 5, b'101', '-10:00:00', '0000-00-00', '{"n": 1e400}', 1.25, 18446744073709551615, 'Ærø');
create table vintage (y year primary key, bottled year null, label varchar(20) null, index (bottled));
insert into vintage values (0, 0, 'unknown'), (2001, 2003, 'red');
-- A name that is shown in backticks like any other would be told as three.
create table `dot.and``tick` (id int primary key, `v.``w` int null);
create table by_float (f float not null unique, note varchar(10));
create table by_prefix (name varchar(200) not null, v int, primary key (name(10)));
insert into by_prefix values ('Aalborg by the sea', 1);
create table by_text (name text not null, v int, primary key (name(10)));
create table only_key (a int, b int, primary key (a, b));
create table ended (id int primary key, v int not null);
create trigger ended_before before insert on ended for each row set new.v = new.v + 1;
delimiter //
create procedure `dot.and``tick_delete`(p_id int) modifies sql data delete from `dot.and``tick` where id >= p_id //
create procedure ended_delete(p_id int) modifies sql data delete from ended where id = p_id //
delimiter ;
create table film (id int primary key, title varchar(40) not null);
create table film_text (id int primary key, body text);
delimiter //
create procedure film_text_find(p_id int) reads sql data select body from film_text where id = p_id //
create procedure film_count() reads sql data select count(*) from film //
delimiter ;
create view film_titles as select id, title from film;

-- What is narrower than it looks --------------------------------------------------------------------------------------

create table flagged (b tinyint(1) not null, n int null, primary key (b));
insert into flagged values (0, 1), (1, 2), (5, 3), (-1, 4);
create table preset (id int primary key, word varchar(5) not null default 'NULL', doc json not null default '{"a": 1}', span time default '-10:00:00',
  state tinyint(1) not null default 7);
create table exact_case (id varchar(10) character set latin1 collate latin1_bin primary key, moment datetime not null,
  amount double null, name varchar(10) null);
insert into exact_case values ('a', '2050-01-01', 1.25, 'lower'), ('A', '2050-01-01', 1.25, 'upper');
delimiter //
create procedure exact_case_delete(p_id varchar(10)) modifies sql data delete from exact_case where id = p_id //
create procedure exact_case_add(p_id varchar(10) character set latin1, p_moment timestamp, p_amount double, p_name varchar(10))
modifies sql data
insert into exact_case (id, moment, amount, name) values (p_id, p_moment, p_amount, p_name) //
create procedure exact_case_new(p_id varchar(10) character set latin1, p_moment datetime, p_amount double,
  p_name varchar(10) character set latin1) modifies sql data
insert into exact_case (id, moment, amount, name) values (p_id, p_moment, p_amount, p_name) //
create procedure exact_case_update(p_id varchar(10) character set latin1 collate latin1_bin, p_moment datetime,
  p_amount double(10,1), p_name varchar(10)) modifies sql data
update exact_case set moment = p_moment, amount = p_amount, name = p_name where id = p_id //
create procedure exact_case_upsert(p_id varchar(10)) modifies sql data replace exact_case (id) values (p_id) //
delimiter ;

-- Another language, which the catalogue tells.
set sql_mode = 'oracle,strict_trans_tables';
delimiter //
create procedure coin_flip(p_id in int) as begin update coin set face = 'tails' where id = p_id; end //
delimiter ;
set sql_mode = default;

-- Texts that are alike in more characters than a sort goes by --------------------------------------------------------------

create table long_path (path varchar(700) character set utf8mb4 collate utf8mb4_general_ci not null, part int not null,
  label varchar(600) character set utf8mb4 collate utf8mb4_nopad_bin null, primary key (path, part), index (label));
insert into long_path values (repeat('x', 700), 1, repeat('z', 600)), (concat(repeat('x', 699), 'y'), 1, repeat('z', 510)),
  (concat(repeat('X', 600), 'y'), 2, concat(repeat('z', 500), 'a')), ('', 1, repeat('z', 510)), ('', 2, null);

-- A counter beside the key, keys of a hash and of a bit, and a field that is called like another one's parameter ------------

create table nat (code char(3) character set ascii collate ascii_bin primary key, nr int not null auto_increment, v varchar(20), unique key (nr));
create table hashed (h varchar(2000) not null, v smallint unsigned null, unique key (h));
create table switches (c bit(1) not null, n mediumint unsigned not null, v tinyint null, primary key (c, n), unique key (n));
create table PathHierarchy (PathId int not null primary key, PPathId int not null);

-- What a trigger does to new records, or a table needs ------------------------------------------------------------------------

create table ranked (tenant varchar(20), n smallint unsigned, v int null, primary key (tenant, n));
insert into ranked values ('', 0, 5);
create table left_behind (id int primary key, v int null);
insert into left_behind values (1, 1), (2, 2);
create table orphan (id int primary key, parent int not null);
create table gone (id int primary key);
set foreign_key_checks = 0;
alter table orphan add constraint of_gone foreign key (parent) references gone (id);
drop table gone;
insert into orphan values (1, 5);
set foreign_key_checks = 1;
create table spot (id int auto_increment primary key, lng double not null, lat double not null, loc point not null default point(0, 0));
delimiter //
create trigger ranked_before before insert on ranked for each row
begin
  if new.n = 0 then set new.n = (select coalesce(max(r.n), 0) + 1 from ranked r where r.tenant = new.tenant); end if;
end //
create definer = `nobody`@`nowhere` trigger left_behind_before before insert on left_behind for each row set new.v = 0 //
create trigger spot_before before insert on spot for each row set new.loc = point(new.lng, new.lat) //
create procedure spot_near(p_lng double, p_lat double) reads sql data
  select id, st_distance(loc, point(p_lng, p_lat)) as far, st_numpoints(linestring(loc, point(0, 0))) from spot //
delimiter ;
