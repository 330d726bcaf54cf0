//! A service may have its own RabbitMQ.

use beds_client::{Client, ClientError, RawReply};
use beds_devstack::Stack;
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use tokio::time::timeout;

use super::common::{self, Beds, blocking, end_servers, eventually_async, wire::Wire};

async fn client(stack: &Stack) -> Client {
    Client::builder(stack.amqp_url()).user_id("guest").connect().await.unwrap()
}

fn is_unroutable(reply: &Result<RawReply, ClientError>) -> bool {
    matches!(reply, Err(ClientError::Unroutable { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_is_served_where_it_lives() {
    let (stack, own) = blocking(|| {
        let own = Stack::builder().ignore_environment().rabbitmq().start().unwrap();
        (&*Box::leak(Box::new(common::stack())), &*Box::leak(Box::new(own)))
    })
    .await;
    // From the time before the service moved.
    let old = Wire::connect(&stack.amqp_url()).await;
    let declared = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    old.channel.queue_declare("beds.admin.in".into(), declared, FieldTable::default()).await.unwrap();
    assert!(old.publish("", "beds.admin.in", b"{}", old.properties("old")).await.is_none());
    let port = own.rabbitmq().port().unwrap().to_string();
    let variables =
        [("BEDS__NODE__SERVICES", "app_server,admin"), ("BEDS__BROKER_SERVICES__ADMIN__PORT", &*port)];
    let node = Beds::new(&[]).on(stack).env(&variables).start();
    let (common, admin) = (client(stack).await, client(own).await);
    let here = async |client: &Client, key: &str| client.request_raw(key, "{}").await;

    // Requests arrive at one of the two. The other has no queue for them.
    assert!(here(&common, "country.fetch").await.unwrap().is_ok());
    assert!(here(&admin, "node.call.ping").await.unwrap().is_ok());
    assert!(is_unroutable(&here(&common, "node.call.ping").await));
    assert!(is_unroutable(&here(&admin, "country.fetch").await));

    // What waits in a queue of the service on the common server is told.
    let left = "1 message waits in `beds.admin.in` on the common RabbitMQ, but the service `admin` is on another RabbitMQ";
    eventually_async("the log says so", async || node.log().contains(left)).await;
    let health = here(&admin, "fleet.call.health").await.unwrap();
    let health: serde_json::Value = serde_json::from_slice(&health.body).unwrap();
    let reasons = health["data"]["reasons"].as_array().unwrap();
    let told = |reason: &serde_json::Value| {
        reason["what"] == "requests_left_over" && reason["message"].as_str().unwrap().starts_with(left)
    };
    assert!(reasons.iter().any(told), "{health:#}");

    // The shell finds the right one by itself, and `beds check` names the service of each.
    for key in ["country.fetch", "node.call.ping", "app_server.batch.read"] {
        let body = if key.contains("batch") { r#"{"items": []}"# } else { "{}" };
        let ended = Beds::new(&["call", key, body]).on(stack).env(&variables).run();
        assert!(!ended.stderr.contains("no queue"), "{key}: {}", ended.stderr);
    }
    let checked = Beds::new(&["check"]).on(stack).env(&variables).run().stdout;
    assert!(checked.contains("RabbitMQ of app_server at "), "{checked}");
    assert!(
        checked.contains(&format!("RabbitMQ of admin at amqp://guest:***@127.0.0.1:{port}")),
        "{checked}"
    );

    // If one is away, the other is not affected, and the node reconnects.
    let mut events = common.events("country.*").await.unwrap();
    blocking(move || own.rabbitmq().kill().unwrap()).await;
    assert!(here(&common, "country.fetch").await.unwrap().is_ok());
    let country = r#"{"data": {"alpha_2": "QX", "alpha_3": "QXQ", "numeric": "998", "name": "Quixotia"}}"#;
    assert!(common.request_raw("country.create", country).await.unwrap().is_ok());
    let event = timeout(common::PATIENCE, events.next()).await.unwrap().unwrap();
    assert_eq!((event.body.template.as_str(), event.body.operation.as_str()), ("country", "create"));
    blocking(move || own.rabbitmq().restart().unwrap()).await;
    eventually_async("the service is back", async || {
        here(&admin, "node.call.ping").await.is_ok_and(|reply| reply.is_ok())
    })
    .await;
    blocking(move || {
        node.terminate();
        node.await_end().unwrap();
        end_servers(stack);
        own.rabbitmq().kill().unwrap();
    })
    .await;
}

#[test]
fn a_section_that_cannot_be_is_refused_with_its_name() {
    for (key, value, reason) in [
        ("BEDS__BROKER_SERVICES__ADMIN__USER", "x", "broker_services.admin: `user` has no password"),
        ("BEDS__BROKER_SERVICES__ADMIN__PORT", "0", "broker_services.admin: `port` is 0"),
        ("BEDS__BROKER_SERVICES__ADMIN__PORT", "five", "BEDS__BROKER_SERVICES__ADMIN__PORT"),
        ("BEDS__BROKER_SERVICES__ADMIN__HOST", "amqp://h", "broker_services.admin: a host is a name"),
        ("BEDS__BROKER_SERVICES__ADMIN__PASS_FILE", "/nonexistent", "broker_services.admin"),
        ("BEDS__BROKER_SERVICES__ADMIM__PORT", "1", "ADMIM"),
        ("BEDS__BROKER_SERVICES__ADMIN__URL", "amqp://h", "unknown"),
    ] {
        let variables = [("BEDS__AMQP__URL", "amqp://guest:guest@127.0.0.1:1"), (key, value)];
        let ended = Beds::new(&["check"]).env(&variables).run();
        assert_eq!(ended.code, Some(10), "{key}: {}", ended.stderr);
        assert!(ended.stderr.contains(reason), "{key}: {}", ended.stderr);
    }
}
