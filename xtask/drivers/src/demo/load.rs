//! Loads the data through `create` requests, with several records in each and several requests in flight.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use beds_client::protocol::CountRequest;
use beds_client::{Client, Request};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::data::{Catalog, Record, Set};
use super::{ensure_empty, grouped};

/// The records in one request. It creates all of them or none.
const RECORDS: usize = 25;
/// How many requests are in flight at a time.
const IN_FLIGHT: usize = 32;
/// More than the usual 10 s: a slow disk is not a fault of the demo.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often a line appears if there is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(2);

/// How many records were loaded, and how long that took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Loaded {
    pub(super) records: usize,
    pub(super) requests: usize,
    pub(super) took: Duration,
}

/// Loads everything, and compares the counts with those of the files.
pub(super) async fn all(client: &Client, catalog: &Catalog) -> Result<Loaded> {
    println!("      {RECORDS} records a request, {IN_FLIGHT} requests on their way");
    let mut total = Loaded::default();
    for set in &catalog.sets {
        ensure_empty(set.template, count(client, set.template).await?)?;
        let Loaded { records, requests, took } = one(client, set).await?;
        let there = count(client, set.template).await?;
        println!(
            "      {:<13} {:>6} of {:>6} in the file  {:>4} requests  {:>5.1} s  {:>6} records/s",
            set.title,
            grouped(usize::try_from(there)?),
            grouped(set.len()),
            grouped(requests),
            took.as_secs_f64(),
            grouped(rate(records, took)),
        );
        ensure!(
            there == set.len() as u64,
            "`{}` has {there} records, and the file has {}",
            set.template,
            set.len()
        );
        total.records += records;
        total.requests += requests;
        total.took += took;
    }
    Ok(total)
}

/// The records per second.
pub(super) fn rate(records: usize, took: Duration) -> usize {
    let milliseconds = usize::try_from(took.as_millis()).unwrap_or(usize::MAX).max(1);
    records * 1_000 / milliseconds
}

async fn count(client: &Client, template: &str) -> Result<u64> {
    let count = client.count(template, &CountRequest::default()).await;
    count.with_context(|| format!("cannot count the records of `{template}`"))
}

async fn one(client: &Client, set: &Set) -> Result<Loaded> {
    let began = Instant::now();
    let mut progress = Progress::new(set);
    let mut requests = 0;
    for wave in &set.waves {
        let mut created = stream::iter(wave.chunks(RECORDS))
            .map(|records| create(client, set.template, records))
            .buffer_unordered(IN_FLIGHT);
        while let Some(records) = created.try_next().await? {
            requests += 1;
            progress.add(records);
        }
    }
    progress.finish();
    Ok(Loaded { records: progress.done, requests, took: began.elapsed() })
}

/// Creates some records, and returns how many the reply shows.
async fn create(client: &Client, template: &'static str, records: &[Record]) -> Result<usize> {
    let request = Request::create(template, records).timeout(PATIENCE);
    let reply = client.execute(request).await.with_context(|| format!("{template}.create"))?;
    let Some(Value::Array(created)) = reply.data else { bail!("{template}.create gave no records back") };
    ensure!(
        created.len() == records.len(),
        "{template}.create gave {} of {} records back",
        created.len(),
        records.len()
    );
    Ok(created.len())
}

/// A bar on a terminal, and an occasional line in a pipe.
struct Progress {
    bar: ProgressBar,
    title: &'static str,
    total: usize,
    done: usize,
    began: Instant,
    told: Instant,
}

impl Progress {
    fn new(set: &Set) -> Self {
        let target = if std::io::stdout().is_terminal() {
            ProgressDrawTarget::stdout()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(set.len() as u64), target).with_prefix(set.title);
        // If the template did not parse, only the look would be lost.
        if let Ok(style) = ProgressStyle::with_template(
            "      {prefix:13} {bar:40} {human_pos}/{human_len}  {per_sec}  {eta}",
        ) {
            bar.set_style(style);
        }
        let now = Instant::now();
        Self { bar, title: set.title, total: set.len(), done: 0, began: now, told: now }
    }

    fn add(&mut self, records: usize) {
        self.done += records;
        self.bar.inc(records as u64);
        if self.bar.is_hidden() && self.told.elapsed() >= PLAIN_INTERVAL {
            self.told = Instant::now();
            println!(
                "      {:<13} {:>6} of {:>6}  {:>6} records/s so far",
                self.title,
                grouped(self.done),
                grouped(self.total),
                grouped(rate(self.done, self.began.elapsed())),
            );
        }
    }

    /// Removes the bar: a line with the counts replaces it.
    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
