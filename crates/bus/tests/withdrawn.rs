//! What somebody takes away while a node runs: queues, exchanges, rights, the user, the virtual host.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

mod rig;

use std::sync::Arc;

use beds_bus::{BrokerPool, Status};
use beds_core::{
    outbox::{EventChannel, EventSink as _, Unpublished},
    settings::{SecretUrl, Urls},
};
use beds_devstack::Stack;
use beds_protocol::topology::{DEAD, EVENTS};
use lapin::options::ExchangeDeleteOptions;
use rig::{Client, Clock, Pulse, READS, Rig, WRITES, control, rabbitmq};
use tokio::time::timeout;

/// A queue that was deleted is served again before so many ticks of a clock: 3 s on a quiet machine.
const BACK: u32 = 150;

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_deleted_is_consumed_again_and_the_others_notice_nothing() {
    let mut rig = Rig::start().await;
    let url = rig.stack.amqp_url();
    let (other, clock) = (Pulse::of(&url, "beat.reply").await, Clock::begin(&url).await);
    rig.client.send("look.reply", "read", true).await;
    rig.client.send("probe.reply", "write", true).await;
    rig.eventually("they are taken", async || rig.probe.asked().len() == 2).await;
    for queue in [READS, WRITES] {
        rig.delete_queue(queue).await;
    }
    let begun = clock.now();
    for queue in [READS, WRITES] {
        rig.eventually("it is back", async || rig.has_queue(queue).await).await;
    }
    rig.gate.send_replace(true);
    // What was in progress is answered once.
    let mut answered = [rig.next_reply().await.0, rig.next_reply().await.0];
    answered.sort();
    assert_eq!(answered, ["read", "write"]);
    for key in ["look.reply", "probe.reply"] {
        rig.client.send(key, key, true).await;
        assert_eq!(rig.next_reply().await.0, key);
    }
    let (took, other) = (clock.now() - begun, other.end().await);
    assert!(other.is_steady() && took < BACK, "{other:?}, {took} ticks");
    assert!(rig.doubled().is_empty(), "{:?}", rig.doubled());
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_outlive_the_end_of_their_queue_and_exchange() {
    let rig = Rig::start().await;
    rig.gate.send_replace(true);
    let url = rig.stack.amqp_url();
    let (other, same) = (Pulse::of(&url, "beat.reply").await, Pulse::of(&url, "look.reply").await);
    let connection = rig.connection().await;
    let channel = connection.create_channel().await.unwrap();
    let mut sent = 0;
    for exchange in [false, true, false, true] {
        if exchange {
            channel.exchange_delete(DEAD.into(), ExchangeDeleteOptions::default()).await.unwrap();
            channel.exchange_delete(EVENTS.into(), ExchangeDeleteOptions::default()).await.unwrap();
        } else {
            rig.delete_queue(DEAD).await;
        }
        let before = if exchange { rig.waiting(DEAD).await } else { 0 };
        for _ in 0..20 {
            rig.client.send("probe.dead", &format!("d{sent}"), false).await;
            sent += 1;
        }
        rig.eventually("they are dead", async || rig.waiting(DEAD).await >= before + 20).await;
    }
    let (other, same) = (other.end().await, same.end().await);
    assert!(other.is_steady() && same.is_steady(), "{other:?} {same:?}");
    assert!(rig.doubled().is_empty(), "{:?}", rig.doubled());
    rig.ends_with_nothing_left().await;
}

/// A pool whose node logs in as a user of its own.
async fn as_a_user(vhost: &str) -> (Rig, Arc<Stack>) {
    let stack = rabbitmq().await;
    control(&stack, &["add_user", "node", "secret"]).await;
    if vhost != "%2f" {
        control(&stack, &["add_vhost", vhost]).await;
        allow(&stack, vhost, "guest", ALL).await;
    }
    let name = if vhost == "%2f" { "/" } else { vhost };
    allow(&stack, name, "node", ALL).await;
    let url = stack.amqp_url().replace("guest:guest", "node:secret").replace("%2f", vhost);
    let rig = Rig::on(Arc::clone(&stack), 2, move |amqp| amqp.url = Urls(vec![SecretUrl::new(&url)])).await;
    (rig, stack)
}

const ALL: [&str; 3] = [".*", ".*", ".*"];

async fn allow(stack: &Arc<Stack>, vhost: &str, user: &str, rights: [&str; 3]) {
    let [configure, write, read] = rights;
    control(stack, &["set_permissions", "-p", vhost, user, configure, write, read]).await;
}

fn status(rig: &Rig) -> Status {
    rig.pool.as_ref().map(BrokerPool::status).unwrap().borrow().clone()
}

/// Whether the node says that a right is missing.
fn tells(rig: &Rig) -> bool {
    let (Status::Connecting(why) | Status::Unrouted(why)) = status(rig) else { return false };
    why.contains("refused for user 'node'") && why.contains("rabbitmqctl set_permissions")
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_withdrawn_cost_no_request_twice_and_come_back_by_themselves() {
    let (mut rig, stack) = as_a_user("%2f").await;
    rig.gate.send_replace(true);
    let mut sent = 0;
    for (what, rights) in [
        ("configure", ["^$", ".*", ".*"]),
        ("write", [".*", "^$", ".*"]),
        ("read", [".*", ".*", "^$"]),
        ("all", ["^$", "^$", "^$"]),
    ] {
        allow(&stack, "/", "node", rights).await;
        // RabbitMQ says so of the first reply: what it was for is done again, once its answer is allowed.
        for number in 0..5 {
            rig.client.send("probe.reply", &format!("{what}{number}"), true).await;
        }
        // Who consumes goes on without the right to.
        if what != "read" {
            rig.eventually("it tells", async || tells(&rig)).await;
        }
        // A channel remembers what it may: these are new ones, to the node's loss.
        let node = "node";
        let listed = control(&stack, &["list_connections", "pid", "user", "--silent"]).await;
        for line in listed.lines().filter(|line| line.ends_with(node)) {
            let pid = line.split_whitespace().next().unwrap();
            control(&stack, &["close_connection", pid, "a test"]).await;
        }
        for _ in 0..10 {
            rig.client.send("probe.reply", &format!("w{sent}"), true).await;
            sent += 1;
        }
        rig.eventually("it tells", async || tells(&rig)).await;
        allow(&stack, "/", "node", ALL).await;
        for _ in 0..15 {
            rig.next_reply().await;
        }
        rig.eventually("it serves again", async || status(&rig) == Status::Serving).await;
    }
    // Each of the two channels learns by itself, from a reply of its own, that replies are forbidden: what the first had done
    // may be done by the second before its own answer is refused too.
    let doubled = rig.doubled();
    assert!(
        doubled.iter().all(|(id, times)| !id.starts_with('w') || id.starts_with("write") && *times <= 3),
        "{doubled:?}"
    );
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_a_virtual_host_that_come_back_are_served_again() {
    let (mut rig, stack) = as_a_user("shop").await;
    rig.gate.send_replace(true);
    let url = stack.amqp_url().replace("%2f", "shop");
    rig.client = Client::connect(&url).await;

    control(&stack, &["delete_user", "node"]).await;
    rig.eventually(
        "it tells",
        async || matches!(&status(&rig), Status::Connecting(why) if why.contains("refused")),
    )
    .await;
    control(&stack, &["add_user", "node", "secret"]).await;
    allow(&stack, "shop", "node", ALL).await;
    rig.eventually("it serves again", async || status(&rig) == Status::Serving).await;
    rig.client.send("probe.reply", "a", true).await;
    assert_eq!(rig.next_reply().await.0, "a");

    let channel = rig.pool.as_ref().unwrap().events().open().await.unwrap();
    control(&stack, &["delete_vhost", "shop"]).await;
    rig.eventually(
        "it tells",
        async || matches!(&status(&rig), Status::Connecting(why) if why.contains("shop")),
    )
    .await;
    // An event that waits meanwhile is not told as one for which a queue is full.
    let away = Err(Unpublished::Refused("the connection to RabbitMQ is lost"));
    rig.eventually("its events have no way", async || event(&*channel, "note.create").await == away).await;
    control(&stack, &["add_vhost", "shop"]).await;
    allow(&stack, "shop", "guest", ALL).await;
    allow(&stack, "shop", "node", ALL).await;
    rig.eventually("it serves again", async || status(&rig) == Status::Serving).await;
    let mut client = Client::connect(&url).await;
    client.send("probe.reply", "b", true).await;
    assert_eq!(timeout(rig::PATIENCE, client.next_reply()).await.unwrap().0, "b");
}

/// Publishes an event of this routing key, and says what became of it.
async fn event(channel: &dyn EventChannel, routing_key: &str) -> Result<(), Unpublished> {
    timeout(rig::PATIENCE, channel.publish(&rig::event(routing_key))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_forbidden_holds_back_its_like_alone() {
    let (rig, stack) = as_a_user("%2f").await;
    rig.gate.send_replace(true);
    let url = stack.amqp_url();
    let (other, same) = (Pulse::of(&url, "beat.reply").await, Pulse::of(&url, "look.reply").await);
    let sink = rig.pool.as_ref().unwrap().events();
    let topics = |write: &'static str| {
        let stack = Arc::clone(&stack);
        async move { control(&stack, &["set_topic_permissions", "node", EVENTS, write, ".*"]).await }
    };
    topics("^note\\.").await;
    let channel = sink.open().await.unwrap();
    assert!(matches!(event(&*channel, "secret.create").await, Err(Unpublished::Refused(_))));
    // Its channel is gone; on the next one it is held back without a try.
    let channel = sink.open().await.unwrap();
    for _ in 0..10 {
        assert!(matches!(event(&*channel, "secret.create").await, Err(Unpublished::Refused(_))));
        assert_eq!(event(&*channel, "note.create").await, Ok(()));
    }
    // The right is back, and so are the events.
    topics(".*").await;
    rig.eventually("it is published", async || {
        let channel = sink.open().await.unwrap();
        event(&*channel, "secret.create").await.is_ok()
    })
    .await;

    // Without its exchange, until that is there again.
    let connection = rig.connection().await;
    let deleting = connection.create_channel().await.unwrap();
    deleting.exchange_delete(EVENTS.into(), ExchangeDeleteOptions::default()).await.unwrap();
    rig.eventually("it is published", async || {
        let channel = sink.open().await.unwrap();
        event(&*channel, "note.create").await.is_ok()
    })
    .await;
    let (other, same) = (other.end().await, same.end().await);
    assert!(other.is_steady() && same.is_steady(), "{other:?} {same:?}");
    rig.ends_with_nothing_left().await;
}
