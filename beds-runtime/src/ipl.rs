//! The initial program load: the steps from a configuration to a serving node, each logged with its time.
//!
//! In `dev` a step that fails is a warning with a hint, and only what needs it stays off. In `qa` and `prod` it
//! ends the process, with an exit code of its own and one line that says why.

use std::{
    fmt,
    process::ExitCode,
    time::{Duration, Instant},
};

use crate::{
    adapters::{mariadb, mongodb},
    broker,
    config::{Config, Environment, SecretUrl},
    spec::{Domain, Engine},
};
use futures_util::future::{join, join_all};
use tracing::{info, warn};

/// The steps, in order. The number is the process's exit code when the step ends it.
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
}

impl Step {
    /// The exit code of a process that ends at this step.
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
        })
    }
}

/// A step that failed.
#[derive(Debug)]
pub struct Failure {
    /// Which.
    pub step: Step,
    /// What of it, and why.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.step, self.reason, self.hint)
    }
}

/// A check of one server.
#[derive(Debug)]
pub struct Check {
    /// The step that it belongs to.
    pub step: Step,
    /// What was checked, such as `MariaDB catalog at mysql://…`.
    pub what: String,
    /// How long it took.
    pub took: Duration,
    /// What the server said of itself, or what went wrong.
    pub outcome: Result<String, String>,
}

/// Checks every server that these domains need, and says what each answered. The checks run side by side, since one
/// that is absent costs the whole patience: the start waits for that once.
pub async fn check(config: &Config, domains: &[&'static Domain]) -> Vec<Check> {
    let databases = databases(domains).into_iter().map(|(engine, name)| check_database(config, engine, name));
    let (bus, databases) = join(check_bus(config), join_all(databases)).await;
    std::iter::once(bus).chain(databases.into_iter().flatten()).collect()
}

async fn check_bus(config: &Config) -> Check {
    let begun = Instant::now();
    let outcome = broker::ping(&config.amqp).await.map(|()| "answers".to_owned()).map_err(|e| e.to_string());
    let urls: Vec<_> = config.amqp.url.0.iter().map(SecretUrl::redacted).collect();
    let what = format!("RabbitMQ at {}", urls.join(", "));
    Check { step: Step::RabbitMq, what, took: begun.elapsed(), outcome }
}

/// Of a database's server, and of its replicas if it has some.
async fn check_database(config: &Config, engine: Engine, name: &'static str) -> Vec<Check> {
    let limit = config.node.ipl_timeout_ms.duration();
    let (step, section, url) = match engine {
        Engine::MariaDb => {
            (Step::MariaDb, "mariadb", config.mariadb.get(name).and_then(|found| found.url.clone()))
        }
        Engine::MongoDb => {
            (Step::MongoDb, "mongodb", config.mongodb.get(name).and_then(|found| found.url.clone()))
        }
    };
    let server = async {
        let begun = Instant::now();
        let outcome = match (engine, &url) {
            (Engine::MariaDb, Some(url)) => mariadb::ping(url, limit).await,
            (Engine::MongoDb, Some(url)) => mongodb::ping(url, limit).await,
            (_, None) => Err(format!("[{section}.{name}] is not configured")),
        };
        let at = url.as_ref().map(|url| format!(" at {}", url.redacted())).unwrap_or_default();
        Check { step, what: format!("{step} `{name}`{at}"), took: begun.elapsed(), outcome }
    };
    let read_urls = match (engine, config.mariadb.get(name)) {
        (Engine::MariaDb, Some(found)) => found.read_urls.0.as_slice(),
        _ => &[],
    };
    let reads = async {
        let begun = Instant::now();
        let outcome = replicas(read_urls, limit).await;
        let what = format!("{step} `{name}`, replicas for reads");
        Check { step, what, took: begun.elapsed(), outcome }
    };
    if read_urls.is_empty() {
        vec![server.await]
    } else {
        <[Check; 2]>::from(join(server, reads).await).into()
    }
}

/// What each replica answers. It is a failure only where none does: reads go to the others, and the lane tries the
/// lost one for ever.
async fn replicas(urls: &[SecretUrl], limit: Duration) -> Result<String, String> {
    let pings = urls.iter().map(async |url| (url.redacted(), mariadb::ping(url, limit).await));
    let answers = join_all(pings).await;
    let count = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    let all = answers.into_iter().map(|(url, answer)| match answer {
        Ok(version) => format!("{url}: {version}"),
        Err(reason) => format!("{url} FAILED: {reason}"),
    });
    let said = format!("{count} of {} answer: {}", urls.len(), all.collect::<Vec<_>>().join("; "));
    if count == 0 { Err(said) } else { Ok(said) }
}

/// The databases of these domains, each once.
fn databases(domains: &[&'static Domain]) -> Vec<(Engine, &'static str)> {
    let mut databases: Vec<(Engine, &'static str)> = Vec::new();
    for domain in domains {
        if !databases.contains(&(domain.engine, domain.database)) {
            databases.push((domain.engine, domain.database));
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

/// The domains whose database the configuration knows; the others stay off.
#[must_use]
pub fn configured(config: &Config, domains: Vec<&'static Domain>) -> Vec<&'static Domain> {
    let (known, unknown): (Vec<_>, Vec<_>) = domains.into_iter().partition(|domain| match domain.engine {
        Engine::MariaDb => config.mariadb.get(domain.database).is_some(),
        Engine::MongoDb => config.mongodb.get(domain.database).is_some(),
    });
    for domain in unknown {
        warn!(template = domain.name, "stays off: its database `{}` is not configured", domain.database);
    }
    known
}

/// Logs the checks, and gives the first failure where the environment does not take it.
///
/// # Errors
/// The first failed check, outside of `dev`.
pub fn judge(checks: Vec<Check>, environment: Environment) -> Result<(), Failure> {
    let mut first = None;
    for Check { step, what, took, outcome } in checks {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(answer) => info!(took_ms, "{what}: {answer}"),
            Err(reason) => {
                let reason = format!("{what}: {reason}");
                let hint =
                    "start the server, or correct its address in config/ or the environment".to_owned();
                warn!(took_ms, "{reason}; {hint}");
                first.get_or_insert(Failure { step, reason, hint });
            }
        }
    }
    match (first, environment) {
        (Some(failure), Environment::Qa | Environment::Prod) => Err(failure),
        (Some(_), Environment::Dev) | (None, _) => Ok(()),
    }
}
