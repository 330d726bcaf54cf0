-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql
-- Texts get the character set of the database: only utf8mb4 keeps every character.

-- order_line
use `shop`;

create table if not exists `order_line` (
    `order_id` bigint unsigned not null,
    `position` bigint not null,
    `article` varchar(40) not null,
    `quantity` decimal(9,3) not null,
    primary key (`order_id`, `position`),
    key `position` (`position`),
    key `article` (`article`)
);

delimiter //

create procedure if not exists `sp_line_add`(
    in `p_order_id` bigint unsigned,
    in `p_position` bigint,
    in `p_article` varchar(40),
    in `p_quantity` decimal(9,3))
    modifies sql data
begin
    insert into `order_line` (`order_id`, `position`, `article`, `quantity`)
    values (`p_order_id`, `p_position`, `p_article`, `p_quantity`);
end //

create procedure if not exists `sp_line_drop`(
    in `p_position` bigint,
    in `p_order_id` bigint unsigned)
    modifies sql data
begin
    delete from `order_line`
    where `order_line`.`position` = `p_position` and `order_line`.`order_id` = `p_order_id`;
end //

delimiter ;
