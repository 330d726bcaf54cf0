//! The resources that the nodes hold while no requests come.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::Result;
use beds_devstack::usage;

use crate::Site;

/// Longer than Tokio keeps an idle thread.
const WATCHED: Duration = Duration::from_secs(12);
const POLL: Duration = Duration::from_millis(500);
/// How much more memory a node may hold than after the warm-up.
const MORE_BYTES: u64 = 64 << 20;

/// The buffers of a connection to RabbitMQ: lapin makes two, of 32 frames of 128 KiB each.
///
/// The kernel gives a page when it is first used. The buffers of a first connection cost little until 4 MiB passed
/// through them. Those of a connection that is made again are filled with zeros: glibc takes them from its heap once
/// buffers of this size were given back.
const BUFFERS: u64 = 8 << 20;

/// Connections of a node to databases that were not open after the warm-up: lanes open connections when they need them.
const MORE_DESCRIPTORS: u64 = 4;

/// Connections of a node to RabbitMQ, each with a thread, that were not open after the warm-up: a lost connection for
/// heartbeats is made again only with the next heartbeat.
const MORE_THREADS: u64 = 1;

/// The resources of all nodes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Gauges {
    pub(crate) nodes: u64,
    pub(crate) threads: u64,
    pub(crate) descriptors: u64,
    /// To RabbitMQ.
    pub(crate) connections: u64,
    pub(crate) consumers: u64,
    pub(crate) resident: u64,
}

impl Gauges {
    /// Watches the nodes for a while, and returns the minimum of the resources that come and go by themselves.
    pub(crate) fn when_still(site: &Site) -> Result<Self> {
        let began = Instant::now();
        let mut least = Self::now(site)?;
        while began.elapsed() < WATCHED {
            sleep(POLL);
            let now = Self::now(site)?;
            least.threads = least.threads.min(now.threads);
            least.descriptors = least.descriptors.min(now.descriptors);
            least.consumers = now.consumers;
            least.resident = least.resident.min(now.resident);
        }
        Ok(least)
    }

    fn now(site: &Site) -> Result<Self> {
        let consumers = ["list_consumers", "--silent", "--no-table-headers", "queue_name"];
        let consumers = site.stack.rabbitmq().control(&consumers)?;
        let connections = ["list_connections", "--silent", "--no-table-headers", "client_properties"];
        let connections = site.stack.rabbitmq().control(&connections)?;
        let of_nodes = connections.lines().filter(|properties| !properties.contains("beds-client"));
        let ours = consumers.lines().filter(|queue| queue.starts_with("beds."));
        let mut all = Self {
            nodes: u64::try_from(site.nodes.len())?,
            threads: 0,
            descriptors: 0,
            connections: u64::try_from(of_nodes.count())?,
            consumers: u64::try_from(ours.count())?,
            resident: 0,
        };
        for node in &site.nodes {
            let pid = node.pid();
            all.threads += usage::threads(pid)?;
            all.descriptors += usage::descriptors(pid)?;
            all.resident += usage::resident(pid)?;
        }
        Ok(all)
    }

    /// The resources of which the nodes hold more than before.
    pub(crate) fn more_than(&self, before: &Self) -> Vec<String> {
        let most = |before: u64, more: u64| before + more * self.nodes;
        let memory = most(before.resident, MORE_BYTES) + self.connections * BUFFERS;
        let kept = [
            ("threads", self.threads, most(before.threads, MORE_THREADS)),
            ("file descriptors", self.descriptors, most(before.descriptors, MORE_DESCRIPTORS)),
            ("bytes of resident memory", self.resident, memory),
        ];
        let more = kept.into_iter().filter(|(_, now, most)| now > most);
        let mut more: Vec<String> = more
            .map(|(what, now, most)| format!("the nodes hold {now} {what}, and {most} at most is right"))
            .collect();
        if self.consumers != before.consumers {
            more.push(format!(
                "the nodes have {} consumers, and {} is right",
                self.consumers, before.consumers
            ));
        }
        more
    }
}
