//! Requests to a node that runs, as a client of its RabbitMQ.

use beds_devstack::Node;

use crate::{
    conformance::{Bus, Lost, Told},
    scratch::Scratch,
};

/// The findings from requests to a node over AMQP. If anything is wrong, they include the node's log: only the log says
/// why an error is `internal`.
pub(crate) async fn asked(
    (scratch, user): (&Scratch, &str),
    node: &Node,
    ask: impl AsyncFnOnce(&Bus) -> Result<Told, Lost>,
) -> Told {
    let asking = async {
        let bus = Bus::connect(&scratch.amqp, user).await?;
        let told = ask(&bus).await;
        bus.close().await;
        told
    };
    let mut told = match asking.await {
        Ok(told) => told,
        Err(Lost(reason)) => {
            Told { wrong: vec![format!("the node does not answer: {reason}")], ..Told::default() }
        }
    };
    if !told.wrong.is_empty() {
        let log = node.log_tail(20);
        told.log = log.lines().map(str::to_owned).collect();
    }
    told
}
