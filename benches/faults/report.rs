//! The table of a run.

use std::{
    collections::HashMap,
    fmt::{self, Display, Formatter},
};

use crate::{
    check::Found,
    fault::Fault,
    gauges::Gauges,
    load::{Kind, Load},
};

/// How many refusals are shown.
const SHOWN_MAX: usize = 5;

#[derive(Debug, serde::Serialize)]
pub(crate) struct Report {
    seed: u64,
    sent: u64,
    seconds: f64,
    longest_gap_seconds: f64,
    faults: Vec<(Fault, u32)>,
    writes: Vec<(Kind, Found)>,
    refused: Vec<(u64, String)>,
    reads: u64,
    wrong_reads: u64,
    before: Gauges,
    after: Gauges,
}

impl Report {
    pub(crate) fn new(
        seed: u64,
        load: &Load,
        faults: Vec<(Fault, u32)>,
        found: &HashMap<Kind, Found>,
        (before, after): (Gauges, Gauges),
    ) -> Self {
        let known = load.lock();
        let writes = Kind::ALL.iter().filter_map(|kind| Some((*kind, found.get(kind)?.clone())));
        Self {
            seed,
            sent: known.sent,
            seconds: known.duration.as_secs_f64(),
            longest_gap_seconds: known.longest_gap.as_secs_f64(),
            faults,
            writes: writes.collect(),
            refused: known.refused.clone(),
            reads: known.reads,
            wrong_reads: known.wrong_reads,
            before,
            after,
        }
    }

    /// The broken promises.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let writes = self.writes.iter().filter_map(|(kind, found)| {
            let wrong = found.lost + found.doubled + found.replies_that_differ;
            (wrong > 0).then(|| format!("{wrong} {kind:?} writes were lost, doubled or answered in two ways"))
        });
        let refused =
            (!self.refused.is_empty()).then(|| format!("{} requests were refused", self.refused.len()));
        let reads =
            (self.wrong_reads > 0).then(|| format!("{} reads gave another's record", self.wrong_reads));
        writes.chain(refused).chain(reads).chain(self.after.more_than(&self.before)).collect()
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { seed, sent, seconds, longest_gap_seconds, faults, writes, refused, .. } = self;
        writeln!(
            f,
            "\nseed {seed}: {sent} requests in {seconds:.0} s; longest time without an answer {longest_gap_seconds:.1} s"
        )?;
        for (fault, count) in faults {
            writeln!(f, "  {count:>5} x {fault:?}")?;
        }
        writeln!(
            f,
            "{:<10} {:>8} {:>6} {:>8} {:>11} {:>14}",
            "", "writes", "lost", "doubled", "unanswered", "other replies"
        )?;
        for (kind, found) in writes {
            let Found { writes, lost, doubled, unanswered, replies_that_differ } = found;
            let kind = format!("{kind:?}");
            writeln!(
                f,
                "{kind:<10} {writes:>8} {lost:>6} {doubled:>8} {unanswered:>11} {replies_that_differ:>14}"
            )?;
        }
        writeln!(f, "{} reads, {} with another's record", self.reads, self.wrong_reads)?;
        for (when, Gauges { threads, descriptors, connections, consumers, resident, .. }) in
            [("before", self.before), ("after", self.after)]
        {
            let mib = resident >> 20;
            writeln!(
                f,
                "{when:<7} {threads} threads, {descriptors} file descriptors, {connections} connections to RabbitMQ, {consumers} consumers, {mib} MiB resident"
            )?;
        }
        writeln!(f, "{} refused", refused.len())?;
        for (number, reason) in refused.iter().take(SHOWN_MAX) {
            writeln!(f, "  write {number}: {reason}")?;
        }
        Ok(())
    }
}
