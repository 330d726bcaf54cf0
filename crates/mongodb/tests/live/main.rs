//! The adapter against a real server: what only a database can judge.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod audit;
mod carried;
mod cells;
mod company;
mod events;
mod failures;
mod forms;
mod ledger;
mod mixed;
mod pipelines;
mod shown;
mod site;
