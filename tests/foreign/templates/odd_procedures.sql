-- What `beds import` proposes for the database `odd`: read it, edit it, and run it before `beds verify`. From
-- then on it is yours. It replaces nothing: where a procedure of a name is there, the server says so (error
-- 1304), and `mariadb` stops. If you have run this script before, `mariadb --force` makes what is still missing;
-- otherwise give the procedure here another name, and also in the template.
--
-- The procedures leave the transaction to the node: none of them commits. A record's version, where there is
-- one, must be what the client read, or null. A procedure keeps the mode in which it was made: in a strict
-- one a value that does not fit is refused.

set names utf8mb4;
set session sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

-- The ledger: a row a write that has a message_id, so that a duplicate gets the stored reply and does nothing.
-- Users and ids are compared byte by byte, and spaces at the end count.
create table if not exists `beds_ledger` (
    `user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `message_id` varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `step` int unsigned not null,
    `digest` binary(32) not null,
    `reply` mediumblob null,
    `at` datetime(3) not null default current_timestamp(3),
    primary key (`user`, `message_id`, `step`),
    key `ix_beds_ledger_at` (`at`)
) engine = innodb;

delimiter //

-- odd_groesse_co: Größe & Co
create procedure `sp_groesse_co_create`(
  in `p_nr` int(11),
  in `p_order` varchar(20),
  in `p_select` char(4)
)
  modifies sql data
begin
  insert into `Größe & Co` (`Nr.`, `order`, `select`)
  values (`p_nr`, `p_order`, `p_select`);
end //

create procedure `sp_groesse_co_update`(
  in `p_nr` int(11),
  in `p_order` varchar(20),
  in `p_select` char(4)
)
  modifies sql data
begin
  update `Größe & Co`
     set `Größe & Co`.`order` = `p_order`,
         `Größe & Co`.`select` = `p_select`
   where `Größe & Co`.`Nr.` = `p_nr`;
end //

create procedure `sp_groesse_co_delete`(
  in `p_nr` int(11)
)
  modifies sql data
begin
  delete from `Größe & Co`
   where `Größe & Co`.`Nr.` = `p_nr`;
end //


-- odd_orders: Orders
create procedure `sp_orders_create`(
  in `p_id` int(11),
  in `p_a` varchar(10)
)
  modifies sql data
begin
  insert into `Orders` (`id`, `a`)
  values (`p_id`, `p_a`);
end //

create procedure `sp_orders_update`(
  in `p_id` int(11),
  in `p_a` varchar(10)
)
  modifies sql data
begin
  update `Orders`
     set `Orders`.`a` = `p_a`
   where `Orders`.`id` = `p_id`;
end //

create procedure `sp_orders_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `Orders`
   where `Orders`.`id` = `p_id`;
end //


-- odd_path_hierarchy: PathHierarchy
create procedure `sp_path_hierarchy_create`(
  in `in_path_id` int(11),
  in `p_p_path_id` int(11)
)
  modifies sql data
begin
  insert into `PathHierarchy` (`PathId`, `PPathId`)
  values (`in_path_id`, `p_p_path_id`);
end //

create procedure `sp_path_hierarchy_update`(
  in `in_path_id` int(11),
  in `p_p_path_id` int(11)
)
  modifies sql data
begin
  update `PathHierarchy`
     set `PathHierarchy`.`PPathId` = `p_p_path_id`
   where `PathHierarchy`.`PathId` = `in_path_id`;
end //

create procedure `sp_path_hierarchy_delete`(
  in `in_path_id` int(11)
)
  modifies sql data
begin
  delete from `PathHierarchy`
   where `PathHierarchy`.`PathId` = `in_path_id`;
end //


-- odd_audit: audit
create procedure `sp_audit_create`(
  in `p_n` int(11)
)
  modifies sql data
begin
  insert into `audit` (`n`)
  values (`p_n`);
  select last_insert_id();
end //

create procedure `sp_audit_update`(
  in `p_id` int(11),
  in `p_n` int(11)
)
  modifies sql data
begin
  update `audit`
     set `audit`.`n` = `p_n`
   where `audit`.`id` = `p_id`;
end //

create procedure `sp_audit_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `audit`
   where `audit`.`id` = `p_id`;
end //


-- odd_booking: booking
create procedure `sp_booking_create`(
  in `p_id` int(11),
  in `p_seats` int(11)
)
  modifies sql data
begin
  insert into `booking` (`id`, `seats`)
  values (`p_id`, `p_seats`);
end //

create procedure `sp_booking_update`(
  in `p_id` int(11),
  in `p_seats` int(11)
)
  modifies sql data
begin
  update `booking`
     set `booking`.`seats` = `p_seats`
   where `booking`.`id` = `p_id`;
end //

create procedure `sp_booking_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `booking`
   where `booking`.`id` = `p_id`;
end //


-- odd_by_float: by_float
create procedure `sp_by_float_create`(
  in `p_f` float,
  in `p_note` varchar(10)
)
  modifies sql data
begin
  insert into `by_float` (`f`, `note`)
  values (`p_f`, `p_note`);
end //


-- odd_by_prefix: by_prefix
create procedure `sp_by_prefix_create`(
  in `p_name` varchar(200),
  in `p_v` int(11)
)
  modifies sql data
begin
  insert into `by_prefix` (`name`, `v`)
  values (`p_name`, `p_v`);
end //

create procedure `sp_by_prefix_update`(
  in `p_name` varchar(200),
  in `p_v` int(11)
)
  modifies sql data
begin
  update `by_prefix`
     set `by_prefix`.`v` = `p_v`
   where `by_prefix`.`name` = `p_name`;
end //

create procedure `sp_by_prefix_delete`(
  in `p_name` varchar(200)
)
  modifies sql data
begin
  delete from `by_prefix`
   where `by_prefix`.`name` = `p_name`;
end //


-- odd_by_text: by_text
create procedure `sp_by_text_create`(
  in `p_name` text,
  in `p_v` int(11)
)
  modifies sql data
begin
  insert into `by_text` (`name`, `v`)
  values (`p_name`, `p_v`);
end //


-- odd_coin: coin
create procedure `sp_coin_create`(
  in `p_id` int(11),
  in `p_face` varchar(10)
)
  modifies sql data
begin
  insert into `coin` (`id`, `face`)
  values (`p_id`, `p_face`);
end //

create procedure `sp_coin_update`(
  in `p_id` int(11),
  in `p_face` varchar(10)
)
  modifies sql data
begin
  update `coin`
     set `coin`.`face` = `p_face`
   where `coin`.`id` = `p_id`;
end //

create procedure `sp_coin_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `coin`
   where `coin`.`id` = `p_id`;
end //


-- odd_contract: contract
create procedure `sp_contract_create`(
  in `p_id` int(11),
  in `p_name` varchar(20)
)
  modifies sql data
begin
  insert into `contract` (`id`, `name`)
  values (`p_id`, `p_name`);
end //

create procedure `sp_contract_update`(
  in `p_id` int(11),
  in `p_name` varchar(20)
)
  modifies sql data
begin
  update `contract`
     set `contract`.`name` = `p_name`
   where `contract`.`id` = `p_id`;
end //

create procedure `sp_contract_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `contract`
   where `contract`.`id` = `p_id`;
end //


-- odd_customer: customer
create procedure `sp_customer_create`(
  in `p_id` int(11),
  in `p_name` varchar(40)
)
  modifies sql data
begin
  insert into `customer` (`id`, `name`)
  values (`p_id`, `p_name`);
end //

create procedure `sp_customer_update`(
  in `p_id` int(11),
  in `p_name` varchar(40)
)
  modifies sql data
begin
  update `customer`
     set `customer`.`name` = `p_name`
   where `customer`.`id` = `p_id`;
end //

create procedure `sp_customer_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `customer`
   where `customer`.`id` = `p_id`;
end //


-- odd_dot_and_tick: dot.and`tick
create procedure `sp_dot_and_tick_create`(
  in `p_id` int(11),
  in `p_v_w` int(11)
)
  modifies sql data
begin
  insert into `dot.and``tick` (`id`, `v.``w`)
  values (`p_id`, `p_v_w`);
end //

create procedure `sp_dot_and_tick_update`(
  in `p_id` int(11),
  in `p_v_w` int(11)
)
  modifies sql data
begin
  update `dot.and``tick`
     set `dot.and``tick`.`v.``w` = `p_v_w`
   where `dot.and``tick`.`id` = `p_id`;
end //

create procedure `sp_dot_and_tick_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `dot.and``tick`
   where `dot.and``tick`.`id` = `p_id`;
end //


-- odd_ended: ended
create procedure `sp_ended_create`(
  in `p_id` int(11),
  in `p_v` int(11)
)
  modifies sql data
begin
  insert into `ended` (`id`, `v`)
  values (`p_id`, `p_v`);
end //

create procedure `sp_ended_update`(
  in `p_id` int(11),
  in `p_v` int(11)
)
  modifies sql data
begin
  update `ended`
     set `ended`.`v` = `p_v`
   where `ended`.`id` = `p_id`;
end //


-- odd_exact_case: exact_case
create procedure `sp_exact_case_create`(
  in `p_id` varchar(10) character set latin1 collate latin1_bin,
  in `p_moment` datetime,
  in `p_amount` double,
  in `p_name` varchar(10)
)
  modifies sql data
begin
  insert into `exact_case` (`id`, `moment`, `amount`, `name`)
  values (`p_id`, `p_moment`, `p_amount`, `p_name`);
end //

create procedure `sp_exact_case_update`(
  in `p_id` varchar(10) character set latin1 collate latin1_bin,
  in `p_moment` datetime,
  in `p_amount` double,
  in `p_name` varchar(10)
)
  modifies sql data
begin
  update `exact_case`
     set `exact_case`.`moment` = `p_moment`,
         `exact_case`.`amount` = `p_amount`,
         `exact_case`.`name` = `p_name`
   where `exact_case`.`id` = `p_id`;
end //

create procedure `sp_exact_case_delete`(
  in `p_id` varchar(10) character set latin1 collate latin1_bin
)
  modifies sql data
begin
  delete from `exact_case`
   where `exact_case`.`id` = `p_id`;
end //


-- odd_film: film
create procedure `sp_film_create`(
  in `p_id` int(11),
  in `p_title` varchar(40)
)
  modifies sql data
begin
  insert into `film` (`id`, `title`)
  values (`p_id`, `p_title`);
end //

create procedure `sp_film_update`(
  in `p_id` int(11),
  in `p_title` varchar(40)
)
  modifies sql data
begin
  update `film`
     set `film`.`title` = `p_title`
   where `film`.`id` = `p_id`;
end //

create procedure `sp_film_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `film`
   where `film`.`id` = `p_id`;
end //


-- odd_film_text: film_text
create procedure `sp_film_text_create`(
  in `p_id` int(11),
  in `p_body` text
)
  modifies sql data
begin
  insert into `film_text` (`id`, `body`)
  values (`p_id`, `p_body`);
end //

create procedure `sp_film_text_update`(
  in `p_id` int(11),
  in `p_body` text
)
  modifies sql data
begin
  update `film_text`
     set `film_text`.`body` = `p_body`
   where `film_text`.`id` = `p_id`;
end //

create procedure `sp_film_text_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `film_text`
   where `film_text`.`id` = `p_id`;
end //


-- odd_flagged: flagged
create procedure `sp_flagged_create`(
  in `p_b` tinyint(1),
  in `p_n` int(11)
)
  modifies sql data
begin
  insert into `flagged` (`b`, `n`)
  values (`p_b`, `p_n`);
end //

create procedure `sp_flagged_update`(
  in `p_b` tinyint(1),
  in `p_n` int(11)
)
  modifies sql data
begin
  update `flagged`
     set `flagged`.`n` = `p_n`
   where `flagged`.`b` = `p_b`;
end //

create procedure `sp_flagged_delete`(
  in `p_b` tinyint(1)
)
  modifies sql data
begin
  delete from `flagged`
   where `flagged`.`b` = `p_b`;
end //


-- odd_hashed: hashed
create procedure `sp_hashed_create`(
  in `p_h` varchar(2000),
  in `p_v` smallint(5) unsigned
)
  modifies sql data
begin
  insert into `hashed` (`h`, `v`)
  values (`p_h`, `p_v`);
end //

create procedure `sp_hashed_update`(
  in `p_h` varchar(2000),
  in `p_v` smallint(5) unsigned
)
  modifies sql data
begin
  update `hashed`
     set `hashed`.`v` = `p_v`
   where `hashed`.`h` = `p_h`;
end //

create procedure `sp_hashed_delete`(
  in `p_h` varchar(2000)
)
  modifies sql data
begin
  delete from `hashed`
   where `hashed`.`h` = `p_h`;
end //


-- odd_journal: journal
create procedure `sp_journal_create`(
  in `p_id` int(11),
  in `p_v` int(11)
)
  modifies sql data
begin
  insert into `journal` (`id`, `v`)
  values (`p_id`, `p_v`);
end //

create procedure `sp_journal_update`(
  in `p_id` int(11),
  in `p_v` int(11)
)
  modifies sql data
begin
  update `journal`
     set `journal`.`v` = `p_v`
   where `journal`.`id` = `p_id`;
end //

create procedure `sp_journal_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `journal`
   where `journal`.`id` = `p_id`;
end //


-- odd_kept: kept
create procedure `sp_kept_create`(
  in `p_whole_second` datetime,
  in `p_born` year(4),
  in `p_single_float` float,
  in `p_padded` char(4),
  in `p_filled` binary(4),
  in `p_flag` tinyint(1),
  in `p_bits` bit(12),
  in `p_span` time,
  in `p_due` date,
  in `p_doc` longtext,
  in `p_price` decimal(5,2),
  in `p_big` bigint(20) unsigned,
  in `p_parent` bigint(20) unsigned,
  in `p_l1` varchar(20) character set latin1 collate latin1_swedish_ci
)
  modifies sql data
begin
  insert into `kept` (`whole_second`, `born`, `single_float`, `padded`, `filled`, `flag`, `bits`, `span`, `due`, `doc`, `price`, `big`, `parent`, `l1`)
  values (`p_whole_second`, `p_born`, `p_single_float`, `p_padded`, `p_filled`, `p_flag`, `p_bits`, `p_span`, `p_due`, `p_doc`, `p_price`, `p_big`, `p_parent`, `p_l1`);
  select last_insert_id();
end //

create procedure `sp_kept_update`(
  in `p_id` bigint(20) unsigned,
  in `p_whole_second` datetime,
  in `p_born` year(4),
  in `p_single_float` float,
  in `p_padded` char(4),
  in `p_filled` binary(4),
  in `p_flag` tinyint(1),
  in `p_bits` bit(12),
  in `p_span` time,
  in `p_due` date,
  in `p_doc` longtext,
  in `p_price` decimal(5,2),
  in `p_big` bigint(20) unsigned,
  in `p_parent` bigint(20) unsigned,
  in `p_l1` varchar(20) character set latin1 collate latin1_swedish_ci
)
  modifies sql data
begin
  update `kept`
     set `kept`.`whole_second` = `p_whole_second`,
         `kept`.`born` = `p_born`,
         `kept`.`single_float` = `p_single_float`,
         `kept`.`padded` = `p_padded`,
         `kept`.`filled` = `p_filled`,
         `kept`.`flag` = `p_flag`,
         `kept`.`bits` = `p_bits`,
         `kept`.`span` = `p_span`,
         `kept`.`due` = `p_due`,
         `kept`.`doc` = `p_doc`,
         `kept`.`price` = `p_price`,
         `kept`.`big` = `p_big`,
         `kept`.`parent` = `p_parent`,
         `kept`.`l1` = `p_l1`
   where `kept`.`id` = `p_id`;
end //

create procedure `sp_kept_delete`(
  in `p_id` bigint(20) unsigned
)
  modifies sql data
begin
  delete from `kept`
   where `kept`.`id` = `p_id`;
end //


-- odd_label: label
create procedure `sp_label_create`(
  in `p_id` int(11),
  in `p_kind` enum('a','two\nlines','it''s','back\\slash'),
  in `p_path` varchar(40),
  in `p_face` varchar(10),
  in `p_doubt` varchar(10),
  in `p_mood` varchar(1000)
)
  modifies sql data
begin
  insert into `label` (`id`, `kind`, `path`, `face`, `doubt`, `mood`)
  values (`p_id`, `p_kind`, `p_path`, `p_face`, `p_doubt`, `p_mood`);
end //

create procedure `sp_label_update`(
  in `p_id` int(11),
  in `p_kind` enum('a','two\nlines','it''s','back\\slash'),
  in `p_path` varchar(40),
  in `p_face` varchar(10),
  in `p_doubt` varchar(10),
  in `p_mood` varchar(1000)
)
  modifies sql data
begin
  update `label`
     set `label`.`kind` = `p_kind`,
         `label`.`path` = `p_path`,
         `label`.`face` = `p_face`,
         `label`.`doubt` = `p_doubt`,
         `label`.`mood` = `p_mood`
   where `label`.`id` = `p_id`;
end //

create procedure `sp_label_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `label`
   where `label`.`id` = `p_id`;
end //


-- odd_lead_log: lead_log
create procedure `sp_lead_log_create`(
  in `p_what` varchar(40)
)
  modifies sql data
begin
  insert into `lead_log` (`what`)
  values (`p_what`);
  select last_insert_id();
end //

create procedure `sp_lead_log_update`(
  in `p_id` int(11),
  in `p_what` varchar(40)
)
  modifies sql data
begin
  update `lead_log`
     set `lead_log`.`what` = `p_what`
   where `lead_log`.`id` = `p_id`;
end //

create procedure `sp_lead_log_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `lead_log`
   where `lead_log`.`id` = `p_id`;
end //


-- odd_left_behind: left_behind
create procedure `sp_left_behind_update`(
  in `p_id` int(11),
  in `p_v` int(11)
)
  modifies sql data
begin
  update `left_behind`
     set `left_behind`.`v` = `p_v`
   where `left_behind`.`id` = `p_id`;
end //

create procedure `sp_left_behind_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `left_behind`
   where `left_behind`.`id` = `p_id`;
end //


-- odd_long_names: long_names
create procedure `sp_long_names_create`(
  in `p_id` int(11),
  in `p_a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one` varchar(10),
  in `p_a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_two` varchar(10),
  in `p_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one` varchar(10)
)
  modifies sql data
begin
  insert into `long_names` (`id`, `a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one`, `a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_two`, `name_that_is_as_long_as_a_name_may_be_and_then_a_little_one`)
  values (`p_id`, `p_a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one`, `p_a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_two`, `p_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one`);
end //

create procedure `sp_long_names_update`(
  in `p_id` int(11),
  in `p_a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one` varchar(10),
  in `p_a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_two` varchar(10),
  in `p_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one` varchar(10)
)
  modifies sql data
begin
  update `long_names`
     set `long_names`.`a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one` = `p_a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one`,
         `long_names`.`a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_two` = `p_a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_two`,
         `long_names`.`name_that_is_as_long_as_a_name_may_be_and_then_a_little_one` = `p_name_that_is_as_long_as_a_name_may_be_and_then_a_little_one`
   where `long_names`.`id` = `p_id`;
end //

create procedure `sp_long_names_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `long_names`
   where `long_names`.`id` = `p_id`;
end //


-- odd_long_path: long_path
create procedure `sp_long_path_create`(
  in `p_path` varchar(700),
  in `p_part` int(11),
  in `p_label` varchar(600) character set utf8mb4 collate utf8mb4_nopad_bin
)
  modifies sql data
begin
  insert into `long_path` (`path`, `part`, `label`)
  values (`p_path`, `p_part`, `p_label`);
end //

create procedure `sp_long_path_update`(
  in `p_path` varchar(700),
  in `p_part` int(11),
  in `p_label` varchar(600) character set utf8mb4 collate utf8mb4_nopad_bin
)
  modifies sql data
begin
  update `long_path`
     set `long_path`.`label` = `p_label`
   where `long_path`.`path` = `p_path`
     and `long_path`.`part` = `p_part`;
end //

create procedure `sp_long_path_delete`(
  in `p_path` varchar(700),
  in `p_part` int(11)
)
  modifies sql data
begin
  delete from `long_path`
   where `long_path`.`path` = `p_path`
     and `long_path`.`part` = `p_part`;
end //


-- odd_loose: loose
create procedure `sp_loose_create`(
  in `p_id` int(11),
  in `p_v` varchar(10)
)
  modifies sql data
begin
  insert into `loose` (`id`, `v`)
  values (`p_id`, `p_v`);
end //

create procedure `sp_loose_update`(
  in `p_id` int(11),
  in `p_v` varchar(10)
)
  modifies sql data
begin
  update `loose`
     set `loose`.`v` = `p_v`
   where `loose`.`id` = `p_id`;
end //

create procedure `sp_loose_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `loose`
   where `loose`.`id` = `p_id`;
end //


-- odd_narrow: narrow
create procedure `sp_narrow_create`(
  in `p_id` int(11),
  in `p_price` decimal(9,3),
  in `p_at` datetime(6)
)
  modifies sql data
begin
  insert into `narrow` (`id`, `price`, `at`)
  values (`p_id`, `p_price`, `p_at`);
end //

create procedure `sp_narrow_update`(
  in `p_id` int(11),
  in `p_price` decimal(9,3),
  in `p_at` datetime(6)
)
  modifies sql data
begin
  update `narrow`
     set `narrow`.`price` = `p_price`,
         `narrow`.`at` = `p_at`
   where `narrow`.`id` = `p_id`;
end //

create procedure `sp_narrow_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `narrow`
   where `narrow`.`id` = `p_id`;
end //


-- odd_nat: nat
create procedure `sp_nat_create`(
  in `p_code` char(3) character set ascii collate ascii_bin,
  in `p_v` varchar(20)
)
  modifies sql data
begin
  insert into `nat` (`code`, `v`)
  values (`p_code`, `p_v`);
  select last_insert_id();
end //

create procedure `sp_nat_update`(
  in `p_code` char(3) character set ascii collate ascii_bin,
  in `p_v` varchar(20)
)
  modifies sql data
begin
  update `nat`
     set `nat`.`v` = `p_v`
   where `nat`.`code` = `p_code`;
end //

create procedure `sp_nat_delete`(
  in `p_code` char(3) character set ascii collate ascii_bin
)
  modifies sql data
begin
  delete from `nat`
   where `nat`.`code` = `p_code`;
end //


-- odd_only_key: only_key
create procedure `sp_only_key_create`(
  in `p_a` int(11),
  in `p_b` int(11)
)
  modifies sql data
begin
  insert into `only_key` (`a`, `b`)
  values (`p_a`, `p_b`);
end //

create procedure `sp_only_key_delete`(
  in `p_a` int(11),
  in `p_b` int(11)
)
  modifies sql data
begin
  delete from `only_key`
   where `only_key`.`a` = `p_a`
     and `only_key`.`b` = `p_b`;
end //


-- odd_orders_2: orders
create procedure `sp_orders_edit`(
  in `p_id` int(11),
  in `p_a` varchar(10)
)
  modifies sql data
begin
  update `orders`
     set `orders`.`a` = `p_a`
   where `orders`.`id` = `p_id`;
end //

create procedure `sp_orders_remove`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `orders`
   where `orders`.`id` = `p_id`;
end //


-- odd_orphan: orphan
create procedure `sp_orphan_update`(
  in `p_id` int(11),
  in `p_parent` int(11)
)
  modifies sql data
begin
  update `orphan`
     set `orphan`.`parent` = `p_parent`
   where `orphan`.`id` = `p_id`;
end //

create procedure `sp_orphan_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `orphan`
   where `orphan`.`id` = `p_id`;
end //


-- odd_parcel: parcel
create procedure `sp_parcel_create`(
  in `p_id` int(11),
  in `p_weight` int(11)
)
  modifies sql data
begin
  insert into `parcel` (`id`, `weight`)
  values (`p_id`, `p_weight`);
end //

create procedure `sp_parcel_update`(
  in `p_id` int(11),
  in `p_weight` int(11)
)
  modifies sql data
begin
  update `parcel`
     set `parcel`.`weight` = `p_weight`
   where `parcel`.`id` = `p_id`;
end //

create procedure `sp_parcel_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `parcel`
   where `parcel`.`id` = `p_id`;
end //


-- odd_preset: preset
create procedure `sp_preset_create`(
  in `p_id` int(11),
  in `p_word` varchar(5),
  in `p_doc` longtext,
  in `p_span` time,
  in `p_state` tinyint(1)
)
  modifies sql data
begin
  insert into `preset` (`id`, `word`, `doc`, `span`, `state`)
  values (`p_id`, `p_word`, `p_doc`, `p_span`, `p_state`);
end //

create procedure `sp_preset_update`(
  in `p_id` int(11),
  in `p_word` varchar(5),
  in `p_doc` longtext,
  in `p_span` time,
  in `p_state` tinyint(1)
)
  modifies sql data
begin
  update `preset`
     set `preset`.`word` = `p_word`,
         `preset`.`doc` = `p_doc`,
         `preset`.`span` = `p_span`,
         `preset`.`state` = `p_state`
   where `preset`.`id` = `p_id`;
end //

create procedure `sp_preset_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `preset`
   where `preset`.`id` = `p_id`;
end //


-- odd_ranked: ranked
create procedure `sp_ranked_update`(
  in `p_tenant` varchar(20),
  in `p_n` smallint(5) unsigned,
  in `p_v` int(11)
)
  modifies sql data
begin
  update `ranked`
     set `ranked`.`v` = `p_v`
   where `ranked`.`tenant` = `p_tenant`
     and `ranked`.`n` = `p_n`;
end //

create procedure `sp_ranked_delete`(
  in `p_tenant` varchar(20),
  in `p_n` smallint(5) unsigned
)
  modifies sql data
begin
  delete from `ranked`
   where `ranked`.`tenant` = `p_tenant`
     and `ranked`.`n` = `p_n`;
end //


-- odd_shadow: shadow
create procedure `sp_shadow_create`(
  in `p_p_id` int(11),
  in `in_id` int(11),
  in `p_v` varchar(10)
)
  modifies sql data
begin
  insert into `shadow` (`p_id`, `id`, `v`)
  values (`p_p_id`, `in_id`, `p_v`);
end //

create procedure `sp_shadow_update`(
  in `p_p_id` int(11),
  in `in_id` int(11),
  in `p_v` varchar(10)
)
  modifies sql data
begin
  update `shadow`
     set `shadow`.`id` = `in_id`,
         `shadow`.`v` = `p_v`
   where `shadow`.`p_id` = `p_p_id`;
end //

create procedure `sp_shadow_delete`(
  in `p_p_id` int(11)
)
  modifies sql data
begin
  delete from `shadow`
   where `shadow`.`p_id` = `p_p_id`;
end //


-- odd_shadow_pair: shadow_pair
create procedure `sp_shadow_pair_create`(
  in `p_p_id` int(11),
  in `arg_id` int(11),
  in `p_in_id` int(11)
)
  modifies sql data
begin
  insert into `shadow_pair` (`p_id`, `id`, `in_id`)
  values (`p_p_id`, `arg_id`, `p_in_id`);
end //

create procedure `sp_shadow_pair_update`(
  in `p_p_id` int(11),
  in `arg_id` int(11),
  in `p_in_id` int(11)
)
  modifies sql data
begin
  update `shadow_pair`
     set `shadow_pair`.`in_id` = `p_in_id`
   where `shadow_pair`.`p_id` = `p_p_id`
     and `shadow_pair`.`id` = `arg_id`;
end //

create procedure `sp_shadow_pair_delete`(
  in `p_p_id` int(11),
  in `arg_id` int(11)
)
  modifies sql data
begin
  delete from `shadow_pair`
   where `shadow_pair`.`p_id` = `p_p_id`
     and `shadow_pair`.`id` = `arg_id`;
end //


-- odd_spot: spot
create procedure `sp_spot_create`(
  in `p_lng` double,
  in `p_lat` double
)
  modifies sql data
begin
  insert into `spot` (`lng`, `lat`)
  values (`p_lng`, `p_lat`);
  select last_insert_id();
end //

create procedure `sp_spot_update`(
  in `p_id` int(11),
  in `p_lng` double,
  in `p_lat` double
)
  modifies sql data
begin
  update `spot`
     set `spot`.`lng` = `p_lng`,
         `spot`.`lat` = `p_lat`
   where `spot`.`id` = `p_id`;
end //

create procedure `sp_spot_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `spot`
   where `spot`.`id` = `p_id`;
end //


-- odd_stock: stock
create procedure `sp_stock_create`(
  in `p_id` int(11),
  in `p_quantity` int(11),
  in `p_status` varchar(10)
)
  modifies sql data
begin
  insert into `stock` (`id`, `quantity`, `status`)
  values (`p_id`, `p_quantity`, `p_status`);
end //

create procedure `sp_stock_update`(
  in `p_id` int(11),
  in `p_quantity` int(11),
  in `p_status` varchar(10)
)
  modifies sql data
begin
  update `stock`
     set `stock`.`quantity` = `p_quantity`,
         `stock`.`status` = `p_status`
   where `stock`.`id` = `p_id`;
end //

create procedure `sp_stock_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `stock`
   where `stock`.`id` = `p_id`;
end //


-- odd_swapped: swapped
create procedure `sp_swapped_create`(
  in `p_id` int(11),
  in `p_a` int(11),
  in `p_b` int(11)
)
  modifies sql data
begin
  insert into `swapped` (`id`, `a`, `b`)
  values (`p_id`, `p_a`, `p_b`);
end //

create procedure `sp_swapped_update`(
  in `p_id` int(11),
  in `p_a` int(11),
  in `p_b` int(11)
)
  modifies sql data
begin
  update `swapped`
     set `swapped`.`a` = `p_a`,
         `swapped`.`b` = `p_b`
   where `swapped`.`id` = `p_id`;
end //

create procedure `sp_swapped_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `swapped`
   where `swapped`.`id` = `p_id`;
end //


-- odd_switches: switches
create procedure `sp_switches_create`(
  in `p_c` bit(1),
  in `p_n` mediumint(8) unsigned,
  in `p_v` tinyint(4)
)
  modifies sql data
begin
  insert into `switches` (`c`, `n`, `v`)
  values (`p_c`, `p_n`, `p_v`);
end //

create procedure `sp_switches_update`(
  in `p_c` bit(1),
  in `p_n` mediumint(8) unsigned,
  in `p_v` tinyint(4)
)
  modifies sql data
begin
  update `switches`
     set `switches`.`v` = `p_v`
   where `switches`.`c` = `p_c`
     and `switches`.`n` = `p_n`;
end //

create procedure `sp_switches_delete`(
  in `p_c` bit(1),
  in `p_n` mediumint(8) unsigned
)
  modifies sql data
begin
  delete from `switches`
   where `switches`.`c` = `p_c`
     and `switches`.`n` = `p_n`;
end //


-- odd_tag: tag
create procedure `sp_tag_create`(
  in `p_name` varchar(20)
)
  modifies sql data
begin
  insert into `tag` (`name`)
  values (`p_name`);
  select last_insert_id();
end //

create procedure `sp_tag_update`(
  in `p_id` int(11),
  in `p_name` varchar(20)
)
  modifies sql data
begin
  update `tag`
     set `tag`.`name` = `p_name`
   where `tag`.`id` = `p_id`;
end //

create procedure `sp_tag_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `tag`
   where `tag`.`id` = `p_id`;
end //


-- odd_tally: tally
create procedure `sp_tally_create`(
  in `p_name` varchar(20),
  in `p_n` int(11)
)
  modifies sql data
begin
  insert into `tally` (`name`, `n`)
  values (`p_name`, `p_n`);
end //

create procedure `sp_tally_update`(
  in `p_name` varchar(20),
  in `p_n` int(11)
)
  modifies sql data
begin
  update `tally`
     set `tally`.`n` = `p_n`
   where `tally`.`name` = `p_name`;
end //

create procedure `sp_tally_delete`(
  in `p_name` varchar(20)
)
  modifies sql data
begin
  delete from `tally`
   where `tally`.`name` = `p_name`;
end //


-- odd_vintage: vintage
create procedure `sp_vintage_create`(
  in `p_y` year(4),
  in `p_bottled` year(4),
  in `p_label` varchar(20)
)
  modifies sql data
begin
  insert into `vintage` (`y`, `bottled`, `label`)
  values (`p_y`, `p_bottled`, `p_label`);
end //

create procedure `sp_vintage_update`(
  in `p_y` year(4),
  in `p_bottled` year(4),
  in `p_label` varchar(20)
)
  modifies sql data
begin
  update `vintage`
     set `vintage`.`bottled` = `p_bottled`,
         `vintage`.`label` = `p_label`
   where `vintage`.`y` = `p_y`;
end //

create procedure `sp_vintage_delete`(
  in `p_y` year(4)
)
  modifies sql data
begin
  delete from `vintage`
   where `vintage`.`y` = `p_y`;
end //


-- odd_visit: visit
create procedure `sp_visit_create`(
  in `p_id` int(11),
  in `p_who` varchar(20)
)
  modifies sql data
begin
  insert into `visit` (`id`, `who`)
  values (`p_id`, `p_who`);
end //

create procedure `sp_visit_update`(
  in `p_id` int(11),
  in `p_who` varchar(20)
)
  modifies sql data
begin
  update `visit`
     set `visit`.`who` = `p_who`
   where `visit`.`id` = `p_id`;
end //

create procedure `sp_visit_delete`(
  in `p_id` int(11)
)
  modifies sql data
begin
  delete from `visit`
   where `visit`.`id` = `p_id`;
end //


delimiter ;
