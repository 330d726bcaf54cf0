//! A node outlives its servers, and loses nothing when it ends. Each test has its own servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use beds_client::{Client, Request};
use beds_devstack::Server;
use beds_protocol::Operation;
use common::{
    Site, blocking, end_servers, end_site, eventually, eventually_async, own_site, stack, start_node, unique,
    wire::{Message, Wire, unix_ms, with_header},
};
use lapin::{BasicProperties, types::AMQPValue};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, MySqlConnection};

const TWINS: [&str; 2] = ["sample_row", "sample_document"];

/// How long to wait for a request that may well succeed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How late after its deadline an answer may come on a busy machine. Without a deadline it would come much later.
const LATE_MAX: Duration = Duration::from_secs(8);

/// How many records of a series a template has; the text of the error if it does not answer.
async fn count(client: &Client, template: &str, series: &str) -> Result<u64, String> {
    let body = json!({"where": {"series": series}});
    let request = Request::new(template, Operation::Count, &body).timeout(PATIENCE);
    let reply = client.execute(request).await.map_err(|error| error.to_string())?;
    Ok(reply.count.unwrap())
}

async fn create(client: &Client, template: &str, series: &str) -> Result<(), String> {
    let record = json!({"code": unique("c"), "series": series});
    let request = Request::create(template, &record).timeout(PATIENCE);
    client.execute(request).await.map(drop).map_err(|error| error.to_string())
}

/// Waits until a template answers with this count.
async fn counts(client: &Client, template: &str, series: &str, expected: u64) {
    let mut last = Ok(0);
    let answered = async || {
        last = count(client, template, series).await;
        last == Ok(expected)
    };
    eventually_async(&format!("{template} counts {expected} of {series}"), answered).await;
}

/// A fault of a server, or its end.
type Fault = fn(&Server);

const FAULTS: [(&str, Fault); 2] = [
    ("a restart", |server| server.restart().unwrap()),
    ("a kill", |server| {
        server.kill().unwrap();
        server.start().unwrap();
    }),
];

#[tokio::test]
async fn answers_again_after_each_server_was_away() {
    let site = own_site(&[]).await;
    let stack = &site.stack;
    let client = site_client(&stack.amqp_url()).await;
    let series = unique("s");
    let mut stored = 0;
    for server in [stack.rabbitmq(), stack.mariadb(), stack.mongodb()] {
        for (what, fault) in FAULTS {
            for template in TWINS {
                create(&client, template, &series).await.unwrap();
            }
            stored += 1;
            blocking(move || fault(server)).await;
            for template in TWINS {
                let what = format!("{template} answers after {what} of {}", server.kind());
                // First the read lane, then the write lane, which has separate connections.
                counts(&client, template, &series, stored).await;
                let other = unique("s");
                eventually_async(&what, async || create(&client, template, &other).await.is_ok()).await;
            }
            // The node answers as soon as its first instance consumes, and is ready when the last one does.
            blocking(|| eventually("the node is ready again", || site.node.is_ready())).await;
        }
    }
    end_site(site).await;
}

async fn site_client(url: &str) -> Client {
    Client::builder(url).timeout(PATIENCE).reconnect_max(Duration::from_millis(500)).connect().await.unwrap()
}

/// The properties of a write that wants no answer.
fn unanswered() -> BasicProperties {
    let id = uuid::Uuid::now_v7().to_string();
    BasicProperties::default().with_message_id(id.into()).with_delivery_mode(2)
}

#[tokio::test]
async fn a_database_that_is_down_fails_reads_and_delays_writes() {
    let site = own_site(&[]).await;
    let stack = &site.stack;
    let mut wire = Wire::connect(&stack.amqp_url()).await;
    let client = site_client(&stack.amqp_url()).await;
    for (template, server) in TWINS.iter().zip([stack.mariadb(), stack.mongodb()]) {
        let series = unique("s");
        counts(&client, template, &series, 0).await;
        blocking(move || server.kill().unwrap()).await;

        // Reads are answered at once, whatever their deadline is.
        for seconds in [5, 10] {
            let limit = Duration::from_secs(seconds);
            let at = unix_ms() + i64::try_from(limit.as_millis()).unwrap();
            let properties =
                with_header(wire.properties("read"), "beds-deadline", AMQPValue::LongLongInt(at));
            let begun = Instant::now();
            let reply = wire.request(&format!("{template}.count"), b"{}", properties).await;
            let took = begun.elapsed();
            let error = &reply.json()["error"];
            assert_eq!(
                (&error["code"], &error["retryable"]),
                (&json!("unavailable"), &json!(true)),
                "{template}: {error}"
            );
            assert!(took < limit + LATE_MAX, "{template}: {took:?} of {limit:?}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("cannot be reached"), "{message}");
        }
        // Writes without a reply stay in the queue.
        for number in 0..5 {
            let record = json!({"data": {"code": unique("c"), "series": series, "number": number}});
            let key = format!("{template}.create");
            assert!(wire.publish("beds", &key, record.to_string().as_bytes(), unanswered()).await.is_none());
        }
        // A write that wants a reply gets it.
        let record = json!({"data": {"code": unique("c"), "series": "other"}});
        let at = AMQPValue::LongLongInt(unix_ms() + 10_000);
        let properties = with_header(wire.properties("write"), "beds-deadline", at);
        let reply =
            wire.request(&format!("{template}.create"), record.to_string().as_bytes(), properties).await;
        assert_eq!(reply.json()["error"]["code"], "unavailable", "{template}");
        // The other engine serves meanwhile.
        let other = TWINS.iter().find(|other| *other != template).unwrap();
        create(&client, other, &unique("s")).await.unwrap();

        blocking(move || server.start().unwrap()).await;
        counts(&client, template, &series, 5).await;
        eventually_async("the queue of writes is empty", async || {
            wire.waiting("beds.app_server.w").await == 0
        })
        .await;
        assert_eq!(wire.waiting("beds.dead").await, 0, "no write became a dead letter");
    }
    end_site(site).await;
}

#[tokio::test]
async fn accepted_writes_outlive_a_restart_of_rabbitmq() {
    let site = own_site(&[]).await;
    accepted_writes_outlive(site, FAULTS[0].1).await;
    end_site(site).await;
}

/// This is not a kill right after the declaration of queues. RabbitMQ 3.10.8 keeps the names of its quorum queues in a
/// table that it writes some 3 s later (`names.dets`, see `ra_directory`). If it is killed before, such a queue comes
/// back empty and never gets a leader. A clean restart writes the table.
#[tokio::test]
async fn accepted_writes_outlive_a_kill_of_rabbitmq() {
    let site = own_site(&[]).await;
    blocking(|| site.stack.rabbitmq().restart().unwrap()).await;
    accepted_writes_outlive(site, FAULTS[1].1).await;
    end_site(site).await;
}

async fn accepted_writes_outlive(site: &'static Site, fault: Fault) {
    let stack = &site.stack;
    let client = site_client(&stack.amqp_url()).await;
    let series = unique("s");
    let mut expected = 0;
    for round in 0..3 {
        // A quorum queue without a leader neither accepts nor refuses a message.
        let leader = async || create(&client, TWINS[0], &unique("s")).await.is_ok();
        eventually_async("the queue of writes has a leader", leader).await;
        let wire = Wire::connect(&stack.amqp_url()).await;
        for number in 0..20 {
            let code = format!("{series}-{round}-{number}");
            let record = json!({"data": {"code": code, "series": series}}).to_string();
            for template in TWINS {
                let key = format!("{template}.create");
                assert!(wire.publish("beds", &key, record.as_bytes(), unanswered()).await.is_none());
            }
            expected += 1;
        }
        let server = stack.rabbitmq();
        blocking(move || fault(server)).await;
        for template in TWINS {
            counts(&client, template, &series, expected).await;
        }
    }
}

#[tokio::test]
async fn notices_a_bus_that_hangs() {
    let site =
        own_site(&[("BEDS__AMQP__HEARTBEAT_S", "1"), ("BEDS__AMQP__CONNECT_TIMEOUT_MS", "1000")]).await;
    let (node, stack) = (&site.node, &site.stack);
    let client = site_client(&stack.amqp_url()).await;
    let series = unique("s");
    create(&client, TWINS[0], &series).await.unwrap();
    blocking(move || {
        stack.rabbitmq().pause().unwrap();
        eventually("the node notices", || node.get("/ready").starts_with("HTTP/1.1 503"));
        assert!(node.get("/live").starts_with("HTTP/1.1 200"), "it lives");
        stack.rabbitmq().resume().unwrap();
        eventually("it serves again", || node.is_ready());
    })
    .await;
    counts(&client, TWINS[0], &series, 1).await;
    end_site(site).await;
}

#[tokio::test]
async fn a_paused_database_times_out_and_comes_back() {
    let site = own_site(&[]).await;
    let stack = &site.stack;
    let mut wire = Wire::connect(&stack.amqp_url()).await;
    let client = site_client(&stack.amqp_url()).await;
    for (template, server) in TWINS.iter().zip([stack.mariadb(), stack.mongodb()]) {
        let series = unique("s");
        create(&client, template, &series).await.unwrap();
        blocking(move || server.pause().unwrap()).await;
        let at = AMQPValue::LongLongInt(unix_ms() + 1500);
        let begun = Instant::now();
        let properties = with_header(wire.properties("read"), "beds-deadline", at);
        let reply = wire.request(&format!("{template}.count"), b"{}", properties).await;
        let code = reply.header("beds-status").unwrap();
        assert!(["deadline_exceeded", "unavailable"].contains(&code.as_str()), "{template}: {code}");
        assert!(begun.elapsed() < LATE_MAX, "{template}: {:?}", begun.elapsed());
        blocking(move || server.resume().unwrap()).await;
        counts(&client, template, &series, 1).await;
    }
    end_site(site).await;
}

/// The numbers of the replies so far, each of which must be ok.
fn answered(replies: &[Message]) -> BTreeSet<usize> {
    let numbers: BTreeSet<usize> = replies
        .iter()
        .map(|reply| {
            assert_eq!(reply.header("beds-status").as_deref(), Some("ok"), "{}", reply.json());
            reply.correlation_id().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(numbers.len(), replies.len(), "no request is answered twice");
    numbers
}

#[tokio::test]
async fn a_node_that_stops_finishes_what_it_took_and_leaves_the_rest() {
    const ALL: usize = 50;
    const TAKEN: usize = 10;
    let variables = [
        ("BEDS__BROKERS__APP_SERVER__W__INSTANCES", "1"),
        ("BEDS__BROKERS__APP_SERVER__W__PREFETCH", "10"),
        ("BEDS__LIMITS__REQUEST_TIMEOUT_MS", "60000"),
    ];
    let stack = blocking(|| &*Box::leak(Box::new(stack()))).await;
    let node = blocking(move || start_node(stack, &variables)).await;
    let mut wire = Wire::connect(&stack.amqp_url()).await;
    let record = json!({"data": {"code": unique("c"), "series": "s"}}).to_string();
    let properties = wire.properties("create");
    let created = wire.request("sample_row.create", record.as_bytes(), properties).await.json();
    let id = created["data"]["id"].as_str().unwrap().to_owned();

    // The record is locked, so that every update waits.
    let mut gate = MySqlConnection::connect(&format!("{}/catalog", stack.mariadb_url())).await.unwrap();
    gate.execute("start transaction").await.unwrap();
    gate.execute(format!("select * from sample where id = '{id}' for update").as_str()).await.unwrap();
    for number in 0..ALL {
        let body = json!({"key": id, "data": {"name": number.to_string()}}).to_string();
        let properties = wire.properties(&number.to_string()).with_message_id(unique("m").into());
        assert!(wire.publish("beds", "sample_row.update", body.as_bytes(), properties).await.is_none());
    }
    let left = u32::try_from(ALL - TAKEN).unwrap();
    eventually_async("the node has taken what it may", async || {
        wire.waiting("beds.app_server.w").await == left
    })
    .await;
    node.terminate();
    // From here on the node takes no more requests, but finishes those that it has.
    let node = blocking(move || {
        eventually("the node stops", || node.log().contains("stopping: finishing the requests in progress"));
        node
    })
    .await;
    gate.execute("commit").await.unwrap();

    let mut replies = Vec::new();
    for _ in 0..TAKEN {
        replies.push(wire.reply().await);
    }
    assert_eq!(answered(&replies), (0..TAKEN).collect(), "what was taken is answered");
    let status = blocking(move || node.await_end().unwrap()).await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(wire.waiting("beds.app_server.w").await, left, "what was not taken waits");

    let successor = blocking(move || start_node(stack, &variables)).await;
    for _ in TAKEN..ALL {
        replies.push(wire.reply().await);
    }
    assert_eq!(answered(&replies), (0..ALL).collect(), "another node answers the rest");
    let properties = wire.properties("fetch");
    let fetched: Value = wire
        .request("sample_row.fetch", json!({ "key": id }).to_string().as_bytes(), properties)
        .await
        .json();
    assert_eq!(fetched["data"]["revision"], ALL + 1, "each was done once");
    blocking(move || {
        drop(successor);
        end_servers(stack);
    })
    .await;
}

#[tokio::test]
async fn a_node_that_stops_idle_is_gone_at_once() {
    let site = own_site(&[]).await;
    let (node, stack) = (&site.node, &site.stack);
    let status = blocking(move || {
        let begun = Instant::now();
        node.terminate();
        let status = node.await_end().unwrap();
        // It does not wait for work that nobody asked for: a stop under load may take `node.drain_timeout_ms`, 30 s.
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        let log = node.log();
        // The tests' configuration has more databases than the node's templates name.
        let told = log.lines().filter(|line| !line.contains("that no template names"));
        let told: Vec<_> =
            told.filter(|line| line.contains("ERROR beds") || line.contains("WARN beds")).collect();
        assert_eq!(told, Vec::<&str>::new(), "{log}");
        end_servers(stack);
        status
    })
    .await;
    assert_eq!(status.code(), Some(0), "{status}");
}
