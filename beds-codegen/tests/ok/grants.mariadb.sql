-- The rights of the node's user, as `bedsc grants` writes them. Run it when the objects are there:
--     mariadb < mariadb.sql
-- Databases are called as in the templates; where a server calls one otherwise, write it again with
-- `bedsc grants --database ALIAS=NAME`.
-- A new user cannot log in before it has a password:
--     alter user 'beds'@'10.0.0.%' identified by '…' account unlock;
create user if not exists 'beds'@'10.0.0.%' account lock;
grant execute on function `catalog`.`fn_product_stock_value` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_note_archive` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_note_create` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_note_delete` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_note_update` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_parcel_create` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_parcel_delete` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_product_create` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_product_delete` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_product_restock` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_product_update` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_product_upsert` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_ticket_create` to 'beds'@'10.0.0.%';
grant execute on procedure `catalog`.`sp_ticket_purge` to 'beds'@'10.0.0.%';
grant execute on procedure `events`.`sp_event_note` to 'beds'@'10.0.0.%';
grant execute on procedure `events`.`sp_event` to 'beds'@'10.0.0.%';
grant execute on procedure `shop`.`sp_line_add` to 'beds'@'10.0.0.%';
grant execute on procedure `shop`.`sp_line_drop` to 'beds'@'10.0.0.%';
grant execute on procedure `users`.`we``ird` to 'beds'@'10.0.0.%';
grant execute on procedure `warehouse`.`sp_parcel_create` to 'beds'@'10.0.0.%';
grant execute on procedure `warehouse`.`sp_parcel_delete` to 'beds'@'10.0.0.%';
grant execute on procedure `warehouse`.`sp_parcel_update` to 'beds'@'10.0.0.%';
grant insert on `catalog`.`beds_audit` to 'beds'@'10.0.0.%';
grant select on `shop`.`order_line` to 'beds'@'10.0.0.%';
grant select, insert, update, delete on `catalog`.`beds_events` to 'beds'@'10.0.0.%';
grant select, insert, update, delete on `catalog`.`beds_ledger` to 'beds'@'10.0.0.%';
grant select, insert, update, delete on `events`.`beds_ledger` to 'beds'@'10.0.0.%';
grant select, insert, update, delete on `shop`.`beds_ledger` to 'beds'@'10.0.0.%';
grant select, insert, update, delete on `warehouse`.`beds_ledger` to 'beds'@'10.0.0.%';
grant select, show view on `catalog`.`v_note` to 'beds'@'10.0.0.%';
grant select, show view on `catalog`.`v_parcel` to 'beds'@'10.0.0.%';
grant select, show view on `catalog`.`v_product` to 'beds'@'10.0.0.%';
grant select, show view on `catalog`.`v_ticket` to 'beds'@'10.0.0.%';
grant select, show view on `warehouse`.`v_parcel` to 'beds'@'10.0.0.%';
grant select, show view on `warehouse`.`v_turn``over` to 'beds'@'10.0.0.%';
