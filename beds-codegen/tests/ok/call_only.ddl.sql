-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql
-- Texts get the character set of the database: only utf8mb4 keeps every character.

-- option
use `users`;

delimiter //

create procedure if not exists `we``ird`(in `p_a` varchar(255), in `p_b` bigint)
    modifies sql data
begin
    -- To be written.
    signal sqlstate '45000' set message_text = 'not written yet';
end //

delimiter ;
