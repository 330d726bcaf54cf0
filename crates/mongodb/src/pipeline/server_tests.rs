//! On a real server: whatever a client sends, the pipeline does what its file says and treats the value as a value.

use beds_codegen::{Compiler, model::Target};
use beds_core::value::Value;
use beds_devstack::Stack;
use mongodb::{
    Client,
    bson::{Document, doc},
};
use serde_json::json;

use super::bind;
use crate::golden::THING;

/// The pipeline of a call with the arguments of [`THING`], as the compiler gives it.
fn compiled(stages: &str) -> String {
    let template = r#"[template]
name = "thing"
service = "app_server"
engine = "mongodb"
database = "things"

[calls.some]
pipeline = "some.json"
on = "thing"

[calls.some.args]
text = { type = "string", max = 40 }
any = "json"
list = { type = "list", items = { type = "json" } }
"#;
    // An argument that the pipeline does not use is an error of the template.
    let is_unused = |line: &&str| {
        let argument = line.split(" =").next().unwrap_or_default();
        ["text", "any", "list"].contains(&argument) && !stages.contains(&format!("\"{argument}\""))
    };
    let lines: Vec<&str> = template.lines().filter(|line| !is_unused(line)).collect();
    let template = lines.join("\n");
    let compiler =
        Compiler::new().template_text("thing_rec.toml", template).pipeline_text("some.json", stages);
    let output = compiler.domains("nowhere").compile().unwrap_or_else(|report| panic!("{report}"));
    match &output.domains[0].calls[0].target {
        Target::Pipeline { stages, .. } => stages.clone(),
        other => panic!("{other:?}"),
    }
}

/// The ids of the documents that a pipeline finds for a client's value.
async fn found(client: &Client, stages: &str, value: &serde_json::Value) -> Result<Vec<i32>, String> {
    let text = value.as_str().unwrap_or_default().to_owned();
    let list = value.as_array().cloned().map_or_else(|| json!([value]), |items| json!(items));
    let args = [Value::Text(text), Value::Json(value.clone().into()), Value::Json(list.into())];
    let stages = bind(&compiled(stages), &THING.calls[0], &args).map_err(|error| error.to_string())?;
    let things = client.database("things").collection::<Document>("thing");
    let mut cursor = things.aggregate(stages).await.map_err(|error| error.to_string())?;
    let mut ids = Vec::new();
    while cursor.advance().await.map_err(|error| error.to_string())? {
        let document = cursor.deserialize_current().map_err(|error| error.to_string())?;
        ids.push(document.get_i32("_id").unwrap());
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Values with which clients try to steer a query.
fn attempts() -> Vec<serde_json::Value> {
    vec![
        json!({ "$gt": "" }),
        json!({ "$ne": null }),
        json!({ "$exists": true }),
        json!({ "$regex": ".*" }),
        json!({ "$where": "true" }),
        json!({ "$function": { "body": "function () { return true }", "args": [], "lang": "js" } }),
        json!([{ "$gt": "" }]),
        json!("$secret"),
        json!("$$ROOT"),
        json!("$$REMOVE"),
        json!(".*"),
        json!(true),
        json!(1),
    ]
}

#[tokio::test]
async fn whatever_a_client_sends_is_a_value() {
    let stack = tokio::task::spawn_blocking(|| Stack::builder().ignore_environment().mongodb().start())
        .await
        .unwrap()
        .unwrap_or_else(|error| panic!("{error}"));
    let client = Client::with_uri_str(stack.mongodb_url()).await.unwrap();
    let things = client.database("things").collection::<Document>("thing");
    let documents = [
        doc! { "_id": 1, "a": "plain", "secret": "plain", "list": ["plain"] },
        doc! { "_id": 2, "a": "other", "secret": "hidden", "list": ["other"] },
    ];
    things.insert_many(documents).await.unwrap();

    let by_value = [
        r#"[{"$match": {"a": {"$arg": "any"}}}]"#,
        r#"[{"$match": {"a": {"$eq": {"$arg": "any"}}}}]"#,
        r#"[{"$match": {"$or": [{"a": {"$arg": "any"}}]}}]"#,
        r#"[{"$match": {"$expr": {"$eq": ["$a", {"$arg": "any"}]}}}]"#,
        r#"[{"$set": {"x": {"$arg": "any"}}}, {"$match": {"$expr": {"$eq": ["$a", "$x"]}}}]"#,
        r#"[{"$match": {"a": {"$in": [{"$arg": "any"}]}}}]"#,
    ];
    for stages in by_value {
        assert_eq!(found(&client, stages, &json!("plain")).await, Ok(vec![1]), "{stages}");
        for attempt in attempts() {
            match found(&client, stages, &attempt).await {
                Ok(ids) => assert!(ids.is_empty(), "{stages}: {attempt} gives {ids:?}"),
                // A value that a list would read as an operator is refused before it is sent. Some servers refuse the
                // name of a script wherever it stands.
                Err(error) => {
                    let is_script =
                        ["$where", "$function"].iter().any(|name| attempt.to_string().contains(name));
                    assert!(is_script || stages.contains("$in"), "{stages}: {attempt}: {error}");
                }
            }
        }
    }
    for stages in [
        r#"[{"$match": {"a": {"$in": {"$arg": "list"}}}}]"#,
        r#"[{"$match": {"list": {"$all": {"$arg": "list"}}}}]"#,
        r#"[{"$match": {"$expr": {"$in": ["$a", {"$arg": "list"}]}}}]"#,
    ] {
        assert_eq!(found(&client, stages, &json!(["plain"])).await, Ok(vec![1]), "{stages}");
        for attempt in attempts() {
            if let Ok(ids) = found(&client, stages, &attempt).await {
                assert!(ids.is_empty(), "{stages}: {attempt} gives {ids:?}");
            }
        }
    }
    // An expression on a value gives the value: MongoDB follows no path, and the value hides or shows nothing.
    for attempt in attempts() {
        let stages = r#"[{"$set": {"copy": {"$arg": "any"}}}, {"$match": {"copy": {"$exists": true}}}]"#;
        if let Ok(ids) = found(&client, stages, &attempt).await {
            assert_eq!(ids, [1, 2], "{attempt}");
        }
        let stages = r#"[{"$project": {"secret": {"$arg": "any"}}}, {"$match": {"secret": "hidden"}}]"#;
        if let Ok(ids) = found(&client, stages, &attempt).await {
            assert!(ids.is_empty(), "{attempt}");
        }
    }
    // A declared regular expression is one.
    let stages = r#"[{"$match": {"a": {"$regex": {"$arg": "text", "as": "regex"}}}}]"#;
    assert_eq!(found(&client, stages, &json!("^pl")).await, Ok(vec![1]));
}
