//! A RabbitMQ that hangs: connections stay open and nothing answers. In a test program of its own, since it counts
//! the threads of the process.

mod common;

use std::{fs, time::Duration};

use beds_client::{Client, ClientError, Request};
use serde_json::Value;

use crate::common::{eventually, private, respond};

/// How many connections of lapin are alive in this process.
fn io_threads() -> usize {
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks.map(name).filter(|name| name.starts_with("lapin-io-loop")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_bus_is_noticed_and_attempts_to_reach_it_leave_no_thread_behind() {
    let stack = tokio::task::spawn_blocking(private).await.unwrap();
    let url = stack.amqp_url();
    let builder = Client::builder(&url).heartbeat(2).connect_timeout(Duration::from_millis(100));
    let client = builder.clone().connect_timeout(Duration::from_secs(10)).connect().await.unwrap();
    let hasty = builder.reconnect_max(Duration::from_millis(50));
    let responder = respond(&url, "before").await;
    client.fetch::<Value>("before", "k").await.unwrap();
    responder.close(200, "bye".into()).await.unwrap();
    eventually("one connection is left", async || io_threads() == 1).await;

    stack.rabbitmq().pause().unwrap();
    // A request that was in flight when RabbitMQ stopped may be returned: its queue is gone.
    let error = loop {
        let request = Request::raw("before.fetch", "{}").timeout(Duration::from_secs(20));
        match client.execute(request).await.unwrap_err() {
            ClientError::Unroutable { .. } => {}
            error => break error,
        }
    };
    assert!(matches!(error, ClientError::Disconnected(_)), "{error}");

    for _ in 0..20 {
        let error = hasty.clone().connect().await.unwrap_err();
        assert!(matches!(error, ClientError::Connect(_)), "{error}");
    }
    // Only the one attempt remains that the client has under way.
    eventually("abandoned attempts end", async || io_threads() <= 1).await;

    stack.rabbitmq().resume().unwrap();
    let _responder = respond(&url, "after").await;
    client.fetch::<Value>("after", "k").await.unwrap();
    client.close().await;
}
