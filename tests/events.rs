//! The events of a template reach every queue that is bound to them, each change at least once, and in order for each
//! record.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::{collections::BTreeMap, time::Duration};

use beds_client::{Client, Request};
use common::{
    Site, blocking, end_site, eventually_async, own_site, shared, start_node,
    wire::{Message, Wire, with_header},
};
use futures_util::{StreamExt as _, future::join_all};
use lapin::{
    Channel, Consumer,
    options::{
        BasicAckOptions, BasicConsumeOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
        QueueBindOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use serde_json::{Value, json};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_mins(1);

/// A durable queue for these events, without a consumer so far.
async fn subscribe(wire: &Wire, queue: &str, pattern: &str, arguments: FieldTable) {
    let channel = &wire.channel;
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(queue.into(), durable, arguments).await.unwrap();
    let bound = channel.queue_bind(
        queue.into(),
        "beds.events".into(),
        pattern.into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bound.await.unwrap();
}

async fn consume(channel: &Channel, queue: &str) -> Consumer {
    let options = BasicConsumeOptions::default();
    channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await.unwrap()
}

/// The next event, acknowledged.
async fn next(consumer: &mut Consumer) -> Message {
    let delivery = timeout(PATIENCE, consumer.next()).await.expect("an event comes").unwrap().unwrap();
    delivery.acker.ack(BasicAckOptions::default()).await.unwrap();
    Message(delivery)
}

fn country(code: &str) -> Value {
    json!({
        "alpha_2": code, "alpha_3": format!("{code}X"), "numeric": numeric(code), "name": format!("Land of {code}"),
    })
}

/// A number of three digits for each code that begins with one of these.
fn numeric(code: &str) -> String {
    let [first, second] = code.as_bytes() else { panic!("{code}") };
    let block = FIRST.iter().position(|letter| letter.as_bytes() == [*first]).unwrap();
    format!("{:03}", block * 26 + usize::from(second - b'A'))
}

const FIRST: [&str; 4] = ["V", "W", "X", "Z"];

/// Repeats a request with the same id until it is done.
async fn insist(client: &Client, request: Request) -> Value {
    loop {
        match client.execute(request.clone().timeout(Duration::from_secs(10))).await {
            Ok(reply) => return reply.data.unwrap_or_default(),
            Err(error) if error.code().is_none() || error.is_retryable() => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_tells_what_changed_and_whose_request_it_was() {
    let site = shared().await;
    let mut wire = Wire::connect(&site.stack.amqp_url()).await;
    subscribe(&wire, "told", "country.#", FieldTable::default()).await;
    let mut events = consume(&wire.channel, "told").await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let properties = with_header(
        wire.properties("c1").with_message_id("told-1".into()),
        "traceparent",
        AMQPValue::LongString(trace.into()),
    );
    let body = json!({ "data": country("XA") }).to_string();
    let reply = wire.request("country.create", body.as_bytes(), properties).await;
    let hash = reply.header("beds-template-hash").unwrap();
    let event = next(&mut events).await;
    assert_eq!(event.0.routing_key.as_str(), "country.create");
    assert_eq!(event.header("traceparent").as_deref(), Some(trace));
    assert_eq!(event.header("beds-template-hash"), Some(hash));
    let properties = event.0.properties.clone();
    assert_eq!(
        properties.content_type().as_ref().map(lapin::types::ShortString::as_str),
        Some("application/json")
    );
    assert_eq!((properties.delivery_mode().unwrap(), properties.message_id().is_some()), (2, true));
    assert!(properties.timestamp().is_some());
    let mut body = event.json();
    assert!(body["at"].take().as_str().unwrap().ends_with('Z'));
    assert_eq!(
        body,
        json!({
            "template": "country", "operation": "create", "key": { "alpha_2": "XA" }, "version": 1,
            "data": { "name": "Land of XA" }, "at": null, "request_id": "told-1",
        })
    );

    let client = site.client().await;
    // A duplicate changes nothing, and neither does a refused request.
    let update = Request::update("country", "XA", &json!({ "official_name": "The Land" }));
    client.execute(update.clone()).await.unwrap();
    client.execute(update).await.unwrap();
    client.create("country", &country("XA")).await.unwrap_err();
    client.update("country", "ZZ", &json!({ "name": "Nowhere" })).await.unwrap_err();
    client.call("country", "rename", &json!({ "alpha_2": "XA", "name": "New Land" })).await.unwrap();
    client.delete("country", "XA").await.unwrap();
    let mut told = Vec::new();
    for _ in 0..3 {
        let event = next(&mut events).await.json();
        told.push(json!([event["operation"], event["key"]["alpha_2"], event["version"], event["data"]]));
    }
    assert_eq!(
        told,
        [
            json!(["update", "XA", 2, { "name": "Land of XA" }]),
            json!(["call.rename", "XA", 3, { "name": "New Land" }]),
            json!(["delete", "XA", null, {}]),
        ]
    );
}

/// Several thousand writes on a hundred records, through two nodes, of which one is killed. The consumer was away
/// meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_was_away_finds_each_change_in_order() {
    const ROUNDS: usize = 40;
    let site = own_site(&[]).await;
    let url = site.stack.amqp_url();
    let wire = Wire::connect(&url).await;
    subscribe(&wire, "away", "country.*", FieldTable::default()).await;
    let other = blocking(|| start_node(&site.stack, &[])).await;
    let codes: Vec<String> =
        FIRST.iter().flat_map(|first| ('A'..='Z').map(move |second| format!("{first}{second}"))).collect();
    let client = site.client().await;
    for code in &codes {
        insist(&client, Request::create("country", &country(code))).await;
    }
    // Three writers at a time change each record.
    let writers = (0..3).flat_map(|writer| codes.iter().map(move |code| (writer, code.clone())));
    let writing = writers.map(|(writer, code)| {
        let client = client.clone();
        tokio::spawn(async move {
            for round in 0..=ROUNDS / 3 {
                let name = format!("{code} {writer} {round}");
                insist(&client, Request::update("country", &code, &json!({ "name": name }))).await;
            }
        })
    });
    let writing: Vec<_> = writing.collect();
    // Whichever node relays the events, one of the two is killed when half is done.
    eventually_async("half is written", async || wire.waiting("away").await > 2_000).await;
    blocking(move || other.kill()).await;
    for done in join_all(writing).await {
        done.unwrap();
    }

    let mut events = consume(&wire.channel, "away").await;
    let expected = 1 + 3 * (ROUNDS / 3 + 1);
    let mut versions: BTreeMap<String, i64> = BTreeMap::new();
    let mut ids = std::collections::HashSet::new();
    let (mut doubles, mut found) = (0, 0);
    while found < codes.len() * expected {
        let event = next(&mut events).await;
        let id = event.0.properties.message_id().clone().unwrap();
        if !ids.insert(id) {
            doubles += 1;
            continue;
        }
        found += 1;
        let body = event.json();
        let last = versions.entry(body["key"]["alpha_2"].as_str().unwrap().to_owned()).or_default();
        *last += 1;
        assert_eq!(body["version"], *last, "{body}");
    }
    eprintln!("{found} events, {doubles} twice");
    for code in &codes {
        let record: Value = client.fetch("country", code).await.unwrap();
        assert_eq!(record["revision"], versions[code]);
    }
    end_site(site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_while_rabbitmq_is_away_or_a_subscriber_is_full() {
    let site = own_site(&[]).await;
    let client = site.client().await;
    let url = site.stack.amqp_url();
    {
        let wire = Wire::connect(&url).await;
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(1));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        subscribe(&wire, "small", "country.*", arguments).await;
    }
    for code in ["XA", "XB", "XC", "XD"] {
        client.create("country", &country(code)).await.unwrap();
    }
    eventually_async("what does not fit stays", async || stored(site).await == 3).await;
    blocking(|| site.stack.rabbitmq().restart().unwrap()).await;
    let wire = Wire::connect(&url).await;
    let mut events = consume(&wire.channel, "small").await;
    let mut codes: Vec<String> = Vec::new();
    while codes.len() < 4 {
        let code = next(&mut events).await.json()["key"]["alpha_2"].as_str().unwrap().to_owned();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    eventually_async("nothing is left", async || stored(site).await == 0).await;
    // An exchange that was deleted is declared again.
    wire.channel.exchange_delete("beds.events".into(), ExchangeDeleteOptions::default()).await.unwrap();
    client.create("country", &country("XE")).await.unwrap();
    let passive = ExchangeDeclareOptions { passive: true, ..Default::default() };
    eventually_async("the exchange is there again", async || {
        let wire = Wire::connect(&url).await;
        let kind = lapin::ExchangeKind::Topic;
        wire.channel
            .exchange_declare("beds.events".into(), kind, passive, FieldTable::default())
            .await
            .is_ok()
    })
    .await;
    eventually_async("nothing is left", async || stored(site).await == 0).await;
    end_site(site).await;
}

/// How many events wait in the database.
async fn stored(site: &'static Site) -> usize {
    let sql = "select count(*) from beds_events";
    blocking(move || site.stack.mariadb_query(Some("catalog"), sql).unwrap().trim().parse().unwrap()).await
}
