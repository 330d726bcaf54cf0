mod batch;

use std::{
    sync::Mutex,
    time::{Duration, Instant, SystemTime},
};

use beds_core::{
    NamasteCore, Request, Runner, Work, operation,
    plan::{Action, Bounds, Plan, Write},
    spec::{Call, Field, Type, mariadb},
};
use beds_protocol::{CountRequest, CreateRequest, DeleteRequest, FetchRequest, UpdateRequest};
use serde_json::{Value as Json, json};

use super::*;

static FIELDS: [Field; 2] =
    [Field::new("id", "id", Type::INT), Field::new("pin", "pin", Type::string(0, 9)).nullable().sensitive()];

static PERSON: Domain = Domain::new("person", "", "0123456789abcdef")
    .fields(&FIELDS)
    .key(&[0])
    .reads()
    .creates()
    .updates()
    .deletes()
    .mariadb("people", mariadb::Objects::NONE);

/// A domain whose `count` panics before it has a plan, and whose `delete` does while it runs.
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
        Ok(Work::method(async move { Ok(Outcome::data(vec![b'1'; limits.reply_bytes_max])) }))
    }

    fn delete(_: &Context, _: DeleteRequest) -> Result<Work> {
        Ok(Work::method(async { panic!("a defect of a method") }))
    }
}

#[derive(Debug)]
struct People;

impl Factory for People {
    type Template = ();

    fn domains() -> Vec<&'static Domain> {
        vec![&PERSON]
    }

    fn template(name: &str) -> Option<()> {
        (name == PERSON.name).then_some(())
    }

    fn domain((): ()) -> &'static Domain {
        &PERSON
    }

    fn call((): (), name: &str) -> Option<&'static Call> {
        Person::find_call(name)
    }

    fn dispatch((): (), cx: &Context, request: Request) -> Result<Work> {
        beds_core::namaste::dispatch::<Person>(cx, request)
    }
}

/// Databases that end every plan alike, and remember until when they had to.
#[derive(Debug)]
struct Databases {
    end: Result,
    deadlines: Mutex<Vec<Instant>>,
}

impl Runner for Databases {
    fn run(&self, plan: Plan, bounds: Bounds) -> BoxFuture<'_, Result> {
        assert_eq!(plan.domain.name, PERSON.name);
        self.deadlines.lock().unwrap().push(bounds.deadline);
        Box::pin(async { self.end.clone() })
    }
}

/// The service of the domain, on databases that end every plan so.
fn service(end: Result) -> (Domains<People>, Arc<Databases>) {
    let databases = Arc::new(Databases { end, deadlines: Mutex::default() });
    let limits = Limits { request_bytes_max: 1_000, reply_bytes_max: 1_000, ..Limits::default() };
    (Domains::new(vec![&PERSON], Arc::clone(&databases) as _, limits), databases)
}

const DONE: Result = Ok(Outcome {
    data: None,
    next: None,
    count: Some(1),
    out: None,
    sets: None,
    items: None,
    note: None,
    unshown: None,
});

/// A request that is answered.
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
        template_hash: Ok(None),
        request_id: "r1",
        message_id: None,
        user_id: None,
        traceparent: None,
        wants_reply: true,
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

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

#[tokio::test]
async fn a_deadline_is_the_clients_within_limits() {
    let (domains, databases) = service(DONE);
    let start = Instant::now();
    let limits = Limits::default();
    let (usual, longest) = (limits.request_timeout_ms.duration(), limits.request_timeout_max_ms.duration());
    for (deadline, left) in [
        (None, usual),
        (Some(now_ms() + 60_000), Duration::from_mins(1)),
        (Some(now_ms() + 86_400_000), longest),
        (Some(i64::MAX), longest),
    ] {
        let fetch = Incoming { deadline: Ok(deadline), ..incoming("person.fetch", FETCH) };
        assert_eq!(reply(&domains, fetch).await.0, "ok");
        let given = databases.deadlines.lock().unwrap().pop().unwrap();
        // The header has whole milliseconds.
        let latest = given + Duration::from_millis(1);
        assert!(latest >= start + left && given <= Instant::now() + left, "{deadline:?}");
    }
    for (deadline, status) in [
        (Ok(Some(now_ms() - 1)), "deadline_exceeded"),
        (Ok(Some(0)), "deadline_exceeded"),
        (Ok(Some(-1)), "deadline_exceeded"),
        (Ok(Some(i64::MIN)), "deadline_exceeded"),
        (Err(()), "bad_request"),
    ] {
        let fetch = Incoming { deadline, ..incoming("person.fetch", FETCH) };
        assert_eq!(reply(&domains, fetch).await.0, status, "{deadline:?}");
    }
    assert!(databases.deadlines.lock().unwrap().is_empty(), "nothing ran that was too late");
}

#[tokio::test]
async fn what_the_envelope_contradicts_is_not_run() {
    let (domains, databases) = service(DONE);
    let fetch = || incoming("person.fetch", FETCH);
    let long = "f".repeat(100_000);
    let cases = [
        (Incoming { broker: Broker::AppWrite, ..fetch() }, "bad_request", "not routed to the queue"),
        (
            Incoming { broker: Broker::AppRead, ..incoming("person.create", CREATE) },
            "bad_request",
            "not routed",
        ),
        (Incoming { content_type: Some("text/xml"), ..fetch() }, "bad_request", "text/xml"),
        (Incoming { content_type: Some(""), ..fetch() }, "bad_request", "content type"),
        (Incoming { content_type: Some(&long), ..fetch() }, "bad_request", "fff…"),
        (
            Incoming { content_type: Some("application/json; charset=latin1"), ..fetch() },
            "bad_request",
            "the charset `latin1`",
        ),
        (
            Incoming { content_encoding: Some("gzip"), ..fetch() },
            "bad_request",
            "the content encoding `gzip`",
        ),
        (Incoming { content_encoding: Some(&long), ..fetch() }, "bad_request", "fff…"),
        (Incoming { template_hash: Err(()), ..fetch() }, "bad_request", "beds-template-hash"),
        (Incoming { template_hash: Ok(Some("0")), ..fetch() }, "template_mismatch", "0123456789abcdef"),
        (Incoming { template_hash: Ok(Some(&long)), ..fetch() }, "template_mismatch", "fff…"),
        (Incoming { routing_key: "persons.fetch", ..fetch() }, "unknown_template", "persons"),
        (Incoming { routing_key: "person.call.x", ..fetch() }, "unknown_operation", "call.x"),
        (Incoming { routing_key: "person", ..fetch() }, "bad_request", "person"),
    ];
    for (incoming, status, part) in cases {
        let shown = format!("{incoming:.40?}");
        let (given, message) = reply(&domains, incoming).await;
        assert_eq!(given, status, "{shown}");
        assert!(message.contains(part) && message.len() < 400, "{message}");
    }
    assert!(databases.deadlines.lock().unwrap().is_empty());
    for content_type in [None, Some("application/json"), Some("Application/JSON; charset=utf-8")] {
        assert_eq!(reply(&domains, Incoming { content_type, ..fetch() }).await.0, "ok");
    }
    for encoding in ["", "identity", "UTF-8", "utf8"] {
        let content_encoding = Some(encoding);
        assert_eq!(reply(&domains, Incoming { content_encoding, ..fetch() }).await.0, "ok", "{encoding}");
    }
    let matching = Incoming { template_hash: Ok(Some(PERSON.hash)), ..fetch() };
    assert_eq!(reply(&domains, matching).await.0, "ok");
}

#[tokio::test]
async fn bodies_are_read_or_refused() {
    let (domains, _) = service(DONE);
    let long = format!(r#"{{"key": 1, "fields": ["{}"]}}"#, "x".repeat(1_000));
    for (body, status, part) in [
        (long.as_str(), "too_large", "1000"),
        ("", "bad_request", "empty"),
        ("[]", "bad_request", "the body is an empty array, not a JSON object"),
        ("[1]", "bad_request", "not a JSON object"),
        (r#"{"where": []}"#, "bad_request", "at `where`: invalid type, expected an object"),
        ("{} {}", "bad_request", "after its JSON object"),
        ("\u{feff}{}", "bad_request", "byte order mark"),
        (r#"{"where": {"id": {"eq": 1, "eq": 2}}}"#, "bad_request", "`eq`"),
        (r#"{"limit": -1}"#, "bad_request", "`limit`"),
        (r#"{"limit": 0}"#, "validation_failed", "`limit`"),
        (r#"{"key": "x"}"#, "validation_failed", "`key`"),
    ] {
        let (given, message) = reply(&domains, incoming("person.fetch", body)).await;
        assert_eq!(given, status, "{body}");
        assert!(message.contains(part), "{message}");
    }
    for (body, part) in [
        (&b"{\"where\": {\"pin\": \"\xe9\"}}"[..], "UTF-8"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (b"{\0}\0", "UTF-16"),
        (b"\x1f\x8b\x08\0", "gzip"),
    ] {
        let (status, message) = reply(&domains, Incoming { body, ..incoming("person.fetch", "") }).await;
        assert!(status == "bad_request" && message.contains(part), "{message}");
    }
    for (routing_key, body) in [("person.describe", ""), ("person.describe", "{}"), ("person.fetch", "{}")] {
        assert_eq!(reply(&domains, incoming(routing_key, body)).await.0, "ok", "{routing_key} {body}");
    }
}

/// What a request that nobody waits for ends as.
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

#[tokio::test]
async fn a_write_without_an_answer_is_done_or_retried_or_dead() {
    let unavailable = || Err(Error::unavailable("the database"));
    let create = || incoming("person.create", CREATE);
    let in_time = Ok(Some(now_ms() + 60_000));
    for (result, deadline, expected) in [
        (DONE, Ok(None), End::Reply("ok")),
        (unavailable(), Ok(None), End::Retry(ErrorCode::Unavailable)),
        (unavailable(), in_time, End::Retry(ErrorCode::Unavailable)),
        (Err(Error::deadline()), Ok(None), End::Retry(ErrorCode::DeadlineExceeded)),
        // The client's own deadline: later is too late.
        (Err(Error::deadline()), in_time, End::Dead(ErrorCode::DeadlineExceeded)),
        (DONE, Ok(Some(now_ms() - 1)), End::Dead(ErrorCode::DeadlineExceeded)),
        (Err(Error::unknown_effect("it broke")), Ok(None), End::Dead(ErrorCode::Unavailable)),
        (Err(Error::internal("a defect")), Ok(None), End::Dead(ErrorCode::Internal)),
    ] {
        let (domains, _) = service(result);
        assert_eq!(end(&domains, Incoming { deadline, ..create() }).await, expected);
    }
    let (domains, databases) = service(unavailable());
    assert_eq!(end(&domains, incoming("person.create", "{}")).await, End::Dead(ErrorCode::BadRequest));
    let expected = End::Dead(ErrorCode::ValidationFailed);
    assert_eq!(end(&domains, incoming("person.create", r#"{"data": {"x": 1}}"#)).await, expected);
    // A read without an answer is good for nothing.
    assert_eq!(end(&domains, incoming("person.fetch", FETCH)).await, End::Dead(ErrorCode::BadRequest));
    assert!(databases.deadlines.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_reply_is_no_longer_than_its_limit() {
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2)).into_bytes();
    let with = |length: usize| service(Ok(Outcome::data(text(length)))).0;
    let around = Outcome::data(Vec::new()).size();
    assert_eq!(reply(&with(1_000 - around), incoming("person.fetch", FETCH)).await.0, "ok");
    assert_eq!(reply(&with(1_001 - around), incoming("person.fetch", FETCH)).await.0, "too_large");
    // Of a method too.
    let update = incoming("person.update", r#"{"key": 1, "data": {}}"#);
    assert_eq!(reply(&with(2), update).await.0, "too_large");
}

#[tokio::test]
async fn a_panic_is_one_internal_error() {
    let (domains, _) = service(DONE);
    let count = reply(&domains, incoming("person.count", "{}")).await;
    let delete = reply(&domains, incoming("person.delete", FETCH)).await;
    let unheard = end(&domains, incoming("person.delete", FETCH)).await;
    let expected = ("internal", "the operation failed unexpectedly".to_owned());
    assert_eq!((&count, &delete), (&expected, &expected));
    assert_eq!(unheard, End::Dead(ErrorCode::Internal), "it would panic again");
    assert_eq!(reply(&domains, incoming("person.fetch", FETCH)).await.0, "ok", "the service goes on");
}

#[tokio::test]
async fn a_sensitive_value_is_shown_to_nobody() {
    let (domains, _) = service(DONE);
    let shown =
        |key: &str, body: &str| String::from_utf8(domains.shown(key, body.as_bytes()).into_owned()).unwrap();
    assert_eq!(shown("person.create", CREATE), r#"{"data":{"id":1,"pin":"***"}}"#);
    assert_eq!(shown("person.nonsense", CREATE), r#"{"data":{"id":1,"pin":"***"}}"#);
    assert_eq!(shown("person.create", r#"{"data": "4711"#), r#""***""#);
    assert_eq!(shown("unknown.create", CREATE), CREATE, "it is of no template");
    // Nor does the reason say it.
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
    let (domains, _) = service(DONE);
    let keys = domains.keys();
    assert_eq!(keys.len(), 8);
    for (broker, key) in keys {
        let is_write =
            ["create", "update", "delete", "batch.write"].iter().any(|operation| key.ends_with(operation));
        assert_eq!(broker, if is_write { Broker::AppWrite } else { Broker::AppRead }, "{key}");
    }
    assert!(domains.accepts("person") && !domains.accepts("node"));
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
