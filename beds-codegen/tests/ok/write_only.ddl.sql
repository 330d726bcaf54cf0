-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql
-- Texts get the character set of the database: only utf8mb4 keeps every character.

-- event
use `events`;

create table if not exists `event` (
    `id` uuid not null,
    `kind` enum('in', 'out') not null,
    `note` mediumtext null,
    primary key (`id`)
);

delimiter //

create procedure if not exists `sp_event`(
    in `p_id` uuid,
    in `p_kind` enum('in', 'out'),
    in `p_note` mediumtext)
    modifies sql data
begin
    insert into `event` (`id`, `kind`, `note`)
    values (`p_id`, `p_kind`, `p_note`);
end //

create procedure if not exists `sp_event_note`(
    in `p_id` uuid,
    in `p_note` mediumtext)
    modifies sql data
begin
    update `event`
    set `event`.`note` = `p_note`
    where `event`.`id` = `p_id`;
end //

delimiter ;
