use std::collections::HashMap;

use beds_core::items::Items;
use beds_core::plan::{Claim, Item, Read};
use beds_core::value::Value;
use tokio::sync::Notify;

use super::*;

/// The record of a plan: its first value, and the step of its claim.
type Asked = (i64, Option<u32>);

/// A database whose answer depends on the key: 404 does not exist, 503 is unreachable.
#[derive(Debug, Default)]
struct Keyed {
    asked: Mutex<Vec<Asked>>,
    digests: Mutex<Vec<[u8; 32]>>,
    /// How many plans run now, and the most that ran at a time.
    running: Mutex<(usize, usize)>,
    /// Delays all answers until notified.
    held: Option<Arc<Notify>>,
    /// The digests of the claims, by step; `None` without a ledger.
    ledger: Option<Mutex<HashMap<u32, [u8; 32]>>>,
    /// Whether no batch can be claimed.
    is_away: bool,
    /// The content of a record, as JSON.
    record: Option<&'static str>,
}

impl Keyed {
    fn one(&self, action: &Action, claim: Option<&Claim>) -> Result {
        let number = match action {
            Action::Read(Read::One { key, .. })
            | Action::Write(Write::Update { key, .. } | Write::Delete { key, .. }) => &key[0],
            Action::Write(Write::Create { records, .. }) => &records[0][0],
            other => panic!("{other:?}"),
        };
        let Value::Int(number) = *number else { panic!("{number:?}") };
        self.asked.lock().unwrap().push((number, claim.map(|claim| claim.step)));
        self.digests.lock().unwrap().extend(claim.map(|claim| claim.digest));
        match number {
            404 => Err(Error::not_found(&PERSON)),
            503 => Err(Error::unavailable("the database")),
            number => {
                let record = self.record.map_or_else(|| format!(r#"{{"id":{number}}}"#), str::to_owned);
                Ok(Outcome::data(record.into_bytes()))
            }
        }
    }

    fn claim(&self, claim: Option<&Claim>) -> Result<()> {
        let (Some(ledger), Some(claim)) = (&self.ledger, claim) else { return Ok(()) };
        let mut ledger = ledger.lock().unwrap();
        let found = ledger.entry(claim.step).or_insert(claim.digest);
        if *found == claim.digest { Ok(()) } else { Err(beds_core::ledger::taken()) }
    }

    fn asked(&self) -> Vec<Asked> {
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.sort_unstable();
        asked
    }
}

impl Runner for Keyed {
    fn run(&self, plan: Plan, _: Bounds) -> BoxFuture<'_, Result> {
        Box::pin(async move {
            {
                let mut running = self.running.lock().unwrap();
                running.0 += 1;
                running.1 = running.1.max(running.0);
            }
            match &self.held {
                Some(held) => held.notified().await,
                None => tokio::task::yield_now().await,
            }
            self.running.lock().unwrap().0 -= 1;
            let is_whole = matches!(&plan.action, Action::Write(Write::All(items)) if items.is_empty());
            if self.is_away && is_whole {
                return Err(Error::unavailable("the database"));
            }
            self.claim(plan.claim.as_ref())?;
            let Action::Write(Write::All(items)) = plan.action else {
                return self.one(&plan.action, plan.claim.as_ref());
            };
            let outcomes: Result<Vec<Outcome>> = items
                .into_iter()
                .enumerate()
                .map(|(index, item)| match item {
                    Item::Known(outcome) => Ok(outcome),
                    Item::Plan(one) => {
                        self.one(&one.action, plan.claim.as_ref()).map_err(|error| error.of_item(index))
                    }
                })
                .collect();
            Ok(Items::together(&outcomes?))
        })
    }
}

fn served(databases: Keyed) -> (Domains<People>, Arc<Keyed>) {
    served_within(databases, Limits { batch_items_max: 200, ..Limits::default() })
}

fn served_within(databases: Keyed, limits: Limits) -> (Domains<People>, Arc<Keyed>) {
    let databases = Arc::new(databases);
    (Domains::new(vec![&PERSON], Arc::clone(&databases) as _, limits), databases)
}

/// A batch that came in its proper queue.
fn batch<'a>(routing_key: &'a str, body: &'a str) -> Incoming<'a> {
    let broker = if routing_key.ends_with("write") { Broker::AppWrite } else { Broker::AppRead };
    Incoming { broker, ..incoming(routing_key, body) }
}

const READ: &str = "app_server.batch.read";
const WRITE: &str = "app_server.batch.write";

async fn answer(domains: &Domains<People>, incoming: Incoming<'_>) -> Json {
    match domains.handle(incoming).await {
        Verdict::Reply(reply) => serde_json::from_slice(&reply.body).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn fetch(key: i64) -> Json {
    json!({ "template": "person", "op": "fetch", "body": { "key": key } })
}

fn create(id: i64) -> Json {
    json!({ "template": "person", "op": "create", "body": { "data": { "id": id } } })
}

fn of(mode: &str, items: &[Json]) -> String {
    json!({ "mode": mode, "items": items }).to_string()
}

/// The codes of a batch's items, `ok` for success.
fn codes(reply: &Json) -> Vec<&str> {
    let items = reply["items"].as_array().unwrap_or_else(|| panic!("{reply}"));
    items
        .iter()
        .map(|item| if item["ok"] == true { "ok" } else { item["error"]["code"].as_str().unwrap() })
        .collect()
}

#[tokio::test]
async fn each_item_is_answered_as_a_request_by_itself() {
    let (domains, _) = served(Keyed::default());
    let items = [
        ("fetch", r#"{"key": 1}"#),
        ("fetch", r#"{"key": 404}"#),
        ("fetch", r#"{"key": "x"}"#),
        ("fetch", r#"{"ke": 1}"#),
        ("fetch", "[]"),
        ("fetch", "null"),
        ("describe", "{}"),
        ("describe", "null"),
        ("call.x", "{}"),
        ("count", "{}"),
    ];
    let body = items.map(|(op, body)| format!(r#"{{"template": "person", "op": "{op}", "body": {body}}}"#));
    let body = format!(r#"{{"items": [{}]}}"#, body.join(","));
    let reply = answer(&domains, batch(READ, &body)).await;
    assert_eq!(
        (&reply["ok"], &reply["note"]),
        (&json!(true), &json!("7 of 10 items failed, the first of them items[1]"))
    );
    for ((op, body), item) in items.into_iter().zip(reply["items"].as_array().unwrap()) {
        let alone = answer(&domains, incoming(&format!("person.{op}"), body)).await;
        assert_eq!(*item, alone, "{op} {body}");
    }
    let bare =
        r#"{"items": [{"template": "person", "op": "describe"}, {"template": "person", "op": "fetch"}]}"#;
    let reply = answer(&domains, batch(READ, bare)).await;
    assert_eq!(codes(&reply), ["ok", "bad_request"]);
    assert!(reply["items"][1]["error"]["message"].as_str().unwrap().contains("empty"), "{reply}");
}

#[tokio::test]
async fn what_is_no_batch_runs_nothing() {
    let (domains, databases) = served(Keyed::default());
    let many = of("parallel", &vec![fetch(1); 201]);
    let one = of("ordered", &[fetch(1)]);
    for (incoming, code, part) in [
        (batch(READ, "{}"), "bad_request", "missing field `items`"),
        (batch(READ, r#"{"items": []}"#), "validation_failed", "`items` must have at least one item"),
        (batch(READ, r#"{"items": [1]}"#), "bad_request", "at `items[0]`"),
        (batch(READ, r#"{"mode": "x", "items": []}"#), "bad_request", "at `mode`"),
        (batch(READ, &of("atomic", &[fetch(1)])), "bad_request", "cannot be `atomic`"),
        (batch(READ, &many), "too_large", "the batch has 201 items; the limit is 200"),
        (batch(WRITE, r#"{"items": [{"template": "person", "op": "fetch"}]}"#), "bad_request", "no `mode`"),
        (Incoming { broker: Broker::AppWrite, ..batch(READ, &one) }, "bad_request", "not routed"),
        (
            Incoming { template_hash: Ok(Some(PERSON.hash)), ..batch(READ, &one) },
            "template_mismatch",
            "no hash",
        ),
        (Incoming { deadline: Ok(Some(1)), ..batch(READ, &one) }, "deadline_exceeded", "passed"),
        (batch("app_server.batch.reed", &one), "unknown_operation", "batch.reed"),
        (batch("nosuch.batch.read", &one), "unknown_operation", "batch.read"),
    ] {
        let error = &answer(&domains, incoming).await["error"];
        assert!(
            error["code"] == code && error["message"].as_str().unwrap().contains(part),
            "{part}: {error}"
        );
    }
    assert!(databases.asked().is_empty());
}

#[tokio::test]
async fn an_item_that_does_not_belong_here_fails_alone() {
    let (domains, databases) = served(Keyed::default());
    let unknown = |template: &str, op: &str| json!({ "template": template, "op": op, "body": {} });
    let long = "x".repeat(1_000);
    let items = [
        create(1),
        fetch(2),
        unknown("persons", "fetch"),
        unknown("person", "fetsh"),
        unknown(&long, "fetch"),
        unknown("person", &long),
        unknown("", ""),
    ];
    let reply = answer(&domains, batch(READ, &of("parallel", &items))).await;
    let unknown = [
        "unknown_template",
        "unknown_operation",
        "unknown_template",
        "unknown_operation",
        "unknown_operation",
    ];
    assert_eq!(codes(&reply), [&["bad_request", "ok"][..], &unknown].concat());
    let error = &reply["items"][0]["error"];
    assert_eq!(error["message"], "`person.create` writes, and this is a batch of reads");
    assert_eq!(error["hint"], "send it in a batch to `app_server.batch.write`");
    assert!(reply["items"][4].to_string().len() < 600 && reply["items"][5].to_string().len() < 700);
    assert_eq!(databases.asked(), [(2, None)]);
    let admin = Incoming { broker: Broker::AdminOut, ..batch("admin.batch.read", "") };
    let body = of("parallel", &[fetch(1)]);
    let reply = answer(&domains, Incoming { body: body.as_bytes(), ..admin }).await;
    assert_eq!(reply["items"][0]["error"]["message"], "the template `person` is not of the service `admin`");
    assert_eq!(reply["items"][0]["error"]["hint"], "send it in a batch to `app_server.batch.read`");
}

#[tokio::test]
async fn an_ordered_batch_stops_at_the_first_failure() {
    let (domains, databases) = served(Keyed::default());
    let items = [create(1), fetch(2), create(503), create(4), fetch(5)];
    let reply = answer(&domains, batch(WRITE, &of("ordered", &items))).await;
    assert_eq!(codes(&reply), ["ok", "ok", "unavailable", "not_run", "not_run"]);
    assert_eq!(reply["note"], "items[2] failed; 2 items after it were not run");
    let left_out = &reply["items"][3]["error"];
    assert_eq!(left_out["message"], "not run, since items[2] failed before it");
    assert!(left_out["retryable"] == true && left_out["request_id"] == "r1", "{left_out}");
    assert_eq!(databases.asked(), [(1, None), (2, None), (503, None)]);
}

#[tokio::test]
async fn each_item_has_claims_of_its_own() {
    let (domains, databases) = served(Keyed::default());
    let items = of("parallel", &[create(1), create(404), create(3)]);
    let once = |body| Incoming { message_id: Some("m"), ..batch(WRITE, body) };
    for _ in 0..2 {
        answer(&domains, once(&items)).await;
        assert_eq!(databases.asked(), [(1, Some(1)), (3, Some(1 + 2 * 0xffff)), (404, Some(1 + 0xffff))]);
    }
    answer(&domains, once(&of("atomic", &[create(1), create(2)]))).await;
    assert_eq!(databases.asked(), [(1, Some(0)), (2, Some(0))], "an atomic batch has one");
    let digests = std::mem::take(&mut *databases.digests.lock().unwrap());
    assert!(digests[..6].iter().all(|digest| *digest == digests[0]), "the batch's, whatever the item");
    assert!(digests[6] != digests[0] && digests[6] == digests[7]);
}

/// Whatever was first under an id, a later request with the id and another body does nothing.
#[tokio::test]
async fn an_id_is_that_of_one_request() {
    let items = [create(1), create(2)];
    let batches = ["parallel", "ordered", "atomic"].map(|mode| (WRITE, of(mode, &items)));
    let requests = [&batches[..], &[("person.create", CREATE.to_owned())]].concat();
    for (first, one) in requests.iter().enumerate() {
        for (second, other) in requests.iter().enumerate() {
            let (domains, databases) = served(Keyed { ledger: Some(Mutex::default()), ..Keyed::default() });
            let once = |(key, body): &'static (&'static str, String)| Incoming {
                message_id: Some("m"),
                broker: Broker::AppWrite,
                ..incoming(key, body)
            };
            let [earlier, later]: [&'static _; 2] =
                [one, other].map(|request| &*Box::leak(Box::new(request.clone())));
            let reply = answer(&domains, once(earlier)).await;
            assert!(reply["ok"] == true && reply["note"] == Json::Null, "{earlier:?}: {reply}");
            databases.asked();
            let reply = answer(&domains, once(later)).await;
            if first == second {
                assert_eq!(reply["ok"], true, "{reply}");
                continue;
            }
            assert_eq!(reply["error"]["code"], "conflict", "{earlier:?}, then {later:?}: {reply}");
            assert!(databases.asked().is_empty(), "{earlier:?}, then {later:?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_claim_writes_nothing() {
    let (domains, databases) = served(Keyed { is_away: true, ..Keyed::default() });
    let items = [fetch(1), create(2), fetch(3)];
    for (mode, codes_of, asked) in [
        ("parallel", ["ok", "unavailable", "ok"], &[(1, None), (3, None)][..]),
        ("ordered", ["ok", "unavailable", "not_run"], &[(1, None)]),
    ] {
        let body = of(mode, &items);
        let reply = answer(&domains, Incoming { message_id: Some("m"), ..batch(WRITE, &body) }).await;
        assert_eq!(codes(&reply), codes_of);
        assert_eq!(databases.asked(), asked);
    }
    let body = of("parallel", &items);
    let reply = answer(&domains, batch(WRITE, &body)).await;
    assert_eq!(codes(&reply), ["ok"; 3], "without an id there is nothing to claim");
}

#[tokio::test]
async fn an_empty_id_is_refused_where_it_would_count() {
    let (domains, databases) = served(Keyed::default());
    let empty = |incoming| Incoming { message_id: Some(""), ..incoming };
    let body = of("parallel", &[create(1)]);
    let create = Incoming { broker: Broker::AppWrite, ..incoming("person.create", CREATE) };
    for incoming in [empty(create), empty(batch(WRITE, &body))] {
        let error = &answer(&domains, incoming).await["error"];
        assert_eq!(
            (&error["code"], &error["message"]),
            (&json!("bad_request"), &json!("the `message_id` is empty"))
        );
    }
    assert!(databases.asked().is_empty());
    assert_eq!(answer(&domains, empty(incoming("person.fetch", FETCH))).await["ok"], true);
}

#[tokio::test]
async fn an_atomic_batch_is_valid_as_a_whole_or_runs_nothing() {
    let (domains, databases) = served(Keyed::default());
    let describe = json!({ "template": "person", "op": "describe" });
    let reply = answer(&domains, batch(WRITE, &of("atomic", &[create(1), describe.clone(), fetch(1)]))).await;
    assert_eq!(codes(&reply), ["ok", "ok", "ok"]);
    assert_eq!(databases.asked().len(), 2);
    let reply = answer(&domains, batch(WRITE, &of("atomic", &[describe]))).await;
    assert_eq!(codes(&reply), ["ok"]);

    let reply = answer(&domains, batch(WRITE, &of("atomic", &[create(1), create(404)]))).await;
    assert_eq!(reply["error"]["message"], "items[1]: no record of `person` has this key");
    assert_eq!(databases.asked().len(), 2);

    let bad = json!({ "template": "person", "op": "create", "body": { "data": { "id": "x", "y": 1 } } });
    let method = json!({ "template": "person", "op": "delete", "body": { "key": 1 } });
    let unknown = json!({ "template": "nobody", "op": "fetch", "body": {} });
    let reply = answer(&domains, batch(WRITE, &of("atomic", &[create(1), method, bad, unknown]))).await;
    let error = &reply["error"];
    assert_eq!(error["code"], "bad_request");
    assert_eq!(
        error["message"],
        "items[1]: `person.delete` is a method of the node, which cannot be part of a transaction; \
         2 further items are refused"
    );
    let fields: Vec<_> = error["details"].as_array().unwrap().iter().map(|detail| &detail["field"]).collect();
    assert_eq!(fields, ["items[2].y", "items[2].id", "items[3]"], "{error}");
    assert!(databases.asked().is_empty());
}

#[tokio::test]
async fn a_batch_without_an_answer_is_done_or_retried_or_dead() {
    let (domains, databases) = served(Keyed::default());
    let end = async |mode: &str, items: &[Json], message_id| {
        let body = of(mode, items);
        end(&domains, Incoming { message_id, ..batch(WRITE, &body) }).await
    };
    let id = Some("m");
    for mode in ["parallel", "ordered"] {
        assert_eq!(end(mode, &[create(1)], None).await, End::Dead(ErrorCode::BadRequest));
        assert!(databases.asked().is_empty());
        assert_eq!(end(mode, &[create(1)], id).await, End::Reply("ok"));
        assert_eq!(end(mode, &[create(404)], id).await, End::Dead(ErrorCode::NotFound));
        assert_eq!(end(mode, &[create(503)], id).await, End::Retry(ErrorCode::Unavailable));
        databases.asked();
    }
    // An item that may still succeed is retried before the batch is dead-lettered.
    assert_eq!(end("parallel", &[create(404), create(503)], id).await, End::Retry(ErrorCode::Unavailable));
    assert_eq!(end("ordered", &[create(404), create(503)], id).await, End::Dead(ErrorCode::NotFound));
    assert_eq!(end("atomic", &[create(503)], None).await, End::Retry(ErrorCode::Unavailable));
    let body = of("parallel", &[fetch(1)]);
    assert_eq!(super::end(&domains, batch(READ, &body)).await, End::Dead(ErrorCode::BadRequest));
}

#[tokio::test]
async fn a_batch_replies_within_the_bound_and_loses_nothing_that_was_written() {
    let record = r#"{"id":7,"pin":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#;
    let record: &'static str = Box::leak(record.replace("xx", &"x".repeat(20)).into_boxed_str());
    let bytes_max = 9_000;
    let limits = Limits { reply_bytes_max: bytes_max, ..Limits::default() };
    let (domains, databases) = served_within(Keyed { record: Some(record), ..Keyed::default() }, limits);
    let items: Vec<Json> = (0..14).map(|id| if id % 2 == 0 { fetch(id) } else { create(id) }).collect();
    let body = of("parallel", &items);
    let Verdict::Reply(reply) = domains.handle(batch(WRITE, &body)).await else { panic!("no reply") };
    assert!(reply.body.len() <= bytes_max, "{}", reply.body.len());
    let reply: Json = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(databases.asked().len(), 14, "all were done");
    let found = codes(&reply);
    assert_eq!((found[0], found[1]), ("ok", "ok"));
    assert_eq!(reply["items"][1]["data"]["id"], 7);
    for (index, item) in reply["items"].as_array().unwrap().iter().enumerate().skip(8) {
        if index % 2 == 0 {
            assert_eq!(item["error"]["code"], "too_large", "{item}");
        } else {
            assert_eq!(item["data"], json!({ "id": 7 }), "{item}");
            assert!(item["note"].as_str().unwrap().contains("this was done"), "{item}");
        }
    }
    let failed = found.iter().filter(|code| **code == "too_large").count();
    let first = found.iter().position(|code| *code == "too_large").unwrap();
    let note = format!("{failed} of 14 items failed, the first of them items[{first}]");
    assert_eq!(reply["note"], note);
    let body = of("ordered", &items);
    let reply = answer(&domains, batch(WRITE, &body)).await;
    let found = codes(&reply);
    let stop = found.iter().position(|code| *code == "too_large").unwrap();
    assert!(found[stop + 1..].iter().all(|code| *code == "not_run"), "{found:?}");
    assert_eq!(databases.asked().len(), stop + 1, "nothing ran after it");
    let left_out = 13 - stop;
    assert!(left_out > 1, "{found:?}");
    assert_eq!(reply["note"], format!("items[{stop}] failed; {left_out} items after it were not run"));
    let body = of("parallel", &vec![create(1); 50]);
    let reply = answer(&domains, batch(WRITE, &body)).await;
    assert_eq!(reply["error"]["code"], "too_large");
    assert!(databases.asked().is_empty());
}

#[tokio::test]
async fn a_bounded_number_of_items_run_at_a_time() {
    let part = json!({ "template": "person", "op": "fetch", "body": { "key": 1, "fields": ["id"] } });
    assert_eq!(most_at_a_time(part).await, 200, "of both batches");
    assert_eq!(
        most_at_a_time(fetch(1)).await,
        128,
        "look-ups are worked on as one, and so are let in as one"
    );
}

/// The most items that run at a time, with room for 200, in two batches of such items.
async fn most_at_a_time(item: Json) -> usize {
    let held = Arc::new(Notify::new());
    let limits = Limits { batch_items_at_once: 200, ..Limits::default() };
    let (domains, databases) =
        served_within(Keyed { held: Some(Arc::clone(&held)), ..Keyed::default() }, limits);
    let body = of("parallel", &vec![item; 500]);
    let all = async {
        let (one, two) =
            tokio::join!(answer(&domains, batch(READ, &body)), answer(&domains, batch(READ, &body)));
        assert!(codes(&one).iter().chain(&codes(&two)).all(|code| *code == "ok"));
    };
    let release = async {
        // First, all items start that may.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        loop {
            held.notify_one();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { () = all => {}, () = release => {} }
    let (running, most) = *databases.running.lock().unwrap();
    assert_eq!(running, 0);
    most
}

/// The result of several look-ups.
type Found = Result<Vec<Result<Outcome>>>;

/// A database that cannot look up several records at once, or that answers another question.
#[derive(Debug)]
struct Odd(Keyed, fn() -> Found);

impl Runner for Odd {
    fn run(&self, plan: Plan, bounds: Bounds) -> BoxFuture<'_, Result> {
        self.0.run(plan, bounds)
    }

    fn look_up(&self, _: &'static Domain, _: Vec<Value>, _: Bounds) -> BoxFuture<'_, Found> {
        Box::pin(async { (self.1)() })
    }
}

#[tokio::test]
async fn look_ups_that_cannot_be_one_statement_are_done_one_by_one() {
    let odd: [fn() -> Found; 3] = [
        || Err(Error::internal("a record is too large")),
        || Ok(vec![Ok(Outcome::default())]),
        || panic!("an adapter failed"),
    ];
    for answer_of in odd {
        let databases = Arc::new(Odd(Keyed::default(), answer_of));
        let domains = Domains::new(vec![&PERSON], Arc::clone(&databases) as _, Limits::default());
        let body = of("parallel", &[fetch(1), fetch(404), fetch(2)]);
        let reply = answer(&domains, batch(READ, &body)).await;
        assert_eq!(codes(&reply), ["ok", "not_found", "ok"]);
        assert_eq!(databases.0.asked(), [(1, None), (2, None), (404, None)]);
    }
    // If all had to wait, none waits again by itself.
    let away = Arc::new(Odd(Keyed::default(), || Err(Error::unavailable("the database"))));
    let domains = Domains::new(vec![&PERSON], Arc::clone(&away) as _, Limits::default());
    let reply = answer(&domains, batch(READ, &of("parallel", &[fetch(1), fetch(2)]))).await;
    assert_eq!(codes(&reply), ["unavailable", "unavailable"]);
    assert!(away.0.asked().is_empty());
}

#[tokio::test]
async fn replies_stand_in_the_order_of_their_items_whatever_is_done_together() {
    let (domains, _) = served(Keyed::default());
    let odd = json!({ "template": "person", "op": "fetch", "body": { "key": "no number" } });
    let part =
        |key: i64| json!({ "template": "person", "op": "fetch", "body": { "key": key, "fields": ["id"] } });
    let items = [fetch(5), part(4), fetch(3), odd, fetch(404), part(2), fetch(1)];
    let reply = answer(&domains, batch(READ, &of("parallel", &items))).await;
    assert_eq!(codes(&reply), ["ok", "ok", "ok", "validation_failed", "not_found", "ok", "ok"]);
    for (place, id) in [(0, 5), (1, 4), (2, 3), (5, 2), (6, 1)] {
        assert_eq!(reply["items"][place]["data"]["id"], id);
    }
}

#[tokio::test]
async fn a_panic_is_the_error_of_one_item() {
    let (domains, _) = served(Keyed::default());
    let delete = json!({ "template": "person", "op": "delete", "body": { "key": 1 } });
    let reply = answer(&domains, batch(WRITE, &of("parallel", &[create(1), delete, create(2)]))).await;
    assert_eq!(codes(&reply), ["ok", "internal", "ok"]);
}

#[test]
fn a_batch_is_shown_without_what_is_sensitive() {
    let (domains, _) = served(Keyed::default());
    let body = r#"{"items":[{"template":"person","op":"create","body":{"data":{"id":1,"pin":"4711"}}}]}"#;
    let shown = domains.shown(WRITE, body.as_bytes()).into_owned();
    assert_eq!(String::from_utf8(shown).unwrap(), body.replace("4711", "***"));
}
