//! The common parts of several sections of the configuration, and the limits on one request.
//!
//! Nothing here reads a file: the runtime's `config` does.

mod listed;
mod rules;
mod secret;
mod tls;
mod url;

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

pub use secrecy::SecretString;

pub use listed::{Hosts, Listed};
pub use rules::{MARIADB, MONGODB, RABBITMQ, Rules};
pub use secret::Secret;
pub use tls::{Link, Tls, is_loopback};
pub use url::{Host, Parts, PasswordSource, SecretUrl, Urls, decoded};

/// Declares a section: a struct with a default for each key, in which an unknown key is an error.
#[macro_export]
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, $crate::__serde::Deserialize)]
        #[serde(crate = "beds_core::__serde", deny_unknown_fields, default)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $name {
            /// The names of the section's keys.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($field)),*];

            /// The names of the keys whose values differ in another section of this kind.
            #[must_use]
            pub fn differing(&self, other: &Self) -> Vec<&'static str> {
                let mut keys = Vec::new();
                $(if PartialEq::ne(&self.$field, &other.$field) {
                    keys.push(stringify!($field));
                })*
                keys
            }
        }
    };
}

section! {
    /// `[limits]`
    Limits {
        /// Longest request body.
        request_bytes_max: usize = 4 << 20,
        /// Longest reply body.
        reply_bytes_max: usize = 16 << 20,
        /// Records in one `create`.
        create_records_max: usize = 1_000,
        /// Items of one `in`.
        in_items_max: usize = 500,
        /// Items of one batch, at most 65,536.
        batch_items_max: usize = 1_000,
        /// Items of batches that are worked on at a time, of each database and lane; the others wait, so that requests by
        /// themselves find room in the queue of the database.
        batch_items_at_once: usize = 1_024,
        /// How long a request without a deadline of its own may take.
        request_timeout_ms: Millis = Millis(10_000),
        /// The most that a request may ask for.
        request_timeout_max_ms: Millis = Millis(120_000),
        /// How long a request may be expected to wait for its database before it is refused as `overloaded`.
        queue_wait_max_ms: Millis = Millis(1_000),
    }
}

/// How much may wait for one database.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// How many reads by themselves.
    pub reads_max: usize,
    /// How many writes by themselves.
    pub writes_max: usize,
    /// How long one may be expected to wait.
    pub wait_max: Duration,
}

impl Default for Room {
    /// As many as can be done by their deadlines.
    fn default() -> Self {
        Self { reads_max: usize::MAX, writes_max: usize::MAX, wait_max: Duration::MAX }
    }
}

/// A duration in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u32);

impl Millis {
    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0 as u64)
    }
}

/// The servers of one engine, by database. Case in names is ignored, since environment variables lose it.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Servers<T>(BTreeMap<String, T>);

impl<T> Default for Servers<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Servers<T> {
    /// The server of a template's `database`.
    #[must_use]
    pub fn get(&self, database: &str) -> Option<&T> {
        self.0.get(&database.to_ascii_lowercase())
    }

    /// The names of the sections, lower-case.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Every server, by the name of its section.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.0.iter()
    }

    /// As [`Servers::iter`], to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut T)> {
        self.0.iter_mut()
    }
}
