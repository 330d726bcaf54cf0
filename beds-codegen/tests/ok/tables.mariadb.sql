-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql

-- What the node keeps beside the templates' own objects
use `catalog`;

-- The ledger: a row a write that has a message_id, so that a duplicate gets the stored reply and does nothing.
-- Users and ids are compared byte by byte, and spaces at the end count.
create table if not exists `beds_ledger` (
    `user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `message_id` varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `step` smallint unsigned not null,
    `digest` binary(32) not null,
    `reply` mediumblob null,
    `at` datetime(3) not null default current_timestamp(3),
    primary key (`user`, `message_id`, `step`),
    key `ix_beds_ledger_at` (`at`)
) engine = innodb;

-- What the node keeps beside the templates' own objects
use `events`;

-- The ledger: a row a write that has a message_id, so that a duplicate gets the stored reply and does nothing.
-- Users and ids are compared byte by byte, and spaces at the end count.
create table if not exists `beds_ledger` (
    `user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `message_id` varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `step` smallint unsigned not null,
    `digest` binary(32) not null,
    `reply` mediumblob null,
    `at` datetime(3) not null default current_timestamp(3),
    primary key (`user`, `message_id`, `step`),
    key `ix_beds_ledger_at` (`at`)
) engine = innodb;

-- What the node keeps beside the templates' own objects
use `shop`;

-- The ledger: a row a write that has a message_id, so that a duplicate gets the stored reply and does nothing.
-- Users and ids are compared byte by byte, and spaces at the end count.
create table if not exists `beds_ledger` (
    `user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `message_id` varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `step` smallint unsigned not null,
    `digest` binary(32) not null,
    `reply` mediumblob null,
    `at` datetime(3) not null default current_timestamp(3),
    primary key (`user`, `message_id`, `step`),
    key `ix_beds_ledger_at` (`at`)
) engine = innodb;
