-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql
-- Texts get the character set of the database: only utf8mb4 keeps every character.

-- product
use `catalog`;

create table if not exists `product` (
    `id` uuid not null,
    `sku` varchar(40) not null,
    `price` decimal(12,2) null,
    `status` enum('draft', 'active') not null default 'draft',
    `created_at` datetime(6) not null,
    `revision` bigint not null default 1,
    primary key (`id`),
    unique key `sku` (`sku`),
    key `price` (`price`),
    key `status` (`status`),
    key `created_at` (`created_at`)
);

create view if not exists `v_product` as
select `id`, `sku`, `price`, `status`, `created_at`, `revision`
from `product`;

delimiter //

create procedure if not exists `sp_product_create`(
    in `p_id` uuid,
    in `p_sku` varchar(40),
    in `p_price` decimal(12,2),
    in `p_status` enum('draft', 'active'))
    modifies sql data
begin
    insert into `product` (`id`, `sku`, `price`, `status`)
    values (`p_id`, `p_sku`, `p_price`, `p_status`);
end //

create procedure if not exists `sp_product_update`(
    in `p_id` uuid,
    in `p_price` decimal(12,2),
    in `p_status` enum('draft', 'active'),
    in `p_revision` bigint)
    modifies sql data
begin
    update `product`
    set `product`.`price` = `p_price`,
        `product`.`status` = `p_status`,
        `product`.`revision` = `product`.`revision` + 1
    where `product`.`id` = `p_id` and (`p_revision` is null or `product`.`revision` = `p_revision`);
end //

create procedure if not exists `sp_product_upsert`(
    in `p_id` uuid,
    in `p_sku` varchar(40),
    in `p_price` decimal(12,2),
    in `p_status` enum('draft', 'active'))
    modifies sql data
begin
    insert into `product` (`id`, `sku`, `price`, `status`)
    values (`p_id`, `p_sku`, `p_price`, `p_status`)
    on duplicate key update
        `product`.`sku` = if(`product`.`id` = `p_id`, `p_sku`, `product`.`sku`),
        `product`.`price` = if(`product`.`id` = `p_id`, `p_price`, `product`.`price`),
        `product`.`status` = if(`product`.`id` = `p_id`, `p_status`, `product`.`status`),
        `product`.`revision` = if(`product`.`id` = `p_id`, `product`.`revision` + 1, `product`.`revision`);
    -- The row that was found may be another with a unique value of this one, which is left as it is.
    if not exists (select 1 from `product` where `product`.`id` = `p_id`) then
        signal sqlstate '23000' set mysql_errno = 1062, message_text = 'Duplicate entry for key ''sku''';
    end if;
end //

create procedure if not exists `sp_product_delete`(
    in `p_id` uuid,
    in `p_revision` bigint)
    modifies sql data
begin
    delete from `product`
    where `product`.`id` = `p_id` and (`p_revision` is null or `product`.`revision` = `p_revision`);
end //

create procedure if not exists `sp_product_restock`(in `p_sku` varchar(255), in `p_quantity` bigint, out `p_in_stock` bigint)
    modifies sql data
begin
    -- To be written.
    signal sqlstate '45000' set message_text = 'not written yet';
end //

create function if not exists `fn_product_stock_value`() returns decimal(12,2)
    reads sql data
begin
    -- To be written.
    signal sqlstate '45000' set message_text = 'not written yet';
    return null;
end //

delimiter ;
