//! Instances that come and go while a pool runs.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

mod rig;

use std::collections::BTreeSet;

use beds_bus::Pool;
use beds_protocol::Broker;
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use rig::{READS, Rig, WRITES, counted, rabbitmq};

/// How many consume from a queue.
async fn consumers(rig: &Rig, queue: &str) -> u32 {
    let connection = rig.connection().await;
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions { passive: true, ..Default::default() };
    channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap().consumer_count()
}

/// Waits until so many consume from a queue.
async fn consume(rig: &Rig, queue: &str, instances: u16) {
    let what = format!("{instances} consume from {queue}");
    rig.eventually(&what, async || consumers(rig, queue).await == u32::from(instances)).await;
}

/// Gives the pool's brokers so many instances, and waits until these consume. A quorum queue counts those that have left for
/// as long as it waits for their acknowledgements.
async fn resize(rig: &Rig, instances: u16, prefetch: u16) {
    let pools = [Broker::AppRead, Broker::AppWrite].map(|broker| (broker, Pool { instances, prefetch }));
    rig.pool.as_ref().unwrap().resize(&pools);
    consume(rig, READS, instances).await;
}

/// Sends reads and writes, and waits until they are worked on; gives their ids.
async fn take(rig: &Rig, name: &str, each: usize) -> BTreeSet<String> {
    let before = rig.probe.asked().len();
    let mut ids = BTreeSet::new();
    for number in 0..each {
        for key in ["look.reply", "probe.reply"] {
            let id = format!("{name} {key} {number}");
            rig.client.send(key, &id, true).await;
            ids.insert(id);
        }
    }
    rig.eventually("they are taken", async || rig.probe.asked().len() == before + 2 * each).await;
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_leave_finish_what_they_have_and_those_that_come_take_the_rest() {
    let mut rig = Rig::on(rabbitmq().await, 4, |_| {}).await;
    let mut status = rig.pool.as_ref().unwrap().status();
    status.mark_unchanged();
    let mut sent = BTreeSet::new();
    // What is taken before each change is held until after the last.
    for (instances, prefetch) in [(1, 64), (6, 64), (6, 8), (2, 8)] {
        sent.append(&mut take(&rig, &format!("before {instances} of {prefetch}"), 10).await);
        resize(&rig, instances, prefetch).await;
        assert_eq!(counted(rig.pool.as_ref().unwrap(), "beds_queue_in_progress"), sent.len());
    }
    let most = counted(rig.pool.as_ref().unwrap(), "beds_queue_in_progress_max");
    assert_eq!(most, 2 * 2 * 8 + 4 * 64, "that of the third broker stays");
    rig.gate.send_replace(true);
    let mut answered = BTreeSet::new();
    while answered.len() < sent.len() {
        assert!(answered.insert(rig.next_reply().await.0), "each is answered once");
    }
    assert_eq!(answered, sent);
    for queue in [READS, WRITES] {
        consume(&rig, queue, 2).await;
    }
    assert!(!status.has_changed().unwrap(), "it serves all the time");

    // A node that stops while instances leave.
    rig.gate.send_replace(false);
    let last = take(&rig, "last", 8).await;
    resize(&rig, 1, 8).await;
    let pool = rig.pool.as_ref().unwrap();
    assert_eq!(counted(pool, "beds_queue_redelivered_total"), 0, "nothing went back to its queue");
    let (gate, probe) = (rig.gate.clone(), rig.probe.clone());
    tokio::join!(rig.ends_with_nothing_left(), async {
        let _ = status.wait_for(|status| *status == beds_bus::Status::Stopping).await;
        gate.send_replace(true);
    });
    let asked = probe.asked();
    assert!(last.iter().chain(&sent).all(|id| asked[id] == 1) && asked.len() == sent.len() + last.len());
}
