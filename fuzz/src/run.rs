//! Many cases, each within its time.

use std::{
    fmt::{self, Display, Formatter},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use crate::{Counts, Node, Target};

/// How long one case may take on a slow, busy machine. A case takes some 50 µs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A case that violates a condition.
#[derive(Debug)]
pub struct Failure {
    target: Target,
    seed: u64,
    number: u64,
    what: String,
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { target, seed, number, what } = self;
        let name = format!("{target:?}").to_lowercase();
        writeln!(f, "{name}: {what}")?;
        write!(f, "again: cargo xtask fuzz {name} --seed {seed} --from {number} --runs 1")
    }
}

/// Tries the cases with these numbers, and returns the counts of their results.
///
/// # Errors
/// The first case that panics, hangs, or gets an answer that is not allowed.
pub fn run(target: Target, seed: u64, numbers: Range<u64>) -> Result<Counts, Box<Failure>> {
    let (began, progress) = mpsc::channel();
    let fails = |number, what| Err(Box::new(Failure { target, seed, number, what }));
    let first = numbers.start;
    let worker = std::thread::spawn(move || {
        let mut counts = Counts::default();
        let node = match Node::start() {
            Ok(node) => node,
            Err(error) => return Err((first, format!("the runtime cannot start: {error}"))),
        };
        for number in numbers {
            // The receiver exists as long as this thread is waited for.
            let _ = began.send(number);
            let case = target.case(seed, number, &node.domains);
            let handled = catch_unwind(AssertUnwindSafe(|| node.handle(case, &mut counts)));
            let handled = handled.unwrap_or_else(|_| Err("it panics".to_owned()));
            handled
                .map_err(|what| (number, format!("{what}\n{}", target.case(seed, number, &node.domains))))?;
        }
        Ok(counts)
    });
    let mut last = first;
    loop {
        match progress.recv_timeout(PATIENCE) {
            Ok(number) => last = number,
            Err(RecvTimeoutError::Timeout) => return fails(last, format!("no answer within {PATIENCE:?}")),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    match worker.join() {
        Ok(Ok(counts)) => Ok(counts),
        Ok(Err((number, what))) => fails(number, what),
        Err(_) => fails(last, "the case itself cannot be made".to_owned()),
    }
}
