//! Jobs, migrations and archives, on real servers: what they do, what is refused, and what happens if a node or a
//! server dies meanwhile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;

mod archives;
mod control;
mod copies;
mod moves;
mod rejects;
mod site;
mod warehouse;
mod wrong;
