-- A proposal for the objects of the template `turnover`. Read it, change it, own it.
use `warehouse`;

create table if not exists `turn``over` (
    `month` date null,
    `sum amount` decimal(20,2) null,
    key `month` (`month`)
);

create or replace view `v_turn``over` as
select `month`, `sum amount`
from `turn``over`;
