//! Reports of nodes and machines: log events, syslog messages, samples of metrics, on real servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;

mod graph;
mod lifecycle;
mod logs;
mod syslog;

use std::time::Duration;

use beds_client::{Client, Request};
use beds_devstack::{Node, Stack};
use beds_protocol::{CountRequest, FetchRequest, Operation, Record};
use common::{Beds, Site, blocking, stack};
use serde_json::{Value, json};

/// A node that hosts `admin`.
fn node(stack: &Stack, variables: &[(&str, &str)]) -> Node {
    Beds::new(&[])
        .on(stack)
        .env(&[("BEDS__NODE__SERVICES", "admin"), ("BEDS__NODE__NAME", "told")])
        .env(variables)
        .start()
}

/// Separate servers with such a node. They are never dropped.
async fn site(variables: &'static [(&'static str, &'static str)]) -> &'static Site {
    blocking(|| {
        let stack = stack();
        let site = Site { node: node(&stack, variables), stack };
        // A template that does not match its database would be missing.
        let log = site.node.log_tail(200);
        assert!(!log.contains("contradict") && !log.contains("not served"), "{log}");
        &*Box::leak(Box::new(site))
    })
    .await
}

/// A client who may see the reports.
async fn operator(stack: &Stack) -> Client {
    let client = Client::builder(stack.amqp_url()).user_id("guest").timeout(Duration::from_mins(1));
    client.connect().await.unwrap()
}

/// How many records match.
async fn count(client: &Client, template: &str, filter: impl Into<Record>) -> u64 {
    client.count(template, &CountRequest::matching(filter)).await.unwrap_or_default()
}

/// The records that match, in the order of their times.
async fn found(client: &Client, template: &str, filter: impl Into<Record>) -> Vec<Value> {
    let mut query = FetchRequest::matching(filter);
    query.sort = Some(vec!["at".to_owned()]);
    query.limit = Some(1_000);
    let reply = client.execute(Request::new(template, Operation::Fetch, &query)).await.unwrap();
    match reply.data {
        Some(Value::Array(records)) => records,
        other => panic!("{other:?}"),
    }
}

/// The result of a call.
async fn call(client: &Client, template: &str, name: &str, args: &Value) -> Value {
    client.execute(Request::call(template, name, args)).await.unwrap().data.unwrap_or_default()
}

/// The value of a metric of a node, summed over all labels.
fn metric(node: &Node, name: &str) -> f64 {
    let metrics = node.get("/metrics");
    let of = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        let is_it = series == name || series.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'));
        is_it.then(|| value.parse::<f64>().ok()).flatten()
    };
    metrics.lines().filter_map(of).sum()
}

/// One event, as the template `logger` takes it.
fn event(message: &str) -> Value {
    json!({"at": "2026-03-01T00:00:00Z", "node": "a", "level": "info", "target": "test", "message": message})
}
