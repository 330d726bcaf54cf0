//! Functions in Rust that panic, never end, or return what their template does not allow. The reply says what is known,
//! the log has the id of the request, and no other request notices. The functions are in
//! `tests/guarded/node/src/domains/wayward.rs`.

use beds_protocol::RoutingKey;
use futures_util::future::join_all;
use lapin::types::AMQPValue;
use serde_json::{Value, json};

use crate::{
    common::{
        eventually_async, unique,
        wire::{Wire, unix_ms, with_header},
    },
    site::{Caller, callers, site},
};

/// The reply to a call with this correlation id. It comes within a second if the function would never end.
async fn call(wire: &mut Wire, name: &str, args: Value, id: &str) -> Value {
    let is_endless = args["way"] == json!("never_ends");
    let key = format!("wayward.call.{name}");
    assert!(RoutingKey::parse(&key).is_ok());
    let properties = wire.properties(id).with_message_id(id.into()).with_user_id("guest".into());
    let properties = if is_endless {
        with_header(properties, "beds-deadline", AMQPValue::LongLongInt(unix_ms() + 1_000))
    } else {
        properties
    };
    wire.request(&key, json!({ "args": args }).to_string().as_bytes(), properties).await.json()
}

/// Sends other requests to the same node until it is told to stop.
async fn neighbour(caller: &Caller, calls: usize) {
    for _ in 0..calls {
        caller.ok("wayward.call.read", json!({ "args": { "way": "well" } })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_does_not_end_as_it_should_harms_its_own_request_alone() {
    let site = site().await;
    let callers = callers(site).await;
    let mut wire = Wire::connect(&site.stack.amqp_url()).await;
    let beside = join_all(callers.iter().filter(|caller| caller.user.is_some()).map(|it| neighbour(it, 50)));
    let wayward = async {
        for (name, way, code, says) in [
            ("read", "panics", "internal", "the operation failed unexpectedly"),
            ("read", "never_ends", "deadline_exceeded", "deadline"),
            ("read", "too_long", "internal", "`data` must be at most 20 characters"),
            ("rows", "beyond", "internal", "`data[1].n` must be at most 9"),
            ("rows", "none", "internal", "`data[0].n` must not be null"),
            ("rows", "too_long", "internal", "`data[0].name` must be at most 20 characters"),
            ("rows", "too_many", "too_large", "the reply would exceed the limit"),
        ] {
            let id = unique("w");
            let reply = call(&mut wire, name, json!({ "way": way }), &id).await;
            let error = &reply["error"];
            let (message, said) =
                (error["message"].as_str().unwrap_or_default(), format!("{name} {way}: {reply:#}"));
            assert_eq!(error["code"], json!(code), "{said}");
            assert!(message.contains(says) && !message.contains("nobody expects"), "{said}");
            assert_eq!(error["retryable"], json!(code == "deadline_exceeded"), "{said}");
            told(&id, code == "internal").await;
        }
        // The value of a scalar may be missing, as for a function of the database.
        let reply = call(&mut wire, "read", json!({ "way": "none" }), &unique("w")).await;
        assert_eq!((&reply["ok"], &reply["data"]), (&json!(true), &Value::Null), "{reply:#}");
        for (way, code, says) in [
            ("panics", "internal", "stay"),
            ("never_ends", "unavailable", ""),
            ("too_long", "internal", "stay"),
        ] {
            let id = unique("w");
            let reply = call(&mut wire, "write", json!({ "id": id, "way": way }), &id).await;
            let (error, said) = (&reply["error"], format!("write {way}: {reply:#}"));
            assert_eq!(error["code"], json!(code), "{said}");
            let (message, hint) = (error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
            assert!(hint.contains(says), "{said}");
            assert!(way != "never_ends" || message.contains("may or may not have happened"), "{said}");
            assert_eq!(error["retryable"], json!(false), "{said}");
            told(&id, true).await;
            let written = site.stack.mariadb_query(Some("vault"), "select id from wayward").unwrap();
            assert!(written.contains(&id), "{said}: {written}");
        }
        // A write that is done is never answered with `too_large`.
        let args = json!({ "id": unique("w"), "way": "too_large" });
        let reply = call(&mut wire, "write", args, &unique("w")).await;
        assert_eq!(reply["ok"], json!(true), "{reply:#}");
        assert!(
            reply["note"].as_str().is_some_and(|note| note.starts_with("the request is done; ")),
            "{reply:#}"
        );
    };
    tokio::join!(beside, wayward);
    let log = site.node.log();
    assert!(log.contains("a method panicked: wayward: nobody expects this"), "{log}");
}

/// Waits until the log has a line of this request, if one is expected.
async fn told(id: &str, is_told: bool) {
    let site = site().await;
    if is_told {
        eventually_async("the log names the request", async || {
            site.node.log().lines().any(|line| line.contains(id) && line.contains("request_id"))
        })
        .await;
    }
}
