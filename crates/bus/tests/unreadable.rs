//! Messages whose properties the library beneath cannot read: they become dead letters, and hold up their own queue alone.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

mod rig;

use std::sync::Arc;

use beds_core::settings::{SecretUrl, Tls, Urls};
use beds_devstack::{Stack, certificates::Authority};
use beds_protocol::topology::DEAD;
use rig::{Pulse, Rig, blocking, counted, poison, rabbitmq};

const COUNT: usize = 300;
/// As many connections may be made: far fewer than there are messages that cannot be read.
const SESSIONS_MAX: usize = 60;

/// Has them removed from both kinds of queues, among requests that can be read.
async fn are_removed(mut rig: Rig) {
    rig.gate.send_replace(true);
    let other = Pulse::of(&rig.stack.amqp_url(), "beat.reply").await;
    let port = rig.stack.rabbitmq().port().unwrap();
    let mut dead = 0;
    for key in ["look.reply", "probe.reply"] {
        rig.client.send(key, &format!("before {key}"), true).await;
        blocking(move || poison::publish(port, key, COUNT, 10)).await;
        // As long as properties can be.
        blocking(move || poison::publish(port, key, 1, 131_000)).await;
        // Nested as deep as they can be: whoever goes down there comes to the end of a stack.
        blocking(move || poison::publish_nested(port, key, 1, 26_000)).await;
        rig.client.send(key, &format!("after {key}"), true).await;
        dead += u32::try_from(COUNT).unwrap() + 2;
        let mut answered = [rig.next_reply().await.0, rig.next_reply().await.0];
        answered.sort();
        assert_eq!(answered, [format!("after {key}"), format!("before {key}")]);
        rig.eventually("they are dead", async || rig.waiting(DEAD).await >= dead).await;
        assert_eq!(rig.waiting(DEAD).await, dead, "none is doubled");
    }
    let other = other.end().await;
    assert!(other.is_steady(), "{other:?}");
    // They are looked for together: each of them alone would have ended a connection.
    let sessions = counted(rig.pool.as_ref().unwrap(), "beds_bus_sessions_total");
    assert!(sessions < SESSIONS_MAX, "{sessions}");
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_messages_hold_up_their_own_queue_alone() {
    are_removed(Rig::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_messages_are_removed_over_tls_too() {
    let stack = rabbitmq().await;
    let encrypting = Arc::clone(&stack);
    let authority = blocking(move || {
        let authority = Authority::new(encrypting.dir(), "own").unwrap();
        let certificate = authority.certificate("server", &["127.0.0.1", "localhost"], 2099).unwrap();
        encrypting.rabbitmq().use_tls(Some(certificate.of_server(None))).unwrap();
        authority.file()
    })
    .await;
    let url = encrypted(&stack);
    let tls = Arc::new(Tls { ca_file: Some(authority), ..Tls::default() });
    let url = SecretUrl::new(&url).with_tls(tls);
    are_removed(Rig::on(stack, 1, move |amqp| amqp.url = Urls(vec![url])).await).await;
}

fn encrypted(stack: &Stack) -> String {
    format!("amqps://guest:guest@127.0.0.1:{}/%2f", stack.rabbitmq().tls_port().unwrap())
}
