//! Functions behind calls that end in every way but the right one.

#![allow(clippy::panic, clippy::unused_async, reason = "they fail as functions of adopters may, and are what the node calls")]

use std::future::pending;

use beds_runtime::{Context, NamasteCore as _, Result, protocol::CreateRequest};
use serde::Serialize;
use serde_json::json;

use super::Wayward;

/// A row with members that may be missing.
#[derive(Debug, Serialize)]
pub struct Row {
    n: Option<i64>,
    name: Option<String>,
}

/// Returns a text of at most 20 characters, or does not.
pub async fn read(_cx: &Context, way: String) -> Result<Option<String>> {
    match way.as_str() {
        "panics" => panic!("wayward: nobody expects this"),
        "never_ends" => pending().await,
        "too_long" => Ok(Some("x".repeat(21))),
        "none" => Ok(None),
        _ => Ok(Some("as it should".to_owned())),
    }
}

/// Returns one row, or a wrong one.
pub async fn rows(_cx: &Context, way: String) -> Result<Vec<Row>> {
    let row = |n: Option<i64>, name: Option<&str>| Row { n, name: name.map(str::to_owned) };
    Ok(match way.as_str() {
        "beyond" => vec![row(Some(1), Some("in bounds")), row(Some(10), Some("beyond"))],
        "none" => vec![row(None, Some("nameless"))],
        "too_long" => vec![row(Some(1), Some("a name that is longer than its template says"))],
        "too_many" => (0..2_000_000).map(|_| row(Some(1), Some("one of many"))).collect(),
        _ => vec![row(Some(1), Some("as it should"))],
    })
}

/// Writes a record, and then does not end properly.
pub async fn write(cx: &Context, id: String, way: String) -> Result<Option<String>> {
    let record = json!({ "data": { "id": id, "title": "written" } });
    let request: CreateRequest = serde_json::from_value(record).unwrap_or_else(|error| panic!("{error}"));
    cx.run(Wayward::create(cx, request)).await?;
    match way.as_str() {
        "panics" => panic!("wayward: it is written already"),
        "never_ends" => pending().await,
        "too_long" => Ok(Some("x".repeat(100_000_001))),
        "too_large" => Ok(Some("x".repeat(20_000_000))),
        _ => Ok(Some("as it should".to_owned())),
    }
}
