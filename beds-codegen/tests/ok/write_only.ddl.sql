-- A proposal for the objects of the template `event`. Read it, change it, own it.
use `events`;

create table if not exists `event` (
    `id` uuid not null,
    `kind` enum('in', 'out') not null,
    `note` mediumtext null,
    primary key (`id`)
);

delimiter //

create or replace procedure `sp_event`(
    in `p_id` uuid,
    in `p_kind` enum('in', 'out'),
    in `p_note` mediumtext)
    modifies sql data
begin
    insert into `event` (`id`, `kind`, `note`)
    values (`p_id`, `p_kind`, `p_note`);
end //

create or replace procedure `sp_event_note`(
    in `p_id` uuid,
    in `p_note` mediumtext)
    modifies sql data
begin
    update `event`
    set `note` = `p_note`
    where `id` = `p_id`;
end //

delimiter ;
