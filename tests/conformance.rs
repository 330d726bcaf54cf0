//! One wire contract for every engine: the same cases against a MariaDB domain and a MongoDB domain that have the
//! same fields, one of every type. A case knows its engine only where engines keep values differently.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::time::SystemTime;

use ::mongodb::bson::{Binary, Document, doc, spec::BinarySubtype};
use beds_client::{Client, ClientError, Request};
use beds_protocol::{ErrorBody, ErrorCode, Operation, Reply};
use common::{
    Shared, shared, unique,
    wire::{Wire, unix_ms, with_header},
};
use lapin::{BasicProperties, types::AMQPValue};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, MySqlConnection};

/// One of the twins, and a series of records that only one case knows.
struct Domain {
    template: &'static str,
    /// Whether moments keep microseconds; milliseconds otherwise.
    keeps_microseconds: bool,
    series: String,
    client: Client,
    site: Shared,
}

impl Domain {
    async fn mariadb() -> Self {
        Self::new("sample_row", true).await
    }

    async fn mongodb() -> Self {
        Self::new("sample_document", false).await
    }

    async fn new(template: &'static str, keeps_microseconds: bool) -> Self {
        let site = shared().await;
        Self { template, keeps_microseconds, series: unique("s"), client: site.client().await, site }
    }

    async fn try_request(&self, operation: Operation, body: &Value) -> Result<Reply, ClientError> {
        self.client.request(self.template, operation, body).await
    }

    /// Makes a record into one that the template cannot read.
    async fn spoil(&self, id: &str) {
        let stack = &self.site.stack;
        if self.keeps_microseconds {
            let mut connection = MySqlConnection::connect(&stack.mariadb_url()).await.unwrap();
            let update = sqlx::query("update catalog.sample set hour = '100:00:00' where id = ?").bind(id);
            assert_eq!(update.execute(&mut connection).await.unwrap().rows_affected(), 1);
        } else {
            let client = ::mongodb::Client::with_uri_str(stack.mongodb_url()).await.unwrap();
            let samples = client.database("journal").collection::<Document>("samples");
            let bytes = id.parse::<uuid::Uuid>().unwrap().as_bytes().to_vec();
            let key = Binary { subtype: BinarySubtype::Uuid, bytes };
            let update = samples.update_one(doc! {"_id": key}, doc! {"$set": {"number": "text"}});
            assert_eq!(update.bypass_document_validation(true).await.unwrap().modified_count, 1);
        }
    }

    #[track_caller]
    fn expect_ok(what: &Value, result: Result<Reply, ClientError>) -> Reply {
        match result {
            Ok(reply) => reply,
            Err(error) => panic!("{what}: {error}"),
        }
    }

    #[track_caller]
    fn expect_refused(what: &Value, result: Result<Reply, ClientError>) -> ErrorBody {
        match result {
            Err(ClientError::Refused(error)) => *error,
            other => panic!("{what}: {other:?}"),
        }
    }

    /// The code of a failure.
    fn outcome(result: &Result<Reply, ClientError>) -> Option<ErrorCode> {
        match result {
            Ok(_) => None,
            Err(error) => Some(error.code().unwrap_or_else(|| panic!("{error}"))),
        }
    }

    /// The reply to a request that must succeed.
    async fn ok(&self, operation: Operation, body: Value) -> Reply {
        Self::expect_ok(&body, self.try_request(operation, &body).await)
    }

    /// The error of a request that must fail.
    async fn refused(&self, operation: Operation, body: Value) -> ErrorBody {
        let error = Self::expect_refused(&body, self.try_request(operation, &body).await);
        assert!(!error.request_id.is_empty());
        error
    }

    /// A request that must fail with this code and these fields and reasons.
    async fn refused_with(
        &self,
        operation: Operation,
        body: Value,
        code: ErrorCode,
        details: &[(&str, &str)],
    ) {
        let error = self.refused(operation, body.clone()).await;
        let found: Vec<_> =
            error.details.iter().map(|detail| (detail.field.as_str(), detail.reason.as_str())).collect();
        assert_eq!((error.code, found.as_slice()), (code, details), "{body}");
    }

    /// The members that every new record needs, and these.
    fn record(&self, more: Value) -> Value {
        let mut record = Map::from_iter([
            ("code".to_owned(), json!(unique("c"))),
            ("series".to_owned(), json!(self.series)),
        ]);
        let Value::Object(more) = more else { panic!("{more} is no record") };
        record.extend(more);
        record.into()
    }

    /// Creates a record with these members, and gives the reply's `data`.
    async fn create(&self, more: Value) -> Value {
        self.ok(Operation::Create, json!({ "data": self.record(more) })).await.data.unwrap()
    }

    async fn fetch(&self, key: &Value) -> Value {
        self.ok(Operation::Fetch, json!({ "key": key })).await.data.unwrap()
    }

    async fn count(&self) -> u64 {
        self.ok(Operation::Count, json!({ "where": { "series": self.series } })).await.count.unwrap()
    }

    /// `where` within this case's series.
    fn filter(&self, more: &Value) -> Value {
        let mut filter = more.as_object().unwrap().clone();
        filter.insert("series".into(), json!(self.series));
        filter.into()
    }

    /// The letters of the records that a fetch within the series gives, in their order.
    async fn letters(&self, filter: &Value, mut body: Value) -> String {
        body["where"] = self.filter(filter);
        let reply = self.ok(Operation::Fetch, body).await;
        reply.data.unwrap().as_array().unwrap().iter().map(|record| self.letter(record)).collect()
    }

    /// The letter of one of [`letters`]: the end of its code.
    fn letter(&self, record: &Value) -> char {
        let code = record["code"].as_str().unwrap();
        assert!(code.starts_with(&self.series), "{code} is of another series");
        code.chars().last().unwrap()
    }

    /// Creates the records that filters, orders and pages are asked about, named a to f by the end of their
    /// codes, in this order.
    async fn create_letters(&self) {
        let mut records = letters();
        for (record, letter) in records.iter_mut().zip('a'..) {
            record["code"] = json!(format!("{}-{letter}", self.series));
            record["series"] = json!(self.series);
        }
        self.ok(Operation::Create, json!({ "data": records })).await;
    }
}

/// Values with ties and nulls in every field that may be sorted by.
fn letters() -> Vec<Value> {
    vec![
        json!({"number": 1, "ratio": 0.5, "amount": "10.00", "rating": "1.5", "name": "Ann", "flag": true,
               "day": "2024-02-29", "hour": "08:30:00", "moment": "2024-01-01T00:00:00Z",
               "reference": "11111111-1111-4111-8111-111111111111"}),
        json!({"number": 2, "ratio": -1.5, "amount": "9.5", "rating": "1.5", "name": "ann", "flag": false,
               "day": "2024-03-01", "hour": "08:30:00.5", "moment": "2024-01-01T00:00:00.001Z",
               "reference": "ffffffff-ffff-4fff-bfff-ffffffffffff", "status": "active"}),
        json!({"number": 2, "ratio": 1e300, "amount": "-3", "rating": "0", "name": "Bob%", "flag": true,
               "day": "1999-12-31", "hour": "23:59:59", "moment": "2023-12-31T23:59:59.999Z", "status": "closed"}),
        json!({}),
        json!({"number": -5, "ratio": 0.5, "amount": "0.0001", "rating": "10", "name": "Bo_b", "flag": false,
               "day": "2024-02-29", "hour": "00:00:00", "moment": "2024-01-01T00:00:00Z", "status": "active"}),
        json!({"number": i64::MAX, "ratio": 0.1, "amount": "999999999999999999999999999999.9999",
               "rating": "9.9", "name": "Боб", "flag": true, "day": "9999-12-31", "hour": "12:00:00",
               "moment": "2999-01-01T00:00:00Z"}),
    ]
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{value} is no object"))
}

macro_rules! on_every_engine {
    ($($case:ident,)*) => {
        mod mariadb { $(#[tokio::test] async fn $case() { super::$case(super::Domain::mariadb().await).await; })* }
        mod mongodb { $(#[tokio::test] async fn $case() { super::$case(super::Domain::mongodb().await).await; })* }
    };
}

on_every_engine! {
    creates_one,
    creates_with_defaults_and_nulls,
    creates_many_in_order,
    creates_all_or_nothing,
    refuses_what_a_new_record_must_not_have,
    fetches_by_key,
    filters,
    refuses_filters,
    sorts,
    walks_pages,
    projects,
    bounds_the_limit,
    counts,
    keeps_values_created,
    keeps_values_updated,
    updates_what_is_named,
    updates_at_a_version,
    refuses_updates,
    deletes,
    refuses_duplicates,
    answers_with_headers,
    checks_the_template_hash,
    keeps_deadlines,
    serves_many_at_a_time,
    gives_every_requester_its_record,
    compares_moments_exactly,
    names_some_of_many_mistakes,
}

async fn creates_one(domain: Domain) {
    let before = unix_ms();
    let given =
        domain.record(json!({"number": 7, "name": "Seven", "status": "active", "tags": ["a"], "stock": 3}));
    let created = domain.ok(Operation::Create, json!({ "data": given })).await.data.unwrap();
    for (name, value) in object(&given) {
        assert_eq!(&created[name], value, "{name}");
    }
    let id: uuid::Uuid = created["id"].as_str().unwrap().parse().unwrap();
    let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
    let at = i64::try_from(seconds).unwrap() * 1000 + i64::from(nanos / 1_000_000);
    assert_eq!(id.get_version_num(), 7);
    assert!((before..=unix_ms()).contains(&at), "{id} is not of now");
    let made: beds_protocol::value::DateTime = created["created_at"].as_str().unwrap().parse().unwrap();
    let made = i64::try_from(made.0.unix_timestamp_nanos() / 1_000_000).unwrap();
    assert!((before..=unix_ms()).contains(&made), "{} is not now", created["created_at"]);
    assert_eq!(created["revision"], 1);
    assert_eq!(domain.fetch(&created["id"]).await, created, "the reply shows what is stored");
}

async fn creates_with_defaults_and_nulls(domain: Domain) {
    let created = domain.create(json!({"name": null})).await;
    let expected = json!({"status": "draft", "stock": 0, "flag": null, "number": null, "ratio": null,
        "amount": null, "rating": null, "name": null, "note": null, "content": null, "reference": null,
        "day": null, "hour": null, "moment": null, "extra": null, "tags": null, "place": null});
    for (name, value) in object(&expected) {
        assert_eq!(created.get(name), Some(value), "{name}");
    }
    assert_eq!(domain.fetch(&created["id"]).await, created);
}

async fn creates_many_in_order(domain: Domain) {
    let records: Vec<Value> = (0..20).map(|number| domain.record(json!({ "number": number }))).collect();
    let created = domain.ok(Operation::Create, json!({ "data": records })).await.data.unwrap();
    let created = created.as_array().unwrap();
    assert_eq!(created.len(), 20);
    for (number, pair) in created.windows(2).enumerate() {
        assert_eq!(pair[0]["number"], number);
        assert!(pair[0]["id"].as_str() < pair[1]["id"].as_str(), "later records have greater ids");
    }
    assert_eq!(domain.fetch(&created[19]["id"]).await, created[19]);
    // An array of one gives an array of one.
    let one = domain.ok(Operation::Create, json!({ "data": [domain.record(json!({}))] })).await.data.unwrap();
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(domain.count().await, 21);
}

async fn creates_all_or_nothing(domain: Domain) {
    let taken = domain.create(json!({})).await;
    let good = || domain.record(json!({}));
    let bad = [
        (domain.record(json!({"code": taken["code"]})), ErrorCode::Conflict, "data[2].code"),
        (domain.record(json!({"stock": 1001})), ErrorCode::ValidationFailed, "data[2].stock"),
        (domain.record(json!({"nothing": 1})), ErrorCode::ValidationFailed, "data[2].nothing"),
    ];
    for (bad, code, field) in bad {
        let error = domain.refused(Operation::Create, json!({ "data": [good(), good(), bad, good()] })).await;
        assert_eq!(error.code, code, "{error}");
        assert_eq!(error.details[0].field, field, "{error}");
        if code == ErrorCode::Conflict {
            let place = format!("data[2]: a record of `{}` with this value exists already", domain.template);
            assert_eq!(error.message, place);
        }
        assert_eq!(domain.count().await, 1, "{error}");
    }
    let alone = json!({ "data": [domain.record(json!({"code": taken["code"]}))] });
    let error = domain.refused(Operation::Create, alone).await;
    assert!(error.message.starts_with("data[0]: a record of"), "{error}");
    let twice = good();
    let error = domain.refused(Operation::Create, json!({ "data": [twice, twice] })).await;
    assert_eq!(error.code, ErrorCode::Conflict);
    assert_eq!(domain.count().await, 1);
}

async fn refuses_what_a_new_record_must_not_have(domain: Domain) {
    let place = |member: &str, value: Value| json!({ "place": { "city": "X", member: value } });
    let cases: &[(Value, &str, &str)] = &[
        (json!({"id": "018f2b6e-0000-7000-8000-000000000000"}), "id", "is generated: leave it out"),
        (json!({"created_at": "2024-01-01T00:00:00Z"}), "created_at", "is generated: leave it out"),
        (json!({"revision": 1}), "revision", "counts the changes of a record: leave it out"),
        (json!({"code": null}), "code", "must not be null"),
        (json!({"code": "a b"}), "code", "must match [A-Za-z0-9-]+"),
        (json!({"code": "x".repeat(61)}), "code", "must be at most 60 characters long, not 61"),
        (json!({"status": "Draft"}), "status", "must be one of \"draft\", \"active\", \"closed\""),
        (json!({"status": null}), "status", "must not be null"),
        (json!({"flag": 1}), "flag", "must be true or false"),
        (json!({"flag": "true"}), "flag", "must be true or false"),
        (
            json!({"number": 1.5}),
            "number",
            "must be an integer of 64 bits, as a JSON number without a fraction",
        ),
        (
            json!({"number": "1"}),
            "number",
            "must be an integer of 64 bits, as a JSON number without a fraction",
        ),
        (
            json!({"number": u64::MAX}),
            "number",
            "must be an integer of 64 bits, as a JSON number without a fraction",
        ),
        (json!({"stock": -1}), "stock", "must be at least 0"),
        (json!({"stock": 1001}), "stock", "must be at most 1000"),
        (json!({"ratio": "0.5"}), "ratio", "must be a number"),
        (json!({"amount": 1}), "amount", "must be a string with a decimal number, such as \"12.50\""),
        (json!({"amount": "1e3"}), "amount", "must be a decimal number such as \"12.50\""),
        (json!({"amount": "0.00001"}), "amount", "must have at most 4 digits after the point"),
        (
            json!({"amount": format!("1{}", "0".repeat(30))}),
            "amount",
            "must have at most 30 digits before the point",
        ),
        (json!({"rating": "-0.1"}), "rating", "must be at least 0"),
        (json!({"rating": "10.1"}), "rating", "must be at most 10"),
        (json!({"name": "ü".repeat(201)}), "name", "must be at most 200 characters long, not 201"),
        (json!({"name": 1}), "name", "must be a string"),
        (json!({"content": "AAE"}), "content", "must be base64 with padding"),
        (json!({"content": "A".repeat(404)}), "content", "must be at most 300 bytes long"),
        (
            json!({"reference": "11111111111141118111111111111111"}),
            "reference",
            "must be a UUID such as \"018f2b6e-0000-7000-8000-000000000000\"",
        ),
        (
            json!({"day": "-0001-01-01"}),
            "day",
            "must be a date in the years 1 to 9999, such as \"2026-01-31\"",
        ),
        (
            json!({"day": "0000-01-01"}),
            "day",
            "must be a date in the years 1 to 9999, such as \"2026-01-31\"",
        ),
        (
            json!({"day": "2025-02-29"}),
            "day",
            "must be a date in the years 1 to 9999, such as \"2026-01-31\"",
        ),
        (json!({"hour": "24:00:00"}), "hour", "must be a time of day such as \"08:30:00\""),
        (
            json!({"moment": "2024-01-01T00:00:00"}),
            "moment",
            "must be a moment as RFC 3339 with its offset, in the years 1 to 9999, such as \"2026-01-31T08:30:00Z\"",
        ),
        (json!({"tags": "a"}), "tags", "must be an array"),
        (json!({"tags": ["a", "b", "c", "d", "e", "f"]}), "tags", "must have at most 5 items, not 6"),
        (json!({"tags": ["a", 1]}), "tags[1]", "must be a string"),
        (json!({"tags": ["a", null]}), "tags[1]", "must not be null"),
        (json!({"place": []}), "place", "must be an object"),
        (json!({"place": {}}), "place.city", "is required"),
        (place("street", json!("Y")), "place.street", "is not a member of this object"),
        (
            place("floor", json!("1")),
            "place.floor",
            "must be an integer of 64 bits, as a JSON number without a fraction",
        ),
        (json!({"nothing": 1}), "nothing", &format!("is not a field of `{}`", domain.template)),
    ];
    for (members, field, reason) in cases {
        let body = json!({ "data": domain.record(members.clone()) });
        domain.refused_with(Operation::Create, body, ErrorCode::ValidationFailed, &[(field, reason)]).await;
    }
    let missing = [("code", "is required"), ("series", "is required")];
    domain.refused_with(Operation::Create, json!({"data": {}}), ErrorCode::ValidationFailed, &missing).await;
    let empty = [("data", "must have at least one record")];
    domain.refused_with(Operation::Create, json!({"data": []}), ErrorCode::ValidationFailed, &empty).await;
    // All errors of a request at once.
    let many = json!({"data": domain.record(json!({"flag": 0, "stock": -1, "nothing": 0}))});
    let error = domain.refused(Operation::Create, many).await;
    assert_eq!(error.details.len(), 3, "{error}");
    assert_eq!(error.message, format!("3 fields are not as `{}` asks for", domain.template));
    assert_eq!(domain.count().await, 0);
}

async fn fetches_by_key(domain: Domain) {
    let created = domain.create(json!({"number": 1})).await;
    let id = &created["id"];
    assert_eq!(domain.fetch(id).await, created);
    assert_eq!(domain.fetch(&json!({ "id": id })).await, created, "a key may be written as an object");
    let upper = json!(id.as_str().unwrap().to_uppercase());
    assert_eq!(domain.fetch(&upper).await, created, "a UUID has no case");

    let error = domain.refused(Operation::Fetch, json!({"key": uuid::Uuid::now_v7()})).await;
    assert_eq!((error.code, error.retryable), (ErrorCode::NotFound, false));
    assert_eq!(error.message, format!("no record of `{}` has this key", domain.template));
    let cases = [
        (json!({"key": "x"}), "key", "must be a UUID such as \"018f2b6e-0000-7000-8000-000000000000\""),
        (json!({"key": null}), "key", "must not be null"),
        (json!({"key": 5}), "key", "must be a string with a UUID"),
        (json!({"key": {"id": id, "code": "x"}}), "key.code", "is not part of the key: id"),
        (json!({"key": id, "limit": 1}), "limit", "cannot stand beside `key`, which names one record"),
        (json!({"key": id, "where": {}}), "where", "cannot stand beside `key`, which names one record"),
    ];
    for (body, field, reason) in cases {
        domain.refused_with(Operation::Fetch, body, ErrorCode::ValidationFailed, &[(field, reason)]).await;
    }
}

async fn filters(domain: Domain) {
    domain.create_letters().await;
    let u = "11111111-1111-4111-8111-111111111111";
    let cases = [
        (json!({}), "abcdef"),
        // Every operator.
        (json!({"number": 2}), "bc"),
        (json!({"number": {"eq": 2}}), "bc"),
        (json!({"number": {"ne": 2}}), "adef"),
        (json!({"number": {"lt": 2}}), "ae"),
        (json!({"number": {"lte": 2}}), "abce"),
        (json!({"number": {"gt": 2}}), "f"),
        (json!({"number": {"gte": 2}}), "bcf"),
        (json!({"number": {"in": [1, -5, 77]}}), "ae"),
        (json!({"number": {"in": [9_223_372_036_854_775_807_i64]}}), "f"),
        (json!({"number": null}), "d"),
        (json!({"number": {"null": true}}), "d"),
        (json!({"number": {"null": false}}), "abcef"),
        (json!({"number": {"eq": null}}), "d"),
        (json!({"number": {"ne": null}}), "abcef"),
        // Several at once are all to hold.
        (json!({"number": {"gte": 1, "lt": 9}}), "abc"),
        (json!({"number": {"gte": 1, "ne": 2}}), "af"),
        (json!({"number": {"null": true, "ne": 2}}), "d"),
        (json!({"number": {"null": true, "eq": 2}}), ""),
        (json!({"number": 2, "flag": false}), "b"),
        (json!({"number": {"gt": 0}, "flag": true, "status": "draft"}), "af"),
        // Prefixes are text, and tell case apart.
        (json!({"name": {"prefix": "Bo"}}), "ce"),
        (json!({"name": {"prefix": "Bo_"}}), "e"),
        (json!({"name": {"prefix": "Bob%"}}), "c"),
        (json!({"name": {"prefix": "%"}}), ""),
        (json!({"name": {"prefix": ".*"}}), ""),
        (json!({"name": {"prefix": "^"}}), ""),
        (json!({"name": {"prefix": "|"}}), ""),
        (json!({"name": {"prefix": "\\"}}), ""),
        (json!({"name": {"prefix": "a"}}), "b"),
        (json!({"name": {"prefix": "Б"}}), "f"),
        (json!({"name": {"prefix": "Ann"}}), "a"),
        (json!({"name": {"prefix": "Annn"}}), ""),
        // Every type that may be filtered.
        (json!({"name": "ann"}), "b"),
        (json!({"name": "Ann "}), ""),
        (json!({"name": {"ne": "ann"}}), "acdef"),
        (json!({"name": {"gt": "Bo"}}), "bcef"),
        (json!({"name": {"in": ["Ann", "ann"]}}), "ab"),
        (json!({"flag": true}), "acf"),
        (json!({"flag": {"ne": true}}), "bde"),
        (json!({"flag": {"in": [true, false]}}), "abcef"),
        (json!({"status": "active"}), "be"),
        (json!({"status": {"ne": "draft"}}), "bce"),
        (json!({"status": {"in": ["closed", "draft"]}}), "acdf"),
        (json!({"ratio": 0.5}), "ae"),
        (json!({"ratio": {"lt": 0.5}}), "bf"),
        (json!({"ratio": {"gt": 1}}), "c"),
        (json!({"ratio": {"ne": 0.5}}), "bcdf"),
        (json!({"amount": "10"}), "a"),
        (json!({"amount": {"lt": "10"}}), "bce"),
        (json!({"amount": {"gte": "9.50"}}), "abf"),
        (json!({"amount": {"ne": "9.5000"}}), "acdef"),
        (json!({"amount": {"in": ["-3.0", "0.0001"]}}), "ce"),
        (json!({"amount": {"gt": "999999999999999999999999999999.9998"}}), "f"),
        (json!({"rating": {"lt": "0"}}), ""),
        (json!({"rating": {"lte": "1.5"}}), "abc"),
        (json!({"reference": u}), "a"),
        (json!({"reference": u.to_uppercase()}), "a"),
        (json!({"reference": {"ne": u}}), "bcdef"),
        (json!({"reference": {"null": false}}), "ab"),
        (json!({"day": "2024-02-29"}), "ae"),
        (json!({"day": {"gt": "2024-02-29"}}), "bf"),
        (json!({"day": {"ne": "2024-02-29"}}), "bcdf"),
        (json!({"hour": "08:30:00.500"}), "b"),
        (json!({"hour": {"gt": "08:30:00"}}), "bcf"),
        (json!({"hour": {"lte": "08:30:00"}}), "ae"),
        (json!({"hour": {"gte": "08:30:00.1", "lt": "08:30:00.6"}}), "b"),
        (json!({"moment": "2024-01-01T00:00:00Z"}), "ae"),
        (json!({"moment": "2024-01-01T01:00:00+01:00"}), "ae"),
        (json!({"moment": {"gt": "2024-01-01T00:00:00Z"}}), "bf"),
        (json!({"moment": {"lt": "2024-01-01T00:00:00Z"}}), "c"),
        (json!({"moment": {"ne": "2024-01-01T00:00:00Z"}}), "bcdf"),
        (json!({"revision": 1}), "abcdef"),
        (json!({"created_at": {"gt": "2020-01-01T00:00:00Z"}}), "abcdef"),
    ];
    for (filter, expected) in &cases {
        let found = domain.letters(filter, json!({"sort": ["code"]})).await;
        assert_eq!(found, *expected, "{filter}");
        let count = domain.ok(Operation::Count, json!({ "where": domain.filter(filter) })).await.count;
        assert_eq!(count, Some(expected.len() as u64), "{filter}");
    }
    // A key may always be filtered by, and many items make one `in`.
    let all = domain.ok(Operation::Fetch, json!({"where": domain.filter(&json!({})), "sort": ["id"]})).await;
    let mut ids: Vec<Value> = all.data.unwrap().as_array().unwrap().iter().map(|r| r["id"].clone()).collect();
    assert_eq!(domain.letters(&json!({"id": {"in": ids[1..4]}}), json!({"sort": ["id"]})).await, "bcd");
    ids.extend((0..494).map(|_| json!(uuid::Uuid::new_v4())));
    assert_eq!(domain.letters(&json!({"id": {"in": ids}}), json!({"sort": ["-id"]})).await, "fedcba");
}

async fn refuses_filters(domain: Domain) {
    let declared = "the template declares code, series, status, flag, number, stock, ratio, amount, rating, name, \
                    reference, day, hour, moment, created_at, revision";
    let operators = "is not an operator: eq, ne, lt, lte, gt, gte, in, prefix and null are";
    let integer = "must be an integer of 64 bits, as a JSON number without a fraction";
    let cases = [
        (json!({"nothing": 1}), "where.nothing", format!("cannot use `nothing`: {declared}")),
        (json!({"note": "x"}), "where.note", format!("cannot use `note`: {declared}")),
        (json!({"place": {}}), "where.place", format!("cannot use `place`: {declared}")),
        (json!({"place.city": "x"}), "where.place.city", format!("cannot use `place.city`: {declared}")),
        (json!({"_id": "x"}), "where._id", format!("cannot use `_id`: {declared}")),
        (json!({"$where": "1"}), "where.$where", format!("cannot use `$where`: {declared}")),
        (json!({"$or": []}), "where.$or", format!("cannot use `$or`: {declared}")),
        (json!({"number": {"$gt": 0}}), "where.number.$gt", operators.into()),
        (json!({"number": {"like": 0}}), "where.number.like", operators.into()),
        (json!({"number": {}}), "where.number", "must have at least one operator".into()),
        (json!({"number": "1"}), "where.number", integer.into()),
        (json!({"number": [1]}), "where.number", integer.into()),
        (json!({"number": {"eq": {"ne": 1}}}), "where.number.eq", integer.into()),
        (json!({"number": {"lt": null}}), "where.number.lt", integer.into()),
        (json!({"number": {"in": 1}}), "where.number.in", "must be an array".into()),
        (json!({"number": {"in": []}}), "where.number.in", "must have from 1 to 500 items".into()),
        (json!({"number": {"in": vec![0; 501]}}), "where.number.in", "must have from 1 to 500 items".into()),
        (json!({"number": {"in": [1, null]}}), "where.number.in", format!("item 1 {integer}")),
        (json!({"number": {"null": 1}}), "where.number.null", "must be true or false".into()),
        (
            json!({"number": {"prefix": "1"}}),
            "where.number.prefix",
            "is for strings, and this is a int".into(),
        ),
        (json!({"name": {"prefix": ""}}), "where.name.prefix", "must be a string that is not empty".into()),
        (json!({"flag": {"lt": true}}), "where.flag.lt", "cannot order true and false".into()),
        (
            json!({"status": "open"}),
            "where.status",
            "must be one of \"draft\", \"active\", \"closed\"".into(),
        ),
        (
            json!({"amount": 1}),
            "where.amount",
            "must be a string with a decimal number, such as \"12.50\"".into(),
        ),
        (
            json!({"name": "x".repeat(201)}),
            "where.name",
            "must be at most 200 characters long, not 201".into(),
        ),
    ];
    for (filter, field, reason) in cases {
        for operation in [Operation::Fetch, Operation::Count] {
            let body = json!({ "where": filter });
            let details = [(field, reason.as_str())];
            domain.refused_with(operation, body, ErrorCode::ValidationFailed, &details).await;
        }
    }
}

async fn sorts(domain: Domain) {
    domain.create_letters().await;
    // Null comes first, ties are in order of creation, whose ids ascend.
    let cases = [
        (json!([]), "abcdef"),
        (json!(["number"]), "deabcf"),
        (json!(["-number"]), "fbcaed"),
        (json!(["-number", "-id"]), "fcbaed"),
        (json!(["number", "-code"]), "deacbf"),
        (json!(["ratio"]), "dbfaec"),
        (json!(["-ratio"]), "caefbd"),
        (json!(["amount"]), "dcebaf"),
        (json!(["-amount"]), "fabecd"),
        (json!(["rating", "-code"]), "dcbafe"),
        (json!(["name"]), "daecbf"),
        (json!(["-name"]), "fbcead"),
        (json!(["status", "-number"]), "becfad"),
        (json!(["-status", "name"]), "dafceb"),
        (json!(["day"]), "dcaebf"),
        (json!(["hour"]), "deabfc"),
        (json!(["moment"]), "dcaebf"),
        (json!(["-moment", "-number"]), "fbaecd"),
        (json!(["-id"]), "fedcba"),
        (json!(["-code"]), "fedcba"),
    ];
    for (sort, expected) in cases {
        assert_eq!(domain.letters(&json!({}), json!({ "sort": sort })).await, expected, "{sort}");
    }
    let declared =
        "the template declares code, status, number, ratio, amount, rating, name, day, hour, moment";
    let refused = [
        (json!(["series"]), format!("cannot use `series`: {declared}")),
        (json!(["nothing"]), format!("cannot use `nothing`: {declared}")),
        (json!(["--number"]), format!("cannot use `-number`: {declared}")),
        (json!([""]), format!("cannot use ``: {declared}")),
        (json!(["number desc"]), format!("cannot use `number desc`: {declared}")),
        (json!(["number", "-number"]), "names `number` twice".into()),
    ];
    for (sort, reason) in refused {
        let details = [("sort", reason.as_str())];
        let body = json!({ "sort": sort });
        domain.refused_with(Operation::Fetch, body, ErrorCode::ValidationFailed, &details).await;
    }
}

async fn walks_pages(domain: Domain) {
    domain.create_letters().await;
    let sorts = [
        json!([]),
        json!(["number"]),
        json!(["-number"]),
        json!(["-number", "-id"]),
        json!(["amount"]),
        json!(["-amount"]),
        json!(["ratio"]),
        json!(["-ratio", "name"]),
        json!(["name"]),
        json!(["-name", "-number"]),
        json!(["day", "-hour"]),
        json!(["-moment", "number"]),
        json!(["status", "-rating", "number", "-name"]),
    ];
    for sort in sorts {
        let whole = domain.letters(&json!({}), json!({ "sort": sort })).await;
        assert_eq!(whole.len(), 6);
        for limit in 1..=6 {
            // The fields of the order need not be among those shown.
            let mut body = json!({"where": domain.filter(&json!({})), "sort": sort, "limit": limit,
                "fields": ["code"], "count": true});
            let mut walked = String::new();
            loop {
                let reply = domain.ok(Operation::Fetch, body.clone()).await;
                assert_eq!(reply.count, Some(6), "the count is of all pages");
                let page = reply.data.unwrap();
                let page = page.as_array().unwrap();
                assert!(page.len() <= limit && page.iter().all(|record| object(record).len() == 1));
                walked.extend(page.iter().map(|record| domain.letter(record)));
                let Some(next) = reply.next else { break };
                assert_eq!(page.len(), limit, "a page with a next one is full");
                assert!(walked.len() < 6, "{sort} by {limit}: a page follows the last");
                body["after"] = json!(next);
            }
            assert_eq!(walked, whole, "{sort} by {limit}");
        }
    }
    // The cursor of one order is none of another, nor is anything else.
    let body = json!({"where": domain.filter(&json!({})), "sort": ["number"], "limit": 1});
    let next = domain.ok(Operation::Fetch, body).await.next.unwrap();
    let cases = [
        json!({"sort": ["-number"], "after": next}),
        json!({"sort": ["number", "code"], "after": next}),
        json!({"after": next}),
        json!({"sort": ["number"], "after": ""}),
        json!({"sort": ["number"], "after": "x"}),
        json!({"sort": ["number"], "after": &next[..next.len() - 4]}),
    ];
    for body in cases {
        let details = [("after", "must be the `next` of a reply to the same `sort`")];
        domain.refused_with(Operation::Fetch, body, ErrorCode::ValidationFailed, &details).await;
    }
}

/// What only MariaDB may hold, and no client can send: it is read, paged over, and not changed by an update of
/// something else.
#[tokio::test]
async fn old_records_of_mariadb_are_read_and_kept() {
    let domain = Domain::mariadb().await;
    domain.create_letters().await;
    let sql = |text: String| domain.site.stack.mariadb_query(Some("catalog"), &text).unwrap();
    let of_series = format!("series = '{}'", domain.series);
    sql(format!(
        "update sample set day = if(stock % 2 = 0, '0000-00-00', day), flag = 2, \
                extra = '{{\"n\": 12345678901234567890123, \"m\":1.10}}' where {of_series}"
    ));
    sql(format!(
        "update sample set day = '0000-00-00', moment = '0000-00-00' where {of_series} order by code limit 3"
    ));
    sql(format!("update sample set day = null, moment = null where {of_series} order by code desc limit 2"));

    for sort in ["day", "-day", "moment", "-moment", "status", "-status"] {
        let mut body =
            json!({"where": domain.filter(&json!({})), "sort": [sort], "limit": 1, "fields": ["code"]});
        let mut seen = std::collections::BTreeSet::new();
        loop {
            let reply = domain.ok(Operation::Fetch, body.clone()).await;
            let code = reply.data.unwrap()[0]["code"].as_str().unwrap().to_owned();
            assert!(seen.insert(code.clone()), "{sort}: {code} comes twice");
            let Some(next) = reply.next else { break };
            body["after"] = json!(next);
        }
        assert_eq!(seen.len(), 6, "{sort}: {seen:?}");
    }

    let first =
        domain.ok(Operation::Fetch, json!({"where": domain.filter(&json!({})), "sort": ["code"]})).await;
    let first = &first.data.unwrap()[0];
    assert_eq!((&first["day"], &first["flag"]), (&json!(null), &json!(true)));
    domain.ok(Operation::Update, json!({"key": first["id"], "data": {"number": 77}})).await;
    let kept =
        sql(format!("select number, day, flag, extra from sample where {of_series} order by code limit 1"));
    assert_eq!(kept.trim(), "77\t0000-00-00\t2\t{\"n\": 12345678901234567890123, \"m\":1.10}");
}

async fn projects(domain: Domain) {
    let created = domain.create(json!({"name": "Ann", "number": null, "place": {"city": "X"}})).await;
    let fields = json!(["place", "name", "number"]);
    let by_key = json!({"key": created["id"], "fields": fields});
    let by_filter = json!({"where": {"code": created["code"]}, "fields": fields});
    let one = r#"{"place":{"city":"X"},"name":"Ann","number":null}"#;
    for (body, expected) in [
        (by_key, format!(r#"{{"ok":true,"data":{one}}}"#)),
        (by_filter, format!(r#"{{"ok":true,"data":[{one}]}}"#)),
    ] {
        let request = Request::new(domain.template, Operation::Fetch, &body);
        let reply = domain.client.execute_raw(request).await.unwrap();
        assert_eq!(String::from_utf8(reply.body).unwrap(), expected, "in the order asked for");
    }
    let whole = domain.fetch(&created["id"]).await;
    let all = domain.ok(Operation::Describe, json!({})).await.data.unwrap();
    let names: Vec<_> = object(&all["fields"]).keys().collect();
    assert_eq!(object(&whole).keys().collect::<Vec<_>>(), names, "without a projection all fields are there");

    let missing = format!("names `nothing`, which `{}` does not have", domain.template);
    for (fields, reason) in [
        (json!(["nothing"]), missing.as_str()),
        (json!(["name", "name"]), "names `name` twice"),
        (json!([]), "must name at least one field"),
    ] {
        for body in [json!({"fields": fields}), json!({"key": created["id"], "fields": fields})] {
            domain
                .refused_with(Operation::Fetch, body, ErrorCode::ValidationFailed, &[("fields", reason)])
                .await;
        }
    }
}

async fn bounds_the_limit(domain: Domain) {
    let records: Vec<Value> = (0..101).map(|_| domain.record(json!({}))).collect();
    domain.ok(Operation::Create, json!({ "data": records })).await;
    let filter = domain.filter(&json!({}));
    for (limit, expected) in [(None, 10), (Some(1), 1), (Some(100), 100)] {
        let mut body = json!({ "where": filter });
        if let Some(limit) = limit {
            body["limit"] = json!(limit);
        }
        let reply = domain.ok(Operation::Fetch, body).await;
        assert_eq!(reply.data.unwrap().as_array().unwrap().len(), expected, "{limit:?}");
        assert!(reply.next.is_some());
    }
    for limit in [0_u32, 101, u32::MAX] {
        let body = json!({"where": filter, "limit": limit});
        let details = [("limit", "must be from 1 to 100")];
        domain.refused_with(Operation::Fetch, body, ErrorCode::ValidationFailed, &details).await;
    }
}

async fn counts(domain: Domain) {
    assert_eq!(domain.count().await, 0);
    let empty = domain.ok(Operation::Fetch, json!({"where": domain.filter(&json!({})), "count": true})).await;
    assert_eq!((empty.data, empty.count, empty.next), (Some(json!([])), Some(0), None));
    domain.create_letters().await;
    assert_eq!(domain.count().await, 6);
    for (count, expected) in [(json!(true), Some(6)), (json!(false), None)] {
        let body = json!({"where": domain.filter(&json!({})), "limit": 2, "count": count});
        let reply = domain.ok(Operation::Fetch, body).await;
        assert_eq!((reply.count, reply.data.unwrap().as_array().unwrap().len()), (expected, 2));
    }
    let all = domain.ok(Operation::Count, json!({})).await.count.unwrap();
    assert!(all >= 6, "a count without a filter counts every record");
}

/// Values that must come back as they were sent, or as the second says.
fn values(keeps_microseconds: bool) -> Vec<(&'static str, Value, Value)> {
    let same = [
        ("flag", json!(true)),
        ("flag", json!(false)),
        ("number", json!(0)),
        ("number", json!(i64::MIN)),
        ("number", json!(i64::MAX)),
        ("number", json!(9_007_199_254_740_993_i64)),
        ("stock", json!(1000)),
        ("ratio", json!(0.1)),
        ("ratio", json!(-0.0)),
        ("ratio", json!(f64::MAX)),
        ("ratio", json!(f64::MIN)),
        ("ratio", json!(5e-324)),
        ("ratio", json!(1.234_567_890_123_456_7)),
        ("amount", json!("12.5000")),
        ("amount", json!("-0.0001")),
        ("amount", json!("999999999999999999999999999999.9999")),
        ("amount", json!("-999999999999999999999999999999.9999")),
        ("rating", json!("10.0")),
        ("status", json!("closed")),
        ("name", json!("")),
        ("name", json!(" a ")),
        ("name", json!("'; drop table sample; --")),
        ("name", json!("\" ' ` \\ \\' \\\" \\n % _ $ { } ${x} $where")),
        ("name", json!("line\nline\r\n\ttab\u{8}\u{c}\u{0}end")),
        ("name", json!("Ünïcödé Ελληνικά 中文 עברית 👩‍👩‍👧 \u{10ffff} e\u{301}")),
        ("name", json!("🦀".repeat(200))),
        ("note", json!("🦀".repeat(20_000))),
        ("note", json!("")),
        ("content", json!("")),
        ("content", json!("AP8A/+8=")),
        ("content", json!("A".repeat(400))),
        ("reference", json!("00000000-0000-0000-0000-000000000000")),
        ("reference", json!("ffffffff-ffff-ffff-ffff-ffffffffffff")),
        ("day", json!("0001-01-01")),
        ("day", json!("1582-10-10")),
        ("day", json!("9999-12-31")),
        ("hour", json!("00:00:00")),
        ("hour", json!("23:59:59.999999")),
        ("hour", json!("08:30:00.5")),
        ("moment", json!("0001-01-01T00:00:00Z")),
        ("moment", json!("1969-12-31T23:59:59.999Z")),
        ("moment", json!("9999-12-31T23:59:59.999Z")),
        ("extra", json!({})),
        ("extra", json!([])),
        ("extra", json!("text")),
        ("extra", json!(0)),
        ("extra", json!(false)),
        ("extra", json!([1, -2.5, null, true, {"b": "ü", "a": [[], {}]}, "🦀"])),
        ("extra", json!({"$where": "1", "a.b": {"$ne": null}, "": 0, "'": "\"", "\\": "\n"})),
        ("extra", json!({"min": i64::MIN, "max": i64::MAX, "float": 1e300, "one": 1.5})),
        ("tags", json!([])),
        ("tags", json!(["", "b", "b", "ü", "🦀"])),
        ("place", json!({"city": "Ålesund"})),
        ("place", json!({"city": "", "zip": null, "floor": -1})),
    ];
    let changed = [
        // One value has one spelling.
        ("amount", json!("12.5"), json!("12.5000")),
        ("amount", json!("007"), json!("7.0000")),
        ("amount", json!("-0"), json!("0.0000")),
        ("rating", json!("-0.0"), json!("0.0")),
        ("rating", json!("9"), json!("9.0")),
        (
            "reference",
            json!("ABCDEFAB-CDEF-4BCD-8FAB-CDEFABCDEFAB"),
            json!("abcdefab-cdef-4bcd-8fab-cdefabcdefab"),
        ),
        ("hour", json!("08:30:00.500000"), json!("08:30:00.5")),
        ("hour", json!("08:30:00.1234567"), json!("08:30:00.123456")),
        ("moment", json!("2024-05-06T09:08:09+02:00"), json!("2024-05-06T07:08:09Z")),
        ("moment", json!("2024-05-06T07:08:09.500Z"), json!("2024-05-06T07:08:09.5Z")),
        ("extra", Value::Null, Value::Null),
        (
            "moment",
            json!("2024-05-06T07:08:09.123456789Z"),
            json!(if keeps_microseconds {
                "2024-05-06T07:08:09.123456Z"
            } else {
                "2024-05-06T07:08:09.123Z"
            }),
        ),
    ];
    same.into_iter().map(|(field, value)| (field, value.clone(), value)).chain(changed).collect()
}

/// Collects what is not as expected, so that one run shows all of it.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare(&mut self, what: &str, found: &Value, expected: &Value) {
        if found != expected {
            let (mut found, mut expected) = (found.to_string(), expected.to_string());
            for text in [&mut found, &mut expected] {
                *text = text.chars().take(120).collect();
            }
            self.0.push(format!("{what}: {found} instead of {expected}"));
        }
    }

    #[track_caller]
    fn check(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

async fn keeps_values_created(domain: Domain) {
    let mut differences = Differences::default();
    for (field, value, expected) in values(domain.keeps_microseconds) {
        let body = json!({ "data": domain.record(json!({ field: value })) });
        match domain.try_request(Operation::Create, &body).await {
            Ok(reply) => {
                let created = reply.data.unwrap();
                differences.compare(&format!("`{field}` in the reply"), &created[field], &expected);
                let fetched = domain.fetch(&created["id"]).await;
                differences.compare(&format!("`{field}` as fetched"), &fetched[field], &expected);
            }
            Err(error) => differences.0.push(format!("`{field}` {value:.100}: {error}")),
        }
    }
    differences.check();
}

async fn keeps_values_updated(domain: Domain) {
    let created = domain.create(json!({})).await;
    let id = &created["id"];
    let mut differences = Differences::default();
    for (field, value, expected) in values(domain.keeps_microseconds) {
        let body = json!({"key": id, "data": { field: value }});
        if let Err(error) = domain.try_request(Operation::Update, &body).await {
            differences.0.push(format!("`{field}` {value:.100}: {error}"));
        }
        differences.compare(&format!("`{field}`"), &domain.fetch(id).await[field], &expected);
    }
    differences.check();
}

async fn updates_what_is_named(domain: Domain) {
    let full = json!({"number": 1, "ratio": 0.5, "amount": "1.0000", "rating": "1.0", "name": "Ann", "note": "n",
        "flag": true, "content": "AAEC", "reference": "11111111-1111-4111-8111-111111111111",
        "day": "2024-02-29", "hour": "08:30:00", "moment": "2024-01-01T00:00:00Z", "extra": {"a": [1]},
        "tags": ["x", "y"], "place": {"city": "X", "floor": 2}, "status": "active", "stock": 5});
    let mut expected = domain.create(full.clone()).await;
    let id = expected["id"].clone();
    let other = domain.create(full).await;
    let changes = [
        json!({"number": 2}),
        json!({"name": "Bob", "flag": false}),
        json!({"tags": [], "place": {"city": "Y"}}),
        json!({"extra": {"b": 2}}),
        // To null, field by field and back.
        json!({"number": null, "amount": null, "tags": null, "place": null, "extra": null, "name": null}),
        json!({"number": 3, "name": "Carl"}),
        // To what it is already.
        json!({"name": "Carl"}),
    ];
    for (change, version) in changes.into_iter().zip(2..) {
        let reply = domain.ok(Operation::Update, json!({"key": id, "data": change})).await;
        assert_eq!(reply.data, Some(json!({"id": id, "revision": version})), "{change}");
        for (name, value) in object(&change) {
            expected[name] = value.clone();
        }
        expected["revision"] = json!(version);
        assert_eq!(domain.fetch(&id).await, expected, "{change}");
    }
    let by_object = json!({"key": {"id": id}, "data": {"number": 4}});
    domain.ok(Operation::Update, by_object).await;
    assert_eq!(domain.fetch(&other["id"]).await, other, "another record stays as it was");
}

async fn updates_at_a_version(domain: Domain) {
    let created = domain.create(json!({"number": 1})).await;
    let id = &created["id"];
    let update =
        |number: i64, version: i64| json!({"key": id, "data": {"number": number}, "if_version": version});
    let reply = domain.ok(Operation::Update, update(2, 1)).await;
    assert_eq!(reply.data, Some(json!({"id": id, "revision": 2})));
    for version in [1, 3, 0, -1, i64::MAX] {
        let error = domain.refused(Operation::Update, update(9, version)).await;
        assert_eq!((error.code, error.retryable), (ErrorCode::VersionMismatch, false));
        let expected = format!("the record of `{}` is not at version {version}", domain.template);
        assert_eq!(error.message, expected);
    }
    let now = domain.fetch(id).await;
    assert_eq!((&now["number"], &now["revision"]), (&json!(2), &json!(2)));
    let missing = json!({"key": uuid::Uuid::now_v7(), "data": {"number": 1}, "if_version": 1});
    assert_eq!(domain.refused(Operation::Update, missing).await.code, ErrorCode::NotFound);

    // Of several at the same version one wins.
    let (domain, racing) = (&domain, |number: i64| update(100 + number, 2));
    let racers = (0..8).map(|number| async move {
        (number, Domain::outcome(&domain.try_request(Operation::Update, &racing(number)).await))
    });
    let outcomes = futures_util::future::join_all(racers).await;
    let won: Vec<_> = outcomes.iter().filter(|(_, code)| code.is_none()).map(|(number, _)| *number).collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    for (_, code) in outcomes.iter().filter(|(_, code)| code.is_some()) {
        // A write that gave way to another is told to try again.
        assert!(matches!(code, Some(ErrorCode::VersionMismatch | ErrorCode::Conflict)), "{outcomes:?}");
    }
    let now = domain.fetch(id).await;
    assert_eq!((&now["number"], &now["revision"]), (&json!(100 + won[0]), &json!(3)));
}

async fn refuses_updates(domain: Domain) {
    let created = domain.create(json!({"number": 1})).await;
    let id = &created["id"];
    let unknown = format!("is not a field of `{}`", domain.template);
    let cases = [
        (json!({"code": "other"}), "code", "cannot be changed"),
        (json!({"id": id}), "id", "is part of the key and cannot be changed"),
        (json!({"created_at": "2024-01-01T00:00:00Z"}), "created_at", "is generated: leave it out"),
        (json!({"revision": 5}), "revision", "counts the changes of a record: send it as `if_version`"),
        (json!({"status": null}), "status", "must not be null"),
        (json!({"stock": 1001}), "stock", "must be at most 1000"),
        (json!({"nothing": 1}), "nothing", unknown.as_str()),
        (json!({}), "data", "must name at least one field to change"),
    ];
    for (data, field, reason) in cases {
        let body = json!({"key": id, "data": data});
        domain.refused_with(Operation::Update, body, ErrorCode::ValidationFailed, &[(field, reason)]).await;
    }
    // One mistake spoils the whole change.
    let error =
        domain.refused(Operation::Update, json!({"key": id, "data": {"number": 2, "stock": -1}})).await;
    assert_eq!(error.code, ErrorCode::ValidationFailed);
    let error =
        domain.refused(Operation::Update, json!({"key": uuid::Uuid::now_v7(), "data": {"number": 1}})).await;
    assert_eq!(error.code, ErrorCode::NotFound);
    assert_eq!(domain.fetch(id).await, created);
}

async fn deletes(domain: Domain) {
    let created = domain.create(json!({})).await;
    let kept = domain.create(json!({})).await;
    let id = &created["id"];
    for version in [0, 2] {
        let error = domain.refused(Operation::Delete, json!({"key": id, "if_version": version})).await;
        assert_eq!(error.code, ErrorCode::VersionMismatch);
    }
    let reply = domain.ok(Operation::Delete, json!({"key": id, "if_version": 1})).await;
    assert_eq!(reply.data, Some(json!({ "id": id })));
    for (operation, body) in [
        (Operation::Fetch, json!({ "key": id })),
        (Operation::Delete, json!({ "key": id })),
        (Operation::Delete, json!({"key": id, "if_version": 1})),
        (Operation::Update, json!({"key": id, "data": {"number": 1}})),
    ] {
        assert_eq!(domain.refused(operation, body).await.code, ErrorCode::NotFound);
    }
    assert_eq!(domain.fetch(&kept["id"]).await, kept);
    domain.ok(Operation::Delete, json!({"key": {"id": kept["id"]}})).await;
    assert_eq!(domain.count().await, 0);
    // What is gone leaves its unique value free.
    domain.create(json!({"code": created["code"]})).await;
}

async fn refuses_duplicates(domain: Domain) {
    let created = domain.create(json!({"number": 1})).await;
    let body = json!({"data": domain.record(json!({"code": created["code"], "number": 2}))});
    let error = domain.refused(Operation::Create, body.clone()).await;
    assert_eq!((error.code, error.retryable), (ErrorCode::Conflict, false));
    assert_eq!(error.message, format!("a record of `{}` with this value exists already", domain.template));
    domain
        .refused_with(Operation::Create, body, ErrorCode::Conflict, &[("code", "is taken by another record")])
        .await;
    // Codes tell case apart, and trailing characters.
    domain.create(json!({"code": created["code"].as_str().unwrap().to_uppercase()})).await;
    assert_eq!(domain.count().await, 2);
    assert_eq!(domain.fetch(&created["id"]).await, created);
}

async fn answers_with_headers(domain: Domain) {
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
            // Without a message id the correlation id names the request.
            assert_eq!(reply.json()["error"]["request_id"], correlation_id);
        }
    }
    // A message id names it better.
    let properties = wire.properties("4").with_message_id("0191".into());
    let reply = wire.request(&key("fetch"), missing.as_bytes(), properties).await;
    assert_eq!(reply.json()["error"]["request_id"], "0191");
    // Without a correlation id the reply has none; a content type may have parameters, or be missing.
    let bare = BasicProperties::default().with_reply_to(wire.queue.clone());
    for properties in [bare.clone(), bare.with_content_type("application/json; charset=utf-8".into())] {
        let reply = wire.request(&key("describe"), b"{}", properties).await;
        assert_eq!((reply.correlation_id(), reply.header("beds-status").as_deref()), (None, Some("ok")));
    }
}

async fn checks_the_template_hash(domain: Domain) {
    let hash =
        domain.ok(Operation::Describe, json!({})).await.data.unwrap()["hash"].as_str().unwrap().to_owned();
    let create = || Request::create(domain.template, &domain.record(json!({})));
    domain.client.execute(create().template_hash(&hash)).await.unwrap();
    for wrong in ["0000000000000000", "", &hash.to_uppercase().replace(char::is_numeric, "x")] {
        let result = domain.client.execute(create().template_hash(wrong)).await;
        let error = Domain::expect_refused(&json!(wrong), result);
        assert_eq!(error.code, ErrorCode::TemplateMismatch, "{error}");
        let expected =
            format!("the client was built for `{}` as {wrong}, and the node serves {hash}", domain.template);
        assert_eq!(error.message, expected);
    }
    assert_eq!(domain.count().await, 1);
}

async fn keeps_deadlines(domain: Domain) {
    let mut wire = Wire::connect(&domain.site.stack.amqp_url()).await;
    let body = json!({ "data": domain.record(json!({})) }).to_string();
    let key = format!("{}.create", domain.template);
    for (at, status) in [
        (AMQPValue::LongLongInt(unix_ms() - 1), "deadline_exceeded"),
        (AMQPValue::LongLongInt(0), "deadline_exceeded"),
        (AMQPValue::LongLongInt(i64::MIN), "deadline_exceeded"),
        (AMQPValue::LongInt(1), "deadline_exceeded"),
        (AMQPValue::LongString((unix_ms() - 1000).to_string().into()), "deadline_exceeded"),
        (AMQPValue::LongString("soon".into()), "bad_request"),
        (AMQPValue::Double(1e12), "bad_request"),
        (AMQPValue::Boolean(true), "bad_request"),
    ] {
        let properties = with_header(wire.properties("1"), "beds-deadline", at.clone());
        let reply = wire.request(&key, body.as_bytes(), properties).await;
        assert_eq!(reply.header("beds-status").as_deref(), Some(status), "{at:?}");
    }
    assert_eq!(domain.count().await, 0, "nothing was done for nobody");
    let soon = unix_ms() + 30_000;
    for at in [AMQPValue::LongLongInt(soon), AMQPValue::LongString(soon.to_string().into()), AMQPValue::Void]
    {
        let properties = with_header(wire.properties("1"), "beds-deadline", at.clone());
        let reply = wire.request(&format!("{}.count", domain.template), b"{}", properties).await;
        assert_eq!(reply.header("beds-status").as_deref(), Some("ok"), "{at:?}");
    }
}

async fn serves_many_at_a_time(domain: Domain) {
    let begun = SystemTime::now();
    let requests = (0..200).map(|number| domain.create(json!({ "number": number })));
    let created = futures_util::future::join_all(requests).await;
    let fetched =
        futures_util::future::join_all(created.iter().map(|record| domain.fetch(&record["id"]))).await;
    assert_eq!(fetched, created, "every answer is that of its own request");
    assert_eq!(domain.count().await, 200);
    let numbers: std::collections::BTreeSet<_> =
        fetched.iter().map(|record| record["number"].as_i64()).collect();
    assert_eq!(numbers.len(), 200, "after {:?}", begun.elapsed());
}

/// Lookups that wait together become one statement, of which each requester must notice nothing.
async fn gives_every_requester_its_record(domain: Domain) {
    let mut created = Vec::new();
    for number in 0..40 {
        created.push(domain.create(json!({ "number": number })).await);
    }
    domain.spoil(created[7]["id"].as_str().unwrap()).await;
    let wanted: Vec<Value> = (0..600)
        .map(|turn| match turn % 5 {
            0 => json!(uuid::Uuid::now_v7()),
            _ => created[turn * 7 % created.len()]["id"].clone(),
        })
        .collect();
    let bodies: Vec<Value> = wanted.iter().map(|key| json!({ "key": key })).collect();
    let requests = bodies.iter().map(|body| domain.try_request(Operation::Fetch, body));
    let answers = futures_util::future::join_all(requests).await;
    for (key, answer) in wanted.iter().zip(answers) {
        match created.iter().position(|record| record["id"] == *key) {
            Some(7) => assert_eq!(Domain::expect_refused(key, answer).code, ErrorCode::Internal, "{key}"),
            Some(place) => assert_eq!(Domain::expect_ok(key, answer).data, Some(created[place].clone())),
            None => assert_eq!(Domain::expect_refused(key, answer).code, ErrorCode::NotFound, "{key}"),
        }
    }
}

/// Moments finer than an engine keeps compare with what it keeps, on both sides of 1970.
async fn compares_moments_exactly(domain: Domain) {
    let created = domain.create(json!({"moment": "2024-01-01T00:00:00Z"})).await;
    let between = "2024-01-01T00:00:00.0001Z";
    let holds = [("gte", false), ("gt", false), ("lt", true), ("lte", true), ("eq", false), ("ne", true)];
    for (operator, expected) in holds {
        let body = json!({"where": {"series": domain.series, "moment": {operator: between}}});
        let found = domain.ok(Operation::Count, body).await;
        assert_eq!(found.count, Some(u64::from(expected)), "{operator} {between}");
    }
    let either = json!({"where": {"series": domain.series, "moment": {"in": [between, created["moment"]]}}});
    assert_eq!(domain.ok(Operation::Count, either).await.count, Some(1));

    let early = json!("1969-12-31T23:59:59.9999Z");
    let kept = json!(if domain.keeps_microseconds {
        "1969-12-31T23:59:59.9999Z"
    } else {
        "1969-12-31T23:59:59.999Z"
    });
    let id = domain.create(json!({ "moment": early })).await["id"].clone();
    assert_eq!(domain.fetch(&id).await["moment"], kept, "as created");
    domain.ok(Operation::Update, json!({"key": id, "data": {"moment": early}})).await;
    assert_eq!(domain.fetch(&id).await["moment"], kept, "as updated");
}

/// An error reply stays short, however much is wrong and however long its name is.
async fn names_some_of_many_mistakes(domain: Domain) {
    let mut record: Map<String, Value> = (0..5_000).map(|number| (format!("a{number}"), json!(1))).collect();
    record.insert("x".repeat(50_000), json!(1));
    let error = domain.refused(Operation::Create, json!({ "data": record })).await;
    let expected = format!("5003 fields are not as `{}` asks for; the first 100 are named", domain.template);
    assert_eq!((error.message, error.details.len()), (expected, 100));
    let name = "x".repeat(50_000);
    let error = domain.refused(Operation::Fetch, json!({"where": {&name: 1}, "sort": [&name]})).await;
    for detail in &error.details {
        assert!(detail.field.chars().count() <= 401 && detail.reason.chars().count() <= 401);
    }
}

/// What is not alike in two descriptions of the same thing: names, not promises.
fn promises(mut description: Value) -> Value {
    for name in ["template", "description", "hash"] {
        assert!(description[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        description[name] = Value::Null;
    }
    description
}

#[tokio::test]
async fn twins_describe_themselves_alike() {
    let (row, document) = (Domain::mariadb().await, Domain::mongodb().await);
    let row = promises(row.ok(Operation::Describe, json!({})).await.data.unwrap());
    let document = promises(document.ok(Operation::Describe, json!({})).await.data.unwrap());
    assert_eq!(row, document);
    assert_eq!(row["operations"], json!(["fetch", "count", "create", "update", "delete", "describe"]));
    assert_eq!(row["key"], json!(["id"]));
    assert_eq!(row["fetch"]["limit"], json!({"default": 10, "max": 100}));
    assert_eq!(row["calls"], json!({}));
    let fields = [
        ("id", json!({"type": "uuid", "immutable": true, "generated": "uuid_v7"})),
        (
            "code",
            json!({"type": "string", "min": 0, "max": 60, "pattern": "[A-Za-z0-9-]+", "required": true,
                        "unique": true, "immutable": true}),
        ),
        ("status", json!({"type": "enum", "values": ["draft", "active", "closed"], "default": "draft"})),
        ("stock", json!({"type": "int", "min": 0, "max": 1000, "default": 0})),
        ("amount", json!({"type": "decimal", "precision": 34, "scale": 4, "nullable": true})),
        (
            "rating",
            json!({"type": "decimal", "precision": 3, "scale": 1, "min": "0", "max": "10", "nullable": true}),
        ),
        ("revision", json!({"type": "int", "version": true})),
        ("created_at", json!({"type": "datetime", "generated": "now"})),
    ];
    for (name, expected) in fields {
        let mut found = row["fields"][name].clone();
        object(&found).get("description").unwrap_or_else(|| panic!("{name} is described"));
        found.as_object_mut().unwrap().remove("description");
        assert_eq!(found, expected, "{name}");
    }
    let members: Vec<_> = object(&row["fields"]["place"]["fields"]).keys().map(String::as_str).collect();
    assert_eq!(members, ["city", "zip", "floor"], "in the template's order");
}
