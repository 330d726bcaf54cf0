-- What databases hold that no template can say. The connection's collation is another than the node's.
set names utf8mb4 collate utf8mb4_general_ci;

create table inv (id int primary key, paid bool not null, name varchar(20) character set latin1, key (name));
insert into inv values (1, true, 'Ä'), (2, false, 'b'), (3, true, 'a'), (4, false, null);
create view inv_state as
  select id, case when paid then 'settled' else 'open' end as state, 'invoice' as kind,
         if(paid, _latin1 x'E4', _latin1'z') as latin, concat('n', id) as made, name
    from inv;

create table person (id int primary key, name varchar(40) not null, born date null, key (born));
insert into person values (1,'a','1987-00-00'),(2,'b','2013-03-00'),(3,'c','2001-02-03'),(4,'d','0000-00-00');
delimiter //
create procedure person_update(p_id int, p_name varchar(40), p_born date) modifies sql data
  update person set name = p_name, born = p_born where id = p_id //
delimiter ;

create table tiny (id int primary key, u tinyint(1) unsigned null, z tinyint(1) zerofill null, s tinyint(1) null);
insert into tiny values (1,255,200,-1),(2,128,1,-128),(3,127,0,127),(4,2,128,1),(5,null,null,null);
create table parcel (id int primary key, weight float null, key (weight));
insert into parcel values (1,0.1),(2,0.1),(3,0.3),(4,16777217),(5,1e-7),(6,null);

create table car (id int primary key, built year not null, key (built));
insert into car values (1,1995),(2,2002),(3,2069),(4,'0000');
delimiter //
create procedure car_create(p_id int, p_built year) modifies sql data insert into car values (p_id, p_built) //
create procedure car_update(p_id int, p_built year) modifies sql data
  update car set built = p_built where id = p_id //
delimiter ;

create table klie (id int primary key, a int null, b int null, key (a), key (b));
insert into klie values (1,null,1),(2,1,null),(3,null,2),(4,2,null),(5,1,1);
create view v_klie as select id, coalesce(a) as a, b from klie;

create table opened (id int primary key, day date not null, at datetime not null, key (day), key (at));
insert into opened values (1, '0000-00-00', '0000-00-00'), (2, '2001-02-03', '2001-02-03'), (3, '0000-00-00', '2001-00-00'),
  (4, '1987-00-00', '0000-00-00'), (5, '0000-00-00', '0000-00-00');

create table ev (
  id int auto_increment primary key, at datetime not null, hour time null, built year null, code char(6) null,
  price decimal(8,2) null, weight float null, ratio double null, bits binary(4) null, name varchar(20) null, key (at)
);
delimiter //
create procedure ev_create(
  p_at datetime, p_hour time, p_built year, p_code char(6), p_price decimal(8,2), p_weight float, p_ratio double,
  p_bits binary(4), p_name varchar(20)
) modifies sql data
begin
  insert into ev (at, hour, built, code, price, weight, ratio, bits, name)
  values (p_at, p_hour, p_built, p_code, p_price, p_weight, p_ratio, p_bits, p_name);
  select last_insert_id();
end //
delimiter ;
-- It does not show all.
create view v_ev as select * from ev where name is null or name <> 'hidden';

create table pair (
  a int not null, b varchar(10) not null, revision int not null, at datetime not null, primary key (a, b)
);
delimiter //
create procedure pair_create(p_a int, p_b varchar(10), p_at datetime) modifies sql data
  insert into pair values (p_a, p_b, 7, p_at) //
create procedure pair_update(p_a int, p_b varchar(10), p_at datetime, p_revision int) modifies sql data
  update pair set at = p_at, revision = revision + 10
   where a = p_a and b = p_b and (p_revision is null or revision = p_revision) //
delimiter ;

create table flags (id int primary key, b tinyint(1) null, key (b));
insert into flags values (1, 0), (2, 1), (3, 5), (4, null), (5, -1);
create table flag_keys (b tinyint(1) primary key, name varchar(10));
insert into flag_keys values (0, 'no'), (5, 'five');

create table bool_keys (b tinyint(1), k int, v int, w int, primary key (b, k));
insert into bool_keys values (-1, 1, 5, 5), (1, 1, 4, 4), (2, 2, 1, 1), (0, 3, 0, 0);
delimiter //
create procedure bool_keys_update(p_b tinyint(1), p_k int, p_v int, p_w int) modifies sql data
  update bool_keys set v = p_v, w = p_w where b = p_b and k = p_k //
create procedure bool_keys_delete(p_b tinyint(1), p_k int) modifies sql data
  delete from bool_keys where b = p_b and k = p_k //
delimiter ;

-- Texts that sort otherwise than they compare, unless the node sees to it.
create table texts (
  id int primary key, np varchar(20) collate utf8mb4_nopad_bin, npg varchar(20) collate utf8mb4_general_nopad_ci,
  npl varchar(20) character set latin1 collate latin1_nopad_bin, npc char(5) collate utf8mb4_nopad_bin,
  lng varchar(3000) character set latin1, lngb varchar(3000) collate utf8mb4_bin
) character set utf8mb4;
insert into texts select id, t, t, t, left(t, 5), concat(repeat('a', 1500), t), concat(repeat('ä', 600), t) from (
  select 1 as id, '' as t union select 2, char(0) union select 3, 'a' union select 4, 'a\0' union select 5, 'a '
  union select 6, 'a\t' union select 7, 'A' union select 8, '\0\0' union select 9, ' ' union select 10, 'a  '
  union select 11, 'ab' union select 12, null) as pool;
update texts set lng = 'b', lngb = 'b' where id = 11;

create table third (id int primary key, v int);
insert into third values (1, 101), (2, 102), (3, 5);
create view v_third as select id, v / 3 as dv from third;

create table times (k datetime(3), k2 time, t time null, primary key (k, k2));
delimiter //
create procedure times_create(p_k datetime(6), p_k2 time(6), p_t time(6)) modifies sql data
  insert into times values (p_k, p_k2, p_t) //
delimiter ;

create table latin_keys (name varchar(10) character set latin1 primary key);
insert into latin_keys values ('a'), ('ä');
-- Columns whose characters are fewer than those of Unicode.
create table sets (
  l varchar(10) character set latin1 primary key, a varchar(10) character set ascii, u varchar(10) character set utf8mb3,
  s varchar(10) character set sjis, e enum('ä','z') character set latin1
);
insert into sets values ('ä', 'a', '日', '日', 'ä'), ('z', null, 'ä', 'z', 'z');
create procedure sets_update(p_l varchar(10) character set utf8mb4, p_a varchar(10) character set utf8mb4) modifies sql data
  update sets set a = p_a where l = p_l;
create procedure sets_delete(p_l varchar(10) character set utf8mb4) modifies sql data delete from sets where l = p_l;

create table uuids (id binary(16) primary key, other uuid null, label varchar(10) null);
insert into uuids values (unhex('018f2b6e000070008000000000000001'), '018f2b6e-0000-7000-8000-000000000001', 'one'),
                         (unhex('018f2b6e000070008000000000000002'), null, 'two');
delimiter //
create procedure uuids_create(p_id char(36), p_other uuid, p_label varchar(10)) modifies sql data
  insert into uuids values (unhex(replace(p_id, '-', '')), p_other, p_label) //
delimiter ;

-- UUIDs as texts, of which only those of one form are found by it.
create table uuid_texts (
  id int primary key, e char(36) collate utf8mb4_bin, f varchar(40) collate utf8mb4_general_ci, g varbinary(40)
) character set utf8mb4;
insert into uuid_texts select id, t, t, t from (
  select 1 as id, '6ccd780c-baba-4026-9564-5b8c656024db' as t union select 2, '6CCD780C-BABA-4026-9564-5B8C656024DB'
  union select 3, '6ccd780cbaba402695645b8c656024db' union select 4, 'sixteen letters!') as pool;

-- CHAR that compares without the spaces behind it, and is kept with them.
create table chars (
  id int primary key, c char(6) collate utf8mb4_unicode_nopad_ci, b char(6) collate utf8mb4_nopad_bin
) character set utf8mb4;
insert into chars select id, t, t from (
  select 1 as id, '' as t union select 2, '\t' union select 3, _utf8mb4 x'E2808D' union select 4, 'a' union select 5, 'a\t'
  union select 6, 'A' union select 7, 'ab' union select 8, null) as pool;
create table char_keys (n int, k char(6) collate utf8mb4_unicode_nopad_ci primary key) character set utf8mb4;
insert into char_keys values (1, ''), (2, '\t'), (3, 'a\t'), (4, 'a'), (5, 'ab');

-- Collations that compare otherwise than they sort.
create table czech (
  id int primary key, z varchar(12) character set cp1250 collate cp1250_czech_cs,
  y char(6) character set latin2 collate latin2_czech_cs
);
insert into czech select id, t, t from (
  select 1 as id, '' as t union select 2, '\t' union select 3, ' ' union select 4, 'a' union select 5, 'á'
  union select 6, 'A' union select 7, 'ch' union select 8, null union select 9, 'h' union select 10, 'a ') as pool;
create table czech_keys (n int, k varchar(8) character set cp1250 collate cp1250_czech_cs primary key);
insert into czech_keys values (1, ''), (2, '\t'), (3, 'a'), (4, 'A'), (5, 'á'), (6, 'ch'), (7, 'd');

-- Keys that are alike in more characters than a sort goes by, and a text that tells them apart no sooner.
create table long_keys (
  n int, k varchar(700) collate utf8mb4_general_ci primary key, l varchar(3000) collate utf8mb4_nopad_bin
) character set utf8mb4;
insert into long_keys values
  (1, repeat('x', 700), repeat('z', 600)), (2, concat(repeat('x', 699), 'y'), repeat('z', 510)), (3, '', repeat('z', 510)),
  (4, concat(repeat('X', 600), 'y'), concat(repeat('z', 500), 'a')), (5, repeat('w', 700), null);

-- A cell of every type that no type of the wire is.
create table cell (
  id int primary key, name varchar(10) null, day date null, at datetime(6) null, hour time(6) null, any longtext null,
  price varchar(20) null, label varbinary(10) null, small bigint unsigned null, big bigint null, ref char(36) null,
  state enum('new','old') null, place geometry null, bits bit(12) null, truth varchar(10) null, ratio varchar(10) null,
  whole double null, moment varchar(30) null
);
set statement sql_mode = 'ALLOW_INVALID_DATES' for
insert into cell values
  (1, 'odd', '2013-02-31', '2013-00-05 01:02:03.5', '-01:00:00', '{', 'much', x'ff00', 18446744073709551615, -1, 'x', '',
   point(1, 2), b'101', 'maybe', 'NaN', 1.5, 'now'),
  (2, 'big', '0000-01-01', '0000-00-00', '100:00:00', '1e400', '1e400', x'c328', 18446744073709551614, -2, '', 'new',
   null, b'0', '2', '1e400', 1e300, '2024-01-01 00:00:00'),
  (3, 'plain', '2024-02-29', '2024-02-29 01:02:03', '23:59:59.5', '{"a":[1]}', '1.50', 'text', 7, 7,
   '018f2b6e-0000-7000-8000-000000000001', 'old', null, b'1', '0', '0.5', 3, '2024-01-01T00:00:00Z');
delimiter //
create procedure cell_update(
  p_id int, p_name varchar(10), p_day date, p_at datetime(6), p_hour time(6), p_any longtext, p_price varchar(20),
  p_label varbinary(10), p_small bigint unsigned, p_big bigint, p_ref char(36), p_state enum('new','old'),
  p_bits bit(12), p_truth varchar(10), p_ratio varchar(10), p_whole double, p_moment varchar(30)
) modifies sql data
  update cell set name = p_name, day = p_day, at = p_at, hour = p_hour, any = p_any, price = p_price, label = p_label,
    small = p_small, big = p_big, ref = p_ref, state = p_state, bits = p_bits, truth = p_truth, ratio = p_ratio,
    whole = p_whole, moment = p_moment
  where id = p_id //
create procedure cell_out(out p_day date, out p_hour time, out p_any longtext, out p_bits bit(4), out p_big bigint unsigned)
  reads sql data
begin
  select day, hour, any, small into p_day, p_hour, p_any, p_big from cell where id = 1;
  set p_bits = b'101';
  select id, day, hour from cell order by id;
  select ref, any from cell order by id;
end //
create function cell_any() returns longtext reads sql data return (select any from cell where id = 2) //
delimiter ;

create table odd (
  id int primary key, f float null, fu float(7,2) null, d double null, dc decimal(20,6) null, df double null, ti tinyint(1) null,
  y year null, day date null, at datetime(6) null, at0 datetime null, ts timestamp(3) null, hour time(6) null,
  hour0 time null, ch char(6) null, vc varchar(20) null, bin varchar(20) character set utf8mb4 collate utf8mb4_bin null,
  nopad varchar(20) character set utf8mb4 collate utf8mb4_nopad_bin null,
  german varchar(20) character set latin1 collate latin1_german2_ci null,
  vb varbinary(10) null, bi binary(4) null, b16 binary(16) null, u uuid null, en enum('b','a','c') null,
  st set('b','a','c') null, bt bit(12) null, ub bigint unsigned null, sb bigint null, tx varchar(20) null,
  ct varchar(40) null, ip inet6 null, chn char(6) character set utf8mb4 collate utf8mb4_unicode_nopad_ci null,
  fa varchar(6) character set ascii collate ascii_bin null, fc varchar(6) character set cp1251 collate cp1251_general_ci null,
  fn char(6) character set cp1250 collate cp1250_general_nopad_ci null, fj varchar(6) character set sjis null,
  fl varchar(700) character set cp1251 collate cp1251_general_ci null,
  key (f), key (d), key (day), key (vc), key (at)
) default character set utf8mb4 collate utf8mb4_general_ci;
-- Values with a byte that stands for no character of Unicode.
set character_set_client = cp1251, collation_connection = cp1251_general_ci;
execute immediate convert(concat(
  'alter table odd add column fe enum(''', x'98', ''', ''b'') character set cp1251 null') using cp1251);
execute immediate convert(concat('create table foreign_sets (id int primary key, e enum('''', ''', x'98', ''', ''b'') character set ',
  'cp1251, s set(''', x'98', ''', ''q'') character set cp1251)') using cp1251);
set names utf8mb4;
create view v_odd as
  select odd.*, case when id % 3 = 0 then 'Ab' when id % 3 = 1 then 'aB' else 'ä' end as made,
         coalesce(sb) as maybe
    from odd;
delimiter //
create procedure odd_update(
  p_id int, p_f float, p_fu float(7,2), p_d double, p_dc decimal(20,6), p_df double, p_ti tinyint(1), p_y year, p_day date,
  p_at datetime(6), p_at0 datetime, p_ts timestamp(3), p_hour time(6), p_hour0 time, p_ch char(6),
  p_vc varchar(20) character set utf8mb4, p_bin varchar(20) character set utf8mb4,
  p_nopad varchar(20) character set utf8mb4, p_german varchar(20) character set latin1, p_vb varbinary(10),
  p_bi binary(4), p_u uuid, p_en enum('b','a','c'), p_st set('b','a','c'), p_bt bit(12), p_ub bigint unsigned,
  p_sb bigint, p_tx varchar(20), p_ct varchar(40), p_ip inet6, p_fa varchar(6) character set ascii,
  p_fc varchar(6) character set cp1251, p_fn char(6) character set cp1250, p_fj varchar(6) character set sjis,
  p_fl varchar(700) character set cp1251, p_fe varchar(9) character set cp1251
) modifies sql data
  update odd set f = p_f, fu = p_fu, d = p_d, dc = p_dc, df = p_df, ti = p_ti, y = p_y, day = p_day, at = p_at, at0 = p_at0,
    ts = p_ts, hour = p_hour, hour0 = p_hour0, ch = p_ch, vc = p_vc, bin = p_bin, nopad = p_nopad, german = p_german,
    vb = p_vb, bi = p_bi, u = p_u, en = p_en, st = p_st, bt = p_bt, ub = p_ub, sb = p_sb, tx = p_tx, ct = p_ct,
    ip = p_ip, fa = p_fa, fc = p_fc, fn = p_fn, fj = p_fj, fl = p_fl, fe = p_fe
  where id = p_id //
delimiter ;

-- Parameters keep less than what they are given, and so find other records than a fetch.
create table near (
  t time not null, s char(3) character set utf8mb4 collate utf8mb4_nopad_bin not null, d decimal(65,38) not null,
  y year not null, e enum('a','b') not null, v int null, primary key (t, s, d, y, e)
);
insert into near values ('05:06:07', 'x', 0, 2005, 'a', 1);
delimiter //
create procedure near_create(p_t time, p_s char(3), p_d decimal(65,38), p_y year, p_e enum('a','b'), p_v int) modifies sql data
  insert into near values (p_t, p_s, p_d, p_y, p_e, p_v) //
create procedure near_update(p_t time, p_s char(3) character set utf8mb4 collate utf8mb4_nopad_bin, p_d decimal(65,38),
  p_y year, p_e enum('a','b'), p_v int) modifies sql data
  update near set v = p_v where t = p_t and s = p_s and d = p_d and y = p_y and e = p_e //
create procedure near_delete(p_t time, p_s char(3) character set utf8mb4 collate utf8mb4_nopad_bin, p_d decimal(65,38),
  p_y year, p_e enum('a','b')) modifies sql data
  delete from near where t = p_t and s = p_s and d = p_d and y = p_y and e = p_e //
delimiter ;

-- JSON of any shape where the template says what it is.
create table parts (id int primary key, o json null, l json null, any json null);
insert into parts values
  (1, '5', '{"a": 1}', null),
  (2, '{"n": "x", "name": 7, "price": true, "at": "2001-02-30", "ratio": "1", "truth": 1, "secret": [1], "more": 1}',
      '[1, "two", 3.5, null, 5]', null),
  (3, '{"n": 7.0, "name": "a", "price": "1.5", "at": "2001-02-03T04:05:06Z", "ratio": 0.10, "truth": true, "secret": "s"}',
      '[1, 2e0]', null),
  (4, '{"price": 12.5, "n": null, "ratio": 12345678901234567890123}', '[]', null),
  (5, '[]', '"a"', null),
  (6, '{"place": {"day": "soon", "more": 1}, "prices": ["1.10", 2, "x", {}]}', 'null', null),
  (7, '{"place": "here", "prices": {}}', null, null),
  (8, '{}', '[1e400]', null);
delimiter //
create procedure parts_update(p_id int, p_o json, p_l json, p_any json) modifies sql data
  update parts set o = p_o, l = p_l, any = p_any where id = p_id //
create function parts_o() returns json deterministic return '{"n": "x", "name": "a"}' //
delimiter ;

create table no_value (e enum('a', 'b') primary key, n int null);
create table empty_value (e enum('', 'a') primary key, n int null);
set @strict = @@sql_mode, sql_mode = '';
insert into no_value values ('a', 1), ('none', 2);
insert into empty_value values ('', 1), ('none', 2), ('a', 3);
set sql_mode = @strict;
delimiter //
create procedure no_value_update(p_e enum('a', 'b'), p_n int) modifies sql data update no_value set n = p_n where e = p_e //
create procedure no_value_delete(p_e enum('a', 'b')) modifies sql data delete from no_value where e = p_e //
create procedure empty_value_update(p_e enum('', 'a'), p_n int) modifies sql data
  update empty_value set n = p_n where e = p_e //
create procedure empty_value_delete(p_e enum('', 'a')) modifies sql data delete from empty_value where e = p_e //
delimiter ;

-- Texts with bytes that stand for no character of Unicode, or for one that another code stands for too.
create table ascii_keys (k varchar(10) character set ascii collate ascii_bin primary key, v int);
insert into ascii_keys values ('A', 1), (_ascii x'E9', 2), (_ascii x'F6', 3), ('?', 4), ('z', 5);
create table foreign_texts (
  id int primary key, name varchar(10), c varchar(20) character set cp1251, j varchar(20) character set sjis,
  l text character set greek, u char(36) character set ascii, w varchar(20) character set cp1251
);
insert into foreign_texts values
  (1, 'a', _cp1251 x'E298A8', 'a', 'b', '018F2B6E-0000-7000-8000-000000000001', 'w'),
  (2, 'b', _cp1251 x'D098', _sjis x'81AD', _greek x'41D2', _ascii x'E9', _cp1251 x'98'),
  (3, 'c', '?', _sjis x'615C62', '?', null, '?'),
  (4, 'd', null, null, null, null, null);
-- The same in collations that sort in a way of their own, and keys that are sorted by their beginning.
create table foreign_orders (
  id int primary key, z varchar(9) character set cp1250 collate cp1250_czech_cs,
  t varchar(9) character set tis620 collate tis620_thai_ci, d varchar(9) character set dec8 collate dec8_swedish_nopad_ci,
  b varchar(9) character set big5 collate big5_chinese_ci, g varchar(9) character set cp1251 collate cp1251_bulgarian_ci
);
insert into foreign_orders values
  (1, _cp1250 x'81', _tis620 x'A0', _dec8 x'A4', _big5 x'C8FE', _cp1251 x'98'),
  (2, _cp1250 x'83', _tis620 x'DB', _dec8 x'A6', _big5 x'A15A', _cp1251 x'97'),
  (3, '?', '?', '?', '?', '?'),
  (4, _cp1250 x'6181', _tis620 x'FC', _dec8 x'D0', _big5 x'A1C3', _cp1251 x'9898'),
  (5, 'a', _tis620 x'E9', 'd', _big5 x'A1C4', _cp1251 x'97D0'),
  (6, _cp1250 x'6183', _tis620 x'A1', _dec8 x'F0', null, _cp1251 x'98D0');
create table foreign_keys (n int, k varchar(700) character set cp1251 primary key);
insert into foreign_keys values
  (1, _cp1251 x'98'), (2, '?'), (3, repeat(_cp1251 x'98', 600)), (4, repeat(_cp1251 x'98', 601)), (5, repeat(_cp1251 x'FF', 600)),
  (6, repeat(_cp1251 x'FF', 601)), (7, 'a');
insert into foreign_sets values (1, 1, 1), (2, 2, 1), (3, 3, 3), (4, null, null);
set @strict = @@sql_mode, sql_mode = '';
insert into foreign_sets values (5, 'none', 2);
set sql_mode = @strict;
-- Names of members that come in another order than they have.
create table set_keys (e enum('A','C'), s set('p','q','Ä'), v int, primary key (e, s)) character set utf8mb4;
insert into set_keys values ('A', 'p,q', 1), ('A', '', 2);
create table set_names (s set('p','q','Ä') primary key, v int) character set utf8mb4;
insert into set_names values ('p,q', 1);
delimiter //
create procedure ascii_keys_update(p_k varchar(10) character set ascii, p_v int) modifies sql data
  update ascii_keys set v = p_v where k = p_k //
create procedure ascii_keys_delete(p_k varchar(10) character set ascii) modifies sql data delete from ascii_keys where k = p_k //
create procedure foreign_texts_update(
  p_id int, p_name varchar(10), p_c varchar(20) character set cp1251, p_j varchar(20) character set sjis,
  p_l text character set greek, p_u char(36) character set ascii, p_w varchar(20) character set utf8mb4
) modifies sql data
  update foreign_texts set name = p_name, c = p_c, j = p_j, l = p_l, u = p_u, w = p_w where id = p_id //
create procedure set_keys_put(p_e enum('A','C'), p_s set('p','q','Ä') character set utf8mb4, p_v int) modifies sql data
  insert into set_keys values (p_e, p_s, p_v) on duplicate key update v = p_v //
create procedure set_keys_update(p_e enum('A','C'), p_s varchar(20) character set utf8mb4, p_v int) modifies sql data
  update set_keys set v = p_v where e = p_e and s = p_s //
create procedure set_keys_delete(p_e enum('A','C'), p_s varchar(20) character set utf8mb4) modifies sql data
  delete from set_keys where e = p_e and s = p_s //
-- As `bedsc ddl` proposes it.
create procedure set_names_put(p_s varchar(20) character set utf8mb4, p_v int) modifies sql data
begin
  insert into set_names (s, v) values (p_s, p_v) on duplicate key update v = if(set_names.s = p_s, p_v, set_names.v);
  if not exists (select 1 from set_names where set_names.s = p_s) then
    signal sqlstate '23000' set mysql_errno = 1062, message_text = 'Duplicate entry';
  end if;
end //
delimiter ;

-- Columns that have no value for most texts.
create table addresses (id int primary key, ip inet6 null, u uuid null);
insert into addresses values (1, '::1', '018f2b6e-0000-7000-8000-000000000001'), (2, null, null), (3, '::2', null);

-- Collations of old character sets without padding, whose texts are sorted as if spaces followed.
create table nopads (
  id int primary key, c char(6) character set latin1 collate latin1_swedish_nopad_ci,
  b char(6) character set latin1 collate latin1_nopad_bin, v varchar(6) character set latin1 collate latin1_swedish_nopad_ci,
  w varchar(6) character set cp1251 collate cp1251_general_nopad_ci,
  l varchar(600) character set latin1 collate latin1_swedish_nopad_ci, key (c), key (b), key (v), key (w)
);
insert into nopads select id, t, t, t, t, t from (
  select 1 as id, '' as t union select 2, 'a' union select 3, 'a\t' union select 4, 'a\n' union select 5, 'a b'
  union select 6, 'a\0' union select 7, '\t' union select 8, 'b' union select 9, 'a\t\t' union select 10, 'A\t'
  union select 11, null union select 12, 'A') as pool;
update nopads set w = _cp1251 x'98' where id = 3;
update nopads set w = _cp1251 x'9809' where id = 4;
create table nopad_keys (n int, k char(4) character set latin1 collate latin1_swedish_nopad_ci primary key);
insert into nopad_keys values (1, 'a'), (2, 'a\t'), (3, 'a\n'), (4, 'a b'), (5, '\t'), (6, '');
create table nopad_codes (n int, k char(4) character set latin1 collate latin1_nopad_bin primary key);
insert into nopad_codes values (1, 'a'), (2, 'a\t'), (3, 'a\n'), (4, 'a b'), (5, '\t'), (6, '');

-- Columns that round what they keep, and show it with fewer digits.
create table rounded (id int primary key, v double(10,2), f float(9,2), w double(10,2), t double(10,2), y year(2), key (v), key (f));
insert into rounded values (1, -0.01, -0.01, -0.01, -0.01, 1999), (2, 1.14, 1.14, 1.14, 1.14, 2001), (3, 5, 1234567.89, 5, 5, 1970),
  (4, 99999999.99, 123456.78, 99999999.99, 0.1, 2069), (5, null, null, null, null, null);
create procedure rounded_create(p_id int, p_v double(10,2), p_f float(9,2), p_w double(10,2), p_t double(10,2), p_y year(2))
  modifies sql data insert into rounded values (p_id, p_v, p_f, p_w, p_t, p_y);
create procedure rounded_update(p_id int, p_v double(10,2), p_f float(9,2), p_w double(10,2), p_t double(10,2), p_y year(2))
  modifies sql data update rounded set v = p_v, f = p_f, w = p_w, t = p_t, y = p_y where id = p_id;

-- Keys with fewer digits than their values, and procedures with fewer digits than their keys.
create table decimal_keys (k decimal(10,2) primary key, n int);
insert into decimal_keys values (1.24, 1);
create procedure decimal_keys_put(p_k decimal(20,6), p_n int) modifies sql data
  insert into decimal_keys values (p_k, p_n) on duplicate key update n = p_n;
create procedure decimal_keys_update(p_k decimal(10,1), p_n int) modifies sql data update decimal_keys set n = p_n where k = p_k;
create procedure decimal_keys_delete(p_k double) modifies sql data delete from decimal_keys where k = cast(p_k as decimal(10,2));
create table float_keys (k float primary key, n int);
insert into float_keys values (0.1, 1);
create procedure float_keys_put(p_k float, p_n int) modifies sql data
  insert into float_keys values (p_k, p_n) on duplicate key update n = p_n;
create table moment_keys (k datetime primary key, n int);
insert into moment_keys values ('2024-01-01', 1);
create procedure moment_keys_put(p_k datetime(6), p_n int) modifies sql data
  insert into moment_keys values (p_k, p_n) on duplicate key update n = p_n;
create table fine_keys (k datetime(3) primary key, n int);
insert into fine_keys values ('2024-01-01', 1), ('2024-01-01 00:00:00.5', 2);
create procedure fine_keys_put(p_k datetime, p_n int) modifies sql data
  insert into fine_keys values (p_k, p_n) on duplicate key update n = p_n;
create procedure fine_keys_update(p_k datetime, p_n int) modifies sql data update fine_keys set n = p_n where k = p_k;
create procedure fine_keys_delete(p_k datetime) modifies sql data delete from fine_keys where k = p_k;

-- A trigger makes the key, so that `last_insert_id()` is 0. There is a record 0.
create table triggered (id int auto_increment primary key, n int);
set sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
insert into triggered values (0, 5);
set sql_mode = default;
create trigger triggered_bi before insert on triggered for each row set new.id = 1000 + new.n;
delimiter //
create procedure triggered_create(p_n int) modifies sql data
begin insert into triggered (n) values (p_n); select last_insert_id(); end //
delimiter ;
