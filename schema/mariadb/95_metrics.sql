-- Counters that nodes keep of themselves: the objects behind templates/metric_rec.toml, in a database of their own.
--
-- A sample is kept for a while as it came. Its transaction also rolls it up to minutes and hours. So each sample is
-- counted once, whichever node processes it and however late it comes. Times are in UTC.

create database if not exists metrics
  character set utf8mb4
  collate utf8mb4_unicode_ci;
use metrics;

create table if not exists metric_10s (
  name  varchar(64)  character set utf8mb4 collate utf8mb4_nopad_bin not null,
  node  varchar(100) character set utf8mb4 collate utf8mb4_nopad_bin not null,
  at    datetime     not null,
  value double       not null,
  primary key (name, at, node),
  index ix_metric_10s_at (at)
) engine = innodb;

create table if not exists metric_1m (
  name    varchar(64)  character set utf8mb4 collate utf8mb4_nopad_bin not null,
  node    varchar(100) character set utf8mb4 collate utf8mb4_nopad_bin not null,
  at      datetime     not null,
  low     double       not null,
  total   double       not null,
  high    double       not null,
  samples int unsigned not null,
  primary key (name, at, node),
  index ix_metric_1m_at (at)
) engine = innodb;

create table if not exists metric_1h like metric_1m;

create or replace view v_metric as
  select name, node, at, value from metric_10s;

delimiter //

-- The values of a sample are a list: [{"name": "requests", "value": 12.5}, …].
create or replace procedure sp_metric_add(
  in p_node varchar(100) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_at datetime(6),
  in p_values longtext character set utf8mb4 collate utf8mb4_bin)
  modifies sql data
begin
  declare v_at datetime default p_at - interval mod(second(p_at), 10) second - interval microsecond(p_at) microsecond;
  declare v_minute datetime default v_at - interval second(v_at) second;
  declare v_hour datetime default v_minute - interval minute(v_minute) minute;
  declare v_is_new boolean default true;
  -- The sample was delivered before: this statement is rolled back, and nothing else is done.
  declare continue handler for 1062 set v_is_new = false;
  insert into metric_10s (name, node, at, value)
  select given.name, p_node, v_at, given.value
    from json_table(p_values, '$[*]' columns (
           name varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin path '$.name',
           value double path '$.value')) as given;
  if v_is_new then
    insert into metric_1m (name, node, at, low, total, high, samples)
    select name, p_node, v_minute, value, value, value, 1 from metric_10s as raw
     where raw.node = p_node and raw.at = v_at
        on duplicate key update low = least(low, values(low)), total = total + values(total),
           high = greatest(high, values(high)), samples = samples + 1;
    insert into metric_1h (name, node, at, low, total, high, samples)
    select name, p_node, v_hour, value, value, value, 1 from metric_10s as raw
     where raw.node = p_node and raw.at = v_at
        on duplicate key update low = least(low, values(low)), total = total + values(total),
           high = greatest(high, values(high)), samples = samples + 1;
  end if;
end //

-- The points of a metric, one for each `p_step` seconds; of all nodes together if none is named.
create or replace procedure sp_metric_points(
  in p_name varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_node varchar(100) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_from datetime(6),
  in p_to datetime(6),
  in p_step int unsigned)
  reads sql data
begin
  declare v_epoch datetime default '1970-01-01 00:00:00';
  if p_step < 60 then
    select v_epoch + interval (timestampdiff(second, v_epoch, at) div p_step) * p_step second as point,
           min(value) as low, avg(value) as mean, max(value) as high, count(*) as samples
      from metric_10s
     where name = p_name and (p_node is null or node = p_node) and at >= p_from and at < p_to
     group by point order by point;
  elseif p_step < 3600 then
    select v_epoch + interval (timestampdiff(second, v_epoch, at) div p_step) * p_step second as point,
           min(low) as low, sum(total) / sum(samples) as mean, max(high) as high, cast(sum(samples) as signed) as samples
      from metric_1m
     where name = p_name and (p_node is null or node = p_node) and at >= p_from and at < p_to
     group by point order by point;
  else
    select v_epoch + interval (timestampdiff(second, v_epoch, at) div p_step) * p_step second as point,
           min(low) as low, sum(total) / sum(samples) as mean, max(high) as high, cast(sum(samples) as signed) as samples
      from metric_1h
     where name = p_name and (p_node is null or node = p_node) and at >= p_from and at < p_to
     group by point order by point;
  end if;
end //

-- Deletes rows that are older than they are kept, at most `p_most` of each table at a time.
create or replace procedure sp_metric_purge(
  in p_keep_10s_s int unsigned, in p_keep_1m_s int unsigned, in p_keep_1h_s int unsigned, in p_most int unsigned,
  out p_purged int unsigned)
  modifies sql data
begin
  delete from metric_10s where at < utc_timestamp() - interval p_keep_10s_s second order by at limit p_most;
  set p_purged = row_count();
  delete from metric_1m where at < utc_timestamp() - interval p_keep_1m_s second order by at limit p_most;
  set p_purged = p_purged + row_count();
  delete from metric_1h where at < utc_timestamp() - interval p_keep_1h_s second order by at limit p_most;
  set p_purged = p_purged + row_count();
end //

delimiter ;
