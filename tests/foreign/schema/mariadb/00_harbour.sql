-- A harbour's database as such databases are: grown over twenty years, by several hands, in several styles. It was
-- not written for BEDS, and nothing in it may be changed to suit the importer.

create database if not exists harbour character set utf8mb4 collate utf8mb4_unicode_ci;
use harbour;
set names utf8mb4;

-- Vessels and berths ----------------------------------------------------------------------------------------------

create table Vessel (
  VesselID      int unsigned not null auto_increment,
  `IMO-Number`  char(7) not null comment 'Number of the ship at the IMO',
  Name          varchar(80) character set latin1 collate latin1_swedish_ci not null,
  `Class`       enum('tanker','bulk','container','ro-ro','ferry','yacht') not null default 'bulk',
  Flag          char(2) null,
  BuiltIn       year null,
  GrossTonnage  mediumint unsigned null,
  LengthOverAll decimal(6,2) unsigned null comment 'Metres',
  Draught       float null,
  IsLaidUp      tinyint(1) not null default 0,
  Gear          set('crane','ramp','pump','reefer') null,
  Position      point null,
  CreatedAt     timestamp not null default current_timestamp,
  ChangedAt     timestamp not null default current_timestamp on update current_timestamp,
  primary key (VesselID),
  unique key UQ_IMO (`IMO-Number`),
  key IX_Flag_Class (Flag, `Class`)
) engine = innodb comment = 'Ships that have called, and some that never did';

create table `Berth Place` (
  `Quay`      char(3) not null,
  `No`        tinyint unsigned not null,
  `Max LOA`   decimal(6,2) null,
  `depth (m)` decimal(4,1) not null default 7.5,
  `Größe`     smallint null,
  `order`     int not null default 0,
  `Free Text` text null,
  primary key (`Quay`, `No`)
) engine = innodb;

create table port_calls (
  id            bigint unsigned not null auto_increment primary key,
  vessel_id     int unsigned not null,
  quay          char(3) null,
  berth_no      tinyint unsigned null,
  eta           datetime not null,
  ata           datetime null,
  etd           datetime null,
  atd           datetime null,
  stay_hours    int generated always as (timestampdiff(hour, ata, atd)) stored,
  status        varchar(12) not null default 'announced',
  pilot_minutes time null,
  remarks       varchar(500) null,
  lock_version  int not null default 1,
  key ix_eta (eta),
  key ix_status_eta (status, eta),
  constraint fk_call_vessel foreign key (vessel_id) references Vessel (VesselID),
  constraint fk_call_berth foreign key (quay, berth_no) references `Berth Place` (`Quay`, `No`)
) engine = innodb;

-- Cargo -----------------------------------------------------------------------------------------------------------

create table cargo_type (
  code        varchar(6) not null primary key,
  label       varchar(60) not null,
  un_number   smallint unsigned null unique,
  hazardous   bit(1) not null default b'0',
  flags       bit(12) null
) engine = innodb;

create table cargo_manifest (
  call_id     bigint unsigned not null,
  line        smallint not null,
  type_code   varchar(6) not null,
  tonnes      decimal(12,3) not null,
  direction   enum('in','out') not null,
  seal        varbinary(32) null,
  document    longblob null,
  attributes  json null,
  primary key (call_id, line),
  constraint fk_manifest_call foreign key (call_id) references port_calls (id),
  constraint fk_manifest_type foreign key (type_code) references cargo_type (code)
) engine = innodb;

create table container (
  container_no  char(11) not null,
  iso_type      char(4) not null,
  owner         varchar(40) not null,
  last_seen     date null,
  primary key (container_no)
) engine = innodb;

-- No key at all: events of the gate, written by a device.
create table GATE_LOG (
  ts        datetime(6) not null,
  container char(11) not null,
  dir       char(1) not null,
  lane      tinyint not null,
  raw       blob null,
  key ix_ts (ts),
  key ix_container (container)
) engine = innodb;

-- Money -----------------------------------------------------------------------------------------------------------

create table tblCustomers (
  CustomerNo    varchar(10) not null primary key,
  CompanyName   varchar(120) not null,
  VATNumber     varchar(20) null,
  Email         varchar(120) null,
  PortalPassword varchar(255) null,
  CreditLimit   decimal(14,2) not null default 0.00,
  Discount      double null,
  ValidFrom     date not null default '2000-01-01',
  Blocked       char(1) not null default 'N',
  unique key uq_vat (VATNumber)
) engine = innodb comment = 'Who pays';

create table tariffs (
  tariff_id   int not null auto_increment primary key,
  tariff_code varchar(12) not null,
  valid_from  date not null,
  valid_to    date null,
  per_tonne   decimal(10,4) not null,
  minimum     decimal(10,2) not null default 25.00,
  unique key uq_tariff (tariff_code, valid_from)
) engine = innodb;

create table invoice (
  invoice_no   int unsigned not null auto_increment,
  customer_no  varchar(10) not null,
  call_id      bigint unsigned null,
  issued_on    date not null,
  due_on       date not null default '0000-00-00',
  total        decimal(14,2) not null default 0,
  vat_rate     decimal(5,4) not null default 0.1900,
  vat          decimal(14,2) as (round(total * vat_rate, 2)) virtual,
  state        enum('','draft','sent','paid','void') not null default 'draft',
  version      int unsigned not null default 1,
  primary key (invoice_no),
  key ix_customer (customer_no, issued_on),
  constraint fk_invoice_customer foreign key (customer_no) references tblCustomers (CustomerNo)
) engine = innodb;

create table invoice_line (
  invoice_no int unsigned not null,
  pos        int not null,
  `text`     varchar(200) not null,
  quantity   decimal(12,3) not null default 1.000,
  price      decimal(14,4) not null,
  primary key (invoice_no, pos),
  constraint fk_line_invoice foreign key (invoice_no) references invoice (invoice_no)
) engine = innodb;

-- People ----------------------------------------------------------------------------------------------------------

create table staff (
  staff_no   smallint unsigned not null auto_increment primary key,
  first_name varchar(45) not null,
  last_name  varchar(45) not null,
  badge      uuid not null default uuid(),
  photo      mediumblob null,
  picture    mediumblob null,
  hired      date not null,
  active     boolean not null default true,
  username   varchar(16) not null,
  `password` varchar(64) null,
  ip         inet6 null,
  unique key uq_username (username),
  key ix_name (last_name, first_name)
) engine = innodb;

create table shift (
  staff_no  smallint unsigned not null,
  `date`    date not null,
  `from`    time not null,
  `until`   time not null,
  `group`   varchar(20) not null default 'quay',
  primary key (staff_no, `date`, `from`),
  constraint fk_shift_staff foreign key (staff_no) references staff (staff_no)
) engine = innodb;

-- Odds and ends ---------------------------------------------------------------------------------------------------

create table wp_options (
  option_id    bigint unsigned not null auto_increment primary key,
  option_name  varchar(191) not null default '',
  option_value longtext not null,
  autoload     varchar(20) not null default 'yes',
  unique key option_name (option_name),
  key autoload (autoload)
) engine = innodb default charset = utf8mb4;

create table binary_keys (
  id    binary(16) not null primary key,
  note  varchar(100) null
) engine = innodb;

create table `admin` (
  `key`   varchar(30) not null primary key,
  `value` varchar(400) null
) engine = innodb;

create table weather_station (
  station    smallint not null primary key,
  name       varchar(40) not null,
  location   geometry not null,
  elevation  double not null default 0
) engine = innodb;

create table tide_level (
  station  smallint not null,
  at       datetime not null,
  level_cm smallint not null,
  primary key (station, at)
) engine = innodb;

create sequence if not exists seq_document start with 1000 increment by 1;

-- Views -----------------------------------------------------------------------------------------------------------

create view v_active_vessels as
  select VesselID, `IMO-Number` as imo, Name, `Class`, Flag from Vessel where IsLaidUp = 0;

create view v_port_board as
  select c.id as call_id, v.Name as vessel, v.Flag as flag, c.eta, c.ata, c.status,
         concat(c.quay, '-', c.berth_no) as berth
    from port_calls c join Vessel v on v.VesselID = c.vessel_id;

create view `Tonnage per Year` as
  select year(c.eta) as `Year`, m.direction, m.type_code, sum(m.tonnes) as tonnes, count(*) as `lines`
    from cargo_manifest m join port_calls c on c.id = m.call_id
   group by year(c.eta), m.direction, m.type_code;

create view open_invoices as
  select i.invoice_no, i.customer_no, k.CompanyName as company, i.total + i.vat as amount
    from invoice i left join tblCustomers k on k.CustomerNo = i.customer_no
   where i.state in ('draft', 'sent');

create view staff_directory as
  select staff_no, concat(last_name, ', ', first_name) as full_name, username, active from staff order by last_name;

create view gate_today as select * from GATE_LOG where ts >= current_date;

create table gone (a int);
create view v_broken as select a from gone;
drop table gone;

-- Procedures and functions ----------------------------------------------------------------------------------------

delimiter //

-- Plain create, update and delete of customers, in the house style of 2004.
create procedure usp_InsertCustomer(
  pCustomerNo varchar(10), pCompanyName varchar(120), pVATNumber varchar(20), pEmail varchar(120),
  pPortalPassword varchar(255), pCreditLimit decimal(14,2), pDiscount double, pValidFrom date, pBlocked char(1))
begin
  insert into tblCustomers (CustomerNo, CompanyName, VATNumber, Email, PortalPassword, CreditLimit, Discount, ValidFrom, Blocked)
  values (pCustomerNo, pCompanyName, pVATNumber, pEmail, pPortalPassword, pCreditLimit, pDiscount, pValidFrom, pBlocked);
end //

create procedure usp_UpdateCustomer(
  pCustomerNo varchar(10), pCompanyName varchar(120), pVATNumber varchar(20), pEmail varchar(120))
begin
  update tblCustomers set CompanyName = pCompanyName, VATNumber = pVATNumber, Email = pEmail
   where CustomerNo = pCustomerNo;
end //

create procedure usp_DeleteCustomer(pCustomerNo varchar(10))
begin
  delete from tblCustomers where CustomerNo = pCustomerNo;
end //

-- Looks like a create of a tariff, and is more: it closes the one before. It must not become one.
create procedure add_tariff(in p_tariff_code varchar(12), in p_valid_from date, in p_per_tonne decimal(10,4))
  modifies sql data
begin
  update tariffs set valid_to = p_valid_from - interval 1 day
   where tariff_code = p_tariff_code and valid_to is null;
  insert into tariffs (tariff_code, valid_from, per_tonne) values (p_tariff_code, p_valid_from, p_per_tonne);
end //

-- A container is registered, and its number comes back in another form: an OUT parameter makes it a call.
create procedure sp_container_create(in p_container_no char(11), in p_iso_type char(4), in p_owner varchar(40), out p_printed varchar(20))
  modifies sql data
begin
  insert into container (container_no, iso_type, owner) values (p_container_no, p_iso_type, p_owner);
  set p_printed = concat(left(p_container_no, 4), ' ', substr(p_container_no, 5, 6), '-', right(p_container_no, 1));
end //

-- The new number comes back as a row.
create procedure staff_add(in p_first_name varchar(45), in p_last_name varchar(45), in p_hired date, in p_username varchar(16))
begin
  insert into staff (first_name, last_name, hired, username) values (p_first_name, p_last_name, p_hired, p_username);
  select last_insert_id();
end //

-- Two result sets, and how many.
create procedure sp_port_call_summary(in p_call bigint unsigned, out p_lines int, out p_tonnes decimal(14,3))
  reads sql data
begin
  select count(*), coalesce(sum(tonnes), 0) into p_lines, p_tonnes from cargo_manifest where call_id = p_call;
  select id, vessel_id, eta, status from port_calls where id = p_call;
  select line, type_code, tonnes, direction from cargo_manifest where call_id = p_call order by line;
end //

create procedure sp_find_vessels(in p_flag char(2), in p_class varchar(12))
  reads sql data
begin
  select VesselID, Name, `Class`, Flag from Vessel
   where (p_flag is null or Flag = p_flag) and (p_class is null or `Class` = p_class) order by Name;
end //

-- Commits by itself, as procedures of that age do.
create procedure sp_close_port_call(in p_call bigint unsigned, in p_atd datetime, inout p_status varchar(12))
begin
  declare exit handler for sqlexception begin rollback; resignal; end;
  start transaction;
  update port_calls set atd = p_atd, status = coalesce(p_status, 'left'), lock_version = lock_version + 1 where id = p_call;
  select status into p_status from port_calls where id = p_call;
  commit;
end //

-- It says that it reads, and it does not.
create procedure sp_next_document(out p_no bigint)
  reads sql data
begin
  set p_no = next value for seq_document;
end //

create procedure sp_nearest_station(in p_at point, out p_station smallint)
  reads sql data
begin
  select station into p_station from weather_station order by st_distance(location, p_at) limit 1;
end //

create function fn_tonnes_of_call(p_call bigint unsigned) returns decimal(14,3)
  reads sql data
begin
  return (select coalesce(sum(tonnes), 0) from cargo_manifest where call_id = p_call);
end //

create procedure sp_switch_lights(in p_now bit(8), out p_then bit(8), out p_any bit(1))
  no sql
begin
  set p_then = p_now ^ b'11111111';
  set p_any = p_then <> 0;
end //

create function VAT_check(number varchar(20)) returns tinyint(1) deterministic no sql
  return number regexp '^[A-Z]{2}[0-9A-Z]{2,12}$' //

create function season_of(d date) returns enum('winter','spring','summer','autumn') deterministic
  return elt(quarter(d), 'winter', 'spring', 'summer', 'autumn') //

delimiter ;

-- Some data -------------------------------------------------------------------------------------------------------

insert into Vessel (`IMO-Number`, Name, `Class`, Flag, BuiltIn, GrossTonnage, LengthOverAll, Draught, IsLaidUp, Gear, Position) values
  ('9074729', 'Ærø Fjord',    'ferry',     'DK', 1994,  4012,  88.50, 4.1, 0, 'ramp',        point(10.4, 54.9)),
  ('9321483', 'Emma Boreale', 'container', 'DK', 2006, 170794, 397.71, 15.5, 0, 'reefer',     null),
  ('8814275', 'Gdynia Star',  'bulk',      'PL', 1989, 24987, 190.00, 10.2, 1, 'crane,pump', null),
  ('9778806', 'Nordkapp',     'tanker',    'NO', 2018, 63000, 249.97, 14.9, 0, null,          null);
insert into `Berth Place` (`Quay`, `No`, `Max LOA`, `depth (m)`, `Größe`, `order`, `Free Text`) values
  ('N', 1, 120.00, 7.5, 10, 1, 'ferries'), ('N', 2, 400.00, 16.0, 90, 2, null), ('S', 1, 260.00, 15.5, 60, 3, 'tankers only');
insert into port_calls (vessel_id, quay, berth_no, eta, ata, etd, atd, status, pilot_minutes) values
  (1, 'N', 1, '2026-03-01 06:00:00', '2026-03-01 06:10:00', '2026-03-01 08:00:00', '2026-03-01 08:12:00', 'left', '00:25:00'),
  (2, 'N', 2, '2026-03-02 12:00:00', '2026-03-02 12:30:00', null, null, 'moored', '01:40:00'),
  (4, 'S', 1, '2026-03-05 04:00:00', null, null, null, 'announced', null);
insert into cargo_type values ('CRUDE', 'Crude oil', 1267, b'1', b'101'), ('BOX', 'Containers', null, b'0', null), ('GRAIN', 'Grain', null, b'0', b'1');
insert into cargo_manifest (call_id, line, type_code, tonnes, direction, seal, document, attributes) values
  (2, 1, 'BOX', 12500.250, 'in', x'00ff10', 'scan', '{"teu": 900, "reefer": true}'), (2, 2, 'BOX', 8000.000, 'out', null, null, null),
  (3, 1, 'CRUDE', 61000.000, 'in', null, null, '{"api": 32.1}');
insert into container values ('MSKU1234565', '45G1', 'Mærsk', '2026-03-02'), ('TGHU7654321', '22G1', 'Triton', null);
insert into GATE_LOG values ('2026-03-02 14:00:01.250000', 'MSKU1234565', 'O', 3, x'0102'), ('2026-03-02 14:05:09.000001', 'TGHU7654321', 'I', 1, null);
insert into tblCustomers values
  ('K-100', 'Nordic Bulk A/S', 'DK12345678', 'ap@nordic.example', 'secret', 50000, 0.05, '2004-05-01', 'N'),
  ('K-200', 'Żegluga S.A.', null, null, null, 0, null, '2000-01-01', 'J');
insert into tariffs (tariff_code, valid_from, valid_to, per_tonne, minimum) values ('QUAY', '2025-01-01', null, 0.4125, 25), ('WASTE', '2025-01-01', null, 1.9, 60);
insert into invoice (customer_no, call_id, issued_on, due_on, total, state) values ('K-100', 1, '2026-03-03', '2026-04-02', 1200.00, 'sent'), ('K-200', 2, '2026-03-06', '2026-04-05', 18450.75, 'draft');
insert into invoice_line values (1, 1, 'Quay dues', 1, 1200.0000), (2, 1, 'Quay dues', 20500.25, 0.9000);
insert into staff (first_name, last_name, hired, username, active, ip, photo) values
  ('Jürgen', 'Åberg', '2001-04-01', 'jaberg', true, '2001:db8::1', x'89504e47'), ('Maja', 'Nowak', '2019-09-15', 'mnowak', false, null, null);
insert into shift values (1, '2026-03-02', '06:00:00', '14:00:00', 'quay'), (2, '2026-03-02', '22:00:00', '06:00:00', 'gate');
insert into wp_options (option_name, option_value) values ('siteurl', 'https://harbour.example'), ('cron', 'a:1:{}');
insert into binary_keys values (x'0190163d8694739baea5966c26f8ad91', 'a key of 16 bytes');
insert into `admin` values ('motd', 'Fog until noon');
insert into weather_station values (7, 'Mole head', st_geomfromtext('POINT(10.41 54.91)'), 12.5);
insert into tide_level values (7, '2026-03-02 00:00:00', -34), (7, '2026-03-02 06:00:00', 51);
