//! The stored fleet: its nodes, their states, the lost ones, and one verdict on all.

use beds_client::{Client, Request};
use beds_devstack::{Node, Stack};
use serde_json::{Value, json};

use super::{
    client,
    common::{blocking, eventually, eventually_async, spawn_node},
    end, servers,
};

/// Starts a node that sends five heartbeats per second.
async fn node(stack: &'static Stack, name: &'static str, services: &'static str) -> &'static Node {
    blocking(move || {
        let url = stack.amqp_url().replace("guest:guest", "beds:secret");
        let variables = [
            ("BEDS__NODE__NAME", name),
            ("BEDS__NODE__SERVICES", services),
            ("BEDS__AMQP__URL", &*url),
            ("BEDS__NODE__HEARTBEAT_MS", "200"),
            ("BEDS__NODE__FLEET_KEEP_S", "60"),
        ];
        let node = spawn_node(stack, &variables);
        node.await_ready().unwrap();
        &*Box::leak(Box::new(node))
    })
    .await
}

async fn send(client: &Client, key: &str, body: &Value) -> Value {
    let reply = client.execute_raw(Request::raw(key, body.to_string())).await.unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

/// The nodes with their states.
async fn states(client: &Client) -> Vec<(String, String)> {
    let reply = send(client, "fleet.fetch", &json!({"sort": ["node"]})).await;
    let text = |node: &Value, name: &str| node[name].as_str().unwrap_or_default().to_owned();
    let nodes = reply["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    nodes.iter().map(|node| (text(node, "node"), text(node, "state"))).collect()
}

async fn settles(client: &Client, expected: &[(&str, &str)]) {
    eventually_async(&format!("{expected:?}"), async || {
        let states = states(client).await;
        states.iter().map(|(node, state)| (node.as_str(), state.as_str())).eq(expected.iter().copied())
    })
    .await;
}

/// The verdict, and for each reason its kind and its node.
async fn health(client: &Client) -> (String, Vec<(String, Value)>) {
    let reply = send(client, "fleet.call.health", &json!({})).await;
    assert_eq!(reply["ok"], true, "{reply:#}");
    let data = &reply["data"];
    let reason = |reason: &Value| (reason["what"].as_str().unwrap().to_owned(), reason["node"].clone());
    (
        data["verdict"].as_str().unwrap().to_owned(),
        data["reasons"].as_array().unwrap().iter().map(reason).collect(),
    )
}

fn told(what: &[(&str, Value)]) -> Vec<(String, Value)> {
    what.iter().map(|(what, node)| ((*what).to_owned(), node.clone())).collect()
}

async fn sql(stack: &'static Stack, sql: &'static str) -> String {
    blocking(move || stack.mariadb_query(Some("catalog"), sql).unwrap().trim().to_owned()).await
}

const TAKEN: &str = "nobody takes the node's heartbeats";

#[tokio::test(flavor = "multi_thread")]
async fn the_fleet_knows_who_is_there_and_who_is_lost() {
    let stack = servers().await;
    // If no node hosts `admin`, a node serves, and reports once that nobody takes its heartbeats.
    let plain = node(stack, "n2", "app_server").await;
    blocking(|| eventually("the node says so", || plain.log().contains(TAKEN))).await;
    let admin = node(stack, "n1", "app_server,admin").await;
    let operator = client(stack).await;
    settles(&operator, &[("n1", "serving"), ("n2", "serving")]).await;
    // The row is written before the reply is sent.
    blocking(|| eventually("the node says so", || plain.log().contains("heartbeats are accepted again")))
        .await;
    let log = plain.log();
    assert_eq!(log.matches(TAKEN).count(), 1, "{log}");

    let reply = send(&operator, "fleet.fetch", &json!({"where": {"node": "n1"}})).await;
    let one = &reply["data"][0];
    assert_eq!(one["services"], json!(["app_server", "admin"]), "{reply:#}");
    assert_eq!(one["templates"]["country"].as_str().map(str::len), Some(16), "{reply:#}");
    assert_eq!(
        (&one["beat_ms"], &one["environment"], &one["reason"]),
        (&json!(200), &json!("dev"), &Value::Null)
    );
    eventually_async("requests are counted", async || {
        let reply = send(&operator, "fleet.fetch", &json!({"where": {"node": "n1"}})).await;
        reply["data"][0]["ended"].as_i64().is_some_and(|ended| ended > 0)
    })
    .await;
    assert_eq!(health(&operator).await, ("healthy".to_owned(), Vec::new()));

    // Only nodes may send heartbeats.
    for call in ["beat", "leave", "purge"] {
        let reply = send(&operator, &format!("fleet.call.{call}"), &json!({"args": {}})).await;
        assert_eq!(reply["error"]["code"], "forbidden", "{call}: {reply}");
    }

    // A draining node is reported, and dead letters are counted.
    send(&operator, "node.call.drain", &json!({"args": {"node": "n2"}})).await;
    settles(&operator, &[("n1", "serving"), ("n2", "drained")]).await;
    let drained = told(&[("node_drained", json!("n2"))]);
    assert_eq!(health(&operator).await, ("degraded".to_owned(), drained));
    send(&operator, "node.call.resume", &json!({"args": {"node": "n2"}})).await;
    settles(&operator, &[("n1", "serving"), ("n2", "serving")]).await;
    operator.send(Request::raw("country.fetch", "no JSON")).await.unwrap();
    eventually_async("a dead letter is counted", async || {
        health(&operator).await == ("degraded".to_owned(), told(&[("dead_letters", Value::Null)]))
    })
    .await;
    blocking(|| stack.rabbitmq().control(&["purge_queue", "beds.dead"]).unwrap()).await;

    // A killed node is lost, and a node with other templates is reported. It is worse if a service has no node any
    // more.
    blocking(|| plain.kill()).await;
    settles(&operator, &[("n1", "serving"), ("n2", "lost")]).await;
    sql(
        stack,
        "insert into fleet select uuid(), 'n3', host, pid, version, environment, '[\"tercero\"]', brokers, \
         '{\"country\": \"0123456789abcdef\"}', 'connecting', 'no RabbitMQ', 0, 0, 0, 600000, started_at, utc_timestamp(6) \
         from fleet where node = 'n1'",
    )
    .await;
    let expected = [
        ("service_unserved", Value::Null),
        ("fingerprints_differ", Value::Null),
        ("node_lost", json!("n2")),
        ("node_not_serving", json!("n3")),
    ];
    assert_eq!(health(&operator).await, ("failing".to_owned(), told(&expected)));
    sql(stack, "delete from fleet where node = 'n3'").await;

    // A node that was lost long ago is removed, and a node that ends well is not missed.
    sql(stack, "update fleet set seen_at = utc_timestamp(6) - interval 61 second where node = 'n2'").await;
    let other = node(stack, "n4", "app_server").await;
    settles(&operator, &[("n1", "serving"), ("n4", "serving")]).await;
    blocking(|| {
        other.terminate();
        assert_eq!(other.await_end().unwrap().code(), Some(0), "{}", other.log_tail(20));
    })
    .await;
    settles(&operator, &[("n1", "serving")]).await;
    end([admin], stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_that_nobody_takes_are_no_dead_letters() {
    let stack = servers().await;
    let admin = node(stack, "n1", "app_server,admin").await;
    let plain = node(stack, "n2", "app_server").await;
    let operator = client(stack).await;
    settles(&operator, &[("n1", "serving"), ("n2", "serving")]).await;
    blocking(|| {
        admin.terminate();
        assert_eq!(admin.await_end().unwrap().code(), Some(0), "{}", admin.log_tail(20));
        // The queue still exists.
        eventually("the node says that nobody is", || plain.log().contains(TAKEN));
    })
    .await;
    let admin = node(stack, "n1", "app_server,admin").await;
    // The goodbye of the first node has waited in the queue, so the node is not lost.
    settles(&operator, &[("n1", "serving"), ("n2", "serving")]).await;
    let waiting = blocking(|| stack.rabbitmq().control(&["list_queues", "name", "messages"]).unwrap()).await;
    assert!(waiting.lines().any(|line| line.split_whitespace().eq(["beds.dead", "0"])), "{waiting}");

    // A killed node is shown as lost, and is not missed once it is back.
    blocking(|| {
        plain.kill();
        plain.restart().unwrap();
    })
    .await;
    settles(&operator, &[("n1", "serving"), ("n2", "lost"), ("n2", "serving")]).await;
    assert_eq!(health(&operator).await, ("healthy".to_owned(), Vec::new()));
    // When that one ends well, none of its processes is lost.
    blocking(|| {
        plain.terminate();
        assert_eq!(plain.await_end().unwrap().code(), Some(0), "{}", plain.log_tail(20));
    })
    .await;
    settles(&operator, &[("n1", "serving")]).await;
    assert_eq!(health(&operator).await, ("healthy".to_owned(), Vec::new()));
    // A heartbeat that waited longer than the goodbye does not bring the node back either.
    sql(
        stack,
        "call sp_fleet_beat((select max(instance) from fleet where node = 'n2'), 'n2', 'h', 1, 'v', 'dev', '[]', '[]', '{}', \
         'serving', null, 0, 0, 0, 200, utc_timestamp(6))",
    )
    .await;
    assert_eq!(states(&operator).await, [("n1".to_owned(), "serving".to_owned())]);
    end([admin], stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_reach_a_database_is_reported() {
    let stack = servers().await;
    let admin = node(stack, "n1", "app_server,admin").await;
    let operator = client(stack).await;
    settles(&operator, &[("n1", "serving")]).await;
    let away = async || {
        let (_, reasons) = health(&operator).await;
        reasons.contains(&("database_away".to_owned(), json!("n1")))
    };
    assert!(!away().await);
    blocking(|| stack.mongodb().kill().unwrap()).await;
    eventually_async("the database is away", away).await;
    blocking(|| stack.mongodb().restart().unwrap()).await;
    eventually_async("the database is there again", async || !away().await).await;
    end([admin], stack).await;
}
