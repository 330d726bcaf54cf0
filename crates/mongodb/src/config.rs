//! `[mongodb.<database>]`

use std::path::PathBuf;

use beds_core::settings::{Millis, SecretUrl, Tls};

beds_core::section! {
    /// `[mongodb.<database>]`
    MongoDb {
        /// `mongodb://user:password@host:port/?replicaSet=…`
        url: Option<SecretUrl> = None,
        /// The database on the server; the section's name where it is absent.
        database: Option<String> = None,
        /// A file with the password, instead of one in the URL.
        pass_file: Option<PathBuf> = None,
        /// What links are encrypted with, before what `[tls]` says.
        tls: Tls = Tls::default(),
        /// Operations at a time, and connections of the driver's pool.
        connections: u32 = 16,
        /// Transactions at a time that writes with a `message_id` share which wait together; in further connections of
        /// the pool.
        transactions: u32 = 2,
        /// Operations that wait for a connection, before further ones are refused as `overloaded`.
        queue_max: usize = 4_096,
        /// How long connecting and choosing a server may take.
        connect_timeout_ms: Millis = Millis(5_000),
    }
}
