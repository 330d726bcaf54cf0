//! A cluster of three RabbitMQ servers.

use std::time::Instant;

use beds_devstack::{Server, Stack, schema};

use crate::{
    common::{self, blocking, clock::Clock, start_node},
    load::Load,
};

/// How long writes, and reads, may fail when a server dies, in ticks of a clock: 5 s on a quiet machine.
const GAP_MAX: usize = 250;

fn stack() -> Stack {
    let stack = Stack::builder().ignore_environment().rabbitmq_cluster(3).mariadb().mongodb().start();
    let stack = stack.unwrap_or_else(|error| panic!("{error}"));
    schema::apply(&stack, &common::root().join("schema")).unwrap();
    let norway =
        "insert into country (alpha_2, alpha_3, numeric_code, name) values ('NO', 'NOR', '578', 'Norway')";
    stack.mariadb_query(Some("catalog"), norway).unwrap();
    stack
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_of_a_cluster_of_rabbitmq_dies_and_nothing_is_lost_or_done_twice() {
    let stack = blocking(|| &*Box::leak(Box::new(stack()))).await;
    let node = blocking(|| start_node(stack, &[("BEDS__AMQP__READ_QUEUES", "transient")])).await;
    let urls: Vec<String> = stack.rabbitmqs().iter().map(Server::url).collect();
    let load = Load::begin(&urls).await;
    for (number, server) in stack.rabbitmqs().iter().enumerate() {
        load.goes_on(100).await;
        // Through a server that continues to run.
        let clock = Clock::begin(&urls[(number + 1) % urls.len()]).await;
        let killed = Instant::now();
        blocking(move || server.kill().unwrap()).await;
        load.goes_on(100).await;
        let (writes, reads) = load.gaps(killed, &clock);
        println!("RabbitMQ {}: no write for {:.2?}, no read for {:.2?}", number + 1, writes.time, reads.time);
        assert!(writes.ticks < GAP_MAX && reads.ticks < GAP_MAX, "{writes:?}, {reads:?}");
        blocking(move || server.start().unwrap()).await;
    }
    load.goes_on(100).await;
    load.end(stack).await;
    blocking(move || {
        common::eventually("the node is ready", || node.is_ready());
        drop(node);
        for server in stack.rabbitmqs().iter().chain([stack.mariadb(), stack.mongodb()]) {
            server.kill().unwrap();
        }
    })
    .await;
}
