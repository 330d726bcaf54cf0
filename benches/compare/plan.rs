//! What is compared: who, with which requests, what a right reply is, and what the targets are.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use beds_client::Client;
use beds_protocol::topology::EXCHANGE;
use serde::Serialize;
use serde_json::Value;

use crate::data::Data;
use crate::load::Generator;
use crate::process::Process;
use crate::servers::Servers;
use crate::service::Service;

/// Where requests go.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) exchange: &'static str,
    pub(crate) routing_key: &'static str,
    /// A write: stored by RabbitMQ, with a message id.
    pub(crate) durable: bool,
    /// What is right in place of what this tree's node answers.
    pub(crate) reply: Option<FixedReply>,
}

/// A reply that is the same each time.
#[derive(Debug, Clone)]
pub(crate) enum FixedReply {
    /// Any bytes, so many.
    Length(usize),
    Bytes(Arc<[u8]>),
}

/// The requests of a comparison, the same for all contenders.
#[derive(Debug)]
pub(crate) enum Work {
    /// One request again and again.
    Describe { reply: Vec<u8> },
    /// Records by key, in turn.
    Fetch { requests: Vec<(Vec<u8>, Value)>, next: AtomicU64 },
    /// A new record each time.
    Create { countries: Vec<String>, next: AtomicU64 },
}

/// What a right reply is.
#[derive(Debug)]
pub(crate) enum Expected<'a> {
    Length(usize),
    Exactly(&'a [u8]),
    /// A reply with this record.
    Record(&'a Value),
    /// A reply with a record of this code.
    Created(String),
}

/// Whether a figure is what others are measured by, what is measured, or something to know besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Base,
    Node,
    /// The node of another revision.
    Against,
    Information,
}

/// One side of a comparison.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) target: Target,
    pub(crate) process: Arc<Process>,
    /// Driven through `beds-client` in place of the load generator.
    pub(crate) client: Option<Client>,
}

/// A comparison of the node with a hand-written service.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) work: Arc<Work>,
    pub(crate) contenders: Vec<Contender>,
    /// The least ratio of throughputs that is good enough.
    pub(crate) ratio_min: Option<f64>,
    /// The greatest difference of the medians of serial round trips that is good enough, in microseconds.
    pub(crate) serial_max_us: Option<f64>,
}

/// The names of all comparisons.
pub(crate) const NAMES: [&str; 4] = ["describe", "fetch-mariadb", "fetch-mongodb", "create-mariadb"];

impl Work {
    /// The next request and its number.
    pub(crate) fn next(&self) -> (u64, Cow<'_, [u8]>) {
        match self {
            Self::Describe { .. } => (0, Cow::Borrowed(b"{}")),
            Self::Fetch { requests, next } => {
                let number = next.fetch_add(1, Ordering::Relaxed);
                (number, Cow::Borrowed(&in_turn(requests, number).0))
            }
            Self::Create { countries, next } => {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let country = in_turn(countries, number);
                let code = code(countries, number);
                let body = format!(
                    r#"{{"data":{{"code":"{code}","country":"{country}","name":"bench {number}","type":"Province"}}}}"#
                );
                (number, Cow::Owned(body.into_bytes()))
            }
        }
    }

    /// What a right reply to a request is.
    pub(crate) fn expected<'a>(&'a self, number: u64, target: &'a Target) -> Expected<'a> {
        match (&target.reply, self) {
            (Some(FixedReply::Length(length)), _) => Expected::Length(*length),
            (Some(FixedReply::Bytes(bytes)), _) => Expected::Exactly(bytes),
            (None, Self::Describe { reply }) => Expected::Exactly(reply),
            (None, Self::Fetch { requests, .. }) => Expected::Record(&in_turn(requests, number).1),
            (None, Self::Create { countries, .. }) => Expected::Created(code(countries, number)),
        }
    }
}

fn in_turn<T>(items: &[T], number: u64) -> &T {
    let length = u64::try_from(items.len()).unwrap_or(u64::MAX);
    &items[usize::try_from(number % length).unwrap_or_default()]
}

/// A code of its own for each number below 31 million: the country, and three letters or digits.
fn code(countries: &[String], number: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = number / u64::try_from(countries.len()).unwrap_or(u64::MAX);
    let mut code = format!("{}-", in_turn(countries, number));
    for _ in 0..3 {
        code.push(char::from(*in_turn(DIGITS, rest)));
        rest /= 36;
    }
    code
}

impl Expected<'_> {
    /// Whether a reply is right; `thorough` reads it.
    pub(crate) fn accepts(&self, body: &[u8], thorough: bool) -> bool {
        let data = |is: &dyn Fn(&Value) -> bool| {
            if !body.starts_with(br#"{"ok":true,"data":"#) {
                return false;
            }
            !thorough || serde_json::from_slice::<Value>(body).is_ok_and(|reply| is(&reply["data"]))
        };
        match self {
            Self::Length(length) => body.len() == *length,
            Self::Exactly(bytes) => body.len() == bytes.len() && (!thorough || body == *bytes),
            Self::Record(record) => data(&|data| data == *record),
            Self::Created(code) => data(&|data| data["code"] == code.as_str()),
        }
    }
}

/// Starts the services that a comparison needs, and says what it is.
pub(crate) async fn comparison(
    name: &'static str,
    servers: &Servers,
    node: &Arc<Process>,
    data: &Data,
    generator: &mut Generator,
) -> Result<Comparison> {
    let target = |routing_key, durable| Target { exchange: EXCHANGE, routing_key, durable, reply: None };
    let own = |name: &str, routing_key, durable| Contender {
        name: name.to_owned(),
        role: Role::Node,
        target: target(routing_key, durable),
        process: Arc::clone(node),
        client: None,
    };
    let fetch = |requests: &[(Vec<u8>, Value)]| {
        Arc::new(Work::Fetch { requests: requests.to_vec(), next: AtomicU64::new(0) })
    };
    Ok(match name {
        "describe" => {
            let reply = generator.ask(&target("country.describe", false), b"{}").await?;
            let bytes = reply.len();
            let client = Client::builder(&servers.amqp).connect().await?;
            let information = Role::Information;
            let reliable =
                by_hand("reliable lapin echo", information, Service::ReliableEcho { bytes }).await?;
            let routed =
                by_hand("the same, routed as the node", information, Service::RoutedEcho { bytes }).await?;
            Comparison {
                name,
                title: format!("a fixed reply of {bytes} bytes, no database"),
                work: Arc::new(Work::Describe { reply }),
                contenders: vec![
                    by_hand("raw lapin echo", Role::Base, Service::Echo { bytes }).await?,
                    own("node, country.describe", "country.describe", false),
                    reliable,
                    routed,
                    Contender {
                        role: information,
                        client: Some(client),
                        ..own("node, asked by beds-client", "country.describe", false)
                    },
                ],
                ratio_min: Some(0.85),
                serial_max_us: Some(100.0),
            }
        }
        "fetch-mariadb" => Comparison {
            name,
            title: "one row of a MariaDB view by its key".into(),
            work: fetch(&data.countries),
            contenders: vec![
                by_hand("hand-written lapin + sqlx", Role::Base, Service::FetchMariadb).await?,
                own("node, country.fetch", "country.fetch", false),
            ],
            ratio_min: Some(0.85),
            serial_max_us: Some(100.0),
        },
        "fetch-mongodb" => Comparison {
            name,
            title: "one document of a MongoDB collection by its key".into(),
            work: fetch(&data.events),
            contenders: vec![
                by_hand("hand-written lapin + mongodb", Role::Base, Service::FetchMongodb).await?,
                own("node, logger.fetch", "logger.fetch", false),
            ],
            ratio_min: Some(0.85),
            serial_max_us: Some(100.0),
        },
        _ => Comparison {
            name,
            title: "one row through a MariaDB procedure in a transaction, quorum queues".into(),
            work: Arc::new(Work::Create { countries: data.codes(), next: AtomicU64::new(0) }),
            contenders: vec![
                by_hand("hand-written lapin + sqlx", Role::Base, Service::CreateMariadb).await?,
                own("node, subdivision.create", "subdivision.create", true),
            ],
            ratio_min: None,
            serial_max_us: None,
        },
    })
}

async fn by_hand(name: &str, role: Role, service: Service) -> Result<Contender> {
    let (exchange, durable, reply) = match service {
        Service::Echo { bytes } | Service::ReliableEcho { bytes } => {
            ("", false, Some(FixedReply::Length(bytes)))
        }
        Service::RoutedEcho { bytes } => (EXCHANGE, false, Some(FixedReply::Length(bytes))),
        Service::FetchMariadb | Service::FetchMongodb => ("", false, None),
        Service::CreateMariadb => ("", true, None),
    };
    let target = Target { exchange, routing_key: service.queue(), durable, reply };
    let process = Arc::new(Process::service(service).await?);
    Ok(Contender { name: name.to_owned(), role, target, process, client: None })
}
