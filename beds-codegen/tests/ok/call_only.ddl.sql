-- A proposal for the objects of the template `option`. Read it, change it, own it.
use `users`;

delimiter //

create or replace procedure `we``ird`(in `p_a` varchar(255), in `p_b` bigint)
    modifies sql data
begin
    -- To be written.
    signal sqlstate '45000' set message_text = 'not written yet';
end //

delimiter ;
