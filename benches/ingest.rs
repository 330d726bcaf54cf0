//! How many messages per second reach the database: log events and syslog. For comparison, the rate of a program that
//! only writes to the database.
//!
//! `cargo bench --bench ingest -- [MESSAGES]` starts its own servers, and prints a line for each way.

#![allow(missing_docs, reason = "a program")]

use std::{
    io::{BufWriter, Write as _},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use beds_client::{Client, Request};
use beds_devstack::{Node, NodeCommand, Stack, schema};
use futures_util::{StreamExt as _, stream};
use mongodb::{
    Collection,
    bson::{self, Document, doc},
};
use serde_json::json;

/// How many records one message over the bus has, as nodes and listeners send it.
const RECORDS: usize = 200;
/// How long the slowest way may take.
const PATIENCE: Duration = Duration::from_mins(5);

fn main() -> Result<()> {
    let messages = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stack =
        Stack::builder().ignore_environment().rabbitmq().mariadb().mongodb().fast_mongodb().start()?;
    schema::apply(&stack, &root.join("schema"))?;
    let node = NodeCommand::new(Path::new(env!("CARGO_BIN_EXE_beds")))?
        .on(&stack, &root.join("tests/fixtures/beds_test.toml"))?
        .env(&[
            ("BEDS__LOGGING__JOURNALD", "false"),
            ("BEDS__LOGGING__BUS", "false"),
            ("BEDS__NODE__SERVICES", "admin"),
            ("BEDS__SYSLOG__TCP", "127.0.0.1:0"),
            ("BEDS__GRAPH__KEEP_10S_S", "300000000"),
            ("BEDS__GRAPH__KEEP_1M_S", "300000000"),
            ("BEDS__GRAPH__KEEP_1H_S", "300000000"),
        ])
        .start()?;
    tokio::runtime::Runtime::new()?.block_on(run(&stack, &node, messages))
}

async fn run(stack: &Stack, node: &Node, messages: usize) -> Result<()> {
    let database = mongodb::Client::with_uri_str(stack.mongodb_url()).await?.database("logs");
    let (logs, syslog) =
        (database.collection::<Document>("msLogs"), database.collection::<Document>("msSyslog"));
    for size in [1, 100, RECORDS, 1_000] {
        let count = if size == 1 { messages / 20 } else { messages };
        direct(&logs, size, count).await?;
    }
    let client = Client::builder(stack.amqp_url()).user_id("guest").connect().await?;
    by_bus(&client, &logs, 1, messages / 5).await?;
    by_bus(&client, &logs, RECORDS, messages).await?;
    by_tcp(node, &syslog, messages).await?;
    a_day(&client, stack).await
}

/// How long it takes to read a day of a metric of several nodes together.
async fn a_day(client: &Client, stack: &Stack) -> Result<()> {
    let sql = "insert into metric_1m (name, node, at, low, total, high, samples)
               select 'cpu_cores', concat('n', node.seq), '2026-02-01' + interval minute.seq minute, rand(), 6 + rand(), 2 + rand(), 6
                 from seq_0_to_44639 as minute join seq_1_to_5 as node";
    stack.mariadb_query(Some("metrics"), sql)?;
    let day = json!({"name": "cpu_cores", "from": "2026-02-14T00:00:00Z", "to": "2026-02-15T00:00:00Z", "step": 60});
    for name in ["series", "chart"] {
        let mut times = Vec::new();
        for _ in 0..21 {
            let begun = Instant::now();
            client.execute(Request::call("metric", name, &day)).await?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let what = format!("a day of five nodes by metric.call.{name}");
        println!(
            "{what:<56} {:>9.1} ms, the slowest {:.1} ms",
            times[10].as_secs_f64() * 1e3,
            times[20].as_secs_f64() * 1e3
        );
    }
    Ok(())
}

fn tell(what: &str, count: usize, begun: Instant) {
    #[expect(clippy::cast_precision_loss, reason = "a number of messages")]
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    println!("{what:<56} {rate:>9.0} messages a second");
}

/// The rate of a program that only writes to the database: `size` documents in each statement, two statements at a
/// time.
async fn direct(logs: &Collection<Document>, size: usize, count: usize) -> Result<()> {
    let document = |index: usize| {
        doc! {
            "_id": bson::Uuid::new(), "at": bson::DateTime::now(), "node": "bench", "level": "info",
            "target": format!("direct {size}"), "message": format!("message {index} of a program that tells something"),
        }
    };
    let begun = Instant::now();
    let all = (0..count / size).map(|part| {
        let documents: Vec<_> = (part * size..(part + 1) * size).map(document).collect();
        async move { logs.insert_many(documents).await }
    });
    let mut done = stream::iter(all).buffer_unordered(2);
    while let Some(inserted) = done.next().await {
        inserted?;
    }
    tell(&format!("without BEDS, {size} documents a statement"), count, begun);
    Ok(())
}

/// Waits until the collection has this many documents.
async fn there(collection: &Collection<Document>, filter: Document, count: usize) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if collection.count_documents(filter.clone()).await? >= count as u64 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("they are not there after {PATIENCE:?}")
}

async fn by_bus(client: &Client, logs: &Collection<Document>, size: usize, count: usize) -> Result<()> {
    let target = format!("bus {size}");
    let event = |index: usize| {
        json!({
            "at": "2026-03-01T00:00:00Z", "node": "bench", "level": "info", "target": target,
            "message": format!("message {index} of a program that tells something")
        })
    };
    let begun = Instant::now();
    let all = (0..count / size).map(|part| {
        let events: Vec<_> = (part * size..(part + 1) * size).map(event).collect();
        let request = match events.as_slice() {
            [one] => Request::create("logger", one),
            _ => Request::create("logger", &events),
        };
        client.send(request)
    });
    let mut sent = stream::iter(all).buffer_unordered(256);
    while let Some(sent) = sent.next().await {
        sent.context("a message was not taken")?;
    }
    there(logs, doc! { "target": &target }, count).await?;
    tell(&format!("log events over the bus, {size} a message"), count, begun);
    Ok(())
}

async fn by_tcp(node: &Node, syslog: &Collection<Document>, count: usize) -> Result<()> {
    let log = node.log();
    let line = log.lines().find(|line| line.contains("syslog by tcp")).context("the node does not listen")?;
    let address = line.rsplit_once("address=").context("no address")?.1.trim().to_owned();
    let begun = Instant::now();
    let saying = tokio::task::spawn_blocking(move || -> Result<()> {
        let mut tcp = BufWriter::new(TcpStream::connect(address)?);
        for index in 0..count {
            writeln!(
                tcp,
                "<134>1 2026-03-01T00:00:00.123Z web-{} bench {index} ID1 [x@1 a=\"b\"] a request was answered with 200",
                index % 10
            )?;
        }
        Ok(tcp.flush()?)
    });
    saying.await??;
    there(syslog, doc! {}, count).await?;
    tell("syslog by TCP, through the listener and the bus", count, begun);
    Ok(())
}
