//! The faults of nodes and servers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use beds_devstack::{
    Server,
    delay::{Delay, Way},
};
use clap::ValueEnum;
use fastrand::Rng;

use crate::{Site, links::hold};

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
    /// RabbitMQ says that its disk is full, and blocks who publishes
    DiskAlarm,
    /// The queue of the writes takes no more
    QueueFull,
    /// The connections of the nodes to all servers are cut
    CutLinks,
    /// What passes between the nodes and all servers takes 50 ms
    SlowLinks,
    /// What passes between the nodes and all servers comes in pieces of 7 bytes
    SliceLinks,
    /// Nothing passes between the nodes and RabbitMQ, and no connection ends
    HoleRabbitmq,
    /// Nothing passes between the nodes and MariaDB
    HoleMariadb,
    /// Nothing passes between the nodes and MongoDB
    HoleMongodb,
    /// MariaDB is away for long
    MariadbAway,
    /// MongoDB is away for long
    MongodbAway,
    /// SIGKILL of one of three RabbitMQ servers (--clusters)
    KillOneRabbitmq,
    /// SIGKILL of MariaDB's primary, which a replica takes over from (--clusters)
    KillPrimary,
    /// SIGKILL of one of MariaDB's replicas (--clusters)
    KillReplica,
    /// Another MariaDB becomes the primary, and the one that was it goes on as a replica (--clusters)
    SwitchPrimary,
}

const SLOW: Duration = Duration::from_millis(50);
const SLICE_BYTES: usize = 7;

impl Fault {
    /// The faults that can happen to clusters, or to single servers.
    pub(crate) fn all(clusters: bool) -> Vec<Self> {
        Self::value_variants().iter().copied().filter(|fault| fault.is_of(clusters)).collect()
    }

    /// Whether the fault can happen to clusters, or to single servers.
    pub(crate) const fn is_of(self, clusters: bool) -> bool {
        match self {
            Self::KillNode
            | Self::KillMongodb
            | Self::MongodbAway
            | Self::MemoryAlarm
            | Self::DiskAlarm
            | Self::QueueFull => true,
            Self::KillOneRabbitmq | Self::KillPrimary | Self::KillReplica | Self::SwitchPrimary => clusters,
            // There are no proxies in front of the servers of a cluster.
            Self::CutLinks
            | Self::SlowLinks
            | Self::SliceLinks
            | Self::HoleRabbitmq
            | Self::HoleMariadb
            | Self::HoleMongodb
            | Self::CloseConnections
            | Self::KillMariadb
            | Self::KillRabbitmq
            | Self::MariadbAway => !clusters,
        }
    }
}

/// How long faults last, and the pauses between them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Durations {
    pub(crate) pause: Duration,
    pub(crate) alarm: Duration,
    /// How long links are slow, sliced, or let nothing through.
    pub(crate) link: Duration,
    /// How long a database is away.
    pub(crate) away: Duration,
}

/// Causes one fault after another, in an order drawn from the seed, until all writes are done. Returns how often each
/// fault happened.
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
        let (site, fault, choice) = (Arc::clone(&site), *fault, random.usize(..));
        tokio::task::spawn_blocking(move || happen(&site, fault, choice, durations)).await??;
    }
}

/// Causes a fault of one node, or of one server if there are several.
fn happen(site: &Site, fault: Fault, choice: usize, durations: Durations) -> Result<()> {
    let Site { nodes, stack, links } = site;
    let rabbitmq = stack.rabbitmq();
    let node = choice % nodes.len();
    let Durations { alarm, link, away, .. } = durations;
    let links = || links.as_ref().context("clusters have no proxies");
    match fault {
        Fault::KillNode => {
            nodes[node].kill();
            nodes[node].restart()?;
        }
        Fault::CloseConnections => {
            rabbitmq.control(&["close_all_connections", "a fault"])?;
        }
        Fault::KillMariadb => kill(stack.mariadb(), Duration::ZERO)?,
        Fault::KillMongodb => kill(stack.mongodb(), Duration::ZERO)?,
        Fault::KillRabbitmq => kill(rabbitmq, Duration::ZERO)?,
        Fault::MariadbAway => kill(stack.mariadb(), away)?,
        Fault::MongodbAway => kill(stack.mongodb(), away)?,
        Fault::MemoryAlarm => {
            rabbitmq.control(&["set_vm_memory_high_watermark", "absolute", "1MB"])?;
            sleep(alarm);
            rabbitmq.control(&["set_vm_memory_high_watermark", "0.4"])?;
        }
        Fault::DiskAlarm => {
            rabbitmq.control(&["set_disk_free_limit", "100000GB"])?;
            sleep(alarm);
            rabbitmq.control(&["set_disk_free_limit", "50MB"])?;
        }
        Fault::QueueFull => {
            let queue = r"^beds\.app_server\.w$";
            let full = r#"{"max-length": 1, "overflow": "reject-publish"}"#;
            rabbitmq.control(&["set_policy", "full", queue, full, "--apply-to", "queues"])?;
            sleep(alarm);
            rabbitmq.control(&["clear_policy", "full"])?;
        }
        Fault::KillOneRabbitmq => {
            let servers = stack.rabbitmqs();
            kill(&servers[choice % servers.len()], Duration::ZERO)?;
        }
        Fault::KillPrimary => {
            let primary = stack.mariadb();
            primary.kill()?;
            stack.fail_over()?;
            stack.rejoin(primary)?;
        }
        Fault::KillReplica => {
            let is_replica = |server: &&Server| server.port() != stack.mariadb().port();
            let replicas: Vec<_> = stack.mariadbs().iter().filter(is_replica).collect();
            let replica = replicas[choice % replicas.len()];
            replica.kill()?;
            stack.rejoin(replica)?;
        }
        Fault::SwitchPrimary => {
            stack.fail_over()?;
        }
        Fault::CutLinks => links()?.all().into_iter().for_each(Delay::cut),
        Fault::SlowLinks => hold(&links()?.all(), Way::late(SLOW), link),
        Fault::SliceLinks => hold(&links()?.all(), Way::sliced(SLICE_BYTES), link),
        Fault::HoleRabbitmq => hold(&[&links()?.rabbitmq], Way::hole(), link),
        Fault::HoleMariadb => hold(&[&links()?.mariadb], Way::hole(), link),
        Fault::HoleMongodb => hold(&[&links()?.mongodb], Way::hole(), link),
    }
    Ok(())
}

fn kill(server: &Server, away: Duration) -> Result<()> {
    server.kill()?;
    sleep(away);
    Ok(server.start()?)
}
