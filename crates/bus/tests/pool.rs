//! The broker pool on a real RabbitMQ, with a service that counts what it is asked.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

mod rig;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use beds_bus::{Amqp, Properties, Status, left_over};
use beds_core::{
    outbox::EventSink as _,
    settings::{Millis, SecretUrl, Urls},
};
use beds_protocol::{
    Broker, header,
    topology::{DEAD, EXCHANGE, Exchange, ReadQueues},
};
use futures_util::FutureExt as _;
use lapin::{
    BasicProperties, ConnectionProperties, ExchangeKind,
    options::{
        BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
        QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use rig::{Client, PATIENCE, Rig, WRITES, name};
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_becomes_a_reply_an_acknowledgement_another_try_or_a_dead_letter() {
    let mut rig = Rig::start().await;
    rig.gate.send_replace(true);
    rig.client.send("probe.reply", "r", true).await;
    assert_eq!(rig.next_reply().await, ("r".into(), "ok".into(), b"r".into()));
    // Where nobody listens, a reply is no more than an acknowledgement.
    for (key, id) in [("probe.reply", "q"), ("probe.done", "d"), ("probe.retry", "t"), ("probe.dead", "x")] {
        rig.client.send(key, id, false).await;
    }
    let expected =
        [("d", 1), ("q", 1), ("r", 1), ("t", 3), ("x", 1)].map(|(id, times)| (id.to_owned(), times));
    rig.eventually("all are asked", async || rig.probe.asked() == expected.clone().into()).await;
    rig.eventually("what cannot be done is dead", async || rig.waiting("beds.dead").await == 1).await;
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_exchange_serves_and_comes_back_as_it_was() {
    let mut rig = Rig::with(|amqp| amqp.exchange = Exchange::Direct).await;
    rig.gate.send_replace(true);
    let listed = rig.control(&["list_exchanges", "name", "type", "--silent"]).await;
    assert!(listed.lines().any(|line| line == "beds\tdirect"), "{listed}");
    rig.client.send("probe.reply", "a", true).await;
    assert_eq!(rig.next_reply().await.0, "a");
    let connection = lapin::Connection::connect(&rig.stack.amqp_url(), ConnectionProperties::default()).await;
    let channel = connection.unwrap().create_channel().await.unwrap();
    channel.exchange_delete(EXCHANGE.into(), ExchangeDeleteOptions::default()).await.unwrap();
    rig.eventually("it is declared again", async || {
        rig.control(&["list_exchanges", "name", "type", "--silent"]).await.contains("beds\tdirect")
    })
    .await;
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_says_nothing_keeps_the_others_waiting_for_a_moment_alone() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = SecretUrl::new(format!("amqp://guest:guest@{}/%2f", silent.local_addr().unwrap()));
    let stack = rig::rabbitmq().await;
    // It has more time to connect than anything may take here.
    let change = |amqp: &mut Amqp| {
        amqp.url.0.insert(0, url);
        amqp.connect_timeout_ms = Millis(600_000);
    };
    let mut rig = Rig::on(stack, 1, change).await;
    rig.gate.send_replace(true);
    rig.client.send("probe.reply", "a", true).await;
    assert_eq!(rig.next_reply().await.0, "a");
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_of_reads_are_kept_as_they_are_configured() {
    let stack = rig::rabbitmq().await;
    for (read_queues, kind) in [
        (ReadQueues::Transient, "false\tclassic"),
        (ReadQueues::Quorum, "true\tquorum"),
        (ReadQueues::Durable, "true\tclassic"),
    ] {
        let mut rig = Rig::on(Arc::clone(&stack), 1, |amqp| amqp.read_queues = read_queues).await;
        let listed = rig.control(&["list_queues", "name", "durable", "type", "--silent"]).await;
        let expected = format!("beds.app_server.r\t{kind}");
        assert!(listed.lines().any(|line| line == expected), "{listed}");
        assert!(listed.lines().any(|line| line == "beds.app_server.w\ttrue\tquorum"), "{listed}");
        rig.gate.send_replace(true);
        rig.client.send("look.reply", "a", true).await;
        assert_eq!(rig.next_reply().await.0, "a");
        rig.delete_queue("beds.app_server.r").await;
        rig.eventually("it is declared again", async || rig.has_queue("beds.app_server.r").await).await;
        rig.ends_with_nothing_left().await;
        rig::control(&stack, &["delete_queue", "beds.app_server.r"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_rabbitmq_takes_no_messages_nothing_times_out_and_nothing_is_done_twice() {
    // Short, so that a wait of twice as long shows what has no deadline.
    let mut rig = Rig::with(|amqp| amqp.confirm_timeout_ms = Millis(3_000)).await;
    let ids: Vec<String> = (0..30).map(|n| format!("{n:02}")).collect();
    for (n, id) in ids.iter().enumerate() {
        let key = ["probe.reply", "probe.dead", "probe.done"][n % 3];
        rig.client.send(key, id, n % 3 == 0).await;
    }
    let reads: Vec<String> = (0..10).map(|n| format!("read{n}")).collect();
    for (n, id) in reads.iter().enumerate() {
        // Some of them have replies of a size that RabbitMQ has not taken yet.
        let key = ["look.reply", "look.big"][n % 2];
        rig.client.send_body(key, id, true, b"20000").await;
    }
    rig.eventually("all are asked", async || rig.probe.asked().len() == ids.len() + reads.len()).await;

    rig.control(&["set_vm_memory_high_watermark", "0.00001"]).await;
    rig.eventually("each connection has heard of it", async || {
        let states = rig.control(&["list_connections", "state", "--silent", "--no-table-headers"]).await;
        states.lines().all(|state| ["blocking", "blocked"].contains(&state.trim()))
    })
    .await;
    rig.gate.send_replace(true);
    let channel = rig.pool.as_ref().unwrap().events().open().await.unwrap();
    let event = tokio::spawn(async move { channel.publish(&rig::event("note.create")).await });
    // A session that takes a wait for a failure would be over by then.
    let mut status = rig.pool.as_ref().unwrap().status();
    let lost = status.wait_for(|status| matches!(status, Status::Connecting(_)));
    assert!(timeout(Duration::from_secs(7), lost).await.is_err(), "a connection is lost");
    // RabbitMQ takes the message with which it begins to block.
    let mut answered = Vec::new();
    while let Some(reply) = rig.client.replies.next().now_or_never() {
        answered.push(reply.unwrap().correlation_id().unwrap().to_owned());
    }
    assert!(
        answered.len() < 8 && !event.is_finished() && rig.waiting("beds.dead").await < 5,
        "the alarm holds nothing up: {answered:?}"
    );

    rig.control(&["set_vm_memory_high_watermark", "absolute", "2GB"]).await;
    while answered.len() < 20 {
        answered.push(rig.next_reply().await.0);
    }
    answered.sort();
    assert_eq!(answered, ids.iter().step_by(3).chain(&reads).cloned().collect::<Vec<_>>());
    assert_eq!(event.await.unwrap(), Ok(()));
    rig.eventually("what cannot be done is dead", async || rig.waiting("beds.dead").await == 10).await;
    for lost in ["beds_bus_sessions_lost_total", "beds_bus_channels_lost_total"] {
        assert_eq!(rig::counted(rig.pool.as_ref().unwrap(), lost), 0, "{lost}");
    }
    let probe = Arc::clone(&rig.probe);
    rig.ends_with_nothing_left().await;
    assert!(probe.asked().values().all(|times| *times == 1), "{:?}", probe.asked());
}

/// Whether a mandatory request finds a queue, on a channel of its own, which RabbitMQ closes where there is no exchange.
async fn is_routed(connection: &lapin::Connection) -> bool {
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let properties = BasicProperties::default();
    let published = channel.basic_publish(EXCHANGE.into(), "probe.done".into(), options, b"{}", properties);
    let Ok(confirm) = published.await else { return false };
    confirm.await.is_ok_and(|confirmation| confirmation.take_message().is_none())
}

#[tokio::test(flavor = "multi_thread")]
async fn topology_that_vanishes_is_declared_again_and_readiness_tells_what_cannot_be() {
    let rig = Rig::start().await;
    rig.gate.send_replace(true);
    let url = rig.stack.amqp_url();
    let connection = lapin::Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let none = FieldTable::default;
    let channel = connection.create_channel().await.unwrap();
    let status = rig.pool.as_ref().unwrap().status();
    let app = "beds.app_server.w";

    // A binding.
    channel.queue_unbind(app.into(), EXCHANGE.into(), "probe.done".into(), none()).await.unwrap();
    rig.eventually("the binding is back", async || is_routed(&connection).await).await;

    // The exchanges, and the binding of the dead letters with theirs.
    for exchange in [EXCHANGE, DEAD] {
        channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await.unwrap();
    }
    rig.eventually("the exchange is back", async || is_routed(&connection).await).await;
    let client = Client::connect(&url).await;
    client.send("probe.dead", "late", false).await;
    rig.eventually("dead letters have a place again", async || rig.waiting(DEAD).await == 1).await;

    // The queue of the dead letters.
    channel.queue_delete(DEAD.into(), QueueDeleteOptions::default()).await.unwrap();
    client.send("probe.dead", "later", false).await;
    rig.eventually("their queue is back", async || rig.asked_for("later") > 0 && rig.has_queue(DEAD).await)
        .await;

    // What cannot be declared again is told, and so is its end. The node may be quicker than who takes the name.
    rig.eventually("another exchange has its name", async || {
        let channel = connection.create_channel().await.unwrap();
        channel.exchange_delete(EXCHANGE.into(), ExchangeDeleteOptions::default()).await.unwrap();
        let other = ExchangeDeclareOptions::default();
        channel.exchange_declare(EXCHANGE.into(), ExchangeKind::Fanout, other, none()).await.is_ok()
    })
    .await;
    rig.eventually("it is told", async || {
        let (Status::Unrouted(why) | Status::Connecting(why)) = &*status.borrow() else { return false };
        why.contains("inequivalent arg 'type'")
    })
    .await;
    channel.exchange_delete(EXCHANGE.into(), ExchangeDeleteOptions::default()).await.unwrap();
    rig.eventually("it serves again", async || *status.borrow() == Status::Serving).await;
    assert!(is_routed(&connection).await);
}

/// Ends all connections of a pool, as the end of its node does.
async fn lose_connections(rig: &Rig) {
    let mut status = rig.pool.as_ref().unwrap().status();
    status.mark_unchanged();
    rig.control(&["close_all_connections", "a test"]).await;
    timeout(PATIENCE, status.changed()).await.unwrap().unwrap();
    let serving = status.wait_for(|status| *status == Status::Serving);
    timeout(PATIENCE, serving).await.unwrap().unwrap();
}

const WAITING: &str = "beds.app_server.w.wait.node";
const ALONE: &str = "beds.app_server.w.alone";

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_holds_nothing_up_and_is_done_however_often_the_node_ends() {
    const COUNT: usize = 200;
    let mut rig = Rig::start().await;
    rig.gate.send_replace(true);
    rig.probe.is_away.store(true, Ordering::Relaxed);
    for number in 0..COUNT {
        rig.client.send("probe.away", &format!("w{number}"), false).await;
    }
    // There are more of them than the node takes at a time.
    rig.client.send("probe.reply", "r", true).await;
    assert_eq!(rig.next_reply().await.0, "r");
    let most = u32::try_from(COUNT).unwrap() - 1;
    rig.eventually("it waits aside", async || rig.waiting(WAITING).await >= most).await;
    for _ in 0..25 {
        lose_connections(&rig).await;
    }
    rig.client = Client::connect(&rig.stack.amqp_url()).await;
    let before = rig.probe.asked();
    rig.probe.is_away.store(false, Ordering::Relaxed);
    rig.eventually("all is done", async || {
        let asked = rig.probe.asked();
        let again = asked.iter().filter(|(id, times)| before.get(*id).is_some_and(|before| before < *times));
        again.count() == COUNT && rig.waiting(WAITING).await + rig.waiting(ALONE).await == 0
    })
    .await;
    assert_eq!(rig.waiting(DEAD).await, 0);
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_with_a_node_that_ended_again_and_again_is_done_in_the_end() {
    const COUNT: usize = 40;
    let mut rig = Rig::start().await;
    for number in 0..COUNT {
        rig.client.send("probe.done", &format!("d{number}"), false).await;
    }
    for _ in 0..8 {
        // It has what it takes, and does not come to an end with it.
        rig.eventually("it is taken", async || rig.waiting("beds.app_server.w").await == 0).await;
        lose_connections(&rig).await;
    }
    rig.gate.send_replace(true);
    rig.client = Client::connect(&rig.stack.amqp_url()).await;
    rig.eventually("all is done", async || {
        let queues =
            rig.control(&["list_queues", "--silent", "--no-table-headers", "name", "messages"]).await;
        queues.lines().filter(|line| line.starts_with("beds.")).all(|line| line.trim_end().ends_with("\t0"))
    })
    .await;
    assert_eq!(rig.probe.asked().len(), COUNT);
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_another_node_no_longer_waits_there_once_this_one_can_do_it() {
    const FOR_TEMPLATE: &str = "beds.app_server.w.wait.template";
    let rig = Rig::start().await;
    rig.gate.send_replace(true);
    rig.probe.is_away.store(true, Ordering::Relaxed);
    // As a node without the template puts it aside.
    let mut headers = FieldTable::default();
    headers.insert(header::ASIDE_KEY.into(), AMQPValue::LongString("probe.away".into()));
    let copy = BasicProperties::default()
        .with_delivery_mode(2)
        .with_message_id("t".into())
        .with_user_id("guest".into())
        .with_headers(headers);
    let connection = rig.connection().await;
    let channel = connection.create_channel().await.unwrap();
    let sent = channel
        .basic_publish("".into(), FOR_TEMPLATE.into(), BasicPublishOptions::default(), b"t", copy)
        .await;
    sent.unwrap().await.unwrap();
    rig.eventually("it waits for what it needs here", async || {
        rig.asked_for("t") > 1 && rig.waiting(FOR_TEMPLATE).await == 0 && rig.waiting(WAITING).await == 1
    })
    .await;
    rig.probe.is_away.store(false, Ordering::Relaxed);
    rig.eventually("it is done", async || rig.waiting(WAITING).await == 0).await;
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_take_is_not_left_over() {
    const COUNT: usize = 200;
    let mut rig = Rig::start().await;
    let amqp = Amqp { url: Urls(vec![SecretUrl::new(rig.stack.amqp_url())]), ..Amqp::default() };
    let left = async || left_over(&amqp, "test", Broker::ALL, &[]).await.unwrap();
    for number in 0..COUNT {
        rig.client.send("probe.done", &format!("d{number}"), false).await;
    }
    rig.eventually("some wait", async || rig.waiting(WRITES).await > 0).await;
    assert_eq!(left().await, []);
    rig.gate.send_replace(true);
    rig.eventually("it is all done", async || rig.probe.asked().len() == COUNT).await;
    rig.pool.take().unwrap().shutdown().await;
    for queue in [WRITES, ALONE] {
        rig.client.publisher.put("", name(queue), Properties::json().persistent(), b"").await.unwrap();
    }
    rig.eventually("what came later is told", async || {
        left().await == [(WRITES.to_owned(), 1), (ALONE.to_owned(), 1)]
    })
    .await;
}
