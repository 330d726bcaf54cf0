//! Messages of an attacker, or of a broken client: each one is refused with its reason, and leaves nothing behind.

use beds_protocol::{ErrorCode, Reply, header};
use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Consumer,
    types::{AMQPValue, DecimalValue, FieldArray, FieldTable, ShortString},
};
use serde_json::json;

use crate::{
    common::{
        Site, blocking, eventually_async,
        wire::{Message, Wire, consume, with_header},
    },
    prepare,
};

/// The most by which the process may grow: enough for what its allocator keeps, but not for a message of a megabyte.
const GROWTH_KIB_MAX: u64 = 24 << 10;
const BODY_BYTES_MAX: usize = 100_000;

/// A message, and its expected result.
struct Hostile {
    what: String,
    key: String,
    /// The properties, with a `reply_to`, unless the case is about that.
    properties: BasicProperties,
    body: Vec<u8>,
    /// Whether a node may do the request: it is odd, but not wrong.
    may_succeed: bool,
}

#[tokio::test]
async fn three_hundred_hostile_messages_are_refused_and_leave_nothing_behind() {
    let limit = BODY_BYTES_MAX.to_string();
    let variables = [("BEDS__NODE__NAME", "hostile"), ("BEDS__LIMITS__REQUEST_BYTES_MAX", limit.as_str())];
    let variables = variables.map(|(name, value)| (name, value.to_owned()));
    let start = move || {
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        &*Box::leak(Box::new(Site::with(&variables)))
    };
    let site: &'static Site = blocking(start).await;
    let mongo = mongodb::Client::with_uri_str(site.stack.mongodb_url()).await.unwrap();
    let mut wire = Wire::connect(&site.stack.amqp_url()).await;
    prepare(site, &mut wire, &mongo).await;
    let mut dead = consume(&wire.channel, "beds.dead").await;

    let messages = || all(&wire.queue);
    assert!(messages().len() >= 300, "{}", messages().len());
    // The first run is for what a node keeps for good, such as statements. The second run shows what a message leaves
    // behind.
    let first = messages();
    let mut wrong = play(&mut wire, &mut dead, first).await;
    let before = resident_kib(site);
    let second = all(&wire.queue);
    wrong.extend(play(&mut wire, &mut dead, second).await);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let after = resident_kib(site);
    assert!(after < before + GROWTH_KIB_MAX, "resident memory went from {before} to {after} KiB");

    for queue in ["beds.dead", "beds.app_server.r", "beds.app_server.w"] {
        eventually_async(queue, async || wire.waiting(queue).await == 0).await;
    }
    for template in crate::TWINS {
        let count = json!({"where": {"series": "kept"}}).to_string();
        let properties = wire.properties("count");
        let reply = wire.request(&format!("{template}.count"), count.as_bytes(), properties).await;
        assert_eq!(reply.json()["count"], 5, "the node serves as before");
    }
    let log = site.node.log();
    let blamed: Vec<_> =
        log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked")).collect();
    assert!(blamed.is_empty(), "{blamed:#?}");
    blocking(|| assert!(site.node.is_ready())).await;
}

fn resident_kib(site: &Site) -> u64 {
    beds_devstack::usage::resident(site.node.pid()).unwrap() >> 10
}

/// Sends each message and checks the result: a reply or a dead letter. Returns the errors.
async fn play(wire: &mut Wire, dead: &mut Consumer, messages: Vec<Hostile>) -> Vec<String> {
    let mut wrong = Vec::new();
    for Hostile { what, key, properties, body, may_succeed } in messages {
        let correlation_id = properties.correlation_id().clone();
        let exchange = crate::SIDE_DOOR;
        // The side door leads to the queue of reads, whatever the key is. Writes go the usual way.
        let is_write = ["create", "update", "upsert", "delete", "batch.write"];
        let exchange = if is_write.iter().any(|part| key.ends_with(part)) { "beds" } else { exchange };
        assert!(
            wire.publish(exchange, &key, &body, properties).await.is_none(),
            "{what}: nobody takes `{key}`"
        );
        let result = tokio::select! {
            reply = wire.reply() => is_refusal(&reply, correlation_id.as_ref(), may_succeed),
            dead = dead.next() => is_dead_letter(&Message(dead.unwrap().unwrap())),
            () = tokio::time::sleep(crate::common::PATIENCE) => Err("no answer".to_owned()),
        };
        wrong.extend(result.err().map(|error| format!("{what}: {error}")));
    }
    wrong
}

fn is_refusal(
    reply: &Message,
    correlation_id: Option<&ShortString>,
    may_succeed: bool,
) -> Result<(), String> {
    let shown = || String::from_utf8_lossy(&reply.0.data).into_owned();
    if reply.0.properties.correlation_id().as_ref() != correlation_id {
        return Err(format!("it is the answer to another message: {}", shown()));
    }
    let body: Reply =
        serde_json::from_slice(&reply.0.data).map_err(|error| format!("{error}: {}", shown()))?;
    let status = reply.header(header::STATUS);
    match body.error {
        None if may_succeed && body.ok && status.as_deref() == Some("ok") => Ok(()),
        Some(error)
            if error.code != ErrorCode::Internal
                && !error.message.is_empty()
                && status.as_deref() == Some(error.code.as_str()) =>
        {
            Ok(())
        }
        _ => Err(shown()),
    }
}

fn is_dead_letter(dead: &Message) -> Result<(), String> {
    let said = |name| dead.header(name).filter(|text| !text.is_empty());
    let (code, reason) = (said(header::DEAD_CODE), said(header::DEAD_REASON));
    match (code.as_deref(), &reason) {
        (Some("internal") | None, _) | (_, None) => Err(format!("a dead letter: {code:?}, {reason:?}")),
        _ => Ok(()),
    }
}

/// All messages.
fn all(queue: &ShortString) -> Vec<Hostile> {
    let parts = [texts(), members(), numbers(), envelopes(), headers(), keys()];
    let mut all: Vec<_> = parts.into_iter().flatten().collect();
    for (number, hostile) in all.iter_mut().enumerate() {
        let properties = std::mem::take(&mut hostile.properties);
        let properties = if properties.reply_to().is_none() {
            properties.with_reply_to(queue.clone())
        } else {
            properties
        };
        hostile.properties = if properties.correlation_id().is_none() {
            properties.with_correlation_id(format!("h-{number}").into())
        } else {
            properties
        };
    }
    all
}

fn json_type() -> BasicProperties {
    BasicProperties::default().with_content_type("application/json".into())
}

/// A message with a wrong body.
fn body(key: &str, body: impl Into<Vec<u8>>) -> Hostile {
    let body = body.into();
    let shown: String = String::from_utf8_lossy(&body).chars().take(60).collect();
    Hostile {
        what: format!("{key} {shown:?}"),
        key: key.into(),
        properties: json_type(),
        body,
        may_succeed: false,
    }
}

/// A message with odd properties and a right body.
fn enveloped(what: impl Into<String>, properties: BasicProperties) -> Hostile {
    Hostile {
        what: what.into(),
        key: "sample_row.count".into(),
        properties,
        body: b"{\"where\":{\"series\":\"kept\"}}".to_vec(),
        may_succeed: true,
    }
}

/// Bodies that are not JSON, or that are JSON at its limits.
fn texts() -> Vec<Hostile> {
    let whole =
        r#"{"data": {"code": "bad-\u00e9", "series": "x", "number": -1.5e3, "flag": true, "extra": [null]}}"#;
    let mut all: Vec<_> =
        (0..whole.len()).step_by(5).map(|at| body("sample_row.create", &whole[..at])).collect();
    for depth in [100, 127, 128, 129, 1_000, 40_000] {
        all.push(body("sample_document.count", "[".repeat(depth)));
        all.push(body("sample_document.count", format!("{{\"where\":{}", "{\"a\":".repeat(depth))));
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        all.push(body("sample_row.create", format!("{{\"data\":{{\"extra\":{nested}}}}}")));
    }
    for raw in [
        r#"{"where":{"series":"\ud800"}}"#,
        r#"{"where":{"series":"\udc00\ud800"}}"#,
        r#"{"where":{"\ud800":"x"}}"#,
        r#"{"\ud800":1}"#,
        r#"{"where":{"series":"\u00"}}"#,
        r#"{"where":{"series":"\x41"}}"#,
        "{\"where\":{\"series\":\"a\0b\"}}",
        "{\"where\":{\"se\u{7}ries\":\"a\"}}",
        "\0\0\0\0",
        "\u{feff}{}",
        "{}\u{feff}",
        "{} {}",
        "{},",
        "[{}]",
        "[]",
        "null",
        "true",
        "0",
        "\"{}\"",
        "{'where':{}}",
        "{where:{}}",
        "{\"where\":{},}",
        "{\"where\":{}/*x*/}",
        "{\"where\":NaN}",
        "{\"where\":{\"number\":Infinity}}",
        "{\"where\":{\"number\":+1}}",
        "{\"where\":{\"number\":01}}",
        "{\"where\":{\"number\":0x1f}}",
        "{\"where\":{\"number\":1.}}",
        "{\"where\":{\"number\":.5}}",
        "{\"where\":{},\"where\":{}}",
        r#"{"where":{"series":"a","series":"b"}}"#,
        r#"{"where":{"number":{"gt":1,"gt":2}}}"#,
        "<request/>",
        "where: {}",
        "\u{1f}\u{8b}",
    ] {
        all.push(body("sample_row.count", raw));
    }
    for raw in [
        b"\xff\xfe{\0}\0".as_slice(),
        b"\xfe\xff\0{\0}",
        b"{\"where\":{\"series\":\"\xc3\x28\"}}",
        b"{\"where\":{\"series\":\"\xed\xa0\x80\"}}",
        b"{\"where\":{\"\xff\":1}}",
        b"{\"wh\xe9re\":{}}",
        b"\x1f\x8b\x08\0\0\0\0\0",
        b"\xac\xed\0\x05sr",
        b"\x80\x04\x95\x10",
    ] {
        all.push(body("sample_row.count", raw));
    }
    let long = "x".repeat(BODY_BYTES_MAX - 100);
    all.push(body("sample_row.create", format!("{{\"data\":{{\"code\":\"{long}\",\"series\":\"x\"}}}}")));
    all.push(body("sample_row.count", format!("{{\"where\":{{\"{long}\":1}}}}")));
    all.push(body("sample_row.fetch", format!("{{\"after\":\"{long}\"}}")));
    all.push(body("sample_row.count", "x".repeat(8 << 20)));
    all.push(body("sample_row.count", format!("{{{}}}", "\"a\":1,".repeat(15_000))));
    all
}

/// Every member of every operation with values of other types.
fn members() -> Vec<Hostile> {
    let mut all = Vec::new();
    for (key, member) in [
        ("sample_row.fetch", "key"),
        ("sample_row.fetch", "where"),
        ("sample_row.fetch", "sort"),
        ("sample_document.fetch", "limit"),
        ("sample_row.fetch", "after"),
        ("sample_document.fetch", "fields"),
        ("sample_row.create", "data"),
        ("sample_document.update", "if_version"),
        ("sample_document.delete", "key"),
        ("sample_row.upsert", "data"),
        ("app_server.batch.read", "items"),
        ("app_server.batch.write", "mode"),
    ] {
        for value in
            ["true", "-1", "1e999", "\"\"", "\"\\u0000\"", "[[]]", "{\"$gt\":\"\"}", "[{\"a\":[{}]}]"]
        {
            all.push(body(key, format!("{{\"{member}\":{value}}}")));
        }
    }
    all
}

/// Numbers beyond every type.
fn numbers() -> Vec<Hostile> {
    let digits = "9".repeat(5_000);
    let mut all = Vec::new();
    for number in [
        "1e400",
        "-1e400",
        "1e-400",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "0.5",
        "1e2147483648",
        &digits,
    ] {
        for field in ["number", "stock", "flag", "day", "amount"] {
            all.push(body(
                "sample_document.create",
                format!("{{\"data\":{{\"code\":\"bad\",\"series\":{number},\"{field}\":{number}}}}}"),
            ));
        }
    }
    all
}

/// Properties besides headers.
fn envelopes() -> Vec<Hostile> {
    let mut all = Vec::new();
    let long = "i".repeat(255);
    for kind in
        ["", "application/xml", "application/json;charset=utf-16", "json", ";", "a/b/c", "\u{0}", &long]
    {
        all.push(enveloped(format!("content type {kind:?}"), json_type().with_content_type(kind.into())));
    }
    for encoding in ["gzip", "utf-16", "br", "\u{0}", " ", &long] {
        all.push(enveloped(
            format!("encoding {encoding:?}"),
            json_type().with_content_encoding(encoding.into()),
        ));
    }
    for id in ["", " ", "\u{0}", "\u{1f600}", "a\nb", "';--", &long] {
        let properties = json_type().with_correlation_id(id.into());
        all.push(enveloped(format!("correlation id {id:?}"), properties.clone()));
        all.push(enveloped(format!("message id {id:?} of a read"), properties.with_message_id(id.into())));
    }
    for id in ["", &"m".repeat(129), &"\u{e9}".repeat(127), &long] {
        let properties = json_type().with_message_id(id.into());
        all.push(Hostile { properties, ..body("sample_row.delete", "{\"key\":7}") });
    }
    for queue in
        ["beds.dead", "beds.app_server.w", "amq.rabbitmq.reply-to.", "amq.rabbitmq.reply-to.x.y", "\u{0}"]
    {
        all.push(enveloped(format!("reply to {queue:?}"), json_type().with_reply_to(queue.into())));
    }
    for (what, properties) in [
        ("priority 255", json_type().with_priority(255)),
        ("timestamp 0", json_type().with_timestamp(0)),
        ("timestamp beyond range", json_type().with_timestamp(u64::MAX)),
        ("the longest expiration", json_type().with_expiration("4294967295".into())),
        ("an odd type", json_type().with_type("\u{0}\u{202e}".into())),
        ("a long app id", json_type().with_app_id(long.as_str().into())),
        ("a cluster id", json_type().with_cluster_id("x".into())),
        ("the user itself", json_type().with_user_id("guest".into())),
    ] {
        all.push(enveloped(what, properties));
    }
    all
}

/// Headers of every type under every name that a node reads, and too many of them.
fn headers() -> Vec<Hostile> {
    let mut table = FieldTable::default();
    for _ in 0..40 {
        let mut outer = FieldTable::default();
        outer.insert("inner".into(), AMQPValue::FieldTable(table));
        table = outer;
    }
    let array: FieldArray = vec![AMQPValue::Void, AMQPValue::LongLongInt(-1)].into();
    let values = [
        AMQPValue::Boolean(true),
        AMQPValue::ShortShortInt(-128),
        AMQPValue::ShortShortUInt(255),
        AMQPValue::ShortInt(-1),
        AMQPValue::LongInt(i32::MIN),
        AMQPValue::LongUInt(u32::MAX),
        AMQPValue::LongLongInt(i64::MIN),
        AMQPValue::LongLongInt(i64::MAX),
        // RabbitMQ itself ends a connection for a number that is NaN or infinite.
        AMQPValue::Float(f32::MIN),
        AMQPValue::Double(f64::MAX),
        AMQPValue::DecimalValue(DecimalValue { scale: 255, value: u32::MAX }),
        AMQPValue::LongString("".into()),
        AMQPValue::LongString("-99999999999999999999".into()),
        AMQPValue::LongString(vec![0xff, 0, 0xc3].into()),
        AMQPValue::LongString("x".repeat(60_000).into()),
        AMQPValue::FieldArray(array),
        AMQPValue::Timestamp(u64::MAX),
        AMQPValue::FieldTable(table),
        AMQPValue::ByteArray(vec![0xff, 0].into()),
        AMQPValue::Void,
    ];
    let names = [header::DEADLINE, header::TEMPLATE_HASH, header::TRACEPARENT, "x-death", "x-delivery-count"];
    let mut all = Vec::new();
    for name in names {
        for value in &values {
            let shown: String = format!("{value:?}").chars().take(60).collect();
            let properties = with_header(json_type(), name, value.clone());
            all.push(enveloped(format!("{name}: {shown}"), properties));
        }
    }
    for count in [1_000, 4_000] {
        let properties = (0..count).fold(FieldTable::default(), |mut headers, number| {
            headers.insert(format!("beds-{number}").into(), AMQPValue::LongLongInt(number));
            headers
        });
        all.push(enveloped(format!("{count} headers"), json_type().with_headers(properties)));
    }
    all
}

/// Routing keys of no template, through the side door.
fn keys() -> Vec<Hostile> {
    let long = "k".repeat(255);
    [
        "",
        ".",
        "..",
        "fetch",
        "sample_row",
        "sample_row.",
        ".fetch",
        "sample_row.fetch.",
        "sample_row..fetch",
        "sample_row.Fetch",
        "SAMPLE_ROW.fetch",
        " sample_row.fetch",
        "sample_row.fetch ",
        "sample_row.call",
        "sample_row.call.",
        "sample_row.call.x.y",
        "sample_row.*",
        "#",
        "sample_row.\u{0}",
        "sample_row.fetch\n",
        "s\u{e4}mple.fetch",
        "\u{202e}wor_elpmas.fetch",
        "../etc.passwd",
        "`sample`.fetch",
        "app_server.batch",
        "app_server.batch.reed",
        "admin.batch.read",
        "nobody.batch.read",
        "node.call.ping",
        "node.call.reboot",
        "beds.dead",
        &long,
    ]
    .into_iter()
    .map(|key| body(key, "{}"))
    .collect()
}
