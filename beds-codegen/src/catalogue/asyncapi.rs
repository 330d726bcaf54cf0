//! The domains as an `AsyncAPI` 3.0 document, from the node's point of view: it receives requests and sends replies.

use beds_protocol::{Broker, ErrorCode, Lane, tables::MESSAGE_ID_CHARACTERS_MAX, topology};
use serde_json::{Map, Value, json};

use super::{Batch, Operation, batches, body, events, example, operations};
use crate::model::{Change, Domain};

/// The exchange of requests, as the AMQP binding of a channel.
const BINDING_VERSION: &str = "0.3.0";

/// The `AsyncAPI` 3.0 document of these domains: a channel for each routing key on the exchange `beds`, an operation
/// with its reply on each, and the schemas of all bodies. `version` is the version of the application.
#[must_use]
pub fn asyncapi(domains: &[&Domain], version: &str) -> Value {
    let (mut channels, mut actions) = (Map::new(), Map::new());
    let (mut messages, mut schemas) = (Map::new(), Map::new());
    let mut replies = Map::new();
    schemas.insert("error".to_owned(), body::error());
    schemas.insert("request_headers".to_owned(), request_headers());
    schemas.insert("reply_headers".to_owned(), reply_headers());
    schemas.insert("event_headers".to_owned(), events::headers());
    for domain in domains {
        let name = &domain.name.value;
        for (definition, schema) in body::definitions(domain) {
            schemas.insert(format!("{name}.{definition}"), schema);
        }
        for operation in operations(domain) {
            let (key, summary) = (&operation.routing_key, operation.kind.summary());
            channels.insert(key.clone(), channel(key, &summary, &domain.description, operation.broker));
            actions.insert(key.clone(), action(key, &summary));
            messages.insert(format!("{key}.request"), request(domain, &operation));
            messages.insert(format!("{key}.reply"), reply(domain, &operation));
            replies.insert(key.clone(), refer("components/messages", &format!("{key}.reply")));
        }
        for operation in &domain.events.publish {
            let key = format!("{name}.{}", operation.name());
            let id = format!("{key}.event");
            channels.insert(id.clone(), event_channel(&key, &id));
            actions.insert(id.clone(), event_action(&key, &id));
            messages.insert(id.clone(), event(domain, operation, &id));
        }
    }
    for batch in batches(domains) {
        let key = batch.key.to_string();
        channels.insert(key.clone(), channel(&key, batch.summary(), "", batch.key.broker()));
        actions.insert(key.clone(), action(&key, batch.summary()));
        messages.insert(format!("{key}.request"), batch_request(&key, &batch));
        messages.insert(format!("{key}.reply"), message_of_reply(&key, &Batch::reply()));
        replies.insert(key.clone(), refer("components/messages", &format!("{key}.reply")));
    }
    channels.insert(
        "reply".to_owned(),
        json!({
            "address": null,
            "title": "Replies",
            "description": "The queue that a request names in `reply_to`, through the default exchange",
            "messages": replies,
        }),
    );
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:beds",
        "info": {
            "title": "BEDS",
            "version": version,
            "description": "Data domains on RabbitMQ. Publish a request to the exchange `beds` with the channel's address as routing key, `mandatory`, with `reply_to` and `correlation_id` for an answer.",
        },
        "defaultContentType": topology::CONTENT_TYPE,
        "channels": channels,
        "operations": actions,
        "components": { "messages": messages, "schemas": schemas },
    })
}

fn refer(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{place}/{name}") })
}

fn channel(key: &str, summary: &str, description: &str, broker: Broker) -> Value {
    let mut channel = json!({
        "address": key,
        "title": key,
        "summary": summary,
        "messages": { "request": refer("components/messages", &format!("{key}.request")) },
        "bindings": { "amqp": {
            "is": "routingKey",
            "exchange": { "name": topology::EXCHANGE, "type": "topic", "durable": true, "autoDelete": false },
            "bindingVersion": BINDING_VERSION,
        } },
        "x-beds-queue": broker.queue(),
    });
    if !description.is_empty() {
        channel["description"] = json!(description);
    }
    channel
}

fn action(key: &str, summary: &str) -> Value {
    json!({
        "action": "receive",
        "channel": refer("channels", key),
        "title": key,
        "summary": summary,
        "messages": [refer(&format!("channels/{key}/messages"), "request")],
        "reply": {
            "address": {
                "location": "$message.header#/reply_to",
                "description": "The AMQP property `reply_to`; the reply has the request's `correlation_id`",
            },
            "channel": refer("channels", "reply"),
            "messages": [refer("channels/reply/messages", key)],
        },
    })
}

fn event_channel(key: &str, id: &str) -> Value {
    json!({
        "address": key,
        "title": id,
        "summary": format!("Each success of `{key}`, at least once, in order for each record"),
        "messages": { "event": refer("components/messages", id) },
        "bindings": { "amqp": {
            "is": "routingKey",
            "exchange": { "name": topology::EVENTS, "type": "topic", "durable": true, "autoDelete": false },
            "bindingVersion": BINDING_VERSION,
        } },
    })
}

fn event_action(key: &str, id: &str) -> Value {
    json!({
        "action": "send",
        "channel": refer("channels", id),
        "title": id,
        "summary": format!("Announces a success of `{key}`"),
        "messages": [refer(&format!("channels/{id}/messages"), "event")],
    })
}

fn event(domain: &Domain, operation: &Change, id: &str) -> Value {
    json!({
        "name": id,
        "headers": refer("components/schemas", "event_headers"),
        "payload": events::payload(domain, operation, &prefix(domain)),
    })
}

fn prefix(domain: &Domain) -> String {
    format!("#/components/schemas/{}.", domain.name.value)
}

fn request(domain: &Domain, operation: &Operation<'_>) -> Value {
    let mut message = json!({
        "name": format!("{}.request", operation.routing_key),
        "headers": refer("components/schemas", "request_headers"),
        "payload": body::request(domain, operation.kind, &prefix(domain)),
    });
    if operation.lane == Lane::Write && domain.once {
        happens_once(&mut message);
    }
    let examples: Vec<Value> = example::requests(domain, operation.kind)
        .into_iter()
        .map(|body| json!({ "payload": body }))
        .collect();
    if !examples.is_empty() {
        message["examples"] = json!(examples);
    }
    message
}

/// Says how a write happens once. Like `reply_to` and `correlation_id`, the id is an AMQP property, not a header.
fn happens_once(message: &mut Value) {
    let description = format!(
        "The AMQP property `message_id`, up to {MESSAGE_ID_CHARACTERS_MAX} characters, makes the write happen once: give each \
         new write a UUID, and send the write again with the same one until there is a reply"
    );
    message["correlationId"] =
        json!({ "location": "$message.header#/message_id", "description": description });
    message["description"] = json!(description);
}

fn batch_request(key: &str, batch: &Batch<'_>) -> Value {
    let mut message = json!({
        "name": format!("{key}.request"),
        "headers": refer("components/schemas", "request_headers"),
        "payload": batch.request(),
        "examples": [{ "payload": batch.example() }],
    });
    if batch.key.lane == Lane::Write {
        happens_once(&mut message);
    }
    message
}

fn reply(domain: &Domain, operation: &Operation<'_>) -> Value {
    let mut message = message_of_reply(&operation.routing_key, &body::reply(operation.kind, &prefix(domain)));
    if let Some(body) = example::reply(domain, operation.kind) {
        message["examples"] = json!([{ "payload": body }]);
    }
    message
}

/// A reply that is `done`, or an error.
fn message_of_reply(key: &str, done: &Value) -> Value {
    json!({
        "name": format!("{key}.reply"),
        "headers": refer("components/schemas", "reply_headers"),
        "correlationId": { "location": "$message.header#/correlation_id" },
        "payload": { "oneOf": [done, refer("components/schemas", "error")] },
    })
}

fn request_headers() -> Value {
    use topology::header;
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "properties": {
            header::DEADLINE: {
                "type": "integer",
                "description": "the moment after which no answer is wanted, in Unix milliseconds",
            },
            header::SESSION: text("the session's token"),
            header::TEMPLATE_HASH: text("the fingerprint of the template that the client was built for"),
            header::TRACEPARENT: text("the W3C trace context"),
        },
    })
}

fn reply_headers() -> Value {
    use topology::header;
    let statuses: Vec<&str> =
        std::iter::once("ok").chain(ErrorCode::ALL.iter().map(|code| code.as_str())).collect();
    json!({
        "type": "object",
        "properties": {
            header::STATUS: { "type": "string", "enum": statuses },
            header::TEMPLATE_HASH: { "type": "string", "description": "the fingerprint of the template" },
        },
    })
}
