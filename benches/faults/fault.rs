//! What is done to nodes and servers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::ValueEnum;
use fastrand::Rng;

use crate::Site;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// SIGKILL of a node, and a new one in its place
    KillNode,
    /// RabbitMQ closes all connections, those of clients too
    CloseConnections,
    /// SIGKILL of MariaDB
    KillMariadb,
    /// SIGKILL of the MongoDB server
    KillMongodb,
    /// SIGKILL of RabbitMQ
    KillRabbitmq,
    /// RabbitMQ says that its memory is full, and blocks who publishes
    MemoryAlarm,
}

impl Fault {
    pub(crate) fn all() -> Vec<Self> {
        Self::value_variants().to_vec()
    }
}

/// How long faults last, and what is between them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Durations {
    pub(crate) pause: Duration,
    pub(crate) alarm: Duration,
}

/// Provokes faults one after another, in an order drawn from the seed, until nothing remains to be written. Gives how
/// often each happened.
pub(crate) async fn provoke(
    site: Arc<Site>,
    remaining: Arc<AtomicU64>,
    wanted: Vec<Fault>,
    seed: u64,
    durations: Durations,
) -> Result<Vec<(Fault, u32)>> {
    let mut random = Rng::with_seed(seed);
    let mut counts: Vec<(Fault, u32)> = wanted.iter().map(|fault| (*fault, 0)).collect();
    let mut order: Vec<usize> = Vec::new();
    let began = Instant::now();
    loop {
        tokio::time::sleep(durations.pause).await;
        let left = remaining.load(Ordering::Relaxed);
        if left == 0 {
            return Ok(counts);
        }
        if order.is_empty() {
            order = (0..counts.len()).collect();
            random.shuffle(&mut order);
        }
        let Some(next) = order.pop() else { continue };
        let (fault, count) = &mut counts[next];
        *count += 1;
        println!("{:>5} s, {left} writes to go: {fault:?}", began.elapsed().as_secs());
        let (site, fault, node) = (Arc::clone(&site), *fault, random.usize(..site.nodes.len()));
        tokio::task::spawn_blocking(move || happen(&site, fault, node, durations.alarm)).await??;
    }
}

fn happen(site: &Site, fault: Fault, node: usize, alarm: Duration) -> Result<()> {
    let Site { nodes, stack } = site;
    let rabbitmq = stack.rabbitmq();
    match fault {
        Fault::KillNode => {
            nodes[node].kill();
            nodes[node].restart()?;
        }
        Fault::CloseConnections => {
            rabbitmq.control(&["close_all_connections", "a fault"])?;
        }
        Fault::KillMariadb => kill(stack.mariadb())?,
        Fault::KillMongodb => kill(stack.mongodb())?,
        Fault::KillRabbitmq => kill(rabbitmq)?,
        Fault::MemoryAlarm => {
            rabbitmq.control(&["set_vm_memory_high_watermark", "absolute", "1MB"])?;
            std::thread::sleep(alarm);
            rabbitmq.control(&["set_vm_memory_high_watermark", "0.4"])?;
        }
    }
    Ok(())
}

fn kill(server: &beds_devstack::Server) -> Result<()> {
    server.kill()?;
    Ok(server.start()?)
}
