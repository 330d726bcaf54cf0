//! The migrations of a plan, each as the job that a DBA starts.

use std::{collections::BTreeMap, time::Duration};

use beds_design::plan::{Migration, Plan};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::old::Records;
use crate::conformance::{Bus, Lost, Told, ok, short};

/// How long a job may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often it is asked for.
const PAUSE: Duration = Duration::from_millis(200);
/// How many rejected records are asked for.
const REJECTS: u64 = 500;

/// Runs the migrations in their order, up to the first that does not carry all records over. `masks` says whether
/// values of samples may stand in messages.
pub(super) async fn run(plan: &Plan, (records, masks): (&Records, bool), bus: &Bus) -> Result<Told, Lost> {
    let mut told = Told::default();
    for migration in &plan.migrations {
        let count = records.get(&migration.from).copied().unwrap_or_default();
        one(migration, (count, masks), bus, &mut told).await?;
        if !told.wrong.is_empty() {
            break;
        }
    }
    Ok(told)
}

async fn one(
    migration: &Migration,
    (count, masks): (u64, bool),
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    let what = format!("{} to {}", migration.from, migration.to);
    let body = migration.body();
    let reply = bus.ask("migration.call.start", &body).await?;
    let Some(id) = ok(&what, &body, &reply, told) else { return Ok(()) };
    let Some(job) = ended(&id, bus).await? else {
        told.wrong(format!("{what}: the job has not ended after {} s", PATIENCE.as_secs()));
        return Ok(());
    };
    rejects((&what, count), &id, masks, bus, told).await?;
    let state = job["state"].as_str().unwrap_or_default();
    if state != "done" {
        let reason = job["last_error"].as_str().unwrap_or_default();
        told.right(format!("{what}: what the job said last: {reason}"));
        let reason = if masks { "" } else { reason };
        told.wrong(format!("{what}: the job is {state}: {reason}").trim_end_matches(": "));
    }
    if !told.wrong.is_empty() {
        return Ok(());
    }
    let result = &job["result"];
    if result["equal"] != json!(true) || result["target"]["count"] != json!(count) {
        told.wrong(format!("{what}: of {count} old records, the job compared {}", short(result)));
        return Ok(());
    }
    told.right(format!("{what}: {count} records came over, and both sides are the same"));
    Ok(())
}

/// The job when it has ended, or when it waits for somebody.
async fn ended(id: &Value, bus: &Bus) -> Result<Option<Value>, Lost> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let reply = bus.ask("job.fetch", &json!({ "key": id })).await?;
        let job = &reply["data"];
        let is_ended = job["state"].as_str().is_some_and(|state| !matches!(state, "queued" | "running"));
        if is_ended {
            return Ok(Some(job.clone()));
        }
        sleep(PAUSE).await;
    }
    Ok(None)
}

/// Tells why records were rejected. The reasons for an invalid field quote only the template. Those of a database may
/// quote the record, so they are for people only if the record may be one of a sample.
async fn rejects(
    (what, count): (&str, u64),
    id: &Value,
    masks: bool,
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    let body = json!({ "where": { "job": id }, "limit": REJECTS });
    let reply = bus.ask("job_reject.fetch", &body).await?;
    let (mut wrong, mut whole) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, u64>::new());
    for reject in reply["data"].as_array().into_iter().flatten() {
        let part = |name: &str| reject[name].as_str().unwrap_or_default();
        let reason = format!("{}: {}", part("code"), part("reason"));
        let may_quote = masks && part("code") != "validation_failed";
        *wrong.entry(if may_quote { part("code").to_owned() } else { reason.clone() }).or_default() += 1;
        if may_quote {
            *whole.entry(reason).or_default() += 1;
        }
    }
    // More than the first records were rejected, and these are not counted.
    let least = if reply["next"].is_null() { "" } else { "at least " };
    for (reason, number) in wrong {
        told.wrong(format!("{what}: {least}{number} of {count} records are rejected: {reason}"));
    }
    for (reason, number) in whole {
        told.right(format!("{what}: {least}{number} records are rejected: {reason}"));
    }
    Ok(())
}
