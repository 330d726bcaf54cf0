//! Records that a caller does not reach are as if they did not exist, in every read and write.

use beds_codegen::model::{Domain, Granted};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    common,
    oracle::Record,
    site::{Caller, callers, domains, site},
};

/// Records of several owners and states, made by a caller who may make any record.
pub(crate) async fn seeded(domain: &Domain, callers: &[Caller]) -> Vec<Record> {
    let mona = callers.iter().find(|caller| caller.user == Some("mona")).unwrap();
    let mut records = Vec::new();
    let owners = [Some("carla"), Some("carl"), Some("Carla"), Some("public"), Some("bob"), None];
    for owner in owners {
        for status in ["draft", "active"] {
            let id = common::unique("row");
            let record = json!({
                "id": id, "title": id, "owner": owner, "status": status, "margin": "1.50", "price": "9.00",
            });
            let Value::Object(record) = record else { panic!("{record}") };
            mona.ok(&format!("{}.create", domain.name.value), json!({ "data": record })).await;
            records.push(record);
        }
    }
    records
}

/// The reply to the same request for a missing record, with this record's key in place of the missing one.
pub(crate) async fn of_absent(caller: &Caller, key: &str, body: &Value, id: &str) -> Value {
    let other = common::unique("row");
    let body: Value = serde_json::from_str(&body.to_string().replace(id, &other)).unwrap();
    let reply = caller.ask(key, body).await;
    serde_json::from_str(&reply.to_string().replace(&other, id)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_show_what_is_reached() {
    let site = site().await;
    let callers = callers(site).await;
    for domain in &domains() {
        let name = &domain.name.value;
        let records = seeded(domain, &callers).await;
        let ids: Vec<&Value> = records.iter().map(|record| &record["id"]).collect();
        for caller in &callers {
            let reached: Vec<&Record> =
                records.iter().filter(|record| caller.reaches(domain, &Granted::Fetch, record)).collect();
            let fetch = format!("{name}.fetch");
            for record in &records {
                let (id, body) = (record["id"].as_str().unwrap(), json!({ "key": record["id"] }));
                let is_reached = reached.contains(&record);
                for reply in [
                    caller.ask(&fetch, body.clone()).await,
                    caller.in_batch("ordered", &fetch, body.clone()).await,
                ] {
                    let said = format!("{} {record:?}: {reply}", caller.name());
                    assert_eq!(reply["ok"], json!(is_reached), "{said}");
                    if !is_reached {
                        assert_eq!(reply, of_absent(caller, &fetch, &body, id).await, "{said}");
                    }
                }
            }
            let filter = json!({ "where": { "id": { "in": ids } }, "count": true, "sort": ["title"] });
            let reply = caller.ask(&fetch, filter).await;
            let mut shown: Vec<&str> = reply["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|record| record["id"].as_str().unwrap())
                .collect();
            let mut expected: Vec<&str> =
                reached.iter().map(|record| record["id"].as_str().unwrap()).collect();
            shown.sort_unstable();
            expected.sort_unstable();
            assert_eq!(shown, expected, "{}", caller.name());
            assert_eq!(reply["count"], json!(expected.len()), "{}", caller.name());
            if !caller.granted(domain, &Granted::Count).is_empty() {
                let reply =
                    caller.ask(&format!("{name}.count"), json!({ "where": { "id": { "in": ids } } })).await;
                let all = records.iter().filter(|record| caller.reaches(domain, &Granted::Count, record));
                assert_eq!(reply["count"], json!(all.count()), "{}", caller.name());
            }
            pages(caller, &fetch, &ids, &expected).await;
        }
    }
}

/// Reading page by page finds the same records.
async fn pages(caller: &Caller, fetch: &str, ids: &[&Value], expected: &[&str]) {
    let (mut after, mut seen) = (Value::Null, Vec::new());
    loop {
        let mut body = json!({ "where": { "id": { "in": ids } }, "sort": ["-title"], "limit": 1 });
        if !after.is_null() {
            body["after"] = after;
        }
        let reply = caller.ask(fetch, body).await;
        seen.extend(
            reply["data"].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned()),
        );
        after = reply["next"].clone();
        if after.is_null() {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, expected, "{}", caller.name());
}

/// Look-ups share a statement only between callers who reach all records. A caller must never get a reply that was made
/// for another one.
#[tokio::test(flavor = "multi_thread")]
async fn look_ups_that_wait_together_answer_each_caller_by_itself() {
    let site = site().await;
    let callers = &callers(site).await;
    for domain in &domains() {
        let fetch = &format!("{}.fetch", domain.name.value);
        let records = &seeded(domain, callers).await;
        for _ in 0..5 {
            let asked = callers.iter().flat_map(|caller| records.iter().map(move |record| (caller, record)));
            let replies = asked.map(|(caller, record)| async move {
                let reply = caller.ask(fetch, json!({ "key": record["id"] })).await;
                let is_reached = caller.reaches(domain, &Granted::Fetch, record);
                assert_eq!(reply["ok"], json!(is_reached), "{} {record:?}: {reply}", caller.name());
            });
            join_all(replies).await;
        }
        for caller in callers {
            let item = |record: &Record| json!({ "template": domain.name.value, "op": "fetch", "body": { "key": record["id"] } });
            let items: Vec<Value> = records.iter().map(item).collect();
            let reply = caller.ask("app_server.batch.read", json!({ "items": items })).await;
            for (record, reply) in records.iter().zip(reply["items"].as_array().unwrap()) {
                let is_reached = caller.reaches(domain, &Granted::Fetch, record);
                assert_eq!(reply["ok"], json!(is_reached), "{} {record:?}: {reply}", caller.name());
            }
        }
    }
}
