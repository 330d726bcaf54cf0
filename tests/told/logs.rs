//! Log events: many messages become one statement, a bad one harms no other, and none is lost.

use beds_client::Request;
use beds_protocol::topology::DEAD;
use mongodb::bson::doc;
use serde_json::json;

use super::{
    common::{blocking, end_site, eventually_async, unique, wire::Wire},
    count, event, metric, operator, site,
};

/// Makes the collection refuse events with this text.
async fn refuse(site: &super::Site, text: &str) {
    let client = mongodb::Client::with_uri_str(site.stack.mongodb_url()).await.unwrap();
    let logs = client.database("logs");
    let validator = doc! { "message": { "$ne": text } };
    logs.run_command(doc! { "collMod": "msLogs", "validator": validator }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_are_one_statement_and_a_bad_one_harms_no_other() {
    let site = site(&[]).await;
    let client = operator(&site.stack).await;
    let wire = Wire::connect(&site.stack.amqp_url()).await;
    refuse(site, "refused").await;
    let (target, bad) = (unique("t"), "refused");
    let text = |index: u32| if index % 100 == 50 { bad.to_owned() } else { format!("event {index}") };
    let sent = (0..400).map(|index| {
        let mut event = event(&text(index));
        event["target"] = json!(target);
        client.send(Request::create("logger", &event))
    });
    futures_util::future::try_join_all(sent).await.unwrap();
    eventually_async("all good ones are there", async || {
        count(&client, "logger", [("target", target.as_str())]).await == 396
    })
    .await;
    eventually_async("the bad ones are dead", async || wire.waiting(DEAD).await == 4).await;
    let letters =
        blocking(move || super::common::Beds::new(&["dead", "list", "--json"]).on(&site.stack).run())
            .await
            .stdout;
    assert_eq!(letters.matches("rejected_by_database").count(), 4, "{letters}");
    assert!(letters.contains("the validator of the collection refused"), "{letters}");

    let (jobs, groups) = blocking(move || {
        let of = |part: &str| metric(&site.node, &format!("beds_lane_group_jobs_{part}"));
        (of("sum"), of("count"))
    })
    .await;
    // Some ran alone: the first, the refused ones, and more of them the busier the machine is.
    assert!(jobs >= groups * 1.5, "{jobs} jobs in {groups} groups");
    end_site(site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_when_the_node_is_killed_and_the_database_is_away() {
    let site = site(&[]).await;
    let client = operator(&site.stack).await;
    let target = unique("t");
    let records = |from: u32| -> Vec<_> {
        let one = |index: u32| {
            let mut event = event(&format!("event {index}"));
            event["target"] = json!(target);
            event["request_id"] = json!(format!("{index}"));
            event
        };
        (from..from + 20).map(one).collect()
    };
    let send = async |from: u32| {
        let parts = (from..from + 2_000).step_by(20);
        let sent = parts.map(|from| client.send(Request::create("logger", &records(from))));
        futures_util::future::try_join_all(sent).await.unwrap();
    };
    let there = async || count(&client, "logger", [("target", target.as_str())]).await;

    send(0).await;
    eventually_async("it works on them", async || there().await > 0).await;
    blocking(|| {
        site.node.kill();
        site.node.restart().unwrap();
    })
    .await;
    eventually_async("all are there", async || there().await >= 2_000).await;

    blocking(|| site.stack.mongodb().kill().unwrap()).await;
    send(2_000).await;
    blocking(|| {
        site.node.kill();
        site.stack.mongodb().start().unwrap();
        site.node.restart().unwrap();
    })
    .await;
    eventually_async("all are there", async || there().await >= 4_000).await;
    // An event that was delivered twice may be stored twice. Each event is stored.
    let mut missing = Vec::new();
    for index in 0..4_000 {
        if index % 97 == 0 {
            let id = index.to_string();
            let filter = [("target", target.as_str()), ("request_id", id.as_str())];
            if count(&client, "logger", filter).await == 0 {
                missing.push(index);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    end_site(site).await;
}
