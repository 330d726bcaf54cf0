//! A delivery in the dispatcher's terms: headers read, the `reply_to` rule applied.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use beds_protocol::{Broker, ErrorCode, header};
use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, ShortString},
};

use crate::{dispatch::Incoming, error::Error};

/// What queues named by the server begin with: only the connection that declared one can consume from it.
const SERVER_NAMED: &str = "amq.gen-";
/// What RabbitMQ turns the `reply_to` of a client with direct reply-to into begins with.
const DIRECT: &str = "amq.rabbitmq.reply-to.";

/// Whether a client may have its reply in this queue. The default exchange would publish to any.
pub(super) fn may_reply_to(queue: &str, prefixes: &[String]) -> bool {
    queue.starts_with(SERVER_NAMED)
        || queue.strip_prefix(DIRECT).is_some_and(is_direct)
        || prefixes.iter().any(|prefix| queue.starts_with(prefix.as_str()))
}

/// Whether a direct reply-to names a process of RabbitMQ, as `<base64 of a pid>.<key>`. RabbitMQ ends the
/// connection of whoever publishes to one that does not.
fn is_direct(name: &str) -> bool {
    let Some((pid, key)) = name.split_once('.') else { return false };
    let Ok(term) = STANDARD.decode(pid) else { return false };
    // Erlang's external term format: version 131; NEW_PID_EXT 88 or PID_EXT 103; the node's name as an atom
    // (SMALL_ATOM_UTF8_EXT 119, ATOM_UTF8_EXT 118, ATOM_EXT 100); id, serial, creation.
    let (numbers, atom) = match term.as_slice() {
        [131, 88, atom @ ..] => (12, atom),
        [131, 103, atom @ ..] => (9, atom),
        _ => return false,
    };
    let rest = match atom {
        [119, length, rest @ ..] => rest.get(usize::from(*length)..),
        [118 | 100, high, low, rest @ ..] => rest.get(usize::from(u16::from_be_bytes([*high, *low]))..),
        _ => None,
    };
    !key.is_empty() && rest.is_some_and(|rest| rest.len() == numbers) && STANDARD.decode(key).is_ok()
}

/// The queue that the reply goes to; `None` where no reply is wanted.
///
/// # Errors
/// `forbidden`, when the queue is none that a client can own.
pub(super) fn reply_to<'a>(
    properties: &'a BasicProperties,
    prefixes: &[String],
) -> Result<Option<&'a ShortString>, Error> {
    match properties.reply_to() {
        Some(queue) if queue.as_str().is_empty() => Ok(None),
        Some(queue) if may_reply_to(queue.as_str(), prefixes) => Ok(Some(queue)),
        Some(queue) => Err(Error::new(
            ErrorCode::Forbidden,
            format!("`reply_to` names `{queue}`, which no client can own"),
        )
        .hint("use an exclusive queue named by the server, direct reply-to, or a configured prefix")),
        None => Ok(None),
    }
}

/// The request in a delivery.
pub(super) fn incoming(broker: Broker, delivery: &Delivery) -> Incoming<'_> {
    let properties = &delivery.properties;
    let name = |id: &Option<ShortString>| id.as_ref().map(|id| id.as_str().to_owned());
    Incoming {
        broker,
        routing_key: delivery.routing_key.as_str(),
        content_type: properties.content_type().as_ref().map(ShortString::as_str),
        deadline: deadline(properties),
        template_hash: template_hash(properties),
        request_id: name(properties.message_id())
            .or_else(|| name(properties.correlation_id()))
            .unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
        body: &delivery.data,
    }
}

fn header<'a>(properties: &'a BasicProperties, name: &str) -> Option<&'a AMQPValue> {
    properties.headers().as_ref()?.inner().get(name)
}

fn template_hash(properties: &BasicProperties) -> Result<Option<&str>, ()> {
    match header(properties, header::TEMPLATE_HASH) {
        None | Some(AMQPValue::Void) => Ok(None),
        Some(AMQPValue::LongString(value)) => std::str::from_utf8(value.as_bytes()).map(Some).map_err(drop),
        Some(AMQPValue::ShortString(value)) => Ok(Some(value.as_str())),
        Some(_) => Err(()),
    }
}

/// Whether the client set a deadline of its own.
pub(super) fn has_deadline(properties: &BasicProperties) -> bool {
    header(properties, header::DEADLINE).is_some()
}

/// Clients of different languages send an integer as different types, PHP's and shells' as text.
fn deadline(properties: &BasicProperties) -> Result<Option<i64>, ()> {
    Ok(Some(match header(properties, header::DEADLINE) {
        None | Some(AMQPValue::Void) => return Ok(None),
        Some(AMQPValue::LongLongInt(value)) => *value,
        Some(AMQPValue::LongInt(value)) => i64::from(*value),
        Some(AMQPValue::LongUInt(value)) => i64::from(*value),
        Some(AMQPValue::ShortInt(value)) => i64::from(*value),
        Some(AMQPValue::ShortUInt(value)) => i64::from(*value),
        Some(AMQPValue::ShortShortInt(value)) => i64::from(*value),
        Some(AMQPValue::ShortShortUInt(value)) => i64::from(*value),
        Some(AMQPValue::Timestamp(seconds)) => {
            seconds.checked_mul(1_000).and_then(|ms| i64::try_from(ms).ok()).ok_or(())?
        }
        Some(AMQPValue::LongString(value)) => {
            std::str::from_utf8(value.as_bytes()).map_err(drop)?.trim().parse().map_err(drop)?
        }
        Some(_) => return Err(()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_queues_that_a_client_can_own_may_have_replies() {
        let prefixes = ["web.".to_owned()];
        let direct = format!(
            "{DIRECT}{}.{}",
            STANDARD.encode(b"\x83\x58\x77\x01n\0\0\0\x01\0\0\0\0\0\0\0\x02"),
            "bWU="
        );
        for queue in ["amq.gen-abc", direct.as_str(), "web.7"] {
            assert!(may_reply_to(queue, &prefixes), "{queue}");
        }
        for queue in [
            "beds.app_server.w",
            "beds.dead",
            "amq.topic",
            "amq.rabbitmq.reply-to",
            "xamq.gen-",
            "we",
            "amq.rabbitmq.reply-to.garbage",
            "amq.rabbitmq.reply-to.g1h2.bWU=",
        ] {
            assert!(!may_reply_to(queue, &prefixes), "{queue}");
        }
    }
}
