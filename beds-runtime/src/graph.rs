//! Samples of the node's counters, for the template `metric`, and the upkeep of its data.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::sleep,
};
use tracing::debug;

use beds_bus::Status;
use beds_core::{
    Runner,
    meter::{Samples, Source},
    spec::Domain,
};
use beds_protocol::{Service, value::DateTime};
use beds_services::graph::{EVERY, Sample, Sampler, Taken, Upkeep};

use crate::{
    config::Config,
    told::{self, Bodies},
    upkeep::expire_for_ever,
};

/// The template of metrics.
const TEMPLATE: &str = "metric";
/// How many samples wait while they cannot be published: one hour's worth.
const WAITING_MAX: usize = 360;
/// The system's ticks per second, the same for every process.
const TICKS: f64 = 100.0;

/// Samples that wait.
struct Waiting(mpsc::Receiver<Sample>);

impl Bodies for Waiting {
    async fn next(&mut self) -> Option<Vec<u8>> {
        let sample = self.0.recv().await?;
        // Serialization of texts and finite numbers cannot fail.
        Some(serde_json::to_vec(&serde_json::json!({ "args": sample })).unwrap_or_default())
    }
}

/// Samples the counters of these sources, if the project has the template for them, and does the upkeep of its data if
/// the node serves it. Ends when the set is dropped.
pub(crate) fn start(
    config: &Config,
    name: &str,
    (all, served): (&[&'static Domain], &[&'static Domain]),
    sources: Vec<Arc<dyn Source>>,
    (runner, status): (Arc<dyn Runner>, watch::Receiver<Status>),
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let is_it = |domain: &&&'static Domain| {
        domain.name == TEMPLATE && domain.placement.write.service() == Service::Admin
    };
    if config.graph.sample && all.iter().any(|domain| is_it(&domain)) {
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        let to = (config.amqp_of(Service::Admin).clone(), format!("{name} samples"));
        tasks.spawn(told::publish(to, "metric.call.add", Waiting(waiting), status));
        tasks.spawn(sample_for_ever(name.to_owned(), sources, sender));
    }
    let upkeep =
        served.iter().find(is_it).and_then(|domain| Upkeep::new(domain, runner, config.graph.clone()));
    if let Some(upkeep) = upkeep {
        let every = Duration::from_secs(config.node.expire_every_s.into());
        tasks.spawn(async move { expire_for_ever(TEMPLATE, every, || upkeep.step()).await });
    }
    tasks
}

async fn sample_for_ever(node: String, sources: Vec<Arc<dyn Source>>, waiting: mpsc::Sender<Sample>) {
    let (mut sampler, mut last) = (Sampler::default(), Instant::now());
    loop {
        let at = next().await;
        let mut counted = Samples::default();
        for source in &sources {
            source.collect(&mut counted);
        }
        let values = sampler.sample(&counted, taken(), last.elapsed());
        last = Instant::now();
        let Some(values) = values else { continue };
        match waiting.try_send(Sample { node: node.clone(), at, values }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => debug!("a sample is lost: too many wait"),
            Err(mpsc::error::TrySendError::Closed(_)) => return,
        }
    }
}

/// Waits until the time is a multiple of ten seconds, and returns that time.
async fn next() -> DateTime {
    let every = EVERY.as_secs();
    let since = |now: SystemTime| now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = since(SystemTime::now());
    let next = Duration::from_secs((now.as_secs() / every + 1) * every);
    sleep(next.saturating_sub(now)).await;
    DateTime::from(SystemTime::UNIX_EPOCH + next)
}

/// The resources of the process, from the system; all zero if the system does not tell.
fn taken() -> Taken {
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks() as u64;
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    // The name of the program is in parentheses, and may contain any characters.
    let stat = read("/proc/self/stat");
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<f64>().ok());
    let cpu_s = ticks.sum::<f64>() / TICKS;
    let status = read("/proc/self/status");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Taken { cpu_s, memory_bytes: kib.unwrap_or_default() * 1_024, tasks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_says_what_the_process_takes() {
        let begun = Instant::now();
        while taken().cpu_s == 0.0 && begun.elapsed() < Duration::from_secs(10) {
            std::hint::spin_loop();
        }
        let Taken { cpu_s, memory_bytes, .. } = taken();
        assert!(cpu_s > 0.0 && memory_bytes > 1 << 20, "{cpu_s} {memory_bytes}");
    }
}
