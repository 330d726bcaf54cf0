//! Takes the measurements: contenders take turns, in alternating order, so that a drift of the machine's speed
//! meets all of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use tokio::time::sleep;

use crate::against::{Against, Opponent};
use crate::data::Data;
use crate::load::{Generator, Sample};
use crate::plan::{self, Comparison, Contender, NAMES, Role, Work};
use crate::process::Process;
use crate::servers::Servers;
use crate::{Method, client};

/// How long a node that has just become ready settles before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_secs(1);

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) method: Method,
    pub(crate) memory: Memory,
    /// Of the node that this one is measured against, if there is one.
    pub(crate) memory_against: Option<Memory>,
    pub(crate) comparisons: Vec<Compared>,
    /// What was wrong, beyond errors that were counted.
    pub(crate) warnings: Vec<String>,
}

/// A node's resident memory, in KiB.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Memory {
    pub(crate) idle_kib: u32,
    pub(crate) after_load_kib: u32,
}

/// What a comparison gave.
#[derive(Debug, Serialize)]
pub(crate) struct Compared {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) ratio_min: Option<f64>,
    pub(crate) serial_max_us: Option<f64>,
    /// With many requests in flight.
    pub(crate) load: Vec<Measured>,
    /// With one.
    pub(crate) serial: Vec<Measured>,
}

/// What one contender showed.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) contender: String,
    pub(crate) role: Role,
    pub(crate) rounds: Vec<Round>,
}

/// One measurement.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    /// CPU time of the service's process.
    pub(crate) cpu_us: f64,
    pub(crate) p50_us: u32,
    pub(crate) p99_us: u32,
    pub(crate) replies: u32,
    pub(crate) errors: u32,
}

/// Measures all comparisons whose name contains `only`.
pub(crate) async fn run(
    servers: &Servers,
    method: Method,
    only: Option<&str>,
    against: Option<&Against>,
) -> Result<Figures> {
    let names: Vec<&str> =
        NAMES.into_iter().filter(|name| only.is_none_or(|only| name.contains(only))).collect();
    anyhow::ensure!(!names.is_empty(), "no comparison has that name: there are {}", NAMES.join(", "));
    let log = std::env::temp_dir().join(format!("beds-bench-node-{}.log", std::process::id()));
    let node = Arc::new(Process::node(&log).await?);
    let opponent = match against {
        Some(against) => Some(Opponent::start(against).await?),
        None => None,
    };
    sleep(SETTLE).await;
    let memory = Memory::idle(&node)?;
    let memory_against = opponent.as_ref().map(|other| Memory::idle(&other.process)).transpose()?;
    let data = Data::prepare(servers).await?;
    let generator = Generator::connect(&servers.amqp).await?;
    let comparisons = Vec::with_capacity(names.len());
    let mut figures = Figures { method, memory, memory_against, comparisons, warnings: Vec::new() };
    let mut bench = Bench { method, generator, opponent, warnings: Vec::new() };
    for name in names {
        let mut comparison = plan::comparison(name, servers, &node, &data, &mut bench.generator).await?;
        if let Some(opponent) = &mut bench.opponent {
            opponent.enter(&mut comparison).await?;
        }
        let compared = bench.compare(&comparison).await?;
        if matches!(*comparison.work, Work::Create { .. }) {
            bench.check_created(&data, &comparison).await?;
        }
        figures.comparisons.push(compared);
    }
    figures.memory.after_load_kib = node.resident()?;
    if let (Some(memory), Some(other)) = (&mut figures.memory_against, &bench.opponent) {
        memory.after_load_kib = other.process.resident()?;
    }
    figures.warnings = bench.warnings;
    data.remove().await?;
    // Nothing went wrong that its log could explain.
    let _ = std::fs::remove_file(log);
    Ok(figures)
}

struct Bench {
    method: Method,
    generator: Generator,
    opponent: Option<Opponent>,
    warnings: Vec<String>,
}

impl Bench {
    async fn compare(&mut self, comparison: &Comparison) -> Result<Compared> {
        let Comparison { name, title, contenders, ratio_min, serial_max_us, .. } = comparison;
        eprintln!("{name}: {title}");
        let warm_up = WARM_UP.min(self.method.length());
        for contender in contenders {
            self.measure(comparison, contender, self.method.in_flight, warm_up).await?;
        }
        let load = self.take_turns(comparison, self.method.in_flight, self.method.length()).await?;
        let serial = self.take_turns(comparison, 1, self.method.length() / 3).await?;
        Ok(Compared {
            name,
            title: title.clone(),
            ratio_min: *ratio_min,
            serial_max_us: *serial_max_us,
            load,
            serial,
        })
    }

    async fn take_turns(
        &mut self,
        comparison: &Comparison,
        in_flight: u16,
        length: Duration,
    ) -> Result<Vec<Measured>> {
        let contenders = &comparison.contenders;
        let mut all: Vec<Measured> = contenders
            .iter()
            .map(|Contender { name, role, .. }| Measured {
                contender: name.clone(),
                role: *role,
                rounds: Vec::new(),
            })
            .collect();
        for number in 1..=self.method.rounds {
            let mut order: Vec<usize> = (0..contenders.len()).collect();
            if number % 2 == 0 {
                order.reverse();
            }
            for index in order {
                let round = self.measure(comparison, &contenders[index], in_flight, length).await?;
                all[index].rounds.push(round);
            }
            tell(number, self.method.rounds, in_flight, &all);
        }
        Ok(all)
    }

    async fn measure(
        &mut self,
        comparison: &Comparison,
        contender: &Contender,
        in_flight: u16,
        length: Duration,
    ) -> Result<Round> {
        let Contender { target, process, client, role, .. } = contender;
        let generator = match &mut self.opponent {
            Some(opponent) if *role == Role::Against => &mut opponent.generator,
            _ => &mut self.generator,
        };
        let before = process.cpu()?;
        let mut sample = match client {
            Some(client) => client::run(client, target, &comparison.work, in_flight, length).await?,
            None => generator.run(target, &comparison.work, in_flight, length).await?,
        };
        let cpu = process.cpu()?.saturating_sub(before);
        if let Some(wrong) = sample.wrong.take() {
            let warning = format!("{}: {} errors, such as: {wrong}", contender.name, sample.errors);
            eprintln!("  {warning}");
            self.warnings.push(warning);
        }
        Ok(Round::of(sample, cpu, length))
    }

    /// Each reply to a create must stand for one record, and none be there besides.
    async fn check_created(&mut self, data: &Data, comparison: &Comparison) -> Result<()> {
        let (asked, _) = comparison.work.next();
        let created = data.created().await?;
        if i64::try_from(asked)? != created {
            self.warnings.push(format!("{asked} records were to be created, and {created} are there"));
        }
        Ok(())
    }
}

impl Memory {
    fn idle(process: &Process) -> Result<Self> {
        Ok(Self { idle_kib: process.resident()?, after_load_kib: 0 })
    }
}

impl Round {
    fn of(mut sample: Sample, cpu: Duration, length: Duration) -> Self {
        sample.latencies.sort_unstable();
        let rank = |per_cent: usize| {
            let index = (sample.latencies.len() * per_cent / 100).min(sample.latencies.len().max(1) - 1);
            sample.latencies.get(index).copied().unwrap_or_default()
        };
        Self {
            per_second: f64::from(sample.in_time) / length.as_secs_f64(),
            cpu_us: cpu.as_secs_f64() * 1e6 / f64::from(sample.replies.max(1)),
            p50_us: rank(50),
            p99_us: rank(99),
            replies: sample.replies,
            errors: sample.errors,
        }
    }
}

/// One line about the round that has just ended.
fn tell(number: u32, of: u32, in_flight: u16, all: &[Measured]) {
    let figures = all.iter().filter_map(|measured| {
        let round = measured.rounds.last()?;
        Some(if in_flight == 1 {
            format!("{} {} µs", measured.contender, round.p50_us)
        } else {
            format!("{} {:.0}/s", measured.contender, round.per_second)
        })
    });
    let figures: Vec<String> = figures.collect();
    eprintln!("  round {number} of {of}, {in_flight} in flight: {}", figures.join(" · "));
}
