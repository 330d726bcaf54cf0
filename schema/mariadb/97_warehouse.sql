-- The warehouse: the objects of templates/example_wh_rec.toml. They have a database of their own, so that it can be on
-- another server. It has old records of the template example, unchanged.

create database if not exists warehouse
  character set utf8mb4
  collate utf8mb4_unicode_ci;
use warehouse;

-- Numbers are not unique here: an article that is sold again has a new record in `example`.
create table if not exists example (
    id          uuid not null primary key,
    sku         varchar(40) not null,
    title       varchar(200) not null,
    body        text null,
    status      enum('draft', 'active', 'retired') not null,
    price       decimal(12,2) null,
    stock       int unsigned not null,
    weight      double null,
    fragile     boolean not null,
    released_on date null,
    ships_at    time(6) null,
    tags        json null,
    size        json null,
    extra       json null,
    thumbnail   blob null,
    supplier    varchar(120) null,
    origin      char(2) not null,
    created_at  datetime(6) not null,
    changed_at  datetime(6) not null,
    revision    bigint not null default 1,
    key sku (sku),
    key status (status, created_at),
    key created_at (created_at)
) engine = innodb;

create or replace view v_example as
select id, sku, title, body, status, price, stock, weight, fragile, released_on, ships_at, tags, size, extra,
       thumbnail, supplier, origin, created_at, changed_at, revision
from example;

delimiter //

create or replace procedure sp_example_create(
    in p_id uuid, in p_sku varchar(40), in p_title varchar(200), in p_body text, in p_status varchar(16),
    in p_price decimal(12,2), in p_stock int unsigned, in p_weight double, in p_fragile boolean,
    in p_released_on date, in p_ships_at time(6), in p_tags json, in p_size json, in p_extra json,
    in p_thumbnail blob, in p_supplier varchar(120), in p_origin char(2), in p_created_at datetime(6),
    in p_changed_at datetime(6))
    modifies sql data
begin
    insert into example (id, sku, title, body, status, price, stock, weight, fragile, released_on, ships_at,
                         tags, size, extra, thumbnail, supplier, origin, created_at, changed_at)
    values (p_id, p_sku, p_title, p_body, p_status, p_price, p_stock, p_weight, p_fragile, p_released_on, p_ships_at,
            p_tags, p_size, p_extra, p_thumbnail, p_supplier, p_origin, p_created_at, p_changed_at);
end //

create or replace procedure sp_example_update(
    in p_id uuid, in p_sku varchar(40), in p_title varchar(200), in p_body text, in p_status varchar(16),
    in p_price decimal(12,2), in p_stock int unsigned, in p_weight double, in p_fragile boolean,
    in p_released_on date, in p_ships_at time(6), in p_tags json, in p_size json, in p_extra json,
    in p_thumbnail blob, in p_supplier varchar(120), in p_origin char(2), in p_created_at datetime(6),
    in p_changed_at datetime(6), in p_revision bigint)
    modifies sql data
begin
    update example
    set sku = p_sku, title = p_title, body = p_body, status = p_status, price = p_price, stock = p_stock,
        weight = p_weight, fragile = p_fragile, released_on = p_released_on, ships_at = p_ships_at, tags = p_tags,
        size = p_size, extra = p_extra, thumbnail = p_thumbnail, supplier = p_supplier, origin = p_origin,
        created_at = p_created_at, changed_at = p_changed_at, revision = revision + 1
    where id = p_id and (p_revision is null or revision = p_revision);
end //

create or replace procedure sp_example_delete(in p_id uuid, in p_revision bigint)
    modifies sql data
begin
    delete from example where id = p_id and (p_revision is null or revision = p_revision);
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
