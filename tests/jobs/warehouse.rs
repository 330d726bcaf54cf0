//! The warehouse: old records move while clients change them and nodes die. At the end each record is on one side, in
//! its last state.

use std::collections::{BTreeMap, BTreeSet};

use beds_client::Request;
use serde_json::{Value, json};

use crate::{
    common::{eventually_async, unique},
    site::{Guest, id, own},
};

const SEGUNDO: (&str, &str) = ("BEDS__NODE__SERVICES", "app_server,segundo");

/// Creates this many articles that are old enough, with a common prefix of their numbers.
fn articles(guest: &Guest<'_>, count: u32) -> String {
    let prefix = unique("a").to_uppercase();
    let sql = format!(
        "insert into example (id, sku, art_title, body, status, price, stock, weight, fragile, released_on, ships_at, tags, size, extra, \
         thumbnail, supplier, origin, created_at, changed_at, revision)
         select uuid(), concat('{prefix}-', lpad(seq, 5, '0')), concat('Article ', seq), if(seq % 3, repeat('text ', seq % 5), null), \
         elt(1 + seq % 3, 'draft', 'active', 'retired'), if(seq % 4, seq / 100, null), seq, seq / 8, seq % 2, \
         date'2020-01-01' + interval seq % 900 day, sec_to_time(seq % 86400), json_array('a', concat('t', seq % 7)), \
         json_object('width', seq + 0.25, 'height', seq + 0.5, 'unit', 'cm'), json_object('n', seq, 'deep', json_array(1, 2.5, null)), \
         unhex(sha1(seq)), concat('Supplier ', seq % 9), 'DE', timestamp'2022-01-01 00:00:00.654321' + interval seq minute, \
         timestamp'2022-02-02 02:02:02.123456', 1 + seq % 5
         from seq_1_to_{count}"
    );
    guest.site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    prefix
}

/// All articles whose numbers have this prefix, by number.
async fn all(guest: &Guest<'_>, template: &str, prefix: &str) -> BTreeMap<String, Value> {
    let (mut all, mut after) = (BTreeMap::new(), Value::Null);
    loop {
        let mut body = json!({"where": {"sku": {"prefix": prefix}}, "limit": 400});
        if !after.is_null() {
            body["after"] = after;
        }
        let reply = guest.send(Request::raw(format!("{template}.fetch"), body.to_string())).await;
        assert_eq!(reply["ok"], true, "{reply:#}");
        for record in reply["data"].as_array().unwrap() {
            let sku = record["sku"].as_str().unwrap().to_owned();
            assert!(all.insert(sku, record.clone()).is_none(), "twice: {record}");
        }
        after = reply["next"].clone();
        if after.is_null() {
            return all;
        }
    }
}

/// Articles without the fields that count their changes.
fn without_counts(records: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut records = records.clone();
    for record in records.values_mut() {
        record.as_object_mut().unwrap().remove("revision");
    }
    records
}

/// Articles without the fields that the database makes anew when they come back.
fn without_made(records: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut records = without_counts(records);
    for record in records.values_mut() {
        record.as_object_mut().unwrap().remove("changed_at");
    }
    records
}

/// Waits until the first job that starts by itself has ended, while nothing is due.
async fn first_is_over(guest: &Guest<'_>) {
    let ended = r#"{"where": {"kind": "warehouse", "state": "done"}}"#;
    eventually_async("the first is over", async || {
        guest.send(Request::raw("job.count", ended)).await["count"] == 1
    })
    .await;
}

/// Both must be equal. Reports the differences.
#[track_caller]
fn same(now: &BTreeMap<String, Value>, wanted: &BTreeMap<String, Value>, what: &str) {
    let mut differing = Vec::new();
    for sku in now.keys().chain(wanted.keys()).collect::<BTreeSet<_>>() {
        match (now.get(sku), wanted.get(sku)) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => {
                let fields =
                    one.as_object().unwrap().iter().filter(|(name, value)| other[name.as_str()] != **value);
                differing.push(format!(
                    "{sku}: {:?} and not {:?}",
                    fields.clone().collect::<Vec<_>>(),
                    fields.map(|(name, _)| &other[name.as_str()]).collect::<Vec<_>>()
                ));
            }
            (None, _) => differing.push(format!("{sku} is nowhere")),
            (_, None) => differing.push(format!("{sku} is there")),
        }
    }
    let count = differing.len();
    differing.truncate(10);
    assert!(differing.is_empty(), "{what}: {count} differ: {differing:#?}");
}

/// Changes by clients: for each article number, the newest value that a reply has confirmed.
#[derive(Default)]
struct Changes {
    stock: BTreeMap<String, u64>,
    count: u64,
    deleted: BTreeSet<String>,
}

impl Changes {
    /// Changes the stock of an article, or deletes the article. An article in the warehouse is not found.
    async fn make(&mut self, guest: &Guest<'_>, record: &Value, deletes: bool) {
        let (key, sku) = (&record["id"], record["sku"].as_str().unwrap());
        self.count += 1;
        let stock = 1_000_000 + self.count;
        let request = if deletes {
            Request::raw("example.delete", json!({"key": key}).to_string())
        } else {
            Request::raw("example.update", json!({"key": key, "data": {"stock": stock}}).to_string())
        };
        let reply = guest.send(request).await;
        if reply["ok"] != true {
            assert_eq!(reply["error"]["code"], "not_found", "{reply:#}");
        } else if deletes {
            self.deleted.insert(sku.to_owned());
        } else {
            self.stock.insert(sku.to_owned(), stock);
        }
    }

    /// The expected articles: the original ones, with the changes of the clients.
    fn of(&self, before: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let mut all = without_counts(before);
        all.retain(|sku, _| !self.deleted.contains(sku));
        for (sku, stock) in &self.stock {
            if let Some(record) = all.get_mut(sku) {
                record["stock"] = json!(stock);
            }
        }
        all
    }
}

/// The articles of both sides. Each article must be on only one side.
async fn both(guest: &Guest<'_>, prefix: &str, changes: &Changes) -> (usize, BTreeMap<String, Value>) {
    let (here, there) = (all(guest, "example", prefix).await, all(guest, "example_wh", prefix).await);
    let twice: Vec<_> = here.keys().filter(|sku| there.contains_key(*sku)).collect();
    assert!(twice.is_empty(), "on both sides: {twice:?}");
    let count = there.len();
    let mut all: BTreeMap<_, _> = here.into_iter().chain(there).collect();
    for (sku, record) in &mut all {
        // The database decides the time of the change.
        if changes.stock.contains_key(sku) {
            record["changed_at"] = json!("2022-02-02T02:02:02.123456Z");
        }
    }
    (count, without_counts(&all))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_goes_into_the_warehouse_by_itself_and_comes_back() {
    let guest = own(2, &[SEGUNDO, ("BEDS__JOBS__LIFECYCLE_EVERY_S", "1")]).await;
    let prefix = articles(&guest, 120);
    let young = format!("{prefix}-YOUNG");
    let body = json!({"data": {"sku": young, "title": "Young", "price": "1.00"}}).to_string();
    assert_eq!(guest.send(Request::raw("example.create", body)).await["ok"], true);
    let before = all(&guest, "example", &prefix).await;
    let old: BTreeMap<_, _> = before
        .iter()
        .filter(|(sku, _)| **sku != young)
        .map(|(sku, one)| (sku.clone(), one.clone()))
        .collect();

    crate::common::eventually_async("the old ones are in the warehouse", async || {
        all(&guest, "example_wh", &prefix).await.len() == 120
            && all(&guest, "example", &prefix).await.keys().eq([&young])
    })
    .await;
    let there = all(&guest, "example_wh", &prefix).await;
    same(&without_counts(&there), &without_counts(&old), "it is as it was");
    // Several nodes try, and there is one job at a time.
    let listed = r#"{"where": {"kind": "warehouse"}, "limit": 500}"#;
    let jobs = guest.send(Request::raw("job.fetch", listed)).await;
    let jobs = jobs["data"].as_array().unwrap();
    let moved: u64 = jobs.iter().filter_map(|job| job["result"]["counts"]["deleted"].as_u64()).sum();
    assert_eq!(moved, 120, "{jobs:#?}");
    assert!(jobs.iter().all(|job| job["started_by"].is_null() && job["state"] != "failed"), "{jobs:#?}");

    // Prevents the nodes from moving the old records again.
    let pause = "update job_due set at = utc_timestamp(6) + interval 1 day";
    guest.site.stack.mariadb_query(Some("jobs"), pause).unwrap();
    crate::common::eventually_async("no job is on its way", async || {
        let open = r#"{"where": {"state": {"in": ["queued", "running"]}}}"#;
        guest.send(Request::raw("job.count", open)).await["count"] == 0
    })
    .await;
    let args = json!({"template": "example", "where": {"sku": {"prefix": prefix}, "status": "draft"}});
    let mut dry = args.clone();
    dry["dry_run"] = json!(true);
    let done = guest.until_state(&id(&guest.call("warehouse", "restore", dry).await), "done").await;
    assert_eq!(
        (&done["result"]["counts"]["read"], &done["result"]["counts"]["created"]),
        (&json!(40), &json!(40))
    );
    assert_eq!(all(&guest, "example", &prefix).await.len(), 1, "nothing is written");
    let done = guest.until_state(&id(&guest.call("warehouse", "restore", args).await), "done").await;
    assert_eq!((&done["result"]["counts"]["deleted"], &done["result"]["equal"]), (&json!(40), &json!(true)));
    let back = all(&guest, "example", &prefix).await;
    assert_eq!((back.len(), all(&guest, "example_wh", &prefix).await.len()), (41, 80));
    let was = before.into_iter().filter(|(sku, _)| back.contains_key(sku)).collect();
    same(&without_made(&back), &without_made(&was), "they are as they were");
    // A job that a user starts.
    let args = json!({"template": "example", "where": {"sku": {"prefix": prefix}}, "chunk": 7});
    let done = guest.until_state(&id(&guest.call("warehouse", "start", args).await), "done").await;
    assert_eq!(
        (&done["result"]["counts"]["deleted"], &done["started_by"]),
        (&json!(40), &json!("guest")),
        "{done:#}"
    );
    let young_ones = all(&guest, "example", &prefix).await;
    assert!(young_ones.keys().eq([&young]), "{young_ones:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_before_a_job_is_queued() {
    let guest = own(1, &[SEGUNDO]).await;
    let cases = [
        ("start", json!({"template": "exampel"}), "unknown_template", Value::Null),
        ("start", json!({"template": "country"}), "validation_failed", json!("args.template")),
        ("start", json!({"template": "example", "where": 7}), "validation_failed", json!("args.where")),
        (
            "start",
            json!({"template": "example", "where": {"skuu": "A"}}),
            "validation_failed",
            json!("args.where.skuu"),
        ),
        (
            "start",
            json!({"template": "example", "where": {"created_at": {"gt": "2020-01-01T00:00:00Z"}}}),
            "validation_failed",
            json!("args.where.created_at"),
        ),
        ("start", json!({"template": "example", "chunk": 100_000}), "validation_failed", json!("args.chunk")),
        ("restore", json!({"template": "example"}), "validation_failed", json!("args.where")),
        ("restore", json!({"template": "country", "where": {}}), "validation_failed", json!("args.template")),
        (
            "restore",
            json!({"template": "example", "where": {"price": "1.00"}}),
            "validation_failed",
            json!("args.where.price"),
        ),
    ];
    for (call, args, code, field) in cases {
        let reply = guest.call("warehouse", call, args).await;
        let error = &reply["error"];
        assert_eq!((&error["code"], &error["details"][0]["field"]), (&json!(code), &field), "{reply:#}");
    }
    let queued = guest.send(Request::raw("job.count", "{}")).await;
    assert!(queued["count"].as_u64() <= Some(2), "those that are due by themselves: {queued:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_clients_change_and_take_away_meanwhile_are_on_one_side() {
    let guest =
        own(2, &[SEGUNDO, ("BEDS__JOBS__RECORDS_PER_S", "150"), ("BEDS__JOBS__LIFECYCLE_EVERY_S", "86400")])
            .await;
    first_is_over(&guest).await;
    let prefix = articles(&guest, 300);
    let before = all(&guest, "example", &prefix).await;
    let args = json!({"template": "example", "where": {"sku": {"prefix": prefix}}, "chunk": 30});
    let mut changes = Changes::default();
    let mut of_all = 0;
    // Until no article is due any more.
    loop {
        let job = id(&guest.call("warehouse", "start", args.clone()).await);
        let done = loop {
            let shown = guest.job(&job).await;
            if shown["state"] == "done" || shown["state"] == "failed" {
                break shown;
            }
            // Records that wait for their removal were copied.
            let copied = shown["checkpoint"]["pending"].as_array().cloned().unwrap_or_default();
            for one in copied.iter().step_by(9) {
                let record = before.values().find(|record| record["id"] == one["key"]).unwrap();
                changes.make(&guest, record, changes.count % 3 == 2).await;
            }
        };
        assert_eq!((&done["state"], &done["result"]["equal"]), (&json!("done"), &json!(true)), "{done:#}");
        assert_eq!(done["rejects"], 0, "{done:#}");
        of_all += done["result"]["counts"]["changed"].as_u64().unwrap_or_default();
        let (_, now) = both(&guest, &prefix, &changes).await;
        same(&now, &changes.of(&before), "each is somewhere, as it was last");
        if all(&guest, "example", &prefix).await.is_empty() {
            break;
        }
    }
    assert!(of_all > 0 && !changes.deleted.is_empty(), "clients met records on their way: {of_all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_die_while_clients_change_what_moves_and_nothing_is_lost_or_doubled() {
    const COUNT: u32 = 700;
    let variables = &[SEGUNDO, ("BEDS__JOBS__RECORDS_PER_S", "250"), ("BEDS__JOBS__LIFECYCLE_EVERY_S", "1")];
    let guest = own(2, variables).await;
    let prefix = articles(&guest, COUNT);
    let before = all(&guest, "example", &prefix).await;
    let keys: Vec<&Value> = before.values().collect();
    let mut changes = Changes::default();
    let mut kills = 0;
    loop {
        let (there, now) = both_while_moving(&guest, &prefix).await;
        // A node is killed each time another part of the articles has moved.
        if kills < 4 && there > (kills + 1) * COUNT as usize / 6 {
            kills += 1;
            for node in &guest.site.nodes {
                if kills % 2 == 0 || node.log().contains("works on a job") {
                    node.kill();
                    node.await_end().unwrap();
                    node.restart().unwrap();
                }
            }
            for node in &guest.site.nodes {
                node.await_ready().unwrap();
            }
        }
        for step in 0..10 {
            let record = keys[(usize::try_from(changes.count).unwrap() * 37 + step) % keys.len()];
            changes.make(&guest, record, false).await;
        }
        if now == 0 {
            break;
        }
    }
    assert_eq!(kills, 4);
    let (there, now) = both(&guest, &prefix, &changes).await;
    same(&now, &changes.of(&before), "each is somewhere, as it was last");
    assert_eq!(there, COUNT as usize);
    let failed = guest.send(Request::raw("job.fetch", r#"{"where": {"state": "failed"}}"#)).await;
    assert_eq!(failed["data"], json!([]), "{failed:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_never_move_the_same_records_at_once() {
    let guest =
        own(2, &[SEGUNDO, ("BEDS__JOBS__RECORDS_PER_S", "60"), ("BEDS__JOBS__LIFECYCLE_EVERY_S", "86400")])
            .await;
    first_is_over(&guest).await;
    let prefix = articles(&guest, 300);
    let before = all(&guest, "example", &prefix).await;
    let start = || {
        Request::raw(
            "warehouse.call.start",
            json!({"args": {"template": "example", "chunk": 10}}).to_string(),
        )
    };
    let restore = |dry_run: bool| {
        let r#where = json!({"sku": {"prefix": prefix}});
        let args = json!({"template": "example", "where": r#where, "chunk": 10, "dry_run": dry_run});
        Request::raw("warehouse.call.restore", json!({"args": args}).to_string())
    };
    // Even of jobs that start at the same time, only one begins.
    let sent = futures_util::future::join_all((0..6).map(|_| guest.send(start()))).await;
    let (begun, refused): (Vec<_>, Vec<_>) = sent.iter().partition(|reply| reply["ok"] == true);
    assert_eq!(begun.len(), 1, "{sent:#?}");
    let first = id(begun[0]);
    for reply in refused {
        let said =
            format!("the job {first} moves records between `example` and `example_wh`, and has not ended");
        assert_eq!(
            (&reply["error"]["code"], &reply["error"]["message"]),
            (&json!("conflict"), &json!(said)),
            "{reply:#}"
        );
    }
    assert_eq!(guest.send(restore(false)).await["error"]["code"], "conflict");
    let moving = json!({"args": {"from": "example", "to": "example_wh", "mode": "move"}}).to_string();
    let reply = guest.send(Request::raw("migration.call.start", moving)).await;
    assert_eq!(reply["error"]["code"], "conflict", "{reply:#}");
    // A job that writes nothing blocks no other.
    let dry = id(&guest.send(restore(true)).await);
    guest.until_state(&dry, "done").await;
    let done = guest.until_state(&first, "done").await;
    assert_eq!(done["result"]["equal"], true, "{done:#}");
    assert_eq!(without_counts(&all(&guest, "example_wh", &prefix).await).len(), 300);

    let sent = futures_util::future::join_all((0..6).map(|_| guest.send(restore(false)))).await;
    let begun: Vec<_> = sent.iter().filter(|reply| reply["ok"] == true).collect();
    assert_eq!(begun.len(), 1, "{sent:#?}");
    guest.until_state(&id(begun[0]), "done").await;
    let back = all(&guest, "example", &prefix).await;
    same(&without_made(&back), &without_made(&before), "all are back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_fails_leaves_each_record_on_one_side() {
    let guest = own(1, &[SEGUNDO, ("BEDS__JOBS__LIFECYCLE_EVERY_S", "86400")]).await;
    first_is_over(&guest).await;
    let prefix = articles(&guest, 6);
    let before = all(&guest, "example", &prefix).await;
    let start = json!({"template": "example"});
    guest.until_state(&id(&guest.call("warehouse", "start", start).await), "done").await;
    // A client has created one of them anew meanwhile.
    let (taken, record) = before.iter().nth(3).unwrap();
    let sql = format!(
        "insert into example (id, sku, art_title, created_at) values ('{}', '{taken}', 'Again', utc_timestamp(6))",
        record["id"].as_str().unwrap()
    );
    guest.site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    let args = json!({"template": "example", "where": {"sku": {"prefix": prefix}}});
    let restored = id(&guest.call("warehouse", "restore", args).await);
    let failed = guest.until(&restored, "it fails", |job| job["state"] == "failed").await;
    assert_eq!(failed["result"]["counts"]["created"], 5, "{failed:#}");
    assert_eq!(failed["result"]["equal"], serde_json::Value::Null, "what was taken back proves nothing");
    assert_eq!(all(&guest, "example", &prefix).await.keys().collect::<Vec<_>>(), [taken]);
    assert_eq!(all(&guest, "example_wh", &prefix).await.len(), 6);
}

/// How many articles are in the warehouse, and how many are not.
async fn both_while_moving(guest: &Guest<'_>, prefix: &str) -> (usize, usize) {
    let count = async |template: &str| {
        let body = json!({"where": {"sku": {"prefix": prefix}}}).to_string();
        let reply = guest.send(Request::raw(format!("{template}.count"), body)).await;
        usize::try_from(reply["count"].as_u64().unwrap_or_else(|| panic!("{reply:#}"))).unwrap()
    };
    (count("example_wh").await, count("example").await)
}
