//! The resources that a node holds while no requests come.

use std::{
    io::Read as _,
    net::{Ipv4Addr, TcpStream},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use beds_devstack::{Stack, usage};

/// How long a node is watched: longer than Tokio keeps an idle thread (10 s), and longer than the pause between two
/// declarations of the topology.
const WATCHED: Duration = Duration::from_secs(25);
const POLL: Duration = Duration::from_millis(200);

/// The resources of a node.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Gauges {
    /// Bytes that are allocated.
    pub(crate) heap: u64,
    pub(crate) tasks: u64,
    pub(crate) threads: u64,
    /// Files, sockets, pipes.
    pub(crate) descriptors: u64,
    pub(crate) consumers: u64,
    /// Connections to RabbitMQ, including those of the clients.
    pub(crate) connections: u64,
    /// Statements that the connections to MariaDB have prepared: each takes some KiB of the heap, once.
    pub(crate) statements: u64,
    /// The memory that the system counts for the process, in bytes: the allocator returns little of it.
    pub(crate) resident: u64,
}

impl Gauges {
    /// Watches a node for a while, and returns the minimum of the resources that come and go by themselves.
    pub(crate) fn when_still(stack: &Stack, pid: u32, counts: u16) -> Result<Self> {
        let began = Instant::now();
        let mut least = Self::now(stack, pid, counts)?;
        while began.elapsed() < WATCHED {
            sleep(POLL);
            let (heap, tasks) = told(counts)?;
            let (threads, descriptors) = (usage::threads(pid)?, usage::descriptors(pid)?);
            least.heap = least.heap.min(heap);
            least.tasks = least.tasks.min(tasks);
            least.threads = least.threads.min(threads);
            least.descriptors = least.descriptors.min(descriptors);
        }
        Ok(least)
    }

    fn now(stack: &Stack, pid: u32, counts: u16) -> Result<Self> {
        let lines = |what: &str, column: &str| -> Result<u64> {
            let listed = stack.rabbitmq().control(&[what, "--silent", "--no-table-headers", column])?;
            Ok(u64::try_from(listed.lines().count())?)
        };
        let (heap, tasks) = told(counts)?;
        Ok(Self {
            heap,
            tasks,
            threads: usage::threads(pid)?,
            descriptors: usage::descriptors(pid)?,
            consumers: lines("list_consumers", "queue_name")?,
            connections: lines("list_connections", "pid")?,
            statements: statements(stack)?,
            resident: usage::resident(pid)?,
        })
    }
}

/// How many prepared statements MariaDB holds.
fn statements(stack: &Stack) -> Result<u64> {
    let told = stack.mariadb_query(None, "show global status like 'Prepared_stmt_count'")?;
    let (_, count) = told.trim().rsplit_once('\t').context("a count of statements")?;
    Ok(count.parse()?)
}

/// The node's own counts.
fn told(counts: u16) -> Result<(u64, u64)> {
    let mut text = String::new();
    TcpStream::connect((Ipv4Addr::LOCALHOST, counts))?.read_to_string(&mut text)?;
    let (heap, tasks) = text.trim().split_once(' ').context("heap and tasks")?;
    Ok((heap.parse()?, tasks.parse()?))
}
