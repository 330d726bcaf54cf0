//! A field that a caller does not see is as if it did not exist. A request that sets a field which the caller may not
//! set is refused.

use beds_codegen::model::Granted;
use serde_json::{Value, json};

use crate::{
    common,
    rows::seeded,
    site::{Caller, callers, domains, site},
};

/// A name that no field has.
const ABSENT: &str = "absent_one";

/// Compares the reply to a request that names a hidden field with the reply to one that names a missing field: both
/// have the same words.
async fn as_absent(caller: &Caller, key: &str, body: impl Fn(&str) -> Value, field: &str) {
    for wrong in [false, true] {
        // A value must not show either that there is such a field.
        let body = |name: &str| {
            let body = body(name);
            if !wrong {
                return body;
            }
            let text = body.to_string().replace("\"3.50\"", "[[\"no decimal\"]]");
            serde_json::from_str(&text).unwrap()
        };
        let reply = caller.ask(key, body(field)).await;
        let absent = caller.ask(key, body(ABSENT)).await.to_string().replace(ABSENT, field);
        assert_eq!(reply["error"]["code"], "validation_failed", "{} {key} {field}: {reply}", caller.name());
        assert_eq!(reply.to_string(), absent, "{} {key} {field}", caller.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_does_not_exist() {
    let site = site().await;
    let callers = callers(site).await;
    for domain in &domains() {
        let name = &domain.name.value;
        let records = seeded(domain, &callers).await;
        for caller in &callers {
            let (hidden, _) = caller.rules(domain, &Granted::Fetch);
            let fetch = format!("{name}.fetch");
            for field in domain.fields.iter().map(|field| &field.name) {
                let is_hidden = hidden.contains(field);
                if is_hidden {
                    as_absent(caller, &fetch, |name| json!({ "fields": [name] }), field).await;
                    as_absent(caller, &fetch, |name| json!({ "where": { name: "3.50" } }), field).await;
                    as_absent(caller, &fetch, |name| json!({ "where": { name: { "gt": "3.50" } } }), field)
                        .await;
                    as_absent(caller, &fetch, |name| json!({ "sort": [name] }), field).await;
                    as_absent(
                        caller,
                        &fetch,
                        |name| json!({ "sort": [format!("-{name}")], "after": "x" }),
                        field,
                    )
                    .await;
                } else {
                    let reply = caller.ask(&fetch, json!({ "fields": [field] })).await;
                    assert_eq!(reply["ok"], json!(true), "{} {field}: {reply}", caller.name());
                }
                // A record shows the field, or does not.
                for record in &records {
                    let reply = caller.ask(&fetch, json!({ "key": record["id"] })).await;
                    if reply["ok"] == json!(true) {
                        let shown = reply["data"].as_object().unwrap();
                        assert_eq!(
                            shown.contains_key(field),
                            !is_hidden,
                            "{} {field}: {reply}",
                            caller.name()
                        );
                    }
                }
            }
            if !caller.granted(domain, &Granted::Count).is_empty() {
                for field in &caller.rules(domain, &Granted::Count).0 {
                    as_absent(
                        caller,
                        &format!("{name}.count"),
                        |name| json!({ "where": { name: "3.50" } }),
                        field,
                    )
                    .await;
                }
            }
        }
        // The cursor of a caller who sorts by a field that the other caller does not see.
        let mona = callers.iter().find(|caller| caller.user == Some("mona")).unwrap();
        let page = mona.ask(&format!("{name}.fetch"), json!({ "sort": ["margin"], "limit": 1 })).await;
        let page = json!({ "sort": ["margin"], "after": page["next"] });
        let reply = callers[0].ask(&format!("{name}.fetch"), page).await;
        assert_eq!(reply["error"]["details"][0]["field"], "sort", "{reply}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_or_readonly_is_not_set() {
    let site = site().await;
    let callers = callers(site).await;
    for domain in &domains() {
        let name = &domain.name.value;
        for caller in &callers {
            for operation in [Granted::Create, Granted::Update, Granted::Upsert] {
                if caller.granted(domain, &operation).is_empty() {
                    continue;
                }
                let key = format!("{name}.{}", operation.name());
                let (hidden, readonly) = caller.rules(domain, &operation);
                let id = common::unique("field");
                let own = json!({ "data": { "id": id, "title": id } });
                let reply = caller.ok(&format!("{name}.create"), own).await;
                for field in &hidden {
                    assert!(!reply.as_object().unwrap().contains_key(field), "{} {reply}", caller.name());
                }
                let body = |field: &str, id: &str| match operation {
                    Granted::Update => json!({ "key": id, "data": { field: "3.50" } }),
                    _ => json!({ "data": { "id": id, "title": id, field: "3.50" } }),
                };
                for field in domain.fields.iter().map(|field| &field.name) {
                    let id = if operation == Granted::Update { id.clone() } else { common::unique("field") };
                    if hidden.contains(field) {
                        as_absent(caller, &key, |field| body(field, &id), field).await;
                        if operation != Granted::Update {
                            let list = |field: &str| json!({ "data": [body(field, &id)["data"]] });
                            as_absent(caller, &key, list, field).await;
                        }
                    } else if readonly.contains(field) {
                        let reply = caller.ask(&key, body(field, &id)).await;
                        assert_eq!(reply["error"]["code"], "forbidden", "{} {field}: {reply}", caller.name());
                        assert_eq!(reply["error"]["details"][0]["field"], json!(field), "{reply}");
                        for mode in ["parallel", "ordered", "atomic"] {
                            let reply = caller.in_batch(mode, &key, body(field, &id)).await;
                            assert_eq!(
                                reply["error"]["code"],
                                "forbidden",
                                "{} {mode}: {reply}",
                                caller.name()
                            );
                        }
                    }
                }
                // The reply to a write shows the record, alone, in a list and in each kind of batch.
                if operation != Granted::Update {
                    let one = || {
                        let id = common::unique("field");
                        json!({ "id": id, "title": id })
                    };
                    let mut replies = vec![
                        caller.ask(&key, json!({ "data": one() })).await,
                        caller.ask(&key, json!({ "data": [one(), one()] })).await,
                    ];
                    for mode in ["parallel", "ordered", "atomic"] {
                        replies.push(caller.in_batch(mode, &key, json!({ "data": one() })).await);
                    }
                    for reply in replies {
                        assert_eq!(reply["ok"], json!(true), "{} {key}: {reply}", caller.name());
                        for field in &hidden {
                            assert!(
                                !reply.to_string().contains(&format!("\"{field}\"")),
                                "{} {reply}",
                                caller.name()
                            );
                        }
                    }
                }
            }
        }
    }
}

/// An upsert changes an existing record. The caller must not change fields that the caller neither sees nor sets.
#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_leaves_what_is_hidden_or_readonly() {
    let site = site().await;
    let callers = callers(site).await;
    let (carla, mona) = (&callers[0], callers.iter().find(|caller| caller.user == Some("mona")).unwrap());
    for domain in &domains() {
        let name = &domain.name.value;
        let (upsert, fetch) = (format!("{name}.upsert"), format!("{name}.fetch"));
        let ids = [(); 3].map(|()| common::unique("left"));
        for id in &ids {
            let record =
                json!({ "id": id, "title": id, "owner": "carla", "margin": "9.50", "price": "3.50" });
            mona.ok(&format!("{name}.create"), json!({ "data": record })).await;
        }
        let record = |id: &str, title: &str| json!({ "id": id, "title": title });
        let fresh = common::unique("left");
        carla.ok(&upsert, json!({ "data": record(&ids[0], "one") })).await;
        let list = [record(&fresh, "fresh"), record(&ids[1], "list")];
        let replies = carla.ok(&upsert, json!({ "data": list })).await;
        assert_eq!((&replies[0]["price"], &replies[1]["price"]), (&Value::Null, &json!("3.50")), "{replies}");
        let reply = carla.in_batch("atomic", &upsert, json!({ "data": record(&ids[2], "batch") })).await;
        assert_eq!(reply["ok"], json!(true), "{reply}");
        for (id, title) in ids.iter().zip(["one", "list", "batch"]) {
            let kept = mona.ok(&fetch, json!({ "key": id })).await;
            let shown = [&kept["title"], &kept["margin"], &kept["price"], &kept["revision"]];
            assert_eq!(shown, [&json!(title), &json!("9.50"), &json!("3.50"), &json!(2)], "{name}: {kept}");
        }
        let kept = mona.ok(&fetch, json!({ "key": fresh })).await;
        assert_eq!((&kept["margin"], &kept["price"]), (&Value::Null, &Value::Null), "{name}: {kept}");
        // A caller who may set all fields replaces the whole record.
        mona.ok(&upsert, json!({ "data": record(&ids[0], "all") })).await;
        let kept = mona.ok(&fetch, json!({ "key": ids[0] })).await;
        assert_eq!((&kept["margin"], &kept["price"]), (&Value::Null, &Value::Null), "{name}: {kept}");
    }
}
