//! Pause, resume and cancel; nodes that stop, and nodes that die.

use std::time::Duration;

use serde_json::json;

use crate::{
    common::{Beds, blocking},
    site::{own, shared},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_pauses_within_a_chunk_resumes_where_it_was_and_is_cancelled() {
    let guest = own(1, &[("BEDS__JOBS__RECORDS_PER_S", "250")]).await;
    let series = guest.samples(600);
    let args =
        json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "chunk": 25});
    let id = guest.start(args.clone()).await;
    guest.until(&id, "some are done", |job| job["done"].as_u64() > Some(50)).await;
    let told = guest.call("job", "pause", json!({"id": id})).await;
    assert!(told["data"] == "running" || told["data"] == "paused", "{told:#}");
    let paused = guest.until_state(&id, "paused").await;
    let done = paused["done"].as_u64().unwrap();
    assert!(done < 600, "{paused:#}");
    assert_eq!(guest.count("sample_document", &series).await, done, "no chunk is half done");
    // Pausing it once more changes nothing.
    assert_eq!(guest.call("job", "pause", json!({"id": id})).await["data"], "paused");
    assert_eq!(guest.call("job", "resume", json!({"id": id})).await["data"], "queued");
    let more = guest.until(&id, "it goes on", |job| job["done"].as_u64() > Some(done)).await;
    assert_eq!((&more["started_by"], &more["kind"]), (&json!("guest"), &json!("migration")));
    assert!(more["rate"].as_f64() > Some(0.0) && more["left_s"].as_u64() > Some(0), "{more:#}");
    assert_eq!((&more["node"], more["lease_until"].is_string()), (&json!("worker-0"), true));

    guest.call("job", "cancel", json!({"id": id})).await;
    let cancelled = guest.until_state(&id, "cancelled").await;
    assert!(cancelled["ended_at"].is_string(), "{cancelled:#}");
    let count = guest.count("sample_document", &series).await;
    assert!(count < 600, "it ended early: {count}");
    for (call, code) in [("resume", "conflict"), ("pause", "conflict")] {
        let refused = guest.call("job", call, json!({"id": id})).await;
        assert_eq!(refused["error"]["code"], code, "{refused:#}");
    }
    assert_eq!(guest.call("job", "cancel", json!({"id": id})).await["data"], "cancelled");

    // The same job again finds the existing records.
    let again = guest.start(args).await;
    let site = guest.site;
    let bar = blocking({
        let again = again.clone();
        move || Beds::new(&["job", "watch", &again]).on(&site.stack).run()
    })
    .await;
    assert_eq!(bar.code, Some(0), "{bar:?}");
    let done = guest.job(&again).await;
    let counts = &done["result"]["counts"];
    assert_eq!((&counts["same"], &counts["created"]), (&json!(count), &json!(600 - count)), "{done:#}");
    let listed = blocking(move || Beds::new(&["job", "list"]).on(&site.stack).run()).await;
    assert!(listed.stdout.contains(&id) && listed.stdout.contains("cancelled"), "{listed:?}");
    let shown = blocking(move || Beds::new(&["job", "show", &again]).on(&site.stack).run()).await;
    assert!(shown.stdout.contains("\"equal\": true"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_told_to_cancel_is_cancelled_whatever_it_is_told_then() {
    // A chunk takes long enough for all commands to arrive while it runs.
    let guest = own(1, &[("BEDS__JOBS__RECORDS_PER_S", "10")]).await;
    let series = guest.samples(600);
    let args =
        json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "chunk": 7});
    let id = guest.start(args).await;
    guest.until(&id, "some are done", |job| job["done"].as_u64() > Some(0)).await;
    assert_eq!(guest.call("job", "pause", json!({"id": id})).await["data"], "running");
    assert_eq!(guest.call("job", "cancel", json!({"id": id})).await["data"], "running");
    for call in ["pause", "resume"] {
        let refused = guest.call("job", call, json!({"id": id})).await;
        assert_eq!(refused["error"]["code"], "conflict", "{refused:#}");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("the job was told to cancel"), "{refused:#}");
    }
    assert_eq!(guest.call("job", "cancel", json!({"id": id})).await["data"], "running");
    guest.until_state(&id, "cancelled").await;
    assert!(guest.count("sample_document", &series).await < 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_is_told_after_its_last_chunk_counts() {
    let guest = shared().await;
    let sql = |sql: &str| guest.site.stack.mariadb_query(Some("jobs"), sql).unwrap();
    for (wanted, state, resumes) in
        [("'cancel'", "cancelled", "0"), ("'pause'", "paused", "0"), ("null", "paused", "1")]
    {
        let id = uuid::Uuid::now_v7();
        // No node takes the job: its lease is longer than the test.
        sql(&format!(
            "insert into job (id, kind, state, wanted, arguments, roles, due_at, created_at) values ('{id}', 'none', 'running', \
             {wanted}, '{{}}', '[]', utc_timestamp(6) + interval 1 hour, utc_timestamp(6)); \
             call sp_job_leave('{id}', 0, 'paused', 600, null, 'the disk is full', @left)"
        ));
        let left = sql(&format!(
            "select state, resumes, wanted is null, ended_at is null from job where id = '{id}'"
        ));
        let ended = if state == "cancelled" { "0" } else { "1" };
        assert_eq!(left.split_whitespace().collect::<Vec<_>>(), [state, resumes, "1", ended], "{wanted}");
        sql(&format!("delete from job where id = '{id}'"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_twice_starts_one_job_and_a_node_that_stops_gives_it_back() {
    let guest = own(2, &[("BEDS__JOBS__RECORDS_PER_S", "250")]).await;
    let series = guest.samples(600);
    let args =
        json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "chunk": 25});
    let message = uuid::Uuid::now_v7();
    let request = || beds_client::Request::call("migration", "start", &args).message_id(message);
    let (first, second) = (guest.send(request()).await, guest.send(request()).await);
    assert_eq!(first, second);
    let id = crate::site::id(&first);
    let job = guest.until(&id, "some are done", |job| job["done"].as_u64() > Some(50)).await;
    let site = guest.site;
    let at_work = site.nodes.iter().position(|node| job["node"] == format!("worker-{}", number(site, node)));
    let at_work = at_work.unwrap();
    let before = std::time::Instant::now();
    blocking(move || {
        site.nodes[at_work].terminate();
        assert_eq!(site.nodes[at_work].await_end().unwrap().code(), Some(0));
    })
    .await;
    let other = format!("worker-{}", 1 - at_work);
    guest.until(&id, "the other goes on", |job| job["node"] == other.as_str()).await;
    assert!(before.elapsed() < Duration::from_secs(20));
    let done = guest.until_state(&id, "done").await;
    assert_eq!(done["result"]["counts"]["created"], 600, "{done:#}");
    assert_eq!(done["result"]["equal"], true);
}

fn number(site: &crate::site::Site, node: &beds_devstack::Node) -> usize {
    site.nodes.iter().position(|one| std::ptr::eq(one, node)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_job_cannot_tell_it_from_none() {
    let guest = shared().await;
    let nothing = json!({"id": "0190f7c2-8a3b-71f0-9a4e-0242ac120002"});
    for call in ["pause", "resume", "cancel"] {
        let refused = guest.call("job", call, nothing.clone()).await;
        assert_eq!(refused["error"]["code"], "not_found", "{refused:#}");
        // No client may make the calls of the nodes.
    }
    for call in ["take", "step", "renew", "leave", "add", "control", "purge"] {
        let refused = guest.call("job", call, json!({})).await;
        assert_eq!(refused["error"]["code"], "forbidden", "{call}: {refused:#}");
    }
}
