-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql
-- Texts get the character set of the database: only utf8mb4 keeps every character.

-- note
use `catalog`;

create table if not exists `note` (
    `id` uuid not null,
    `title` varchar(80) not null,
    `owner` varchar(80) null,
    `status` enum('draft', 'active') not null default 'draft',
    `margin` decimal(8,2) null,
    `revision` bigint not null default 1,
    primary key (`id`),
    key `status` (`status`),
    key `margin` (`margin`)
);

create view if not exists `v_note` as
select `id`, `title`, `owner`, `status`, `margin`, `revision`
from `note`;

delimiter //

create procedure if not exists `sp_note_create`(
    in `p_id` uuid,
    in p_user varchar(255),
    in `p_title` varchar(80),
    in `p_status` enum('draft', 'active'),
    in `p_margin` decimal(8,2))
    modifies sql data
begin
    insert into `note` (`id`, `title`, `status`, `margin`, `owner`)
    values (`p_id`, `p_title`, `p_status`, `p_margin`, p_user);
end //

create procedure if not exists `sp_note_update`(
    in `p_id` uuid,
    in `p_title` varchar(80),
    in `p_status` enum('draft', 'active'),
    in `p_margin` decimal(8,2),
    in `p_revision` bigint,
    in p_now datetime(6))
    modifies sql data
begin
    update `note`
    set `note`.`title` = `p_title`,
        `note`.`status` = `p_status`,
        `note`.`margin` = `p_margin`,
        `note`.`revision` = `note`.`revision` + 1
    where `note`.`id` = `p_id` and (`p_revision` is null or `note`.`revision` = `p_revision`);
end //

create procedure if not exists `sp_note_delete`(
    in `p_id` uuid,
    in `p_revision` bigint)
    modifies sql data
begin
    delete from `note`
    where `note`.`id` = `p_id` and (`p_revision` is null or `note`.`revision` = `p_revision`);
end //

create procedure if not exists `sp_note_archive`(in `p_id` uuid, in `p_by` varchar(255), in `p_roles` longtext)
    modifies sql data
begin
    -- To be written.
    signal sqlstate '45000' set message_text = 'not written yet';
end //

delimiter ;
