//! Dead letters: requests that cannot be answered, with the reason, the place and the time.

use beds_core::error::{Error, shortened};
use beds_protocol::{Broker, OneLine, header, shown, topology::DEAD, value::DateTime};
use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, FieldTable},
};

use crate::{
    error::BusError,
    hosting::Shared,
    message::{Name, Properties},
    outlet::Outlet,
};

/// How much of an error's message a dead letter's header holds.
const REASON_CHARACTERS_MAX: usize = 1_000;
/// How long the headers of a client may be, as text, for a dead letter to keep them. A frame has 128 KiB.
pub(crate) const CLIENT_HEADERS_MAX: usize = 64 * 1024;

/// Publishes a request that cannot be answered as a dead letter, and waits until it is in the queue. If the body is
/// larger than RabbitMQ accepts, the letter keeps as much of it as RabbitMQ accepts.
pub(crate) async fn put(
    outlet: &Outlet,
    shared: &Shared,
    broker: Broker,
    named: (&Delivery, &str),
    body: &[u8],
    error: &Error,
) -> Result<(), BusError> {
    match put_with(outlet, shared, broker, named, body, error, CLIENT_HEADERS_MAX).await {
        // The connection agreed on smaller frames than usual.
        Err(BusError::TooLong) => put_with(outlet, shared, broker, named, body, error, 0).await,
        put => put,
    }
}

async fn put_with(
    outlet: &Outlet,
    shared: &Shared,
    broker: Broker,
    (delivery, request_id): (&Delivery, &str),
    body: &[u8],
    error: &Error,
    headers_max: usize,
) -> Result<(), BusError> {
    let mut properties = properties(broker, &shared.node, delivery, request_id, error, headers_max);
    if body != delivery.data {
        properties = properties.header(header::DEAD_MASKED, "true");
    }
    let kept = body.get(..shared.sizes.max()).unwrap_or(body);
    if kept.len() < body.len() {
        properties = properties.header(header::DEAD_BODY_BYTES, &body.len().to_string());
    }
    let routing_key = Name(delivery.routing_key.clone());
    outlet.put(DEAD, routing_key, |_| properties, kept).await
}

pub(crate) fn properties(
    broker: Broker,
    node: &str,
    delivery: &Delivery,
    request_id: &str,
    error: &Error,
    headers_max: usize,
) -> Properties {
    let headers = delivery.properties.headers().as_ref();
    let (headers, dropped) = headers.map(|headers| kept(headers, headers_max)).unwrap_or_default();
    let mut dead =
        Properties::from_parts(carry_over(BasicProperties::default(), &delivery.properties), headers)
            .persistent();
    if !dropped.is_empty() {
        let names = shortened(OneLine(&dropped.join(",")).to_string(), REASON_CHARACTERS_MAX);
        dead = dead.header(header::DEAD_HEADERS_DROPPED, &names);
    }
    for (name, value) in [
        (header::DEAD_CODE, error.code.as_str()),
        (header::DEAD_REASON, reason(error).as_str()),
        (header::DEAD_QUEUE, broker.queue()),
        (header::DEAD_EXCHANGE, delivery.exchange.as_str()),
        (header::DEAD_ROUTING_KEY, delivery.routing_key.as_str()),
        (header::DEAD_REQUEST_ID, request_id),
        (header::DEAD_NODE, node),
        (header::DEAD_AT, DateTime::now().to_string().as_str()),
    ] {
        dead = dead.header(name, value);
    }
    match delivery.properties.user_id() {
        Some(user) => dead.header(header::DEAD_USER, user.as_str()),
        None => dead,
    }
}

/// Why a request became a dead letter. Nobody else gets the details of the error. The text may quote a client at any
/// length.
fn reason(error: &Error) -> String {
    let mut reason = error.message.clone();
    if let [_, _, ..] = error.details.as_slice() {
        let details =
            error.details.iter().map(|detail| format!("{} {}", shown(&detail.field), detail.reason));
        reason = format!("{reason}: {}", details.collect::<Vec<_>>().join("; "));
    }
    shortened(OneLine(&reason).to_string(), REASON_CHARACTERS_MAX)
}

/// The headers of a client that fit, the shortest first, and the names of those that do not fit, or are secret.
/// Properties must fit into one frame, or RabbitMQ ends the connection.
fn kept(headers: &FieldTable, bytes_max: usize) -> (FieldTable, Vec<String>) {
    // The text form is never shorter than what is sent.
    let length = |name: &str, value: &AMQPValue| name.len() + format!("{value:?}").len();
    // Of a dead letter, these are the node's and RabbitMQ's: a client could name another user with them.
    let is_own = |name: &str| name.starts_with(header::DEAD_PREFIX) || name == header::DEATH;
    let mut all: Vec<_> = headers.inner().iter().filter(|(name, _)| !is_own(name.as_str())).collect();
    all.sort_by_key(|(name, value)| length(name.as_str(), value));
    let (mut kept, mut dropped, mut total) = (FieldTable::default(), Vec::new(), 0);
    for (name, value) in all {
        // Someone who may read dead letters is not the client.
        if name.as_str() == header::SESSION {
            dropped.push(name.as_str().to_owned());
            continue;
        }
        total += length(name.as_str(), value);
        if total < bytes_max {
            kept.insert(name.clone(), value.clone());
        } else {
            dropped.push(name.as_str().to_owned());
        }
    }
    (kept, dropped)
}

/// The properties that show a dead letter's origin. `expiration` is left out, since it would make the letter vanish,
/// and `user_id`, since RabbitMQ would compare it with the node's own user.
fn carry_over(mut dead: BasicProperties, from: &BasicProperties) -> BasicProperties {
    if let Some(value) = from.content_type() {
        dead = dead.with_content_type(value.clone());
    }
    if let Some(value) = from.reply_to() {
        dead = dead.with_reply_to(value.clone());
    }
    if let Some(value) = from.correlation_id() {
        dead = dead.with_correlation_id(value.clone());
    }
    if let Some(value) = from.message_id() {
        dead = dead.with_message_id(value.clone());
    }
    dead
}

#[cfg(test)]
mod tests {
    use beds_protocol::ErrorCode;

    use super::*;

    fn text(value: &str) -> AMQPValue {
        AMQPValue::LongString(value.into())
    }

    #[test]
    fn a_reason_names_all_that_is_wrong_and_stays_short() {
        let error = Error::new(ErrorCode::ValidationFailed, "2 fields are invalid");
        let error = error.detail("a", "is missing").detail("b", "is too long");
        assert_eq!(reason(&error), "2 fields are invalid: `a` is missing; `b` is too long");
        assert_eq!(reason(&Error::internal("a\nb")), "a\\nb");
        let long = reason(&Error::internal("x".repeat(5_000)));
        assert_eq!(long.chars().count(), REASON_CHARACTERS_MAX + 1);
    }

    #[test]
    fn headers_that_leave_no_room_or_are_secret_are_named_instead() {
        let mut headers = FieldTable::default();
        headers.insert("short".into(), text("x"));
        headers.insert(header::SESSION.into(), text("token"));
        headers.insert("long".into(), text(&"x".repeat(CLIENT_HEADERS_MAX)));
        headers.insert(header::DEAD_USER.into(), text("somebody else"));
        headers.insert(header::DEAD_PROPERTIES.into(), text("p"));
        headers.insert(header::DEATH.into(), text("of RabbitMQ"));
        let (kept, dropped) = kept(&headers, CLIENT_HEADERS_MAX);
        assert_eq!(kept.inner().get("short"), Some(&text("x")));
        assert_eq!((kept.inner().len(), dropped), (1, vec![header::SESSION.to_owned(), "long".to_owned()]));
    }

    #[test]
    fn what_tells_the_origin_is_carried_over_and_what_would_harm_is_not() {
        let from = BasicProperties::default()
            .with_message_id("m".into())
            .with_correlation_id("c".into())
            .with_reply_to("q".into())
            .with_expiration("1".into())
            .with_user_id("alice".into());
        let dead = carry_over(BasicProperties::default(), &from);
        let carried =
            (dead.message_id().is_some(), dead.correlation_id().is_some(), dead.reply_to().is_some());
        assert_eq!(carried, (true, true, true));
        assert!(dead.expiration().is_none() && dead.user_id().is_none());
    }
}
