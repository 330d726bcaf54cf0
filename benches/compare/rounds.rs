//! Takes the measurements. Contenders take turns, in alternating order, so that a change of the machine's speed affects
//! all of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use crate::against::{Against, Opponent};
use crate::data::Data;
use crate::figures::{Compared, Cpu, Figures, Latency, Measured, Memory, Round, Series};
use crate::load::{Drive, Generator};
use crate::machine::Machine;
use crate::plan::{self, Comparison, Contender, Hall, NAMES, Role};
use crate::process::{Process, log};
use crate::sample::Sample;
use crate::servers::{Processes, Servers, Used};
use crate::work::{Kind, Work};
use crate::{Method, calls, client, cpu};

/// How long a node that has just become ready settles before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_secs(1);
/// The names of the measurements besides the comparisons.
const CALLS: &str = "calls";
const MEMORY: &str = "memory";

/// Measures all comparisons whose name contains `only`.
pub(crate) async fn run(
    servers: &Servers,
    processes: &Processes,
    method: &Method,
    only: Option<&str>,
    against: Option<&Against>,
) -> Result<Figures> {
    let wanted = |name: &str| only.is_none_or(|only| name.contains(only));
    let names: Vec<&str> = NAMES.into_iter().filter(|name| wanted(name)).collect();
    anyhow::ensure!(
        !names.is_empty() || wanted(CALLS) || wanted(MEMORY),
        "nothing has that name: there are {}, {CALLS}, {MEMORY}",
        NAMES.join(", ")
    );
    let mut figures = Figures {
        machine: Machine::here(),
        method: method.clone(),
        memory: Memory::default(),
        memory_against: None,
        comparisons: Vec::new(),
        left_out: Vec::new(),
        warnings: Vec::new(),
    };
    let data = Data::prepare(servers).await?;
    let generator = Generator::connect(&servers.amqp).await?;
    let mut bench =
        Bench { method, processes, generator, opponent: None, asked: HashMap::new(), warnings: vec![] };
    if wanted(CALLS) {
        // This comparison has its own node, which ends before another node serves the same requests.
        match calls::enter(servers, &mut bench.generator).await? {
            Some((comparison, _proxies)) => figures.comparisons.push(bench.compare(&comparison).await?),
            None => figures.left_out.push(format!("{CALLS}: this node serves no batches")),
        }
    }
    let log = log("node");
    let command = tokio::process::Command::new(env!("CARGO_BIN_EXE_beds"));
    let (node, took) = Process::node_of(command, &log).await?;
    let node = Arc::new(node);
    if let Some(against) = against {
        bench.opponent = Some(Opponent::start(against, processes).await?);
    }
    sleep(SETTLE).await;
    figures.memory = Memory { idle_kib: node.resident()?, ..Memory::ready(took) };
    if let Some(other) = &mut bench.opponent {
        other.memory.idle_kib = other.process.resident()?;
    }
    let hall = Hall { servers, node: &node, data: &data, method };
    for name in names {
        bench.enter(&hall, name, &mut figures).await?;
    }
    if figures.comparisons.iter().all(|compared| compared.name == CALLS) {
        bench.load(&hall).await?;
    }
    figures.memory.after_load_kib = node.resident()?;
    if let Some(other) = &mut bench.opponent {
        other.memory.after_load_kib = other.process.resident()?;
        figures.memory_against = Some(std::mem::take(&mut other.memory));
    }
    figures.warnings = bench.warnings;
    data.remove().await?;
    // There was no error that the log could explain.
    let _ = std::fs::remove_file(log);
    Ok(figures)
}

struct Bench<'a> {
    method: &'a Method,
    processes: &'a Processes,
    generator: Generator,
    opponent: Option<Opponent>,
    /// How many writes with a message id each contender got.
    asked: HashMap<String, u64>,
    warnings: Vec<String>,
}

impl Bench<'_> {
    /// One comparison, from its services to its figures.
    async fn enter(&mut self, hall: &Hall<'_>, name: &'static str, figures: &mut Figures) -> Result<()> {
        let Some(mut comparison) = hall.comparison(name, &mut self.generator).await? else {
            figures.left_out.push(format!("{name}: this node does not serve it"));
            return Ok(());
        };
        if let Some(opponent) = &mut self.opponent
            && !opponent.enter(&mut comparison).await?
        {
            figures.left_out.push(format!("{name}: the node of {} does not serve it", opponent.revision));
        }
        self.asked.clear();
        let ledger = hall.data.ledger().await?;
        figures.comparisons.push(self.compare(&comparison).await?);
        if comparison.work.created() > 0 {
            self.check_created(hall.data, &comparison, ledger).await?;
            hall.data.forget_created().await?;
        }
        Ok(())
    }

    async fn compare(&mut self, comparison: &Comparison) -> Result<Compared> {
        let Comparison { name, title, work, contenders, drives, reaches } = comparison;
        eprintln!("{name}: {title}");
        let warm_up = WARM_UP.min(self.method.length());
        if let Some(last) = drives.iter().rfind(|drive| matches!(drive, Drive::InFlight(_))) {
            for contender in contenders {
                self.measure(comparison, contender, *last, warm_up).await?;
            }
        }
        let mut series = Vec::new();
        for drive in drives {
            series.push(self.take_turns(comparison, *drive).await?);
        }
        let (title, operations) = (title.clone(), work.operations());
        Ok(Compared { name, title, operations, reaches: reaches.clone(), series })
    }

    async fn take_turns(&mut self, comparison: &Comparison, drive: Drive) -> Result<Series> {
        let length = match drive {
            Drive::InFlight(1) if comparison.drives.len() > 1 => self.method.length() / 3,
            Drive::InFlight(_) | Drive::Rate(_) => self.method.length(),
        };
        // `beds-client` has no fixed rate: it would wait for earlier replies.
        let is_driven =
            |contender: &&Contender| contender.client.is_none() || matches!(drive, Drive::InFlight(_));
        let contenders: Vec<&Contender> = comparison.contenders.iter().filter(is_driven).collect();
        let measured = |Contender { name, role, .. }: &Contender| Measured {
            contender: name.clone(),
            role: *role,
            rounds: Vec::new(),
        };
        let mut all: Vec<Measured> = contenders.iter().map(|contender| measured(contender)).collect();
        for number in 1..=self.method.rounds {
            let mut order: Vec<usize> = (0..contenders.len()).collect();
            if number % 2 == 0 {
                order.reverse();
            }
            for index in order {
                let round = self.measure(comparison, contenders[index], drive, length).await?;
                all[index].rounds.push(round);
            }
            tell(number, self.method.rounds, drive, &all);
        }
        Ok(Series { drive, contenders: all })
    }

    async fn measure(
        &mut self,
        comparison: &Comparison,
        contender: &Contender,
        drive: Drive,
        length: Duration,
    ) -> Result<Round> {
        let Contender { target, process, client, role, .. } = contender;
        let work = &comparison.work;
        let (generator, servers) = match &mut self.opponent {
            Some(opponent) if *role == Role::Against => (&mut opponent.generator, &opponent.servers),
            _ => (&mut self.generator, self.processes),
        };
        let before = (process.cpu()?, servers.used(), cpu::own()?);
        let mut sample = match (client, drive) {
            (Some(client), Drive::InFlight(in_flight)) => {
                client::run(client, target, work, in_flight, length).await?
            }
            _ => generator.run(target, work, drive, length).await?,
        };
        let after = (process.cpu()?, servers.used(), cpu::own()?);
        if let Some(wrong) = sample.wrong.take() {
            let warning = format!("{}: {} errors, such as: {wrong}", contender.name, sample.errors);
            eprintln!("  {warning}");
            self.warnings.push(warning);
        }
        if target.once {
            *self.asked.entry(contender.name.clone()).or_default() += sample.writes;
        }
        Ok(Round::of(&sample, work.operations(), length, before, after))
    }

    /// Each reply to a create must stand for one record, and there must be no other records. Each write that should be
    /// done once must have its claims in the ledger.
    async fn check_created(
        &mut self,
        data: &Data,
        comparison: &Comparison,
        before: Option<i64>,
    ) -> Result<()> {
        let (asked, created) = (comparison.work.created(), data.created().await?);
        if i64::try_from(asked)? != created {
            self.warnings.push(format!("{asked} records were to be created, and {created} are there"));
        }
        let (Some(before), Some(after)) = (before, data.ledger().await?) else {
            let missing = "there is no `beds_ledger`, so the node's creates ran without one";
            self.warnings.push(format!("{}: {missing}", comparison.name));
            return Ok(());
        };
        let nodes = comparison.contenders.iter().filter(|one| matches!(one.role, Role::Node | Role::Against));
        let asked: u64 = nodes.filter_map(|node| self.asked.get(&node.name)).sum();
        let wanted = asked * comparison.work.claims();
        if i64::try_from(wanted)? != after - before {
            let rows = after - before;
            self.warnings.push(format!("{wanted} claims were to be in the ledger, and {rows} are there"));
        }
        Ok(())
    }

    /// Loads the node if no comparison does.
    async fn load(&mut self, hall: &Hall<'_>) -> Result<()> {
        eprintln!("load, for the node's memory");
        let fetches = Work::new(Kind::Fetch(hall.data.countries.clone()));
        let drive = self.method.most();
        for (key, work) in [("country.fetch", fetches), ("subdivision.create", hall.creates())] {
            let target = plan::target(key);
            self.generator.run(&target, &work, drive, self.method.length()).await?;
            if let Some(opponent) = &mut self.opponent {
                opponent.generator.run(&target, &work, drive, self.method.length()).await?;
            }
        }
        Ok(())
    }
}

impl Memory {
    pub(crate) fn ready(took: Duration) -> Self {
        Self { ready_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX), ..Self::default() }
    }
}

/// The CPU times of a contender, of the servers, and of the load generator.
type Spent = (Duration, Used, Duration);

impl Round {
    fn of(sample: &Sample, operations: u32, length: Duration, before: Spent, after: Spent) -> Self {
        let done = f64::from(sample.replies.max(1)) * f64::from(operations);
        let each =
            |before: Duration, after: Duration| after.saturating_sub(before).as_secs_f64() * 1e6 / done;
        #[allow(clippy::cast_precision_loss, reason = "microseconds of seconds, to three digits")]
        let rank = |quantile: f64| sample.latencies.value_at_quantile(quantile) as f64;
        Self {
            per_second: f64::from(sample.in_time) * f64::from(operations) / length.as_secs_f64(),
            cpu_us: Cpu {
                contender: each(before.0, after.0),
                rabbitmq: each(before.1.rabbitmq, after.1.rabbitmq),
                mariadb: each(before.1.mariadb, after.1.mariadb),
                mongodb: each(before.1.mongodb, after.1.mongodb),
                generator: each(before.2, after.2),
            },
            latency_us: Latency {
                p50: rank(0.5),
                p90: rank(0.9),
                p95: rank(0.95),
                p99: rank(0.99),
                p999: rank(0.999),
                max: rank(1.0),
            },
            replies: sample.replies,
            errors: sample.errors,
        }
    }
}

/// One line about the round that has just ended.
fn tell(number: u32, of: u32, drive: Drive, all: &[Measured]) {
    let figures = all.iter().filter_map(|measured| {
        let round = measured.rounds.last()?;
        Some(match drive {
            Drive::InFlight(1) | Drive::Rate(_) => {
                format!("{} {:.0} µs", measured.contender, round.latency_us.p50)
            }
            Drive::InFlight(_) => format!("{} {:.0}/s", measured.contender, round.per_second),
        })
    });
    let figures: Vec<String> = figures.collect();
    eprintln!("  round {number} of {of}, {drive}: {}", figures.join(" · "));
}
