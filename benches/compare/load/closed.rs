//! A number of requests in flight: each reply triggers the next request.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Lane, PATIENCE, gather, id, number};
use crate::sample::Sample;
use crate::work::{Target, Work};

pub(super) async fn run(
    lanes: Vec<Lane>,
    target: &Target,
    work: &Arc<Work>,
    in_flight: u16,
    run: u64,
    length: Duration,
) -> Result<(Vec<Lane>, Sample)> {
    let end = Instant::now() + length;
    let mut running = JoinSet::new();
    let count = lanes.len();
    for (index, lane) in lanes.into_iter().enumerate() {
        let in_flight = usize::from(in_flight);
        let slots = in_flight / count + usize::from(index < in_flight % count);
        let measurement = Measurement {
            lane,
            target: target.clone(),
            work: Arc::clone(work),
            slots: vec![None; slots],
            run,
            end,
            sample: Sample::new()?,
        };
        running.spawn(measurement.run());
    }
    gather(running).await
}

/// One lane's part of a measurement.
struct Measurement {
    lane: Lane,
    target: Target,
    work: Arc<Work>,
    /// For each slot, when its request was sent, and the number of the request.
    slots: Vec<Option<(Instant, u64)>>,
    run: u64,
    end: Instant,
    sample: Sample,
}

impl Measurement {
    async fn run(mut self) -> Result<(Lane, Sample)> {
        for slot in 0..self.slots.len() {
            self.send(slot)?;
        }
        let mut open = self.slots.len();
        let mut late = std::pin::pin!(sleep_until(self.end + PATIENCE));
        while open > 0 {
            let delivery = tokio::select! {
                biased;
                delivery = self.lane.replies.next() => delivery.context("the reply queue was cancelled")??,
                () = &mut late => break,
            };
            let Some(slot) = number(&delivery, self.run) else { continue };
            let slot = usize::try_from(slot)?;
            let Some((sent, number)) = self.slots.get_mut(slot).and_then(Option::take) else {
                self.sample.fail(1, || "a second reply to one request".to_owned());
                continue;
            };
            let expected = self.work.expected(number, &self.target);
            self.sample.reply(sent, self.end, &delivery.data, &expected);
            if Instant::now() < self.end {
                self.send(slot)?;
            } else {
                open -= 1;
            }
        }
        if open > 0 {
            self.sample.fail(u32::try_from(open).unwrap_or(u32::MAX), || "no reply".to_owned());
        }
        Ok((self.lane, self.sample))
    }

    fn send(&mut self, slot: usize) -> Result<()> {
        let request = self.work.next();
        if let Some(entry) = self.slots.get_mut(slot) {
            *entry = Some((Instant::now(), request.number));
        }
        self.sample.writes += u64::from(request.writes);
        let id = id(self.run, u64::try_from(slot)?);
        self.lane.publisher.send(&self.target, request.writes, id, &request.body)
    }
}
