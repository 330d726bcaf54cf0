//! The measurements and the figures that follow from them: medians over the rounds, and ratios of each round.

use serde::Serialize;

use crate::Method;
use crate::load::Drive;
use crate::machine::Machine;
use crate::plan::{Bound, Reach, Role};

/// All measurements.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) machine: Machine,
    pub(crate) method: Method,
    pub(crate) memory: Memory,
    /// The memory of the opposing node, if there is one.
    pub(crate) memory_against: Option<Memory>,
    pub(crate) comparisons: Vec<Compared>,
    /// The comparisons that were left out, and why.
    pub(crate) left_out: Vec<String>,
    /// Problems, besides the errors that were counted.
    pub(crate) warnings: Vec<String>,
}

/// How soon a node serves, and its resident memory.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Memory {
    /// The time from the start until the node is ready.
    pub(crate) ready_ms: u64,
    pub(crate) idle_kib: u32,
    pub(crate) after_load_kib: u32,
}

/// The result of a comparison.
#[derive(Debug, Serialize)]
pub(crate) struct Compared {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    /// How many operations one request has.
    pub(crate) operations: u32,
    pub(crate) reaches: Vec<Reach>,
    pub(crate) series: Vec<Series>,
}

/// The contenders under one kind of load.
#[derive(Debug, Serialize)]
pub(crate) struct Series {
    pub(crate) drive: Drive,
    pub(crate) contenders: Vec<Measured>,
}

/// The result of one contender.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) contender: String,
    pub(crate) role: Role,
    pub(crate) rounds: Vec<Round>,
}

/// One measurement.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Round {
    /// Operations.
    pub(crate) per_second: f64,
    pub(crate) cpu_us: Cpu,
    pub(crate) latency_us: Latency,
    pub(crate) replies: u32,
    pub(crate) errors: u32,
}

/// CPU time for one operation, in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Cpu {
    /// The CPU time of the contender's process.
    pub(crate) contender: f64,
    pub(crate) rabbitmq: f64,
    pub(crate) mariadb: f64,
    pub(crate) mongodb: f64,
    /// The CPU time of the load generator.
    pub(crate) generator: f64,
}

/// The time from request to reply, in microseconds. At a fixed rate it begins when the request should have been sent.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

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
    pub(crate) fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(of).collect())
    }

    /// The ratio of a figure to another contender's, in each round.
    pub(crate) fn ratio(&self, to: &Self, of: impl Fn(&Round) -> f64) -> f64 {
        self.against(to, |own, other| of(own) / of(other).max(f64::MIN_POSITIVE))
    }

    /// How much later the median reply comes than another contender's, in microseconds.
    pub(crate) fn later_us(&self, than: &Self) -> f64 {
        self.against(than, |own, other| own.latency_us.p50 - other.latency_us.p50)
    }

    fn against(&self, other: &Self, compare: impl Fn(&Round, &Round) -> f64) -> f64 {
        median(self.rounds.iter().zip(&other.rounds).map(|(own, other)| compare(own, other)).collect())
    }

    pub(crate) fn errors(&self) -> u32 {
        self.rounds.iter().map(|round| round.errors).sum()
    }
}

impl Cpu {
    pub(crate) fn servers(&self) -> f64 {
        self.rabbitmq + self.mariadb + self.mongodb
    }
}

impl Series {
    pub(crate) fn base(&self) -> Option<&Measured> {
        self.contenders.iter().find(|measured| measured.role == Role::Base)
    }

    /// This tree's node, and the node of another revision if there is one.
    pub(crate) fn rivals(&self) -> Option<(&Measured, &Measured)> {
        let find = |role| self.contenders.iter().find(|measured| measured.role == role);
        find(Role::Node).zip(find(Role::Against))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Measured> {
        self.contenders.iter().find(|measured| measured.contender == name)
    }
}

impl Compared {
    pub(crate) fn series(&self, drive: Drive) -> Option<&Series> {
        self.series.iter().find(|series| series.drive == drive)
    }

    /// The measured value for a target; none if it was not measured.
    pub(crate) fn reached(&self, reach: &Reach) -> Option<f64> {
        let series = self.series(reach.drive)?;
        let own = series.find(reach.of)?;
        let base = || series.find(reach.to?);
        Some(match reach.bound {
            Bound::RatioMin(_) => own.ratio(base()?, |round| round.per_second),
            Bound::CpuRatioMax(_) => own.ratio(base()?, |round| round.cpu_us.contender),
            Bound::LaterMaxUs(_) => own.later_us(base()?),
            Bound::PerSecondMin(_) => own.median(|round| round.per_second),
            Bound::P95MaxMs(_) => own.median(|round| round.latency_us.p95) / 1e3,
        })
    }

    fn measured(&self) -> impl Iterator<Item = &Measured> {
        self.series.iter().flat_map(|series| &series.contenders)
    }
}

impl Figures {
    /// How many replies were wrong or missing.
    pub(crate) fn errors(&self) -> u32 {
        self.comparisons.iter().flat_map(Compared::measured).map(Measured::errors).sum()
    }
}
