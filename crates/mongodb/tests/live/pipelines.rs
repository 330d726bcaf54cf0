//! A pipeline that writes.

use std::time::{Duration, Instant};

use beds_core::{
    plan::{self, Action, Bounds, Claim, Invocation, Plan},
    spec::{Arg, Call, Domain, Field, Returns, Routine, Type},
    value::Value,
};
use beds_mongodb::{Database, MongoDb};
use beds_protocol::{ErrorCode, Lane};
use mongodb::bson::{Document, doc};
use serde_json::json;

use crate::site::Site;

static COPY: Call = Call {
    name: "copy",
    description: "",
    lane: Lane::Write,
    args: &[],
    returns: Returns::Nothing,
    routine: Routine::Pipeline { on: "source", stages: r#"[{"$merge":{"into":"target"}}]"# },
};

static SOURCE: Domain = Domain::new("source", "", "0000000000000000").mongodb(
    "pipelines",
    beds_core::spec::mongodb::Objects { read: None, create: None, update: None, upsert: None, delete: None },
);

#[tokio::test]
async fn a_pipeline_that_writes_says_that_it_is_at_least_once() {
    let site = Site::new("pipelines").await;
    site.mongo.collection::<Document>("source").insert_one(doc! { "_id": 1 }).await.unwrap();
    let config: MongoDb = serde_json::from_value(json!({ "url": site.url })).unwrap();
    let database = Database::open("pipelines", &config, beds_core::settings::Room::default());
    for claim in [None, Some(Claim { user: "u".into(), message_id: "m".into(), step: 0, digest: [0; 32] })] {
        let write = plan::Write::Call(Invocation { call: &COPY, args: Vec::new() });
        let plan = Plan { claim, ..Plan::new(&SOURCE, Action::Write(write)) };
        let bounds = Bounds::new(Instant::now() + Duration::from_mins(1), 10_000);
        let outcome = database.run(plan, bounds).await.unwrap();
        assert!(outcome.note.as_deref().is_some_and(|note| note.contains("at least once")), "{outcome:?}");
    }
    let copied = site.mongo.collection::<Document>("target").count_documents(doc! {}).await.unwrap();
    assert_eq!(copied, 1);
}

static ARGS: [Arg; 1] = [Arg::given(Field::new("v", "v", Type::Json))];

/// A call of these stages with a value.
const fn of_value(stages: &'static str, args: &'static [Arg]) -> Call {
    Call {
        name: "find",
        description: "",
        lane: Lane::Read,
        args,
        returns: Returns::AsItComes,
        routine: Routine::Pipeline { on: "source", stages },
    }
}

static LIMIT: Call = of_value(r#"[{"$limit":{"$arg":"v"}}]"#, &ARGS);
static SIZE: Call = of_value(r#"[{"$match":{"a":{"$size":{"$arg":"v"}}}}]"#, &ARGS);
static REGEX: Call = of_value(r#"[{"$match":{"a":{"$regex":{"$arg":"v"}}}}]"#, &ARGS);
static BITS: Call = of_value(r#"[{"$match":{"a":{"$bitsAllSet":{"$arg":"v"}}}}]"#, &ARGS);
static SUM: Call = of_value(r#"[{"$project":{"s":{"$divide":[1,{"$arg":"v"}]}}}]"#, &ARGS);
static OWN: Call = of_value(r#"[{"$limit":-1}]"#, &[]);
static UNKNOWN: Call = of_value(r#"[{"$match":{"_id":{"$arg":"v"}}},{"$nothing":1}]"#, &ARGS);

#[tokio::test]
async fn what_a_stage_does_not_take_of_a_client_is_rejected() {
    let site = Site::new("refusals").await;
    site.mongo.collection::<Document>("source").insert_one(doc! { "_id": 1, "a": "b" }).await.unwrap();
    let config: MongoDb = serde_json::from_value(json!({ "url": site.url })).unwrap();
    let database = Database::open("refusals", &config, beds_core::settings::Room::default());
    for (call, value, code) in [
        (&LIMIT, json!(0), ErrorCode::RejectedByDatabase),
        (&LIMIT, json!(-1), ErrorCode::RejectedByDatabase),
        (&SIZE, json!(-1), ErrorCode::RejectedByDatabase),
        (&REGEX, json!("("), ErrorCode::RejectedByDatabase),
        (&BITS, json!("x"), ErrorCode::RejectedByDatabase),
        (&SUM, json!(0), ErrorCode::RejectedByDatabase),
        (&OWN, json!(0), ErrorCode::Internal),
        (&UNKNOWN, json!(0), ErrorCode::Internal),
    ] {
        let args = if call.args.is_empty() { Vec::new() } else { vec![Value::Json(value.clone().into())] };
        let read = plan::Read::Call(Invocation { call, args });
        let bounds = Bounds::new(Instant::now() + Duration::from_mins(1), 10_000);
        let error = database.run(Plan::new(&SOURCE, Action::Read(read)), bounds).await.unwrap_err();
        assert_eq!((error.code, error.retryable), (code, false), "{:?} {value}: {error:?}", call.routine);
    }
}
