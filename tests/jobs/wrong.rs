//! Wrong or hostile requests are refused before anything is queued, with all their mistakes and the nearest names.

use beds_client::{Client, Request};
use serde_json::{Value, json};

use crate::{common::blocking, site::shared};

fn details(reply: &Value) -> Vec<(String, String)> {
    let details = reply["error"]["details"].as_array().unwrap_or_else(|| panic!("{reply:#}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    details.iter().map(|detail| (text(&detail["field"]), text(&detail["reason"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_mistakes_are_told_at_once_with_the_nearest_names() {
    let guest = shared().await;
    let reply = guest
        .call("migration", "start", json!({"from": "sample_rwo", "to": "sample_documnet", "mode": "copy"}))
        .await;
    assert_eq!(reply["error"]["code"], "validation_failed", "{reply:#}");
    let told = details(&reply);
    assert!(
        told.iter().any(|(field, reason)| field == "args.from" && reason.contains("`sample_row`")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|(field, reason)| field == "args.to" && reason.contains("`sample_document`")),
        "{told:?}"
    );

    let reply = guest
        .call(
            "migration",
            "start",
            json!({
                "from": "sample_row", "to": "sample_document", "chunk": 5000,
                "where": {"nmae": "x", "number": {"lt": "seven"}},
                "map": {
                    "idd": "id",
                    "code": "coed",
                    "status": {"from": "status", "enum": {"draft": "draf", "activ": "active"}},
                    "flag": "name",
                    "number": {"from": "moment", "date": "hours"},
                    "stock": {"const": 5000},
                    "rating": {"from": "rating", "cas": "upper"},
                    "name": {"from": "name", "case": "title"},
                    "note": {"join": ["name", "extra", "nothing"]},
                    "reference": {"from": "name", "lookup": "contry", "give": "name"},
                    "day": "moment",
                    "hour": 7,
                    "revision": "revision",
                    "moment": {"split": "x"},
                    "tags": {},
                },
            }),
        )
        .await;
    let told = details(&reply);
    for (field, part) in [
        ("args.chunk", "from 1 to"),
        ("args.where.nmae", "did you mean `name`?"),
        ("args.where.number.lt", "64-bit integer"),
        ("args.map.idd", "did you mean `id`?"),
        ("args.map.code", "did you mean `code`?"),
        ("args.map.status.enum.draft", "draft"),
        ("args.map.status.enum.activ", "did you mean `active`?"),
        ("args.map.status.enum", "does not say what becomes of"),
        ("args.map.flag", "cannot be a text, as its type is bool"),
        ("args.map.number.date", "must be one of year"),
        ("args.map.stock.const", "at most 1000"),
        ("args.map.rating.cas", "did you mean"),
        ("args.map.name.case", "upper or lower"),
        ("args.map.note.join", "`extra`, which is a json"),
        ("args.map.note.join", "`nothing`, which is not a field"),
        ("args.map.reference.lookup", "did you mean `country`?"),
        ("args.map.day", "say by `date`"),
        ("args.map.hour", "must be the name of a field"),
        ("args.map.revision", "is the version"),
        ("args.map.moment.from", "is required"),
        ("args.map.tags", "must have one of"),
    ] {
        assert!(
            told.iter().any(|(at, reason)| at == field && reason.contains(part)),
            "{field} {part}: {told:#?}"
        );
    }

    // The fields that a new record needs, and those that identify it.
    let reply = guest
        .call(
            "migration",
            "start",
            json!({"from": "sample_row", "to": "sample_document", "map": {"name": "name"}}),
        )
        .await;
    let told = details(&reply);
    for field in ["args.map.code", "args.map.series", "args.map"] {
        assert!(told.iter().any(|(at, _)| at == field), "{field}: {told:#?}");
    }
    // A template without this operation, and one without records.
    for (args, field) in [
        (json!({"from": "sample_row", "to": "country"}), "args.map.flag"),
        (json!({"from": "sample_row", "to": "bookmark", "on_conflict": "replace"}), "args.on_conflict"),
        (json!({"from": "sample_row", "to": "sample_document", "where": [1]}), "args.where"),
        (json!({"from": "sample_row", "to": "sample_document", "map": "id"}), "args.map"),
        (json!({"from": "sample_row", "to": "sample_document", "map": {}}), "args.map"),
        (json!({"from": "sample_row", "to": "sample_document", "mode": "steal"}), "args.mode"),
        (json!({"from": "sample_row", "to": "sample_document", "chunk": 0}), "args.chunk"),
        (json!({"to": "sample_document"}), "args.from"),
        (json!({"from": "sample_row", "to": "sample_document", "were": {}}), "args.were"),
    ] {
        let reply = guest.call("migration", "start", args.clone()).await;
        let told = details(&reply);
        assert!(told.iter().any(|(at, _)| at == field), "{args}: {reply:#}");
    }
    let none = guest.call("migration", "retry", json!({"id": "0190f7c2-8a3b-71f0-9a4e-0242ac120002"})).await;
    assert_eq!(none["error"]["code"], "not_found", "{none:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hostile_costs_a_refusal() {
    let guest = shared().await;
    let names: serde_json::Map<String, Value> =
        (0..20_000).map(|number| (format!("field-{number}"), json!({"from": "id", "$where": "1"}))).collect();
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for args in [
        json!({"from": "sample_row", "to": "sample_document", "map": names}).to_string(),
        format!(r#"{{"from": "sample_row", "to": "sample_document", "map": {{"extra": {{"const": {}}}}}}}"#, deep(100)),
        json!({"from": "sample_row'; drop table sample; --", "to": "\u{0}\n"}).to_string(),
        json!({"from": "sample_row", "to": "sample_document", "where": {"$where": "1", "number": {"$gt": 0}}}).to_string(),
        json!({"from": "sample_row", "to": "sample_document", "map": {"id": {"const": {"$ne": null}}}}).to_string(),
        json!({"from": "job", "to": "sample_document"}).to_string(),
        json!({"from": "x".repeat(100_000), "to": "sample_document"}).to_string(),
    ] {
        let body = format!(r#"{{"args": {args}}}"#);
        let reply = guest.send(Request::raw("migration.call.start", body)).await;
        assert_eq!(reply["ok"], false, "{args:.200}: {reply:#}");
        let code = reply["error"]["code"].as_str().unwrap();
        assert!(["validation_failed", "bad_request"].contains(&code), "{args:.200}: {reply:#}");
        assert!(reply.to_string().len() < 100_000, "{args:.200}");
    }
    // A caller without the role starts nothing, and does not see another's job.
    let site = guest.site;
    blocking(|| {
        site.stack.rabbitmq().control(&["add_user", "web", "secret"]).unwrap();
        site.stack.rabbitmq().control(&["set_permissions", "web", ".*", ".*", ".*"]).unwrap();
    })
    .await;
    let series = guest.samples(10);
    let args = json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}});
    let id = guest.start(args.clone()).await;
    guest.until_state(&id, "done").await;
    let url = site.stack.amqp_url().replace("guest:guest", "web:secret");
    let web = Client::builder(url).user_id("web").connect().await.unwrap();
    let asked = async |request: Request| -> Value {
        serde_json::from_slice(&web.execute_raw(request).await.unwrap().body).unwrap()
    };
    assert_eq!(asked(Request::call("migration", "start", &args)).await["error"]["code"], "forbidden");
    assert_eq!(asked(Request::fetch("job", &id)).await["error"]["code"], "not_found");
    assert_eq!(asked(Request::call("job", "cancel", &json!({"id": id}))).await["error"]["code"], "not_found");
    assert_eq!(asked(Request::raw("job.fetch", "{}")).await["data"], json!([]));
    assert_eq!(asked(Request::raw("job_reject.fetch", "{}")).await["data"], json!([]));
}
