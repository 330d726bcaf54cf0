//! Values that no template can say, on a real server: what is shown is what is compared, paged by and stored.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod cases;
mod collations;
mod domains;
mod plans;
mod random;
mod site;
