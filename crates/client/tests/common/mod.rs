//! A private RabbitMQ, and a responder in the place of a node.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]
// Each test program takes what it needs.
#![allow(dead_code)]

use std::{sync::LazyLock, time::Duration};

use beds_client::Client;
use beds_devstack::Stack;
use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind,
    message::Delivery,
    options::{
        BasicConsumeOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions,
        QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use serde_json::json;

/// The RabbitMQ of the tests that do no harm to it. A watchdog of its own ends it after the tests.
static SHARED: LazyLock<Stack> = LazyLock::new(private);

/// A RabbitMQ for one test alone.
pub(crate) fn private() -> Stack {
    Stack::builder().ignore_environment().rabbitmq().start().unwrap()
}

/// The URL of the shared RabbitMQ.
pub(crate) async fn shared_url() -> String {
    tokio::task::spawn_blocking(|| SHARED.amqp_url()).await.unwrap()
}

/// A client of this RabbitMQ, and a responder for the template `name`.
pub(crate) async fn client_and_responder(url: &str, name: &str) -> (Client, Connection) {
    let responder = respond(url, name).await;
    let client = Client::builder(url).timeout(Duration::from_mins(1)).connect().await.unwrap();
    (client, responder)
}

/// Answers requests to a template until the connection is closed: `fetch` with what it received, `update` with a
/// refusal, `delete` not at all, everything else with `{"ok": true}`.
pub(crate) async fn respond(url: &str, name: &str) -> Connection {
    let (connection, channel) = queue(url, name, FieldTable::default()).await;
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let mut requests =
        channel.basic_consume(name.into(), "".into(), options, FieldTable::default()).await.unwrap();
    tokio::spawn(async move {
        while let Some(Ok(request)) = requests.next().await {
            answer(&channel, &request).await;
        }
    });
    connection
}

/// A queue for requests to a template, until the connection is closed.
pub(crate) async fn queue(url: &str, name: &str, arguments: FieldTable) -> (Connection, Channel) {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let none = FieldTable::default;
    let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
    channel.exchange_declare("beds".into(), ExchangeKind::Topic, durable, none()).await.unwrap();
    let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
    channel.queue_declare(name.into(), options, arguments).await.unwrap();
    let (key, options) = (format!("{name}.#"), QueueBindOptions::default());
    channel.queue_bind(name.into(), "beds".into(), key.into(), options, none()).await.unwrap();
    (connection, channel)
}

async fn answer(channel: &Channel, request: &Delivery) {
    let properties = &request.properties;
    let (Some(queue), Some(id)) = (properties.reply_to().clone(), properties.correlation_id().clone()) else {
        return;
    };
    let operation = request.routing_key.as_str().split_once('.').unwrap().1;
    let (status, body) = match operation {
        "delete" => return,
        "fetch" => ("ok", json!({"ok": true, "data": received(request), "next": "cursor", "count": 3})),
        "update" => {
            let error = json!({"code": "not_found", "message": "no such record", "retryable": false});
            ("not_found", json!({"ok": false, "error": error}))
        }
        _ => ("ok", json!({"ok": true})),
    };
    let mut headers = FieldTable::default();
    headers.insert("beds-status".into(), AMQPValue::LongString(status.into()));
    headers.insert("beds-template-hash".into(), AMQPValue::LongString("0123456789abcdef".into()));
    let reply = BasicProperties::default().with_correlation_id(id).with_headers(headers);
    let body = body.to_string();
    // The client may be gone.
    let _ =
        channel.basic_publish("".into(), queue, BasicPublishOptions::default(), body.as_bytes(), reply).await;
}

fn received(request: &Delivery) -> serde_json::Value {
    let body: serde_json::Value = serde_json::from_slice(&request.data).unwrap();
    json!({
        "key": body["key"],
        "reply_to": request.properties.reply_to().as_ref().unwrap().as_str(),
        "user_id": request.properties.user_id().as_ref().map(lapin::types::ShortString::as_str),
    })
}

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(1), wait).await.is_ok(), "never happened: {what}");
}
