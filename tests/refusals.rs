//! A refusal by RabbitMQ costs one request of a node, and other requests notice nothing. crates/bus/tests tries each
//! refusal. Here are those that need databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use beds_client::{Client, Request};
use beds_protocol::Operation;
use common::{
    Site, blocking,
    clock::{Clock, TICK},
    end_site, eventually, eventually_async, own_site, unique,
    wire::{Message, Wire},
};
use lapin::BasicProperties;
use serde_json::json;

/// An interruption that does not matter, in ticks of a clock: a second on a quiet machine.
const GAP: usize = 50;

/// Sets values of RabbitMQ's configuration, and makes the node open its channels anew.
async fn configure(site: &'static Site, values: &'static [(&'static str, u64)]) {
    blocking(move || {
        let rabbitmq = site.stack.rabbitmq();
        for (key, value) in values {
            rabbitmq.control(&["eval", &format!("application:set_env(rabbit, {key}, {value}).")]).unwrap();
        }
        rabbitmq.control(&["close_all_connections", "a test"]).unwrap();
        eventually("the node has noticed", || site.node.log().contains("is lost"));
        eventually("the node is ready again", || site.node.is_ready());
    })
    .await;
}

/// Sends small requests again and again, and returns the longest time without an answer, in ticks.
async fn neighbour(client: Client, clock: Clock, stop: Arc<AtomicBool>) -> usize {
    let (mut last, mut gap) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        client.request("country", Operation::Describe, &json!({})).await.unwrap();
        let now = Instant::now();
        gap = gap.max(clock.between(last, now));
        last = now;
        tokio::time::sleep(TICK).await;
    }
    gap
}

fn code(reply: &Message) -> String {
    reply.header("beds-status").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_that_are_too_large_cost_their_requests_and_writes_are_done_once() {
    const COUNT: u64 = 80;
    let site = own_site(&[]).await;
    configure(site, &[("max_message_size", 8_192)]).await;
    let mut wire = Wire::connect(&site.stack.amqp_url()).await;
    let client = site.client().await;
    let stop = Arc::new(AtomicBool::new(false));
    let clock = Clock::begin(&site.stack.amqp_url()).await;
    let beside = tokio::spawn(neighbour(site.client().await, clock, Arc::clone(&stop)));
    for template in ["sample_row", "sample_document"] {
        let series = unique("s");
        let records: Vec<_> =
            (0..COUNT).map(|n| json!({"code": format!("{}{n}", &series[2..10]), "series": series})).collect();
        let body = json!({ "data": records }).to_string();
        assert!(body.len() < 8_192, "{}", body.len());
        let id = unique("m");
        for _ in 0..2 {
            let properties = wire.properties("create").with_message_id(id.as_str().into());
            let reply = wire.request(&format!("{template}.create"), body.as_bytes(), properties).await;
            assert_eq!(code(&reply), "too_large", "{}", reply.json());
            assert!(reply.json()["error"]["hint"].as_str().unwrap().contains("is done"), "{}", reply.json());
        }
        let filter = json!({"where": {"series": series}});
        let counted = client.execute(Request::new(template, Operation::Count, &filter)).await.unwrap();
        assert_eq!(counted.count, Some(COUNT), "it is done once");
        let all = json!({"where": {"series": series}, "limit": COUNT}).to_string();
        let properties = wire.properties("fetch");
        let reply = wire.request(&format!("{template}.fetch"), all.as_bytes(), properties).await;
        assert_eq!(code(&reply), "too_large", "{}", reply.json());
        let few = json!({"where": {"series": series}, "limit": 5}).to_string();
        let properties = wire.properties("fetch");
        let reply = wire.request(&format!("{template}.fetch"), few.as_bytes(), properties).await;
        assert_eq!(code(&reply), "ok", "{}", reply.json());
    }
    stop.store(true, Ordering::Relaxed);
    let gap = beside.await.unwrap();
    assert!(gap < GAP, "{gap} ticks without an answer");
    let metrics = site.node.get("/metrics");
    assert!(metrics.contains("beds_bus_channels_lost_total 0"), "{}", site.node.log());
    let log = site.node.log();
    assert!(log.contains("a reply is too large") && log.contains("max_message_size"), "{log}");
    end_site(site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_wait_for_a_database_outlast_the_patience_of_rabbitmq() {
    const COUNT: u64 = 20;
    // RabbitMQ's timeout is longer than a request may take, as docs/operations.md requires.
    let site = own_site(&[("BEDS__LIMITS__REQUEST_TIMEOUT_MS", "2000")]).await;
    configure(site, &[("consumer_timeout", 8_000), ("channel_tick_interval", 500)]).await;
    let wire = Wire::connect(&site.stack.amqp_url()).await;
    let client = site.client().await;
    let series = unique("s");
    blocking(|| site.stack.mariadb().kill().unwrap()).await;
    for n in 0..COUNT {
        let record = json!({"data": {"code": format!("{series}-{n}"), "series": series}}).to_string();
        let properties = BasicProperties::default().with_message_id(unique("m").into()).with_delivery_mode(2);
        assert!(wire.publish("beds", "sample_row.create", record.as_bytes(), properties).await.is_none());
    }
    let stop = Arc::new(AtomicBool::new(false));
    let clock = Clock::begin(&site.stack.amqp_url()).await;
    let beside = tokio::spawn(neighbour(site.client().await, clock, Arc::clone(&stop)));
    // RabbitMQ's timeout ends while the database is away.
    let begun = Instant::now();
    eventually_async("they wait aside", async || {
        wire.waiting("beds.app_server.w.wait.mariadb.catalog").await >= 19
            && begun.elapsed() > Duration::from_secs(12)
    })
    .await;
    blocking(|| site.stack.mariadb().start().unwrap()).await;
    let body = json!({"where": {"series": series}});
    eventually_async("all are done", async || {
        let request = Request::new("sample_row", Operation::Count, &body).timeout(Duration::from_secs(3));
        client.execute(request).await.is_ok_and(|reply| reply.count == Some(COUNT))
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    let gap = beside.await.unwrap();
    assert!(gap < GAP, "{gap} ticks without an answer");
    assert_eq!(wire.waiting("beds.dead").await, 0);
    let metrics = site.node.get("/metrics");
    assert!(metrics.contains("beds_bus_channels_lost_total 0"), "{}", site.node.log());
    end_site(site).await;
}
