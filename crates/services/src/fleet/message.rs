//! The messages between the nodes of a fleet, and the state that they report.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use beds_core::error::Error;
use beds_protocol::{Broker, ErrorBody, Service, value::DateTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The state of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It starts.
    Starting,
    /// Its consumers are on their queues.
    Serving,
    /// It serves, and some of its templates contradict their databases.
    Contradicted,
    /// It cannot consume from one of its queues, or is not connected.
    Connecting,
    /// It consumes, but requests may not reach its queues.
    Unrouted,
    /// It was told to drain, and finishes the requests that it has.
    Draining,
    /// It has drained, and takes no requests until it is told to resume.
    Drained,
    /// It ends.
    Stopping,
}

/// The pool that a node has open for a broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pooled {
    /// The broker.
    pub broker: Broker,
    /// How many instances it has.
    pub instances: u16,
    /// How many requests an instance takes at a time.
    pub prefetch: u16,
    /// Whether its requests are served. Nodes of earlier versions do not report this.
    #[serde(default)]
    pub serves: bool,
}

/// A node, as it reports itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name. Another node may share it.
    pub node: String,
    /// Its process. No two processes share it, and a restart changes it.
    pub instance: Uuid,
    /// Its state.
    pub state: State,
    /// Why it does not serve.
    pub reason: Option<String>,
    /// The services that it hosts.
    pub services: Vec<Service>,
    /// The brokers that it has open.
    pub brokers: Vec<Pooled>,
    /// How many requests it has completed since it started.
    pub ended: u64,
    /// When this node has counted them last. Only the node itself knows it.
    #[serde(skip)]
    pub counted: Option<Instant>,
    /// The machine.
    pub host: String,
    /// The process id on that machine.
    pub pid: u32,
    /// The version of its program.
    pub version: String,
    /// Its environment, as in `BEDS_ENV`.
    pub environment: String,
    /// When it started.
    pub started_at: DateTime,
    /// The templates that it serves, with their fingerprints.
    pub templates: BTreeMap<String, String>,
    /// The identity of the shared filesystem that it uses, if any.
    #[serde(default)]
    pub filesystem: Option<Uuid>,
    /// The databases that do not answer to it, each as engine and name.
    #[serde(default)]
    pub away: BTreeSet<String>,
}

/// A command to a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Report the state.
    Ping,
    /// Take no more requests, and finish those that it has.
    Drain,
    /// Take requests again.
    Resume,
    /// Change the pool of a broker, until the node reads its configuration again.
    Scale {
        /// The broker.
        broker: Broker,
        /// The new number of instances.
        instances: u16,
        /// How many requests an instance takes at a time; unchanged if absent.
        prefetch: Option<u16>,
    },
    /// Log by this filter, until the node reads its configuration again.
    LogLevel {
        /// As in `[logging]`.
        level: String,
    },
    /// Compare the templates with their databases.
    Verify,
    /// Read the configuration again.
    Reload,
}

/// The nodes that a command addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Every node.
    All,
    /// The nodes of this name.
    Node(String),
    /// The nodes that host this service.
    Service(Service),
}

impl Target {
    /// Whether the target includes a node.
    #[must_use]
    pub fn means(&self, member: &Member) -> bool {
        match self {
            Self::All => true,
            Self::Node(name) => *name == member.node,
            Self::Service(service) => member.services.contains(service),
        }
    }
}

/// The answer of one node, or that it did not answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The node's name.
    pub node: String,
    /// Its process.
    pub instance: Uuid,
    /// Whether it has obeyed.
    pub ok: bool,
    /// The data of the answer.
    pub data: Option<serde_json::Value>,
    /// Why it has not obeyed, or that it did not answer.
    pub error: Option<ErrorBody>,
}

impl Answer {
    /// The answer with a node's result.
    pub(super) fn of(node: String, instance: Uuid, given: Result<serde_json::Value, Error>) -> Self {
        match given {
            Ok(data) => Self { node, instance, ok: true, data: Some(data), error: None },
            Err(error) => Self { node, instance, ok: false, data: None, error: Some(error.into_body("")) },
        }
    }
}

/// A message between nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Message {
    /// A node has begun to listen. Every node that hears this reports its state.
    Hello { from: Box<Member> },
    /// The state of a node.
    Here { from: Box<Member> },
    /// A node stops.
    Gone { instance: Uuid },
    /// A command.
    Command { id: Uuid, from: Uuid, to: Target, until_ms: u64, command: Command },
    /// The answer to a command.
    Answer { id: Uuid, answer: Answer },
}
