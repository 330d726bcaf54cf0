//! Requests that are put aside: into a queue of requests that wait for a database, or of requests that run alone.
//!
//! A request that is put aside is copied, and acknowledged once RabbitMQ has confirmed the copy. So nothing is lost,
//! and RabbitMQ's count of deliveries starts anew. The copy goes to its queue by the default exchange, so headers keep
//! the routing key, the exchange and the user of the request. The node believes these headers where RabbitMQ vouches
//! that a node has published the copy. Another header keeps since when a request waits for another node, so that one
//! which no node can do does not wait for ever.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use beds_protocol::header;
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::message::Properties;

/// RabbitMQ's count of deliveries before this one, in quorum queues.
const DELIVERY_COUNT: &str = "x-delivery-count";
const OURS: [&str; 5] =
    [DELIVERY_COUNT, header::ASIDE_KEY, header::ASIDE_EXCHANGE, header::ASIDE_USER, header::ASIDE_SOUGHT];

/// A request by its properties, and the exchange and routing key that it was published with.
#[derive(Debug, PartialEq)]
pub(crate) struct Restored {
    pub(crate) properties: BasicProperties,
    pub(crate) routing_key: ShortString,
    pub(crate) exchange: ShortString,
    pub(crate) sought: Option<Sought>,
}

/// Since when a request waits for another node, in Unix milliseconds: the nodes that have it in turn share no other
/// clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sought(i64);

impl Sought {
    pub(crate) fn now() -> Self {
        Self(unix_ms())
    }

    /// For how long.
    pub(crate) fn lasts(self) -> Duration {
        Duration::from_millis(u64::try_from(unix_ms().saturating_sub(self.0)).unwrap_or_default())
    }
}

fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The properties of a copy that is published as this user. They have no expiration: a request that is put aside may
/// wait for long.
pub(crate) fn properties(
    from: &BasicProperties,
    (exchange, routing_key): (&ShortString, &ShortString),
    (user, sought): (&str, Option<Sought>),
) -> Properties {
    let mut headers = others(from);
    headers.insert(header::ASIDE_KEY.into(), text(routing_key));
    headers.insert(header::ASIDE_EXCHANGE.into(), text(exchange));
    if let Some(user) = from.user_id() {
        headers.insert(header::ASIDE_USER.into(), text(user));
    }
    if let Some(Sought(since)) = sought {
        headers.insert(header::ASIDE_SOUGHT.into(), AMQPValue::LongLongInt(since));
    }
    Properties::from_parts(without_expiration(from).with_user_id(user.into()), headers).persistent()
}

/// The request of which this is a copy, if one of these users has published it.
pub(crate) fn restored(from: &BasicProperties, users: &[String]) -> Option<Restored> {
    let vouched = from.user_id().as_ref()?;
    if !users.iter().any(|own| own == vouched.as_str()) {
        return None;
    }
    let header = |name| from.headers().as_ref()?.inner().get(name);
    let told = |name| header(name).and_then(short);
    let routing_key = told(header::ASIDE_KEY)?;
    let mut properties = without_expiration(from).with_headers(others(from));
    if let Some(user) = told(header::ASIDE_USER) {
        properties = properties.with_user_id(user);
    }
    let sought = match header(header::ASIDE_SOUGHT) {
        Some(AMQPValue::LongLongInt(since)) => Some(Sought(*since)),
        _ => None,
    };
    let exchange = told(header::ASIDE_EXCHANGE).unwrap_or_default();
    Some(Restored { properties, routing_key, exchange, sought })
}

/// How often RabbitMQ has delivered a message before.
pub(crate) fn deliveries(properties: &BasicProperties) -> u64 {
    let headers = properties.headers().as_ref();
    match headers.and_then(|headers| headers.inner().get(DELIVERY_COUNT)) {
        Some(AMQPValue::LongLongInt(count)) => u64::try_from(*count).unwrap_or_default(),
        Some(AMQPValue::LongInt(count)) => u64::try_from(*count).unwrap_or_default(),
        Some(AMQPValue::LongUInt(count)) => u64::from(*count),
        Some(AMQPValue::ShortInt(count)) => u64::try_from(*count).unwrap_or_default(),
        Some(AMQPValue::ShortUInt(count)) => u64::from(*count),
        Some(AMQPValue::ShortShortInt(count)) => u64::try_from(*count).unwrap_or_default(),
        Some(AMQPValue::ShortShortUInt(count)) => u64::from(*count),
        _ => 0,
    }
}

/// The headers that are the client's.
fn others(properties: &BasicProperties) -> FieldTable {
    let mut others = FieldTable::default();
    for (name, value) in properties.headers().iter().flat_map(FieldTable::inner) {
        if !OURS.contains(&name.as_str()) {
            others.insert(name.clone(), value.clone());
        }
    }
    others
}

/// All but headers, user, expiration and delivery mode.
fn without_expiration(from: &BasicProperties) -> BasicProperties {
    let mut to = BasicProperties::default();
    if let Some(value) = from.content_type() {
        to = to.with_content_type(value.clone());
    }
    if let Some(value) = from.content_encoding() {
        to = to.with_content_encoding(value.clone());
    }
    if let Some(value) = from.priority() {
        to = to.with_priority(*value);
    }
    if let Some(value) = from.correlation_id() {
        to = to.with_correlation_id(value.clone());
    }
    if let Some(value) = from.reply_to() {
        to = to.with_reply_to(value.clone());
    }
    if let Some(value) = from.message_id() {
        to = to.with_message_id(value.clone());
    }
    if let Some(value) = from.timestamp() {
        to = to.with_timestamp(*value);
    }
    if let Some(value) = from.kind() {
        to = to.with_type(value.clone());
    }
    if let Some(value) = from.app_id() {
        to = to.with_app_id(value.clone());
    }
    to
}

fn text(value: &ShortString) -> AMQPValue {
    AMQPValue::LongString(value.as_str().into())
}

fn short(value: &AMQPValue) -> Option<ShortString> {
    match value {
        AMQPValue::LongString(value) => {
            ShortString::try_new(std::str::from_utf8(value.as_bytes()).ok()?.to_owned()).ok()
        }
        AMQPValue::ShortString(value) => Some(value.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> BasicProperties {
        let mut headers = FieldTable::default();
        headers.insert("traceparent".into(), AMQPValue::LongString("00-1".into()));
        headers.insert(DELIVERY_COUNT.into(), AMQPValue::LongLongInt(4));
        BasicProperties::default()
            .with_content_type("application/json".into())
            .with_message_id("m".into())
            .with_user_id("alice".into())
            .with_expiration("10".into())
            .with_headers(headers)
    }

    fn copy(user: &str) -> BasicProperties {
        let sought = Some(Sought(1_000));
        properties(&request(), (&"beds".into(), &"note.create".into()), (user, sought)).into_basic()
    }

    #[test]
    fn a_copy_becomes_the_request_again() {
        assert_eq!(deliveries(&request()), 4);
        let copy = copy("beds");
        assert_eq!(copy.user_id().as_ref().unwrap().as_str(), "beds");
        assert!(copy.expiration().is_none() && *copy.delivery_mode() == Some(2));
        assert_eq!(deliveries(&copy), 0);
        let Restored { properties, routing_key, exchange, sought } =
            restored(&copy, &["beds".to_owned()]).unwrap();
        assert_eq!((routing_key.as_str(), exchange.as_str()), ("note.create", "beds"));
        assert_eq!(sought, Some(Sought(1_000)));
        assert!(Sought(1_000).lasts() > Duration::from_hours(1) && Sought(i64::MAX).lasts().is_zero());
        assert_eq!(properties.user_id(), request().user_id());
        assert_eq!(properties.message_id(), request().message_id());
        let headers: Vec<_> =
            properties.headers().as_ref().unwrap().inner().keys().map(ShortString::as_str).collect();
        assert_eq!(headers, ["traceparent"]);
    }

    #[test]
    fn a_client_cannot_speak_for_another() {
        assert_eq!(restored(&copy("mallory"), &["beds".to_owned()]), None);
        assert_eq!(restored(&request(), &["alice".to_owned()]), None, "it is no copy");
    }
}
