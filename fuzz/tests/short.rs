//! Some thousand cases of each target; `cargo xtask fuzz` tries a million.

#![allow(clippy::panic, reason = "helpers of tests fail as tests do")]

use beds_fuzz::{Counts, Target, run};

fn tried(target: Target) -> Counts {
    match run(target, 1, 0..3_000) {
        Ok(counts) => counts,
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn any_envelope_is_answered_or_a_dead_letter() {
    let counts = tried(Target::Envelopes);
    let Counts { ok, refused, dead, unreadable, .. } = counts;
    // If all cases ended in the same way, they would try nothing.
    assert!([ok, refused, dead, unreadable].iter().all(|count| *count > 30), "{counts:?}");
}

#[test]
fn any_headers_are_answered() {
    let counts = tried(Target::Headers);
    assert!(counts.ok > 30 && counts.refused > 300, "{counts:?}");
}

#[test]
fn any_body_is_answered() {
    let counts = tried(Target::Bodies);
    assert!(counts.ok > 30 && counts.refused > 300, "{counts:?}");
}

#[test]
fn any_filter_is_answered() {
    let counts = tried(Target::Filters);
    assert!(counts.ok > 30 && counts.refused > 300, "{counts:?}");
}

#[test]
fn any_cursor_is_answered() {
    let counts = tried(Target::Cursors);
    assert!(counts.ok > 30 && counts.refused > 300, "{counts:?}");
}

#[test]
fn any_batch_is_answered() {
    let counts = tried(Target::Batches);
    assert!(counts.ok > 30 && counts.refused > 300, "{counts:?}");
}
