-- The nodes of the fleet, as they report themselves: one row for each process, which the node writes anew with each
-- heartbeat. All times are those of this server, so that the clocks of the nodes decide nothing.
create table if not exists fleet (
  instance    char(36)     character set ascii collate ascii_bin not null primary key,
  node        varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null,
  host        varchar(255) character set utf8mb4 not null,
  pid         int unsigned not null,
  version     varchar(40)  character set utf8mb4 not null,
  environment varchar(20)  character set utf8mb4 not null,
  services    mediumtext   character set utf8mb4 collate utf8mb4_bin not null check (json_valid(services)),
  brokers     mediumtext   character set utf8mb4 collate utf8mb4_bin not null check (json_valid(brokers)),
  templates   mediumtext   character set utf8mb4 collate utf8mb4_bin not null check (json_valid(templates)),
  state       varchar(20)  character set ascii collate ascii_bin not null,
  reason      varchar(1000) character set utf8mb4 null,
  ended       bigint       not null,
  rate        double       not null,
  load_1m     double       not null,
  beat_ms     int unsigned not null,
  started_at  datetime(6)  not null,
  seen_at     datetime(6)  not null,
  index ix_fleet_node (node),
  index ix_fleet_seen (seen_at)
) engine = innodb;

-- A node that was not heard for three heartbeats is lost, whatever it reported last. A node that has left is kept for a
-- while, so that a late heartbeat does not bring it back.
create or replace view v_fleet as
  select instance, node, host, pid, version, environment, services, brokers, templates,
         ifnull(if(timestampdiff(microsecond, seen_at, utc_timestamp(6)) > 3000 * cast(beat_ms as signed), 'lost', state),
                state) as state,
         reason, ended, rate, load_1m, beat_ms, started_at, seen_at
    from fleet
   where state <> 'left';

delimiter //

create or replace procedure sp_fleet_beat(
  in p_instance char(36) character set ascii collate ascii_bin,
  in p_node varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin,
  in p_host varchar(255) character set utf8mb4,
  in p_pid int unsigned,
  in p_version varchar(40) character set utf8mb4,
  in p_environment varchar(20) character set utf8mb4,
  in p_services mediumtext character set utf8mb4 collate utf8mb4_bin,
  in p_brokers mediumtext character set utf8mb4 collate utf8mb4_bin,
  in p_templates mediumtext character set utf8mb4 collate utf8mb4_bin,
  in p_state varchar(20) character set ascii collate ascii_bin,
  in p_reason varchar(1000) character set utf8mb4,
  in p_ended bigint,
  in p_rate double,
  in p_load_1m double,
  in p_beat_ms int unsigned,
  in p_started_at datetime(6))
  modifies sql data
begin
  insert into fleet (instance, node, host, pid, version, environment, services, brokers, templates, state, reason, ended,
                     rate, load_1m, beat_ms, started_at, seen_at)
  values (p_instance, p_node, p_host, p_pid, p_version, p_environment, p_services, p_brokers, p_templates, p_state, p_reason,
          p_ended, p_rate, p_load_1m, p_beat_ms, p_started_at, utc_timestamp(6))
  on duplicate key update
    services = p_services, brokers = p_brokers, templates = p_templates, state = if(state = 'left', state, p_state),
    reason = p_reason, ended = p_ended, rate = p_rate, load_1m = p_load_1m, beat_ms = p_beat_ms, seen_at = utc_timestamp(6);
end //

-- A node that ends calls this, and no longer belongs to the fleet, even if a heartbeat of it still waits. Its earlier
-- processes that were killed go as well. If a live process is taken for one of these, its next heartbeat brings it
-- back.
create or replace procedure sp_fleet_leave(in p_instance char(36) character set ascii collate ascii_bin)
  modifies sql data
begin
  declare v_node varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin;
  declare v_host varchar(255) character set utf8mb4;
  declare v_started_at datetime(6);
  select max(node), max(host), max(started_at) into v_node, v_host, v_started_at from fleet where instance = p_instance;
  delete from fleet where node = v_node and host = v_host and seen_at <= v_started_at;
  update fleet set state = 'left', seen_at = utc_timestamp(6) where instance = p_instance;
end //

-- Deletes nodes that left, or were lost, long ago.
create or replace procedure sp_fleet_purge(in p_keep_s int unsigned)
  modifies sql data
begin
  delete from fleet where seen_at < utc_timestamp(6) - interval p_keep_s second order by seen_at limit 1000;
end //

delimiter ;
