//! Compares the content of the databases with the knowledge of the clients.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};

use crate::{
    Site,
    load::{ARTICLES, Kind, Load, sku},
};

/// How long the queues may take to become empty.
const PATIENCE: Duration = Duration::from_mins(2);

/// The result of the writes of one kind.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Found {
    pub(crate) writes: u64,
    /// Writes that were answered as done, and are missing.
    pub(crate) lost: u64,
    /// Writes that are there more than once.
    pub(crate) doubled: u64,
    /// Writes that are there without an answer. The client gave them up, so they may be done.
    pub(crate) unanswered: u64,
    /// Duplicates with another reply.
    pub(crate) replies_that_differ: u64,
}

/// Waits until the queues are empty, and checks the databases.
pub(crate) async fn found(site: &Site, load: &Load) -> Result<HashMap<Kind, Found>> {
    await_empty(site)?;
    let mut all = HashMap::new();
    for kind in Kind::ALL {
        let counts = match kind {
            Kind::Create => bookmarks(site, load)?,
            Kind::Document => notes(site, load).await?,
            Kind::Call => {
                all.insert(kind, calls(site, load)?);
                continue;
            }
        };
        all.insert(kind, compared(load, kind, &counts));
    }
    Ok(all)
}

fn numbers(load: &Load, kind: Kind) -> impl Iterator<Item = u64> {
    (0..load.writes).filter(move |&number| Kind::of(number) == kind)
}

/// Compares the records, by name, with the replies.
fn compared(load: &Load, kind: Kind, counts: &HashMap<String, u64>) -> Found {
    let known = load.lock();
    let mut found = Found::default();
    for number in numbers(load, kind) {
        found.writes += 1;
        let count = counts.get(&load.name(number)).copied().unwrap_or_default();
        let replies = known.replies.get(&number).map_or(0, Vec::len);
        found.lost += u64::from(replies > 0 && count == 0);
        found.doubled += u64::from(count > 1);
        found.unanswered += u64::from(replies == 0 && count > 0);
        found.replies_that_differ += u64::from(replies > 1);
    }
    found
}

/// Each call adds one and returns the sum: no two calls may return the same.
fn calls(site: &Site, load: &Load) -> Result<Found> {
    let known = load.lock();
    let mut found = Found::default();
    for article in 0..ARTICLES {
        let (mut done, mut said) = (0, HashSet::new());
        for number in numbers(load, Kind::Call).filter(|number| number / 3 % ARTICLES == article) {
            found.writes += 1;
            let Some(replies) = known.replies.get(&number) else { continue };
            done += 1;
            found.replies_that_differ += u64::from(replies.len() > 1);
            said.extend(replies);
        }
        let sql = format!("select stock from example where sku = '{}'", sku(article));
        let stock: u64 = site.stack.mariadb_query(Some("catalog"), &sql)?.trim().parse()?;
        found.doubled += done - done.min(u64::try_from(said.len())?);
        found.lost += done.saturating_sub(stock);
        found.doubled += stock.saturating_sub(done);
    }
    Ok(found)
}

fn bookmarks(site: &Site, load: &Load) -> Result<HashMap<String, u64>> {
    let sql =
        format!("select owner, count(*) from bookmark where owner like '{}-%' group by owner", load.run);
    let lines = site.stack.mariadb_query(Some("catalog"), &sql)?;
    let count = |line: &str| {
        let (owner, count) = line.split_once('\t').context("two columns")?;
        Ok((owner.to_owned(), count.trim().parse()?))
    };
    lines.lines().map(count).collect()
}

async fn notes(site: &Site, load: &Load) -> Result<HashMap<String, u64>> {
    let client = mongodb::Client::with_uri_str(site.stack.mongodb_url()).await?;
    let notes = client.database("journal").collection::<Document>("notes");
    let mut found = notes.find(doc! { "subject": { "$regex": format!("^{}-", load.run) } }).await?;
    let mut counts = HashMap::new();
    while let Some(note) = found.try_next().await? {
        *counts.entry(note.get_str("subject")?.to_owned()).or_default() += 1;
    }
    Ok(counts)
}

/// Copies that the client did not wait for may still be in the queues.
fn await_empty(site: &Site) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let queues = ["list_queues", "--silent", "--no-table-headers", "name", "messages"];
        let listed = site.stack.rabbitmq().control(&queues)?;
        let is_empty = |line: &str| !line.starts_with("beds.app_server") || line.trim_end().ends_with("\t0");
        if listed.lines().all(is_empty) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the queues are not empty after {PATIENCE:?}:\n{listed}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
