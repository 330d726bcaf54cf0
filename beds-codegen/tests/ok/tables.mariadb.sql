-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql
-- Texts get the character set of the database: only utf8mb4 keeps every character.

-- What the node keeps beside the templates' own objects
use `catalog`;

-- The ledger: a row a write that has a message_id, so that a duplicate gets the stored reply and does nothing.
-- Users and ids are compared byte by byte, and spaces at the end count.
create table if not exists `beds_ledger` (
    `user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `message_id` varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `step` int unsigned not null,
    `digest` binary(32) not null,
    `reply` mediumblob null,
    `at` datetime(3) not null default current_timestamp(3),
    primary key (`user`, `message_id`, `step`),
    key `ix_beds_ledger_at` (`at`)
) engine = innodb;

-- Events: a row a change that a template publishes, written in the transaction of the change, and removed once
-- RabbitMQ has it. The numbers of one subject are in the order of its changes.
create table if not exists `beds_events` (
    `seq` bigint unsigned not null auto_increment,
    `id` varchar(36) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `routing_key` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `subject` mediumtext character set utf8mb4 collate utf8mb4_nopad_bin null,
    `template_hash` varchar(16) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `traceparent` varchar(55) character set utf8mb4 collate utf8mb4_nopad_bin null,
    `body` mediumtext character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `at` datetime(3) not null default current_timestamp(3),
    primary key (`seq`, `id`)
) engine = innodb;

-- The audit: a row a change of a record that a template has audited, written in the transaction of the change. The
-- node adds rows, and neither reads nor changes them: its user has INSERT alone.
create table if not exists `beds_audit` (
    `id` varchar(36) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `at` datetime(3) not null default current_timestamp(3),
    `user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null,
    `amqp_user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null,
    `session` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null,
    `template` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `operation` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `record` varchar(512) character set utf8mb4 collate utf8mb4_nopad_bin null,
    `version` bigint null,
    `request_id` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null,
    `message_id` varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin null,
    primary key (`id`),
    key `ix_beds_audit_at` (`at`),
    key `ix_beds_audit_user` (`user`),
    key `ix_beds_audit_template` (`template`),
    key `ix_beds_audit_record` (`record`)
) engine = innodb;

-- What the node keeps beside the templates' own objects
use `events`;

-- The ledger: a row a write that has a message_id, so that a duplicate gets the stored reply and does nothing.
-- Users and ids are compared byte by byte, and spaces at the end count.
create table if not exists `beds_ledger` (
    `user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `message_id` varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `step` int unsigned not null,
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
    `step` int unsigned not null,
    `digest` binary(32) not null,
    `reply` mediumblob null,
    `at` datetime(3) not null default current_timestamp(3),
    primary key (`user`, `message_id`, `step`),
    key `ix_beds_ledger_at` (`at`)
) engine = innodb;

-- What the node keeps beside the templates' own objects
use `warehouse`;

-- The ledger: a row a write that has a message_id, so that a duplicate gets the stored reply and does nothing.
-- Users and ids are compared byte by byte, and spaces at the end count.
create table if not exists `beds_ledger` (
    `user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `message_id` varchar(128) character set utf8mb4 collate utf8mb4_nopad_bin not null,
    `step` int unsigned not null,
    `digest` binary(32) not null,
    `reply` mediumblob null,
    `at` datetime(3) not null default current_timestamp(3),
    primary key (`user`, `message_id`, `step`),
    key `ix_beds_ledger_at` (`at`)
) engine = innodb;
