-- A proposal of `beds design new`. Read it, change it, own it; then run it: mariadb < mariadb.sql

-- What the node keeps beside the templates' own objects
use `library`;

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

-- book
use `library`;

create table if not exists `book` (
    `id` uuid not null,
    `isbn` varchar(13) not null comment 'Without hyphens',
    `title` varchar(300) not null,
    `status` enum('shelf', 'lent', 'lost') not null default 'shelf',
    `price` decimal(8,2) null comment 'What the copy cost',
    `created_at` datetime(6) not null,
    `revision` bigint not null default 1,
    primary key (`id`),
    key `isbn` (`isbn`),
    key `title` (`title`),
    key `price` (`price`),
    key `created_at` (`created_at`)
);

create view if not exists `v_book` as
select `id`, `isbn`, `title`, `status`, `price`, `created_at`, `revision`
from `book`;

delimiter //

create procedure if not exists `sp_book_create`(
    in `p_id` uuid,
    in `p_isbn` varchar(13),
    in `p_title` varchar(300),
    in `p_status` enum('shelf', 'lent', 'lost'),
    in `p_price` decimal(8,2),
    in `p_created_at` datetime(6))
    modifies sql data
begin
    insert into `book` (`id`, `isbn`, `title`, `status`, `price`, `created_at`)
    values (`p_id`, `p_isbn`, `p_title`, `p_status`, `p_price`, `p_created_at`);
end //

create procedure if not exists `sp_book_update`(
    in `p_id` uuid,
    in `p_isbn` varchar(13),
    in `p_title` varchar(300),
    in `p_status` enum('shelf', 'lent', 'lost'),
    in `p_price` decimal(8,2),
    in `p_revision` bigint)
    modifies sql data
begin
    update `book`
    set `book`.`isbn` = `p_isbn`,
        `book`.`title` = `p_title`,
        `book`.`status` = `p_status`,
        `book`.`price` = `p_price`,
        `book`.`revision` = `book`.`revision` + 1
    where `book`.`id` = `p_id` and (`p_revision` is null or `book`.`revision` = `p_revision`);
end //

create procedure if not exists `sp_book_upsert`(
    in `p_id` uuid,
    in `p_isbn` varchar(13),
    in `p_title` varchar(300),
    in `p_status` enum('shelf', 'lent', 'lost'),
    in `p_price` decimal(8,2),
    in `p_created_at` datetime(6))
    modifies sql data
begin
    insert into `book` (`id`, `isbn`, `title`, `status`, `price`, `created_at`)
    values (`p_id`, `p_isbn`, `p_title`, `p_status`, `p_price`, `p_created_at`)
    on duplicate key update
        `book`.`isbn` = if(`book`.`id` = `p_id`, `p_isbn`, `book`.`isbn`),
        `book`.`title` = if(`book`.`id` = `p_id`, `p_title`, `book`.`title`),
        `book`.`status` = if(`book`.`id` = `p_id`, `p_status`, `book`.`status`),
        `book`.`price` = if(`book`.`id` = `p_id`, `p_price`, `book`.`price`),
        `book`.`revision` = if(`book`.`id` = `p_id`, `book`.`revision` + 1, `book`.`revision`);
    -- The row that was found may be another with a unique value of this one, which is left as it is.
    if not exists (select 1 from `book` where `book`.`id` = `p_id`) then
        signal sqlstate '23000' set mysql_errno = 1062, message_text = 'Duplicate entry';
    end if;
end //

create procedure if not exists `sp_book_delete`(
    in `p_id` uuid,
    in `p_revision` bigint)
    modifies sql data
begin
    delete from `book`
    where `book`.`id` = `p_id` and (`p_revision` is null or `book`.`revision` = `p_revision`);
end //

-- How many copies there are of each book, by ISBN
create procedure if not exists `sp_book_stock`(in `p_least` int)
    reads sql data
begin
    select `b`.`isbn`, count(*) as `copies` from `book` as `b` group by `b`.`isbn` having count(*) >= `p_least` order by `b`.`isbn`;
end //

delimiter ;

-- loan
use `library`;

create table if not exists `loan` (
    `id` uuid not null,
    `book` uuid not null,
    `reader` int not null,
    `due_on` date not null,
    `returned_at` datetime(6) null,
    `revision` bigint not null default 1,
    primary key (`id`),
    key `book` (`book`),
    key `reader` (`reader`),
    key `due_on` (`due_on`),
    key `returned_at` (`returned_at`)
);

create view if not exists `v_loan` as
select `id`, `book`, `reader`, `due_on`, `returned_at`, `revision`
from `loan`;

delimiter //

create procedure if not exists `sp_loan_create`(
    in `p_id` uuid,
    in `p_book` uuid,
    in `p_reader` int,
    in `p_due_on` date,
    in `p_returned_at` datetime(6))
    modifies sql data
begin
    insert into `loan` (`id`, `book`, `reader`, `due_on`, `returned_at`)
    values (`p_id`, `p_book`, `p_reader`, `p_due_on`, `p_returned_at`);
end //

create procedure if not exists `sp_loan_update`(
    in `p_id` uuid,
    in `p_due_on` date,
    in `p_returned_at` datetime(6),
    in `p_revision` bigint)
    modifies sql data
begin
    update `loan`
    set `loan`.`due_on` = `p_due_on`,
        `loan`.`returned_at` = `p_returned_at`,
        `loan`.`revision` = `loan`.`revision` + 1
    where `loan`.`id` = `p_id` and (`p_revision` is null or `loan`.`revision` = `p_revision`);
end //

-- Takes a copy back: it stands on the shelf again
create procedure if not exists `sp_loan_give_back`(in `p_loan` uuid, out `p_was_late` boolean)
    modifies sql data
begin
    declare `v_book` uuid;
    declare `v_due` date;
    select `book`, `due_on` into `v_book`, `v_due` from `loan` where `id` = `p_loan` and `returned_at` is null for update;
    if `v_book` is null then
        signal sqlstate '45000' set message_text = 'there is no such loan, or it is over';
    end if;
    update `loan` set `returned_at` = utc_timestamp(6), `revision` = `revision` + 1 where `id` = `p_loan`;
    update `book` set `status` = 'shelf', `revision` = `revision` + 1 where `id` = `v_book`;
    set `p_was_late` = `v_due` < utc_date();
end //

delimiter ;

-- reader
use `library`;

create table if not exists `reader` (
    `id` int not null auto_increment,
    `name` varchar(100) not null,
    `email` varchar(200) null,
    `languages` json null,
    `address` json null,
    `revision` bigint not null default 1,
    primary key (`id`),
    unique key `email` (`email`),
    key `name` (`name`)
);

create view if not exists `v_reader` as
select `id`, `name`, `email`, `languages`, `address`, `revision`
from `reader`;

delimiter //

create procedure if not exists `sp_reader_create`(
    in `p_name` varchar(100),
    in `p_email` varchar(200),
    in `p_languages` json,
    in `p_address` json)
    modifies sql data
begin
    insert into `reader` (`name`, `email`, `languages`, `address`)
    values (`p_name`, `p_email`, `p_languages`, `p_address`);
    if row_count() > 0 then
        select `reader`.`id` from `reader` where `reader`.`id` = last_insert_id();
    end if;
end //

create procedure if not exists `sp_reader_update`(
    in `p_id` int,
    in `p_name` varchar(100),
    in `p_email` varchar(200),
    in `p_languages` json,
    in `p_address` json,
    in `p_revision` bigint)
    modifies sql data
begin
    update `reader`
    set `reader`.`name` = `p_name`,
        `reader`.`email` = `p_email`,
        `reader`.`languages` = `p_languages`,
        `reader`.`address` = `p_address`,
        `reader`.`revision` = `reader`.`revision` + 1
    where `reader`.`id` = `p_id` and (`p_revision` is null or `reader`.`revision` = `p_revision`);
end //

create procedure if not exists `sp_reader_delete`(
    in `p_id` int,
    in `p_revision` bigint)
    modifies sql data
begin
    delete from `reader`
    where `reader`.`id` = `p_id` and (`p_revision` is null or `reader`.`revision` = `p_revision`);
end //

delimiter ;

-- What the node keeps beside the templates' own objects
use `library`;

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

-- Which records belong to which
use `library`;

alter table `loan`
    add constraint foreign key if not exists `fk_loan_book` (`book`)
    references `book` (`id`) on delete restrict;

alter table `loan`
    add constraint foreign key if not exists `fk_loan_reader` (`reader`)
    references `reader` (`id`) on delete restrict;
