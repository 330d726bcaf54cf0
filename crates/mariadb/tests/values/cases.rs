//! `cases.txt`: requests, and what comes. `BLESS=1 cargo test -p beds-mariadb --test values` writes what comes.
//!
//! `>` is a request, `sql>` a statement. `NAME.walk` pages with every limit from 1 to 4 and shows the first field of each record
//! where all give the same order. `NAME.together` looks up several keys at once.

use std::{fs, path::Path};

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::{domains::named, site::Site};

#[tokio::test]
async fn every_case_holds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/values/cases.txt");
    let text = fs::read_to_string(&path).unwrap();
    let site = Site::new("odd").await;
    let mut played = String::new();
    for line in text.lines().filter(|line| !line.starts_with('<')) {
        played += line;
        played.push('\n');
        if let Some(request) = line.strip_prefix("> ") {
            played.extend(["< ", &request_of(&site, request).await, "\n"]);
        } else if let Some(sql) = line.strip_prefix("sql> ") {
            for row in site.sql(sql).await.lines() {
                played.extend(["< ", &row.replace('\t', " | "), "\n"]);
            }
        }
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, played).unwrap();
        return;
    }
    let differs = text.lines().zip(played.lines()).find(|(expected, found)| expected != found);
    if let Some((expected, found)) = differs {
        panic!("expected: {expected}\n   found: {found}");
    }
    assert_eq!(text.lines().count(), played.lines().count());
}

async fn request_of(site: &Site, request: &str) -> String {
    let (key, body) = request.split_once(' ').unwrap();
    let (name, operation) = key.split_once('.').unwrap();
    let (domain, body): (_, Json) = (named(name), serde_json::from_str(body).unwrap());
    match operation {
        "walk" => {
            let field = domain.fields[0].name;
            let mut orders = Vec::new();
            for limit in 1..=4 {
                orders.push(site.walk(domain, body.clone(), limit, field).await.concat());
            }
            assert!(orders.iter().all(|order| *order == orders[0]), "{request}: {orders:?}");
            json!(orders[0]).to_string()
        }
        "together" => {
            let keys = body.as_array().unwrap().iter().cycle().take(20);
            let asked = join_all(keys.map(|key| site.ask(domain, "fetch", json!({ "key": key })))).await;
            let asked: Vec<Json> = asked.into_iter().take(body.as_array().unwrap().len()).collect();
            json!(asked).to_string()
        }
        operation => shown(&site.ask_for_text(domain, operation, body).await),
    }
}

/// Without what is a success's and every error's.
fn shown(reply: &str) -> String {
    match reply.strip_prefix("{\"ok\":true,") {
        Some(members) => ["{", members].concat(),
        None => reply.replace("\"ok\":false,", "").replace(",\"request_id\":\"test\"", ""),
    }
}
