//! Each change of a record that is audited has one entry, in the transaction of its write.

use std::sync::Arc;

use beds_core::{
    plan::{self, Action, Invocation, Item, Matching, Plan},
    query::{Condition, Test},
    spec::Domain,
    value::Value,
};
use beds_protocol::{ErrorCode, Operation};
use futures_util::{TryStreamExt as _, future::join_all};
use mongodb::bson::{Document, doc};

use crate::events::{CALLS, FIELDS, OBJECTS, Shop, claim, create, record, text, update};

static AUDITED: Domain = Domain::new("item", "", "")
    .fields(&FIELDS)
    .key(&[0])
    .version(2)
    .calls(&CALLS)
    .audits(&[
        Operation::Create,
        Operation::Update,
        Operation::Upsert,
        Operation::Delete,
        Operation::Call("reset"),
    ])
    .mongodb("item", OBJECTS);

impl Shop {
    /// The audit: operation, key and version of each entry.
    async fn entries(&self) -> Vec<String> {
        let collection = self.site.mongo.collection::<Document>("beds_audit");
        let found: Vec<Document> =
            collection.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap().try_collect().await.unwrap();
        let entry = |entry: &Document| {
            let version =
                entry.get_i64("version").map_or_else(|_| "-".to_owned(), |version| version.to_string());
            let record = entry.get_str("record").unwrap_or("-");
            format!("{} {record} {version}", entry.get_str("operation").unwrap())
        };
        assert!(!format!("{found:?}").contains("psst"), "{found:?}");
        found.iter().map(entry).collect()
    }

    async fn count(&self, collection: &str) -> u64 {
        self.site.mongo.collection::<Document>(collection).count_documents(doc! {}).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_a_record_has_an_entry_and_what_is_refused_has_none() {
    let shop = Shop::new("audit_each").await;
    let run = |write, id: Option<&str>| shop.run_in(&AUDITED, 0, write, id.map(claim));
    run(create("a", 1), None).await.unwrap();
    let both = || plan::Write::Create { records: vec![record("b", 2), record("c", 3)], many: true };
    for _ in 0..2 {
        run(both(), Some("1")).await.unwrap();
    }
    run(update("a", 5), Some("2")).await.unwrap();
    assert_eq!(run(update("nosuch", 5), None).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(run(create("a", 9), Some("3")).await.unwrap_err().code, ErrorCode::Conflict);
    let args = vec![text("psst"), Value::Int(4)];
    run(plan::Write::Call(Invocation { call: &CALLS[0], args }), None).await.unwrap();
    run(plan::Write::Upsert { records: vec![record("b", 7)], many: false }, None).await.unwrap();
    let all = || Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 10 };
    let changes = vec![(1, Value::Int(9))];
    run(plan::Write::UpdateMany { matching: all(), changes }, Some("4")).await.unwrap();
    let batch = |writes: [plan::Write; 2]| {
        plan::Write::All(writes.map(|write| Item::Plan(Plan::new(&AUDITED, Action::Write(write)))).into())
    };
    run(batch([create("e", 4), update("e", 5)]), Some("5")).await.unwrap();
    run(batch([create("f", 4), create("e", 5)]), Some("6")).await.unwrap_err();
    run(plan::Write::Delete { key: vec![text("a")], if_version: None }, None).await.unwrap();
    run(plan::Write::DeleteMany(all()), None).await.unwrap();
    assert_eq!(
        shop.entries().await,
        [
            r#"create {"id":"a"} 1"#,
            r#"create {"id":"b"} 1"#,
            r#"create {"id":"c"} 1"#,
            r#"update {"id":"a"} 2"#,
            "call.reset - -",
            r#"upsert {"id":"b"} 2"#,
            r#"update {"id":"a"} 3"#,
            r#"update {"id":"b"} 3"#,
            r#"update {"id":"c"} 2"#,
            r#"create {"id":"e"} 1"#,
            r#"update {"id":"e"} 2"#,
            r#"delete {"id":"a"} -"#,
            r#"delete {"id":"b"} -"#,
            r#"delete {"id":"c"} -"#,
            r#"delete {"id":"e"} -"#,
        ]
    );
}

/// Writes that share a transaction, two of which are of one request and one of which is refused.
#[tokio::test(flavor = "multi_thread")]
async fn of_writes_together_each_that_is_done_has_one_entry() {
    const COUNT: usize = 20;
    let shop = Arc::new(Shop::new("audit_together").await);
    shop.run_in(&AUDITED, 0, create("taken", 0), None).await.unwrap();
    let writes = (0..COUNT).flat_map(|n| [n, n]).map(|n| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move {
            let id = if n % 10 == 0 { "taken".to_owned() } else { format!("i{n}") };
            loop {
                match shop.run_in(&AUDITED, 0, create(&id, 1), Some(claim(&n.to_string()))).await {
                    Err(error) if error.retryable => {}
                    done => return done.is_ok(),
                }
            }
        })
    });
    let done = join_all(writes).await.into_iter().filter(|done| *done.as_ref().unwrap()).count();
    assert_eq!(done, 2 * (COUNT - COUNT / 10));
    assert_eq!(shop.count("beds_audit").await, shop.count("item").await);
}

/// MongoDB would make the collection without a word, without validator and indexes.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_entry_cannot_be_stored_is_refused() {
    let shop = Shop::new("audit_gone").await;
    shop.site.mongo.collection::<Document>("beds_audit").drop().await.unwrap();
    let error = shop.run_in(&AUDITED, 0, create("a", 1), None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal, "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("bedsc ddl --ledger")), "{error}");
    assert_eq!((shop.count("item").await, shop.count("beds_audit").await), (0, 0));
}

/// Its validator knows nothing of the client's record.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_audit_refuses_is_no_fault_of_the_client() {
    let shop = Shop::new("audit_refuses").await;
    let validator = doc! { "$jsonSchema": { "properties": { "record": { "bsonType": "int" } } } };
    shop.site.mongo.run_command(doc! { "collMod": "beds_audit", "validator": validator }).await.unwrap();
    let error = shop.run_in(&AUDITED, 0, create("a", 1), None).await.unwrap_err();
    assert_eq!((error.code, error.details.len()), (ErrorCode::Internal, 0), "{error}");
    assert!(error.message.contains("`beds_audit`"), "{error}");
    assert_eq!(shop.count("item").await, 0);
}
