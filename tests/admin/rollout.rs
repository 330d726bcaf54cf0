//! A roll-out: for a while, some nodes of a service have a template and others do not.

use beds_client::Request;
use beds_devstack::Node;
use lapin::BasicProperties;
use serde_json::json;

use super::{
    client,
    common::{blocking, eventually_async, spawn_node, unique, wire::Wire},
    end, servers,
};

const WAITING: &str = "beds.app_server.w.wait.template";

#[tokio::test(flavor = "multi_thread")]
async fn writes_to_a_template_that_one_node_has_are_all_done() {
    const COUNT: u64 = 20;
    let stack = servers().await;
    let node = move |name: &'static str| {
        blocking(move || {
            let node: &'static Node = Box::leak(Box::new(spawn_node(stack, &[("BEDS__NODE__NAME", name)])));
            node.await_ready().unwrap();
            node
        })
    };
    // The node leaves the template out: its database does not have it yet.
    let sql = |sql: &'static str| blocking(move || stack.mariadb_query(Some("catalog"), sql).unwrap());
    sql("rename table v_sample to v_later").await;
    let old = node("n1").await;
    sql("rename table v_later to v_sample").await;
    let new = node("n2").await;

    let (wire, client) = (Wire::connect(&stack.amqp_url()).await, client(stack).await);
    let series = unique("s");
    for n in 0..COUNT {
        let record = json!({"data": {"code": format!("{series}-{n}"), "series": series}}).to_string();
        let properties = BasicProperties::default().with_delivery_mode(2).with_message_id(unique("m").into());
        assert!(wire.publish("beds", "sample_row.create", record.as_bytes(), properties).await.is_none());
    }
    let body = json!({"where": {"series": series}}).to_string();
    let count = async || client.execute_raw(Request::raw("sample_row.count", body.clone())).await.unwrap();
    let (mut done, mut refused) = (false, false);
    eventually_async("all are done, and the node without the template was asked, too", async || {
        let reply: serde_json::Value = serde_json::from_slice(&count().await.body).unwrap();
        let error = &reply["error"];
        if error.is_object() {
            assert_eq!((&error["code"], &error["retryable"]), (&json!("unknown_template"), &json!(true)));
            assert!(error["hint"].as_str().unwrap().contains("`n2`"), "{reply}");
            refused = true;
        } else {
            done = reply["count"] == COUNT;
        }
        done && refused
    })
    .await;
    assert_eq!((wire.waiting("beds.dead").await, wire.waiting(WAITING).await), (0, 0), "{}", old.log());
    end([old, new], stack).await;
}
