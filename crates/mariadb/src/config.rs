//! `[mariadb.<database>]`

use std::path::PathBuf;

use beds_core::{
    section,
    settings::{Millis, Tls, Urls},
};

section! {
    /// `[mariadb.<database>]`
    MariaDb {
        /// `mysql://user:password@host:port/schema`, one or several as in `[amqp]`: of several, the one that takes writes.
        url: Urls = Urls::default(),
        /// Replicas that serve reads, one or several as in `[amqp]`; the server of `url` does where there are none.
        read_urls: Urls = Urls::default(),
        /// How old what a replica shows may be. One that is farther behind serves no reads, until it has caught up.
        read_lag_max_ms: Millis = Millis(1_000),
        /// A file with the password, instead of one in the URL.
        pass_file: Option<PathBuf> = None,
        /// What links are encrypted with, before what `[tls]` says.
        tls: Tls = Tls::default(),
        /// Connections for reads.
        read_connections: u16 = 8,
        /// Connections for writes.
        write_connections: u16 = 8,
        /// Requests that wait for a connection, before further ones are refused as `overloaded`.
        queue_max: usize = 4_096,
        /// How long connecting may take.
        connect_timeout_ms: Millis = Millis(5_000),
        /// How long the server may work on one statement.
        statement_timeout_ms: Millis = Millis(30_000),
        /// How many times a transaction that lost a deadlock is run again.
        deadlock_retries_max: u8 = 3,
    }
}
