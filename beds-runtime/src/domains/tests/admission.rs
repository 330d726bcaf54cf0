//! The requirements for a request's envelope and body, checked before anything runs.

use super::*;

#[tokio::test]
async fn a_deadline_is_the_clients_within_limits() {
    let (domains, databases) = service(Ok(done()));
    let start = Instant::now();
    let limits = Limits::default();
    let (usual, longest) = (limits.request_timeout_ms.duration(), limits.request_timeout_max_ms.duration());
    for (deadline, left) in [
        (None, usual),
        (Some(now_ms() + 60_000), Duration::from_mins(1)),
        (Some(now_ms() + 86_400_000), longest),
        (Some(i64::MAX), longest),
    ] {
        let fetch = Incoming { deadline: Ok(deadline), ..incoming("person.fetch", FETCH) };
        assert_eq!(reply(&domains, fetch).await.0, "ok");
        let given = databases.deadlines.lock().unwrap().pop().unwrap();
        // The header has whole milliseconds.
        let latest = given + Duration::from_millis(1);
        assert!(latest >= start + left && given <= Instant::now() + left, "{deadline:?}");
    }
    for (deadline, status) in [
        (Ok(Some(now_ms() - 1)), "deadline_exceeded"),
        (Ok(Some(0)), "deadline_exceeded"),
        (Ok(Some(-1)), "deadline_exceeded"),
        (Ok(Some(i64::MIN)), "deadline_exceeded"),
        (Err(()), "bad_request"),
    ] {
        let fetch = Incoming { deadline, ..incoming("person.fetch", FETCH) };
        assert_eq!(reply(&domains, fetch).await.0, status, "{deadline:?}");
    }
    assert!(databases.deadlines.lock().unwrap().is_empty(), "nothing ran that was too late");
}

#[tokio::test]
async fn what_the_envelope_contradicts_is_not_run() {
    let (domains, databases) = service(Ok(done()));
    let fetch = || incoming("person.fetch", FETCH);
    let long = "f".repeat(100_000);
    let cases = [
        (Incoming { broker: Broker::AppWrite, ..fetch() }, "bad_request", "not routed to the queue"),
        (
            Incoming { broker: Broker::AppRead, ..incoming("person.create", CREATE) },
            "bad_request",
            "not routed",
        ),
        (Incoming { content_type: Some("text/xml"), ..fetch() }, "bad_request", "text/xml"),
        (Incoming { content_type: Some(""), ..fetch() }, "bad_request", "content type"),
        (Incoming { content_type: Some(&long), ..fetch() }, "bad_request", "fff…"),
        (
            Incoming { content_type: Some("application/json; charset=latin1"), ..fetch() },
            "bad_request",
            "the charset `latin1`",
        ),
        (
            Incoming { content_encoding: Some("gzip"), ..fetch() },
            "bad_request",
            "the content encoding `gzip`",
        ),
        (Incoming { content_encoding: Some(&long), ..fetch() }, "bad_request", "fff…"),
        (Incoming { template_hash: Err(()), ..fetch() }, "bad_request", "beds-template-hash"),
        (Incoming { template_hash: Ok(Some("0")), ..fetch() }, "template_mismatch", "0123456789abcdef"),
        (Incoming { template_hash: Ok(Some(&long)), ..fetch() }, "template_mismatch", "fff…"),
        (Incoming { routing_key: "persons.fetch", ..fetch() }, "unknown_template", "persons"),
        (Incoming { routing_key: "person.call.x", ..fetch() }, "unknown_operation", "call.x"),
        (Incoming { routing_key: "person", ..fetch() }, "bad_request", "person"),
    ];
    for (incoming, status, part) in cases {
        let shown = format!("{incoming:.40?}");
        let (given, message) = reply(&domains, incoming).await;
        assert_eq!(given, status, "{shown}");
        assert!(message.contains(part) && message.len() < 400, "{message}");
    }
    assert!(databases.deadlines.lock().unwrap().is_empty());
    for content_type in [None, Some("application/json"), Some("Application/JSON; charset=utf-8")] {
        assert_eq!(reply(&domains, Incoming { content_type, ..fetch() }).await.0, "ok");
    }
    for encoding in ["", "identity", "UTF-8", "utf8"] {
        let content_encoding = Some(encoding);
        assert_eq!(reply(&domains, Incoming { content_encoding, ..fetch() }).await.0, "ok", "{encoding}");
    }
    for hash in [PERSON.hash, PERSON.compatible_with[0]] {
        let matching = Incoming { template_hash: Ok(Some(hash)), ..fetch() };
        assert_eq!(reply(&domains, matching).await.0, "ok");
    }
}

#[tokio::test]
async fn bodies_are_read_or_refused() {
    let (domains, _) = service(Ok(done()));
    let long = format!(r#"{{"key": 1, "fields": ["{}"]}}"#, "x".repeat(1_000));
    for (body, status, part) in [
        (long.as_str(), "too_large", "1000"),
        ("", "bad_request", "empty"),
        ("[]", "bad_request", "the body is an empty array, not a JSON object"),
        ("[1]", "bad_request", "not a JSON object"),
        (r#"{"where": []}"#, "bad_request", "at `where`: invalid type, expected an object"),
        ("{} {}", "bad_request", "after its JSON object"),
        ("\u{feff}{}", "bad_request", "byte order mark"),
        (r#"{"where": {"id": {"eq": 1, "eq": 2}}}"#, "bad_request", "`eq`"),
        (r#"{"limit": -1}"#, "bad_request", "`limit`"),
        (r#"{"limit": 0}"#, "validation_failed", "`limit`"),
        (r#"{"key": "x"}"#, "validation_failed", "`key`"),
    ] {
        let (given, message) = reply(&domains, incoming("person.fetch", body)).await;
        assert_eq!(given, status, "{body}");
        assert!(message.contains(part), "{message}");
    }
    for (body, part) in [
        (&b"{\"where\": {\"pin\": \"\xe9\"}}"[..], "UTF-8"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (b"{\0}\0", "UTF-16"),
        (b"\x1f\x8b\x08\0", "gzip"),
    ] {
        let (status, message) = reply(&domains, Incoming { body, ..incoming("person.fetch", "") }).await;
        assert!(status == "bad_request" && message.contains(part), "{message}");
    }
    for (routing_key, body) in [("person.describe", ""), ("person.describe", "{}"), ("person.fetch", "{}")] {
        assert_eq!(reply(&domains, incoming(routing_key, body)).await.0, "ok", "{routing_key} {body}");
    }
}
