//! A caller's writes stay within the records that the caller reaches.

use beds_client::{Request, protocol::Lane};
use beds_codegen::model::Granted;
use serde_json::{Value, json};

use crate::{
    common,
    rows::{of_absent, seeded},
    site::{callers, domains, site},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_reached_is_neither_changed_nor_deleted() {
    let site = site().await;
    let callers = callers(site).await;
    let mona = callers.iter().find(|caller| caller.user == Some("mona")).unwrap();
    for domain in &domains() {
        let name = &domain.name.value;
        for caller in &callers {
            for operation in [Granted::Update, Granted::Delete] {
                if caller.granted(domain, &operation).is_empty() {
                    continue;
                }
                let key = format!("{name}.{}", operation.name());
                let records = seeded(domain, &callers).await;
                for record in &records {
                    let id = record["id"].as_str().unwrap();
                    let is_reached = caller.reaches(domain, &operation, record);
                    let mut bodies = vec![json!({ "key": id })];
                    if domain.version.is_some() {
                        bodies.insert(0, json!({ "key": id, "if_version": 77 }));
                    }
                    for mut body in bodies {
                        if operation == Granted::Update {
                            body["data"] = json!({ "title": format!("{id}-new") });
                        }
                        let replies = if is_reached {
                            vec![caller.ask(&key, body.clone()).await]
                        } else {
                            vec![
                                caller.ask(&key, body.clone()).await,
                                caller.in_batch("parallel", &key, body.clone()).await,
                                caller.in_batch("ordered", &key, body.clone()).await,
                            ]
                        };
                        for reply in replies {
                            let said = format!("{} {key} {body}: {reply}", caller.name());
                            if is_reached {
                                let is_stale = body.get("if_version").is_some();
                                let code = reply["error"]["code"].as_str().unwrap_or("ok");
                                assert_eq!(code, if is_stale { "version_mismatch" } else { "ok" }, "{said}");
                            } else {
                                assert_eq!(reply, of_absent(caller, &key, &body, id).await, "{said}");
                            }
                        }
                        if !is_reached {
                            let reply = caller.in_batch("atomic", &key, body.clone()).await;
                            assert_eq!(reply["error"]["code"], "not_found", "{} {reply}", caller.name());
                            let kept = mona.ok(&format!("{name}.fetch"), json!({ "key": id })).await;
                            assert_eq!(
                                (&kept["title"], &kept["revision"]),
                                (&json!(id), &json!(1)),
                                "{kept}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_by_filter_reach_no_further() {
    let site = site().await;
    let callers = callers(site).await;
    let mona = callers.iter().find(|caller| caller.user == Some("mona")).unwrap();
    for domain in &domains() {
        let name = &domain.name.value;
        for caller in &callers {
            for operation in [Granted::Update, Granted::Delete] {
                if caller.granted(domain, &operation).is_empty() {
                    continue;
                }
                let records = seeded(domain, &callers).await;
                let ids: Vec<&Value> = records.iter().map(|record| &record["id"]).collect();
                let reached: Vec<&Value> = records
                    .iter()
                    .filter(|record| caller.reaches(domain, &operation, record))
                    .map(|record| &record["id"])
                    .collect();
                let key = format!("{name}.{}", operation.name());
                let mut body = json!({ "where": { "id": { "in": ids } } });
                if operation == Granted::Update {
                    body["data"] = json!({ "status": "draft" });
                }
                let mut dry = body.clone();
                dry["dry_run"] = json!(true);
                for body in [dry, body] {
                    let reply = caller.ask(&key, body).await;
                    assert_eq!(reply["count"], json!(reached.len()), "{} {key}: {reply}", caller.name());
                }
                let left =
                    mona.ok(&format!("{name}.fetch"), json!({ "where": { "id": { "in": ids } } })).await;
                for record in left.as_array().unwrap() {
                    let is_reached = reached.contains(&&record["id"]);
                    match operation {
                        Granted::Delete => assert!(!is_reached, "{} {record}", caller.name()),
                        _ => assert_eq!(
                            record["revision"] == json!(2),
                            is_reached,
                            "{} {record}",
                            caller.name()
                        ),
                    }
                }
                if operation == Granted::Delete {
                    assert_eq!(
                        left.as_array().unwrap().len(),
                        ids.len() - reached.len(),
                        "{}",
                        caller.name()
                    );
                }
            }
        }
    }
}

/// The record of `carla`, who owns what she makes.
#[tokio::test(flavor = "multi_thread")]
async fn new_records_are_the_callers_own() {
    let site = site().await;
    let callers = callers(site).await;
    let (carla, mona) = (&callers[0], callers.iter().find(|caller| caller.user == Some("mona")).unwrap());
    for domain in &domains() {
        let name = &domain.name.value;
        for operation in ["create", "upsert"] {
            let key = format!("{name}.{operation}");
            let record = |owner: Option<&str>| {
                let id = common::unique("own");
                let mut record = json!({ "id": id, "title": id });
                if let Some(owner) = owner {
                    record["owner"] = json!(owner);
                }
                record
            };
            for owner in [None, Some("carla")] {
                let made = carla.ok(&key, json!({ "data": record(owner) })).await;
                let kept = mona.ok(&format!("{name}.fetch"), json!({ "key": made["id"] })).await;
                assert_eq!((&made["owner"], &kept["owner"]), (&json!("carla"), &json!("carla")), "{kept}");
            }
            let list = json!({ "data": [record(None), record(Some("carla"))] });
            for made in carla.ok(&key, list).await.as_array().unwrap() {
                assert_eq!(made["owner"], "carla", "{made}");
            }
            for owner in ["carl", "Carla", "public"] {
                let other = record(Some(owner));
                for body in [json!({ "data": other }), json!({ "data": [record(None), other] })] {
                    let reply = carla.ask(&key, body).await;
                    assert_eq!(reply["error"]["code"], "forbidden", "{owner}: {reply}");
                }
                for mode in ["parallel", "ordered", "atomic"] {
                    let reply = carla.in_batch(mode, &key, json!({ "data": other })).await;
                    assert_eq!(reply["error"]["code"], "forbidden", "{owner}: {reply}");
                }
                let reply = mona.ask(&format!("{name}.fetch"), json!({ "key": other["id"] })).await;
                assert_eq!(reply["error"]["code"], "not_found", "{reply}");
            }
            let nulled = json!({ "data": { "id": common::unique("own"), "title": common::unique("own"), "owner": null } });
            let reply = carla.ask(&key, nulled).await;
            assert_eq!(reply["error"]["code"], "forbidden", "{reply}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_moves_a_record_out_of_reach_or_takes_one_in() {
    let site = site().await;
    let callers = callers(site).await;
    let (carla, carl) = (&callers[0], &callers[1]);
    let bob = callers.iter().find(|caller| caller.user == Some("bob")).unwrap();
    for domain in &domains() {
        let name = &domain.name.value;
        let id = common::unique("move");
        carla.ok(&format!("{name}.create"), json!({ "data": { "id": id, "title": id } })).await;
        let update = format!("{name}.update");
        for owner in [json!("carl"), json!("Carla"), json!(null)] {
            for body in [
                json!({ "key": id, "data": { "owner": owner } }),
                json!({ "where": { "id": id }, "data": { "owner": owner } }),
                json!({ "where": { "id": id }, "data": { "owner": owner }, "dry_run": true }),
            ] {
                let reply = carla.ask(&update, body).await;
                assert_eq!(reply["error"]["code"], "forbidden", "{reply}");
            }
        }
        carla.ok(&update, json!({ "key": id, "data": { "owner": "carla", "status": "active" } })).await;
        // Neither a change nor an upsert can take over a record of another owner.
        let reply = carl.ask(&update, json!({ "key": id, "data": { "owner": "carl" } })).await;
        assert_eq!(reply["error"]["code"], "not_found", "{reply}");
        for body in [
            json!({ "data": { "id": id, "title": "x" } }),
            json!({ "data": [{ "id": common::unique("move"), "title": common::unique("move") }, { "id": id, "title": "x" }] }),
        ] {
            for operation in ["upsert", "create"] {
                let reply = carl.ask(&format!("{name}.{operation}"), body.clone()).await;
                assert_eq!(reply["error"]["code"], "conflict", "{operation}: {reply}");
            }
            let reply = carl.in_batch("atomic", &format!("{name}.upsert"), body.clone()).await;
            assert_eq!(reply["error"]["code"], "conflict", "{reply}");
        }
        let kept = carla.ok(&format!("{name}.fetch"), json!({ "key": id })).await;
        assert_eq!((&kept["owner"], &kept["title"]), (&json!("carla"), &json!(id)), "{kept}");
        let own = carla
            .ok(&format!("{name}.upsert"), json!({ "data": { "id": id, "title": format!("{id}-2") } }))
            .await;
        assert_eq!((&own["title"], &own["owner"]), (&json!(format!("{id}-2")), &json!("carla")), "{own}");
        // With two roles, a change may enter the reach of one role and leave that of the other. Here the second role
        // may not change records.
        let reply = bob.ask(&update, json!({ "key": id, "data": { "status": "draft" } })).await;
        assert_eq!(
            reply["error"]["code"], "not_found",
            "an auditor reads it, and a clerk changes what is theirs: {reply}"
        );
    }
}

/// A stored reply goes only to its caller, and shows no more than it did at first.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_before_is_told_to_its_caller_alone() {
    let site = site().await;
    let callers = callers(site).await;
    let mona = callers.iter().find(|caller| caller.user == Some("mona")).unwrap();
    for domain in &domains() {
        let key = format!("{}.create", domain.name.value);
        let id = common::unique("once");
        let message = uuid::Uuid::now_v7();
        let body = json!({ "data": { "id": id, "title": id } }).to_string();
        let create = || Request::raw(&key, body.clone()).lane(Lane::Write).message_id(message);
        let first = callers[0].send(create()).await;
        assert_eq!(first["ok"], json!(true), "{first}");
        assert_eq!(callers[0].send(create()).await, first, "done once");
        assert!(!first.to_string().contains("margin"), "{first}");
        for other in [&callers[1], mona] {
            let reply = other.send(create()).await;
            assert_eq!(
                reply["error"]["code"], "conflict",
                "the key is taken, the reply is another's: {reply}"
            );
        }
    }
}
