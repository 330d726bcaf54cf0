-- What `beds import` proposes for the database `harbour`: read it, edit it, and run it before `beds verify`. From
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

-- berth_place: Berth Place
create procedure `sp_berth_place_create`(
  in `p_quay` char(3),
  in `p_no` tinyint(3) unsigned,
  in `p_max_loa` decimal(6,2),
  in `p_depth_m` decimal(4,1),
  in `p_groesse` smallint(6),
  in `p_order` int(11),
  in `p_free_text` text
)
  modifies sql data
begin
  insert into `Berth Place` (`Quay`, `No`, `Max LOA`, `depth (m)`, `Größe`, `order`, `Free Text`)
  values (`p_quay`, `p_no`, `p_max_loa`, `p_depth_m`, `p_groesse`, `p_order`, `p_free_text`);
end //

create procedure `sp_berth_place_update`(
  in `p_quay` char(3),
  in `p_no` tinyint(3) unsigned,
  in `p_max_loa` decimal(6,2),
  in `p_depth_m` decimal(4,1),
  in `p_groesse` smallint(6),
  in `p_order` int(11),
  in `p_free_text` text
)
  modifies sql data
begin
  update `Berth Place`
     set `Berth Place`.`Max LOA` = `p_max_loa`,
         `Berth Place`.`depth (m)` = `p_depth_m`,
         `Berth Place`.`Größe` = `p_groesse`,
         `Berth Place`.`order` = `p_order`,
         `Berth Place`.`Free Text` = `p_free_text`
   where `Berth Place`.`Quay` = `p_quay`
     and `Berth Place`.`No` = `p_no`;
end //

create procedure `sp_berth_place_delete`(
  in `p_quay` char(3),
  in `p_no` tinyint(3) unsigned
)
  modifies sql data
begin
  delete from `Berth Place`
   where `Berth Place`.`Quay` = `p_quay`
     and `Berth Place`.`No` = `p_no`;
end //


-- gate_log: GATE_LOG
create procedure `sp_gate_log_create`(
  in `p_ts` datetime(6),
  in `p_container` char(11),
  in `p_dir` char(1),
  in `p_lane` tinyint(4),
  in `p_raw` blob
)
  modifies sql data
begin
  insert into `GATE_LOG` (`ts`, `container`, `dir`, `lane`, `raw`)
  values (`p_ts`, `p_container`, `p_dir`, `p_lane`, `p_raw`);
end //


-- vessel: Vessel
create procedure `sp_vessel_create`(
  in `p_imo_number` char(7),
  in `p_name` varchar(80) character set latin1 collate latin1_swedish_ci,
  in `p_class` enum('tanker','bulk','container','ro-ro','ferry','yacht'),
  in `p_flag` char(2),
  in `p_built_in` year(4),
  in `p_gross_tonnage` mediumint(8) unsigned,
  in `p_length_over_all` decimal(6,2) unsigned,
  in `p_draught` float,
  in `p_is_laid_up` tinyint(1),
  in `p_gear` set('crane','ramp','pump','reefer')
)
  modifies sql data
begin
  insert into `Vessel` (`IMO-Number`, `Name`, `Class`, `Flag`, `BuiltIn`, `GrossTonnage`, `LengthOverAll`, `Draught`, `IsLaidUp`, `Gear`)
  values (`p_imo_number`, `p_name`, `p_class`, `p_flag`, `p_built_in`, `p_gross_tonnage`, `p_length_over_all`, `p_draught`, `p_is_laid_up`, `p_gear`);
  select last_insert_id();
end //

create procedure `sp_vessel_update`(
  in `p_vessel_id` int(10) unsigned,
  in `p_imo_number` char(7),
  in `p_name` varchar(80) character set latin1 collate latin1_swedish_ci,
  in `p_class` enum('tanker','bulk','container','ro-ro','ferry','yacht'),
  in `p_flag` char(2),
  in `p_built_in` year(4),
  in `p_gross_tonnage` mediumint(8) unsigned,
  in `p_length_over_all` decimal(6,2) unsigned,
  in `p_draught` float,
  in `p_is_laid_up` tinyint(1),
  in `p_gear` set('crane','ramp','pump','reefer')
)
  modifies sql data
begin
  update `Vessel`
     set `Vessel`.`IMO-Number` = `p_imo_number`,
         `Vessel`.`Name` = `p_name`,
         `Vessel`.`Class` = `p_class`,
         `Vessel`.`Flag` = `p_flag`,
         `Vessel`.`BuiltIn` = `p_built_in`,
         `Vessel`.`GrossTonnage` = `p_gross_tonnage`,
         `Vessel`.`LengthOverAll` = `p_length_over_all`,
         `Vessel`.`Draught` = `p_draught`,
         `Vessel`.`IsLaidUp` = `p_is_laid_up`,
         `Vessel`.`Gear` = `p_gear`
   where `Vessel`.`VesselID` = `p_vessel_id`;
end //

create procedure `sp_vessel_delete`(
  in `p_vessel_id` int(10) unsigned
)
  modifies sql data
begin
  delete from `Vessel`
   where `Vessel`.`VesselID` = `p_vessel_id`;
end //


-- admin_data: admin
create procedure `sp_admin_create`(
  in `p_key` varchar(30),
  in `p_value` varchar(400)
)
  modifies sql data
begin
  insert into `admin` (`key`, `value`)
  values (`p_key`, `p_value`);
end //

create procedure `sp_admin_update`(
  in `p_key` varchar(30),
  in `p_value` varchar(400)
)
  modifies sql data
begin
  update `admin`
     set `admin`.`value` = `p_value`
   where `admin`.`key` = `p_key`;
end //

create procedure `sp_admin_delete`(
  in `p_key` varchar(30)
)
  modifies sql data
begin
  delete from `admin`
   where `admin`.`key` = `p_key`;
end //


-- binary_keys: binary_keys
create procedure `sp_binary_keys_create`(
  in `p_id` binary(16),
  in `p_note` varchar(100)
)
  modifies sql data
begin
  insert into `binary_keys` (`id`, `note`)
  values (`p_id`, `p_note`);
end //


-- cargo_manifest: cargo_manifest
create procedure `sp_cargo_manifest_create`(
  in `p_call_id` bigint(20) unsigned,
  in `p_line` smallint(6),
  in `p_type_code` varchar(6),
  in `p_tonnes` decimal(12,3),
  in `p_direction` enum('in','out'),
  in `p_seal` varbinary(32),
  in `p_document` longblob,
  in `p_attributes` longtext
)
  modifies sql data
begin
  insert into `cargo_manifest` (`call_id`, `line`, `type_code`, `tonnes`, `direction`, `seal`, `document`, `attributes`)
  values (`p_call_id`, `p_line`, `p_type_code`, `p_tonnes`, `p_direction`, `p_seal`, `p_document`, `p_attributes`);
end //

create procedure `sp_cargo_manifest_update`(
  in `p_call_id` bigint(20) unsigned,
  in `p_line` smallint(6),
  in `p_type_code` varchar(6),
  in `p_tonnes` decimal(12,3),
  in `p_direction` enum('in','out'),
  in `p_seal` varbinary(32),
  in `p_document` longblob,
  in `p_attributes` longtext
)
  modifies sql data
begin
  update `cargo_manifest`
     set `cargo_manifest`.`type_code` = `p_type_code`,
         `cargo_manifest`.`tonnes` = `p_tonnes`,
         `cargo_manifest`.`direction` = `p_direction`,
         `cargo_manifest`.`seal` = `p_seal`,
         `cargo_manifest`.`document` = `p_document`,
         `cargo_manifest`.`attributes` = `p_attributes`
   where `cargo_manifest`.`call_id` = `p_call_id`
     and `cargo_manifest`.`line` = `p_line`;
end //

create procedure `sp_cargo_manifest_delete`(
  in `p_call_id` bigint(20) unsigned,
  in `p_line` smallint(6)
)
  modifies sql data
begin
  delete from `cargo_manifest`
   where `cargo_manifest`.`call_id` = `p_call_id`
     and `cargo_manifest`.`line` = `p_line`;
end //


-- cargo_type: cargo_type
create procedure `sp_cargo_type_create`(
  in `p_code` varchar(6),
  in `p_label` varchar(60),
  in `p_un_number` smallint(5) unsigned,
  in `p_hazardous` bit(1),
  in `p_flags` bit(12)
)
  modifies sql data
begin
  insert into `cargo_type` (`code`, `label`, `un_number`, `hazardous`, `flags`)
  values (`p_code`, `p_label`, `p_un_number`, `p_hazardous`, `p_flags`);
end //

create procedure `sp_cargo_type_update`(
  in `p_code` varchar(6),
  in `p_label` varchar(60),
  in `p_un_number` smallint(5) unsigned,
  in `p_hazardous` bit(1),
  in `p_flags` bit(12)
)
  modifies sql data
begin
  update `cargo_type`
     set `cargo_type`.`label` = `p_label`,
         `cargo_type`.`un_number` = `p_un_number`,
         `cargo_type`.`hazardous` = `p_hazardous`,
         `cargo_type`.`flags` = `p_flags`
   where `cargo_type`.`code` = `p_code`;
end //

create procedure `sp_cargo_type_delete`(
  in `p_code` varchar(6)
)
  modifies sql data
begin
  delete from `cargo_type`
   where `cargo_type`.`code` = `p_code`;
end //


-- container: container
create procedure `sp_container_insert`(
  in `p_container_no` char(11),
  in `p_iso_type` char(4),
  in `p_owner` varchar(40),
  in `p_last_seen` date
)
  modifies sql data
begin
  insert into `container` (`container_no`, `iso_type`, `owner`, `last_seen`)
  values (`p_container_no`, `p_iso_type`, `p_owner`, `p_last_seen`);
end //

create procedure `sp_container_update`(
  in `p_container_no` char(11),
  in `p_iso_type` char(4),
  in `p_owner` varchar(40),
  in `p_last_seen` date
)
  modifies sql data
begin
  update `container`
     set `container`.`iso_type` = `p_iso_type`,
         `container`.`owner` = `p_owner`,
         `container`.`last_seen` = `p_last_seen`
   where `container`.`container_no` = `p_container_no`;
end //

create procedure `sp_container_delete`(
  in `p_container_no` char(11)
)
  modifies sql data
begin
  delete from `container`
   where `container`.`container_no` = `p_container_no`;
end //


-- invoice: invoice
create procedure `sp_invoice_create`(
  in `p_customer_no` varchar(10),
  in `p_call_id` bigint(20) unsigned,
  in `p_issued_on` date,
  in `p_due_on` date,
  in `p_total` decimal(14,2),
  in `p_vat_rate` decimal(5,4),
  in `p_state` enum('','draft','sent','paid','void')
)
  modifies sql data
begin
  insert into `invoice` (`customer_no`, `call_id`, `issued_on`, `due_on`, `total`, `vat_rate`, `state`, `version`)
  values (`p_customer_no`, `p_call_id`, `p_issued_on`, `p_due_on`, `p_total`, `p_vat_rate`, `p_state`, 1);
  select last_insert_id();
end //

create procedure `sp_invoice_update`(
  in `p_invoice_no` int(10) unsigned,
  in `p_customer_no` varchar(10),
  in `p_call_id` bigint(20) unsigned,
  in `p_issued_on` date,
  in `p_due_on` date,
  in `p_total` decimal(14,2),
  in `p_vat_rate` decimal(5,4),
  in `p_state` enum('','draft','sent','paid','void'),
  in `p_version` int(10) unsigned
)
  modifies sql data
begin
  update `invoice`
     set `invoice`.`customer_no` = `p_customer_no`,
         `invoice`.`call_id` = `p_call_id`,
         `invoice`.`issued_on` = `p_issued_on`,
         `invoice`.`due_on` = `p_due_on`,
         `invoice`.`total` = `p_total`,
         `invoice`.`vat_rate` = `p_vat_rate`,
         `invoice`.`state` = `p_state`,
         `invoice`.`version` = `invoice`.`version` + 1
   where `invoice`.`invoice_no` = `p_invoice_no`
     and (`p_version` is null or `invoice`.`version` = `p_version`);
end //

create procedure `sp_invoice_delete`(
  in `p_invoice_no` int(10) unsigned,
  in `p_version` int(10) unsigned
)
  modifies sql data
begin
  delete from `invoice`
   where `invoice`.`invoice_no` = `p_invoice_no`
     and (`p_version` is null or `invoice`.`version` = `p_version`);
end //


-- invoice_line: invoice_line
create procedure `sp_invoice_line_create`(
  in `p_invoice_no` int(10) unsigned,
  in `p_pos` int(11),
  in `p_text` varchar(200),
  in `p_quantity` decimal(12,3),
  in `p_price` decimal(14,4)
)
  modifies sql data
begin
  insert into `invoice_line` (`invoice_no`, `pos`, `text`, `quantity`, `price`)
  values (`p_invoice_no`, `p_pos`, `p_text`, `p_quantity`, `p_price`);
end //

create procedure `sp_invoice_line_update`(
  in `p_invoice_no` int(10) unsigned,
  in `p_pos` int(11),
  in `p_text` varchar(200),
  in `p_quantity` decimal(12,3),
  in `p_price` decimal(14,4)
)
  modifies sql data
begin
  update `invoice_line`
     set `invoice_line`.`text` = `p_text`,
         `invoice_line`.`quantity` = `p_quantity`,
         `invoice_line`.`price` = `p_price`
   where `invoice_line`.`invoice_no` = `p_invoice_no`
     and `invoice_line`.`pos` = `p_pos`;
end //

create procedure `sp_invoice_line_delete`(
  in `p_invoice_no` int(10) unsigned,
  in `p_pos` int(11)
)
  modifies sql data
begin
  delete from `invoice_line`
   where `invoice_line`.`invoice_no` = `p_invoice_no`
     and `invoice_line`.`pos` = `p_pos`;
end //


-- port_calls: port_calls
create procedure `sp_port_calls_create`(
  in `p_vessel_id` int(10) unsigned,
  in `p_quay` char(3),
  in `p_berth_no` tinyint(3) unsigned,
  in `p_eta` datetime,
  in `p_ata` datetime,
  in `p_etd` datetime,
  in `p_atd` datetime,
  in `p_status` varchar(12),
  in `p_pilot_minutes` time,
  in `p_remarks` varchar(500)
)
  modifies sql data
begin
  insert into `port_calls` (`vessel_id`, `quay`, `berth_no`, `eta`, `ata`, `etd`, `atd`, `status`, `pilot_minutes`, `remarks`, `lock_version`)
  values (`p_vessel_id`, `p_quay`, `p_berth_no`, `p_eta`, `p_ata`, `p_etd`, `p_atd`, `p_status`, `p_pilot_minutes`, `p_remarks`, 1);
  select last_insert_id();
end //

create procedure `sp_port_calls_update`(
  in `p_id` bigint(20) unsigned,
  in `p_vessel_id` int(10) unsigned,
  in `p_quay` char(3),
  in `p_berth_no` tinyint(3) unsigned,
  in `p_eta` datetime,
  in `p_ata` datetime,
  in `p_etd` datetime,
  in `p_atd` datetime,
  in `p_status` varchar(12),
  in `p_pilot_minutes` time,
  in `p_remarks` varchar(500),
  in `p_lock_version` int(11)
)
  modifies sql data
begin
  update `port_calls`
     set `port_calls`.`vessel_id` = `p_vessel_id`,
         `port_calls`.`quay` = `p_quay`,
         `port_calls`.`berth_no` = `p_berth_no`,
         `port_calls`.`eta` = `p_eta`,
         `port_calls`.`ata` = `p_ata`,
         `port_calls`.`etd` = `p_etd`,
         `port_calls`.`atd` = `p_atd`,
         `port_calls`.`status` = `p_status`,
         `port_calls`.`pilot_minutes` = `p_pilot_minutes`,
         `port_calls`.`remarks` = `p_remarks`,
         `port_calls`.`lock_version` = `port_calls`.`lock_version` + 1
   where `port_calls`.`id` = `p_id`
     and (`p_lock_version` is null or `port_calls`.`lock_version` = `p_lock_version`);
end //

create procedure `sp_port_calls_delete`(
  in `p_id` bigint(20) unsigned,
  in `p_lock_version` int(11)
)
  modifies sql data
begin
  delete from `port_calls`
   where `port_calls`.`id` = `p_id`
     and (`p_lock_version` is null or `port_calls`.`lock_version` = `p_lock_version`);
end //


-- shift: shift
create procedure `sp_shift_create`(
  in `p_staff_no` smallint(5) unsigned,
  in `p_date` date,
  in `p_from` time,
  in `p_until` time,
  in `p_group` varchar(20)
)
  modifies sql data
begin
  insert into `shift` (`staff_no`, `date`, `from`, `until`, `group`)
  values (`p_staff_no`, `p_date`, `p_from`, `p_until`, `p_group`);
end //

create procedure `sp_shift_update`(
  in `p_staff_no` smallint(5) unsigned,
  in `p_date` date,
  in `p_from` time,
  in `p_until` time,
  in `p_group` varchar(20)
)
  modifies sql data
begin
  update `shift`
     set `shift`.`until` = `p_until`,
         `shift`.`group` = `p_group`
   where `shift`.`staff_no` = `p_staff_no`
     and `shift`.`date` = `p_date`
     and `shift`.`from` = `p_from`;
end //

create procedure `sp_shift_delete`(
  in `p_staff_no` smallint(5) unsigned,
  in `p_date` date,
  in `p_from` time
)
  modifies sql data
begin
  delete from `shift`
   where `shift`.`staff_no` = `p_staff_no`
     and `shift`.`date` = `p_date`
     and `shift`.`from` = `p_from`;
end //


-- staff: staff
create procedure `sp_staff_update`(
  in `p_staff_no` smallint(5) unsigned,
  in `p_first_name` varchar(45),
  in `p_last_name` varchar(45),
  in `p_hired` date,
  in `p_username` varchar(16)
)
  modifies sql data
begin
  update `staff`
     set `staff`.`first_name` = `p_first_name`,
         `staff`.`last_name` = `p_last_name`,
         `staff`.`hired` = `p_hired`,
         `staff`.`username` = `p_username`
   where `staff`.`staff_no` = `p_staff_no`;
end //

create procedure `sp_staff_delete`(
  in `p_staff_no` smallint(5) unsigned
)
  modifies sql data
begin
  delete from `staff`
   where `staff`.`staff_no` = `p_staff_no`;
end //


-- tariffs: tariffs
create procedure `sp_tariffs_create`(
  in `p_tariff_code` varchar(12),
  in `p_valid_from` date,
  in `p_valid_to` date,
  in `p_per_tonne` decimal(10,4),
  in `p_minimum` decimal(10,2)
)
  modifies sql data
begin
  insert into `tariffs` (`tariff_code`, `valid_from`, `valid_to`, `per_tonne`, `minimum`)
  values (`p_tariff_code`, `p_valid_from`, `p_valid_to`, `p_per_tonne`, `p_minimum`);
  select last_insert_id();
end //

create procedure `sp_tariffs_update`(
  in `p_tariff_id` int(11),
  in `p_tariff_code` varchar(12),
  in `p_valid_from` date,
  in `p_valid_to` date,
  in `p_per_tonne` decimal(10,4),
  in `p_minimum` decimal(10,2)
)
  modifies sql data
begin
  update `tariffs`
     set `tariffs`.`tariff_code` = `p_tariff_code`,
         `tariffs`.`valid_from` = `p_valid_from`,
         `tariffs`.`valid_to` = `p_valid_to`,
         `tariffs`.`per_tonne` = `p_per_tonne`,
         `tariffs`.`minimum` = `p_minimum`
   where `tariffs`.`tariff_id` = `p_tariff_id`;
end //

create procedure `sp_tariffs_delete`(
  in `p_tariff_id` int(11)
)
  modifies sql data
begin
  delete from `tariffs`
   where `tariffs`.`tariff_id` = `p_tariff_id`;
end //


-- tide_level: tide_level
create procedure `sp_tide_level_create`(
  in `p_station` smallint(6),
  in `p_at` datetime,
  in `p_level_cm` smallint(6)
)
  modifies sql data
begin
  insert into `tide_level` (`station`, `at`, `level_cm`)
  values (`p_station`, `p_at`, `p_level_cm`);
end //

create procedure `sp_tide_level_update`(
  in `p_station` smallint(6),
  in `p_at` datetime,
  in `p_level_cm` smallint(6)
)
  modifies sql data
begin
  update `tide_level`
     set `tide_level`.`level_cm` = `p_level_cm`
   where `tide_level`.`station` = `p_station`
     and `tide_level`.`at` = `p_at`;
end //

create procedure `sp_tide_level_delete`(
  in `p_station` smallint(6),
  in `p_at` datetime
)
  modifies sql data
begin
  delete from `tide_level`
   where `tide_level`.`station` = `p_station`
     and `tide_level`.`at` = `p_at`;
end //


-- weather_station: weather_station
create procedure `sp_weather_station_update`(
  in `p_station` smallint(6),
  in `p_name` varchar(40),
  in `p_elevation` double
)
  modifies sql data
begin
  update `weather_station`
     set `weather_station`.`name` = `p_name`,
         `weather_station`.`elevation` = `p_elevation`
   where `weather_station`.`station` = `p_station`;
end //

create procedure `sp_weather_station_delete`(
  in `p_station` smallint(6)
)
  modifies sql data
begin
  delete from `weather_station`
   where `weather_station`.`station` = `p_station`;
end //


-- wp_options: wp_options
create procedure `sp_wp_options_create`(
  in `p_option_name` varchar(191) character set utf8mb4 collate utf8mb4_general_ci,
  in `p_option_value` longtext character set utf8mb4 collate utf8mb4_general_ci,
  in `p_autoload` varchar(20) character set utf8mb4 collate utf8mb4_general_ci
)
  modifies sql data
begin
  insert into `wp_options` (`option_name`, `option_value`, `autoload`)
  values (`p_option_name`, `p_option_value`, `p_autoload`);
  select last_insert_id();
end //

create procedure `sp_wp_options_update`(
  in `p_option_id` bigint(20) unsigned,
  in `p_option_name` varchar(191) character set utf8mb4 collate utf8mb4_general_ci,
  in `p_option_value` longtext character set utf8mb4 collate utf8mb4_general_ci,
  in `p_autoload` varchar(20) character set utf8mb4 collate utf8mb4_general_ci
)
  modifies sql data
begin
  update `wp_options`
     set `wp_options`.`option_name` = `p_option_name`,
         `wp_options`.`option_value` = `p_option_value`,
         `wp_options`.`autoload` = `p_autoload`
   where `wp_options`.`option_id` = `p_option_id`;
end //

create procedure `sp_wp_options_delete`(
  in `p_option_id` bigint(20) unsigned
)
  modifies sql data
begin
  delete from `wp_options`
   where `wp_options`.`option_id` = `p_option_id`;
end //


delimiter ;
