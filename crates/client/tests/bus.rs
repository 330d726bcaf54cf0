//! The client against a real RabbitMQ, with a responder in the place of a node.

mod common;

use std::time::Duration;

use beds_client::{
    Client, ClientError, Request,
    protocol::{CountRequest, ErrorCode, FetchRequest, Operation},
};
use futures_util::{FutureExt as _, future::join_all};
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Value, json};

use crate::common::{client_and_responder, eventually, private, queue, respond, shared_url};

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered() {
    let url = shared_url().await;
    let (client, _responder) = client_and_responder(&url, "answered").await;

    let data: Value = client.fetch("answered", "k1").await.unwrap();
    assert_eq!(data["key"], "k1");
    assert!(data["reply_to"].as_str().unwrap().starts_with("amq.gen-"));
    assert_eq!(client.count("answered", &CountRequest::default()).await.unwrap_err().code(), None);

    let reply = client.request("answered", Operation::Fetch, &FetchRequest::default()).await.unwrap();
    assert_eq!((reply.count, reply.next.as_deref()), (Some(3), Some("cursor")));

    let raw = client.request_raw("answered.update", "{}").await.unwrap();
    assert_eq!((raw.status.as_str(), raw.is_ok()), ("not_found", false));
    assert_eq!(raw.template_hash.as_deref(), Some("0123456789abcdef"));

    let error = client.update("answered", "k", &json!({})).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::NotFound));
    client.create("answered", &json!({})).await.unwrap();
    client.call("answered", "x", &json!({})).await.unwrap();
    client.describe("answered").await.unwrap();
    client.send(Request::create("answered", &json!({}))).await.unwrap();

    // The longest timeout works, too. A request too large for a frame fails alone.
    let patient = Request::fetch("answered", "k1").timeout(Duration::MAX);
    let long = Request::fetch("answered", "k1").session("x".repeat(131_000));
    let (patient, long) = tokio::join!(client.execute(patient), client.execute(long));
    assert!(patient.is_ok(), "{patient:?}");
    let error = long.unwrap_err();
    assert!(matches!(&error, ClientError::Forbidden { .. }) && !error.is_retryable(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn user_ids_are_those_that_rabbitmq_accepts() {
    let url = shared_url().await;
    let _responder = respond(&url, "users").await;
    let client = Client::builder(&url).user_id("guest").connect().await.unwrap();
    let data: Value = client.fetch("users", "k").await.unwrap();
    assert_eq!(data["user_id"], "guest");

    // RabbitMQ closes the channel over a false user id.
    let client = Client::builder(&url).user_id("mallory").connect().await.unwrap();
    for _ in 0..3 {
        let error = client.fetch::<Value>("users", "k").await.unwrap_err();
        assert!(matches!(error, ClientError::Forbidden { .. }) && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains("user_id property set to 'mallory'"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_rabbitmq_forbids_fails_alone() {
    let stack = tokio::task::spawn_blocking(private).await.unwrap();
    let url = stack.amqp_url();
    let _responder = respond(&url, "allowed").await;
    let stack = tokio::task::spawn_blocking(move || {
        for command in [
            &["add_user", "alice", "secret"][..],
            &["set_permissions", "-p", "/", "alice", "^amq\\.gen-.*", ".*", ".*"],
            &["set_topic_permissions", "-p", "/", "alice", "beds", "^(allowed|nobody)\\..*", ".*"],
            // Like the user of a node.
            &["add_user", "node", "secret"],
            &[
                "set_permissions",
                "-p",
                "/",
                "node",
                "^beds(\\..*)?$",
                "^(beds(\\..*)?|amq\\.default)$",
                "^beds(\\..*)?$",
            ],
        ] {
            stack.rabbitmq().control(command).unwrap();
        }
        stack
    })
    .await
    .unwrap();
    let refused = Client::builder(url.replace("guest:guest", "node:secret")).connect().await.unwrap_err();
    let said = refused.to_string();
    assert!(
        said.contains("access to queue 'amq.gen-") && said.contains("give its user `^amq\\.gen-.*$`"),
        "{said}"
    );
    let client = Client::builder(url.replace("guest:guest", "alice:secret")).timeout(Duration::from_mins(1));
    let client = client.connect().await.unwrap();
    let requests = (0..400).map(|n| {
        let client = &client;
        async move {
            let key = ["allowed.fetch", "forbidden.fetch", "nobody.fetch", "allowed.create"][n % 4];
            let request = Request::raw(key, format!("{{\"key\":{n}}}"));
            if n % 8 == 1 {
                let error = client.send(request).await.unwrap_err();
                assert!(matches!(error, ClientError::Forbidden { .. }), "{n}: {error}");
                return;
            }
            let result = client.execute_raw(request).await;
            match n % 4 {
                1 => {
                    let error = result.unwrap_err();
                    assert!(matches!(&error, ClientError::Forbidden { routing_key, .. } if routing_key == key));
                    let said = "RabbitMQ forbids `forbidden.fetch`: ACCESS_REFUSED - access to topic 'forbidden.fetch'";
                    assert!(error.to_string().starts_with(said) && !error.is_retryable(), "{error}");
                }
                2 => assert!(matches!(result, Err(ClientError::Unroutable { .. })), "{n}: {result:?}"),
                _ => assert!(result.unwrap().is_ok(), "{n}"),
            }
        }
    });
    join_all(requests).await;
    assert_eq!(client.in_flight(), 0);

    // A key that was allowed and no longer is closes the channel of other requests, which is then opened again.
    let stack = tokio::task::spawn_blocking(move || {
        let none = ["set_topic_permissions", "-p", "/", "alice", "beds", "^allowed\\..*", ".*"];
        stack.rabbitmq().control(&none).unwrap();
        stack
    })
    .await
    .unwrap();
    // A channel caches its permissions while it is busy. So the test asks after longer and longer pauses.
    let mut pause = std::time::Duration::from_secs(1);
    while !matches!(client.request_raw("nobody.fetch", "{}").await, Err(ClientError::Forbidden { .. })) {
        assert!(pause.as_secs() < 30, "RabbitMQ never heard of it");
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    assert!(client.request_raw("allowed.fetch", "{}").await.unwrap().is_ok());
    client.close().await;
    drop(stack);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_is_matched_to_its_own_request_among_many() {
    let url = shared_url().await;
    let (client, _responder) = client_and_responder(&url, "mixed").await;
    let requests = (0..2000).map(|n| {
        let client = &client;
        async move {
            let key = if n % 3 == 0 { "nobody.fetch" } else { "mixed.fetch" };
            let result = client.request_raw(key, format!("{{\"key\":{n}}}")).await;
            if n % 3 == 0 {
                assert!(
                    matches!(&result, Err(ClientError::Unroutable { routing_key }) if routing_key == key),
                    "{result:?}"
                );
            } else {
                let reply: Value = serde_json::from_slice(&result.unwrap().body).unwrap();
                assert_eq!(reply["data"]["key"], n);
            }
        }
    });
    join_all(requests).await;

    let sends = (0..2000).map(|n| {
        let client = &client;
        async move {
            let key = if n % 3 == 0 { "nobody.create" } else { "mixed.create" };
            let sent = client.send(Request::raw(key, "{}")).await;
            assert_eq!(matches!(sent, Err(ClientError::Unroutable { .. })), n % 3 == 0, "{n} {sent:?}");
        }
    });
    join_all(sends).await;
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_an_overflow() {
    let url = shared_url().await;
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let _queue = queue(&url, "full", arguments).await;
    let client = Client::builder(&url).connect().await.unwrap();
    client.send(Request::raw("full.create", "{}")).await.unwrap();
    let sent = client.send(Request::raw("full.create", "{}")).await;
    assert!(matches!(sent, Err(ClientError::Overflow { .. })), "{sent:?}");
    let reply = client.create("full", &json!({})).await;
    assert!(matches!(reply, Err(ClientError::Overflow { .. })), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_gives_up_in_time_and_leaves_nothing_behind() {
    let url = shared_url().await;
    let (client, _responder) = client_and_responder(&url, "silent").await;
    let request = Request::delete("silent", "k").timeout(Duration::from_millis(50));
    let error = client.execute(request.clone()).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout(_)), "{error}");

    // A request that is polled once and dropped.
    assert!(client.execute(request).now_or_never().is_none());
    assert_eq!(client.in_flight(), 0);
    client.fetch::<Value>("silent", "k").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_bound_what_is_in_flight_and_come_back() {
    let url = shared_url().await;
    let _responder = respond(&url, "slots").await;
    let client = Client::builder(&url).in_flight_max(2).connect().await.unwrap();
    let stuck = Request::delete("slots", "k").timeout(Duration::from_millis(300));
    let (a, b, c) = tokio::join!(
        client.execute(stuck.clone()),
        client.execute(stuck.clone()),
        client.execute(stuck.timeout(Duration::from_millis(100))),
    );
    for result in [a, b, c] {
        assert!(matches!(result, Err(ClientError::Timeout(_))));
    }
    let answers = join_all((0..50).map(|_| client.fetch::<Value>("slots", "k"))).await;
    assert!(answers.iter().all(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_fails_what_is_in_flight_and_is_made_again() {
    let stack = tokio::task::spawn_blocking(private).await.unwrap();
    let url = stack.amqp_url();
    let (client, responder) = client_and_responder(&url, "restart").await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.delete("restart", "k").await }
    });
    eventually("a request in flight", async || client.in_flight() == 1).await;

    let (stack, ()) = tokio::task::spawn_blocking(move || {
        stack.rabbitmq().kill().unwrap();
        (stack, ())
    })
    .await
    .unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::Disconnected(_)), "{error}");
    drop(responder);

    let request = Request::fetch("restart", "k").timeout(Duration::from_millis(100));
    let error = client.execute(request).await.unwrap_err();
    assert!(matches!(error, ClientError::Disconnected(_)), "{error}");

    let stack = tokio::task::spawn_blocking(move || {
        stack.rabbitmq().start().unwrap();
        stack
    })
    .await
    .unwrap();
    let _responder = respond(&url, "restart").await;
    client.fetch::<Value>("restart", "k").await.unwrap();

    client.close().await;
    assert!(matches!(client.describe("restart").await, Err(ClientError::Closed)));
    drop(stack);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_is_not_there_is_an_error_and_not_a_wait() {
    let url = shared_url().await;
    let wrong = url.replace("guest:guest", "guest:wrong");
    for url in ["amqp://127.0.0.1:1", "nonsense", wrong.as_str()] {
        let error = Client::builder(url).connect_timeout(Duration::from_secs(5)).connect().await.unwrap_err();
        assert!(matches!(error, ClientError::Connect(_) | ClientError::Url(_)), "{url}: {error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
    // A server that accepts and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqp://{}", silent.local_addr().unwrap());
    let error =
        Client::builder(&url).connect_timeout(Duration::from_millis(200)).connect().await.unwrap_err();
    assert!(matches!(error, ClientError::Connect(_)), "{error}");
    // With the URL of another server beside it, the silent server delays nobody, however long the timeout is.
    let both = format!("{url},{}", shared_url().await);
    let connecting = Client::builder(both).connect_timeout(Duration::from_hours(1)).connect();
    tokio::time::timeout(Duration::from_mins(1), connecting).await.expect("the other answers").unwrap();
}
