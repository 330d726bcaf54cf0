//! The initial program load: the steps from a configuration to a serving node, each logged with its time.
//!
//! In `dev` a failed step is a warning with a hint, and only the parts that need it stay off. In `qa` and `prod` it
//! ends the process, with an exit code of its own and one line that gives the reason.

mod answers;
pub(crate) mod filesystem;
mod hint;

use std::{
    fmt,
    process::ExitCode,
    time::{Duration, Instant},
};

use beds_bus::Server as RabbitMqServer;
use beds_core::{
    settings::SecretUrl,
    spec::{Domain, Engine},
};
use beds_protocol::{OneLine, nearest};
use futures_util::future::{BoxFuture, join_all};
use tracing::{info, warn};

use self::answers::Server;
use crate::config::{Config, Environment};

/// The steps, in order. The number is the exit code of the process if the step ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// The configuration is complete and makes sense.
    Configuration = 10,
    /// Logging is set up.
    Logging = 11,
    /// RabbitMQ answers.
    RabbitMq = 12,
    /// Every MariaDB server that a template needs answers.
    MariaDb = 13,
    /// Every MongoDB server that a template needs answers.
    MongoDb = 14,
    /// The topology is declared, and the brokers consume.
    Brokers = 15,
    /// No template contradicts its database.
    Templates = 16,
    /// The shared filesystem can be written, and is the one that other nodes use.
    Filesystem = 17,
}

impl Step {
    /// The exit code of a process that this step ends.
    #[must_use]
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "configuration",
            Self::Logging => "logging",
            Self::RabbitMq => "RabbitMQ",
            Self::MariaDb => "MariaDB",
            Self::MongoDb => "MongoDB",
            Self::Brokers => "brokers",
            Self::Templates => "templates",
            Self::Filesystem => "shared filesystem",
        })
    }
}

/// A step that failed.
#[derive(Debug)]
pub struct Failure {
    /// Which.
    pub step: Step,
    /// What failed, and why.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.step, OneLine(&self.reason), self.hint)
    }
}

/// A check of one server.
#[derive(Debug)]
pub struct Check {
    /// The step that it belongs to.
    pub step: Step,
    /// What was checked, such as `MariaDB catalog at mysql://…`.
    pub what: String,
    /// The database that it concerns, if any.
    pub database: Option<(Engine, &'static str)>,
    /// How long it took.
    pub took: Duration,
    /// The server's description of itself, or the error.
    pub outcome: Result<String, String>,
    /// The server that answers instead of the intended one, and the advice.
    instead: Option<String>,
}

impl Check {
    /// The advice, if the check failed.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        let reason = self.outcome.as_ref().err()?;
        Some(self.instead.as_deref().unwrap_or_else(|| hint::of(reason)))
    }

    /// The check; if it failed, with the server that answers instead.
    async fn looked_into(self, urls: &[&SecretUrl]) -> Self {
        let meant = match self.step {
            Step::RabbitMq => Server::RabbitMq,
            Step::MariaDb => Server::MariaDb,
            Step::MongoDb => Server::MongoDb,
            Step::Configuration | Step::Logging | Step::Brokers | Step::Templates | Step::Filesystem => {
                return self;
            }
        };
        let Err(reason) = &self.outcome else { return self };
        if hint::is_said_by_server(reason) {
            return self;
        }
        let found = answers::instead_of(meant, urls).await;
        Self { instead: found.map(|found| found.hint(meant)), ..self }
    }
}

/// The databases that these domains need but the configuration does not have. This is an error of the configuration,
/// found before any server is contacted.
#[must_use]
pub fn missing(config: &Config, domains: &[&'static Domain]) -> Option<Failure> {
    let missing: Vec<_> = databases(domains)
        .into_iter()
        .filter(|(engine, name)| !is_configured(config, *engine, name))
        .collect();
    let (engine, name) = missing.first()?;
    let sections: Vec<_> =
        missing.iter().map(|(engine, name)| format!("[{}.{name}]", engine.as_str())).collect();
    let (sections, are) = (sections.join(", "), if missing.len() == 1 { "is" } else { "are" });
    let templates = domains.iter().filter(|domain| missing.contains(&domain.home())).count();
    let known: Vec<&str> = match engine {
        Engine::MariaDb => config.mariadb.names().collect(),
        Engine::MongoDb => config.mongodb.names().collect(),
    };
    let engine = engine.as_str();
    let hint = match nearest(name, known) {
        Some(near) => format!("there is [{engine}.{near}]: did you mean [{engine}.{name}]?"),
        None => format!(
            "give it a `url`, in the configuration or as BEDS__{}__{}__URL",
            engine.to_uppercase(),
            name.to_uppercase()
        ),
    };
    let reason = format!("{sections} {are} not configured; {templates} templates of this node need it");
    Some(Failure { step: Step::Configuration, reason, hint })
}

/// A warning for each section that nothing on this node uses. Most likely it is mistyped, or something else is missing.
#[must_use]
pub fn unused(config: &Config, domains: &[&'static Domain]) -> Vec<String> {
    [unused_databases(config, domains), unused_pools(config)].concat()
}

/// The pools of services that this node does not host.
fn unused_pools(config: &Config) -> Vec<String> {
    let sections = config.brokers.iter().filter(|(service, _)| !config.node.services.contains(service));
    let names = sections.flat_map(|(service, pools)| pools.keys().map(move |name| (service.as_str(), name)));
    names
        .map(|(service, name)| {
            format!(
                "[brokers.{service}.{name}] is the section of a service that this node does not host; add \"{service}\" to \
                 node.services, or remove the section"
            )
        })
        .collect()
}

/// The sections of databases that none of the project's domains names.
fn unused_databases(config: &Config, domains: &[&'static Domain]) -> Vec<String> {
    let used = databases(domains);
    let of_mariadb = config.mariadb.names().map(|name| (Engine::MariaDb, name));
    let sections = of_mariadb.chain(config.mongodb.names().map(|name| (Engine::MongoDb, name)));
    let warning = |(engine, name): (Engine, &str)| {
        if used.contains(&(engine, name)) {
            return None;
        }
        let of_engine = used.iter().filter(|(other, _)| *other == engine).map(|(_, name)| *name);
        let open = of_engine.filter(|name| !is_configured(config, engine, name));
        let hint = match (used.iter().find(|(_, other)| *other == name), nearest(name, open)) {
            (Some((other, _)), _) => {
                format!("templates have this database with the engine {}", other.as_str())
            }
            (None, Some(near)) => format!("did you mean [{}.{near}]?", engine.as_str()),
            (None, None) => "remove it".to_owned(),
        };
        Some(format!(
            "[{}.{name}] is the section of a database that no template names; {hint}",
            engine.as_str()
        ))
    };
    sections.filter_map(warning).collect()
}

/// Checks a configuration by itself: in `qa` and `prod` it must have what these domains need. Warns of its parts that
/// are exposed to others.
///
/// # Errors
/// The missing parts.
pub fn acceptable(
    config: &Config,
    domains: &[&'static Domain],
    environment: Environment,
) -> Result<(), Failure> {
    match (missing(config, domains).or_else(|| filesystem::missing(config)), environment) {
        (Some(failure), Environment::Qa | Environment::Prod) => return Err(failure),
        (Some(failure), Environment::Dev) => warn!("{failure}"),
        (None, _) => {}
    }
    for warning in config.exposed() {
        warn!("{warning}");
    }
    Ok(())
}

pub(crate) fn is_configured(config: &Config, engine: Engine, database: &str) -> bool {
    match engine {
        Engine::MariaDb => config.mariadb.get(database).is_some(),
        Engine::MongoDb => config.mongodb.get(database).is_some(),
    }
}

/// Checks every configured server that these domains need, all at the same time. Returns the answer of each.
pub async fn check(config: &Config, domains: &[&'static Domain]) -> Vec<Check> {
    let servers = config.rabbitmqs();
    let mut checks: Vec<BoxFuture<'_, Check>> = Vec::new();
    for server in &servers {
        checks.push(Box::pin(rabbitmq(config, server)));
    }
    for (engine, name) in
        databases(domains).into_iter().filter(|(engine, name)| is_configured(config, *engine, name))
    {
        match engine {
            Engine::MariaDb => {
                checks.push(Box::pin(mariadb(config, name)));
                if let Some(server) = config.mariadb.get(name).filter(|server| !server.read_urls.0.is_empty())
                {
                    checks.push(Box::pin(replicas(config, name, &server.read_urls.0)));
                }
            }
            Engine::MongoDb => checks.push(Box::pin(mongodb(config, name))),
        }
    }
    join_all(checks).await
}

async fn timed(step: Step, what: String, check: impl Future<Output = Result<String, String>>) -> Check {
    let begun = Instant::now();
    let outcome = check.await;
    Check { step, what, database: None, took: begun.elapsed(), outcome, instead: None }
}

async fn rabbitmq(config: &Config, server: &RabbitMqServer) -> Check {
    let RabbitMqServer { amqp, services } = server;
    let urls: Vec<_> = amqp.url.0.iter().map(SecretUrl::redacted).collect();
    let ping = async {
        beds_bus::ping(amqp).await.map(|()| "answers".to_owned()).map_err(|error| error.to_string())
    };
    // With several servers, the name tells which one it is.
    let names: Vec<_> = services.iter().map(|service| service.as_str()).collect();
    let of =
        if config.broker_services.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
    let check = timed(Step::RabbitMq, format!("RabbitMQ{of} at {}", urls.join(", ")), ping).await;
    check.looked_into(&amqp.url.0.iter().collect::<Vec<_>>()).await
}

async fn mariadb(config: &Config, name: &'static str) -> Check {
    let urls = config.mariadb.get(name).map(|server| server.url.0.as_slice()).unwrap_or_default();
    let ping = beds_mariadb::ping_primary(urls, config.node.ipl_timeout_ms.duration());
    let check = timed(Step::MariaDb, place(Step::MariaDb, name, urls), ping).await;
    let check = check.looked_into(&urls.iter().collect::<Vec<_>>()).await;
    Check { database: Some((Engine::MariaDb, name)), ..check }
}

async fn mongodb(config: &Config, name: &'static str) -> Check {
    let url = config.mongodb.get(name).and_then(|server| server.url.as_ref());
    let ping = async {
        match url {
            Some(url) => beds_mongodb::ping(url, config.node.ipl_timeout_ms.duration()).await,
            None => Err("it has no `url`".to_owned()),
        }
    };
    let check =
        timed(Step::MongoDb, place(Step::MongoDb, name, url.map_or(&[], std::slice::from_ref)), ping).await;
    let check = check.looked_into(url.as_slice()).await;
    Check { database: Some((Engine::MongoDb, name)), ..check }
}

/// The name of a database check, such as ``MariaDB `catalog` at mysql://…``.
fn place(step: Step, name: &str, urls: &[SecretUrl]) -> String {
    let urls: Vec<_> = urls.iter().map(SecretUrl::redacted).collect();
    let at = if urls.is_empty() { String::new() } else { format!(" at {}", urls.join(", ")) };
    format!("{step} `{name}`{at}")
}

/// The answer of each replica. The check fails only if none answers: reads go to the others, and the lane tries a lost
/// replica without end.
async fn replicas(config: &Config, name: &'static str, urls: &[SecretUrl]) -> Check {
    let limit = config.node.ipl_timeout_ms.duration();
    let asking = async {
        let pings = urls.iter().map(async |url| (url.redacted(), beds_mariadb::ping(url, limit).await));
        let answers = join_all(pings).await;
        let count = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
        let all = answers.into_iter().map(|(url, answer)| match answer {
            Ok(version) => format!("{url}: {version}"),
            Err(reason) => format!("{url} FAILED: {reason}"),
        });
        let said = format!("{count} of {} answer: {}", urls.len(), all.collect::<Vec<_>>().join("; "));
        if count == 0 { Err(said) } else { Ok(said) }
    };
    let check = timed(Step::MariaDb, format!("{} `{name}`, replicas for reads", Step::MariaDb), asking).await;
    check.looked_into(&urls.iter().collect::<Vec<_>>()).await
}

/// The databases of these domains, without duplicates.
fn databases(domains: &[&'static Domain]) -> Vec<(Engine, &'static str)> {
    let mut databases: Vec<(Engine, &'static str)> = Vec::new();
    for domain in domains {
        if !databases.contains(&domain.home()) {
            databases.push(domain.home());
        }
    }
    databases
}

/// The domains of the services that a node hosts.
#[must_use]
pub fn hosted(config: &Config, domains: Vec<&'static Domain>) -> Vec<&'static Domain> {
    let hosts = |domain: &&Domain| config.node.services.contains(&domain.placement.read.service());
    domains.into_iter().filter(hosts).collect()
}

/// The domains whose database is configured. The others stay off.
#[must_use]
pub fn configured(config: &Config, domains: Vec<&'static Domain>) -> Vec<&'static Domain> {
    let (known, unknown): (Vec<_>, Vec<_>) =
        domains.into_iter().partition(|domain| is_configured(config, domain.engine(), domain.database));
    for domain in unknown {
        warn!(template = domain.name, "not served: its database `{}` is not configured", domain.database);
    }
    known
}

/// The domains whose database did not answer, and the others.
#[must_use]
pub fn split(
    checks: &[Check],
    domains: Vec<&'static Domain>,
) -> (Vec<&'static Domain>, Vec<&'static Domain>) {
    let failed = |domain: &&Domain| {
        let of_it = |check: &&Check| check.database == Some(domain.home());
        checks.iter().filter(of_it).any(|check| check.outcome.is_err())
    };
    domains.into_iter().partition(failed)
}

/// Logs the checks. Returns the first failure, unless the environment tolerates it.
///
/// # Errors
/// The first failed check, outside of `dev`.
pub fn judge(checks: &[Check], environment: Environment) -> Result<(), Failure> {
    let mut first = None;
    for check in checks {
        let Check { step, what, took, outcome, .. } = check;
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(answer) => info!(took_ms, "{what}: {answer}"),
            Err(said) => {
                let hint = check.hint().unwrap_or_default().to_owned();
                let reason = format!("{what}: {said}");
                warn!(took_ms, "{reason}; {hint}");
                first.get_or_insert(Failure { step: *step, reason, hint });
            }
        }
    }
    match (first, environment) {
        (Some(failure), Environment::Qa | Environment::Prod) => Err(failure),
        (Some(_), Environment::Dev) | (None, _) => Ok(()),
    }
}
