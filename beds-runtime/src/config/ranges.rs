//! The ranges of keys that are narrower than their types.

use std::ops::RangeInclusive;

/// The shortest time that a ledger keeps a write, in seconds. Within this time RabbitMQ and clients repeat writes with
/// an unknown effect.
const LEDGER_KEEP_S_MIN: u64 = 3_600;
/// The least limit of body sizes, in bytes. Below it every request or reply would be too long.
const BYTES_MIN: u64 = 1_024;
/// How many items the ledger can distinguish.
const BATCH_ITEMS_MAX: u64 = 1 << 16;
/// Ten years, in seconds: the most for a session, and a database can add it to a date.
const SECONDS_MAX: u64 = 10 * 366 * 24 * 3_600;
/// The least memory of Argon2, in KiB. Below it a hash is soon guessed.
const ARGON2_KIB_MIN: u64 = 1_024;
/// The most that a conversation may take.
const DAY_S: u64 = 24 * 3_600;
/// For a number that only its type limits.
const ANY: u64 = u64::MAX;

/// Keys with their ranges. `*` stands for a name of the user's choice.
pub(super) const RANGES: &[(&str, RangeInclusive<u64>)] = &[
    ("amqp.backoff_min_ms", 1..=ANY),
    ("amqp.confirm_timeout_ms", 1..=ANY),
    ("amqp.connect_timeout_ms", 1..=ANY),
    ("amqp.delivery_attempts_max", 1..=ANY),
    ("amqp.heartbeat_s", 1..=ANY),
    ("amqp.queue_length_max", 1..=ANY),
    ("amqp.topology_check_ms", 100..=ANY),
    ("brokers.*.*.instances", 1..=ANY),
    ("brokers.*.*.prefetch", 1..=2_000),
    ("design.attempts", 1..=100),
    ("design.max_tokens", 1..=ANY),
    ("design.records", 1_000..=1_000_000),
    ("design.timeout_s", 1..=DAY_S),
    ("design.tokens", 1..=ANY),
    ("graph.keep_10s_s", 3_600..=SECONDS_MAX),
    ("graph.keep_1h_s", 3_600..=SECONDS_MAX),
    ("graph.keep_1m_s", 3_600..=SECONDS_MAX),
    ("jobs.at_once", 0..=64),
    ("jobs.chunk", 1..=10_000),
    ("jobs.keep_s", 60..=SECONDS_MAX),
    ("jobs.lease_s", 3..=3_600),
    ("jobs.poll_ms", 50..=600_000),
    ("jobs.records_per_s", 0..=ANY),
    ("jobs.rejects_max", 0..=1_000_000),
    ("limits.batch_items_at_once", 1..=ANY),
    ("limits.batch_items_max", 1..=BATCH_ITEMS_MAX),
    ("limits.create_records_max", 1..=ANY),
    ("limits.in_items_max", 1..=ANY),
    ("limits.queue_wait_max_ms", 1..=ANY),
    ("limits.reply_bytes_max", BYTES_MIN..=ANY),
    ("limits.request_bytes_max", BYTES_MIN..=ANY),
    ("limits.request_timeout_ms", 1..=ANY),
    ("logging.bus_queue_max", 1..=ANY),
    ("mariadb.*.read_lag_max_ms", 100..=ANY),
    ("mariadb.*.connect_timeout_ms", 1..=ANY),
    ("mariadb.*.queue_max", 1..=ANY),
    ("mariadb.*.read_connections", 1..=ANY),
    ("mariadb.*.statement_timeout_ms", 1..=ANY),
    ("mariadb.*.write_connections", 1..=ANY),
    ("mongodb.*.connect_timeout_ms", 1..=ANY),
    ("mongodb.*.connections", 1..=ANY),
    ("mongodb.*.queue_max", 1..=ANY),
    ("mongodb.*.transactions", 1..=ANY),
    ("node.expire_every_s", 1..=86_400),
    ("node.fleet_keep_s", 60..=SECONDS_MAX),
    ("node.heartbeat_ms", 100..=600_000),
    ("node.ipl_timeout_ms", 1..=ANY),
    ("node.ledger_keep_s", LEDGER_KEEP_S_MIN..=ANY),
    ("node.verify_every_s", 1..=ANY),
    ("syslog.connections_max", 1..=100_000),
    ("syslog.idle_s", 1..=SECONDS_MAX),
    ("syslog.line_bytes_max", 480..=65_536),
    ("syslog.queue_max", 1..=1_000_000),
    ("telemetry.timeout_ms", 1..=ANY),
    ("tercero.absolute_s", 60..=SECONDS_MAX),
    ("tercero.argon2_at_once", 1..=256),
    ("tercero.argon2_iterations", 1..=1_000),
    ("tercero.argon2_memory_kib", ARGON2_KIB_MIN..=4 << 20),
    ("tercero.argon2_parallelism", 1..=64),
    ("tercero.cache_ms", 1..=600_000),
    ("tercero.cache_sessions", 1..=10_000_000),
    ("tercero.failures_max", 1..=1_000_000),
    ("tercero.idle_s", 60..=SECONDS_MAX),
    ("tercero.keep_s", 60..=SECONDS_MAX),
    ("tercero.lock_s", 1..=SECONDS_MAX),
    ("tercero.password_min", 8..=128),
];

/// The range of the key at this path; `None` if its type is the only limit.
pub(super) fn of(path: &str) -> Option<&'static RangeInclusive<u64>> {
    let is_it = |known: &str| {
        known.split('.').count() == path.split('.').count()
            && known.split('.').zip(path.split('.')).all(|(known, given)| known == "*" || known == given)
    };
    RANGES.iter().find(|(known, _)| is_it(known)).map(|(_, range)| range)
}
