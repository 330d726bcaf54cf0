//! A reply is bounded before the commit: if the reply to a write would be longer than `limits.reply_bytes_max`, the
//! write is refused and nothing is done.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use beds_client::{Client, ClientError};
use beds_protocol::{ErrorCode, Operation};
use common::{Site, blocking, own_site, unique};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, MySqlConnection};

const LIMITS: &[(&str, &str)] = &[("BEDS__LIMITS__REPLY_BYTES_MAX", "3000")];

/// The site that these tests share.
async fn site() -> &'static Site {
    static SITE: tokio::sync::OnceCell<&Site> = tokio::sync::OnceCell::const_new();
    SITE.get_or_init(|| own_site(LIMITS)).await
}

async fn count(client: &Client, template: &str, series: &str) -> u64 {
    let body = json!({"where": {"series": series}});
    client.request(template, Operation::Count, &body).await.unwrap().count.unwrap()
}

/// Sends a write whose reply is too long.
async fn too_large(client: &Client, template: &str, operation: Operation<'_>, body: &Value) {
    let result = client.request(template, operation, body).await;
    let Err(ClientError::Refused(error)) = result else { panic!("{template}: {result:?}") };
    assert_eq!((error.code, error.retryable), (ErrorCode::TooLarge, false), "{error}");
    assert!(error.message.contains("3000"), "the limit is named: {error}");
}

async fn creates_nothing(template: &str) {
    let site = site().await;
    let client = site.client().await;
    let series = unique("s");
    let record = |note: usize| json!({"code": unique("c"), "series": series, "note": "x".repeat(note)});
    too_large(&client, template, Operation::Create, &json!({ "data": record(5_000) })).await;
    assert_eq!(count(&client, template, &series).await, 0, "one record");
    let many: Vec<Value> = (0..20).map(|_| record(200)).collect();
    too_large(&client, template, Operation::Create, &json!({ "data": many })).await;
    assert_eq!(count(&client, template, &series).await, 0, "many records");
    // A write with a reply that fits is done.
    client.request(template, Operation::Create, &json!({ "data": record(1_000) })).await.unwrap();
    assert_eq!(count(&client, template, &series).await, 1);
}

#[tokio::test]
async fn a_create_with_too_long_a_reply_stores_nothing_in_mariadb() {
    creates_nothing("sample_row").await;
}

#[tokio::test]
async fn a_create_with_too_long_a_reply_stores_nothing_in_mongodb() {
    creates_nothing("sample_document").await;
}

#[tokio::test]
async fn a_call_with_too_long_a_reply_changes_nothing() {
    let site = site().await;
    let client = site.client().await;
    let url = format!("{}/catalog", site.stack.mariadb_url());
    let mut own = MySqlConnection::connect(&url).await.unwrap();
    for sql in [
        "insert into country (alpha_2, alpha_3, numeric_code, name) values ('QA', 'QAA', '901', 'before')",
        "create or replace procedure sp_country_rename(
           in p_alpha_2 char(2), in p_name varchar(100), out p_revision bigint) modifies sql data
         begin
           update country set name = p_name where alpha_2 = p_alpha_2;
           set p_revision = 1;
           select repeat('y', 5000) as y;
         end",
    ] {
        own.execute(sql).await.unwrap();
    }
    let args = json!({"args": {"alpha_2": "QA", "name": "after"}});
    too_large(&client, "country", Operation::Call("rename"), &args).await;
    let stack = &site.stack;
    let sql = "select name from country where alpha_2 = 'QA'";
    let name = blocking(move || stack.mariadb_query(Some("catalog"), sql).unwrap()).await;
    assert_eq!(name.trim(), "before");
}
