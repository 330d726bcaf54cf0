mod access;
mod admission;
mod batch;
mod elsewhere;
mod endings;
mod places;

use std::{
    sync::Mutex,
    time::{Duration, Instant, SystemTime},
};

use beds_core::{
    NamasteCore, Request, Runner, Work, operation,
    plan::{Action, Bounds, Plan, Write},
    spec::{Call, Field, Type, mariadb, mongodb},
};
use beds_protocol::{CountRequest, CreateRequest, DeleteRequest, FetchRequest, UpdateRequest};
use serde_json::{Value as Json, json};

use super::*;

static FIELDS: [Field; 2] =
    [Field::new("id", "id", Type::INT), Field::new("pin", "pin", Type::string(0, 9)).nullable().sensitive()];

static PERSON: Domain = Domain::new("person", "", "0123456789abcdef")
    .compatible_with(&["fedcba9876543210"])
    .fields(&FIELDS)
    .key(&[0])
    .reads()
    .creates()
    .updates()
    .deletes()
    .mariadb("people", mariadb::Objects::NONE);

/// A domain in a database of the same name on another engine.
static PET: Domain = Domain::new("pet", "", "fedcba9876543210")
    .fields(&FIELDS)
    .key(&[0])
    .reads()
    .mongodb("people", mongodb::Objects::NONE);

struct Pet;

impl NamasteCore for Pet {
    fn domain() -> &'static Domain {
        &PET
    }

    fn fetch(cx: &Context, request: FetchRequest) -> Result<Work> {
        operation::fetch(cx, &PET, request)
    }
}

/// A domain whose `count` panics before it has a plan, and whose `delete` panics while it runs. Its `update` makes a
/// reply that is too long if a reply is wanted, and otherwise never ends.
struct Person;

impl NamasteCore for Person {
    fn domain() -> &'static Domain {
        &PERSON
    }

    fn fetch(cx: &Context, request: FetchRequest) -> Result<Work> {
        operation::fetch(cx, &PERSON, request)
    }

    fn count(_: &Context, _: CountRequest) -> Result<Work> {
        panic!("a defect of planning")
    }

    fn create(cx: &Context, request: CreateRequest) -> Result<Work> {
        operation::create(cx, &PERSON, request)
    }

    fn update(cx: &Context, _: UpdateRequest) -> Result<Work> {
        let limits = Arc::clone(&cx.limits);
        Ok(Work::method(async move {
            match limits.reply_bytes_max {
                UNHEARD => std::future::pending().await,
                bytes_max => Ok(Outcome::data(vec![b'1'; bytes_max])),
            }
        }))
    }

    fn delete(_: &Context, _: DeleteRequest) -> Result<Work> {
        Ok(Work::method(async { panic!("a defect of a method") }))
    }
}

#[derive(Debug)]
struct People;

impl Factory for People {
    type Template = &'static Domain;

    fn domains() -> Vec<&'static Domain> {
        vec![&PERSON, &PET]
    }

    fn template(name: &str) -> Option<&'static Domain> {
        Self::domains().into_iter().find(|domain| domain.name == name)
    }

    fn domain(template: &'static Domain) -> &'static Domain {
        template
    }

    fn call(_: &'static Domain, name: &str) -> Option<&'static Call> {
        Person::find_call(name)
    }

    fn dispatch(template: &'static Domain, cx: &Context, request: Request) -> Result<Work> {
        if template.name == PET.name {
            return beds_core::namaste::dispatch::<Pet>(cx, request);
        }
        beds_core::namaste::dispatch::<Person>(cx, request)
    }
}

/// Databases that end every plan in the same way, and record its deadline.
#[derive(Debug)]
struct Databases {
    end: Result,
    deadlines: Mutex<Vec<Instant>>,
}

impl Runner for Databases {
    fn run(&self, plan: Plan, bounds: Bounds) -> BoxFuture<'_, Result> {
        assert_eq!(plan.domain.name, PERSON.name);
        self.deadlines.lock().unwrap().push(bounds.deadline);
        let is_too_long = |outcome: &Outcome| outcome.size() > bounds.reply_bytes_max;
        if self.end.as_ref().is_ok_and(is_too_long) {
            return Box::pin(async move { Err(Error::reply_too_large(bounds.reply_bytes_max)) });
        }
        Box::pin(async { self.end.clone() })
    }
}

/// The service of the domain, on databases that end every plan with this result.
fn service(end: Result) -> (Domains<People>, Arc<Databases>) {
    let databases = Arc::new(Databases { end, deadlines: Mutex::default() });
    let limits = Limits { request_bytes_max: 1_000, reply_bytes_max: 1_000, ..Limits::default() };
    (Domains::new(vec![&PERSON], Arc::clone(&databases) as _, limits), databases)
}

fn done() -> Outcome {
    Outcome::count(1)
}

/// A request that wants a reply.
fn incoming<'a>(routing_key: &'a str, body: &'a str) -> Incoming<'a> {
    let broker = match routing_key.rsplit('.').next() {
        Some("create" | "update" | "delete") => Broker::AppWrite,
        _ => Broker::AppRead,
    };
    Incoming {
        broker,
        routing_key,
        content_type: None,
        content_encoding: None,
        deadline: Ok(None),
        expiration: None,
        timestamp: None,
        template_hash: Ok(None),
        after: Ok(None),
        request_id: "r1",
        message_id: None,
        user_id: None,
        session: Ok(None),
        client: "",
        traceparent: None,
        wants_reply: true,
        sought_for: None,
        stages: Arc::default(),
        body: body.as_bytes(),
    }
}

const CREATE: &str = r#"{"data": {"id": 1, "pin": "4711"}}"#;
const FETCH: &str = r#"{"key": 1}"#;

/// The reply to a request: its status and its error's message.
async fn reply(domains: &Domains<People>, incoming: Incoming<'_>) -> (&'static str, String) {
    let Verdict::Reply(reply) = domains.handle(incoming).await else { panic!("no reply") };
    let body: Json = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(body["ok"], reply.status == "ok");
    if reply.status != "ok" {
        assert_eq!(
            (&body["error"]["code"], &body["error"]["request_id"]),
            (&reply.status.into(), &"r1".into())
        );
    }
    (reply.status, body["error"]["message"].as_str().unwrap_or_default().to_owned())
}

/// The end of a request without a reply.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Reply(&'static str),
    Retry(ErrorCode),
    Dead(ErrorCode),
}

async fn end(domains: &Domains<People>, incoming: Incoming<'_>) -> End {
    match domains.handle(Incoming { wants_reply: false, ..incoming }).await {
        Verdict::Reply(reply) => End::Reply(reply.status),
        Verdict::Done => panic!("a domain answers"),
        Verdict::Retry(error) => End::Retry(error.code),
        Verdict::Dead(error) => End::Dead(error.code),
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

#[tokio::test]
async fn a_sensitive_value_is_shown_to_nobody() {
    let (domains, _) = service(Ok(done()));
    let shown =
        |key: &str, body: &str| String::from_utf8(domains.shown(key, body.as_bytes()).into_owned()).unwrap();
    assert_eq!(shown("person.create", CREATE), r#"{"data":{"id":1,"pin":"***"}}"#);
    assert_eq!(shown("person.nonsense", CREATE), r#"{"data":{"id":1,"pin":"***"}}"#);
    assert_eq!(shown("person.create", r#"{"data": "4711"#), r#""***""#);
    assert_eq!(shown("unknown.create", CREATE), CREATE, "it is of no template");
    // The reason does not quote the value either.
    for body in [r#"{"data": "4711"}"#, r#"{"data": 4711}"#, r#"{"data": ["4711, expected 4711"]}"#] {
        let Verdict::Dead(error) =
            domains.handle(Incoming { wants_reply: false, ..incoming("person.create", body) }).await
        else {
            panic!("{body}")
        };
        assert!(!error.message.contains("4711") && error.message.contains("expected an object"), "{error}");
    }
}

#[test]
fn what_is_served_is_bound_to_its_brokers() {
    let (domains, _) = service(Ok(done()));
    let keys = domains.keys();
    assert_eq!(keys.len(), 8);
    for (broker, key) in keys {
        let is_write =
            ["create", "update", "delete", "batch.write"].iter().any(|operation| key.ends_with(operation));
        assert_eq!(broker, if is_write { Broker::AppWrite } else { Broker::AppRead }, "{key}");
    }
    assert!(domains.accepts("person") && !domains.accepts("node"));
}

/// A binding remains when a node no longer serves a template.
#[tokio::test]
async fn what_is_not_served_is_not_done_whoever_brings_it() {
    let domains = Domains::<People>::new(Vec::new(), service(Ok(done())).1, Limits::default());
    let item = r#"{"template":"person","op":"fetch","body":{"key":1}}"#;
    let batch = format!(r#"{{"mode":"parallel","items":[{item}]}}"#);
    let keys =
        [("person.create", CREATE), ("person.describe", "{}"), ("app_server.batch.read", batch.as_str())];
    for (key, body) in keys {
        let Verdict::Reply(reply) = domains.handle(incoming(key, body)).await else { panic!("{key}") };
        let said = String::from_utf8(reply.body).unwrap();
        assert!(
            said.contains("no template `person` is served here") && said.contains("left it out"),
            "{said}"
        );
    }
}

/// The plan that reaches the databases is the request's.
#[tokio::test]
async fn a_plan_is_what_the_request_says() {
    #[derive(Debug)]
    struct Seen;

    impl Runner for Seen {
        fn run(&self, plan: Plan, _: Bounds) -> BoxFuture<'_, Result> {
            let Action::Write(Write::Create { records, many }) = plan.action else { panic!("{plan:?}") };
            assert!(records.len() == 2 && many);
            Box::pin(async { Ok(Outcome::count(2)) })
        }
    }

    let domains = Domains::<People>::new(vec![&PERSON], Arc::new(Seen), Limits::default());
    let body = json!({ "data": [{ "id": 1 }, { "id": 2, "pin": "1" }] }).to_string();
    let Verdict::Reply(reply) = domains.handle(incoming("person.create", &body)).await else {
        panic!("no reply")
    };
    assert_eq!(reply.template_hash, Some(PERSON.hash));
    assert_eq!(String::from_utf8(reply.body).unwrap(), r#"{"ok":true,"count":2}"#);
}

#[tokio::test]
async fn a_request_counts_its_time_from_when_it_was_sent() {
    let now_s = u64::try_from(now_ms() / 1_000).unwrap();
    let ms = Duration::from_millis;
    // The longest time it has, by its properties; `None` if it is too late.
    for (timestamp, expiration, expected) in [
        (None, None, Some(ms(10_000))),
        (None, Some(ms(500)), Some(ms(500))),
        (Some(now_s - 4), None, Some(ms(8_000))),
        (Some(now_s - 4), Some(ms(60_000)), Some(ms(58_000))),
        (Some(now_s - 20), None, None),
        (Some(now_s - 4), Some(ms(500)), None),
        // A fast clock does not extend the longest time.
        (Some(now_s + 100), None, Some(ms(10_000))),
    ] {
        let (domains, databases) = service(Ok(done()));
        let request = || Incoming { timestamp, expiration, ..incoming("person.create", CREATE) };
        let begun = Instant::now();
        let (status, _) = reply(&domains, request()).await;
        let deadline = databases.deadlines.lock().unwrap().first().map(|deadline| *deadline - begun);
        match (deadline, expected) {
            (Some(deadline), Some(most)) => {
                assert!(
                    deadline <= most + ms(200) && deadline + ms(2_000) > most,
                    "{deadline:?} of {most:?}"
                );
            }
            (None, None) => assert_eq!(status, "deadline_exceeded"),
            other => panic!("{timestamp:?} {expiration:?}: {other:?} {status}"),
        }
        // A request that wants no reply has no client's deadline.
        assert_eq!(end(&domains, request()).await, End::Reply("ok"));
    }
}
