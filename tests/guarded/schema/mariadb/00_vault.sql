create database if not exists vault character set utf8mb4 collate utf8mb4_general_ci;
use vault;

create table if not exists deed (
    id varchar(80) not null primary key,
    title varchar(80) not null,
    owner varchar(80) null,
    status enum('draft', 'active') not null default 'draft',
    margin decimal(8,2) null,
    price decimal(8,2) null,
    made_by varchar(255) null,
    revision bigint not null default 1,
    unique key title (title)
);

create table if not exists wayward (
    id varchar(80) not null primary key,
    title varchar(80) not null
);

create or replace view v_wayward as select id, title from wayward;

create or replace view v_deed as select id, title, owner, status, margin, price, revision from deed;

delimiter //

create or replace procedure sp_deed_create(
    in p_id varchar(80), in p_title varchar(80), in p_owner varchar(80), in p_status varchar(16),
    in p_margin decimal(8,2), in p_price decimal(8,2), in p_user varchar(255))
    modifies sql data
begin
    insert into deed (id, title, owner, status, margin, price, made_by)
    values (p_id, p_title, p_owner, p_status, p_margin, p_price, p_user);
end //

create or replace procedure sp_wayward_create(in p_id varchar(80), in p_title varchar(80))
    modifies sql data
begin
    insert into wayward (id, title) values (p_id, p_title);
end //

create or replace procedure sp_deed_update(
    in p_id varchar(80), in p_title varchar(80), in p_request_id varchar(255), in p_owner varchar(80),
    in p_status varchar(16), in p_margin decimal(8,2), in p_price decimal(8,2), in p_revision bigint)
    modifies sql data
begin
    update deed
    set title = p_title, owner = p_owner, status = p_status, margin = p_margin, price = p_price,
        revision = revision + 1
    where id = p_id and (p_revision is null or revision = p_revision);
end //

create or replace procedure sp_deed_upsert(
    in p_id varchar(80), in p_title varchar(80), in p_owner varchar(80), in p_status varchar(16),
    in p_margin decimal(8,2), in p_price decimal(8,2))
    modifies sql data
begin
    insert into deed (id, title, owner, status, margin, price)
    values (p_id, p_title, p_owner, p_status, p_margin, p_price)
    on duplicate key update title = p_title, owner = p_owner, status = p_status, margin = p_margin,
        price = p_price, revision = revision + 1;
end //

create or replace procedure sp_deed_delete(in p_id varchar(80), in p_revision bigint)
    modifies sql data
begin
    delete from deed where id = p_id and (p_revision is null or revision = p_revision);
end //

create or replace procedure sp_deed_mine(in p_caller varchar(255), in p_roles text)
    reads sql data
begin
    select id, p_caller, p_roles from deed where owner = p_caller order by id;
end //

create or replace procedure sp_deed_restock(
    in p_id varchar(80), in p_by varchar(255), in p_session varchar(255), in p_node varchar(255), in p_at datetime(6))
    modifies sql data
begin
    update deed set made_by = concat(p_by, '/', ifnull(p_session, '-')) where id = p_id and p_node is not null
        and p_at is not null;
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
