//! A delivery from its bytes, for a test of arbitrary bytes: `cargo xtask fuzz`. A node takes its deliveries from
//! RabbitMQ, and goes the same way from there.

use std::sync::Arc;

use amq_protocol::{
    frame::WriteContext,
    protocol::basic::{gen_properties, parse_properties},
};

use beds_core::{
    service::{Incoming, Verdict},
    stages::Stages,
};
use beds_protocol::Broker;
use lapin::{BasicProperties, message::Delivery};
use tracing::Span;

use crate::{dead, envelope};

/// What became of a delivery.
#[derive(Debug)]
pub struct Handled {
    /// The verdict on it.
    pub verdict: Verdict,
    /// Whether it asked for a reply.
    pub wants_reply: bool,
    /// The length of the properties of the reply or the dead letter. They must fit into a frame.
    pub properties_bytes: usize,
}

/// Handles a delivery as an instance of a broker would; `None` if the library beneath cannot read its properties.
pub fn deliver(
    broker: Broker,
    routing_key: &str,
    properties: &[u8],
    body: Vec<u8>,
    handle: impl FnOnce(Incoming<'_>) -> Verdict,
) -> Option<Handled> {
    let (_, properties) = parse_properties(properties).ok()?;
    let mut delivery = Delivery::mock(1, "beds".into(), routing_key.into(), false, body);
    delivery.properties = properties;
    let request_id = envelope::request_id(&delivery.properties);
    let reply_to = envelope::reply_to(&delivery.properties, &[]);
    let wants_reply = matches!(reply_to, Ok(Some(_)));
    let stages = Arc::new(Stages::new(None, Span::none()));
    let verdict = match reply_to {
        Ok(_) => handle(envelope::incoming(broker, &delivery, &request_id, wants_reply, &stages)),
        Err(error) => Verdict::Dead(error),
    };
    let properties_bytes = match &verdict {
        Verdict::Reply(reply) => {
            length(&envelope::reply(reply, delivery.properties.correlation_id().clone()))
        }
        Verdict::Dead(error) => {
            let dead =
                dead::properties(broker, "probe", &delivery, &request_id, error, dead::CLIENT_HEADERS_MAX);
            length(&dead.into_basic())
        }
        Verdict::Done | Verdict::Retry(_) => 0,
    };
    Some(Handled { verdict, wants_reply, properties_bytes })
}

/// How many bytes properties have on the wire; the greatest number if they cannot be written.
fn length(properties: &BasicProperties) -> usize {
    let written = gen_properties(properties)(WriteContext::from(Vec::new()));
    written.map_or(usize::MAX, |written| written.write.len())
}
