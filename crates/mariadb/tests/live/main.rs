//! The adapter on a real MariaDB, without a node.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

mod events;
mod ledger;
mod odd;
mod parameters;
mod sessions;
mod together;
