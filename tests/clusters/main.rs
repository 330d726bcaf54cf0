//! Clusters: whichever server of them dies, nothing is lost and nothing is done twice. Each test has servers of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;
mod load;
mod mariadb;
mod rabbitmq;
