//! Publishing on a channel that RabbitMQ closes, and on a connection that is gone.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use beds_bus::{BusError, Connection, Endpoint, Name, Properties, Publisher, Timeouts};
use beds_devstack::Stack;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_is_told_apart_from_what_was_lost() {
    let start = || Stack::builder().ignore_environment().rabbitmq().start().unwrap();
    let stack = tokio::task::spawn_blocking(start).await.unwrap();
    let timeouts = Timeouts { connect: PATIENCE, answer: PATIENCE };
    let endpoint = Endpoint::parse(&stack.amqp_url()).unwrap();
    let connection = Connection::open(&endpoint, "test", timeouts).await.unwrap();
    let publisher = Publisher::open(&connection).await.unwrap();
    let publish =
        || publisher.publish("no.such.exchange", Name::new("x").unwrap(), Properties::json(), b"{}");

    let missing = publish().await;
    assert!(
        matches!(&missing, Err(BusError::Missing(said)) if said.contains("no.such.exchange")),
        "{missing:?}"
    );
    // Its channel is gone with it, the connection is not.
    assert!(!publisher.is_open() && connection.is_open());
    assert!(matches!(publish().await, Err(BusError::NotSent(_))));
    let publisher = Publisher::open(&connection).await.unwrap();
    assert!(publisher.is_open());
    connection.close(PATIENCE, "done").await.unwrap();
    assert!(!publisher.is_open() && !connection.is_open());
    drop(stack);
}
