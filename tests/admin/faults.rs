//! What happens to commands if nodes or RabbitMQ die.

use std::{process::Command, time::Duration};

use beds_client::Request;
use beds_devstack::Node;
use beds_protocol::Reply;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ask, client,
    common::{PATIENCE, blocking, eventually_async},
    end, nodes, refused, servers, who,
};

fn signal(node: &Node, signal: &str) {
    assert!(Command::new("kill").args([signal, &node.pid().to_string()]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dies_while_it_is_asked_is_told_and_who_dies_while_it_gathers_is_followed() {
    let stack = servers().await;
    let first =
        nodes(stack, &[("n1", "app_server,admin"), ("n2", "app_server"), ("gone", "app_server")]).await;
    let operator = client(stack).await;
    assert_eq!(ask(&operator, "ping", &json!({})).await.len(), 3);

    // A killed node is reported, with the time when it was last heard. A node that ended in order is no longer listed.
    blocking(move || first[2].kill()).await;
    let begun = std::time::Instant::now();
    let answers = ask(&operator, "ping", &json!({"wait_ms": 25_000})).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "nobody waits for it: {:?}", begun.elapsed());
    assert_eq!(who(&answers), [("gone", false), ("n1", true), ("n2", true)]);
    let error = &answers[0]["error"];
    assert_eq!(error["code"], "unavailable");
    assert!(error["message"].as_str().unwrap().contains("last heard"), "{error}");
    let again = nodes(stack, &[("ends", "app_server")]).await;
    assert_eq!(ask(&operator, "ping", &json!({"node": "ends"})).await.len(), 1);
    blocking(move || {
        again[0].terminate();
        again[0].await_end().unwrap();
    })
    .await;
    assert_eq!(refused(&operator, "ping", &json!({"node": "ends"})).await.code.as_str(), "not_found");

    // A hanging node delays the collection of the answers. The collecting node is killed meanwhile, and another one
    // answers.
    signal(&first[1], "-STOP");
    let id = Uuid::now_v7();
    let request = || {
        let args = json!({"node": "n2", "wait_ms": 20_000});
        Request::call("node", "ping", &args).message_id(id).timeout(PATIENCE)
    };
    let asking = tokio::spawn({
        let (operator, request) = (operator.clone(), request());
        async move { operator.execute(request).await }
    });
    blocking(move || {
        super::common::eventually("it is being asked", || {
            let metrics = first[0].get("/metrics");
            metrics.lines().any(|line| line == "beds_queue_in_progress{queue=\"beds.admin.in\"} 1")
        });
        first[0].kill();
    })
    .await;
    let next = nodes(stack, &[("n3", "app_server,admin")]).await;
    signal(&first[1], "-CONT");
    let says = |reply: Reply| reply.data.map(|data| (data[0]["node"].clone(), data[0]["ok"].clone()));
    let answered = asking.await.unwrap().unwrap();
    assert_eq!(says(answered), Some((json!("n2"), json!(true))));
    let repeated = operator.execute(request()).await.unwrap();
    assert_eq!(says(repeated), Some((json!("n2"), json!(true))));

    end([&first[1], &next[0]], stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_while_rabbitmq_restarts_are_answered_or_refused_and_all_nodes_are_there_again() {
    let stack = servers().await;
    let all = nodes(stack, &[("n1", "app_server,admin"), ("n2", "app_server")]).await;
    let operator = client(stack).await;
    assert_eq!(ask(&operator, "drain", &json!({"node": "n2"})).await.len(), 1);
    let restart = tokio::task::spawn_blocking(move || stack.rabbitmq().restart().unwrap());
    while !restart.is_finished() {
        let request = Request::call("node", "ping", &json!({})).timeout(Duration::from_secs(5));
        if let Ok(reply) = operator.execute(request).await {
            assert!(matches!(reply.data, Some(Value::Array(_))));
        }
    }
    restart.await.unwrap();
    eventually_async("both answer", async || {
        let request = Request::call("node", "ping", &json!({})).timeout(Duration::from_secs(5));
        let data = operator.execute(request).await.ok().and_then(|reply| reply.data);
        let Some(Value::Array(answers)) = data else { return false };
        who(&answers) == [("n1", true), ("n2", true)]
            && answers[0]["data"]["state"] == "serving"
            // The earlier command still holds.
            && answers[1]["data"]["state"] == "drained"
    })
    .await;
    end(all, stack).await;
}
