//! Properties of replies to requests with missing or odd properties.

use beds_protocol::Operation;
use lapin::BasicProperties;
use serde_json::json;

use crate::{common::wire::Wire, domain::Domain};

pub(crate) async fn answers_with_headers(domain: Domain) {
    let mut wire = Wire::connect(&domain.site.stack.amqp_url()).await;
    let description = domain.ok(Operation::Describe, json!({})).await.data.unwrap();
    let key = |operation: &str| format!("{}.{operation}", domain.template);
    let missing = json!({"key": uuid::Uuid::now_v7()}).to_string();
    let long = "x".repeat(255);
    let cases = [
        ("describe", "{}", "1", "ok"),
        ("describe", "", "ünïcödé", "ok"),
        ("count", "{}", "", "ok"),
        ("fetch", missing.as_str(), long.as_str(), "not_found"),
        ("create", "{}", "2", "bad_request"),
        ("delete", missing.as_str(), "3", "not_found"),
    ];
    for (operation, body, correlation_id, status) in cases {
        let properties = wire.properties(correlation_id);
        let reply = wire.request(&key(operation), body.as_bytes(), properties).await;
        let found = (reply.header("beds-status"), reply.header("beds-template-hash"), reply.correlation_id());
        let hash = description["hash"].as_str().unwrap().to_owned();
        assert_eq!(found, (Some(status.to_owned()), Some(hash), Some(correlation_id)), "{operation}");
        let content_type = reply.0.properties.content_type().as_ref().unwrap().as_str();
        assert_eq!((content_type, &reply.json()["ok"]), ("application/json", &json!(status == "ok")));
        if status != "ok" {
            assert_eq!(reply.json()["error"]["code"], status);
            // Without a message id, the correlation id identifies the request.
            assert_eq!(reply.json()["error"]["request_id"], correlation_id);
        }
    }
    // A message id takes precedence.
    let properties = wire.properties("4").with_message_id("0191".into());
    let reply = wire.request(&key("fetch"), missing.as_bytes(), properties).await;
    assert_eq!(reply.json()["error"]["request_id"], "0191");
    // Without a correlation id, the reply has none. A content type may have parameters, or be missing.
    let bare = BasicProperties::default().with_reply_to(wire.queue.clone());
    for properties in [bare.clone(), bare.with_content_type("application/json; charset=utf-8".into())] {
        let reply = wire.request(&key("describe"), b"{}", properties).await;
        assert_eq!((reply.correlation_id(), reply.header("beds-status").as_deref()), (None, Some("ok")));
    }
}
