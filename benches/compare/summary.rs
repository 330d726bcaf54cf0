//! The targets, and whether they are reached.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::figures::{Figures, Memory};
use crate::plan::{Bound, Reach};

const READY_MAX_MS: u64 = 1_000;
const IDLE_MAX_KIB: u32 = 40 * 1024;
const AFTER_LOAD_MAX_KIB: u32 = 48 * 1024;

/// One target.
struct Line {
    comparison: &'static str,
    what: String,
    reach: String,
    /// The measured value, and whether it reaches the target; none if it was not measured.
    measured: Option<(f64, bool)>,
    digits: usize,
}

/// All targets as text.
pub(crate) fn table(figures: &Figures) -> String {
    let mut text = format!("\n{:<15} {:<78} {:>11} {:>10}\n", "targets", "", "reach", "measured");
    for Line { comparison, what, reach, measured, digits } in lines(figures) {
        let (value, verdict) = match measured {
            Some((value, is_met)) => (format!("{value:.digits$}"), if is_met { "met" } else { "MISSED" }),
            None => ("-".to_owned(), "not measured"),
        };
        let _ = writeln!(text, "{comparison:<15} {what:<78} {reach:>11} {value:>10}  {verdict}");
    }
    text
}

/// All targets as JSON.
pub(crate) fn json(figures: &Figures) -> Value {
    let lines = lines(figures).into_iter().map(|Line { comparison, what, reach, measured, .. }| {
        let (value, is_met) = measured.unzip();
        json!({ "comparison": comparison, "what": what, "reach": reach, "measured": value, "met": is_met })
    });
    lines.collect()
}

fn lines(figures: &Figures) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for compared in &figures.comparisons {
        lines
            .extend(compared.reaches.iter().map(|reach| line(compared.name, reach, compared.reached(reach))));
    }
    let Memory { ready_ms, idle_kib, after_load_kib } = figures.memory;
    lines.push(Line {
        comparison: "memory",
        what: "from the start until ready, ms".to_owned(),
        reach: format!("≤ {READY_MAX_MS}"),
        #[allow(clippy::cast_precision_loss, reason = "milliseconds of seconds")]
        measured: Some((ready_ms as f64, ready_ms <= READY_MAX_MS)),
        digits: 0,
    });
    for (what, kib, most) in
        [("idle", idle_kib, IDLE_MAX_KIB), ("after load", after_load_kib, AFTER_LOAD_MAX_KIB)]
    {
        lines.push(Line {
            comparison: "memory",
            what: format!("resident, {what}, MiB"),
            reach: format!("≤ {}", most / 1024),
            measured: Some((f64::from(kib) / 1024.0, kib <= most)),
            digits: 1,
        });
    }
    lines
}

fn line(comparison: &'static str, reach: &Reach, measured: Option<f64>) -> Line {
    let Reach { drive, of, to, bound } = reach;
    let to = to.map(|to| format!(" / {to}")).unwrap_or_default();
    let (figure, sign, limit, digits) = match *bound {
        Bound::RatioMin(least) => ("per second", '≥', least, 2),
        Bound::CpuRatioMax(most) => ("CPU", '≤', most, 2),
        Bound::LaterMaxUs(most) => ("p50, + µs", '≤', most, 0),
        Bound::PerSecondMin(least) => ("operations/s", '≥', least, 0),
        Bound::P95MaxMs(most) => ("p95, ms", '≤', most, 1),
    };
    let is_enough = |value: f64| if sign == '≥' { value >= limit } else { value <= limit };
    Line {
        comparison,
        what: format!("{of}{to}, {drive}: {figure}"),
        reach: format!("{sign} {limit:.digits$}"),
        measured: measured.map(|value| (value, is_enough(value))),
        digits,
    }
}
