-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql
-- Texts get the character set of the database: only utf8mb4 keeps every character.

-- ticket
use `catalog`;

create table if not exists `ticket` (
    `id` uuid not null,
    `issued_at` datetime(6) not null,
    `used_at` datetime(6) null,
    primary key (`id`)
);

create view if not exists `v_ticket` as
select `id`, `issued_at`, `used_at`
from `ticket`;

delimiter //

create procedure if not exists `sp_ticket_create`(
    in `p_id` uuid,
    in `p_issued_at` datetime(6))
    modifies sql data
begin
    insert into `ticket` (`id`, `issued_at`)
    values (`p_id`, `p_issued_at`);
end //

create procedure if not exists `sp_ticket_purge`(in `p_before` datetime(6), in `p_most` int, out `p_purged` bigint)
    modifies sql data
begin
    -- To be written.
    signal sqlstate '45000' set message_text = 'not written yet';
end //

delimiter ;
