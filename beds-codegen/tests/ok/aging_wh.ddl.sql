-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql
-- Texts get the character set of the database: only utf8mb4 keeps every character.

-- parcel_wh
use `warehouse`;

create table if not exists `parcel` (
    `id` uuid not null,
    `sent_at` datetime(6) null,
    `read_at` datetime(6) null,
    `weight` double null,
    `revision` bigint not null default 1,
    primary key (`id`),
    key `sent_at` (`sent_at`)
);

create view if not exists `v_parcel` as
select `id`, `sent_at`, `read_at`, `weight`, `revision`
from `parcel`;

delimiter //

create procedure if not exists `sp_parcel_create`(
    in `p_id` uuid,
    in `p_sent_at` datetime(6),
    in `p_read_at` datetime(6),
    in `p_weight` double)
    modifies sql data
begin
    insert into `parcel` (`id`, `sent_at`, `read_at`, `weight`)
    values (`p_id`, `p_sent_at`, `p_read_at`, `p_weight`);
end //

create procedure if not exists `sp_parcel_update`(
    in `p_id` uuid,
    in `p_sent_at` datetime(6),
    in `p_read_at` datetime(6),
    in `p_weight` double,
    in `p_revision` bigint)
    modifies sql data
begin
    update `parcel`
    set `parcel`.`sent_at` = `p_sent_at`,
        `parcel`.`read_at` = `p_read_at`,
        `parcel`.`weight` = `p_weight`,
        `parcel`.`revision` = `parcel`.`revision` + 1
    where `parcel`.`id` = `p_id` and (`p_revision` is null or `parcel`.`revision` = `p_revision`);
end //

create procedure if not exists `sp_parcel_delete`(
    in `p_id` uuid,
    in `p_revision` bigint)
    modifies sql data
begin
    delete from `parcel`
    where `parcel`.`id` = `p_id` and (`p_revision` is null or `parcel`.`revision` = `p_revision`);
end //

delimiter ;
