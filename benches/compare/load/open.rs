//! A fixed rate: each request is sent when its time has come.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use nix::sys::prctl;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Lane, PATIENCE, Publisher, gather, id, number};
use crate::sample::Sample;
use crate::work::{Target, Work};

/// How late Linux may wake the sending thread, in nanoseconds. The default is 50 µs.
const TIMER_SLACK: u64 = 1_000;

/// The common state of sender and receivers.
struct Measurement {
    target: Target,
    work: Arc<Work>,
    run: u64,
    rate: u32,
    begin: Instant,
    end: Instant,
    /// The request with each number, until it is answered.
    asked: Mutex<Vec<Option<u64>>>,
    /// How many requests there will be in total.
    total: u64,
    answered: AtomicU64,
}

pub(super) async fn run(
    lanes: Vec<Lane>,
    target: &Target,
    work: &Arc<Work>,
    rate: u32,
    run: u64,
    length: Duration,
) -> Result<(Vec<Lane>, Sample)> {
    let begin = Instant::now();
    let total = u64::try_from((length.as_micros() * u128::from(rate)).div_ceil(1_000_000))?.max(1);
    let measurement = Arc::new(Measurement {
        target: target.clone(),
        work: Arc::clone(work),
        run,
        rate,
        begin,
        end: begin + length,
        asked: Mutex::new(vec![None; usize::try_from(total)?]),
        total,
        answered: AtomicU64::new(0),
    });
    let publishers: Vec<Publisher> = lanes.iter().map(|lane| lane.publisher.clone()).collect();
    let mut running = JoinSet::new();
    for lane in lanes {
        running.spawn(Arc::clone(&measurement).receive(lane));
    }
    // A separate thread: the runtime's timers have a resolution of only a millisecond.
    let sender = Arc::clone(&measurement);
    let writes = tokio::task::spawn_blocking(move || sender.send(&publishers)).await??;
    let (lanes, mut sample) = gather(running).await?;
    sample.writes = writes;
    let missing = total - measurement.answered.load(Ordering::Relaxed).min(total);
    if missing > 0 {
        sample.fail(u32::try_from(missing).unwrap_or(u32::MAX), || "no reply".to_owned());
    }
    Ok((lanes, sample))
}

impl Measurement {
    /// The time at which a request should be sent.
    fn due(&self, number: u64) -> Instant {
        self.begin + Duration::from_nanos(number * 1_000_000_000 / u64::from(self.rate))
    }

    /// Sends all requests, and returns how many of them write.
    fn send(&self, publishers: &[Publisher]) -> Result<u64> {
        // Without this call, requests are some 50 µs late, which their latencies would show.
        let _ = prctl::set_timerslack(TIMER_SLACK);
        let mut writes = 0;
        for (number, publisher) in (0..self.total).zip(publishers.iter().cycle()) {
            std::thread::sleep(self.due(number).saturating_duration_since(Instant::now()));
            let request = self.work.next();
            if let Some(entry) = self.lock().get_mut(usize::try_from(number)?) {
                *entry = Some(request.number);
            }
            publisher.send(&self.target, request.writes, id(self.run, number), &request.body)?;
            writes += u64::from(request.writes);
        }
        Ok(writes)
    }

    async fn receive(self: Arc<Self>, mut lane: Lane) -> Result<(Lane, Sample)> {
        let mut sample = Sample::new()?;
        let mut overdue = std::pin::pin!(sleep_until(self.end + PATIENCE));
        let mut look = tokio::time::interval(Duration::from_millis(10));
        while self.answered.load(Ordering::Relaxed) < self.total {
            let delivery = tokio::select! {
                biased;
                delivery = lane.replies.next() => delivery.context("the reply queue was cancelled")??,
                () = &mut overdue => break,
                // Another lane may have had the last reply.
                _ = look.tick() => continue,
            };
            let Some(number) = number(&delivery, self.run) else { continue };
            let asked = self.lock().get_mut(usize::try_from(number)?).and_then(Option::take);
            let Some(asked) = asked else {
                sample.fail(1, || "a second reply to one request".to_owned());
                continue;
            };
            self.answered.fetch_add(1, Ordering::Relaxed);
            let expected = self.work.expected(asked, &self.target);
            sample.reply(self.due(number), self.end, &delivery.data, &expected);
        }
        Ok((lane, sample))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Option<u64>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
