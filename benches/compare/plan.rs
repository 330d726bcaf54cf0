//! The comparisons: their contenders, their requests, and their targets.

use std::sync::Arc;

use anyhow::Result;
use beds_client::Client;
use beds_protocol::topology::EXCHANGE;
use serde::Serialize;

use crate::Method;
use crate::data::Data;
use crate::load::{Drive, Generator};
use crate::process::Process;
use crate::servers::Servers;
use crate::service::{Route, Service};
use crate::work::{FixedReply, Kind, Target, Work};

/// Whether a contender is the measure, is measured, or is only for information.
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
    /// Uses `beds-client` instead of the load generator.
    pub(crate) client: Option<Client>,
}

/// A target, as set by the issue that asks for it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Reach {
    pub(crate) drive: Drive,
    /// The measured contender, and the one that it is compared with.
    pub(crate) of: &'static str,
    pub(crate) to: Option<&'static str>,
    pub(crate) bound: Bound,
}

/// The figure with a bound.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    /// Operations per second, as a ratio.
    RatioMin(f64),
    /// CPU time of the contenders' processes, as a ratio.
    CpuRatioMax(f64),
    /// The difference of the medians.
    LaterMaxUs(f64),
    PerSecondMin(f64),
    P95MaxMs(f64),
}

/// A comparison of the node with hand-written services.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) work: Arc<Work>,
    pub(crate) contenders: Vec<Contender>,
    pub(crate) drives: Vec<Drive>,
    pub(crate) reaches: Vec<Reach>,
}

/// The names of all comparisons.
pub(crate) const NAMES: [&str; 6] =
    ["describe", "fetch-mariadb", "fetch-mongodb", "create-mariadb", "batch-fetch", "batch-mixed"];

const ECHO: &str = "lapin echo, acknowledged";
const DESCRIBE: &str = "node, country.describe";
const BY_HAND: &str = "hand-written";
const FETCH: &str = "node, fetch";
const AUTOCOMMIT: &str = "hand-written, autocommit";
const IDEMPOTENT: &str = "hand-written, once";
const ONCE: &str = "node, create once";
const BATCH: &str = "node, batches of 100";

const READS: &str = "app_server.batch.read";
const WRITES: &str = "app_server.batch.write";

/// The environment of all comparisons.
pub(crate) struct Hall<'a> {
    pub(crate) servers: &'a Servers,
    pub(crate) node: &'a Arc<Process>,
    pub(crate) data: &'a Data,
    pub(crate) method: &'a Method,
}

impl Hall<'_> {
    /// Starts the services that a comparison needs, and returns the comparison; none if this node does not serve it.
    pub(crate) async fn comparison(
        &self,
        name: &'static str,
        generator: &mut Generator,
    ) -> Result<Option<Comparison>> {
        Ok(Some(match name {
            "describe" => self.describe(generator).await?,
            "fetch-mariadb" => {
                let key = "country.fetch";
                let work = Work::new(Kind::Fetch(self.data.countries.clone()));
                let cpu = [(64, 0.7), (256, 0.7)];
                self.fetch(
                    name,
                    "one row of a MariaDB view by its key",
                    work,
                    Service::FetchMariadb,
                    key,
                    &cpu,
                )
                .await?
            }
            "fetch-mongodb" => {
                let key = "logger.fetch";
                let work = Work::new(Kind::Fetch(self.data.events.clone()));
                let title = "one document of a MongoDB collection by its key";
                self.fetch(name, title, work, Service::FetchMongodb, key, &[]).await?
            }
            "create-mariadb" => self.create().await?,
            _ => {
                for key in [READS, WRITES] {
                    if !generator.is_routed(EXCHANGE, key).await? {
                        return Ok(None);
                    }
                }
                self.batches(name)
            }
        }))
    }

    async fn describe(&self, generator: &mut Generator) -> Result<Comparison> {
        let key = "country.describe";
        let reply = generator.ask(&target(key), b"{}").await?;
        let bytes = reply.len();
        let client = Client::builder(&self.servers.amqp).connect().await?;
        Ok(Comparison {
            name: "describe",
            title: format!("a fixed reply of {bytes} bytes, no database"),
            work: Work::new(Kind::Same { body: b"{}".to_vec(), reply }),
            contenders: vec![
                by_hand(ECHO, Role::Base, Service::Echo { bytes }).await?,
                self.own(DESCRIBE, Role::Node, target(key)),
                by_hand("the same, without acknowledgement", Role::Information, Service::BareEcho { bytes })
                    .await?,
                routed("the same, from a queue as the node's", bytes, Route::Name).await?,
                routed("the same, by a direct exchange", bytes, Route::Direct).await?,
                routed("the same, by the node's exchange", bytes, Route::Topic).await?,
                Contender {
                    client: Some(client),
                    ..self.own("node, asked by beds-client", Role::Information, target(key))
                },
            ],
            drives: self.method.drives(),
            reaches: [64, 256]
                .into_iter()
                .flat_map(|n| [ratio(n, DESCRIBE, ECHO, 0.9), cpu(n, DESCRIBE, ECHO, 1.25)])
                .chain([later(DESCRIBE, ECHO, 40.0)])
                .collect(),
        })
    }

    async fn fetch(
        &self,
        name: &'static str,
        title: &str,
        work: Arc<Work>,
        service: Service,
        key: &'static str,
        cpu_max: &[(u16, f64)],
    ) -> Result<Comparison> {
        let mut reaches = vec![ratio(64, FETCH, BY_HAND, 1.5), ratio(256, FETCH, BY_HAND, 2.0)];
        reaches.extend(cpu_max.iter().map(|(n, most)| cpu(*n, FETCH, BY_HAND, *most)));
        reaches.push(later(FETCH, BY_HAND, 40.0));
        Ok(Comparison {
            name,
            title: title.to_owned(),
            work,
            contenders: vec![
                by_hand(BY_HAND, Role::Base, service).await?,
                self.own(FETCH, Role::Node, target(key)),
            ],
            drives: self.method.drives(),
            reaches,
        })
    }

    async fn create(&self) -> Result<Comparison> {
        let once = Target { once: true, ..target("subdivision.create") };
        let twice = target("subdivision.create");
        Ok(Comparison {
            name: "create-mariadb",
            title: "one row into MariaDB, synced; requests in quorum queues".to_owned(),
            work: self.creates(),
            contenders: vec![
                by_hand(AUTOCOMMIT, Role::Base, Service::CreateMariadb).await?,
                self.own(ONCE, Role::Node, once),
                by_hand(IDEMPOTENT, Role::Information, Service::CreateOnceMariadb).await?,
                self.own("node, create without message_id", Role::Information, twice),
            ],
            drives: self.method.drives(),
            reaches: vec![
                ratio(64, ONCE, AUTOCOMMIT, 1.0),
                ratio(256, ONCE, AUTOCOMMIT, 1.5),
                ratio(256, ONCE, IDEMPOTENT, 2.0),
            ],
        })
    }

    fn batches(&self, name: &'static str) -> Comparison {
        let fetches = self.data.countries.clone();
        let (title, kind, least) = if name == "batch-fetch" {
            ("fetches by key from MariaDB, 100 a request", Kind::Fetches(fetches), 100_000.0)
        } else {
            let kind = Kind::Mixed { fetches, countries: self.data.codes() };
            ("100 a request: four requests of fetches, one of creates once", kind, 40_000.0)
        };
        let target = Target { write: WRITES, once: true, ..target(READS) };
        let drives: Vec<Drive> = self.method.batches.iter().copied().map(Drive::InFlight).collect();
        let reach = |drive| Reach { drive, of: BATCH, to: None, bound: Bound::PerSecondMin(least) };
        Comparison {
            name,
            title: title.to_owned(),
            work: Work::new(kind),
            contenders: vec![self.own(BATCH, Role::Node, target)],
            reaches: drives.last().copied().map(reach).into_iter().collect(),
            drives,
        }
    }

    /// New records, one in each request.
    pub(crate) fn creates(&self) -> Arc<Work> {
        Work::new(Kind::Create(self.data.codes()))
    }

    fn own(&self, name: &str, role: Role, target: Target) -> Contender {
        Contender { name: name.to_owned(), role, target, process: Arc::clone(self.node), client: None }
    }
}

/// Requests to a node, with one routing key.
pub(crate) fn target(key: &'static str) -> Target {
    Target { exchange: EXCHANGE, read: key, write: key, once: false, reply: None }
}

/// An echo whose requests take another route, which shows the cost of the route.
async fn routed(name: &str, bytes: usize, by: Route) -> Result<Contender> {
    by_hand(name, Role::Information, Service::RoutedEcho { bytes, by }).await
}

async fn by_hand(name: &str, role: Role, service: Service) -> Result<Contender> {
    let (exchange, reply) = match service {
        Service::Echo { bytes } | Service::BareEcho { bytes } => ("", Some(FixedReply::Length(bytes))),
        Service::RoutedEcho { bytes, by } => (by.exchange(), Some(FixedReply::Length(bytes))),
        Service::FetchMariadb
        | Service::FetchMongodb
        | Service::CreateMariadb
        | Service::CreateOnceMariadb => ("", None),
    };
    let once = matches!(service, Service::CreateOnceMariadb);
    let target = Target { exchange, read: service.queue(), write: service.queue(), once, reply };
    let process = Arc::new(Process::service(service).await?);
    Ok(Contender { name: name.to_owned(), role, target, process, client: None })
}

fn ratio(in_flight: u16, of: &'static str, to: &'static str, least: f64) -> Reach {
    Reach { drive: Drive::InFlight(in_flight), of, to: Some(to), bound: Bound::RatioMin(least) }
}

fn cpu(in_flight: u16, of: &'static str, to: &'static str, most: f64) -> Reach {
    Reach { drive: Drive::InFlight(in_flight), of, to: Some(to), bound: Bound::CpuRatioMax(most) }
}

fn later(of: &'static str, to: &'static str, most_us: f64) -> Reach {
    Reach { drive: Drive::InFlight(1), of, to: Some(to), bound: Bound::LaterMaxUs(most_us) }
}
