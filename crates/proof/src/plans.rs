//! How a server answers each declared filter and sort among many records: it must use an index, and examine few
//! records. The judged statement is the one that the node sends, from the server's log.

use std::time::{Duration, Instant};

use beds_codegen::model::{Field, Type};
use beds_protocol::Engine;
use serde_json::{Value, json};

use crate::{
    conformance::{Bus, Lost, Told, ok},
    fill::{self, FIRST, extended},
    hand::Hand,
    scratch::Scratch,
    value::Extreme,
    world::{Keys, Kind, World},
};

/// How long an answer may take, from request to reply, on a node in a debug build.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// How often a request is sent whose answer takes longer.
const TRIES: u32 = 5;
/// How many records may be examined for each record in the reply.
const LOOKED_AT_EACH: u64 = 20;
/// How many records may be examined in any case.
const LOOKED_AT_FREE: u64 = 1_000;

/// Lets a server log the statements that it runs from now on. Statements that a connection has prepared before are
/// logged without their values, so the log begins before the node does.
pub(crate) async fn listen(engine: Engine, hand: &mut Hand, on: bool) -> Result<(), String> {
    if engine == Engine::MongoDb {
        return Ok(());
    }
    hand.run("set global log_output = 'TABLE'").await?;
    hand.run(if on { "set global general_log = 1" } else { "set global general_log = 0" }).await
}

/// Fills the database, and tries each filter and sort.
pub(crate) async fn ask(
    world: &World<'_>,
    (scratch, records): (&Scratch, u64),
    bus: &Bus,
    hand: &mut Hand,
) -> Result<Told, Lost> {
    let mut told = Told::default();
    let mut keys = Keys::new();
    for kind in &world.kinds {
        // Records of other proofs would be in the way.
        empty(world, kind, hand).await;
    }
    for kind in &world.kinds {
        let count = fill::fill(world, kind, (records, &mut keys), hand, &mut told).await;
        if !told.wrong.is_empty() {
            return Ok(told);
        }
        if world.model.engine == Engine::MariaDb {
            // The server updates its statistics only some time later. With old statistics it chooses as for an empty
            // table.
            let counted = hand.run(&format!("analyze table `{}`", kind.name())).await;
            if let Err(reason) = counted {
                told.wrong(format!("{}: the server does not count its records: {reason}", kind.name()));
            }
        }
        let reach = world.reach(kind, "fetch");
        if !kind.domain.offered().read || !reach.is_granted {
            continue;
        }
        let fields = |list: &[usize]| -> Vec<&Field> {
            let fields = list.iter().filter_map(|index| kind.domain.fields.get(*index));
            fields.filter(|field| !reach.hidden.contains(&field.name)).collect()
        };
        let middle = fill::record(world, kind, FIRST + count / 2, &keys).unwrap_or_default();
        for field in fields(&kind.domain.fetch.filter) {
            let value = match middle.get(&field.name) {
                Some(Value::Null) | None => {
                    world.value(kind, field, (FIRST + count / 2 + 1, Extreme::Some), &keys)
                }
                Some(value) => Ok(value.clone()),
            };
            let Ok(value) = value else { continue };
            let body = json!({ "where": { &field.name: value } });
            let what = format!("{}: the filter {}", kind.name(), field.name);
            one(kind, (field, &what, &body), (scratch, bus, &mut *hand), &mut told).await?;
        }
        for field in fields(&kind.domain.fetch.sort) {
            for order in ["", "-"] {
                let body = json!({ "sort": [format!("{order}{}", field.name)] });
                let what = format!("{}: the order {order}{}", kind.name(), field.name);
                one(kind, (field, &what, &body), (scratch, bus, &mut *hand), &mut told).await?;
            }
        }
    }
    Ok(told)
}

async fn empty(world: &World<'_>, kind: &Kind<'_>, hand: &mut Hand) {
    // Records that remain show later, when new ones are refused.
    let _ = match world.model.engine {
        Engine::MariaDb => {
            let _ = hand.run("set foreign_key_checks = 0").await;
            let emptied = hand.run(&format!("delete from `{}`", kind.name())).await;
            let _ = hand.run("set foreign_key_checks = 1").await;
            emptied
        }
        Engine::MongoDb => {
            hand.run(&json!({ "delete": kind.name(), "deletes": [{ "q": {}, "limit": 0 }] }).to_string())
                .await
        }
    };
}

/// Sends one request, and judges how it was answered.
async fn one(
    kind: &Kind<'_>,
    (field, what, body): (&Field, &str, &Value),
    (scratch, bus, hand): (&Scratch, &Bus, &mut Hand),
    told: &mut Told,
) -> Result<(), Lost> {
    let key = format!("{}.fetch", kind.name());
    if let Hand::MariaDb(dba) = &mut *hand
        && let Err(reason) = dba.run("truncate table mysql.general_log").await
    {
        told.wrong(format!("{what}: the scratch server does not show its log: {reason}"));
        return Ok(());
    }
    let (mut reply, mut took) = timed(bus, &key, body).await?;
    // A machine that is busy elsewhere is slow once. A statement without an index is slow each time.
    for _ in 1..TRIES {
        if took <= ANSWER_MAX {
            break;
        }
        (reply, took) = timed(bus, &key, body).await?;
    }
    let Some(data) = ok(&key, body, &reply, told) else { return Ok(()) };
    if took > ANSWER_MAX {
        told.wrong(format!("{what}: the answer takes {} ms", took.as_millis()));
    }
    let shown = data.as_array().map_or(0, Vec::len) as u64 + 1;
    let judged = match hand {
        Hand::MariaDb(dba) => on_mariadb(kind, scratch, dba).await,
        Hand::MongoDb(dba) => on_mongodb(kind, field, body, dba).await,
    };
    match judged {
        Err(reason) => told.wrong(format!("{what}: {reason}")),
        Ok(Seen { index: Some(index), looked_at })
            if looked_at <= LOOKED_AT_FREE + LOOKED_AT_EACH * shown =>
        {
            told.right(format!("{what}: by {index}, {looked_at} records looked at, {} ms", took.as_millis()));
        }
        // MariaDB orders an enum by its numbers, and nodes order it by its texts. The report lists this among the
        // points to check twice.
        Ok(Seen { looked_at, .. }) if matches!(field.ty, Type::Enum { .. }) => {
            let took = took.as_millis();
            told.right(format!(
                "{what}: without an index, as enums are; {looked_at} records looked at, {took} ms"
            ));
        }
        Ok(Seen { index, looked_at }) => {
            let by = index.unwrap_or_else(|| "no index".to_owned());
            told.wrong(format!("{what}: by {by}, {looked_at} records looked at to show {}", shown - 1));
        }
    }
    Ok(())
}

/// The reply to a request, and how long it took.
async fn timed(bus: &Bus, key: &str, body: &Value) -> Result<(Value, Duration), Lost> {
    let begun = Instant::now();
    let reply = bus.ask(key, body).await?;
    Ok((reply, begun.elapsed()))
}

/// How a request was answered.
struct Seen {
    index: Option<String>,
    looked_at: u64,
}

async fn on_mariadb(kind: &Kind<'_>, scratch: &Scratch, dba: &mut beds_mariadb::Dba) -> Result<Seen, String> {
    let view = kind.domain.relation().map_or("", |relation| relation.name.as_str());
    let rows = dba
        .rows(&format!(
            "select convert(argument using utf8mb4) from mysql.general_log where command_type = 'Execute' \
             and user_host like '{}%' and argument like 'select %from `{view}`%'",
            scratch.name
        ))
        .await?;
    let statement = rows.into_iter().next_back().and_then(|row| row.into_iter().next().flatten());
    let statement = statement.ok_or("the log of the server does not have its statement")?;
    let rows = dba.rows(&format!("analyze format=json {statement}")).await?;
    let text = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()).unwrap_or_default();
    // MariaDB escapes quotes in constants differently from JSON.
    let plan: Result<Value, _> =
        serde_json::from_str(&text).or_else(|_| serde_json::from_str(&text.replace("\\'", "'")));
    let plan = plan.map_err(|error| format!("what the server explains cannot be read: {error}"))?;
    let mut seen = Seen { index: None, looked_at: 0 };
    let mut is_whole = false;
    tables(&plan, &mut |table| {
        let number = |name: &str| table[name].as_f64().unwrap_or_default();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of records")]
        let rows = (number("r_rows") * number("r_loops").max(1.0)) as u64;
        seen.looked_at += rows;
        is_whole |= table["access_type"] == "ALL";
        if let Some(key) = table["key"].as_str() {
            seen.index = Some(format!("the index {key}"));
        }
    });
    if is_whole {
        seen.index = None;
    }
    Ok(seen)
}

/// The tables of a plan, at any depth.
fn tables(plan: &Value, found: &mut dyn FnMut(&Value)) {
    match plan {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "table" {
                    found(value);
                }
                tables(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| tables(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn on_mongodb(
    kind: &Kind<'_>,
    field: &Field,
    body: &Value,
    dba: &mut beds_mongodb::Dba,
) -> Result<Seen, String> {
    let mut find = json!({ "find": kind.name(), "limit": kind.domain.fetch.limit_default + 1 });
    if let Some(value) = body["where"].get(&field.name) {
        find["filter"] = json!({ &field.column: extended(&field.ty, value) });
        find["sort"] = json!({ "_id": 1 });
    } else {
        let order = if body["sort"][0].as_str().is_some_and(|order| order.starts_with('-')) { -1 } else { 1 };
        find["sort"] = json!({ &field.column: order, "_id": order });
    }
    let explain = json!({ "explain": find, "verbosity": "executionStats" });
    if let Ok(plan) = dba.run(&explain.to_string()).await {
        let number = |value: &Value| value.as_u64().or_else(|| value["$numberLong"].as_str()?.parse().ok());
        let examined = number(&plan["executionStats"]["totalDocsExamined"]);
        let winning = plan["queryPlanner"]["winningPlan"].to_string();
        if let (Some(looked_at), true) = (examined, winning.contains("SCAN")) {
            let index = winning.contains("IXSCAN").then(|| "an index".to_owned());
            return Ok(Seen { index, looked_at });
        }
    }
    // If a server cannot explain the statement, its indexes are listed instead.
    let reply = dba.run(&json!({ "listIndexes": kind.name() }).to_string()).await?;
    let indexes = reply["cursor"]["firstBatch"].as_array().cloned().unwrap_or_default();
    let begins = |index: &&Value| {
        index["key"].as_object().and_then(|key| key.keys().next()).is_some_and(|first| *first == field.column)
    };
    let name = indexes.iter().find(begins).and_then(|index| index["name"].as_str());
    let index = name.map(|name| format!("the index {name}, which is there; the server explains nothing"));
    Ok(Seen { index, looked_at: 0 })
}
