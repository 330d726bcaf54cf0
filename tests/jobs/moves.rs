//! Moves: a record that is removed exists in the other place, whatever dies meanwhile.

use std::collections::BTreeSet;

use mongodb::bson::{Document, doc};
use serde_json::json;

use crate::{
    common::blocking,
    site::{Guest, own, shared},
};

/// A lease that lasts for a chunk on a busy machine: if a chunk is repeated, the second run cannot tell which changes
/// clients made.
const PATIENT: (&str, &str) = ("BEDS__JOBS__LEASE_S", "60");

async fn codes(guest: &Guest<'_>, template: &str, series: &str) -> BTreeSet<String> {
    guest.all(template, series).await.into_keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_loses_nothing_when_either_database_dies_in_it() {
    const COUNT: u32 = 800;
    let guest = own(2, &[]).await;
    let series = guest.samples(COUNT);
    let all = codes(&guest, "sample_row", &series).await;
    let id = guest
        .start(json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "mode": "move", "chunk": 50}))
        .await;
    let site = guest.site;
    for (due, which) in [(100, "mongodb"), (250, "mariadb"), (450, "mongodb"), (600, "mariadb")] {
        guest.until(&id, "it goes on", |job| job["done"].as_u64() >= Some(due)).await;
        blocking(move || {
            let server = if which == "mongodb" { site.stack.mongodb() } else { site.stack.mariadb() };
            server.kill().unwrap();
            server.start().unwrap();
        })
        .await;
    }
    let job = guest.until(&id, "it ends", |job| job["state"] == "done" || job["state"] == "failed").await;
    let (from, to) =
        (codes(&guest, "sample_row", &series).await, codes(&guest, "sample_document", &series).await);
    let there: BTreeSet<_> = from.union(&to).cloned().collect();
    assert_eq!(there, all, "each record is somewhere: {job:#}");
    assert_eq!((job["state"].as_str(), from.len(), to.len()), (Some("done"), 0, COUNT as usize), "{job:#}");
    let result = &job["result"];
    assert_eq!((&result["equal"], &result["counts"]["deleted"]), (&json!(true), &json!(COUNT)), "{job:#}");
    assert_eq!(result["source"], result["target"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_moves_between_the_same_templates_are_never_at_once() {
    let guest = own(1, &[("BEDS__JOBS__RECORDS_PER_S", "60")]).await;
    let series = guest.samples(300);
    let moving = |from: &str, to: &str| json!({"from": from, "to": to, "where": {"series": series}, "mode": "move", "chunk": 10});
    let first = guest.start(moving("sample_row", "sample_document")).await;
    for (from, to) in [("sample_document", "sample_row"), ("sample_row", "sample_document")] {
        let reply = guest.call("migration", "start", moving(from, to)).await;
        let said = format!(
            "the job {first} moves records between `sample_document` and `sample_row`, and has not ended"
        );
        assert_eq!(
            (&reply["error"]["code"], &reply["error"]["message"]),
            (&json!("conflict"), &json!(said)),
            "{reply:#}"
        );
    }
    // A job that removes nothing blocks no other.
    let copying =
        json!({"from": "sample_document", "to": "sample_row", "where": {"series": "none"}, "dry_run": true});
    let copy = guest.start(copying).await;
    guest.until_state(&copy, "done").await;
    guest.call("job", "cancel", json!({"id": first})).await;
    guest.until_state(&first, "cancelled").await;
    let back = guest.start(moving("sample_document", "sample_row")).await;
    guest.until_state(&back, "done").await;
    assert_eq!(guest.count("sample_row", &series).await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_changes_while_it_moves_is_not_lost() {
    let guest = own(1, &[("BEDS__JOBS__RECORDS_PER_S", "500"), PATIENT]).await;
    let series = guest.samples(500);
    let id = guest
        .start(json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "mode": "move", "chunk": 50}))
        .await;
    // A client changes records as long as there are any.
    let mut changed = 0;
    let mut last: Vec<(String, u64)> = Vec::new();
    loop {
        let job = guest.job(&id).await;
        if job["state"] == "done" || job["state"] == "failed" {
            break;
        }
        let body = json!({"where": {"series": series}, "limit": 10}).to_string();
        let reply = guest.send(beds_client::Request::raw("sample_row.fetch", body)).await;
        for record in reply["data"].as_array().unwrap() {
            let (key, code) = (record["id"].as_str().unwrap(), record["code"].as_str().unwrap());
            changed += 1;
            let body = json!({"key": key, "data": {"stock": changed % 1000}}).to_string();
            let reply = guest.send(beds_client::Request::raw("sample_row.update", body)).await;
            if reply["ok"] == true {
                last.push((code.to_owned(), changed % 1000));
            } else {
                assert_eq!(reply["error"]["code"], "not_found", "{reply:#}");
            }
        }
    }
    let (from, to) = (guest.all("sample_row", &series).await, guest.all("sample_document", &series).await);
    let mut newest: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for (code, stock) in last {
        newest.insert(code, stock);
    }
    for (code, stock) in &newest {
        // The newest value is in the record's old place, or moved with the record.
        let there = from.get(code).unwrap_or_else(|| &to[code]);
        assert_eq!(there["stock"], *stock, "{code}");
    }
    assert_eq!(from.keys().chain(to.keys()).collect::<BTreeSet<_>>().len(), 500);
    assert_eq!(from.len() + to.len(), 500, "each is on one side");
    // Records that were changed meanwhile are among the rejects, and move when they are sent again.
    if !from.is_empty() {
        let again = guest.call("migration", "retry", json!({"id": id, "on_conflict": "replace"})).await;
        let done = guest.until_state(&crate::site::id(&again), "done").await;
        assert_eq!(done["result"]["counts"]["deleted"], from.len(), "{done:#}");
        assert_eq!(guest.count("sample_row", &series).await, 0);
        let to = guest.all("sample_document", &series).await;
        for (code, stock) in &newest {
            assert_eq!(to[code]["stock"], *stock, "{code}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_a_client_deletes_while_it_moves_is_on_neither_side() {
    let guest = own(1, &[("BEDS__JOBS__RECORDS_PER_S", "150"), PATIENT]).await;
    let series = guest.samples(300);
    let all = guest.all("sample_row", &series).await;
    let id = guest
        .start(json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "mode": "move", "chunk": 30}))
        .await;
    let mut deleted = BTreeSet::new();
    loop {
        let job = guest.job(&id).await;
        if job["state"] == "done" || job["state"] == "failed" {
            break;
        }
        // Records that wait for their removal were copied.
        let copied = job["checkpoint"]["pending"].as_array().cloned().unwrap_or_default();
        for (index, one) in copied.iter().step_by(9).enumerate() {
            let key = &one["key"];
            if index % 2 == 1 {
                let body = json!({"key": key, "data": {"stock": 999}}).to_string();
                guest.send(beds_client::Request::raw("sample_row.update", body)).await;
            }
            let body = json!({"key": key}).to_string();
            let reply = guest.send(beds_client::Request::raw("sample_row.delete", body)).await;
            if reply["ok"] == true {
                let (code, _) = all.iter().find(|(_, record)| record["id"] == *key).unwrap();
                deleted.insert(code.clone());
            }
        }
    }
    let job = guest.job(&id).await;
    let (from, to) =
        (codes(&guest, "sample_row", &series).await, codes(&guest, "sample_document", &series).await);
    let rejects = guest.rejects(&id).await;
    assert!(!deleted.is_empty(), "clients met records on their way");
    let wanted: BTreeSet<_> = all.keys().filter(|code| !deleted.contains(*code)).cloned().collect();
    assert_eq!((from.len(), to.len()), (0, wanted.len()), "{job:#} {rejects:#?}");
    assert_eq!((to, &job["state"]), (wanted, &json!("done")), "{job:#} {rejects:#?}");
    // A record that was read after its change and before its deletion was still there.
    let there = "it is only in `sample_row`, as it is now; send it again";
    assert!(rejects.iter().all(|reject| reject["reason"].as_str().unwrap().ends_with(there)), "{rejects:#?}");
    let counts = &job["result"]["counts"];
    assert_eq!(counts["deleted"], 300 - deleted.len(), "{job:#}");
    assert_eq!(counts["changed"], deleted.len() - rejects.len(), "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_without_a_version_move_while_they_are_what_they_were() {
    let guest = shared().await;
    let site = guest.site;
    let sql = |sql: &str| site.stack.mariadb_query(Some("catalog"), sql).unwrap();
    sql("insert into language (alpha_3, alpha_2, name, common_name, scope, language_type)
         select concat('q', char(97 + seq div 26), char(97 + seq % 26)), null, concat('Language ', seq), if(seq % 2, 'x ', null), 'I', 'L'
           from seq_0_to_199");
    let series = crate::common::unique("s");
    // The records have no key that fits: a unique field identifies them.
    let args = json!({
        "from": "language", "to": "sample_document", "where": {"alpha_3": {"prefix": "q"}}, "mode": "move", "chunk": 70,
        "map": {"code": {"join": ["alpha_3", "scope"], "with": "-"}, "series": {"const": series}, "name": "name"},
    });
    let id = guest.start(args).await;
    let done = guest.until_state(&id, "done").await;
    let counts = &done["result"]["counts"];
    // On a busy machine a chunk may have been late, and was repeated.
    let written = counts["created"].as_u64().unwrap() + counts["same"].as_u64().unwrap();
    assert_eq!((written, &counts["deleted"]), (200, &json!(200)), "{done:#}");
    assert_eq!(sql("select count(*) from language where alpha_3 like 'q%'").trim(), "0");
    let to = guest.all("sample_document", &series).await;
    assert_eq!((to.len(), &to["qab-I"]["name"]), (200, &json!("Language 1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_with_members_that_the_template_does_not_name_stays_as_it_is() {
    // Other tests move records between the same templates.
    let guest = own(1, &[]).await;
    let series = guest.samples(20);
    let job = async |from: &str, to: &str, mode: &str| {
        let args = json!({"from": from, "to": to, "where": {"series": series}, "mode": mode, "chunk": 7});
        guest.until_state(&guest.start(args).await, "done").await
    };
    // MariaDB stores JSON of any shape.
    let sql = format!(
        "update sample set place = json_set(place, '$.wing', 'A') where series = '{series}' and number = 5"
    );
    guest.site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    let moved = job("sample_row", "sample_document", "move").await;
    let rejects = guest.rejects(moved["id"].as_str().unwrap()).await;
    assert!(
        rejects.len() == 1 && rejects[0]["reason"].as_str().unwrap().contains("`place.wing`"),
        "{rejects:#?}"
    );
    let mongo = mongodb::Client::with_uri_str(guest.site.stack.mongodb_url()).await.unwrap();
    let samples = mongo.database("journal").collection::<Document>("samples");
    let of = |number: i64| doc! { "series": &series, "number": number };
    for (number, more) in [(3, doc! { "secret": "here alone" }), (4, doc! { "place.wing": "B" })] {
        let update = samples.update_one(of(number), doc! { "$set": more });
        assert_eq!(update.bypass_document_validation(true).await.unwrap().modified_count, 1);
    }
    // A copy deletes nothing, so it only reports such documents.
    let copied = job("sample_document", "sample_row", "copy").await;
    let counts = &copied["result"]["counts"];
    assert_eq!((&counts["created"], &counts["partial"]), (&json!(19), &json!(2)), "{copied:#}");
    let moved = job("sample_document", "sample_row", "move").await;
    assert_eq!(
        (&moved["result"]["counts"]["deleted"], &moved["rejects"]),
        (&json!(17), &json!(2)),
        "{moved:#}"
    );
    let reasons: Vec<String> = guest
        .rejects(moved["id"].as_str().unwrap())
        .await
        .iter()
        .map(|reject| reject["reason"].as_str().unwrap().to_owned())
        .collect();
    for member in ["`secret`", "`place.wing`"] {
        let said =
            format!("it has members that `sample_document` does not name, and that would be lost: {member};");
        assert!(reasons.iter().any(|reason| reason.starts_with(&said)), "{member}: {reasons:#?}");
    }
    let retry = guest.call("migration", "retry", json!({"id": moved["id"]})).await;
    let again = guest.until_state(&crate::site::id(&retry), "done").await;
    assert_eq!(again["rejects"], 2, "{again:#}");
    let left = samples.find_one(of(3)).await.unwrap().unwrap();
    assert_eq!(left.get_str("secret").unwrap(), "here alone");
    let left = samples.find_one(of(4)).await.unwrap().unwrap();
    assert_eq!(left.get_document("place").unwrap().get_str("wing").unwrap(), "B");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_moved_onto_itself_is_refused() {
    let guest = shared().await;
    let reply = guest
        .call("migration", "start", json!({"from": "sample_row", "to": "sample_row", "mode": "move"}))
        .await;
    let detail = &reply["error"]["details"][0];
    assert_eq!(detail["field"], "args.to", "{reply:#}");
    assert!(detail["reason"].as_str().unwrap().contains("the same records"), "{reply:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_make_one_record_of_several_is_refused() {
    let guest = shared().await;
    let key = "01a21ca8-13e2-76a1-a8a2-1122ca29a73b";
    for map in [
        json!({"id": {"const": key}, "code": "code", "series": "series"}),
        json!({"code": "series", "series": "series"}),
        json!({"code": {"from": "code", "case": "upper"}, "series": "series"}),
        json!({"code": {"join": ["series", "code"], "with": ""}, "series": "series"}),
    ] {
        for on_conflict in ["fail", "skip", "replace"] {
            let mut args = json!({
                "from": "sample_row", "to": "sample_document", "map": map, "mode": "move", "on_conflict": on_conflict,
                "dry_run": true,
            });
            let reply = guest.call("migration", "start", args.clone()).await;
            let detail = &reply["error"]["details"][0];
            assert_eq!(detail["field"], "args.map", "{map}: {reply:#}");
            assert!(
                detail["reason"].as_str().unwrap().contains("`id`, or one of `code`"),
                "{map}: {reply:#}"
            );
            // A copy leaves the records in their place.
            args["mode"] = json!("copy");
            let reply = guest.call("migration", "start", args).await;
            assert_eq!(reply["ok"], true, "{map}: {reply:#}");
        }
    }
    let map = json!({"id": "id", "code": {"join": ["code", "series"], "with": "-"}, "series": "series"});
    let args =
        json!({"from": "sample_row", "to": "sample_document", "map": map, "mode": "move", "dry_run": true});
    assert_eq!(guest.call("migration", "start", args).await["ok"], true);
}
