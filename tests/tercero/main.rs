//! Users and sessions on real servers: one node serves them, and another node only recognizes sessions by their tokens.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;
mod passwords;
mod secrets;
mod sessions;
mod site;
