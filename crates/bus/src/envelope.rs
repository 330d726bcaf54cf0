//! A delivery in the services' terms, and their reply in RabbitMQ's terms: reads headers and applies the `reply_to`
//! rule.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use beds_core::{
    error::Error,
    service::{Incoming, Reply},
    stages::Stages,
};
use beds_protocol::{Broker, ErrorCode, header, shown, topology::CONTENT_TYPE};
use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, FieldTable, ShortString},
};

/// The prefix of queues that the server names: only the connection that declared one can consume from it.
const SERVER_NAMED: &str = "amq.gen-";
/// The prefix of `reply_to` as RabbitMQ rewrites it for direct reply-to.
const DIRECT: &str = "amq.rabbitmq.reply-to.";

/// Whether a client may name this queue for its reply. The default exchange would publish to any queue.
pub(crate) fn may_reply_to(queue: &str, prefixes: &[String]) -> bool {
    queue.starts_with(SERVER_NAMED)
        || direct_server(queue).is_some()
        || prefixes.iter().any(|prefix| queue.starts_with(prefix.as_str()))
}

/// The number of the server of a direct reply-to; `None` if it is not a direct one, or names no process.
pub(crate) fn direct_server(queue: &str) -> Option<u32> {
    server(queue.strip_prefix(DIRECT)?)
}

/// A direct reply-to names a process of RabbitMQ, as `<base64 of a pid>.<key>`. RabbitMQ ends the publisher's
/// connection if the name holds no pid.
fn server(name: &str) -> Option<u32> {
    let (pid, key) = name.split_once('.')?;
    let term = STANDARD.decode(pid).ok()?;
    // Erlang's external term format: version 131; NEW_PID_EXT 88 or PID_EXT 103; the node's name as an atom
    // (SMALL_ATOM_UTF8_EXT 119, ATOM_UTF8_EXT 118, ATOM_EXT 100); id, serial, creation.
    let (numbers, atom) = match term.as_slice() {
        [131, 88, atom @ ..] => (12, atom),
        [131, 103, atom @ ..] => (9, atom),
        _ => return None,
    };
    let (length, rest) = match atom {
        [119, length, rest @ ..] => (usize::from(*length), rest),
        [118 | 100, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    let (node, rest) = rest.split_at_checked(length)?;
    let is_whole = !key.is_empty() && rest.len() == numbers && STANDARD.decode(key).is_ok();
    // RabbitMQ writes a number in place of the host, and does not check it when it reads it.
    let (_, number) = std::str::from_utf8(node).ok()?.split_once('@')?;
    number.parse().ok().filter(|_| is_whole)
}

/// The queue for the reply; `None` if no reply is wanted.
///
/// # Errors
/// `forbidden`, when no client can own the queue.
pub(crate) fn reply_to<'a>(
    properties: &'a BasicProperties,
    prefixes: &[String],
) -> Result<Option<&'a ShortString>, Error> {
    match properties.reply_to() {
        Some(queue) if queue.as_str().is_empty() => Ok(None),
        Some(queue) if may_reply_to(queue.as_str(), prefixes) => Ok(Some(queue)),
        Some(queue) => Err(Error::new(
            ErrorCode::Forbidden,
            format!("`reply_to` names {}, which is not allowed for replies", shown(queue.as_str())),
        )
        .hint("use an exclusive queue named by the server, direct reply-to, or a configured prefix")),
        None => Ok(None),
    }
}

/// The id of a request: its `message_id`, else its `correlation_id`, else a fresh one. An empty one is none.
pub(crate) fn request_id(properties: &BasicProperties) -> Cow<'_, str> {
    let mut given = [properties.message_id(), properties.correlation_id()].into_iter().flatten();
    let given = given.find(|id| !id.as_str().is_empty());
    given.map_or_else(|| uuid::Uuid::now_v7().to_string().into(), |id| id.as_str().into())
}

/// The request in a delivery.
pub(crate) fn incoming<'a>(
    broker: Broker,
    delivery: &'a Delivery,
    request_id: &'a str,
    wants_reply: bool,
    stages: &Arc<Stages>,
) -> Incoming<'a> {
    let properties = &delivery.properties;
    let client = properties.user_id().as_ref().or_else(|| properties.reply_to().as_ref());
    Incoming {
        broker,
        routing_key: delivery.routing_key.as_str(),
        content_type: properties.content_type().as_ref().map(ShortString::as_str),
        content_encoding: properties.content_encoding().as_ref().map(ShortString::as_str),
        deadline: deadline(properties),
        expiration: expiration(properties),
        timestamp: *properties.timestamp(),
        template_hash: text(properties, header::TEMPLATE_HASH),
        after: text(properties, header::AFTER),
        request_id,
        message_id: properties.message_id().as_ref().map(ShortString::as_str),
        user_id: properties.user_id().as_ref().map(ShortString::as_str),
        session: session(properties),
        client: client.map_or("", ShortString::as_str),
        traceparent: traceparent(properties),
        wants_reply,
        sought_for: None,
        stages: Arc::clone(stages),
        body: &delivery.data,
    }
}

/// The properties of a reply.
pub(crate) fn reply(reply: &Reply, correlation_id: Option<ShortString>) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert(header::STATUS.into(), AMQPValue::LongString(reply.status.into()));
    if let Some(hash) = reply.template_hash {
        headers.insert(header::TEMPLATE_HASH.into(), AMQPValue::LongString(hash.into()));
    }
    if let Some(position) = &reply.position {
        headers.insert(header::POSITION.into(), AMQPValue::LongString(position.as_str().into()));
    }
    let properties = BasicProperties::default().with_content_type(CONTENT_TYPE.into()).with_headers(headers);
    match correlation_id {
        Some(id) => properties.with_correlation_id(id),
        None => properties,
    }
}

fn header<'a>(properties: &'a BasicProperties, name: &str) -> Option<&'a AMQPValue> {
    properties.headers().as_ref()?.inner().get(name)
}

/// The least time that a message has been on its way; `None` if it does not say when it was sent. RabbitMQ can write
/// that moment into it, in milliseconds. A client writes seconds, which have no fractions.
pub(crate) fn waited(properties: &BasicProperties) -> Option<Duration> {
    const SENT: &str = "timestamp_in_ms";
    let sent = match header(properties, SENT) {
        Some(AMQPValue::LongLongInt(ms)) => Duration::from_millis(u64::try_from(*ms).ok()?),
        _ => Duration::from_secs(properties.timestamp().as_ref()?.checked_add(1)?),
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    // Clocks differ, and a client may say anything.
    (!sent.is_zero()).then(|| now.saturating_sub(sent)).filter(|waited| *waited < WAITED_MAX)
}

/// The longest wait that is believed.
const WAITED_MAX: Duration = Duration::from_hours(24);

/// The trace context: `version-trace-parent-flags` in hexadecimal digits. Another text is no trace context.
pub(crate) fn traceparent(properties: &BasicProperties) -> Option<&str> {
    const BYTES: usize = 55;
    let text = match header(properties, header::TRACEPARENT)? {
        AMQPValue::LongString(value) => std::str::from_utf8(value.as_bytes()).ok()?,
        AMQPValue::ShortString(value) => value.as_str(),
        _ => return None,
    };
    let is_one = text.len() == BYTES && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    is_one.then_some(text)
}

/// RabbitMQ accepts only the text of a number of milliseconds.
fn expiration(properties: &BasicProperties) -> Option<Duration> {
    properties.expiration().as_ref()?.as_str().parse().ok().map(Duration::from_millis)
}

fn text<'a>(properties: &'a BasicProperties, name: &str) -> Result<Option<&'a str>, ()> {
    match header(properties, name) {
        None | Some(AMQPValue::Void) => Ok(None),
        Some(AMQPValue::LongString(value)) => std::str::from_utf8(value.as_bytes()).map(Some).map_err(drop),
        Some(AMQPValue::ShortString(value)) => Ok(Some(value.as_str())),
        Some(_) => Err(()),
    }
}

/// The token of a session. A null token counts as present: a client that passes on somebody else's token, and has none,
/// must not be taken for the user of the connection.
fn session(properties: &BasicProperties) -> Result<Option<&str>, ()> {
    match header(properties, header::SESSION) {
        Some(AMQPValue::Void) => Err(()),
        _ => text(properties, header::SESSION),
    }
}

/// Clients of different languages send an integer as different types, PHP's and shells' as text.
pub(crate) fn deadline(properties: &BasicProperties) -> Result<Option<i64>, ()> {
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
            STANDARD.encode(b"\x83\x58\x77\x07reply@7\0\0\0\x01\0\0\0\0\0\0\0\x02"),
            "bWU="
        );
        for queue in ["amq.gen-abc", direct.as_str(), "web.7"] {
            assert!(may_reply_to(queue, &prefixes), "{queue}");
        }
        assert_eq!(direct_server(&direct), Some(7));
        for queue in [
            "beds.app_server.w",
            "beds.dead",
            "amq.topic",
            "amq.rabbitmq.reply-to",
            "xamq.gen-",
            "we",
            "amq.rabbitmq.reply-to.garbage",
            "amq.rabbitmq.reply-to.g1h2.bWU=",
            // Names of nodes without a number.
            "amq.rabbitmq.reply-to.g1h3AW4AAAABAAAAAAAAAAI=.bWU=",
            "amq.rabbitmq.reply-to.g1h3CHJlcGx5QGhvAAAAAQAAAAAAAAAC.bWU=",
        ] {
            assert!(!may_reply_to(queue, &prefixes), "{queue}");
        }
    }
    #[test]
    fn a_request_is_named_by_its_own_id_first() {
        let correlated = BasicProperties::default().with_correlation_id("c".into());
        assert_eq!(request_id(&correlated), "c");
        assert_eq!(request_id(&correlated.with_message_id("m".into())), "m");
        let empty = BasicProperties::default().with_correlation_id("c".into()).with_message_id("".into());
        assert_eq!(request_id(&empty), "c");
        assert_eq!(request_id(&BasicProperties::default()).len(), 36);
    }

    #[test]
    fn a_session_is_left_out_or_named() {
        let given = |value: AMQPValue| {
            let mut headers = FieldTable::default();
            headers.insert(header::SESSION.into(), value);
            let properties = BasicProperties::default().with_headers(headers);
            session(&properties).map(|token| token.map(str::to_owned))
        };
        assert_eq!(session(&BasicProperties::default()), Ok(None));
        assert_eq!(given(AMQPValue::LongString("token".into())), Ok(Some("token".to_owned())));
        assert_eq!(given(AMQPValue::LongString("".into())), Ok(Some(String::new())));
        assert_eq!(given(AMQPValue::Void), Err(()));
        assert_eq!(given(AMQPValue::Boolean(true)), Err(()));
    }

    #[test]
    fn a_deadline_is_any_integer_or_its_text() {
        let given = |value: AMQPValue| {
            let mut headers = FieldTable::default();
            headers.insert(header::DEADLINE.into(), value);
            deadline(&BasicProperties::default().with_headers(headers))
        };
        assert_eq!(deadline(&BasicProperties::default()), Ok(None));
        for (value, expected) in [
            (AMQPValue::Void, Ok(None)),
            (AMQPValue::LongLongInt(7), Ok(Some(7))),
            (AMQPValue::LongUInt(7), Ok(Some(7))),
            (AMQPValue::Timestamp(7), Ok(Some(7_000))),
            (AMQPValue::LongString(" 7 ".into()), Ok(Some(7))),
            (AMQPValue::LongString("soon".into()), Err(())),
            (AMQPValue::Timestamp(u64::MAX), Err(())),
            (AMQPValue::Boolean(true), Err(())),
        ] {
            let text = format!("{value:?}");
            assert_eq!(given(value), expected, "{text}");
        }
    }

    #[test]
    fn a_message_that_says_when_it_was_sent_has_waited_since() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let sent = |ago: u64| BasicProperties::default().with_timestamp(now.as_secs() - ago);
        assert_eq!(waited(&BasicProperties::default()), None);
        for (ago, least) in [(0, 0), (1, 0), (10, 9)] {
            let waited = waited(&sent(ago)).unwrap();
            assert!((least..least + 3).contains(&waited.as_secs()), "{ago}: {waited:?}");
        }
        let mut headers = FieldTable::default();
        let ms = i64::try_from(now.as_millis()).unwrap() - 1_500;
        headers.insert("timestamp_in_ms".into(), AMQPValue::LongLongInt(ms));
        let waited_ms = waited(&sent(100).with_headers(headers)).unwrap().as_millis();
        assert!((1_500..3_000).contains(&waited_ms), "{waited_ms}");
        for wrong in [0, 1, u64::MAX] {
            assert_eq!(waited(&BasicProperties::default().with_timestamp(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn a_reply_says_its_status_and_is_matched_by_its_id() {
        let properties = reply(&Reply::ok(Some("0123"), Vec::new()), Some("7".into()));
        let headers = properties.headers().as_ref().unwrap().inner();
        assert_eq!(headers.get(header::STATUS), Some(&AMQPValue::LongString("ok".into())));
        assert_eq!(headers.get(header::TEMPLATE_HASH), Some(&AMQPValue::LongString("0123".into())));
        assert_eq!(properties.correlation_id().as_ref().unwrap().as_str(), "7");
        let failed = reply(&Reply::failed(Error::unknown_template("x"), None, "id"), None);
        let headers = failed.headers().as_ref().unwrap().inner();
        assert_eq!(headers.get(header::STATUS), Some(&AMQPValue::LongString("unknown_template".into())));
        assert!(!headers.contains_key(header::TEMPLATE_HASH) && failed.correlation_id().is_none());
    }
}
