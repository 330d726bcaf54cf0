//! The AMQP properties of a request.

use std::time::{SystemTime, UNIX_EPOCH};

use beds_bus::{Name, Properties};
use beds_protocol::{Lane, header};
use tokio::time::Instant;
use uuid::Uuid;

use crate::request::Request;

/// How much earlier than the caller's deadline the node has to answer, in milliseconds. This leaves time for the reply
/// that says why no answer was ready. At most a tenth of the remaining time.
const WAY_BACK_MAX: u32 = 100;

/// The properties of a request that gives up at `deadline`, sent at this Unix time in milliseconds. After the deadline
/// RabbitMQ drops a read, and a write is not done. A write that wants no reply has no deadline: once the bus has it, it
/// is done.
pub(crate) fn of(
    request: &Request,
    correlation_id: Uuid,
    (deadline, unix_ms): (Instant, i64),
    user_id: Option<&Name>,
    reply_to: Option<&Name>,
) -> Properties {
    let mut properties =
        Properties::json().correlation_id(correlation_id.into()).message_id(request.id.into());
    let left = deadline.saturating_duration_since(Instant::now());
    let left = u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1);
    if request.lane == Lane::Read || reply_to.is_some() {
        let deadline = left - (left / 10).min(WAY_BACK_MAX);
        let deadline = unix_ms.saturating_add(i64::from(deadline));
        properties = properties.header_int(header::DEADLINE, deadline);
    }
    properties = match request.lane {
        Lane::Write => properties.persistent(),
        Lane::Read => properties.expiration_ms(left),
    };
    for (name, value) in [
        (header::SESSION, &request.session),
        (header::TEMPLATE_HASH, &request.template_hash),
        (header::TRACEPARENT, &request.traceparent),
        (header::AFTER, &request.after),
    ] {
        if let Some(value) = value {
            properties = properties.header(name, value);
        }
    }
    if let Some(user) = user_id {
        properties = properties.user_id(user.clone());
    }
    if let Some(queue) = reply_to {
        properties = properties.reply_to(queue.clone());
    }
    properties
}

/// Now, in Unix milliseconds.
pub(crate) fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_reply_says_how_long_and_each_has_its_id() {
        let deadline = Instant::now() + Duration::from_secs(5);
        let name = |text: &str| Name::new(text).unwrap();
        let request = Request::fetch("note", "k").session("token");
        let (seven, eight) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let read = of(&request, seven, (deadline, 1_000), Some(&name("alice")), None);
        let expected = Properties::json()
            .correlation_id(seven.into())
            .message_id(request.id().into())
            .expiration_ms(5_000)
            .header_int("beds-deadline", 5_900)
            .header("beds-session", "token")
            .user_id(name("alice"));
        assert_eq!(read, expected);

        let request = Request::create("note", &());
        let write = of(&request, eight, (deadline, 1_000), None, Some(&name("amq.gen-x")));
        let expected = Properties::json()
            .correlation_id(eight.into())
            .persistent()
            .message_id(request.id().into())
            .header_int("beds-deadline", 5_900)
            .reply_to(name("amq.gen-x"));
        assert_eq!(write, expected);
        let sent = of(&request, eight, (deadline, 1_000), None, None);
        let expected =
            Properties::json().correlation_id(eight.into()).persistent().message_id(request.id().into());
        assert_eq!(sent, expected, "nobody waits for it");
    }
}
