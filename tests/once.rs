//! A write with a `message_id` is done once, however often it is sent, over however many connections, and whatever
//! happens to the nodes. Each test has its own servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use beds_devstack::Stack;
use common::{blocking, end_servers, eventually_async, stack, start_node, unique, wire::Wire};
use serde_json::{Value, json};

/// How often each write is sent, and over how many connections.
const COPIES: usize = 10;
const CONNECTIONS: usize = 3;
/// How many writes there are of each kind.
const EACH: usize = 60;
/// How many articles are restocked.
const ARTICLES: usize = 4;

/// A write. All its copies are sent with the same bytes.
struct Write {
    routing_key: &'static str,
    body: String,
    message_id: String,
}

impl Write {
    fn new(routing_key: &'static str, body: &Value) -> Self {
        Self { routing_key, body: body.to_string(), message_id: unique("m") }
    }
}

/// The distinct answers to each write, by its number.
type Answers = BTreeMap<usize, BTreeSet<String>>;

/// Sends a share of the copies, and repeats retryable ones, until each is answered.
async fn send(url: &str, writes: &[Write], share: usize, answered: &AtomicUsize) -> Answers {
    let mut wire = Wire::connect(url).await;
    let mut waiting = BTreeSet::new();
    for copy in (0..COPIES).filter(|copy| copy % CONNECTIONS == share) {
        for number in 0..writes.len() {
            publish(&wire, writes, number, copy).await;
            waiting.insert((number, copy));
        }
    }
    let mut answers = Answers::new();
    while !waiting.is_empty() {
        let reply = wire.reply().await;
        let (number, copy) = reply.correlation_id().unwrap().split_once('/').unwrap();
        let (number, copy) = (number.parse().unwrap(), copy.parse().unwrap());
        let body = reply.json();
        if body["ok"] == true {
            answered.fetch_add(1, Ordering::Relaxed);
            waiting.remove(&(number, copy));
            answers.entry(number).or_default().insert(String::from_utf8(reply.0.data).unwrap());
        } else {
            assert_eq!(body["error"]["retryable"], true, "{}: {body}", writes[number].routing_key);
            publish(&wire, writes, number, copy).await;
        }
    }
    answers
}

async fn publish(wire: &Wire, writes: &[Write], number: usize, copy: usize) {
    let Write { routing_key, body, message_id } = &writes[number];
    let properties = wire
        .properties(&format!("{number}/{copy}"))
        .with_message_id(message_id.as_str().into())
        .with_user_id("guest".into())
        .with_delivery_mode(2);
    assert!(wire.publish("beds", routing_key, body.as_bytes(), properties).await.is_none());
}

/// Creates in a table whose only unique key is new with each attempt, calls that add to a number, and updates that
/// count.
fn writes(stack: &Stack) -> (Vec<Write>, String) {
    let sql = |text: &str| stack.mariadb_query(Some("catalog"), text).unwrap();
    sql("insert into country (alpha_2, alpha_3, numeric_code, name) values ('NO', 'NOR', '578', 'Norway')");
    for article in 0..ARTICLES {
        sql(&format!(
            "insert into example (id, sku, art_title, created_at) values (uuid(), 'A-{article}', 'An article', now())"
        ));
    }
    let sample = sql("select uuid()").trim().to_owned();
    sql(&format!(
        "insert into sample (id, code, series, status, stock, created_at, revision) \
         values ('{sample}', 'one', 's', 'draft', 1, now(), 1)"
    ));
    let mut writes = Vec::new();
    for number in 0..EACH {
        let bookmark = json!({"data": {"owner": "somebody", "country": "NO", "note": number.to_string()}});
        writes.push(Write::new("bookmark.create", &bookmark));
        let restock = json!({"args": {"sku": format!("A-{}", number % ARTICLES), "quantity": 1}});
        writes.push(Write::new("example.call.restock", &restock));
        writes.push(Write::new(
            "sample_row.update",
            &json!({"key": sample, "data": {"name": number.to_string()}}),
        ));
    }
    (writes, sample)
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_are_repeated_while_nodes_die_are_done_once() {
    let stack = blocking(|| &*Box::leak(Box::new(stack()))).await;
    let mut node = blocking(|| start_node(stack, &[])).await;
    let (writes, sample) = blocking(|| writes(stack)).await;
    let (writes, answered) = (Arc::new(writes), Arc::new(AtomicUsize::new(0)));
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|share| {
            let (writes, answered, url) = (Arc::clone(&writes), Arc::clone(&answered), stack.amqp_url());
            tokio::spawn(async move { send(&url, &writes, share, &answered).await })
        })
        .collect();
    for kill in 1..=2 {
        let some = kill * writes.len() * COPIES / 4;
        let is_under_way = async || answered.load(Ordering::Relaxed) >= some;
        eventually_async(&format!("{some} replies"), is_under_way).await;
        node = blocking(move || {
            node.kill();
            drop(node);
            start_node(stack, &[])
        })
        .await;
    }
    let mut answers = Answers::new();
    for sender in senders {
        for (number, different) in sender.await.unwrap() {
            answers.entry(number).or_default().extend(different);
        }
    }
    assert_eq!(answers.len(), writes.len());
    for (number, different) in &answers {
        assert_eq!(different.len(), 1, "{}: {different:#?}", writes[*number].routing_key);
    }
    blocking(move || {
        let number = |text: &str| -> usize {
            let found = stack.mariadb_query(Some("catalog"), text).unwrap();
            found.trim().parse().unwrap()
        };
        assert_eq!(number("select count(*) from bookmark"), EACH);
        assert_eq!(number("select count(distinct note) from bookmark"), EACH);
        assert_eq!(number("select sum(stock) from example"), EACH);
        assert_eq!(number(&format!("select revision from sample where id = '{sample}'")), EACH + 1);
        assert_eq!(number("select count(*) from beds_ledger where user = 'guest'"), 3 * EACH);
        drop(node);
        end_servers(stack);
    })
    .await;
}

/// Another request with the same id, a request of another user, and one with an id that is too long.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_stands_for_one_request_of_one_user() {
    let site = common::own_site(&[]).await;
    let stack = &site.stack;
    let mut wire = Wire::connect(&stack.amqp_url()).await;
    let record = |code: &str| json!({"data": {"code": code, "series": "s"}}).to_string();
    let named = |wire: &Wire, id: &str| wire.properties("c").with_message_id(id.into());

    let first = wire.request("sample_row.create", record("one").as_bytes(), named(&wire, "a")).await;
    assert_eq!(first.json()["ok"], true, "{}", first.json());
    let again = wire.request("sample_row.create", record("one").as_bytes(), named(&wire, "a")).await;
    assert_eq!(again.0.data, first.0.data);
    let other = wire.request("sample_row.create", record("two").as_bytes(), named(&wire, "a")).await;
    assert_eq!(other.json()["error"]["code"], "conflict", "{}", other.json());
    // A user who is vouched for differs from a sender without a user.
    let vouched = named(&wire, "a").with_user_id("guest".into());
    let other = wire.request("sample_row.create", record("two").as_bytes(), vouched).await;
    assert_eq!(other.json()["ok"], true, "{}", other.json());
    let long =
        wire.request("sample_row.create", record("x").as_bytes(), named(&wire, &"a".repeat(129))).await;
    let error = &long.json()["error"];
    assert_eq!(error["code"], "bad_request", "{error}");
    assert!(error["message"].as_str().unwrap().contains("129 characters; the limit is 128"), "{error}");
    let fits =
        wire.request("sample_row.create", record("fits").as_bytes(), named(&wire, &"ü".repeat(127))).await;
    assert_eq!(fits.json()["ok"], true, "{}", fits.json());
    common::end_site(site).await;
}

/// The requests for a write of a template: one record, a list, and batches of each mode.
fn of_every_kind(template: &str) -> Vec<(&'static str, String, Value)> {
    let record = |note: usize| json!({"code": unique("c"), "series": "s", "note": "x".repeat(note)});
    let batch = |mode: &str| {
        let item = || json!({"template": template, "op": "create", "body": {"data": record(2_000)}});
        ("batch", "app_server.batch.write".to_owned(), json!({"mode": mode, "items": [item(), item()]}))
    };
    let create = |data: Value| ("create", format!("{template}.create"), json!({ "data": data }));
    vec![
        create(record(5_000)),
        create(json!([record(1_000), record(1_000), record(1_000)])),
        batch("atomic"),
        batch("parallel"),
        batch("ordered"),
    ]
}

/// A write that is done is never answered with `too_large`: its duplicate gets as much as fits.
#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_answered_however_short_replies_may_be_by_now() {
    let stack = blocking(|| &*Box::leak(Box::new(stack()))).await;
    let node = blocking(|| start_node(stack, &[])).await;
    let mut wire = Wire::connect(&stack.amqp_url()).await;
    let writes: Vec<_> = ["sample_row", "sample_document"].into_iter().flat_map(of_every_kind).collect();
    let named = |wire: &Wire, id: usize| wire.properties("c").with_message_id(id.to_string().into());
    let mut keys = Vec::new();
    for (id, (kind, routing_key, body)) in writes.iter().enumerate() {
        let first = wire.request(routing_key, body.to_string().as_bytes(), named(&wire, id)).await.json();
        assert_eq!(first["ok"], true, "{first}");
        assert!(kind != &"batch" || first["items"].as_array().unwrap().iter().all(|item| item["ok"] == true));
        keys.push(ids(&first));
    }
    let node = blocking(move || {
        node.terminate();
        node.await_end().unwrap();
        start_node(stack, &[("BEDS__LIMITS__REPLY_BYTES_MAX", "2000")])
    })
    .await;
    for (id, (_, routing_key, body)) in writes.iter().enumerate() {
        let again = wire.request(routing_key, body.to_string().as_bytes(), named(&wire, id)).await;
        let (length, again) = (again.0.data.len(), again.json());
        assert_eq!(again["ok"], true, "{routing_key}: {again}");
        assert!(length <= 2_000, "{length}: {again}");
        assert!(again.to_string().contains("done"), "it says so: {again}");
        let (found, first) = (ids(&again), &keys[id]);
        assert!(found == *first || found.is_empty(), "{routing_key}: {first:?} {again}");
        assert!(!found.is_empty() || again["items"].is_array(), "{again}");
        // Another request with the same id gets its error all the same.
        let other = wire.request(routing_key, format!("{body} ").as_bytes(), named(&wire, id)).await.json();
        assert_eq!(other["error"]["code"], "conflict", "{other}");
    }
    // A new request is refused as before, and nothing is done.
    let (_, routing_key, body) = of_every_kind("sample_document").swap_remove(0);
    let new = wire.request(&routing_key, body.to_string().as_bytes(), named(&wire, 99)).await.json();
    assert_eq!(new["error"]["code"], "too_large", "{new}");
    blocking(move || {
        drop(node);
        end_servers(stack);
    })
    .await;
}

/// The keys in a reply: of one record, of a list, or of a batch's items.
fn ids(reply: &Value) -> Vec<String> {
    let id = |record: &Value| record["id"].as_str().map(str::to_owned);
    if let Some(items) = reply["items"].as_array() {
        return items.iter().filter_map(|item| id(&item["data"])).collect();
    }
    let records = reply["data"].as_array();
    records
        .map_or_else(|| id(&reply["data"]).into_iter().collect(), |all| all.iter().filter_map(id).collect())
}
