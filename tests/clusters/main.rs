//! Clusters: whichever of their servers dies, nothing is lost and nothing is done twice. Each test has its own servers.

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
