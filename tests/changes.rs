//! Changes by a DBA while a node runs: the node reports them, and its log lines about requests have their ids.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use beds_client::{Client, ClientError, Request};
use beds_protocol::ErrorCode;
use common::{blocking, end_site, eventually, own_site};
use futures_util::future::join_all;

/// Requests a country in vain, and returns the id of the request.
async fn in_vain(client: &Client, key: &str) -> String {
    let request = Request::fetch("country", key);
    let id = request.id().to_string();
    let error = client.execute(request).await.unwrap_err();
    let ClientError::Refused(error) = error else { panic!("{error}") };
    assert_eq!((error.code, &error.request_id), (ErrorCode::Internal, &id), "{}", error.message);
    id
}

#[tokio::test]
async fn a_view_that_vanishes_is_told_until_it_is_back() {
    let site = own_site(&[("BEDS__NODE__VERIFY_EVERY_S", "1")]).await;
    let (node, stack) = (&site.node, &site.stack);
    let sql = |sql: &'static str| move || drop(stack.mariadb_query(Some("catalog"), sql).unwrap());
    let client = site.client().await;
    blocking(sql("rename table v_country to v_gone")).await;
    // Alone, and together in one statement. With more than ten, the log would only give a number for the rest.
    let mut ids = vec![in_vain(&client, "NO").await];
    ids.extend(join_all((0..5).map(|_| in_vain(&client, "NO"))).await);
    let log = node.log();
    for id in &ids {
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(id.as_str())).collect();
        let of = |target: &str| lines.iter().any(|line| line.contains(target));
        assert!(of("beds_mariadb"), "what the adapter says of {id}: {lines:#?}");
        assert!(of("beds_runtime"), "what the service says of {id}: {lines:#?}");
    }
    blocking(|| {
        eventually("readiness names the template", || {
            let answer = node.get("/ready");
            answer.starts_with("HTTP/1.1 503") && answer.contains("country")
        });
        assert!(node.log().contains("the database has changed since it was verified"));
    })
    .await;
    blocking(sql("rename table v_gone to v_country")).await;
    blocking(|| eventually("it is ready again", || node.is_ready())).await;
    assert!(node.log().contains("fits its database again"));
    end_site(site).await;
}
