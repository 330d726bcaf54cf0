-- The objects of templates/example_rec.toml. The DBA owns them; run as often as you like.
-- The database is created by 00_*.sql.
use catalog;

create table if not exists example (
    id          uuid not null primary key,
    sku         varchar(40) not null,
    art_title   varchar(200) not null,
    body        text null,
    status      enum('draft', 'active', 'retired') not null default 'draft',
    price       decimal(12,2) null,
    stock       int unsigned not null default 0,
    weight      double null,
    fragile     boolean not null default false,
    released_on date null,
    ships_at    time(6) null,
    tags        json null,
    size        json null,
    extra       json null,
    thumbnail   blob null,
    supplier    varchar(120) null,
    origin      char(2) not null default 'DE',
    created_at  datetime(6) not null,
    changed_at  datetime(6) not null default current_timestamp(6) on update current_timestamp(6),
    revision    bigint not null default 1,
    unique key sku (sku),
    key sku_order (sku, id),
    key status (status, created_at),
    key created_at (created_at),
    key price (price)
);

create or replace view v_example as
select id, sku, art_title, body, status, price, stock, weight, fragile, released_on, ships_at, tags, size, extra,
       thumbnail, supplier, origin, created_at, changed_at, revision
from example;

delimiter //

create or replace procedure sp_example_create(
    in p_id uuid, in p_sku varchar(40), in p_title varchar(200), in p_body text, in p_status varchar(16),
    in p_price decimal(12,2), in p_stock int unsigned, in p_weight double, in p_fragile boolean,
    in p_released_on date, in p_ships_at time(6), in p_tags json, in p_size json, in p_extra json,
    in p_thumbnail blob, in p_supplier varchar(120), in p_origin char(2), in p_created_at datetime(6))
    modifies sql data
begin
    insert into example (id, sku, art_title, body, status, price, stock, weight, fragile, released_on, ships_at,
                         tags, size, extra, thumbnail, supplier, origin, created_at)
    values (p_id, p_sku, p_title, p_body, p_status, p_price, p_stock, p_weight, p_fragile, p_released_on, p_ships_at,
            p_tags, p_size, p_extra, p_thumbnail, p_supplier, p_origin, p_created_at);
end //

-- Sets every column that it takes: the node passes whole records. A version of NULL means any. If no row is counted,
-- the node knows that key or version did not match.
create or replace procedure sp_example_update(
    in p_id uuid, in p_sku varchar(40), in p_title varchar(200), in p_body text, in p_status varchar(16),
    in p_price decimal(12,2), in p_stock int unsigned, in p_weight double, in p_fragile boolean,
    in p_released_on date, in p_ships_at time(6), in p_tags json, in p_size json, in p_extra json,
    in p_thumbnail blob, in p_supplier varchar(120), in p_revision bigint)
    modifies sql data
begin
    update example
    set sku = p_sku, art_title = p_title, body = p_body, status = p_status, price = p_price, stock = p_stock,
        weight = p_weight, fragile = p_fragile, released_on = p_released_on, ships_at = p_ships_at, tags = p_tags,
        size = p_size, extra = p_extra, thumbnail = p_thumbnail, supplier = p_supplier, revision = revision + 1
    where id = p_id and (p_revision is null or revision = p_revision);
    -- A row says that the record was changed. So there is none if key or version did not match.
    if row_count() > 0 then
        select revision from example where id = p_id;
    end if;
end //

-- Creates a row, or changes the one with this key. Fields that never change stay as they are.
create or replace procedure sp_example_upsert(
    in p_id uuid, in p_sku varchar(40), in p_title varchar(200), in p_body text, in p_status varchar(16),
    in p_price decimal(12,2), in p_stock int unsigned, in p_weight double, in p_fragile boolean,
    in p_released_on date, in p_ships_at time(6), in p_tags json, in p_size json, in p_extra json,
    in p_thumbnail blob, in p_supplier varchar(120), in p_origin char(2), in p_created_at datetime(6))
    modifies sql data
begin
    insert into example (id, sku, art_title, body, status, price, stock, weight, fragile, released_on, ships_at,
                         tags, size, extra, thumbnail, supplier, origin, created_at)
    values (p_id, p_sku, p_title, p_body, p_status, p_price, p_stock, p_weight, p_fragile, p_released_on, p_ships_at,
            p_tags, p_size, p_extra, p_thumbnail, p_supplier, p_origin, p_created_at)
    on duplicate key update
        sku = if(id = p_id, p_sku, sku),
        art_title = if(id = p_id, p_title, art_title),
        body = if(id = p_id, p_body, body),
        status = if(id = p_id, p_status, status),
        price = if(id = p_id, p_price, price),
        stock = if(id = p_id, p_stock, stock),
        weight = if(id = p_id, p_weight, weight),
        fragile = if(id = p_id, p_fragile, fragile),
        released_on = if(id = p_id, p_released_on, released_on),
        ships_at = if(id = p_id, p_ships_at, ships_at),
        tags = if(id = p_id, p_tags, tags),
        size = if(id = p_id, p_size, size),
        extra = if(id = p_id, p_extra, extra),
        thumbnail = if(id = p_id, p_thumbnail, thumbnail),
        supplier = if(id = p_id, p_supplier, supplier),
        revision = revision + (id = p_id);
    -- The row that was found may be another one with this number. It is left as it is.
    if not exists (select 1 from example where id = p_id) then
        signal sqlstate '23000' set mysql_errno = 1062, message_text = 'Duplicate entry for key ''sku''';
    end if;
end //

create or replace procedure sp_example_delete(in p_id uuid, in p_revision bigint)
    modifies sql data
begin
    delete from example where id = p_id and (p_revision is null or revision = p_revision);
end //

create or replace procedure sp_example_restock(
    in p_sku varchar(40), in p_quantity int, out p_in_stock int unsigned)
    modifies sql data
begin
    update example set stock = stock + p_quantity, revision = revision + 1 where sku = p_sku;
    if row_count() = 0 then
        signal sqlstate '45000' set message_text = 'there is no article with this number';
    end if;
    select stock into p_in_stock from example where sku = p_sku;
end //

-- Deletes records from before a moment, at most this many.
create or replace procedure sp_example_purge(
    in p_before datetime(6), in p_most int, out p_purged int)
    modifies sql data
begin
    delete from example where created_at < p_before order by created_at limit p_most;
    set p_purged = row_count();
end //

create or replace procedure sp_example_by_status(in p_least decimal(12,2))
    reads sql data
begin
    select status, count(*) as articles, sum(price * stock) as worth
    from example
    where coalesce(price, 0) >= p_least
    group by status
    order by status;
end //

create or replace function fn_example_stock_value() returns decimal(38,2)
    reads sql data
begin
    return (select coalesce(sum(price * stock), 0) from example);
end //

delimiter ;
