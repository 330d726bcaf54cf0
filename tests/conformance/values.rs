//! Generated values of every type come back as they were sent: when created, when fetched and when updated. They find
//! values that nobody thought of.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use beds_protocol::{Operation, value::DateTime};
use proptest::{
    collection::vec,
    num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO},
    prelude::*,
    strategy::ValueTree as _,
    test_runner::TestRunner,
};
use serde_json::{Map, Value, json};
use time::{Date, OffsetDateTime, macros::datetime};

use crate::{common::unique, domain::Domain};

/// How many records are generated on each engine.
const RECORDS: usize = 48;

/// A value as it is sent, and as it comes back.
type Kept = (Value, Value);

fn same(value: impl Into<Value>) -> Kept {
    let value = value.into();
    (value.clone(), value)
}

fn text(max: usize) -> impl Strategy<Value = String> {
    vec(prop_oneof![any::<char>(), proptest::char::range(' ', '~')], 0..=max)
        .prop_map(|characters| characters.into_iter().collect())
}

/// A decimal with at most this many digits, in its shortest form, and with the digits of the scale.
fn decimal(max: i128, scale: u32) -> impl Strategy<Value = Kept> {
    let unscaled = prop_oneof![-max..=max, -20_i128..=20].prop_filter("in bounds", move |n| n.abs() <= max);
    unscaled.prop_map(move |unscaled| {
        let (unit, digits) = (10_i128.pow(scale), scale as usize);
        let sign = if unscaled < 0 { "-" } else { "" };
        let (whole, part) = (unscaled.abs() / unit, unscaled.abs() % unit);
        let long = format!("{sign}{whole}.{part:0digits$}");
        let short = long.trim_end_matches('0').trim_end_matches('.');
        (json!(short), json!(long))
    })
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (NORMAL | POSITIVE | NEGATIVE).prop_map(Value::from),
        text(12).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        // In MongoDB, names of members cannot contain a NUL character.
        let name = text(6).prop_map(|name| name.replace('\0', ""));
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((name, inner), 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn place() -> impl Strategy<Value = Value> {
    let zip = proptest::option::of(text(10));
    (text(100), proptest::option::of(zip), proptest::option::of(any::<i64>())).prop_map(
        |(city, zip, floor)| {
            let mut place = Map::from_iter([("city".to_owned(), json!(city))]);
            if let Some(zip) = zip {
                place.insert("zip".into(), json!(zip));
            }
            if let Some(floor) = floor {
                place.insert("floor".into(), json!(floor));
            }
            place.into()
        },
    )
}

/// A time with microseconds, and the part of it that an engine keeps.
fn moment(keeps_microseconds: bool) -> impl Strategy<Value = Kept> {
    let bounds = [datetime!(0001-01-01 0:00 UTC), datetime!(9999-12-31 23:59:59.999999 UTC)]
        .map(|bound| i64::try_from(bound.unix_timestamp_nanos() / 1_000).unwrap());
    let at = |micros: i64| {
        DateTime(OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).unwrap()).to_string()
    };
    (bounds[0]..=bounds[1]).prop_map(move |micros| {
        let kept = if keeps_microseconds { micros } else { micros.div_euclid(1_000) * 1_000 };
        (json!(at(micros)), json!(at(kept)))
    })
}

fn day() -> impl Strategy<Value = Kept> {
    let bounds =
        [datetime!(0001-01-01 0:00 UTC), datetime!(9999-12-31 0:00 UTC)].map(OffsetDateTime::to_julian_day);
    (bounds[0]..=bounds[1]).prop_map(|day| {
        let (year, month, day) = Date::from_julian_day(day).unwrap().to_calendar_date();
        same(format!("{year:04}-{:02}-{day:02}", u8::from(month)))
    })
}

fn hour() -> impl Strategy<Value = Kept> {
    (0_u64..86_400, prop_oneof![Just(0_u64), 0_u64..1_000_000]).prop_map(|(second, micros)| {
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        let text = format!("{hour:02}:{minute:02}:{:02}.{micros:06}", second % 60);
        same(text.trim_end_matches('0').trim_end_matches('.').to_owned())
    })
}

/// A UUID of the variant of RFC 9562 and of versions 1 to 7: MariaDB's type accepts no others.
fn uuid() -> impl Strategy<Value = Kept> {
    (any::<[u8; 16]>(), 1_u8..=7).prop_map(|(bytes, version)| {
        let mut builder = uuid::Builder::from_bytes(bytes);
        builder.set_variant(uuid::Variant::RFC4122);
        let mut bytes = builder.into_uuid().into_bytes();
        bytes[6] = (bytes[6] & 0x0f) | (version << 4);
        same(uuid::Uuid::from_bytes(bytes).to_string())
    })
}

/// A generated value of each field.
fn fields(keeps_microseconds: bool) -> Vec<(&'static str, BoxedStrategy<Kept>)> {
    vec![
        ("status", proptest::sample::select(vec!["draft", "active", "closed"]).prop_map(same).boxed()),
        ("flag", any::<bool>().prop_map(same).boxed()),
        ("number", any::<i64>().prop_map(same).boxed()),
        ("stock", (0_i64..=1_000).prop_map(same).boxed()),
        ("ratio", (NORMAL | SUBNORMAL | ZERO | POSITIVE | NEGATIVE).prop_map(same).boxed()),
        ("amount", decimal(10_i128.pow(34) - 1, 4).boxed()),
        (
            "rating",
            decimal(100, 1)
                .prop_filter("not negative", |(sent, _)| {
                    sent.as_str().is_some_and(|text| !text.starts_with('-'))
                })
                .boxed(),
        ),
        ("name", text(200).prop_map(same).boxed()),
        ("note", text(600).prop_map(same).boxed()),
        ("content", vec(any::<u8>(), 0..=300).prop_map(|bytes| same(STANDARD.encode(bytes))).boxed()),
        ("reference", uuid().boxed()),
        ("day", day().boxed()),
        ("hour", hour().boxed()),
        ("moment", moment(keeps_microseconds).boxed()),
        ("extra", json_value().prop_map(same).boxed()),
        ("tags", vec(text(40), 0..=5).prop_map(same).boxed()),
        ("place", place().prop_map(same).boxed()),
    ]
}

/// A record of generated values, as it is sent and as it comes back.
fn record(runner: &mut TestRunner, keeps_microseconds: bool) -> (Map<String, Value>, Map<String, Value>) {
    let (mut sent, mut kept) = (Map::new(), Map::new());
    for (name, strategy) in fields(keeps_microseconds) {
        let (value, expected) = strategy.new_tree(runner).unwrap().current();
        sent.insert(name.into(), value);
        kept.insert(name.into(), expected);
    }
    (sent, kept)
}

#[track_caller]
fn compare(what: &str, found: &Value, sent: &Map<String, Value>, kept: &Map<String, Value>) {
    for (name, expected) in kept {
        assert_eq!(&found[name], expected, "{what}: `{name}`, sent as {}", sent[name]);
    }
}

/// Each run has other values. A failing value is shown with its field, and should be added to `values_created.txt`.
pub(crate) async fn keeps_any_value(domain: Domain) {
    let mut runner = TestRunner::default();
    let records: Vec<_> = (0..RECORDS).map(|_| record(&mut runner, domain.keeps_microseconds)).collect();
    let next = records.iter().cycle().skip(1);
    let round =
        async |((sent, kept), (new, new_kept)): (&(Map<_, _>, Map<_, _>), &(Map<_, _>, Map<_, _>))| {
            let created = domain.create(Value::Object(sent.clone())).await;
            compare("the reply to create", &created, sent, kept);
            compare("as fetched", &domain.fetch(&created["id"]).await, sent, kept);
            domain.ok(Operation::Update, json!({"key": created["id"], "data": new})).await;
            compare("as updated", &domain.fetch(&created["id"]).await, new, new_kept);
        };
    futures_util::future::join_all(records.iter().zip(next).map(round)).await;
}

/// Numbers in JSON that fit neither a 64-bit integer nor a double. MariaDB keeps all their digits. MongoDB has no type
/// for them, and the error names the field.
pub(crate) async fn keeps_all_digits_of_json(domain: Domain) {
    const EXTRA: &str =
        r#"{"a":[123456789012345678901234567890,-0,1E2],"b":0.1000000000000000055511151231257827,"c":1.10}"#;
    let code = unique("c");
    let body = format!(
        r#"{{"data": {{"code": "{code}", "series": "{}", "extra": {EXTRA}, "tags": ["t"]}}}}"#,
        domain.series
    );
    let send = async |operation: &str, body: String| {
        let reply =
            domain.client.request_raw(&format!("{}.{operation}", domain.template), body).await.unwrap();
        String::from_utf8(reply.body.clone()).unwrap()
    };
    let created = send("create", body).await;
    if !domain.keeps_microseconds {
        assert!(
            created.contains(r#""field":"extra.a[0]""#) && created.contains("validation_failed"),
            "{created}"
        );
        // A number that a double can hold is shown as the same number, however it is written.
        let exact = json!({ "big": 1e19, "short": 1.1 });
        let record = domain.create(json!({ "extra": exact })).await;
        let code = unique("c");
        let body = format!(
            r#"{{"data": {{"code": "{code}", "series": "{}", "extra": {{"big": 10000000000000000000, "short": 1.10}}}}}}"#,
            domain.series
        );
        let created = send("create", body).await;
        let id = &serde_json::from_str::<Value>(&created).unwrap()["data"]["id"];
        let fetched = send("fetch", format!(r#"{{"key": {id}}}"#)).await;
        let extra = |reply: &str| {
            let (_, rest) = reply.split_once(r#""extra":"#).unwrap_or_else(|| panic!("{reply}"));
            rest.split_once('}').unwrap().0.to_owned()
        };
        assert_eq!(extra(&created), extra(&fetched));
        assert!(extra(&created).ends_with(r#""short":1.1"#), "{created}");
        let body = format!(
            r#"{{"key": {}, "data": {{"extra": {{"big": 10000000000000000000, "short": 1.10}}}}}}"#,
            record["id"]
        );
        send("update", body).await;
        assert_eq!(domain.fetch(&record["id"]).await["extra"], exact);
        return;
    }
    let shown = format!(r#""extra":{EXTRA}"#);
    assert!(created.contains(&shown), "{created}");
    let id = serde_json::from_str::<Value>(&created).unwrap()["data"]["id"].clone();
    let fetch = || send("fetch", format!(r#"{{"key": {id}}}"#));
    assert!(fetch().await.contains(&shown));
    send("update", format!(r#"{{"key": {id}, "data": {{"extra": [1.000000000000000000001]}}}}"#)).await;
    assert!(fetch().await.contains(r#""extra":[1.000000000000000000001]"#));
    // An update of another field keeps the value.
    send("update", format!(r#"{{"key": {id}, "data": {{"name": "n"}}}}"#)).await;
    assert!(fetch().await.contains(r#""extra":[1.000000000000000000001]"#));
}
