//! The table of a run.

use std::fmt::{self, Display, Formatter};

use crate::{gauges::Gauges, growth, load::Counts};

/// How much more of the heap may be in use than before, by all that is kept once: mostly statements that connections
/// prepare when they first need them.
const HEAP_BYTES: u64 = 1 << 20;
/// Connections to databases that were not open at the first measurement: lanes open connections when they need them.
const DESCRIPTORS: u64 = 4;
const MIB: f64 = 1_048_576.0;

#[derive(Debug, serde::Serialize)]
pub(crate) struct Report {
    seed: u64,
    requests: u64,
    before: Gauges,
    after: Gauges,
    /// The heap at each measurement, the first before the load and the last after it.
    heaps: Vec<u64>,
    /// The prepared statements at each measurement.
    statements: Vec<u64>,
    ends: Counts,
}

impl Report {
    /// The report on a node that was measured before, during and after the load.
    pub(crate) fn new(seed: u64, requests: u64, ends: Counts, looks: &[Gauges]) -> Option<Self> {
        let (before, after) = (*looks.first()?, *looks.last()?);
        let heaps = looks.iter().map(|look| look.heap).collect();
        let statements = looks.iter().map(|look| look.statements).collect();
        Some(Self { seed, requests, before, after, heaps, statements, ends })
    }

    /// Whether the node holds no more than before, and answered every request correctly.
    pub(crate) fn is_good(&self) -> bool {
        self.rows().iter().all(|row| row.after <= row.before + row.more)
            && self.before.consumers == self.after.consumers
            && !growth::goes_on(&self.heaps, self.requests)
            && self.unexpected() == 0
    }

    /// Right requests that failed, and wrong requests that succeeded.
    fn unexpected(&self) -> u64 {
        let is_expected = |end: &str| match end.strip_prefix("wrong: ") {
            Some(end) => end != "ok" && end != "internal",
            None => end.ends_with(": ok"),
        };
        self.ends.iter().filter(|(end, _)| !is_expected(end)).map(|(_, count)| count).sum()
    }

    fn rows(&self) -> [Row; 6] {
        let Self { before, after, .. } = self;
        let row = |name, before, after, more| Row { name, before, after, more };
        [
            row("heap, bytes", before.heap, after.heap, HEAP_BYTES),
            row("tasks", before.tasks, after.tasks, 0),
            row("threads", before.threads, after.threads, 0),
            row("file descriptors", before.descriptors, after.descriptors, DESCRIPTORS),
            row("consumers", before.consumers, after.consumers, 0),
            row("connections", before.connections, after.connections, 0),
        ]
    }
}

struct Row {
    name: &'static str,
    before: u64,
    after: u64,
    /// How much more is allowed.
    more: u64,
}

/// By how much a figure has grown from each look to the next.
fn grown(looks: &[u64]) -> Vec<i128> {
    looks.windows(2).map(|pair| i128::from(pair[1]) - i128::from(pair[0])).collect()
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { seed, requests, before, after, ends, .. } = self;
        writeln!(f, "\nseed {seed}, {requests} requests\n{:<18} {:>12} {:>12}", "", "before", "after")?;
        for Row { name, before, after, more } in self.rows() {
            let word = if after > before + more { "  more than before" } else { "" };
            writeln!(f, "{name:<18} {before:>12} {after:>12}{word}")?;
        }
        #[expect(clippy::cast_precision_loss, reason = "MiB for people")]
        let mib = |bytes: u64| bytes as f64 / MIB;
        writeln!(f, "{:<18} {:>12.1} {:>12.1}", "resident, MiB", mib(before.resident), mib(after.resident))?;
        writeln!(f, "{:<18} {:>12} {:>12}", "statements", before.statements, after.statements)?;
        writeln!(f, "statements, from look to look: {:?}", grown(&self.statements))?;
        writeln!(f, "heap, from look to look: {:?}", grown(&self.heaps))?;
        let word = if growth::goes_on(&self.heaps, *requests) { "  it goes on growing" } else { "" };
        let rate = growth::rate(&self.heaps, *requests);
        writeln!(f, "heap, bytes per request in the second half: {rate:.3}{word}")?;
        for (end, count) in ends {
            writeln!(f, "{count:>12} {end}")?;
        }
        writeln!(f, "{} ended as they should not", self.unexpected())
    }
}
