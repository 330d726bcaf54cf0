//! The AMQP properties of a request.

use std::time::{SystemTime, UNIX_EPOCH};

use beds_protocol::{Lane, header, topology::CONTENT_TYPE};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, ShortString},
};
use tokio::time::Instant;

use crate::Request;

/// AMQP's delivery mode of a message that RabbitMQ stores.
const PERSISTENT: u8 = 2;
/// The longest expiration that RabbitMQ takes, in milliseconds.
const EXPIRATION_MAX: u64 = u32::MAX as u64;

/// How much earlier the node is to answer than the caller gives up, in milliseconds: the reply that says why nothing
/// came in time has a way to go. At most a tenth of what is left.
const WAY_BACK_MAX: u64 = 100;

/// The properties of a request that gives up at `deadline`. A write carries no deadline: once the bus has it, it is
/// done, and a caller that gave up asks again with the same message id.
pub(crate) fn of(
    request: &Request,
    correlation_id: u64,
    deadline: Instant,
    user_id: Option<&ShortString>,
    reply_to: Option<&ShortString>,
) -> BasicProperties {
    let mut properties = BasicProperties::default()
        .with_content_type(CONTENT_TYPE.into())
        .with_correlation_id(correlation_id.to_string().into());
    let mut headers = FieldTable::default();
    match request.lane {
        Lane::Write => properties = properties.with_delivery_mode(PERSISTENT),
        Lane::Read => {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).clamp(1, EXPIRATION_MAX);
            properties = properties.with_expiration(left.to_string().into());
            let deadline = left - (left / 10).min(WAY_BACK_MAX);
            let deadline = AMQPValue::LongLongInt(unix_ms().saturating_add_unsigned(deadline));
            headers.insert(header::DEADLINE.into(), deadline);
        }
    }
    for (name, value) in [
        (header::SESSION, &request.session),
        (header::TEMPLATE_HASH, &request.template_hash),
        (header::TRACEPARENT, &request.traceparent),
    ] {
        if let Some(value) = value {
            headers.insert(name.into(), AMQPValue::LongString(value.as_str().into()));
        }
    }
    if !headers.inner().is_empty() {
        properties = properties.with_headers(headers);
    }
    if let Some(id) = request.message_id {
        properties = properties.with_message_id(id.to_string().into());
    }
    if let Some(user) = user_id {
        properties = properties.with_user_id(user.clone());
    }
    if let Some(queue) = reply_to {
        properties = properties.with_reply_to(queue.clone());
    }
    properties
}

fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_read_carries_its_deadline_and_a_write_its_id() {
        let deadline = Instant::now() + Duration::from_secs(5);
        let user = ShortString::from("alice");
        let read = of(&Request::fetch("note", "k").session("token"), 7, deadline, Some(&user), None);
        let left: u64 = read.expiration().as_ref().unwrap().as_str().parse().unwrap();
        assert!((4_000..=5_000).contains(&left));
        let headers = read.headers().as_ref().unwrap().inner();
        assert!(matches!(headers.get("beds-deadline"), Some(AMQPValue::LongLongInt(at)) if *at > unix_ms()));
        assert_eq!(headers.get("beds-session"), Some(&AMQPValue::LongString("token".into())));
        assert_eq!(read.user_id().as_ref(), Some(&user));
        assert!(read.message_id().is_none() && read.delivery_mode().is_none());

        let request = Request::create("note", &());
        let write = of(&request, 8, deadline, None, Some(&"amq.gen-x".into()));
        assert_eq!(write.message_id().as_ref().unwrap().as_str(), request.id().unwrap().to_string());
        assert_eq!(*write.delivery_mode(), Some(PERSISTENT));
        assert!(write.expiration().is_none() && write.headers().is_none());
        assert_eq!(write.correlation_id().as_ref().unwrap().as_str(), "8");
    }
}
