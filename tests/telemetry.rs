//! What a node reports of itself: metrics, traces for a collector, a line for a slow request, and heartbeats for
//! systemd.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use common::{
    Beds, Site, blocking, comes_right, eventually, eventually_async, root, stack, start_node, unique, wire,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value as Attribute,
    trace::v1::{Span, status::StatusCode},
};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::net::UnixDatagram;
use wire::Wire;

/// The body of an answer of the health endpoint.
fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

const MINUTE_MS: u64 = 60_000;

/// The suffixes that Prometheus adds to the name of a histogram.
const PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Samples by name and labels. The text must be readable for Prometheus.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let mut kind = ("", "");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            assert!(help.split_once(' ').unwrap().1.ends_with('.'), "{line}");
            continue;
        }
        if let Some(of) = line.strip_prefix("# TYPE ") {
            kind = of.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind.1), "{line}");
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let name = sample.split('{').next().unwrap();
        let is_part = PARTS.iter().any(|part| name.strip_suffix(part) == Some(kind.0));
        assert!(if kind.1 == "histogram" { is_part } else { name == kind.0 }, "{line} below {kind:?}");
        assert!(samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "twice: {line}");
    }
    samples
}

/// The names of all families.
fn families(text: &str) -> BTreeSet<&str> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|line| line.split_once(' ').unwrap().0).collect()
}

/// The texts in a JSON value.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

/// The words in a text that look like the name of a metric.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("beds_") || word.starts_with("process_"))
}

fn check_documents(exported: &BTreeSet<&str>) {
    let documented = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    // A row of a table begins with the metric.
    let rows = documented.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: BTreeSet<&str> = rows.filter(|name| names(name).next() == Some(*name)).collect();
    assert_eq!(exported, &documented, "docs/metrics.md names what a node exports");

    let dashboard = fs::read(root().join("deploy/grafana.json")).unwrap();
    let dashboard: Value = serde_json::from_slice(&dashboard).unwrap();
    let mut found = Vec::new();
    texts(&dashboard["panels"], &mut found);
    let of = |name: &str| PARTS.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name).to_owned();
    let shown: BTreeSet<String> = found.into_iter().flat_map(names).map(of).collect();
    assert!(shown.len() > 15, "{shown:?}");
    let missing: Vec<_> = shown.iter().filter(|name| !exported.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "deploy/grafana.json shows what no node exports: {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_closed_names_and_a_slow_one_is_told() {
    let site = blocking(Site::start).await;
    let sql = |text: &str| site.stack.mariadb_query(Some("catalog"), text).unwrap();
    sql("insert into country (alpha_2, alpha_3, numeric_code, name) values ('NO', 'NOR', '578', 'Norway')");
    let mut wire = Wire::connect(&site.stack.amqp_url()).await;
    for (key, body) in [
        ("country.describe", json!({})),
        ("country.fetch", json!({"key": "NO"})),
        ("country.fetch", json!({"key": "XX"})),
        ("app_server.batch.read", json!({"items": [{"template": "country", "op": "count", "body": {}}]})),
    ] {
        let properties = wire.properties("r");
        wire.request(key, body.to_string().as_bytes(), properties).await;
    }
    // A routing key without a template reaches a node only if it bypasses the exchange.
    let properties = wire.properties("r");
    assert!(wire.publish("", "beds.app_server.r", b"{}", properties).await.is_none());
    assert_eq!(wire.reply().await.json()["ok"], false);

    let bookmark = json!({"data": {"owner": "somebody", "country": "NO", "note": "seen"}}).to_string();
    let id = unique("m");
    for _ in 0..2 {
        let properties = wire.properties("r").with_message_id(id.as_str().into());
        let reply = wire.request("bookmark.create", bookmark.as_bytes(), properties).await;
        assert_eq!(reply.json()["ok"], true);
    }
    let nobody = lapin::BasicProperties::default();
    assert!(wire.publish("beds", "country.fetch", b"{}", nobody).await.is_none());

    let late = wire
        .properties("r")
        .with_message_id("slow-one".into())
        .with_user_id("guest".into())
        .with_timestamp(u64::try_from(wire::unix_ms()).unwrap() / 1_000 - 3_600);
    // Without a deadline, the time of a request ends a fixed time after it was sent.
    let deadline = lapin::types::AMQPValue::LongLongInt(wire::unix_ms() + 60_000);
    let late = wire::with_header(late, "beds-deadline", deadline);
    wire.request("country.fetch", br#"{"key": "NO"}"#, late).await;
    let slow = || {
        let log = site.node.log();
        // Other requests may be slow as well, on a busy machine.
        let is_it = |line: &&str| line.contains("slow request") && line.contains("slow-one");
        log.lines().find(is_it).map(str::to_owned)
    };
    eventually("a slow request is told", || slow().is_some());
    let slow = slow().unwrap();
    for part in [
        "request_id=\"slow-one\"",
        "template=\"country\"",
        "operation=\"fetch\"",
        "user=\"guest\"",
        "status=\"ok\"",
        "lane_ms=",
        "database_ms=",
        "reply_ms=",
    ] {
        assert!(slow.contains(part), "{part} in {slow}");
    }
    // The request was sent an hour before, in whole seconds.
    let waited =
        slow.split("queue_ms=").nth(1).unwrap().split(|letter: char| !letter.is_ascii_digit()).next();
    let waited: u64 = waited.unwrap().parse().unwrap();
    assert!((3_599_000..3_600_000 + MINUTE_MS).contains(&waited), "{slow}");

    let expected = [
        ("beds_ready", 1.0),
        ("beds_request_seconds_count{template=\"country\",operation=\"describe\",outcome=\"ok\"}", 1.0),
        ("beds_request_seconds_count{template=\"country\",operation=\"fetch\",outcome=\"ok\"}", 2.0),
        ("beds_request_seconds_count{template=\"country\",operation=\"fetch\",outcome=\"not_found\"}", 1.0),
        ("beds_request_seconds_count{template=\"country\",operation=\"fetch\",outcome=\"bad_request\"}", 1.0),
        ("beds_request_seconds_count{template=\"bookmark\",operation=\"create\",outcome=\"ok\"}", 2.0),
        ("beds_request_seconds_count{template=\"app_server\",operation=\"batch.read\",outcome=\"ok\"}", 1.0),
        ("beds_batch_item_seconds_count{template=\"country\",operation=\"count\",outcome=\"ok\"}", 1.0),
        ("beds_ledger_duplicates_total{engine=\"mariadb\",database=\"catalog\"}", 1.0),
        ("beds_dead_letters_total{queue=\"beds.app_server.r\",code=\"bad_request\"}", 1.0),
        ("beds_queue_taken_total{queue=\"beds.app_server.w\"}", 2.0),
        ("beds_queue_in_progress{queue=\"beds.app_server.w\"}", 0.0),
        ("beds_queue_wait_seconds_count{queue=\"beds.app_server.r\"}", 1.0),
        ("beds_lane_connections{engine=\"mariadb\",database=\"catalog\",lane=\"write\"}", 8.0),
        ("beds_lane_group_jobs_count{engine=\"mariadb\",database=\"catalog\",lane=\"write\"}", 2.0),
        // One for each broker, and one for confirmed messages.
        ("beds_bus_sessions_total", 4.0),
        ("beds_bus_channels_lost_total", 0.0),
    ];
    // A reply comes before everything is counted, and a node is ready before it has all its connections.
    comes_right("all is counted", || {
        let answer = site.node.get("/metrics");
        let found = samples(body(&answer));
        let differs = expected.iter().filter(|(sample, number)| found.get(*sample) != Some(number));
        differs.map(|(sample, number)| (*sample, *number, found.get(*sample).copied())).collect()
    });
    let answer = site.node.get("/metrics");
    assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    let text = body(&answer);
    let found = samples(text);
    assert!(found["beds_slow_requests_total{queue=\"beds.app_server.r\"}"] >= 1.0, "{text}");
    let unknown = found.keys().filter(|sample| sample.contains("_count{template=\"unknown\""));
    assert_eq!(unknown.count(), 1, "{text}");
    assert!(!text.contains("app_server.r\",operation"), "no text of a client is a label: {text}");
    for sample in ["process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"] {
        assert!(found[sample] > 0.0, "{sample}");
    }
    check_documents(&families(text));
}

/// Spans that a collector has taken.
type Taken = Arc<Mutex<Vec<Span>>>;

/// A collector of traces, by OTLP over HTTP; gives its address.
async fn collector(taken: Taken) -> String {
    let take = async |State(taken): State<Taken>, body: Bytes| {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        for resource in request.resource_spans {
            let about = resource.resource.unwrap().attributes;
            assert!(about.iter().any(|attribute| attribute.key == "service.name"), "{about:?}");
            for scope in resource.scope_spans {
                taken.lock().unwrap().extend(scope.spans);
            }
        }
    };
    let router = Router::new().route("/v1/traces", post(take)).with_state(taken);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Attribute::StringValue(text) => Some(text.clone()),
        Attribute::IntValue(number) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_traced_request_is_seen_from_its_client_to_its_statements() {
    const READ: &str = "0af7651916cd43dd8448eb211c80319c";
    const WRITE: &str = "1bf7651916cd43dd8448eb211c80319c";
    const CLIENT: &str = "b7ad6b7169203331";
    let taken = Taken::default();
    let endpoint = collector(Arc::clone(&taken)).await;
    let site = blocking(move || {
        Site::with(&[("BEDS__TELEMETRY__ENDPOINT", &endpoint), ("BEDS__TELEMETRY__SAMPLE_RATIO", "0")])
    })
    .await;
    let norway =
        "insert into country (alpha_2, alpha_3, numeric_code, name) values ('NO', 'NOR', '578', 'Norway')";
    site.stack.mariadb_query(Some("catalog"), norway).unwrap();
    let mut wire = Wire::connect(&site.stack.amqp_url()).await;
    let traced = |trace: &str, flags: &str| {
        let traceparent = format!("00-{trace}-{CLIENT}-{flags}");
        let value = lapin::types::AMQPValue::LongString(traceparent.into());
        // Well within the time of a request: the timestamp has no fractions of seconds.
        let sent = u64::try_from(wire::unix_ms()).unwrap() / 1_000 - 5;
        let properties = wire.properties("r").with_message_id(unique("m").into()).with_timestamp(sent);
        wire::with_header(properties, "traceparent", value)
    };
    let (write, read) = (traced(WRITE, "01"), traced(READ, "01"));
    let quiet = traced("2cf7651916cd43dd8448eb211c80319c", "00");
    let bookmark = json!({"data": {"owner": "somebody", "country": "NO", "note": "Secretland"}});
    wire.request("country.fetch", br#"{"key": "NO"}"#, quiet).await;
    wire.request("country.fetch", br#"{"key": "NO"}"#, wire.properties("r")).await;
    wire.request("bookmark.create", bookmark.to_string().as_bytes(), write).await;
    wire.request("country.fetch", br#"{"key": "Secretland"}"#, read).await;
    let of = |trace: &str| {
        let spans = taken.lock().unwrap();
        spans.iter().filter(|span| hex(&span.trace_id) == trace).cloned().collect::<Vec<_>>()
    };
    let is_there = async || [READ, WRITE].iter().all(|trace| of(trace).iter().any(|span| span.kind == 5));
    eventually_async("the collector has both traces", is_there).await;

    for (trace, name, lane) in [(READ, "country.fetch", "read"), (WRITE, "bookmark.create", "write")] {
        let spans = of(trace);
        let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
        let [request] = named(name)[..] else { panic!("{spans:?}") };
        assert_eq!(hex(&request.parent_span_id), CLIENT);
        assert_eq!(request.status.as_ref().map_or(0, |status| status.code), StatusCode::Unset as i32);
        assert!(attribute(request, "status").is_some(), "{request:?}");
        // A bookmark looks up its country before it writes.
        let jobs = if lane == "read" { 1 } else { 2 };
        for (stage, count) in [("queue", 1), ("lane", jobs), ("database", jobs), ("reply", 1)] {
            let found = named(stage);
            assert_eq!(found.len(), count, "{stage} in {spans:?}");
            assert!(found.iter().all(|span| span.parent_span_id == request.span_id), "{stage}");
        }
        let queue = named("queue")[0];
        assert!(queue.end_time_unix_nano - queue.start_time_unix_nano >= 4_000_000_000, "{queue:?}");
        let of_lane = |span: &&&Span| attribute(span, "lane").as_deref() == Some(lane);
        let all = named("database");
        let [database] = all.iter().filter(of_lane).collect::<Vec<_>>()[..] else { panic!("{all:?}") };
        let statements = named("statement");
        let statements = statements.iter().filter(|span| span.parent_span_id == database.span_id);
        let texts: Vec<_> = statements.filter_map(|span| attribute(span, "text")).collect();
        let expected: &[&str] =
            if lane == "read" { &["select"] } else { &["beds_ledger", "commit", "sp_bookmark_create"] };
        for part in expected {
            assert!(texts.iter().any(|text| text.contains(part)), "{part} in {texts:?}");
        }
        assert!(!format!("{spans:?}").contains("Secretland"), "no value is in a trace");
    }
    let ids: BTreeSet<_> = taken.lock().unwrap().iter().map(|span| hex(&span.trace_id)).collect();
    assert_eq!(ids, [READ, WRITE].map(str::to_owned).into(), "nothing else was to be traced");
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_that_the_node_serves_and_lives() {
    let stack = blocking(stack).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let path = path.to_str().unwrap().to_owned();
    // A task reads all the time, as systemd does: the socket holds ten messages, and then a node waits for room.
    let hearing = tokio::spawn(async move {
        let mut heard = BTreeSet::new();
        let mut buffer = [0; 256];
        while !["READY=1", "WATCHDOG=1"].iter().all(|sign| heard.contains(*sign)) {
            let length = socket.recv(&mut buffer).await.unwrap();
            heard.extend(String::from_utf8_lossy(&buffer[..length]).lines().map(str::to_owned));
        }
        socket
    });
    let _node = blocking(move || {
        let node = start_node(&stack, &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "300000")]);
        (node, stack)
    })
    .await;
    let _socket = tokio::time::timeout(common::PATIENCE, hearing).await.expect("both signs").unwrap();
}

#[test]
fn an_endpoint_that_is_none_is_refused_with_the_reason() {
    for (endpoint, reason) in [
        ("127.0.0.1:4318", "must begin with http://"),
        ("https://collector", "run a collector beside the node"),
        ("http://", "names no host"),
        ("http://user:secret@host", "must not have a user"),
        ("http://host?x", "is not an address"),
    ] {
        let beds = Beds::new(&["check"])
            .env(&[("BEDS__AMQP__URL", "amqp://127.0.0.1"), ("BEDS__TELEMETRY__ENDPOINT", endpoint)]);
        let ended = beds.run();
        assert_eq!(ended.code, Some(10), "{endpoint}: {}", ended.stderr);
        assert!(ended.stderr.contains(reason), "{endpoint}: {}", ended.stderr);
    }
    let beds = Beds::new(&["check"])
        .env(&[("BEDS__AMQP__URL", "amqp://127.0.0.1"), ("BEDS__TELEMETRY__SAMPLE_RATIO", "2")]);
    assert!(beds.run().stderr.contains("must be from 0 to 1"));
}
