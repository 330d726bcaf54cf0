//! A pipeline that writes.

use std::time::{Duration, Instant};

use beds_core::{
    plan::{self, Action, Bounds, Claim, Invocation, Plan},
    spec::{Call, Domain, Returns, Routine},
};
use beds_mongodb::{Database, MongoDb};
use beds_protocol::Lane;
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
        let bounds = Bounds {
            deadline: Instant::now() + Duration::from_mins(1),
            reply_bytes_max: 10_000,
            asker: beds_core::plan::Asker::default(),
            stages: std::sync::Arc::default(),
        };
        let outcome = database.run(plan, bounds).await.unwrap();
        assert!(outcome.note.as_deref().is_some_and(|note| note.contains("at least once")), "{outcome:?}");
    }
    let copied = site.mongo.collection::<Document>("target").count_documents(doc! {}).await.unwrap();
    assert_eq!(copied, 1);
}
