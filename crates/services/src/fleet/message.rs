//! What the nodes of a fleet say to each other, and know of each other.

use std::collections::BTreeMap;

use beds_core::error::Error;
use beds_protocol::{Broker, ErrorBody, Service, value::DateTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How a node is.
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
    /// It consumes, and requests may not come to its queues.
    Unrouted,
    /// It finishes what it has taken, as it was told.
    Draining,
    /// It has finished, and takes nothing until it is told to resume.
    Drained,
    /// It ends.
    Stopping,
}

/// The pool of a broker that a node has open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pooled {
    /// The broker.
    pub broker: Broker,
    /// How many instances it has.
    pub instances: u16,
    /// How many requests one of them takes at a time.
    pub prefetch: u16,
    /// Whether its requests are served. A node of an earlier version does not say.
    #[serde(default)]
    pub serves: bool,
}

/// A node, as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name, which another may share.
    pub node: String,
    /// Its process: no two share that, and it is another after a restart.
    pub instance: Uuid,
    /// How it is.
    pub state: State,
    /// Why it does not serve.
    pub reason: Option<String>,
    /// The services that it hosts.
    pub services: Vec<Service>,
    /// The brokers that it has open.
    pub brokers: Vec<Pooled>,
    /// How many requests it has ended since it started.
    pub ended: u64,
    /// The machine.
    pub host: String,
    /// The process's id there.
    pub pid: u32,
    /// The version of its program.
    pub version: String,
    /// Its environment, as in `BEDS_ENV`.
    pub environment: String,
    /// When it started.
    pub started_at: DateTime,
    /// The templates that it serves, with their fingerprints.
    pub templates: BTreeMap<String, String>,
    /// The shared filesystem that it uses, where it uses one.
    #[serde(default)]
    pub filesystem: Option<Uuid>,
}

/// What a node is told to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// To say how it is.
    Ping,
    /// To take no more requests, and finish those that it has.
    Drain,
    /// To take requests again.
    Resume,
    /// To give a broker another pool, until it reads its configuration again.
    Scale {
        /// The broker.
        broker: Broker,
        /// How many instances it is to have.
        instances: u16,
        /// How many requests one of them is to take at a time; as it is where it is absent.
        prefetch: Option<u16>,
    },
    /// To log by this filter, until it reads its configuration again.
    LogLevel {
        /// As in `[logging]`.
        level: String,
    },
    /// To compare its templates with their databases.
    Verify,
    /// To read its configuration again.
    Reload,
}

/// Who is meant by a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Every node.
    All,
    /// Those of this name.
    Node(String),
    /// Those that host this service.
    Service(Service),
}

impl Target {
    /// Whether a node is meant.
    #[must_use]
    pub fn means(&self, member: &Member) -> bool {
        match self {
            Self::All => true,
            Self::Node(name) => *name == member.node,
            Self::Service(service) => member.services.contains(service),
        }
    }
}

/// What one node answered, or that it did not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The node's name.
    pub node: String,
    /// Its process.
    pub instance: Uuid,
    /// Whether it has obeyed.
    pub ok: bool,
    /// What it says.
    pub data: Option<serde_json::Value>,
    /// Why it has not obeyed, or that it did not answer.
    pub error: Option<ErrorBody>,
}

impl Answer {
    /// What a node gives.
    pub(super) fn of(node: String, instance: Uuid, given: Result<serde_json::Value, Error>) -> Self {
        match given {
            Ok(data) => Self { node, instance, ok: true, data: Some(data), error: None },
            Err(error) => Self { node, instance, ok: false, data: None, error: Some(error.into_body("")) },
        }
    }
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Message {
    /// A node hears from now on; who hears it says how it is.
    Hello { from: Box<Member> },
    /// How a node is.
    Here { from: Box<Member> },
    /// A node ends.
    Gone { instance: Uuid },
    /// A command.
    Command { id: Uuid, from: Uuid, to: Target, until_ms: u64, command: Command },
    /// The answer to one.
    Answer { id: Uuid, answer: Answer },
}
