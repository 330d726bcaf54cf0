//! Copies between engines, with conversions, while nodes die.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    common::{blocking, eventually},
    site::{Guest, in_milliseconds, own, shared},
};

/// The map for each field of `sample_document`, with one conversion of each kind.
fn map() -> Value {
    json!({
        "id": "id",
        "code": {"from": "code", "case": "upper"},
        "series": "series",
        "status": {"from": "status", "enum": {"draft": "closed", "active": "draft", "closed": "active"}},
        "flag": "flag",
        "number": {"from": "moment", "date": "hour"},
        "stock": "stock",
        "ratio": "number",
        "amount": "amount",
        "rating": {"const": "7.5"},
        "name": {"from": "name", "split": " ", "part": -1},
        "note": {"join": ["name", "day", "number"], "with": "|"},
        "content": "content",
        "reference": "reference",
        "day": {"from": "moment", "date": "date"},
        "hour": "hour",
        "moment": "moment",
        "extra": {"from": "extra"},
        "tags": {"from": "name", "split": "-"},
        "place": "place",
        "created_at": "created_at",
    })
}

/// The expected result of the map for a record, computed separately.
fn mapped(record: &Value) -> Value {
    let mut to = in_milliseconds(record);
    let text = |field: &str| record[field].as_str().unwrap().to_owned();
    to["code"] = text("code").to_uppercase().into();
    to["status"] = match record["status"].as_str().unwrap() {
        "draft" => "closed",
        "active" => "draft",
        _ => "active",
    }
    .into();
    to["number"] = text("moment")[11..13].parse::<i64>().unwrap().into();
    to["ratio"] = record["number"].as_f64().unwrap().into();
    to["rating"] = "7.5".into();
    to["name"] = text("name").rsplit(' ').next().unwrap().into();
    to["note"] = format!("{}|{}|{}", text("name"), text("day"), record["number"]).into();
    to["day"] = text("moment")[..10].into();
    to["tags"] = text("name").split('-').collect::<Vec<_>>().into();
    to["revision"] = 1.into();
    to
}

/// Compares all records, as a client reads them.
async fn assert_copied(guest: &Guest<'_>, series: &str, count: usize) {
    let from = guest.all("sample_row", series).await;
    let to = guest.all("sample_document", series).await;
    assert_eq!((from.len(), to.len()), (count, count));
    for (code, record) in &from {
        let expected = mapped(record);
        let mut found = to[&code.to_uppercase()].clone();
        // A double is shown as a number in any form.
        found["ratio"] = found["ratio"].as_f64().unwrap().into();
        assert_eq!(found, expected, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_copied_with_conversions_while_the_working_node_is_killed_again_and_again() {
    let records = records().unwrap_or(1_200);
    let kills = variable("BEDS_JOBS_KILLS").unwrap_or(4);
    let guest = own(2, &[]).await;
    let series = guest.samples(records);
    let begun = Instant::now();
    let id = guest
        .start(
            json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "map": map()}),
        )
        .await;
    let limit = Duration::from_secs(120 + u64::from(records) / 30);
    let (site, mut killed, mut memory) = (guest.site, 0, 0);
    for number in 1..=kills {
        // At places all over the work. Each record is processed twice: copied and compared.
        let due = u64::from(number) * 2 * u64::from(records) / (u64::from(kills) + 1);
        let job = loop {
            let job = guest.job(&id).await;
            assert!(begun.elapsed() < limit, "{job:#}");
            if job["done"].as_u64() >= Some(due) && (job["state"] != "running" || job["node"].is_string()) {
                break job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        if job["state"] != "running" {
            break;
        }
        let working: usize = job["node"].as_str().unwrap().trim_start_matches("worker-").parse().unwrap();
        let node = &site.nodes[working];
        memory = memory.max(resident(node.pid()));
        blocking(move || {
            node.kill();
            node.restart().unwrap();
        })
        .await;
        killed += 1;
    }
    let done = loop {
        let job = guest.job(&id).await;
        if job["state"] != "running" && job["state"] != "queued" {
            break job;
        }
        assert!(begun.elapsed() < limit, "{job:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let took = begun.elapsed();
    assert_eq!(done["state"], "done", "{done:#}");
    assert_eq!(killed, kills, "each kill met a job at work");
    let result = &done["result"];
    let counts = &result["counts"];
    assert_eq!(counts["read"], records, "{result:#}");
    assert_eq!(
        counts["created"].as_u64().unwrap() + counts["same"].as_u64().unwrap(),
        u64::from(records),
        "{result:#}"
    );
    assert_eq!((&result["equal"], &result["source"]), (&json!(true), &result["target"]), "{result:#}");
    assert_eq!(result["source"]["count"], records);
    assert_eq!(guest.count("sample_document", &series).await, u64::from(records), "none is there twice");
    println!(
        "{records} records, {kills} kills, {:.0} s, {:.0} records a second copied and compared, {} MiB at most; {counts}",
        took.as_secs_f64(),
        f64::from(records) / took.as_secs_f64(),
        memory / 1024
    );
    if records <= 20_000 {
        assert_copied(&guest, &series, records as usize).await;
    }
}

/// How many records to copy in a large run: `BEDS_JOBS_RECORDS=1000000 BEDS_JOBS_KILLS=20`.
pub(crate) fn records() -> Option<u32> {
    variable("BEDS_JOBS_RECORDS")
}

fn variable(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

/// The resident memory of a process, in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_skipped_replaced_or_ends_the_job() {
    let guest = shared().await;
    let series = guest.samples(250);
    let args = |on_conflict: &str| json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "on_conflict": on_conflict});
    // Without a map, all fields of the same name are copied, including the times of creation.
    let first = guest.start(args("fail")).await;
    let done = guest.until_state(&first, "done").await;
    assert_eq!(done["result"]["counts"]["created"], 250, "{done:#}");
    let (from, to) = (guest.all("sample_row", &series).await, guest.all("sample_document", &series).await);
    for (code, record) in &from {
        let mut found = to[code].clone();
        found["ratio"] = found["ratio"].as_f64().unwrap().into();
        let mut expected = in_milliseconds(record);
        expected["ratio"] = expected["ratio"].as_f64().unwrap().into();
        assert_eq!(found, expected, "{code}");
    }
    guest
        .site
        .stack
        .mariadb_query(
            Some("catalog"),
            &format!("update sample set name = 'other', revision = 2 where series = '{series}' and number in (3, 77, 200)"),
        )
        .unwrap();

    let failed = guest.start(args("fail")).await;
    let failed = guest.until(&failed, "it fails", |job| job["state"] == "failed").await;
    let error = failed["last_error"].as_str().unwrap();
    assert!(error.contains("already has this record, with another `name`"), "{error}");
    assert_eq!((&failed["result"]["equal"], &failed["result"]["source"]), (&Value::Null, &Value::Null));

    let skipped = guest.start(args("skip")).await;
    let skipped = guest.until_state(&skipped, "done").await;
    let counts = &skipped["result"]["counts"];
    assert_eq!((&counts["same"], &counts["skipped"]), (&json!(247), &json!(3)), "{skipped:#}");
    assert_eq!(
        (&skipped["result"]["equal"], &skipped["result"]["target"]["count"]),
        (&json!(true), &json!(247))
    );

    let dry = guest.start({
        let mut args = args("replace");
        args["dry_run"] = true.into();
        args
    });
    let dry = guest.until_state(&dry.await, "done").await;
    assert_eq!(dry["result"]["counts"]["replaced"], 3, "{dry:#}");
    assert_eq!(dry["result"]["equal"], Value::Null, "nothing is proved of what was not done");
    let replaced = guest.start(args("replace")).await;
    let replaced = guest.until_state(&replaced, "done").await;
    let counts = &replaced["result"]["counts"];
    assert_eq!((&counts["same"], &counts["replaced"]), (&json!(247), &json!(3)), "{replaced:#}");
    let to = guest.all("sample_document", &series).await;
    assert_eq!(to.values().filter(|record| record["name"] == "other").count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_another_template_is_looked_up() {
    let guest = shared().await;
    let (series, others) = (guest.samples(120), guest.samples(100));
    // Most names are codes of other records.
    let sql = format!("update sample set name = concat('{others}-', number) where series = '{series}'");
    guest.site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    let args = |other: Value| {
        let mut look_up = json!({"from": "name", "lookup": "sample_row", "by": "code", "give": "amount"});
        if !other.is_null() {
            look_up["else"] = other;
        }
        json!({
            "from": "sample_row", "to": "sample_document", "where": {"series": series},
            "map": {"id": "id", "code": "code", "series": "series", "amount": look_up},
        })
    };
    let id = guest.start(args(Value::Null)).await;
    let done = guest.until_state(&id, "done").await;
    let counts = &done["result"]["counts"];
    assert_eq!((&counts["created"], &counts["rejected"]), (&json!(100), &json!(20)), "{done:#}");
    let reason = guest.rejects(&id).await[0]["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason, "`amount` cannot be looked up: `sample_row` has no such record");
    let (from, to) = (guest.all("sample_row", &others).await, guest.all("sample_document", &series).await);
    for record in to.values() {
        let number = record["code"].as_str().unwrap().rsplit('-').next().unwrap();
        assert_eq!(record["amount"], from[&format!("{others}-{number}")]["amount"], "{record}");
    }
    let id = guest.start(args(json!("0.5"))).await;
    let done = guest.until_state(&id, "done").await;
    assert_eq!(done["result"]["counts"]["created"], 20, "{done:#}");
    assert_eq!(guest.count("sample_document", &series).await, 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_waits_while_a_database_is_away() {
    let guest = own(1, &[]).await;
    let series = guest.samples(600);
    let id = guest
        .start(
            json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "chunk": 25}),
        )
        .await;
    guest.until(&id, "some are done", |job| job["done"].as_u64() > Some(100)).await;
    let site = guest.site;
    blocking(|| site.stack.mongodb().kill().unwrap()).await;
    let waits = guest.until(&id, "it says for what", |job| job["last_error"].is_string()).await;
    assert_eq!(waits["state"], "running", "{waits:#}");
    blocking(|| {
        site.stack.mongodb().start().unwrap();
        eventually("it is there", || site.stack.mongodb().is_running());
    })
    .await;
    let done = guest.until_state(&id, "done").await;
    assert_eq!((&done["result"]["equal"], &done["last_error"]), (&json!(true), &Value::Null), "{done:#}");
    assert_eq!(guest.count("sample_document", &series).await, 600);
}
