//! The sections that belong to the runtime itself; the others belong to the crates that they configure.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use beds_core::{
    section,
    settings::{Listed, Millis, SecretUrl},
};
use beds_protocol::{Service, Undeclared};
use serde::{Deserialize, Deserializer};

section! {
    /// `[node]`
    Node {
        /// Name in logs and dead letters; the host's name and the process id where it is absent.
        name: Option<String> = None,
        /// The services that this node hosts.
        services: Vec<Service> = vec![Service::AppServer],
        /// Address of the health endpoint (`GET /live`, `/ready`, `/metrics`); none where it is absent.
        health: Option<SocketAddr> = None,
        /// How long a node that stops waits for the requests it has taken.
        drain_timeout_ms: Millis = Millis(30_000),
        /// How long each check of the initial program load may take.
        ipl_timeout_ms: Millis = Millis(10_000),
        /// Whether templates that contradict their database are served nevertheless.
        serve_unverified: bool = false,
        /// How long between two looks at whether the served templates still fit their databases, in seconds, at least.
        verify_every_s: u32 = 300,
        /// How long a ledger remembers a write, in seconds: a client that repeats it later does it again.
        ledger_keep_s: u32 = 7 * 24 * 3_600,
        /// How long between two looks for records that are too old, in seconds, at least.
        expire_every_s: u32 = 60,
        /// How often the node says how it is, for the fleet.
        heartbeat_ms: Millis = Millis(10_000),
        /// How long the fleet shows a node that is lost, in seconds.
        fleet_keep_s: u32 = 24 * 3_600,
    }
}

/// The roles of a user: a list, or in a variable a text with commas between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles(pub Vec<String>);

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Listed::read(deserializer, "a list of roles")? {
            Listed::Text(text) => {
                text.split(',').map(str::trim).filter(|role| !role.is_empty()).map(str::to_owned).collect()
            }
            Listed::Items(roles) => roles,
        }))
    }
}

section! {
    /// `[access]`
    Access {
        /// What is done with domains whose templates have no `[access]`: open in `dev`, closed elsewhere, where it is absent.
        default: Option<Undeclared> = None,
        /// The roles of users of RabbitMQ, by name.
        users: BTreeMap<String, Roles> = BTreeMap::new(),
    }
}

section! {
    /// `[telemetry]`
    Telemetry {
        /// Where traces go by OTLP over HTTP, such as `http://127.0.0.1:4318`; nowhere where it is absent.
        endpoint: Option<String> = None,
        /// Which part of the requests is traced whose clients do not say, from 0 to 1.
        sample_ratio: f64 = 0.01,
        /// How long sending some spans may take.
        timeout_ms: Millis = Millis(10_000),
    }
}

section! {
    /// `[design]`: what `beds design` needs. No node takes anything of it.
    Design {
        /// Where language models are asked, up to the version of the chat API, such as `http://127.0.0.1:8080/v1`.
        url: Option<String> = None,
        /// The language model.
        model: Option<String> = None,
        /// The file with the key, where the endpoint wants one.
        key_file: Option<PathBuf> = None,
        /// How long a conversation may take, in seconds.
        timeout_s: u32 = 600,
        /// How often the model is asked.
        attempts: u32 = 4,
        /// The most tokens of one answer.
        max_tokens: u32 = 16_000,
        /// The most tokens of all answers of a conversation.
        tokens: u64 = 200_000,
        /// RabbitMQ for proofs, on which nothing else is; a private one where it is absent.
        scratch_amqp: Option<SecretUrl> = None,
        /// A MariaDB for proofs, without a database: `mysql://root@scratch:3306`; a private one where it is absent.
        scratch_mariadb: Option<SecretUrl> = None,
        /// A MongoDB for proofs; a private one where it is absent.
        scratch_mongodb: Option<SecretUrl> = None,
        /// The folder of the sources that a node is built of for proofs; those of this program where it is absent.
        sources: Option<PathBuf> = None,
        /// Where cargo keeps what it builds of them; beside them where it is absent.
        target: Option<PathBuf> = None,
        /// How many records filters and sorts are tried among.
        records: u32 = 100_000,
        /// The DBAs who may approve, each with the public key that `beds design keygen` wrote.
        approvers: BTreeMap<String, String> = BTreeMap::new(),
    }
}

section! {
    /// `[logging]`
    Logging {
        /// What is logged, in the syntax of `tracing_subscriber::EnvFilter`.
        level: String = "info,lapin=off,io_loop=off".into(),
        /// Whether events go to journald; only where its socket exists.
        journald: bool = true,
        /// Whether the console shows JSON lines instead of text.
        json: bool = false,
        /// Whether events go to the template `logger`, where the node has it.
        bus: bool = true,
        /// Events that wait for the bus, before further ones are counted and dropped.
        bus_queue_max: usize = 10_000,
        /// From when on a request is told as slow, with where its time went; never where it is 0.
        slow_ms: Millis = Millis(1_000),
    }
}
