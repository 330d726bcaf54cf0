//! Commands to nodes, on real servers: which nodes obey, what they answer, and what happens if a node or a server dies
//! meanwhile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;

mod audit;
mod catalogue;
mod commands;
mod dead;
mod faults;
mod fleet;
mod rollout;

use std::time::Duration;

use beds_client::{Client, ClientError, Request};
use beds_devstack::{Node, Stack};
use beds_protocol::ErrorBody;
use common::{blocking, end_servers, spawn_node, stack};
use serde_json::Value;

/// Private servers, which are never dropped.
async fn servers() -> &'static Stack {
    blocking(|| {
        let stack = &*Box::leak(Box::new(stack()));
        // The nodes have exactly the rights that deploy/privileges.md gives them.
        let write = r"^(beds(\..*)?|amq\.default)$";
        stack.rabbitmq().control(&["add_user", "beds", "secret"]).unwrap();
        let rights = ["set_permissions", "beds", r"^beds(\..*)?$", write, r"^beds(\..*)?$"];
        stack.rabbitmq().control(&rights).unwrap();
        stack
    })
    .await
}

/// Starts nodes with these names and services, at the same time.
async fn nodes(stack: &'static Stack, of: &'static [(&'static str, &'static str)]) -> &'static [Node] {
    blocking(move || {
        let url = stack.amqp_url().replace("guest:guest", "beds:secret");
        let variables = |name: &'static str, services: &'static str| {
            [("BEDS__NODE__NAME", name), ("BEDS__NODE__SERVICES", services), ("BEDS__AMQP__URL", &*url)]
        };
        let nodes: Vec<_> =
            of.iter().map(|&(name, services)| spawn_node(stack, &variables(name, services))).collect();
        for node in &nodes {
            node.await_ready().unwrap();
        }
        &*Vec::leak(nodes)
    })
    .await
}

/// Stops nodes, each of which must end well, and then the servers.
async fn end(nodes: impl IntoIterator<Item = &'static Node> + Send + 'static, stack: &'static Stack) {
    blocking(move || {
        for node in nodes {
            node.terminate();
            assert_eq!(node.await_end().unwrap().code(), Some(0), "{}", node.log_tail(20));
        }
        end_servers(stack);
    })
    .await;
}

async fn client(stack: &Stack) -> Client {
    let client = Client::builder(stack.amqp_url()).user_id("guest").timeout(Duration::from_secs(30));
    client.connect().await.unwrap()
}

/// The answers of the nodes to a command.
async fn ask(client: &Client, call: &str, args: &Value) -> Vec<Value> {
    let reply = client.execute(Request::call("node", call, args)).await.unwrap();
    match reply.data {
        Some(Value::Array(answers)) => answers,
        other => panic!("{other:?}"),
    }
}

/// Why a command is refused.
async fn refused(client: &Client, call: &str, args: &Value) -> ErrorBody {
    match client.execute(Request::call("node", call, args)).await {
        Err(ClientError::Refused(body)) => *body,
        other => panic!("{call} {args}: {other:?}"),
    }
}

/// The names of the nodes that answered, and whether they obeyed.
fn who(answers: &[Value]) -> Vec<(&str, bool)> {
    answers.iter().map(|answer| (answer["node"].as_str().unwrap(), answer["ok"] == true)).collect()
}

/// How many consumers a queue has.
fn consumers(stack: &Stack, queue: &str) -> u64 {
    let listed = stack.rabbitmq().control(&["-q", "list_queues", "name", "consumers"]).unwrap();
    let of = |line: &str| line.strip_prefix(queue)?.trim().parse().ok();
    listed.lines().find_map(of).unwrap_or_default()
}
