//! The figures as tables and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::bus::CHANNELS;
use crate::figures::{Compared, Figures, Measured, Memory, Round, Series};

use crate::plan::Role;

/// The figures of all comparisons as text.
pub(crate) fn table(figures: &Figures) -> String {
    let Figures { machine, method, memory, memory_against, comparisons, left_out, warnings } = figures;
    let mut text = format!(
        "\nThe node beside hand-written services: medians of {} rounds of {} s each, after a warm-up; the contenders \
         take turns.\nOne lapin load generator with {CHANNELS} channels drives all; servers, services and load share \
         this machine; ratios are taken round by round.\nCPU is in µs an operation: of the contender's process, of \
         RabbitMQ, MariaDB and MongoDB, of the load generator.\n{}\n",
        method.rounds,
        method.seconds,
        machine.line()
    );
    for compared in comparisons {
        let many = if compared.operations > 1 { ", figures by operation, latencies by request" } else { "" };
        let _ = writeln!(text, "\n{}: {}{many}", compared.name, compared.title);
        for series in &compared.series {
            section(&mut text, compared, series);
        }
    }
    let _ = writeln!(text, "\nThe node: {}", memory.line());
    if let Some(memory) = memory_against {
        let _ = writeln!(text, "The node before: {}", memory.line());
    }
    for left_out in left_out {
        let _ = writeln!(text, "Left out: {left_out}");
    }
    for warning in warnings {
        let _ = writeln!(text, "WARNING: {warning}");
    }
    text
}

impl Memory {
    fn line(&self) -> String {
        let mib = |kib: u32| f64::from(kib) / 1024.0;
        let (idle, after) = (mib(self.idle_kib), mib(self.after_load_kib));
        format!("ready after {} ms; {idle:.1} MiB idle, {after:.1} MiB after the load", self.ready_ms)
    }
}

fn section(text: &mut String, compared: &Compared, series: &Series) {
    let _ = writeln!(
        text,
        "  {:<34} {:>9} {:>8} {:>8} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6} {:>7} {:>6}",
        series.drive.to_string(),
        if compared.operations > 1 { "oper./s" } else { "req./s" },
        "p50 ms",
        "p99 ms",
        "CPU",
        "Rabbit",
        "Maria",
        "Mongo",
        "load",
        "ratio",
        "+ µs",
        "errors"
    );
    for measured in &series.contenders {
        let of = |of: fn(&Round) -> f64| measured.median(of);
        let base = series.base();
        let ratio = base.map_or(1.0, |base| measured.ratio(base, |round| round.per_second));
        let later = base.map_or(0.0, |base| measured.later_us(base));
        let _ = writeln!(
            text,
            "  {:<34} {:>9.0} {:>8.3} {:>8.3} {:>7.1} {:>7.1} {:>7.1} {:>7.1} {:>7.1} {:>6.2} {:>+7.0} {:>6}  {}",
            measured.contender,
            of(|round| round.per_second),
            of(|round| round.latency_us.p50) / 1e3,
            of(|round| round.latency_us.p99) / 1e3,
            of(|round| round.cpu_us.contender),
            of(|round| round.cpu_us.rabbitmq),
            of(|round| round.cpu_us.mariadb),
            of(|round| round.cpu_us.mongodb),
            of(|round| round.cpu_us.generator),
            ratio,
            later,
            measured.errors(),
            note(measured.role)
        );
    }
    if let Some((new, old)) = series.rivals() {
        let _ = writeln!(
            text,
            "  this node to the {}: per second {:.2}, p50 {:.2}, p99 {:.2}, CPU {:.2}, of the servers {:.2}",
            old.contender,
            new.ratio(old, |round| round.per_second),
            new.ratio(old, |round| round.latency_us.p50),
            new.ratio(old, |round| round.latency_us.p99),
            new.ratio(old, |round| round.cpu_us.contender),
            new.ratio(old, |round| round.cpu_us.servers()),
        );
    }
}

fn note(role: Role) -> &'static str {
    match role {
        Role::Base => "the measure",
        Role::Node => "",
        Role::Against => "before",
        Role::Information => "for information",
    }
}

/// The whole report as JSON: the medians with their targets, and the figures of every round.
pub(crate) fn json(figures: &Figures) -> Value {
    let results = figures.comparisons.iter().flat_map(|compared| {
        compared.series.iter().map(|series| {
            json!({
                "name": compared.name,
                "drive": series.drive,
                "operations": compared.operations,
                "contenders": series.contenders.iter().map(|one| medians(one, series)).collect::<Vec<_>>(),
                "new_to_old": series.rivals().map(|(new, old)| new.ratio(old, |round| round.per_second)),
                "new_to_old_cpu": series.rivals().map(|(new, old)| new.ratio(old, |round| round.cpu_us.contender)),
            })
        })
    });
    json!({
        "results": results.collect::<Vec<_>>(),
        "reached": crate::summary::json(figures),
        "measured": figures,
    })
}

fn medians(measured: &Measured, series: &Series) -> Value {
    let of = |of: fn(&Round) -> f64| measured.median(of);
    json!({
        "contender": measured.contender,
        "role": measured.role,
        "per_second": of(|round| round.per_second),
        "p50_us": of(|round| round.latency_us.p50),
        "p99_us": of(|round| round.latency_us.p99),
        "cpu_us": of(|round| round.cpu_us.contender),
        "servers_cpu_us": of(|round| round.cpu_us.servers()),
        "generator_cpu_us": of(|round| round.cpu_us.generator),
        "ratio": series.base().map(|base| measured.ratio(base, |round| round.per_second)),
        "cpu_ratio": series.base().map(|base| measured.ratio(base, |round| round.cpu_us.contender)),
        "later_us": series.base().map(|base| measured.later_us(base)),
        "errors": measured.errors(),
    })
}
