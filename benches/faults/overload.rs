//! More requests than a slow procedure can do: how many are done, how soon the others are refused, and what happens to
//! other clients meanwhile.
//!
//! Requests come at a rate, as from many clients, whether or not earlier ones are answered. The capacity is measured
//! first.

use std::{
    fmt::{self, Display, Formatter},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use beds_client::{Client, ClientError, Request, protocol::ErrorCode};
use beds_devstack::usage;
use futures_util::{StreamExt as _, future::join_all, stream};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Site;

/// A procedure that does nothing for fifty milliseconds, on one of eight connections.
const SLOW: &str = "create or replace procedure sp_example_restock(
    in p_sku varchar(40), in p_quantity int, out p_in_stock int unsigned) modifies sql data
    select 1 + sleep(0.05) into p_in_stock";
/// How many requests are in flight while the capacity is measured: twice the number of connections.
const AT_ONCE: usize = 16;
/// How long a client waits.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many other requests come per second during a flood.
const OTHERS: f64 = 20.0;
/// How many large creates run at once, and how many records each has.
const LARGE: usize = 24;
const RECORDS: usize = 1_000;
/// The promises.
const GOODPUT_MIN: f64 = 0.9;
const ANSWER_MAX: Duration = Duration::from_secs(3);
const REFUSAL_MAX: Duration = Duration::from_millis(50);
const RECOVERY_MAX: Duration = Duration::from_secs(5);

/// An answer, and when its request was sent.
struct Heard {
    asked: Duration,
    took: Duration,
    /// `None` for `ok`.
    code: Option<String>,
}

/// The results of some requests.
#[derive(Debug, Serialize)]
struct Figures {
    what: String,
    asked: usize,
    ok: usize,
    ok_a_second: f64,
    overloaded: usize,
    other: Vec<String>,
    ok_p50_ms: u128,
    ok_p99_ms: u128,
    overloaded_p50_ms: u128,
    overloaded_p99_ms: u128,
}

/// The memory of the node now and at most, in KiB, before and after the large creates.
#[derive(Debug, Serialize)]
struct Memory {
    before: (u64, u64),
    after: (u64, u64),
}

#[derive(Debug, Serialize)]
struct Report {
    capacity: f64,
    phases: Vec<Figures>,
    recovery_ms: u128,
    memory: Memory,
}

/// Measures, prints, writes the figures, and fails if they break the promises. `seconds` is how long each load lasts.
pub(crate) async fn run(site: &Site, seconds: u64, path: &Path) -> Result<()> {
    site.stack.mariadb_query(Some("catalog"), SLOW)?;
    let duration = Duration::from_secs(seconds.max(1));
    let flood = client(site).await?;
    let other = client(site).await?;
    let capacity = capacity(&flood, duration).await?;
    let mut phases = Vec::new();
    for times in [1.0, 2.0, 3.0] {
        let heard = load(&flood, capacity * times, duration, slow).await;
        phases.push(figures(&format!("{times} x"), &heard, duration));
    }
    let recovery_ms = recovery(&flood, capacity, duration).await.as_millis();
    for (what, request) in [
        ("3 x, another client's calls", slow as fn() -> Request),
        ("3 x, writes beside it", write),
        ("3 x, reads beside it", read),
        ("3 x, MongoDB's writes", document),
    ] {
        let flood = load(&flood, capacity * 3.0, duration, slow);
        let (_, heard) = tokio::join!(flood, load(&other, OTHERS, duration, request));
        phases.push(figures(what, &heard, duration));
    }
    phases.extend(without_mariadb(site, &flood, &other, duration).await?);
    let (figures, memory) = large(site, &flood, &other, duration).await?;
    phases.extend(figures);
    let report = Report { capacity, phases, recovery_ms, memory };
    print!("{report}");
    std::fs::write(path, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    report.judge()
}

/// Many creates of many records at once, and small ones beside them.
async fn large(
    site: &Site,
    flood: &Client,
    other: &Client,
    duration: Duration,
) -> Result<(Vec<Figures>, Memory)> {
    let before = memory(site)?;
    let begun = Instant::now();
    let creates = join_all((0..LARGE).map(|_| async {
        let answer = flood.execute(Request::create("note", &notes())).await;
        Heard { asked: Duration::ZERO, took: begun.elapsed(), code: answer.err().map(|error| said(&error)) }
    }));
    let (creates, beside) = tokio::join!(creates, load(other, OTHERS, duration, document));
    let after = memory(site)?;
    let figures = vec![
        figures("24 creates of 1,000 notes", &creates, duration),
        figures("small creates beside them", &beside, duration),
    ];
    Ok((figures, Memory { before, after }))
}

/// MariaDB stops answering, as a hanging server does, while requests to both databases come.
async fn without_mariadb(
    site: &Site,
    flood: &Client,
    other: &Client,
    duration: Duration,
) -> Result<Vec<Figures>> {
    site.stack.mariadb().pause()?;
    let (hung, beside, reads) = tokio::join!(
        load(flood, 200.0, duration, write),
        load(other, OTHERS, duration, document),
        load(other, OTHERS, duration, documents),
    );
    site.stack.mariadb().resume()?;
    Ok(vec![
        figures("MariaDB hangs, its own", &hung, duration),
        figures("MariaDB hangs, MongoDB's writes", &beside, duration),
        figures("MariaDB hangs, MongoDB's reads", &reads, duration),
    ])
}

async fn client(site: &Site) -> Result<Client> {
    let client = Client::builder(site.stack.amqp_url()).timeout(TIMEOUT).in_flight_max(100_000);
    Ok(client.connect().await?)
}

fn slow() -> Request {
    Request::call("example", "restock", &json!({"sku": "any", "quantity": 1}))
}

fn write() -> Request {
    Request::create("bookmark", &json!({"owner": "overload", "country": "QQ", "note": "beside a flood"}))
}

fn read() -> Request {
    Request::fetch("country", "QQ")
}

fn document() -> Request {
    Request::create("note", &json!({"subject": "beside a flood"}))
}

fn documents() -> Request {
    Request::raw("note.fetch", r#"{"limit": 1}"#)
}

/// How many slow calls are done per second if none has to wait for long.
async fn capacity(client: &Client, duration: Duration) -> Result<f64> {
    let begun = Instant::now();
    let calls = stream::repeat(()).take_while(|()| std::future::ready(begun.elapsed() < duration));
    let done = calls.map(|()| client.execute(slow())).buffer_unordered(AT_ONCE);
    let done: Vec<_> = done.collect().await;
    let ok = done.iter().filter(|reply| reply.is_ok()).count();
    ensure!(ok == done.len(), "{} of {} calls failed without a load", done.len() - ok, done.len());
    Ok(count(ok) / begun.elapsed().as_secs_f64())
}

/// Sends requests at this rate, for this time, and waits for all answers.
async fn load(client: &Client, rate: f64, duration: Duration, request: fn() -> Request) -> Vec<Heard> {
    let begun = Instant::now();
    let mut asked = Vec::new();
    for number in 0_u32.. {
        let at = Duration::from_secs_f64(f64::from(number) / rate);
        if at >= duration {
            break;
        }
        tokio::time::sleep_until((begun + at).into()).await;
        let (client, sent) = (client.clone(), Instant::now());
        asked.push(tokio::spawn(async move {
            let code = client.execute(request()).await.err().map(|error| said(&error));
            Heard { asked: sent - begun, took: sent.elapsed(), code }
        }));
    }
    join_all(asked).await.into_iter().filter_map(Result::ok).collect()
}

fn said(error: &ClientError) -> String {
    error.code().map_or_else(|| error.to_string(), |code| code.to_string())
}

/// A thousand notes.
fn notes() -> Vec<Value> {
    let note = |number| json!({"subject": format!("large-{number}"), "text": "x".repeat(100)});
    (0..RECORDS).map(note).collect()
}

/// The memory of the first node now, and at most, in KiB.
fn memory(site: &Site) -> Result<(u64, u64)> {
    let node = site.nodes.first().context("a node")?;
    Ok((usage::resident(node.pid())? >> 10, usage::resident_peak(node.pid())? >> 10))
}

/// How long it takes after a flood until the node does all of half the capacity.
async fn recovery(client: &Client, capacity: f64, duration: Duration) -> Duration {
    load(client, capacity * 3.0, duration, slow).await;
    let after = load(client, capacity / 2.0, RECOVERY_MAX * 2, slow).await;
    let bad = after.iter().filter(|heard| heard.code.is_some() || heard.took > Duration::from_millis(500));
    bad.map(|heard| heard.asked).max().unwrap_or_default()
}

fn figures(what: &str, heard: &[Heard], duration: Duration) -> Figures {
    let overloaded = ErrorCode::Overloaded.as_str();
    let took = |code: Option<&str>| {
        let mut took: Vec<_> =
            heard.iter().filter(|heard| heard.code.as_deref() == code).map(|heard| heard.took).collect();
        took.sort_unstable();
        took
    };
    let (ok, refused) = (took(None), took(Some(overloaded)));
    let mut other: Vec<_> = heard.iter().filter_map(|heard| heard.code.clone()).collect();
    other.retain(|code| code != overloaded);
    other.sort_unstable();
    let other = other.chunk_by(PartialEq::eq).map(|same| format!("{} x {}", same.len(), same[0])).collect();
    // Requests that are done after the end of the load were admitted during it.
    let last = heard.iter().filter(|heard| heard.code.is_none()).map(|heard| heard.asked + heard.took).max();
    let lasted = last.unwrap_or_default().max(duration);
    let at = |took: &[Duration], share: usize| {
        took.get((took.len() * share / 100).min(took.len().saturating_sub(1))).map_or(0, Duration::as_millis)
    };
    Figures {
        what: what.to_owned(),
        asked: heard.len(),
        ok: ok.len(),
        ok_a_second: count(ok.len()) / lasted.as_secs_f64(),
        overloaded: refused.len(),
        other,
        ok_p50_ms: at(&ok, 50),
        ok_p99_ms: at(&ok, 99),
        overloaded_p50_ms: at(&refused, 50),
        overloaded_p99_ms: at(&refused, 99),
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

impl Report {
    /// The machine is shared. So goodput is judged by its ratio, and the time of a refusal by its median.
    fn judge(&self) -> Result<()> {
        let peak = self.phases.iter().take(3).map(|phase| phase.ok_a_second).fold(self.capacity, f64::max);
        for phase in &self.phases[1..3] {
            let ratio = phase.ok_a_second / peak;
            ensure!(ratio >= GOODPUT_MIN, "{}: the goodput is {ratio:.2} of the peak", phase.what);
            ensure!(phase.ok_p99_ms <= ANSWER_MAX.as_millis(), "{}: an answer takes too long", phase.what);
            ensure!(phase.overloaded_p50_ms <= REFUSAL_MAX.as_millis(), "{}: a refusal is late", phase.what);
            ensure!(phase.other.is_empty(), "{}: {:?}", phase.what, phase.other);
        }
        ensure!(self.recovery_ms <= RECOVERY_MAX.as_millis(), "it takes {} ms to recover", self.recovery_ms);
        for phase in self.phases[3..].iter().filter(|phase| !phase.what.ends_with("its own")) {
            ensure!(phase.ok == phase.asked, "{}: {} of {} done", phase.what, phase.ok, phase.asked);
            ensure!(phase.ok_p99_ms <= ANSWER_MAX.as_millis(), "{}: an answer takes too long", phase.what);
        }
        Ok(())
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\ncapacity {:.0} a second; normal again {} ms after a flood",
            self.capacity, self.recovery_ms
        )?;
        writeln!(
            f,
            "{:<32} {:>6} {:>6} {:>6} {:>5} {:>9} {:>9} {:>10} {:>9} {:>9}",
            "", "asked", "ok", "ok/s", "peak", "p50 ms", "p99 ms", "overloaded", "p50 ms", "p99 ms"
        )?;
        for phase in &self.phases {
            writeln!(
                f,
                "{:<32} {:>6} {:>6} {:>6.0} {:>5.2} {:>9} {:>9} {:>10} {:>9} {:>9}  {}",
                phase.what,
                phase.asked,
                phase.ok,
                phase.ok_a_second,
                phase.ok_a_second / self.capacity,
                phase.ok_p50_ms,
                phase.ok_p99_ms,
                phase.overloaded,
                phase.overloaded_p50_ms,
                phase.overloaded_p99_ms,
                phase.other.join(", ")
            )?;
        }
        let Memory { before, after } = &self.memory;
        writeln!(
            f,
            "resident memory in KiB, and its peak: {before:?} before the large creates, {after:?} after"
        )
    }
}
