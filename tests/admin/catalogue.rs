//! What the catalogue shows to each caller.

use beds_client::{Client, Request};
use serde_json::{Value, json};

use super::{client, end, nodes, servers};

async fn list(client: &Client, args: Value) -> Value {
    let request = Request::call("catalogue", "list", &args);
    serde_json::from_slice(&client.execute_raw(request).await.unwrap().body).unwrap()
}

/// The entry of a template.
fn of<'l>(listed: &'l Value, template: &str) -> Option<&'l Value> {
    listed["data"].as_array().unwrap().iter().find(|entry| entry["template"] == template)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sees_what_he_may_do() {
    let stack = servers().await;
    let all = nodes(stack, &[("n1", "app_server,admin"), ("n2", "app_server")]).await;
    let operator = client(stack).await;
    let nobody = Client::builder(stack.amqp_url()).connect().await.unwrap();

    let (his, theirs) = (list(&operator, json!({})).await, list(&nobody, json!({})).await);
    let names: Vec<&str> =
        his["data"].as_array().unwrap().iter().map(|entry| entry["template"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.contains(&"country") && names.contains(&"bookmark"), "{his:#}");
    // A template that the caller may not use does not exist for the caller.
    assert!(of(&his, "audit").is_some() && of(&theirs, "audit").is_none(), "{theirs:#}");
    assert!(of(&his, "node").is_some() && of(&theirs, "node").is_none(), "{theirs:#}");
    let fleet = of(&his, "fleet").unwrap();
    assert_eq!(fleet["operations"], json!(["fetch", "count", "describe", "call.health"]), "{fleet}");

    // Each entry equals the description that the template gives of itself.
    let described = nobody.execute(Request::raw("example.describe", "{}")).await.unwrap().data.unwrap();
    let example = of(&theirs, "example").unwrap();
    for name in ["template", "description", "hash", "operations"] {
        assert_eq!(example[name], described[name], "{name}");
    }
    assert_eq!((&example["service"], &example["nodes"]), (&json!("app_server"), &json!(2)), "{example}");
    assert_eq!((&fleet["nodes"], &fleet["other_hashes"]), (&json!(1), &json!([])), "{fleet}");
    // The program has the template, and no node serves it.
    assert_eq!(of(&his, "session").unwrap()["nodes"], json!(0));

    let one = list(&operator, json!({"service": "admin", "template": "audit"})).await;
    assert_eq!(one["data"].as_array().unwrap().len(), 1, "{one:#}");
    assert_eq!(list(&operator, json!({"service": "tercero", "template": "audit"})).await["data"], json!([]));
    assert_eq!(list(&operator, json!({"service": "web"})).await["error"]["code"], "validation_failed");
    end(all, stack).await;
}
