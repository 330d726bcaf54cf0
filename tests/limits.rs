//! The limits of the configuration are kept. A request beyond a limit is refused early, with an error that names the
//! limit.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::time::Duration;

use beds_client::{Client, ClientError, Request};
use beds_protocol::{ErrorCode, Operation, Reply};
use common::{
    Site, blocking, end_site, eventually_async, own_site, unique,
    wire::{Wire, consume, next},
};
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use serde_json::{Value, json};

const TWINS: [&str; 2] = ["sample_row", "sample_document"];
const REPLY_MAX: usize = 3_000;
const LIMITS: &[(&str, &str)] = &[
    ("BEDS__LIMITS__REPLY_BYTES_MAX", "3000"),
    ("BEDS__MARIADB__CATALOG__READ_CONNECTIONS", "1"),
    ("BEDS__MARIADB__CATALOG__QUEUE_MAX", "8"),
    ("BEDS__MONGODB__JOURNAL__CONNECTIONS", "1"),
    ("BEDS__MONGODB__JOURNAL__QUEUE_MAX", "8"),
    ("BEDS__AMQP__REPLY_TO_PREFIXES", "web.,app."),
];

#[tokio::test]
async fn limits_are_kept() {
    let site = own_site(LIMITS).await;
    let client = site.client().await;
    for template in TWINS {
        replies_have_a_length(&client, template).await;
    }
    replies_go_where_the_configuration_allows(site).await;
    for (template, server) in TWINS.into_iter().zip([site.stack.mariadb(), site.stack.mongodb()]) {
        let record = json!({"data": {"code": unique("c"), "series": "queue"}});
        let created = client.request(template, Operation::Create, &record).await.unwrap();
        let key = created.data.unwrap()["id"].clone();
        for (operation, body) in [(Operation::Count, json!({})), (Operation::Fetch, json!({ "key": key }))] {
            blocking(move || server.pause().unwrap()).await;
            waiting_has_an_end(&client, template, operation, &body).await;
            blocking(move || server.resume().unwrap()).await;
            eventually_async("it serves again", async || count(&client, template).await.is_ok()).await;
        }
    }
    end_site(site).await;
}

async fn count(client: &Client, template: &str) -> Result<Reply, ClientError> {
    client.request(template, Operation::Count, &json!({})).await
}

/// A reply of many records, and one of a single record.
async fn replies_have_a_length(client: &Client, template: &str) {
    let record = |note: usize| json!({"code": unique("c"), "series": "long", "note": "x".repeat(note)});
    let records: Vec<Value> = (0..20).map(|_| record(100)).collect();
    let series = json!({"where": {"series": "long"}});
    // Each record is short enough to be created, since the reply to a create has the stored record.
    for some in records.chunks(2) {
        client.request(template, Operation::Create, &json!({ "data": some })).await.unwrap();
    }
    let refused = client.request(template, Operation::Fetch, &series).await;
    let Err(ClientError::Refused(error)) = refused else { panic!("{template}: {refused:?}") };
    assert_eq!(error.code, ErrorCode::TooLarge);
    assert!(error.message.contains(&REPLY_MAX.to_string()), "{}", error.message);
    assert_eq!(error.hint.as_deref(), Some("ask for fewer records or fields"));
    let fewer = json!({"where": {"series": "long"}, "fields": ["code"]});
    let reply = client.request(template, Operation::Fetch, &fewer).await.unwrap();
    assert_eq!(
        reply.data.unwrap().as_array().unwrap().len(),
        10,
        "as the hint says, up to the default limit"
    );
}

/// While a database is silent, some requests wait for it, and the others are refused at once.
async fn waiting_has_an_end(client: &Client, template: &str, operation: Operation<'_>, body: &Value) {
    let request = || Request::new(template, operation, body).timeout(Duration::from_secs(5));
    let answers = futures_util::future::join_all((0..40).map(|_| client.execute(request()))).await;
    let mut overloaded = 0;
    for answer in answers {
        let error = match answer {
            Err(ClientError::Refused(error)) => error,
            // The reply for its deadline is still to come.
            Err(ClientError::Timeout(_)) => continue,
            other => panic!("{template} {operation}: {other:?}"),
        };
        match error.code {
            ErrorCode::Overloaded => {
                assert!(error.retryable, "{}", error.message);
                overloaded += 1;
            }
            ErrorCode::DeadlineExceeded | ErrorCode::Unavailable => {}
            other => panic!("{template} {operation}: {other:?} {}", error.message),
        }
    }
    assert!(overloaded >= 20, "{template} {operation}: {overloaded} were overloaded");
}

async fn replies_go_where_the_configuration_allows(site: &'static Site) {
    let wire = Wire::connect(&site.stack.amqp_url()).await;
    let queue = unique("app.");
    let options = QueueDeclareOptions { auto_delete: true, ..Default::default() };
    wire.channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await.unwrap();
    let mut replies = consume(&wire.channel, &queue).await;
    let properties = wire.properties("mine").with_reply_to(queue.as_str().into());
    assert!(wire.publish("beds", "sample_row.describe", b"{}", properties).await.is_none());
    assert_eq!(next(&mut replies).await.correlation_id(), Some("mine"));
}
