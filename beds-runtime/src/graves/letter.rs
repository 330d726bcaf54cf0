//! [`Letter`]: a dead letter in readable form.

use std::time::{Duration, SystemTime};

use beds_bus::DeadLetter;
use beds_core::{mask, spec::Domain};
use beds_protocol::{BatchKey, Json, Lane, RoutingKey, header};
use beds_services::letters::Filter;
use serde_json::{Value, json};

/// A dead letter in readable form.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) routing_key: String,
    pub(crate) code: String,
    pub(crate) reason: String,
    pub(crate) at: String,
    /// Why it cannot be replayed, if so.
    pub(crate) obstacle: Option<String>,
    /// A warning before a replay.
    pub(crate) caution: Option<String>,
    queue: String,
    node: Option<String>,
    request_id: Option<String>,
    message_id: Option<String>,
    user: Option<String>,
    /// The body in a form that may be shown.
    body: Vec<u8>,
}

impl Letter {
    /// The readable form of a letter to one of these domains.
    pub(crate) fn of(held: &DeadLetter, domains: &[&'static Domain]) -> Self {
        let given_up = held.given_up();
        let said = |name| held.header(name);
        let by_rabbitmq =
            |text: fn(&beds_bus::GivenUp) -> String| given_up.as_ref().map(text).unwrap_or_default();
        let routing_key = held.routing_key().to_owned();
        Self {
            id: held.id.to_string(),
            code: said(header::DEAD_CODE).unwrap_or_else(|| by_rabbitmq(|by| by.reason.clone())),
            reason: said(header::DEAD_REASON).unwrap_or_else(|| {
                by_rabbitmq(|by| format!("RabbitMQ gave it up ({}): no node had acknowledged it", by.reason))
            }),
            at: said(header::DEAD_AT).unwrap_or_else(|| by_rabbitmq(|by| unix(by.at))),
            queue: said(header::DEAD_QUEUE).unwrap_or_else(|| by_rabbitmq(|by| by.queue.clone())),
            node: said(header::DEAD_NODE),
            request_id: said(header::DEAD_REQUEST_ID),
            message_id: held.message_id().map(str::to_owned),
            user: held.user(),
            obstacle: obstacle(held, domains),
            caution: caution(held, false),
            body: shown(&routing_key, held.body(), domains),
            routing_key,
        }
    }

    /// Whether the filter matches it.
    pub(crate) fn is_of(&self, filter: &Filter) -> bool {
        let Filter { ids, template, code, reason, older_s, newer_s } = filter;
        // A letter without a time of death has no age to compare.
        let age = self.age();
        let is_older = |seconds: &u64| age.is_some_and(|age| age >= Duration::from_secs(*seconds));
        let is_newer = |seconds: &u64| age.is_some_and(|age| age < Duration::from_secs(*seconds));
        (ids.is_empty() || ids.iter().any(|id| self.id.starts_with(&id.to_ascii_lowercase())))
            && template.as_ref().is_none_or(|template| self.template() == template)
            && code.as_ref().is_none_or(|code| self.code == *code)
            && reason.as_ref().is_none_or(|reason| self.reason.contains(reason.as_str()))
            && older_s.as_ref().is_none_or(is_older)
            && newer_s.as_ref().is_none_or(is_newer)
    }

    /// The first word of its routing key.
    fn template(&self) -> &str {
        self.routing_key.split('.').next().unwrap_or_default()
    }

    /// How long it has been dead; `None` if it has no time of death.
    fn age(&self) -> Option<Duration> {
        let at: beds_protocol::value::DateTime =
            serde_json::from_value(Value::String(self.at.clone())).ok()?;
        let since = SystemTime::from(at.0);
        Some(SystemTime::now().duration_since(since).unwrap_or_default())
    }

    /// Whether it can be replayed, in a word, with the obstacle or the warning.
    pub(crate) fn replay(&self) -> (&'static str, Option<&str>) {
        match &self.obstacle {
            Some(obstacle) => ("stays", Some(obstacle)),
            None => ("replay", self.caution.as_deref()),
        }
    }

    /// As JSON, with its body or without.
    pub(crate) fn json(&self, with_body: bool) -> Json {
        let mut json = Json::from(json!({
            "id": self.id, "at": self.at, "code": self.code, "reason": self.reason,
            "routing_key": self.routing_key, "queue": self.queue, "node": self.node,
            "request_id": self.request_id, "message_id": self.message_id, "user": self.user,
            "can_be_replayed": self.obstacle.is_none(), "obstacle": self.obstacle, "caution": self.caution,
        }));
        if let (true, Json::Object(members)) = (with_body, &mut json) {
            let text = || String::from_utf8_lossy(&self.body).into_owned().into();
            let body = Json::of_any(&self.body).unwrap_or_else(|_| text());
            members.0.push(("body".to_owned(), body));
        }
        json
    }
}

/// A warning for somebody who is to replay the letter, or has replayed it.
pub(super) fn caution(held: &DeadLetter, is_replayed: bool) -> Option<String> {
    let until = held.deadline().and_then(|ms| u64::try_from(ms).ok()).map(|ms| unix(ms / 1_000));
    let late = until.map(|at| format!("its client wanted it until {at}; a replay has no deadline"));
    let dropped = held.header(header::DEAD_HEADERS_DROPPED);
    let dropped =
        dropped.map(|names| format!("a replay lacks its headers {}", beds_protocol::OneLine(&names)));
    let other = (held.is_of_another && !is_replayed).then(|| {
        "it is of another user: RabbitMQ takes it only from an account with the tag `impersonator`".to_owned()
    });
    let all: Vec<String> = late.into_iter().chain(dropped).chain(other).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn unix(seconds: u64) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    beds_protocol::value::DateTime(at.into()).to_string()
}

/// Why a letter cannot be replayed.
fn obstacle(held: &DeadLetter, domains: &[&'static Domain]) -> Option<String> {
    if held.header(header::DEAD_PROPERTIES).is_some() {
        return Some("its properties cannot be read".to_owned());
    }
    if held.header(header::DEAD_MASKED).is_some() {
        return Some(
            "its sensitive values were masked when it died: ask its client to send it again".to_owned(),
        );
    }
    let dropped = held.header(header::DEAD_HEADERS_DROPPED).unwrap_or_default();
    if dropped.split(',').any(|name| name == header::SESSION) {
        return Some(
            "it was sent in a session, and dead letters do not keep its token: a replay would have another caller; \
             ask its client to send it again"
                .to_owned(),
        );
    }
    if held.header(header::DEAD_BODY_BYTES).is_some() {
        return Some("its body was cut off when it died: ask its client to send it again".to_owned());
    }
    let key = held.routing_key();
    if key.is_empty() {
        return Some("it has no routing key, so its operation is unknown".to_owned());
    }
    if let Some(batch) = BatchKey::parse(key) {
        return (batch.lane == Lane::Read).then(|| nobody_waits().to_owned());
    }
    let found = RoutingKey::parse(key).ok().and_then(|key| {
        let domain = domains.iter().find(|domain| domain.name == key.template)?;
        domain.operations().find(|(operation, _)| *operation == key.operation)
    });
    match found {
        None => Some(format!("there is no template and operation `{}`", beds_protocol::OneLine(key))),
        Some((_, Lane::Read)) => Some(nobody_waits().to_owned()),
        Some((_, Lane::Write)) => None,
    }
}

const fn nobody_waits() -> &'static str {
    "it is a read, and nobody waits for its answer any longer"
}

/// A body in a form that may be shown.
fn shown(routing_key: &str, body: &[u8], domains: &[&'static Domain]) -> Vec<u8> {
    let named = |name: &str| domains.iter().copied().find(|domain| domain.name == name);
    if BatchKey::parse(routing_key).is_some() {
        let has_sensitive = domains.iter().any(|domain| mask::has_sensitive(domain));
        return if has_sensitive { mask::batch(body, named).into_owned() } else { body.to_vec() };
    }
    let domain = routing_key.split('.').next().and_then(named);
    domain.map_or_else(|| body.to_vec(), |domain| mask::body(domain, body).into_owned())
}
