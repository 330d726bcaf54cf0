//! What holds whatever a client sends.
//!
//! The seed is fixed, so that every run tries the same requests: a failure is there again at the next one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod addresses;
mod cursors;
mod domain;
mod filters;
mod json;
mod masks;
mod requests;
mod values;

use proptest::{
    prelude::{ProptestConfig, Strategy},
    test_runner::{RngSeed, TestCaseResult, TestRunner},
};

/// Tries many values of a strategy.
fn check<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value) -> TestCaseResult) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(8),
        ..ProptestConfig::default()
    };
    if let Err(failure) = TestRunner::new(config).run(strategy, test) {
        panic!("{failure}");
    }
}
