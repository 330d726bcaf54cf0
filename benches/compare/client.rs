//! The same load through `beds-client`, for information: the cost of a client that reconnects by itself.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use beds_client::Client;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::sample::Sample;
use crate::work::{Target, Work};

/// Keeps `in_flight` requests in flight until the time is over.
pub(crate) async fn run(
    client: &Client,
    target: &Target,
    work: &Arc<Work>,
    in_flight: u16,
    length: Duration,
) -> Result<Sample> {
    let end = Instant::now() + length;
    let mut running = JoinSet::new();
    for _ in 0..in_flight {
        let (client, target, work) = (client.clone(), target.clone(), Arc::clone(work));
        running.spawn(async move {
            let mut sample = Sample::new()?;
            while Instant::now() < end {
                let sent = Instant::now();
                let request = work.next();
                sample.writes += u64::from(request.writes);
                let key = if request.writes { target.write } else { target.read };
                match client.request_raw(key, request.body.into_owned()).await {
                    Ok(reply) => {
                        sample.reply(sent, end, &reply.body, &work.expected(request.number, &target));
                    }
                    Err(error) => sample.fail(1, || error.to_string()),
                }
            }
            anyhow::Ok(sample)
        });
    }
    let mut sum = Sample::new()?;
    while let Some(ended) = running.join_next().await {
        sum.add(ended.context("a task of the load generator failed")??)?;
    }
    Ok(sum)
}
