//! The adapter on a real MariaDB, without a node.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

mod amiss;
mod audit;
mod beyond;
mod broken;
mod company;
mod conflicts;
mod empty;
mod events;
mod extreme;
mod foreign;
mod lasting;
mod ledger;
mod left;
mod odd;
mod parameters;
mod secret;
mod sessions;
mod silent;
mod together;
