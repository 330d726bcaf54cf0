//! A MariaDB with two replicas.

use std::time::{Duration, Instant};

use beds_devstack::{Node, Server, Stack, schema};

use crate::{
    common::{self, blocking, grant, start_node},
    load::Load,
};

/// How long a new primary may answer before it serves.
const FOUND_MAX: Duration = Duration::from_secs(5);

fn stack() -> &'static Stack {
    let stack = Stack::builder().ignore_environment().rabbitmq().mariadb_replicas(2).mongodb().start();
    let stack = stack.unwrap_or_else(|error| panic!("{error}"));
    schema::apply(&stack, &common::root().join("schema")).unwrap();
    let norway =
        "insert into country (alpha_2, alpha_3, numeric_code, name) values ('NO', 'NOR', '578', 'Norway')";
    stack.mariadb_query(Some("catalog"), norway).unwrap();
    // An ordinary user: one with all rights may write on a replica.
    grant(&stack);
    Box::leak(Box::new(stack))
}

fn urls(servers: &[Server]) -> String {
    let url = |server: &Server| format!("{}/catalog", server.url().replace("root@", "beds@"));
    servers.iter().map(url).collect::<Vec<_>>().join(",")
}

async fn end(stack: &'static Stack, node: Node) {
    blocking(move || {
        drop(node);
        for server in stack.mariadbs().iter().chain([stack.rabbitmq(), stack.mongodb()]) {
            server.kill().unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_of_a_replicated_mariadb_dies_and_nothing_is_lost_or_done_twice() {
    let stack = blocking(stack).await;
    let servers = stack.mariadbs();
    let node = blocking(move || start_node(stack, &[("BEDS__MARIADB__CATALOG__URL", &urls(servers))])).await;
    let load = Load::begin(&[stack.amqp_url()]).await;
    // The replicas, then the primary, and then the one that has become it.
    for server in [&servers[1], &servers[2]] {
        load.goes_on(200).await;
        blocking(move || server.kill().unwrap()).await;
        load.goes_on(200).await;
        blocking(move || stack.rejoin(server).unwrap()).await;
    }
    for _ in 0..2 {
        load.goes_on(200).await;
        let primary = stack.mariadb();
        blocking(move || primary.kill().unwrap()).await;
        blocking(move || stack.fail_over().unwrap()).await;
        let promoted = Instant::now();
        load.goes_on(200).await;
        let (writes, reads) = load.gaps(promoted);
        println!("a new primary: no write for {writes:.2?}, no read for {reads:.2?}");
        assert!(writes < FOUND_MAX && reads < FOUND_MAX, "{writes:?}, {reads:?}");
        blocking(move || stack.rejoin(primary).unwrap()).await;
    }
    // One that goes on as a replica is left as well.
    let switched = Instant::now();
    blocking(move || stack.fail_over().unwrap()).await;
    load.goes_on(200).await;
    let (writes, reads) = load.gaps(switched);
    println!("a switch: no write for {writes:.2?}, no read for {reads:.2?}");
    load.end(stack).await;
    end(stack, node).await;
}
