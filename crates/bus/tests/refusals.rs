//! What RabbitMQ refuses of a message, or of the time that one is held, costs that one request.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

mod rig;

use std::{collections::BTreeSet, sync::atomic::Ordering};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use beds_core::settings::Millis;
use beds_protocol::topology::{DEAD, EXCHANGE};
use futures_util::StreamExt as _;
use lapin::{
    BasicProperties,
    options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use rig::{Pulse, READS, Rig, WRITES, name, rabbitmq, set};

/// What RabbitMQ takes at most, in these tests.
const SIZE_MAX: usize = 64 * 1024;
/// More than it takes.
const TOO_LARGE: &str = "100000";

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_too_large_costs_its_own_request() {
    let stack = rabbitmq().await;
    set(&stack, "max_message_size", SIZE_MAX as u64).await;
    let mut rig = Rig::on(stack, 2, |_| {}).await;
    rig.gate.send_replace(true);
    let url = rig.stack.amqp_url();
    let (other, same) = (Pulse::of(&url, "beat.reply").await, Pulse::of(&url, "look.reply").await);
    for key in ["look.big", "probe.big"] {
        for number in 0..3 {
            let id = format!("{key}-{number}");
            rig.client.send_body(key, &id, true, TOO_LARGE.as_bytes()).await;
            let (of, status, body) = rig.next_reply().await;
            assert_eq!((of.as_str(), status.as_str()), (id.as_str(), "too_large"));
            let text = String::from_utf8(body).unwrap();
            assert!(text.contains("65536"), "{text}");
        }
        // What just fits, comes.
        rig.client.send_body(key, &format!("{key}-fits"), true, b"65536").await;
        let (_, status, body) = rig.next_reply().await;
        assert_eq!((status.as_str(), body.len()), ("ok", SIZE_MAX));
    }
    // An id of the longest kind.
    let long = "c".repeat(255);
    rig.client.send("probe.reply", &long, true).await;
    assert_eq!(rig.next_reply().await.0, long);
    let (other, same) = (other.end().await, same.end().await);
    assert!(other.is_steady() && same.is_steady(), "{other:?} {same:?}");
    assert!(rig.doubled().is_empty(), "{:?}", rig.doubled());
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_too_large_is_kept_as_far_as_there_is_room() {
    let rig = Rig::start().await;
    let whole = vec![b'x'; 100_000];
    rig.client.send_body("probe.whole", "large", false, &whole).await;
    rig.client.send_body("probe.whole", "small", false, b"small").await;
    rig.eventually("they are taken", async || rig.probe.asked().len() == 2).await;
    // The channels that are opened from now on have the new limit.
    set(&rig.stack, "max_message_size", SIZE_MAX as u64).await;
    rig.control(&["close_all_connections", "a test"]).await;
    let status = rig.pool.as_ref().unwrap().status();
    rig.eventually("it serves again", async || *status.borrow() == beds_bus::Status::Serving).await;
    let other = Pulse::of(&rig.stack.amqp_url(), "beat.reply").await;
    rig.gate.send_replace(true);
    rig.eventually("both are dead", async || rig.waiting(DEAD).await >= 2).await;
    let other = other.end().await;
    assert!(other.is_steady(), "{other:?}");
    assert_eq!(rig.waiting(DEAD).await, 2);
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_nearly_fill_a_frame_harm_nobody() {
    let rig = Rig::start().await;
    rig.gate.send_replace(true);
    rig.probe.is_away.store(true, Ordering::Relaxed);
    let other = Pulse::of(&rig.stack.amqp_url(), "beat.reply").await;
    let connection = rig.connection().await;
    let channel = connection.create_channel().await.unwrap();
    let mut headers = FieldTable::default();
    // A frame has 131,072 bytes, 8 of them its own.
    headers.insert("long".into(), AMQPValue::LongString("x".repeat(131_000).into()));
    for (key, id) in [("probe.away", "waits"), ("probe.dead", "dies")] {
        let properties = BasicProperties::default().with_message_id(id.into()).with_headers(headers.clone());
        let options = BasicPublishOptions::default();
        channel.basic_publish(EXCHANGE.into(), key.into(), options, b"{}", properties).await.unwrap();
    }
    rig.eventually("one is dead", async || rig.waiting(DEAD).await == 1).await;
    // It is tried more often than it may be where it is.
    rig.eventually("the other waits", async || rig.asked_for("waits") > 5).await;
    let before = rig.asked_for("waits");
    rig.probe.is_away.store(false, Ordering::Relaxed);
    rig.eventually("it is tried again", async || rig.asked_for("waits") > before).await;
    let other = other.end().await;
    assert!(other.is_steady(), "{other:?}");
    assert_eq!(rig.asked_for("dies"), 1);
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_no_queue_takes_is_dropped() {
    let mut rig = Rig::with(|amqp| amqp.reply_to_prefixes = vec!["web.".into()]).await;
    rig.gate.send_replace(true);
    let url = rig.stack.amqp_url();
    let (other, same) = (Pulse::of(&url, "beat.reply").await, Pulse::of(&url, "look.reply").await);
    let connection = rig.connection().await;
    let channel = connection.create_channel().await.unwrap();
    let mut full = FieldTable::default();
    full.insert("x-max-length".into(), AMQPValue::LongLongInt(1));
    full.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
    channel.queue_declare("web.full".into(), options, full).await.unwrap();
    channel.queue_declare("web.foreign".into(), options, FieldTable::default()).await.unwrap();
    // Where no process is, by its name.
    let direct = "amq.rabbitmq.reply-to.g1h3C3JlcGx5QDEyMzQ1AAAAAQAAAAAAAAAC.bWU=";
    let mut number = 0;
    for to in ["web.full", "web.foreign", "web.gone", "amq.gen-gone", direct] {
        for key in ["look.reply", "probe.reply", "look.big", "probe.big"] {
            for _ in 0..3 {
                number += 1;
                let reply_to = Some(name(to));
                rig.client.send_to(key, &format!("n{number}"), reply_to, TOO_LARGE.as_bytes()).await;
            }
        }
    }
    rig.eventually("all are asked", async || (1..=number).all(|n| rig.asked_for(&format!("n{n}")) > 0)).await;
    rig.client.send("probe.reply", "last", true).await;
    assert_eq!(rig.next_reply().await.0, "last");
    let (other, same) = (other.end().await, same.end().await);
    assert!(other.is_steady() && same.is_steady(), "{other:?} {same:?}");
    assert!(rig.doubled().is_empty());
    assert_eq!(rig.waiting(DEAD).await, 0);
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_replies_come_beside_those_whose_servers_are_gone() {
    let rig = Rig::start().await;
    rig.gate.send_replace(true);
    let connection = rig.connection().await;
    let channel = connection.create_channel().await.unwrap();
    let (direct, options) =
        ("amq.rabbitmq.reply-to", BasicConsumeOptions { no_ack: true, ..Default::default() });
    let consumer = channel.basic_consume(direct.into(), "".into(), options, FieldTable::default());
    let mut replies = consumer.await.unwrap();
    for number in 0..20 {
        let server = format!("reply@{number}");
        let length = u8::try_from(server.len()).unwrap();
        let pid = [b"\x83\x58\x77", &[length][..], server.as_bytes(), &[0; 12]].concat();
        let gone = format!("{direct}.{}.bWU=", STANDARD.encode(pid));
        rig.client.send_to("probe.big", &format!("gone{number}"), Some(name(&gone)), b"10000").await;
        for (key, length) in [("probe.big", 10_usize), ("look.big", 5_000 + 1_000 * number)] {
            let properties = BasicProperties::default().with_reply_to(direct.into());
            let (options, body) = (BasicPublishOptions::default(), length.to_string());
            channel
                .basic_publish(EXCHANGE.into(), key.into(), options, body.as_bytes(), properties)
                .await
                .unwrap();
            let reply = tokio::time::timeout(rig::PATIENCE, replies.next()).await.unwrap().unwrap().unwrap();
            assert_eq!(reply.data.len(), length);
        }
    }
    rig.eventually("all are asked", async || rig.probe.asked().len() == 60).await;
    assert!(rig.doubled().is_empty(), "{:?}", rig.doubled());
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_for_too_long_costs_its_own_channel() {
    let stack = rabbitmq().await;
    set(&stack, "consumer_timeout", 2_000).await;
    set(&stack, "channel_tick_interval", 500).await;
    let mut rig = Rig::on(stack, 1, |_| {}).await;
    let url = rig.stack.amqp_url();
    let other = Pulse::of(&url, "beat.reply").await;
    rig.client.send("probe.reply", "held", true).await;
    rig.client.send("look.reply", "read", true).await;
    rig.eventually("it is delivered again", async || {
        rig.asked_for("held") >= 2 && rig.asked_for("read") >= 2
    })
    .await;
    rig.gate.send_replace(true);
    // One whose channel ended just after its reply is answered twice.
    let mut missing = BTreeSet::from(["held".to_owned(), "read".to_owned()]);
    while !missing.is_empty() {
        missing.remove(&rig.next_reply().await.0);
    }
    let other = other.end().await;
    assert!(other.is_steady(), "{other:?}");
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_put_among_the_dead_letters_stays_and_holds_up_nobody() {
    const COUNT: u32 = 100;
    let mut rig = Rig::with(|amqp| amqp.queue_length_max = COUNT).await;
    rig.gate.send_replace(true);
    for number in 0..=COUNT {
        rig.client.send("probe.dead", &format!("first{number}"), false).await;
    }
    rig.eventually("it is full", async || rig.waiting(DEAD).await >= COUNT).await;
    let url = rig.stack.amqp_url();
    let (other, reads) = (Pulse::of(&url, "beat.reply").await, Pulse::of(&url, "look.reply").await);
    // More than one instance works on at a time.
    for number in 0..80 {
        rig.client.send("probe.dead", &format!("w{number}"), false).await;
    }
    for number in 0..80 {
        rig.client.send("look.dead", &format!("r{number}"), false).await;
    }
    rig.client.send("probe.reply", "r", true).await;
    // It does not wait for a place among the dead letters, which there is none until the queue is emptied.
    assert_eq!(rig.next_reply().await.0, "r");
    let connection = rig.connection().await;
    let purge = lapin::options::QueuePurgeOptions::default();
    connection.create_channel().await.unwrap().queue_purge(DEAD.into(), purge).await.unwrap();
    rig.eventually("the rest comes", async || rig.waiting(DEAD).await >= 50).await;
    let (other, reads) = (other.end().await, reads.end().await);
    assert!(other.is_steady() && reads.is_steady(), "{other:?} {reads:?}");
    rig.eventually("queues are empty", async || {
        rig.waiting(WRITES).await == 0 && rig.waiting(READS).await == 0
    })
    .await;
    // What is put aside is judged again, to no other end.
    assert!(rig.doubled().iter().all(|(id, _)| id.starts_with('w')), "{:?}", rig.doubled());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_confirmed_waits_and_holds_up_nobody() {
    let rig = Rig::with(|amqp| amqp.confirm_timeout_ms = Millis(1_500)).await;
    rig.gate.send_replace(true);
    let url = rig.stack.amqp_url();
    let (other, same) = (Pulse::of(&url, "beat.reply").await, Pulse::of(&url, "look.reply").await);
    // The queue neither takes nor refuses, as one without a majority of its servers.
    rig.control(&["eval", "sys:suspend('%2F_beds.dead')."]).await;
    for id in ["d0", "d1"] {
        rig.client.send("probe.dead", id, false).await;
    }
    // They have been sent again and again, and do not wait where they are any more.
    rig.eventually("one was put aside, and is judged again", async || !rig.doubled().is_empty()).await;
    rig.control(&["eval", "sys:resume('%2F_beds.dead')."]).await;
    rig.eventually("all are dead", async || rig.waiting(DEAD).await >= 2).await;
    let (other, same) = (other.end().await, same.end().await);
    assert!(other.is_steady() && same.is_steady(), "{other:?} {same:?}");
    rig.ends_with_nothing_left().await;
}
