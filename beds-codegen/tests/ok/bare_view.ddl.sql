-- A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mariadb < mariadb.sql
-- Texts get the character set of the database: only utf8mb4 keeps every character.

-- turnover
use `warehouse`;

create table if not exists `turn``over` (
    `month` date null,
    `sum amount` decimal(20,2) null,
    key `month` (`month`)
);

create view if not exists `v_turn``over` as
select `month`, `sum amount`
from `turn``over`;
