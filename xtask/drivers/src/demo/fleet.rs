//! Users, the reports of nodes, jobs on records, and commands to nodes.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, ensure};
use beds_client::protocol::{ErrorCode, value::DateTime};
use serde_json::Value;

use super::guide::{Exhibit, Guide, is, list, refused};

/// How many old articles there are.
const ARTICLES: usize = 200;
/// One of them.
const ARTICLE: &str = "DEMO-A-7";

/// Shows all of it.
pub(super) async fn run(guide: &mut Guide) -> Result<()> {
    people(guide).await?;
    told(guide).await?;
    migration(guide).await?;
    warehouse(guide).await?;
    drained(guide).await
}

/// The text at a path of a reply.
fn text(reply: &Value, path: &str) -> Result<String> {
    let found = reply.pointer(path).and_then(Value::as_str).map(str::to_owned);
    found.with_context(|| format!("the reply has no text at {path}"))
}

async fn people(guide: &mut Guide) -> Result<()> {
    let body = r#"{"args": {"name": "ann", "password": "correct horse battery"}}"#;
    let exhibit = Exhibit::write("Somebody who may registers a user", "user.call.register", body);
    guide.ask(exhibit, |reply| is(reply, "/ok", true)).await?;
    let wrong = r#"{"args": {"name": "ann", "password": "correct horse"}}"#;
    let exhibit = Exhibit::write("…whose password is not this one", "session.call.open", wrong);
    guide.ask(exhibit, |reply| refused(reply, ErrorCode::Unauthenticated)).await?;
    let exhibit = Exhibit::write("…and who opens a session", "session.call.open", body);
    let opened = guide.ask(exhibit, |reply| is(reply, "/data/user", "ann")).await?;
    let token = text(&opened, "/data/token")?;
    let exhibit =
        Exhibit::read("In the session, by the header `beds-session`: who asks", "session.call.check", "{}");
    guide.ask(exhibit.session(&token), |reply| is(reply, "/data/user", "ann")).await?;
    let exhibit = Exhibit::write("…who has no role that may tell nodes what to do", "node.call.drain", "{}");
    guide.ask(exhibit.session(&token), |reply| refused(reply, ErrorCode::Forbidden)).await?;
    let exhibit = Exhibit::write("…and who ends the session", "session.call.close", "{}");
    guide.ask(exhibit.session(&token), |reply| is(reply, "/ok", true)).await?;
    let exhibit = Exhibit::read("…so that the token is worth nothing", "session.call.check", "{}");
    guide.ask(exhibit.session(&token), |reply| refused(reply, ErrorCode::Unauthenticated)).await?;
    Ok(())
}

async fn told(guide: &mut Guide) -> Result<()> {
    let line = r#"{"args": {"lines": ["<13>1 2026-11-27T12:00:00Z web-1 demo 77 - - the shop is open"], "source": "demo"}}"#;
    let exhibit =
        Exhibit::write("A line of syslog (RFC 5424), as a sender writes it", "syslog.call.ingest", line);
    guide.ask(exhibit, |reply| is(reply, "/data", 1)).await?;
    let exhibit = Exhibit::read(
        "…and as it is kept",
        "syslog.fetch",
        r#"{"where": {"app": "demo"}, "fields": ["at", "severity", "host", "app", "message"]}"#,
    );
    guide.ask_until(exhibit, |reply| is(reply, "/data/0/message", "the shop is open")).await?;
    let now = SystemTime::now();
    let (from, to) =
        (DateTime::from(now - Duration::from_mins(10)), DateTime::from(now + Duration::from_mins(1)));
    let exhibit = Exhibit::read(
        "How many requests a second the nodes have answered: a chart, as SVG",
        "metric.call.chart",
        format!(r#"{{"args": {{"name": "requests", "from": "{from}", "to": "{to}"}}}}"#),
    );
    let shorten = |reply: &Value| {
        let svg = reply.pointer("/data").and_then(Value::as_str).unwrap_or_default();
        let begin: String = svg.chars().take(60).collect();
        format!("{{\"ok\": true, \"data\": {}}}", Value::from(format!("{begin}… ({} characters)", svg.len())))
    };
    let check = |reply: &Value| {
        let svg = text(reply, "/data")?;
        ensure!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "it is no picture");
        Ok(())
    };
    guide.ask_in_short(exhibit, shorten, check).await?;
    Ok(())
}

/// Moves old articles from MongoDB into MariaDB.
async fn migration(guide: &mut Guide) -> Result<()> {
    let mut records = String::new();
    for number in 0..ARTICLES {
        let comma = if number > 0 { "," } else { "" };
        let status = ["draft", "active", "closed"][number % 3];
        // Writing to a String cannot fail.
        let _ = write!(
            records,
            r#"{comma}{{"code": "demo-a-{number}", "series": "demo", "status": "{status}", "name": "Article {number}",
               "stock": {number}, "moment": "2021-03-01T12:00:00Z"}}"#
        );
    }
    let body = format!(r#"{{"data": [{records}]}}"#);
    let exhibit = Exhibit::write("Records of an old shop, in MongoDB", "sample_document.create", body);
    let shorten = |reply: &Value| {
        let count = list(reply, "/data").map_or(0, <[Value]>::len);
        format!("{{\"ok\": {}, \"data\": \"{count} records\"}}", reply["ok"])
    };
    let check = |reply: &Value| {
        ensure!(list(reply, "/data")?.len() == ARTICLES, "they are not all there");
        Ok(())
    };
    let brief = r#"{"data": [{"code": "demo-a-0", "series": "demo", "status": "draft", "name": "Article 0", "moment": "2021-03-01T12:00:00Z"}, "199 more"]}"#;
    guide.ask_in_short(exhibit.briefly(brief), shorten, check).await?;
    let exhibit = Exhibit::write(
        "A migration: they become articles in MariaDB, with other names, values and times of creation",
        "migration.call.start",
        r#"{"args": {"from": "sample_document", "to": "example", "where": {"series": "demo"}, "chunk": 25,
            "map": {"id": "id", "sku": {"from": "code", "case": "upper"}, "title": "name", "stock": "stock", "price": {"const": "9.90"},
                    "status": {"from": "status", "enum": {"draft": "draft", "active": "active", "closed": "retired"}},
                    "created_at": "moment"}}}"#,
    );
    let started = guide.ask(exhibit, |reply| is(reply, "/ok", true)).await?;
    let job = guide.watch(&text(&started, "/data")?).await?;
    ensure!(job.pointer("/result/equal") == Some(&Value::Bool(true)), "both sides are not the same: {job}");
    let exhibit = Exhibit::read(
        "…of which this is one",
        "example.fetch",
        format!(
            r#"{{"where": {{"sku": "{ARTICLE}"}}, "fields": ["sku", "title", "status", "price", "created_at"]}}"#
        ),
    );
    guide.ask(exhibit, |reply| is(reply, "/data/0/created_at", "2021-03-01T12:00:00Z")).await?;
    Ok(())
}

/// Moves an article into the warehouse, into an archive, and back.
async fn warehouse(guide: &mut Guide) -> Result<()> {
    let one = format!(r#"{{"where": {{"sku": "{ARTICLE}"}}, "fields": ["id", "sku", "title"]}}"#);
    let exhibit = Exhibit::write(
        "What is older than two years goes into the warehouse: so says the template, and so it is once a day",
        "warehouse.call.start",
        r#"{"args": {"template": "example", "chunk": 50}}"#,
    );
    let started = guide.ask(exhibit, |reply| is(reply, "/ok", true)).await?;
    guide.watch(&text(&started, "/data")?).await?;
    let exhibit = Exhibit::read("…where it is read as any other", "example_wh.fetch", one.clone());
    let there = guide.ask(exhibit, |reply| is(reply, "/data/0/sku", ARTICLE)).await?;
    let id = text(&there, "/data/0/id")?;
    let exhibit = Exhibit::write(
        "Cool storage: an archive on the shared filesystem, compressed and with checksums",
        "cool.call.start",
        format!(
            r#"{{"args": {{"template": "example_wh", "where": {{"sku": "{ARTICLE}"}}, "mode": "move"}}}}"#
        ),
    );
    let started = guide.ask(exhibit, |reply| is(reply, "/ok", true)).await?;
    let archive = text(&started, "/data")?;
    guide.watch(&archive).await?;
    let exhibit = Exhibit::read(
        "…of which one record is read",
        "cool.call.find",
        format!(r#"{{"args": {{"template": "example_wh", "key": "{id}"}}}}"#),
    );
    guide.ask(exhibit, |reply| is(reply, "/data/record/sku", ARTICLE)).await?;
    let exhibit = Exhibit::write(
        "Back out of the archive",
        "cool.call.restore",
        format!(r#"{{"args": {{"archive": "{archive}"}}}}"#),
    );
    let started = guide.ask(exhibit, |reply| is(reply, "/ok", true)).await?;
    guide.watch(&text(&started, "/data")?).await?;
    let exhibit = Exhibit::write(
        "…and out of the warehouse",
        "warehouse.call.restore",
        format!(r#"{{"args": {{"template": "example", "where": {{"sku": "{ARTICLE}"}}}}}}"#),
    );
    let started = guide.ask(exhibit, |reply| is(reply, "/ok", true)).await?;
    guide.watch(&text(&started, "/data")?).await?;
    let exhibit = Exhibit::read("…so that it is where it was", "example.fetch", one);
    guide.ask(exhibit, |reply| is(reply, "/data/0/id", id.as_str())).await?;
    Ok(())
}

async fn drained(guide: &mut Guide) -> Result<()> {
    let exhibit = Exhibit::write(
        "A node is drained: it finishes what it has, and takes no more",
        "node.call.drain",
        "{}",
    );
    guide.ask(exhibit, |reply| is(reply, "/data/0/ok", true)).await?;
    let exhibit = Exhibit::write("…and says so", "node.call.ping", "{}");
    guide.ask_until(exhibit, |reply| is(reply, "/data/0/data/state", "drained")).await?;
    let exhibit = Exhibit::write("It is resumed", "node.call.resume", "{}");
    guide.ask(exhibit, |reply| is(reply, "/data/0/ok", true)).await?;
    let exhibit =
        Exhibit::read("…and answers", "country.fetch", r#"{"key": "SE", "fields": ["alpha_2", "name"]}"#);
    guide.ask_until(exhibit, |reply| is(reply, "/data/alpha_2", "SE")).await?;
    Ok(())
}
