//! The Rust functions behind the calls of the template `node`: commands to nodes.

use std::time::Duration;

use beds_core::{context::Context, error::Result};
use beds_protocol::{Broker, Service, nearest};

use crate::{
    ask::invalid,
    fleet::{Answer, Command, Fleet, Target},
};

/// Has the nodes report their state.
///
/// # Errors
/// As [`Fleet::ask`], and `validation_failed` if the arguments do not name a target.
pub async fn ping(
    cx: &Context,
    node: Option<String>,
    service: Option<String>,
    wait_ms: Option<i64>,
) -> Result<Vec<Answer>> {
    ask(cx, target(node, service)?, Command::Ping, wait_ms).await
}

/// Has the nodes take no more requests, and finish those that they have.
///
/// # Errors
/// As [`ping`].
pub async fn drain(
    cx: &Context,
    node: Option<String>,
    service: Option<String>,
    wait_ms: Option<i64>,
) -> Result<Vec<Answer>> {
    ask(cx, target(node, service)?, Command::Drain, wait_ms).await
}

/// Has the nodes take requests again.
///
/// # Errors
/// As [`ping`].
pub async fn resume(
    cx: &Context,
    node: Option<String>,
    service: Option<String>,
    wait_ms: Option<i64>,
) -> Result<Vec<Answer>> {
    ask(cx, target(node, service)?, Command::Resume, wait_ms).await
}

/// Gives a broker of the nodes another pool.
///
/// # Errors
/// As [`ping`], and `validation_failed` if the service has no such broker.
pub async fn scale(
    cx: &Context,
    service: String,
    broker: String,
    instances: i64,
    prefetch: Option<i64>,
    node: Option<String>,
    wait_ms: Option<i64>,
) -> Result<Vec<Answer>> {
    let service = service_of(&service)?;
    let brokers = || Broker::ALL.iter().copied().filter(|broker| broker.service() == service);
    let Some(broker) = brokers().find(|known| known.short_name() == broker) else {
        let names: Vec<_> = brokers().map(Broker::short_name).collect();
        return Err(invalid("broker", &format!("must be one of {}", names.join(", "))));
    };
    let number =
        |field: &str, number: i64| u16::try_from(number).map_err(|_| invalid(field, "is out of its range"));
    let instances = number("instances", instances)?;
    let prefetch = prefetch.map(|prefetch| number("prefetch", prefetch)).transpose()?;
    let target = node.map_or(Target::Service(service), Target::Node);
    ask(cx, target, Command::Scale { broker, instances, prefetch }, wait_ms).await
}

/// Has the nodes log by another filter.
///
/// # Errors
/// As [`ping`], and `validation_failed` if it is not a filter.
pub async fn log_level(
    cx: &Context,
    level: String,
    node: Option<String>,
    service: Option<String>,
    wait_ms: Option<i64>,
) -> Result<Vec<Answer>> {
    ask(cx, target(node, service)?, Command::LogLevel { level }, wait_ms).await
}

/// Has the nodes compare their templates with their databases.
///
/// # Errors
/// As [`ping`].
pub async fn verify(
    cx: &Context,
    node: Option<String>,
    service: Option<String>,
    wait_ms: Option<i64>,
) -> Result<Vec<Answer>> {
    ask(cx, target(node, service)?, Command::Verify, wait_ms).await
}

/// Has the nodes read their configuration again.
///
/// # Errors
/// As [`ping`].
pub async fn reload(
    cx: &Context,
    node: Option<String>,
    service: Option<String>,
    wait_ms: Option<i64>,
) -> Result<Vec<Answer>> {
    ask(cx, target(node, service)?, Command::Reload, wait_ms).await
}

async fn ask(cx: &Context, target: Target, command: Command, wait_ms: Option<i64>) -> Result<Vec<Answer>> {
    let wait = wait_ms.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
    cx.extensions.get::<Fleet>()?.ask(target, command, cx.deadline, wait).await
}

fn target(node: Option<String>, service: Option<String>) -> Result<Target> {
    match (node, service) {
        (None, None) => Ok(Target::All),
        (Some(node), None) => Ok(Target::Node(node)),
        (None, Some(service)) => Ok(Target::Service(service_of(&service)?)),
        (Some(_), Some(_)) => Err(invalid("service", "must not be given together with `node`")),
    }
}

fn service_of(name: &str) -> Result<Service> {
    Service::from_name(name).ok_or_else(|| {
        let names = Service::ALL.iter().map(|service| service.as_str());
        let list = names.clone().collect::<Vec<_>>().join(", ");
        let error = invalid("service", &format!("must be one of {list}"));
        match nearest(name, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    })
}
