//! The requests that the demo shows. The expected replies are computed from the files that were loaded.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use beds_client::protocol::ErrorCode;
use serde_json::Value;

use super::data::{Catalog, Record, text};
use super::guide::{Exhibit, Guide, is, list, refused};

/// Shows everything. An error means that it is pointless to continue. The guide remembers other failures.
pub(super) async fn run(guide: &mut Guide, catalog: &Catalog) -> Result<()> {
    describe(guide).await?;
    let norway = one_record(guide, catalog).await?;
    pages(guide, catalog).await?;
    numbers(guide, catalog).await?;
    calls(guide, catalog).await?;
    optimistic_locking(guide, norway).await?;
    signalled(guide).await?;
    notes(guide).await?;
    once(guide).await?;
    in_bulk(guide).await?;
    batches(guide, catalog).await?;
    logs(guide).await?;
    mistakes(guide).await
}

async fn describe(guide: &mut Guide) -> Result<()> {
    let exhibit = Exhibit::read("What a domain offers (in short)", "country.describe", "{}");
    guide
        .ask_in_short(exhibit, outline, |reply| {
            is(reply, "/data/template", "country")?;
            is(reply, "/data/key", vec!["alpha_2"])?;
            for operation in ["fetch", "create", "update", "delete", "call.summary"] {
                let operations = list(reply, "/data/operations")?;
                ensure!(operations.contains(&operation.into()), "`{operation}` is missing");
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// The content of a description, without the details of the fields and calls.
fn outline(reply: &Value) -> String {
    let part = |name: &str| reply.pointer(&format!("/data/{name}")).unwrap_or(&Value::Null);
    let fields = part("fields").as_object().into_iter().flatten();
    let fields: serde_json::Map<String, Value> =
        fields.map(|(name, field)| (name.clone(), field["type"].clone())).collect();
    format!(
        r#"{{"template": {}, "operations": {}, "key": {}, "fields": {}, "fetch": {}}}"#,
        part("template"),
        part("operations"),
        part("key"),
        Value::Object(fields),
        part("fetch"),
    )
}

/// Returns the record's version.
async fn one_record(guide: &mut Guide, catalog: &Catalog) -> Result<i64> {
    let expected = catalog.records("country").find(|record| text(record, "alpha_2") == "NO");
    let expected = expected.context("the file has no Norway")?;
    let exhibit =
        Exhibit::read("One record by its key (MariaDB, a view)", "country.fetch", r#"{"key": "NO"}"#);
    let reply = guide
        .ask(exhibit, |reply| {
            for (name, value) in expected {
                is(reply, &format!("/data/{name}"), value.clone())?;
            }
            Ok(())
        })
        .await?;
    reply.pointer("/data/revision").and_then(Value::as_i64).context("the reply has no revision")
}

/// Reads all pages, and shows the first two.
async fn pages(guide: &mut Guide, catalog: &Catalog) -> Result<()> {
    let selects = |record: &Record| {
        text(record, "name").to_lowercase().starts_with("old ") && ["H", "E"].contains(&text(record, "type"))
    };
    let expected = catalog.keys("language", "alpha_3", selects);
    let query = |rest: &str| {
        format!(
            r#"{{"where": {{"name": {{"prefix": "Old "}}, "type": {{"in": ["H", "E"]}}}},
                "sort": ["-name"], "fields": ["alpha_3", "name"], {rest}}}"#
        )
    };
    let exhibit = Exhibit::read(
        "Many: filter, order, count, the first page",
        "language.fetch",
        query(r#""limit": 20, "count": true"#),
    );
    let first = guide
        .ask(exhibit, |reply| {
            is(reply, "/count", expected.len())?;
            ensure!(list(reply, "/data")?.len() == expected.len().min(20), "the page is not full");
            Ok(())
        })
        .await?;
    let mut found = Vec::new();
    collect(&first, &mut found)?;
    let next = first.pointer("/next").cloned().context("the first page has no cursor")?;
    let rest = format!(r#""limit": 500, "after": {next}"#);
    let exhibit =
        Exhibit::read("…and the rest, after the cursor of that page", "language.fetch", query(&rest));
    guide
        .ask(exhibit, |reply| {
            collect(reply, &mut found)?;
            let distinct: HashSet<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
            ensure!(found.len() == expected.len(), "{} of {} were found", found.len(), expected.len());
            ensure!(distinct == expected, "the pages are not what the file has");
            ensure!(reply.pointer("/next").is_none(), "there is more after the last page");
            Ok(())
        })
        .await?;
    Ok(())
}

fn collect(reply: &Value, found: &mut Vec<(String, String)>) -> Result<()> {
    for record in list(reply, "/data")? {
        let member = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        found.push(member("alpha_3").zip(member("name")).context("a record lacks its fields")?);
    }
    Ok(())
}

async fn numbers(guide: &mut Guide, catalog: &Catalog) -> Result<()> {
    let expected = catalog.keys("language", "alpha_3", |record| text(record, "type") == "E").len();
    let exhibit =
        Exhibit::read("How many: extinct languages", "language.count", r#"{"where": {"type": "E"}}"#);
    guide.ask(exhibit, |reply| is(reply, "/count", expected)).await?;
    Ok(())
}

async fn calls(guide: &mut Guide, catalog: &Catalog) -> Result<()> {
    let of = |country: &'static str| {
        catalog.keys("subdivision", "code", |record| text(record, "country") == country)
    };
    let exhibit = Exhibit::read(
        "A procedure: an OUT parameter and two result sets",
        "country.call.summary",
        r#"{"args": {"alpha_2": "FR"}}"#,
    );
    guide
        .ask(exhibit, |reply| {
            is(reply, "/out/subdivision_count", of("FR").len())?;
            is(reply, "/sets/0/0/alpha_2", "FR")?;
            let types = list(reply, "/sets/1")?;
            let sum: u64 = types.iter().filter_map(|row| row.get("subdivisions")?.as_u64()).sum();
            ensure!(sum == of("FR").len() as u64, "the second set sums up to {sum}");
            Ok(())
        })
        .await?;
    let exhibit =
        Exhibit::read("A function", "country.call.subdivision_count", r#"{"args": {"alpha_2": "DE"}}"#);
    guide.ask(exhibit, |reply| is(reply, "/data", of("DE").len())).await?;
    Ok(())
}

async fn optimistic_locking(guide: &mut Guide, version: i64) -> Result<()> {
    let body = format!(r#"{{"key": "NO", "data": {{"common_name": "Norge"}}, "if_version": {version}}}"#);
    let exhibit =
        Exhibit::write("An update, while the record is at this version", "country.update", body.clone());
    guide.ask(exhibit, |reply| is(reply, "/data/revision", version + 1)).await?;
    let exhibit = Exhibit::write("The same again: somebody was faster", "country.update", body);
    guide.ask(exhibit, |reply| refused(reply, ErrorCode::VersionMismatch)).await?;
    Ok(())
}

async fn signalled(guide: &mut Guide) -> Result<()> {
    let exhibit = Exhibit::write(
        "What the DBA's procedure refuses, in the procedure's words",
        "country.delete",
        r#"{"key": "NO"}"#,
    );
    guide
        .ask(exhibit, |reply| {
            refused(reply, ErrorCode::RejectedByDatabase)?;
            is(reply, "/error/sqlstate", "45000")
        })
        .await?;
    Ok(())
}

async fn notes(guide: &mut Guide) -> Result<()> {
    let mut events = guide.listen("note.*").await?;
    let exhibit = Exhibit::write(
        "MongoDB, by the same operations: create",
        "note.create",
        r#"{"data": {"subject": "Fjords", "country": "NO", "tags": ["travel", "water"], "rating": "9.5",
                     "author": {"name": "Anna"}}}"#,
    );
    let created = guide
        .ask(exhibit, |reply| {
            is(reply, "/data/rating", "9.5")?;
            is(reply, "/data/revision", 1)
        })
        .await?;
    let id = created.pointer("/data/id").cloned().context("the note has no id")?;
    let exhibit = Exhibit::read(
        "…fetch, by filter",
        "note.fetch",
        r#"{"where": {"country": "NO", "rating": {"gte": "9"}}, "sort": ["-created_at"]}"#,
    );
    guide
        .ask(exhibit, |reply| {
            is(reply, "/data/0/id", id.clone())?;
            is(reply, "/data/0/author/name", "Anna")
        })
        .await?;
    let body = format!(r#"{{"key": {id}, "data": {{"rating": "10.0", "tags": null}}, "if_version": 1}}"#);
    let exhibit = Exhibit::write("…update", "note.update", body);
    guide.ask(exhibit, |reply| is(reply, "/data/revision", 2)).await?;
    let exhibit = Exhibit::write("…delete", "note.delete", format!(r#"{{"key": {id}}}"#));
    guide.ask(exhibit, |reply| is(reply, "/data/id", id.clone())).await?;
    let exhibit = Exhibit::read("…and it is gone", "note.fetch", format!(r#"{{"key": {id}}}"#));
    guide.ask(exhibit, |reply| refused(reply, ErrorCode::NotFound)).await?;
    let title = "…and who listens to `note.*` on the exchange `beds.events` has heard of it";
    guide.hear(title, &mut events, &["create", "update", "delete"], &id).await
}

/// A write that is sent twice, as after a lost reply.
async fn once(guide: &mut Guide) -> Result<()> {
    let body = r#"{"data": {"subject": "Once", "country": "NO"}}"#;
    let id = uuid::Uuid::new_v4();
    let title = format!("A write with a message_id: {id}");
    let first =
        guide.ask(Exhibit::write(&title, "note.create", body).id(id), |reply| is(reply, "/ok", true)).await?;
    let title = "…and the same once more, as after a lost reply: it gets the reply of the first";
    guide
        .ask(Exhibit::write(title, "note.create", body).id(id), |reply| {
            ensure!(*reply == first, "it is another reply");
            Ok(())
        })
        .await?;
    let exhibit = Exhibit::read("…and was done once", "note.count", r#"{"where": {"subject": "Once"}}"#);
    guide.ask(exhibit, |reply| is(reply, "/count", 1)).await?;
    Ok(())
}

/// Upserts, and writes of all records that a filter matches.
async fn in_bulk(guide: &mut Guide) -> Result<()> {
    let body = |name: &str| {
        format!(
            r#"{{"data": [{{"alpha_3": "XDA", "numeric": "001", "name": "{name} A"}},
                      {{"alpha_3": "XDB", "numeric": "002", "name": "{name} B"}}]}}"#
        )
    };
    let title = "An upsert: the records are new, so they are created";
    let exhibit = Exhibit::write(title, "currency.upsert", body("Demo"));
    guide.ask(exhibit, |reply| is(reply, "/data/1/revision", 1)).await?;
    let title = "…and now they are there, so they are changed";
    let exhibit = Exhibit::write(title, "currency.upsert", body("Demonstration"));
    guide.ask(exhibit, |reply| is(reply, "/data/1/revision", 2)).await?;
    let filter = r#""where": {"name": {"prefix": "Demonstration "}}"#;
    let title = "A write by filter, tried first: how many records would be deleted";
    let exhibit = Exhibit::write(title, "currency.delete", format!(r#"{{{filter}, "dry_run": true}}"#));
    guide.ask(exhibit, |reply| is(reply, "/count", 2)).await?;
    let exhibit = Exhibit::write("…and done, in one transaction", "currency.delete", format!("{{{filter}}}"));
    guide.ask(exhibit, |reply| is(reply, "/count", 2)).await?;
    let exhibit = Exhibit::read("…so that none is left", "currency.count", format!("{{{filter}}}"));
    guide.ask(exhibit, |reply| is(reply, "/count", 0)).await?;
    Ok(())
}

async fn batches(guide: &mut Guide, catalog: &Catalog) -> Result<()> {
    let exhibit = Exhibit::read(
        "Many requests in one message, of any template of the service",
        "app_server.batch.read",
        r#"{"items": [{"template": "country", "op": "fetch", "body": {"key": "SE"}},
                      {"template": "note", "op": "count", "body": {}},
                      {"template": "country", "op": "fetch", "body": {"key": "XX"}}]}"#,
    );
    let sweden = catalog.records("country").find(|record| text(record, "alpha_2") == "SE");
    let sweden = text(sweden.context("the file has no Sweden")?, "name");
    guide
        .ask(exhibit, |reply| {
            is(reply, "/items/0/data/name", sweden)?;
            ensure!(reply.pointer("/items/1/count").is_some_and(Value::is_u64), "nothing is counted");
            is(reply, "/items/2/error/code", "not_found")
        })
        .await?;
    let exhibit = Exhibit::write(
        "All or none: the second item fails, so the first is taken back",
        "app_server.batch.write",
        r#"{"mode": "atomic",
            "items": [{"template": "country", "op": "update", "body": {"key": "SE", "data": {"common_name": "Sverige"}}},
                      {"template": "country", "op": "delete", "body": {"key": "NO"}}]}"#,
    );
    guide
        .ask(exhibit, |reply| {
            refused(reply, ErrorCode::RejectedByDatabase)?;
            let message = reply.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
            ensure!(message.starts_with("items[1]: "), "the item is not named: {message}");
            Ok(())
        })
        .await?;
    Ok(())
}

async fn logs(guide: &mut Guide) -> Result<()> {
    let exhibit = Exhibit::read(
        "The node's own log events, from MongoDB",
        "logger.fetch",
        r#"{"where": {"level": "info"}, "sort": ["-at"], "limit": 5, "fields": ["at", "level", "message"]}"#,
    );
    guide
        .ask_until(exhibit, |reply| {
            let events = list(reply, "/data")?;
            let is_ready = |event: &Value| event.get("message") == Some(&"ready".into());
            ensure!(events.iter().any(is_ready), "there is no event `ready`");
            Ok(())
        })
        .await
}

async fn mistakes(guide: &mut Guide) -> Result<()> {
    let exhibit = Exhibit::write(
        "A mistake, or two: told all at once, before any database is touched",
        "note.create",
        r#"{"data": {"subject": "x", "contry": "NO", "rating": "11"}}"#,
    );
    guide
        .ask(exhibit, |reply| {
            refused(reply, ErrorCode::ValidationFailed)?;
            let details = list(reply, "/error/details")?.iter();
            let fields: HashSet<_> = details.filter_map(|detail| detail.get("field")?.as_str()).collect();
            ensure!(fields == HashSet::from(["contry", "rating"]), "the details name {fields:?}");
            Ok(())
        })
        .await?;
    let exhibit = Exhibit::read("…and nothing was written", "note.count", r#"{"where": {"subject": "x"}}"#);
    guide.ask(exhibit, |reply| is(reply, "/count", 0)).await?;
    let exhibit = Exhibit::read(
        "A template that no node serves: RabbitMQ returns the request",
        "contry.fetch",
        r#"{"key": "NO"}"#,
    );
    guide.ask_nobody(exhibit).await;
    Ok(())
}
