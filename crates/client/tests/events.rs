//! Events as a client hears them, from a real RabbitMQ.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use beds_client::{Client, ClientError, Subscription};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind,
    options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions},
    types::FieldTable,
};
use serde_json::{Value, json};

use crate::common::private;

#[tokio::test(flavor = "multi_thread")]
async fn events_are_heard_and_settled() {
    let stack = tokio::task::spawn_blocking(private).await.unwrap();
    let url = stack.amqp_url();
    let client = Client::builder(&url).reconnect_max(Duration::from_millis(200)).connect().await.unwrap();
    // No node has declared the exchange yet.
    let error = client.events("note.*").await.unwrap_err();
    assert!(matches!(&error, ClientError::Connect(reason) if reason.contains("beds.events")), "{error}");

    let channel = sender(&url).await;
    let mut all = client.events("note.#").await.unwrap();
    let durable = || Subscription::to("note.create").and("note.call.*").durable("kept").prefetch(1);
    let mut kept = client.events(durable()).await.unwrap();
    send(&channel, "note.create", 1).await;
    send(&channel, "note.update", 2).await;
    channel
        .basic_publish(
            "beds.events".into(),
            "note.create".into(),
            BasicPublishOptions::default(),
            b"{}",
            BasicProperties::default(),
        )
        .await
        .unwrap();
    send(&channel, "note.call.pin", 3).await;
    let mut heard = Vec::new();
    for _ in 0..2 {
        let event = all.next().await.unwrap();
        event.done().await.unwrap();
        heard.push((event.id.clone(), event.body.operation.clone(), event.data::<Value>().unwrap()));
    }
    assert_eq!(
        heard,
        [("1".into(), "create".into(), json!({ "n": 1 })), ("2".into(), "update".into(), json!({ "n": 2 }))]
    );
    let first = kept.next().await.unwrap();
    assert_eq!((first.id.as_str(), first.is_redelivered), ("1", false));
    first.done().await.unwrap();
    let error = kept.next().await.unwrap_err();
    assert!(matches!(error, ClientError::Decode(_)), "{error}");
    // An event that is not settled comes again.
    let third = kept.next().await.unwrap();
    assert_eq!((third.id.as_str(), third.is_redelivered), ("3", false));
    third.again().await.unwrap();
    let third = kept.next().await.unwrap();
    assert_eq!((third.id.as_str(), third.is_redelivered), ("3", true));
    // A durable queue and its events survive a restart of RabbitMQ.
    let stack = tokio::task::spawn_blocking(move || {
        stack.rabbitmq().restart().unwrap();
        stack
    })
    .await
    .unwrap();
    let third = kept.next().await.unwrap();
    assert_eq!((third.id.as_str(), third.body.operation.as_str()), ("3", "call.pin"));
    third.done().await.unwrap();
    drop(stack);
}

/// A channel in the place of a node, with the exchange.
async fn sender(url: &str) -> Channel {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let topic = ExchangeKind::Topic;
    channel.exchange_declare("beds.events".into(), topic, durable, FieldTable::default()).await.unwrap();
    channel
}

async fn send(channel: &Channel, key: &str, n: u8) {
    let (template, operation) = key.split_once('.').unwrap();
    let body = json!({
        "template": template, "operation": operation, "key": { "id": n }, "version": 1, "data": { "n": n },
        "at": "2026-01-31T08:30:00Z", "request_id": null,
    });
    let properties = BasicProperties::default().with_message_id(n.to_string().into()).with_delivery_mode(2);
    let (options, body) = (BasicPublishOptions::default(), body.to_string());
    let sent = channel.basic_publish("beds.events".into(), key.into(), options, body.as_bytes(), properties);
    sent.await.unwrap().await.unwrap();
}
