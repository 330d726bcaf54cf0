//! Whatever a client sends: each mistake has its exact answer, or becomes a dead letter that says why, and nothing
//! in either database is changed by it.
//!
//! The cases run one after another, since the contents of the databases are compared after each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use beds_devstack::Stack;
use common::{
    Node, Site, blocking, stack,
    wire::{Message, Wire, consume, next, unix_ms, with_header},
};
use futures_util::TryStreamExt as _;
use lapin::{
    BasicProperties, Consumer, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use mongodb::bson::{RawDocumentBuf, doc};
use serde_json::{Value, json};

/// An exchange of the tests', by which any routing key reaches any queue.
const SIDE_DOOR: &str = "test.side_door";
/// A queue that belongs to somebody else.
const FOREIGN: &str = "test.foreign";
const NODE: &str = "bad-input";
const DEADLINE_PASSED: &str = "the deadline had passed when the request was taken";
const BODY_MAX: usize = 100_000;

/// What must come of a case.
#[derive(Debug, Clone)]
enum Expected {
    /// An error reply with this code, message, and fields with reasons.
    Error(&'static str, String, Vec<(String, String)>),
    /// A dead letter with this code and reason, taken from this queue; nothing else.
    Dead(&'static str, String, &'static str),
    /// RabbitMQ gives the message back.
    Returned,
    /// The value is stored in `name` as it is, and comes back as it is.
    Stored,
}

/// A message and what must come of it. `{t}` stands for the template.
#[derive(Debug, Clone)]
struct Case {
    name: String,
    exchange: &'static str,
    key: String,
    change: fn(BasicProperties) -> BasicProperties,
    body: Vec<u8>,
    expected: Expected,
}

impl Case {
    fn new(name: impl Into<String>, key: &str, body: impl Into<Vec<u8>>, expected: Expected) -> Self {
        Self {
            name: name.into(),
            exchange: "beds",
            key: key.into(),
            change: |p| p,
            body: body.into(),
            expected,
        }
    }

    /// With properties other than those of a good request.
    fn with(mut self, change: fn(BasicProperties) -> BasicProperties) -> Self {
        self.change = change;
        self
    }

    /// By another exchange.
    fn by(mut self, exchange: &'static str) -> Self {
        self.exchange = exchange;
        self
    }

    /// For one of the templates, which has this fingerprint.
    fn of(mut self, (template, hash): (&str, &str)) -> Self {
        let replace = |text: &mut String| *text = text.replace("{t}", template).replace("{hash}", hash);
        replace(&mut self.name);
        replace(&mut self.key);
        if let Ok(text) = std::str::from_utf8(&self.body) {
            self.body = text.replace("{t}", template).into_bytes();
        }
        match &mut self.expected {
            Expected::Error(_, message, details) => {
                replace(message);
                for (_, reason) in details {
                    replace(reason);
                }
            }
            Expected::Dead(_, reason, _) => replace(reason),
            Expected::Returned | Expected::Stored => {}
        }
        self
    }
}

fn error(code: &'static str, message: impl Into<String>) -> Expected {
    Expected::Error(code, message.into(), Vec::new())
}

fn bad(message: impl Into<String>) -> Expected {
    error("bad_request", message)
}

/// `validation_failed` for one field.
fn invalid(field: &str, reason: impl Into<String>) -> Expected {
    let reason = reason.into();
    Expected::Error("validation_failed", format!("`{field}` {reason}"), vec![(field.into(), reason)])
}

/// `bad_request` with a message that is cut off at its 400th character.
fn shortened(begin: &str, rest: &str) -> Expected {
    bad(format!("{begin}{}", rest.repeat(400)).chars().take(400).collect::<String>() + "…")
}

fn dead(code: &'static str, reason: impl Into<String>, queue: &'static str) -> Expected {
    Expected::Dead(code, reason.into(), queue)
}

const KEY: &str = r#""key": "00000000-0000-7000-8000-000000000001""#;
const READS: &str = "beds.app_server.r";
const WRITES: &str = "beds.app_server.w";

/// Bodies that cannot be read as a request.
fn malformed() -> Vec<Case> {
    let unreadable = |rest: &str| bad(format!("the body cannot be read{rest}"));
    let body = |name: &str, operation: &str, body: &[u8], expected| {
        Case::new(name, &format!("{{t}}.{operation}"), body, expected)
    };
    let no_object = || bad("the body is not a JSON object");
    let deep = format!(r#"{{"data": {{"extra": {}1{}}}}}"#, "[".repeat(200), "]".repeat(200));
    let deeper = format!(r#"{{"where": {}{}}}"#, r#"{"a":"#.repeat(50_000 / 5), "1");
    vec![
        body("empty", "fetch", b"", bad("the body is empty: it must be a JSON object")),
        body("blank", "create", b" \n\t ", bad("the body is empty: it must be a JSON object")),
        body("not JSON", "fetch", b"hello", unreadable(": expected value at line 1 column 1")),
        body(
            "truncated",
            "create",
            br#"{"data": {"code": "a", "ser"#,
            unreadable(" at `data`: EOF while parsing a string at line 1 column 27"),
        ),
        body(
            "something after",
            "delete",
            format!("{{{KEY}}} x").as_bytes(),
            bad("the body has something after its JSON object"),
        ),
        body(
            "two objects",
            "delete",
            format!("{{{KEY}}}{{{KEY}}}").as_bytes(),
            bad("the body has something after its JSON object"),
        ),
        body("an array", "fetch", b"[]", no_object()),
        body("an array of requests", "delete", format!("[{{{KEY}}}]").as_bytes(), no_object()),
        body("members by position", "delete", format!("[{}]", &KEY[7..]).as_bytes(), no_object()),
        body("a string", "count", br#""{}""#, no_object()),
        body("null", "count", b"null", no_object()),
        body("a number", "count", b"1", no_object()),
        body(
            "single quotes",
            "fetch",
            b"{'key': 1}",
            unreadable(": key must be a string at line 1 column 2"),
        ),
        body(
            "trailing comma",
            "count",
            br#"{"where": {},}"#,
            unreadable(": trailing comma at line 1 column 14"),
        ),
        body(
            "a comment",
            "count",
            br#"{"where": {} /* all */}"#,
            unreadable(": expected `,` or `}` at line 1 column 14"),
        ),
        body(
            "not UTF-8",
            "create",
            b"{\"data\": {\"name\": \"\xff\xfe\"}}",
            unreadable(" at `data.name`: invalid unicode code point at line 1 column 20"),
        ),
        body(
            "half a surrogate",
            "create",
            br#"{"data": {"name": "\ud83d"}}"#,
            unreadable(" at `data.name`: unexpected end of hex escape at line 1 column 26"),
        ),
        body("UTF-16", "count", b"\xff\xfe{\0}\0", unreadable(": expected value at line 1 column 1")),
        body(
            "a byte order mark",
            "count",
            b"\xef\xbb\xbf{}",
            unreadable(": expected value at line 1 column 1"),
        ),
        body(
            "compressed",
            "count",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0",
            unreadable(": expected value at line 1 column 1"),
        ),
        body(
            "NaN",
            "create",
            br#"{"data": {"ratio": NaN}}"#,
            unreadable(" at `data.ratio`: expected value at line 1 column 20"),
        ),
        body(
            "Infinity",
            "create",
            br#"{"data": {"ratio": Infinity}}"#,
            unreadable(" at `data.ratio`: expected value at line 1 column 20"),
        ),
        body(
            "a number out of range",
            "create",
            br#"{"data": {"ratio": 1e400}}"#,
            unreadable(" at `data.ratio`: number out of range at line 1 column 24"),
        ),
        body(
            "nested too deep",
            "create",
            deep.as_bytes(),
            shortened("the body cannot be read at `data.extra", "[0]"),
        ),
        body(
            "nested much too deep",
            "fetch",
            deeper.as_bytes(),
            unreadable(&format!(
                " at `where{}`: recursion limit exceeded at line 1 column 641",
                ".a".repeat(126)
            )),
        ),
        body(
            "a control character",
            "create",
            b"{\"data\": {\"name\": \"a\nb\"}}",
            unreadable(
                " at `data.name`: control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0",
            ),
        ),
    ]
}

/// Bodies with members that the operation does not have, or not so.
fn misshapen() -> Vec<Case> {
    let unreadable = |rest: &str| bad(format!("the body cannot be read{rest}"));
    let case = |operation: &str, body: String, expected| {
        Case::new(format!("{operation} {body}"), &format!("{{t}}.{operation}"), body, expected)
    };
    let text = |text: &str| text.to_owned();
    vec![
        case(
            "fetch",
            text(r#"{"wher": {}}"#),
            unreadable(
                " at `wher`: unknown field `wher`, expected one of `key`, `where`, `sort`, `limit`, `after`, `fields`, `count` at line 1 column 7",
            ),
        ),
        case(
            "fetch",
            text(r#"{"sql": "select 1"}"#),
            unreadable(
                " at `sql`: unknown field `sql`, expected one of `key`, `where`, `sort`, `limit`, `after`, `fields`, `count` at line 1 column 6",
            ),
        ),
        case(
            "count",
            text(r#"{"where": {}, "limit": 1}"#),
            unreadable(" at `limit`: unknown field `limit`, expected `where` at line 1 column 21"),
        ),
        case("create", text("{}"), unreadable(": missing field `data` at line 1 column 2")),
        case(
            "create",
            text(r#"{"data": null}"#),
            unreadable(
                " at `data`: invalid type: null, expected an object, or an array of objects at line 1 column 13",
            ),
        ),
        case(
            "create",
            text(r#"{"data": "x"}"#),
            unreadable(
                " at `data`: invalid type: string \"x\", expected an object, or an array of objects at line 1 column 12",
            ),
        ),
        case(
            "create",
            text(r#"{"data": [[]]}"#),
            unreadable(" at `data[0]`: invalid type: sequence, expected an object at line 1 column 10"),
        ),
        case(
            "create",
            text(r#"{"data": {}, "upsert": true}"#),
            unreadable(" at `upsert`: unknown field `upsert`, expected `data` at line 1 column 21"),
        ),
        case(
            "create",
            text(r#"{"data": {"name": "a", "name": "b"}}"#),
            unreadable(" at `data`: the key `name` stands twice at line 1 column 35"),
        ),
        case("update", format!("{{{KEY}}}"), unreadable(": missing field `data` at line 1 column 47")),
        case(
            "update",
            text(r#"{"data": {"number": 1}}"#),
            unreadable(": missing field `key` at line 1 column 23"),
        ),
        case(
            "update",
            format!(r#"{{{KEY}, "data": [{{"number": 1}}]}}"#),
            unreadable(" at `data`: invalid type: sequence, expected an object at line 1 column 56"),
        ),
        case(
            "update",
            format!(r#"{{{KEY}, "data": {{"number": 1}}, "if_version": "1"}}"#),
            unreadable(
                " at `if_version`: invalid type: string \"1\", expected an integer at line 1 column 88",
            ),
        ),
        case(
            "update",
            format!(r#"{{{KEY}, "data": {{"number": 1}}, "if_version": 1.5}}"#),
            unreadable(
                " at `if_version`: invalid type: floating point `1.5`, expected an integer at line 1 column 88",
            ),
        ),
        case(
            "update",
            format!(r#"{{{KEY}, "data": {{"number": 1}}, "if_version": null}}"#),
            unreadable(" at `if_version`: invalid type: null, expected an integer at line 1 column 89"),
        ),
        case(
            "update",
            format!(r#"{{{KEY}, {KEY}, "data": {{"number": 1}}}}"#),
            unreadable(": duplicate field `key` at line 1 column 53"),
        ),
        case(
            "update",
            format!(r#"{{{KEY}, "where": {{}}, "data": {{"number": 1}}}}"#),
            unreadable(
                " at `where`: unknown field `where`, expected one of `key`, `data`, `if_version` at line 1 column 55",
            ),
        ),
        case("delete", text("{}"), unreadable(": missing field `key` at line 1 column 2")),
        case(
            "delete",
            text(r#"{"where": {}}"#),
            unreadable(
                " at `where`: unknown field `where`, expected `key` or `if_version` at line 1 column 8",
            ),
        ),
        case(
            "delete",
            format!(r#"{{{KEY}, "if_version": true}}"#),
            unreadable(
                " at `if_version`: invalid type: boolean `true`, expected an integer at line 1 column 66",
            ),
        ),
        case(
            "describe",
            text(r#"{"all": true}"#),
            unreadable(" at `all`: unknown field `all`, it has no members at line 1 column 6"),
        ),
        case(
            "fetch",
            text(r#"{"where": []}"#),
            unreadable(" at `where`: invalid type: sequence, expected an object at line 1 column 10"),
        ),
        case(
            "fetch",
            text(r#"{"where": null}"#),
            unreadable(" at `where`: invalid type: null, expected an object at line 1 column 14"),
        ),
        case(
            "fetch",
            text(r#"{"where": {"number": 1, "number": 2}}"#),
            unreadable(" at `where`: the key `number` stands twice at line 1 column 36"),
        ),
        case(
            "fetch",
            text(r#"{"sort": "number"}"#),
            unreadable(" at `sort`: invalid type: string \"number\", expected an array at line 1 column 17"),
        ),
        case(
            "fetch",
            text(r#"{"sort": [1]}"#),
            unreadable(" at `sort[0]`: invalid type: integer `1`, expected a string at line 1 column 11"),
        ),
        case(
            "fetch",
            text(r#"{"limit": "10"}"#),
            unreadable(
                " at `limit`: invalid type: string \"10\", expected an integer from 0 to 4294967295 at line 1 column 14",
            ),
        ),
        case(
            "fetch",
            text(r#"{"limit": -1}"#),
            unreadable(
                " at `limit`: invalid value: integer `-1`, expected an integer from 0 to 4294967295 at line 1 column 12",
            ),
        ),
        case(
            "fetch",
            text(r#"{"limit": 1.5}"#),
            unreadable(
                " at `limit`: invalid type: floating point `1.5`, expected an integer from 0 to 4294967295 at line 1 column 13",
            ),
        ),
        case(
            "fetch",
            text(r#"{"limit": 4294967296}"#),
            unreadable(
                " at `limit`: invalid value: integer `4294967296`, expected an integer from 0 to 4294967295 at line 1 column 20",
            ),
        ),
        case(
            "fetch",
            text(r#"{"count": "true"}"#),
            unreadable(" at `count`: invalid type: string \"true\", expected a boolean at line 1 column 16"),
        ),
        case(
            "fetch",
            text(r#"{"fields": "name"}"#),
            unreadable(" at `fields`: invalid type: string \"name\", expected an array at line 1 column 17"),
        ),
        case(
            "fetch",
            text(r#"{"after": 1}"#),
            unreadable(" at `after`: invalid type: integer `1`, expected a string at line 1 column 11"),
        ),
    ]
}

/// Requests that contradict the template.
fn contradicting() -> Vec<Case> {
    let case = |operation: &str, body: Value, expected| {
        Case::new(format!("{operation} {body}"), &format!("{{t}}.{operation}"), body.to_string(), expected)
    };
    let key = "00000000-0000-7000-8000-000000000001";
    let uuid = "must be a UUID such as \"018f2b6e-0000-7000-8000-000000000000\"";
    let integer = "must be an integer of 64 bits, as a JSON number without a fraction";
    let string = "must be a string with a UUID";
    let filters = "the template declares code, series, status, flag, number, stock, ratio, amount, rating, name, \
                   reference, day, hour, moment, created_at, revision";
    let sorts = "the template declares code, status, number, ratio, amount, rating, name, day, hour, moment";
    let operator = "is not an operator: eq, ne, lt, lte, gt, gte, in, prefix and null are";
    let filter = |name: &str| {
        let field = format!("where.{name}");
        invalid(&field, format!("cannot use `{name}`: {filters}"))
    };
    let sort = |name: &str| invalid("sort", format!("cannot use `{name}`: {sorts}"));
    let field = |name: &str| invalid("fields", format!("names `{name}`, which `{{t}}` does not have"));
    let cursor = || invalid("after", "must be the `next` of a reply to the same `sort`");
    let unknown = |name: &str| invalid(name, "is not a field of `{t}`");
    let new = |mut more: Value| {
        more["code"] = json!("bad");
        more["series"] = json!("bad");
        json!({ "data": more })
    };
    let change = |data: Value| json!({"key": key, "data": data});
    let encoded = |json: Value| base64url(json.to_string().as_bytes());
    vec![
        // Keys.
        case("fetch", json!({"key": {"$ne": null}}), invalid("key", string)),
        case("delete", json!({"key": {"$ne": null}}), invalid("key", string)),
        case("delete", json!({"key": {"$gt": ""}}), invalid("key", string)),
        case("delete", json!({"key": {"id": {"$ne": null}}}), invalid("key", string)),
        case("update", json!({"key": {"$where": "1"}, "data": {"number": 9}}), invalid("key", string)),
        case("delete", json!({"key": [key]}), invalid("key", string)),
        case("delete", json!({"key": true}), invalid("key", string)),
        case("delete", json!({"key": null}), invalid("key", "must not be null")),
        case("delete", json!({"key": "' or '1'='1"}), invalid("key", uuid)),
        case("delete", json!({"key": format!("{key}' or '1'='1")}), invalid("key", uuid)),
        case("delete", json!({"key": "%"}), invalid("key", uuid)),
        case("delete", json!({"key": ""}), invalid("key", uuid)),
        case("delete", json!({"key": key.repeat(1000)}), invalid("key", uuid)),
        // Names.
        case("fetch", json!({"where": {"$where": "sleep(1000)"}}), filter("$where")),
        case("count", json!({"where": {"$expr": {"$eq": [1, 1]}}}), filter("$expr")),
        case("count", json!({"where": {"$or": [{}]}}), filter("$or")),
        case(
            "fetch",
            json!({"where": {"1=1; drop table sample; --": 1}}),
            filter("1=1; drop table sample; --"),
        ),
        case("fetch", json!({"where": {"number` = 1 or `number": 1}}), filter("number` = 1 or `number")),
        case("fetch", json!({"where": {"": 1}}), filter("")),
        case("fetch", json!({"where": {"number\u{0}": 1}}), filter("number\u{0}")),
        case("fetch", json!({"where": {"NUMBER": 1}}), filter("NUMBER")),
        case("fetch", json!({"where": {"extra.a": 1}}), filter("extra.a")),
        case("fetch", json!({"sort": ["number; drop table sample"]}), sort("number; drop table sample")),
        case(
            "fetch",
            json!({"sort": ["number` desc, (select 1) -- "]}),
            sort("number` desc, (select 1) -- "),
        ),
        case("fetch", json!({"sort": ["$natural"]}), sort("$natural")),
        case("fetch", json!({"sort": ["1"]}), sort("1")),
        case("fetch", json!({"fields": ["*"]}), field("*")),
        case("fetch", json!({"fields": ["name`, (select user())"]}), field("name`, (select user())")),
        case("fetch", json!({"key": key, "fields": ["$name"]}), field("$name")),
        case("create", new(json!({"a`b": 1})), unknown("a`b")),
        case("create", new(json!({"$set": {}})), unknown("$set")),
        case("create", new(json!({"_id": key})), unknown("_id")),
        case("create", new(json!({"code) values ('x'); --": 1})), unknown("code) values ('x'); --")),
        case("update", change(json!({"$set": {"number": 9}})), unknown("$set")),
        case("update", change(json!({"number` = 9, `stock": 9})), unknown("number` = 9, `stock")),
        case("update", change(json!({"place.city": "X"})), unknown("place.city")),
        // Operators.
        case("fetch", json!({"where": {"number": {"$gt": 0}}}), invalid("where.number.$gt", operator)),
        case("count", json!({"where": {"name": {"$regex": ".*"}}}), invalid("where.name.$regex", operator)),
        case("count", json!({"where": {"name": {"like": "%"}}}), invalid("where.name.like", operator)),
        case("count", json!({"where": {"number": {">": 1}}}), invalid("where.number.>", operator)),
        case("count", json!({"where": {"number": {"eq": {"$ne": 1}}}}), invalid("where.number.eq", integer)),
        case("count", json!({"where": {"number": [1, 2]}}), invalid("where.number", integer)),
        case("count", json!({"where": {"number": "1 or 1=1"}}), invalid("where.number", integer)),
        case("count", json!({"where": {"number": true}}), invalid("where.number", integer)),
        case("count", json!({"where": {"number": 1.0}}), invalid("where.number", integer)),
        case("count", json!({"where": {"number": u64::MAX}}), invalid("where.number", integer)),
        case(
            "count",
            json!({"where": {"name": {"in": [{"$ne": 1}]}}}),
            invalid("where.name.in", "item 0 must be a string"),
        ),
        case(
            "count",
            json!({"where": {"number": {"in": vec![1; 501]}}}),
            invalid("where.number.in", "must have from 1 to 500 items"),
        ),
        case(
            "count",
            json!({"where": {"moment": "now()"}}),
            invalid(
                "where.moment",
                "must be a moment as RFC 3339 with its offset, in the years 1 to 9999, such as \"2026-01-31T08:30:00Z\"",
            ),
        ),
        // Limits.
        case("fetch", json!({"limit": 0}), invalid("limit", "must be from 1 to 100")),
        case("fetch", json!({"limit": 101}), invalid("limit", "must be from 1 to 100")),
        case(
            "create",
            json!({"data": vec![json!({}); 21]}),
            error("too_large", "21 records at once; 20 is the limit"),
        ),
        case("create", json!({"data": []}), invalid("data", "must have at least one record")),
        case("update", change(json!({})), invalid("data", "must name at least one field to change")),
        // Cursors.
        case("fetch", json!({"after": ""}), cursor()),
        case("fetch", json!({"after": "not base64!"}), cursor()),
        case("fetch", json!({"after": base64url(b"not JSON")}), cursor()),
        case("fetch", json!({"after": encoded(json!(["id"]))}), cursor()),
        case("fetch", json!({"after": encoded(json!(["id", []]))}), cursor()),
        case("fetch", json!({"after": encoded(json!(["id", [{"$gt": ""}]]))}), cursor()),
        case("fetch", json!({"after": encoded(json!(["id", ["' or 1=1"]]))}), cursor()),
        case("fetch", json!({"after": encoded(json!(["-id", [key]]))}), cursor()),
        case("fetch", json!({"after": encoded(json!(["id", [key, key]]))}), cursor()),
        case("fetch", json!({"after": encoded(json!(["id", [key], 1]))}), cursor()),
        case("fetch", json!({"sort": ["number"], "after": encoded(json!(["id", [key]]))}), cursor()),
        case(
            "fetch",
            json!({"sort": ["number"], "after": encoded(json!(["number,id", ["1", key]]))}),
            cursor(),
        ),
        case(
            "fetch",
            json!({"sort": ["number"], "after": encoded(json!(["number; drop", [1, key]]))}),
            cursor(),
        ),
        // Values: the conformance suite has one for every type.
        case("create", new(json!({"stock": 1e18})), invalid("stock", integer)),
        case(
            "create",
            new(json!({"number": 99_999_999_999_999_999_999_999_f64})),
            invalid("number", integer),
        ),
        case(
            "create",
            new(json!({"rating": {"$numberDecimal": "1"}})),
            invalid("rating", "must be a string with a decimal number, such as \"12.50\""),
        ),
        case(
            "create",
            new(json!({"status": "active'--"})),
            invalid("status", "must be one of \"draft\", \"active\", \"closed\""),
        ),
        case(
            "create",
            new(json!({"day": {"$date": 0}})),
            invalid("day", "must be a string, such as \"2026-01-31\""),
        ),
    ]
}

/// Envelopes that a request must not have.
fn misaddressed() -> Vec<Case> {
    let foreign = |queue: &str| format!("`reply_to` names `{queue}`, which no client can own");
    let update = || format!(r#"{{{KEY}, "data": {{"number": 666}}}}"#);
    let delete = || format!("{{{KEY}}}");
    let without_reply = |p: BasicProperties| {
        BasicProperties::default().with_correlation_id(p.correlation_id().clone().unwrap())
    };
    let case = |name: &str, operation: &str, body: String, expected| {
        Case::new(name, &format!("{{t}}.{operation}"), body, expected)
    };
    let long = format!(r#"{{"{}": 1}}"#, "x".repeat(90_000));
    let no_answer = "the request has no `reply_to` for its answer";
    let not_json = |given: &str| bad(format!("the content type `{given}` is not application/json"));
    vec![
        // Where the answer would go.
        case(
            "a reply into a queue of requests",
            "delete",
            delete(),
            dead("forbidden", foreign(WRITES), WRITES),
        )
        .with(|p| p.with_reply_to(WRITES.into())),
        case("a reply into another's queue", "update", update(), dead("forbidden", foreign(FOREIGN), WRITES))
            .with(|p| p.with_reply_to(FOREIGN.into())),
        case(
            "a reply into the dead letters",
            "fetch",
            delete(),
            dead("forbidden", foreign("beds.dead"), READS),
        )
        .with(|p| p.with_reply_to("beds.dead".into())),
        case(
            "a reply into an exchange's name",
            "delete",
            delete(),
            dead("forbidden", foreign("amq.topic"), WRITES),
        )
        .with(|p| p.with_reply_to("amq.topic".into())),
        case(
            "a reply into a queue that looks owned",
            "delete",
            delete(),
            dead("forbidden", foreign("x.amq.gen-1"), WRITES),
        )
        .with(|p| p.with_reply_to("x.amq.gen-1".into())),
        case("a read without reply_to", "fetch", delete(), dead("bad_request", no_answer, READS))
            .with(without_reply),
        case("a read with an empty reply_to", "count", "{}".into(), dead("bad_request", no_answer, READS))
            .with(|p| p.with_reply_to("".into())),
        case(
            "a write without reply_to that is no JSON",
            "update",
            "{".into(),
            dead(
                "bad_request",
                "the body cannot be read: EOF while parsing an object at line 1 column 1",
                WRITES,
            ),
        )
        .with(without_reply),
        case(
            "a write without reply_to that contradicts the template",
            "create",
            r#"{"data": {}}"#.into(),
            dead(
                "validation_failed",
                "2 fields are not as `{t}` asks for: `code` is required; `series` is required",
                WRITES,
            ),
        )
        .with(without_reply),
        case(
            "a write without reply_to to no record",
            "delete",
            r#"{"key": "ffffffff-ffff-7fff-8fff-ffffffffffff"}"#.into(),
            dead("not_found", "no record of `{t}` has this key", WRITES),
        )
        .with(without_reply),
        case(
            "a write without reply_to at another version",
            "delete",
            format!(r#"{{{KEY}, "if_version": 9}}"#),
            dead("version_mismatch", "the record of `{t}` is not at version 9", WRITES),
        )
        .with(without_reply),
        case("a page as a name", "fetch", long.clone(), shortened("the body cannot be read at `", "x")),
        case(
            "headers as long as a frame",
            "update",
            "{".into(),
            dead(
                "bad_request",
                "the body cannot be read: EOF while parsing an object at line 1 column 1",
                WRITES,
            ),
        )
        .with(|p| {
            let bare = BasicProperties::default().with_correlation_id(p.correlation_id().clone().unwrap());
            with_header(bare, "x", AMQPValue::LongString("y".repeat(130_900).into()))
        }),
        case(
            "a page as a name in a dead letter",
            "update",
            long,
            dead(
                "bad_request",
                ("the body cannot be read at `".to_owned() + &"x".repeat(400))
                    .chars()
                    .take(400)
                    .collect::<String>()
                    + "…",
                WRITES,
            ),
        )
        .with(without_reply),
        case(
            "a page as a field in a dead letter",
            "update",
            format!(r#"{{{KEY}, "data": {{"{}": 1}}}}"#, "x".repeat(90_000)),
            dead("validation_failed", format!("`{}…` is not a field of `{{t}}`", "x".repeat(400)), WRITES),
        )
        .with(without_reply),
        case(
            "a late write without reply_to",
            "delete",
            delete(),
            dead("deadline_exceeded", DEADLINE_PASSED, WRITES),
        )
        .with(|p| {
            let bare = BasicProperties::default().with_correlation_id(p.correlation_id().clone().unwrap());
            with_header(bare, "beds-deadline", AMQPValue::LongLongInt(unix_ms() - 1))
        }),
        // Deadlines.
        case("a deadline in the past", "delete", delete(), error("deadline_exceeded", DEADLINE_PASSED))
            .with(|p| with_header(p, "beds-deadline", AMQPValue::LongLongInt(unix_ms() - 1))),
        case("a deadline in seconds", "delete", delete(), error("deadline_exceeded", DEADLINE_PASSED))
            .with(|p| with_header(p, "beds-deadline", AMQPValue::LongLongInt(unix_ms() / 1000))),
        case(
            "a deadline that is no number",
            "delete",
            delete(),
            bad("the header `beds-deadline` is not an integer of Unix milliseconds"),
        )
        .with(|p| with_header(p, "beds-deadline", AMQPValue::LongString("tomorrow".into()))),
        case(
            "a deadline of another type",
            "delete",
            delete(),
            bad("the header `beds-deadline` is not an integer of Unix milliseconds"),
        )
        .with(|p| with_header(p, "beds-deadline", AMQPValue::FieldTable(FieldTable::default()))),
        // Types and fingerprints.
        case("plain text", "delete", delete(), not_json("text/plain"))
            .with(|p| p.with_content_type("text/plain".into())),
        case("XML", "delete", delete(), not_json("application/xml"))
            .with(|p| p.with_content_type("application/xml".into())),
        case("a type that begins alike", "delete", delete(), not_json("application/json-patch+json"))
            .with(|p| p.with_content_type("application/json-patch+json".into())),
        case(
            "the fingerprint of another template",
            "describe",
            "{}".into(),
            error(
                "template_mismatch",
                "the client was built for `{t}` as 0123456789abcdef, and the node serves {hash}",
            ),
        )
        .with(|p| with_header(p, "beds-template-hash", AMQPValue::LongString("0123456789abcdef".into()))),
        case(
            "a fingerprint that is no text",
            "delete",
            delete(),
            error("bad_request", "the header `beds-template-hash` is not a text"),
        )
        .with(|p| with_header(p, "beds-template-hash", AMQPValue::LongInt(7))),
        case(
            "too long",
            "create",
            format!(r#"{{"data": {{"note": "{}"}}}}"#, "x".repeat(BODY_MAX)),
            error("too_large", format!("the body has {} bytes; {BODY_MAX} is the limit", BODY_MAX + 22)),
        ),
        // Routing keys.
        Case::new("no such template", "nothing.fetch", "{}", Expected::Returned),
        Case::new("no such operation", "{t}.upsert", "{}", Expected::Returned),
        Case::new("no such call", "{t}.call.nothing", "{}", Expected::Returned),
        Case::new("an operation in capitals", "{t}.FETCH", "{}", Expected::Returned),
        Case::new("wildcards", "{t}.#", "{}", Expected::Returned),
        Case::new("an empty key", "", "{}", Expected::Returned),
        Case::new("SQL", "{t}; drop table sample.fetch", "{}", Expected::Returned),
        Case::new(
            "straight into the queue",
            READS,
            "{}",
            error("unknown_operation", "`app_server.r` is not an operation"),
        )
        .by(""),
        Case::new(
            "straight into the queue of writes",
            WRITES,
            delete(),
            dead("unknown_operation", "`app_server.w` is not an operation", WRITES),
        )
        .by("")
        .with(without_reply),
        Case::new(
            "a template that is not served",
            "nothing.fetch",
            "{}",
            error("unknown_template", "no template `nothing` is served here"),
        )
        .by(SIDE_DOOR),
        Case::new(
            "a template of another service",
            "logger.create",
            "{}",
            bad("`logger.create` does not belong in the queue `beds.app_server.r`"),
        )
        .by(SIDE_DOOR),
        Case::new(
            "a write in the queue of reads",
            "{t}.delete",
            delete(),
            bad("`{t}.delete` does not belong in the queue `beds.app_server.r`"),
        )
        .by(SIDE_DOOR),
        Case::new(
            "a write in the queue of reads without reply_to",
            "{t}.delete",
            delete(),
            dead("bad_request", "`{t}.delete` does not belong in the queue `beds.app_server.r`", READS),
        )
        .by(SIDE_DOOR)
        .with(without_reply),
        Case::new(
            "an unknown operation in the queue",
            "{t}.truncate",
            "{}",
            error("unknown_operation", "`truncate` is not an operation"),
        )
        .by(SIDE_DOOR),
        Case::new(
            "an unknown call in the queue",
            "{t}.call.nothing",
            "{}",
            error("unknown_operation", "template `{t}` does not offer `call.nothing`"),
        )
        .by(SIDE_DOOR),
        Case::new(
            "a key without an operation",
            "{t}",
            "{}",
            bad("the routing key `{t}` is not of the form <template>.<operation>"),
        )
        .by(SIDE_DOOR),
    ]
}

/// Calls, of the one template that has some.
fn calls() -> Vec<Case> {
    let case = |call: &str, body: &str, expected| {
        Case::new(format!("{call} {body}"), &format!("country.call.{call}"), body, expected)
    };
    vec![
        case("summary", "{}", invalid("args.alpha_2", "is required")),
        case(
            "summary",
            r#"{"args": []}"#,
            bad(
                "the body cannot be read at `args`: invalid type: sequence, expected an object at line 1 column 9",
            ),
        ),
        case(
            "summary",
            r#"{"args": {"alpha_2": "FR", "nothing": 1}}"#,
            invalid("args.nothing", "is not an argument of `summary`"),
        ),
        case(
            "summary",
            r#"{"args": {"alpha_2": "FR", "subdivision_count": 1}}"#,
            invalid("args.subdivision_count", "goes to the client: leave it out"),
        ),
        case(
            "rename",
            r#"{"args": {"alpha_2": "'; drop table country; --", "name": "X"}}"#,
            invalid("args.alpha_2", "must be at most 2 characters long, not 25"),
        ),
        case(
            "rename",
            r#"{"args": {"alpha_2": null, "name": "X"}}"#,
            invalid("args.alpha_2", "must not be null"),
        ),
        case(
            "rename",
            r#"{"args": {"alpha_2": "';", "name": "'); drop table country; --"}}"#,
            error("rejected_by_database", "there is no such country to rename"),
        ),
    ]
}

/// What one engine alone cannot keep.
fn beyond_an_engine() -> Vec<Case> {
    let record = json!({"data": {"code": "bad", "series": "bad", "extra": [{"a\u{0}b": 1}]}});
    let reason = "has a member with a NUL character in its name, which MongoDB cannot keep";
    vec![Case::new("a NUL in a name", "sample_document.create", record.to_string(), invalid("extra", reason))]
}

/// Values that are text to everybody, whatever they look like.
fn literal() -> Vec<Case> {
    let values = [
        "'; drop table sample; --",
        "' or '1'='1",
        "\\'; drop table sample; -- ",
        "1); delete from sample; -- ",
        "$where: function() { return true }",
        "{\"$gt\": \"\"}",
        "$set",
        "`id`",
        "%",
        "?",
        ":name @name ${name} {{name}}",
        "\u{0}\u{1a}\u{7f}",
        "<script>alert(1)</script>",
        "\u{202e}txt\u{feff}",
    ];
    let case =
        |value: &&str| Case::new(format!("{value:?} as a value"), "{t}.create", *value, Expected::Stored);
    values.iter().map(case).collect()
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Everything that both databases hold.
async fn contents(site: &'static Site, mongo: &mongodb::Client) -> String {
    let sql = "select table_name from information_schema.tables where table_schema = 'catalog' order by 1; \
               checksum table country, subdivision, language, currency; select * from sample order by id";
    let mut contents = blocking(move || site.stack.mariadb_query(Some("catalog"), sql).unwrap()).await;
    let database = mongo.database("journal");
    let mut names = database.list_collection_names().await.unwrap();
    names.sort();
    for name in names {
        let found =
            database.collection::<RawDocumentBuf>(&name).find(doc! {}).sort(doc! {"_id": 1}).await.unwrap();
        let documents: Vec<RawDocumentBuf> = found.try_collect().await.unwrap();
        contents.extend([name, format!("{documents:?}")]);
    }
    contents
}

/// What the cases are run with.
struct Bench {
    wire: Wire,
    dead: Consumer,
    mongo: mongodb::Client,
}

impl Bench {
    async fn new(site: &'static Site) -> Self {
        let mut wire = Wire::connect(&site.stack.amqp_url()).await;
        let (channel, none) = (&wire.channel, FieldTable::default);
        let options = ExchangeDeclareOptions { auto_delete: true, ..Default::default() };
        channel.exchange_declare(SIDE_DOOR.into(), ExchangeKind::Fanout, options, none()).await.unwrap();
        let bind = QueueBindOptions::default();
        channel.queue_bind(READS.into(), SIDE_DOOR.into(), "".into(), bind, none()).await.unwrap();
        channel.queue_declare(FOREIGN.into(), QueueDeclareOptions::default(), none()).await.unwrap();
        let dead = consume(channel, "beds.dead").await;
        let mongo = mongodb::Client::with_uri_str(site.stack.mongodb_url()).await.unwrap();
        for template in ["sample_row", "sample_document"] {
            let records: Vec<Value> = (0..5)
                .map(|number| json!({"code": format!("row-{number}"), "series": "kept", "number": number, "name": "kept"}))
                .collect();
            let body = json!({ "data": records }).to_string();
            let properties = wire.properties("seed");
            let reply = wire.request(&format!("{template}.create"), body.as_bytes(), properties).await;
            assert_eq!(reply.json()["ok"], true, "{}", reply.json());
        }
        // One record of each has a key that the cases know.
        let id = "00000000-0000-7000-8000-000000000001";
        blocking(move || {
            let sql = format!("update sample set id = '{id}' where code = 'row-0'");
            site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
        })
        .await;
        let samples = mongo.database("journal").collection::<mongodb::bson::Document>("samples");
        let mut document = samples.find_one_and_delete(doc! {"code": "row-0"}).await.unwrap().unwrap();
        let bytes = id.parse::<uuid::Uuid>().unwrap().as_bytes().to_vec();
        let binary = mongodb::bson::Binary { subtype: mongodb::bson::spec::BinarySubtype::Uuid, bytes };
        document.insert("_id", binary);
        samples.insert_one(document).await.unwrap();
        Self { wire, dead, mongo }
    }

    /// Runs a case; an error says what came instead of what must.
    async fn run(&mut self, case: &Case, id: &str) -> Result<(), String> {
        if let Expected::Stored = case.expected {
            return self.stores(case).await;
        }
        let properties = (case.change)(self.wire.properties(id));
        let returned = self.wire.publish(case.exchange, &case.key, &case.body, properties).await;
        match (&case.expected, returned) {
            (Expected::Returned, Some(returned)) => equal("code", &returned.reply_code, &312),
            (_, Some(returned)) => Err(format!("was returned: {}", returned.reply_text)),
            (Expected::Returned, None) => Err("was routed".into()),
            (Expected::Error(code, message, details), None) => {
                let reply = self.wire.reply().await;
                error_matches(&reply, id, code, message, details)
            }
            (Expected::Dead(code, reason, queue), None) => {
                let letter = next(&mut self.dead).await;
                dead_matches(&letter, case, id, code, reason, queue)
            }
            (Expected::Stored, None) => Ok(()),
        }
    }

    /// Creates a record with the case's body as its `name`, compares it in every way, and deletes it.
    async fn stores(&mut self, case: &Case) -> Result<(), String> {
        let template = case.key.split('.').next().unwrap().to_owned();
        let name = std::str::from_utf8(&case.body).unwrap();
        let created = self
            .ok(&template, "create", &json!({"data": {"code": "literal", "series": "literal", "name": name}}))
            .await?;
        let id = &created["data"]["id"];
        let result = self.stored(&template, id, name).await;
        self.ok(&template, "delete", &json!({ "key": id })).await?;
        result
    }

    async fn stored(&mut self, template: &str, id: &Value, name: &str) -> Result<(), String> {
        let fetched = self.ok(template, "fetch", &json!({ "key": id })).await?;
        equal("name", &fetched["data"]["name"], &json!(name))?;
        for filter in [
            json!(name),
            json!({"prefix": name}),
            json!({"in": [name, "x"]}),
            json!({"gte": name, "lte": name}),
        ] {
            let found = self.ok(template, "count", &json!({"where": {"name": filter}})).await?;
            equal(&filter.to_string(), &found["count"], &json!(1))?;
        }
        // MongoDB has no names with a NUL character.
        let member = name.replace('\0', "");
        let body = json!({"key": id, "data": {"name": name, "note": name, "extra": {&member: name}, "tags": [name]}});
        self.ok(template, "update", &body).await?;
        let fetched = self.ok(template, "fetch", &json!({ "key": id })).await?;
        equal("note", &fetched["data"]["note"], &json!(name))?;
        equal("extra", &fetched["data"]["extra"], &json!({member: name}))?;
        equal("tags", &fetched["data"]["tags"], &json!([name]))
    }

    async fn ok(&mut self, template: &str, operation: &str, body: &Value) -> Result<Value, String> {
        let properties = self.wire.properties("literal");
        let key = format!("{template}.{operation}");
        let reply = self.wire.request(&key, body.to_string().as_bytes(), properties).await.json();
        if reply["ok"] == true { Ok(reply) } else { Err(format!("{key} {body}: {reply}")) }
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found:?} instead of {expected:?}")) }
}

fn error_matches(
    reply: &Message,
    id: &str,
    code: &str,
    message: &str,
    details: &[(String, String)],
) -> Result<(), String> {
    let json = reply.json();
    let error = &json["error"];
    let found: Vec<(String, String)> = error["details"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|detail| {
            let text = |name: &str| detail[name].as_str().unwrap().to_owned();
            (text("field"), text("reason"))
        })
        .collect();
    equal("correlation id", &reply.correlation_id(), &Some(id))?;
    equal("status", &reply.header("beds-status").as_deref(), &Some(code))?;
    equal("ok", &json["ok"], &json!(false))?;
    equal("code", &error["code"], &json!(code))?;
    equal("retryable", &error["retryable"], &json!(code == "deadline_exceeded"))?;
    equal("request id", &error["request_id"], &json!(id))?;
    equal("message", &error["message"], &json!(message))?;
    equal("details", &found.as_slice(), &details)
}

fn dead_matches(
    letter: &Message,
    case: &Case,
    id: &str,
    code: &str,
    reason: &str,
    queue: &str,
) -> Result<(), String> {
    equal("correlation id", &letter.correlation_id(), &Some(id))?;
    for (name, expected) in [
        ("beds-dead-code", code),
        ("beds-dead-reason", reason),
        ("beds-dead-queue", queue),
        ("beds-dead-exchange", case.exchange),
        ("beds-dead-routing-key", case.key.as_str()),
        ("beds-dead-node", NODE),
    ] {
        equal(name, &letter.header(name).as_deref(), &Some(expected))?;
    }
    let at: beds_protocol::value::DateTime = letter.header("beds-dead-at").unwrap().parse().unwrap();
    let age = i128::from(unix_ms()) - at.0.unix_timestamp_nanos() / 1_000_000;
    equal("beds-dead-at is recent", &(0..60_000).contains(&age), &true)?;
    equal("body", &letter.0.data, &case.body)
}

#[tokio::test]
async fn every_mistake_is_answered_and_changes_nothing() {
    let site: &'static Site = blocking(|| {
        let stack: Stack = stack();
        let limit = BODY_MAX.to_string();
        let variables = [
            ("BEDS__NODE__NAME", NODE),
            ("BEDS__LIMITS__REQUEST_BYTES_MAX", limit.as_str()),
            ("BEDS__LIMITS__CREATE_RECORDS_MAX", "20"),
        ];
        let node = Node::start(&stack, &variables);
        &*Box::leak(Box::new(Site { node, stack }))
    })
    .await;
    let mut bench = Bench::new(site).await;
    let before = contents(site, &bench.mongo).await;
    let both = [malformed(), misshapen(), contradicting(), misaddressed(), literal()].concat();
    let twins = ["sample_row", "sample_document"];
    let mut hashes = Vec::new();
    for template in twins {
        let described = bench.ok(template, "describe", &json!({})).await.unwrap();
        hashes.push(described["data"]["hash"].as_str().unwrap().to_owned());
    }
    let named = twins.iter().copied().zip(hashes.iter().map(String::as_str));
    let cases = named.flat_map(|template| both.iter().map(move |case| case.clone().of(template)));
    let (mut run, mut wrong) = (0, Vec::new());
    for case in cases.chain(calls()).chain(beyond_an_engine()) {
        run += 1;
        if let Err(difference) = bench.run(&case, &format!("case-{run}")).await {
            wrong.push(format!(
                "{} [{}]: {difference}",
                case.name.chars().take(90).collect::<String>(),
                case.key
            ));
        }
        if contents(site, &bench.mongo).await != before {
            wrong.push(format!("{} [{}] CHANGED THE DATABASE", case.name, case.key));
            break;
        }
    }
    assert!(wrong.is_empty(), "{} of {run} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(run > 200, "{run} cases");
    // No reply went astray, and nothing became a dead letter that should not have.
    for queue in [FOREIGN, "beds.dead", READS, WRITES] {
        assert_eq!(bench.wire.waiting(queue).await, 0, "{queue}");
    }
    let count = json!({"where": {"series": "kept"}});
    for template in twins {
        assert_eq!(bench.ok(template, "count", &count).await.unwrap()["count"], 5, "the node still serves");
    }
    blocking(|| assert!(site.node.is_ready())).await;
}
