//! Messages that cannot be decoded, and replies for which RabbitMQ would end the connection. Each becomes a dead
//! letter, and the node continues to serve the following requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::process::Command;

use beds_protocol::{header, topology::DEAD};
use common::{
    Site, blocking, root,
    wire::{Wire, consume, next},
};

/// The Python of Debian, which has python3-pika.
const PYTHON: &str = "/usr/bin/python3";

#[tokio::test(flavor = "multi_thread")]
async fn poison_becomes_dead_letters_and_the_node_goes_on() {
    let site = blocking(Site::start).await;
    let url = site.stack.amqp_url();
    let script = root().join("tests/pika/poison.py");
    let output = blocking({
        let url = url.clone();
        move || Command::new("timeout").args(["300", PYTHON]).arg(script).arg(url).output().unwrap()
    })
    .await;
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let expected = "a property that is no UTF-8: ok\n\
                    a header whose name is no UTF-8: ok\n\
                    a direct reply-to that names no process: ok\n\
                    a direct reply-to that is cut short: ok\n\
                    a reply queue that is not the client's: ok\n";
    assert_eq!(printed, expected);

    let wire = Wire::connect(&url).await;
    let mut dead = consume(&wire.channel, DEAD).await;
    let mut reasons = Vec::new();
    for _ in 0..5 {
        let message = next(&mut dead).await;
        assert_eq!(message.0.data, b"{}", "the body is kept");
        let raw = message.header(header::DEAD_PROPERTIES).is_some();
        reasons.push((message.header(header::DEAD_CODE).unwrap(), raw));
    }
    reasons.sort();
    let code = |code: &str, raw| (code.to_owned(), raw);
    assert_eq!(
        reasons,
        [
            code("bad_request", true),
            code("bad_request", true),
            code("forbidden", false),
            code("forbidden", false),
            code("forbidden", false),
        ]
    );
}
