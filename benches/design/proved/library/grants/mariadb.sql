-- The rights of the node's user, as `bedsc grants` writes them. Run it when the objects are there:
--     mariadb < mariadb.sql
-- Databases are called as in the templates; where a server calls one otherwise, write it again with
-- `bedsc grants --database ALIAS=NAME`.
-- A new user cannot log in before it has a password:
--     alter user 'beds'@'%' identified by '…' account unlock;
create user if not exists 'beds'@'%' account lock;
grant execute on procedure `library`.`sp_book_create` to 'beds'@'%';
grant execute on procedure `library`.`sp_book_delete` to 'beds'@'%';
grant execute on procedure `library`.`sp_book_stock` to 'beds'@'%';
grant execute on procedure `library`.`sp_book_update` to 'beds'@'%';
grant execute on procedure `library`.`sp_book_upsert` to 'beds'@'%';
grant execute on procedure `library`.`sp_loan_create` to 'beds'@'%';
grant execute on procedure `library`.`sp_loan_give_back` to 'beds'@'%';
grant execute on procedure `library`.`sp_loan_update` to 'beds'@'%';
grant execute on procedure `library`.`sp_reader_create` to 'beds'@'%';
grant execute on procedure `library`.`sp_reader_delete` to 'beds'@'%';
grant execute on procedure `library`.`sp_reader_update` to 'beds'@'%';
grant select, insert, update, delete on `library`.`beds_events` to 'beds'@'%';
grant select, insert, update, delete on `library`.`beds_ledger` to 'beds'@'%';
grant select, show view on `library`.`v_book` to 'beds'@'%';
grant select, show view on `library`.`v_loan` to 'beds'@'%';
grant select, show view on `library`.`v_reader` to 'beds'@'%';
