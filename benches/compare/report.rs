//! Medians over the rounds, ratios round by round, the table and the JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::bus::CHANNELS;
use crate::plan::Role;
use crate::rounds::{Compared, Figures, Measured, Memory, Round};

/// What an idle node may keep resident, in KiB.
const IDLE_MAX_KIB: u32 = 50 * 1024;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.as_slice() {
        [] => 0.0,
        values if values.len() % 2 == 1 => values[middle],
        values => f64::midpoint(values[middle - 1], values[middle]),
    }
}

impl Measured {
    fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(of).collect())
    }

    /// The median of a comparison with another contender, round by round.
    fn against(&self, other: &Self, compare: impl Fn(&Round, &Round) -> f64) -> f64 {
        median(self.rounds.iter().zip(&other.rounds).map(|(own, other)| compare(own, other)).collect())
    }

    fn errors(&self) -> u32 {
        self.rounds.iter().map(|round| round.errors).sum()
    }
}

fn base(all: &[Measured]) -> Option<&Measured> {
    all.iter().find(|measured| measured.role == Role::Base)
}

fn ratio(measured: &Measured, base: &Measured) -> f64 {
    measured.against(base, |own, base| own.per_second / base.per_second.max(1.0))
}

fn later_us(measured: &Measured, base: &Measured) -> f64 {
    measured.against(base, |own, base| f64::from(own.p50_us) - f64::from(base.p50_us))
}

/// This tree's node and that of another revision, where there is one.
fn rivals(all: &[Measured]) -> Option<(&Measured, &Measured)> {
    let find = |role| all.iter().find(|measured| measured.role == role);
    find(Role::Node).zip(find(Role::Against))
}

/// The ratio of new to old, round by round.
fn new_to_old((new, old): (&Measured, &Measured), of: impl Fn(&Round) -> f64) -> f64 {
    new.against(old, |new, old| of(new) / of(old).max(f64::MIN_POSITIVE))
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// The whole report as text.
pub(crate) fn table(figures: &Figures) -> String {
    let Figures { method, memory, memory_against, comparisons, warnings } = figures;
    let mut text = format!(
        "\nThe node beside hand-written services: medians of {} rounds of {} s each, after a warm-up; the contenders \
         take turns.\nOne lapin load generator with {CHANNELS} channels drives all; servers, services and load share \
         this machine; ratios are taken round by round.\n",
        method.rounds, method.seconds
    );
    for compared in comparisons {
        section(&mut text, compared, method.in_flight);
        new_beside_old(&mut text, compared);
    }
    let (idle, after) = (f64::from(memory.idle_kib) / 1024.0, f64::from(memory.after_load_kib) / 1024.0);
    let _ = writeln!(
        text,
        "\nThe node's resident memory: {idle:.1} MiB idle (target < {} MiB: {}), {after:.1} MiB after the load",
        IDLE_MAX_KIB / 1024,
        verdict(memory.idle_kib < IDLE_MAX_KIB)
    );
    if let Some(Memory { idle_kib, after_load_kib }) = memory_against {
        let (idle, after) = (f64::from(*idle_kib) / 1024.0, f64::from(*after_load_kib) / 1024.0);
        let _ = writeln!(text, "That of the node before: {idle:.1} MiB idle, {after:.1} MiB after the load");
    }
    for warning in warnings {
        let _ = writeln!(text, "WARNING: {warning}");
    }
    text
}

fn section(text: &mut String, compared: &Compared, in_flight: u16) {
    let _ = writeln!(text, "\n{}: {}", compared.name, compared.title);
    let _ = writeln!(
        text,
        "  {:<30} {:>10} {:>9} {:>9} {:>12} {:>7} {:>7}",
        format!("{in_flight} in flight"),
        "requests/s",
        "p50 ms",
        "p99 ms",
        "CPU µs/req.",
        "ratio",
        "errors"
    );
    for measured in &compared.load {
        let ratio = base(&compared.load).map_or(1.0, |base| ratio(measured, base));
        let goal = compared.ratio_min.filter(|_| measured.role == Role::Node).map_or_else(
            || note(measured.role),
            |least| format!("target ≥ {least:.2}: {}", verdict(ratio >= least)),
        );
        let _ = writeln!(
            text,
            "  {:<30} {:>10.0} {:>9.2} {:>9.2} {:>12.1} {:>7.2} {:>7}  {goal}",
            measured.contender,
            measured.median(|round| round.per_second),
            measured.median(|round| f64::from(round.p50_us) / 1e3),
            measured.median(|round| f64::from(round.p99_us) / 1e3),
            measured.median(|round| round.cpu_us),
            ratio,
            measured.errors()
        );
    }
    let _ = writeln!(
        text,
        "  {:<30} {:>10} {:>9} {:>9} {:>12} {:>7} {:>7}",
        "one in flight", "requests/s", "p50 µs", "p99 µs", "CPU µs/req.", "+ µs", "errors"
    );
    for measured in &compared.serial {
        let later = base(&compared.serial).map_or(0.0, |base| later_us(measured, base));
        let goal = compared.serial_max_us.filter(|_| measured.role == Role::Node).map_or_else(
            || note(measured.role),
            |most| format!("target ≤ +{most:.0}: {}", verdict(later <= most)),
        );
        let _ = writeln!(
            text,
            "  {:<30} {:>10.0} {:>9.0} {:>9.0} {:>12.1} {:>+7.0} {:>7}  {goal}",
            measured.contender,
            measured.median(|round| round.per_second),
            measured.median(|round| f64::from(round.p50_us)),
            measured.median(|round| f64::from(round.p99_us)),
            measured.median(|round| round.cpu_us),
            later,
            measured.errors()
        );
    }
}

/// One line: how this tree's node stands to that of another revision.
fn new_beside_old(text: &mut String, compared: &Compared) {
    let (Some(load), Some(serial)) = (rivals(&compared.load), rivals(&compared.serial)) else { return };
    let _ = writeln!(
        text,
        "  this node to the {}: requests/s {:.2}, p50 {:.2}, p99 {:.2}, CPU {:.2}; one in flight: p50 {:.2}, CPU {:.2}",
        load.1.contender,
        new_to_old(load, |round| round.per_second),
        new_to_old(load, |round| f64::from(round.p50_us)),
        new_to_old(load, |round| f64::from(round.p99_us)),
        new_to_old(load, |round| round.cpu_us),
        new_to_old(serial, |round| f64::from(round.p50_us)),
        new_to_old(serial, |round| round.cpu_us),
    );
}

fn note(role: Role) -> String {
    match role {
        Role::Base => "the measure",
        Role::Node => "",
        Role::Against => "before",
        Role::Information => "for information",
    }
    .to_owned()
}

/// The whole report as JSON: the medians with their targets, and the figures of every round.
pub(crate) fn json(figures: &Figures) -> Value {
    let results = figures.comparisons.iter().map(|compared| {
        let contenders = compared.load.iter().zip(&compared.serial).map(|(load, serial)| {
            json!({
                "contender": load.contender,
                "role": load.role,
                "per_second": load.median(|round| round.per_second),
                "cpu_us": load.median(|round| round.cpu_us),
                "p50_us": load.median(|round| f64::from(round.p50_us)),
                "p99_us": load.median(|round| f64::from(round.p99_us)),
                "ratio": base(&compared.load).map(|base| ratio(load, base)),
                "serial_p50_us": serial.median(|round| f64::from(round.p50_us)),
                "serial_p99_us": serial.median(|round| f64::from(round.p99_us)),
                "serial_cpu_us": serial.median(|round| round.cpu_us),
                "serial_later_us": base(&compared.serial).map(|base| later_us(serial, base)),
                "errors": load.errors() + serial.errors(),
            })
        });
        json!({
            "name": compared.name,
            "ratio_min": compared.ratio_min,
            "serial_max_us": compared.serial_max_us,
            "contenders": contenders.collect::<Vec<_>>(),
            "new_to_old": rivals(&compared.load).map(|load| new_to_old(load, |round| round.per_second)),
            "new_to_old_cpu": rivals(&compared.load).map(|load| new_to_old(load, |round| round.cpu_us)),
        })
    });
    json!({ "results": results.collect::<Vec<_>>(), "idle_max_kib": IDLE_MAX_KIB, "measured": figures })
}

/// How many replies were wrong or missing.
pub(crate) fn errors(figures: &Figures) -> u32 {
    let all = figures.comparisons.iter().flat_map(|compared| compared.load.iter().chain(&compared.serial));
    all.map(Measured::errors).sum()
}
