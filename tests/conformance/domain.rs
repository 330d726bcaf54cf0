//! One of the twin templates, as a client sees it.

use std::time::Duration;

use beds_client::{Client, ClientError};
use beds_protocol::{ErrorBody, ErrorCode, Operation, Reply};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Binary, Document, doc, spec::BinarySubtype};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, MySqlConnection};

use crate::common::{Shared, shared, unique};

/// One of the twin templates, and a series of records that only one case uses.
pub(crate) struct Domain {
    pub(crate) template: &'static str,
    /// Whether times keep microseconds; otherwise they keep milliseconds.
    pub(crate) keeps_microseconds: bool,
    pub(crate) series: String,
    pub(crate) client: Client,
    pub(crate) site: Shared,
}

impl Domain {
    pub(crate) async fn mariadb() -> Self {
        Self::new("sample_row", true).await
    }

    pub(crate) async fn mongodb() -> Self {
        Self::new("sample_document", false).await
    }

    async fn new(template: &'static str, keeps_microseconds: bool) -> Self {
        let site = shared().await;
        Self { template, keeps_microseconds, series: unique("s"), client: site.client().await, site }
    }

    /// A request that a slow server refuses is repeated, as clients do.
    pub(crate) async fn try_request(
        &self,
        operation: Operation<'_>,
        body: &Value,
    ) -> Result<Reply, ClientError> {
        loop {
            let answer = self.client.request(self.template, operation, body).await;
            let is_overloaded = |error: &ClientError| error.code() == Some(ErrorCode::Overloaded);
            if !answer.as_ref().is_err_and(is_overloaded) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Stores a value that the wire cannot show in a record. Returns the field's name.
    pub(crate) async fn spoil(&self, id: &str) -> &'static str {
        let stack = &self.site.stack;
        if self.keeps_microseconds {
            let mut connection = MySqlConnection::connect(&stack.mariadb_url()).await.unwrap();
            let update = sqlx::query("update catalog.sample set hour = '100:00:00' where id = ?").bind(id);
            assert_eq!(update.execute(&mut connection).await.unwrap().rows_affected(), 1);
            "hour"
        } else {
            let client = mongodb::Client::with_uri_str(stack.mongodb_url()).await.unwrap();
            let samples = client.database("journal").collection::<Document>("samples");
            let bytes = id.parse::<uuid::Uuid>().unwrap().as_bytes().to_vec();
            let key = Binary { subtype: BinarySubtype::Uuid, bytes };
            let update = samples.update_one(doc! {"_id": key}, doc! {"$set": {"number": "text"}});
            assert_eq!(update.bypass_document_validation(true).await.unwrap().modified_count, 1);
            "number"
        }
    }

    /// The codes of the series in the database's own order: by a field, nulls first or last, then by id in the same
    /// direction.
    pub(crate) async fn own_order(&self, field: &str, descending: bool) -> Vec<String> {
        let stack = &self.site.stack;
        if self.keeps_microseconds {
            // An enum is ordered by its texts.
            let column = if field == "status" { "cast(status as char)" } else { field };
            let direction = if descending { "desc" } else { "asc" };
            let sql = format!(
                "select code from catalog.sample where series = ? order by {column} {direction}, id {direction}"
            );
            let mut connection = MySqlConnection::connect(&stack.mariadb_url()).await.unwrap();
            let query = sqlx::query_scalar::<_, Vec<u8>>(&sql).bind(&self.series);
            let codes = query.fetch_all(&mut connection).await.unwrap();
            // sqlx takes text with a binary collation for bytes.
            codes.into_iter().map(|code| String::from_utf8(code).unwrap()).collect()
        } else {
            let client = mongodb::Client::with_uri_str(stack.mongodb_url()).await.unwrap();
            let samples = client.database("journal").collection::<Document>("samples");
            let direction = if descending { -1 } else { 1 };
            let order = doc! {field: direction, "_id": direction};
            let found = samples.find(doc! {"series": &self.series}).sort(order).await.unwrap();
            let documents: Vec<Document> = found.try_collect().await.unwrap();
            documents.iter().map(|document| document.get_str("code").unwrap().to_owned()).collect()
        }
    }

    #[track_caller]
    pub(crate) fn expect_ok(what: &Value, result: Result<Reply, ClientError>) -> Reply {
        match result {
            Ok(reply) => reply,
            Err(error) => panic!("{what}: {error}"),
        }
    }

    #[track_caller]
    pub(crate) fn expect_refused(what: &Value, result: Result<Reply, ClientError>) -> ErrorBody {
        match result {
            Err(ClientError::Refused(error)) => *error,
            other => panic!("{what}: {other:?}"),
        }
    }

    /// The code of a failure.
    pub(crate) fn outcome(result: &Result<Reply, ClientError>) -> Option<ErrorCode> {
        match result {
            Ok(_) => None,
            Err(error) => Some(error.code().unwrap_or_else(|| panic!("{error}"))),
        }
    }

    /// The reply to a request that must succeed.
    pub(crate) async fn ok(&self, operation: Operation<'_>, body: Value) -> Reply {
        Self::expect_ok(&body, self.try_request(operation, &body).await)
    }

    /// The error of a request that must fail.
    pub(crate) async fn refused(&self, operation: Operation<'_>, body: Value) -> ErrorBody {
        let error = Self::expect_refused(&body, self.try_request(operation, &body).await);
        assert!(!error.request_id.is_empty());
        error
    }

    /// A request that must fail with this code and these fields and reasons.
    pub(crate) async fn refused_with(
        &self,
        operation: Operation<'_>,
        body: Value,
        code: ErrorCode,
        details: &[(&str, &str)],
    ) {
        let error = self.refused(operation, body.clone()).await;
        let found: Vec<_> =
            error.details.iter().map(|detail| (detail.field.as_str(), detail.reason.as_str())).collect();
        assert_eq!((error.code, found.as_slice()), (code, details), "{body}");
    }

    /// A record with the members that every new record needs, and these.
    pub(crate) fn record(&self, more: Value) -> Value {
        let mut record = Map::from_iter([
            ("code".to_owned(), json!(unique("c"))),
            ("series".to_owned(), json!(self.series)),
        ]);
        let Value::Object(more) = more else { panic!("{more} is no record") };
        record.extend(more);
        record.into()
    }

    /// Creates a record with these members, and returns the reply's `data`.
    pub(crate) async fn create(&self, more: Value) -> Value {
        self.ok(Operation::Create, json!({ "data": self.record(more) })).await.data.unwrap()
    }

    pub(crate) async fn fetch(&self, key: &Value) -> Value {
        self.ok(Operation::Fetch, json!({ "key": key })).await.data.unwrap()
    }

    pub(crate) async fn count(&self) -> u64 {
        self.ok(Operation::Count, json!({ "where": { "series": self.series } })).await.count.unwrap()
    }

    /// `where` within the series of this case.
    pub(crate) fn filter(&self, more: &Value) -> Value {
        let mut filter = more.as_object().unwrap().clone();
        filter.insert("series".into(), json!(self.series));
        filter.into()
    }

    /// The letters of the records that a fetch within the series returns, in their order.
    pub(crate) async fn letters(&self, filter: &Value, mut body: Value) -> String {
        body["where"] = self.filter(filter);
        let reply = self.ok(Operation::Fetch, body).await;
        reply.data.unwrap().as_array().unwrap().iter().map(|record| self.letter(record)).collect()
    }

    /// The letter of one of [`letters`]: the end of its code.
    pub(crate) fn letter(&self, record: &Value) -> char {
        let code = record["code"].as_str().unwrap();
        assert!(code.starts_with(&self.series), "{code} is of another series");
        code.chars().last().unwrap()
    }

    /// Creates the records for the tests of filters, orders and pages. Their codes end with the letters a to f, in this
    /// order.
    pub(crate) async fn create_letters(&self) {
        let mut records = letters();
        for (record, letter) in records.iter_mut().zip('a'..) {
            record["code"] = json!(format!("{}-{letter}", self.series));
            record["series"] = json!(self.series);
        }
        self.ok(Operation::Create, json!({ "data": records })).await;
    }
}

/// Values with ties and nulls in every field that allows sorting.
pub(crate) fn letters() -> Vec<Value> {
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

pub(crate) fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{value} is no object"))
}
