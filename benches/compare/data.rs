//! The records to fetch, and the traces of those that are created.

use anyhow::{Context as _, Result};
use mongodb::Client;
use mongodb::bson::{DateTime, Uuid, doc};
use serde_json::json;
use sqlx::mysql::{MySqlPool, MySqlRow};
use sqlx::{Executor as _, Row as _};

use crate::servers::Servers;
use crate::service::Event;
use crate::work::Fetch;

const EVENTS: i64 = 500;
/// The table in which the hand-written service that writes once stores its requests, as a programmer would write it.
const CLAIMS: &str = "create or replace table bench_claim (
  message_id varchar(128) character set ascii collate ascii_bin not null primary key,
  digest binary(32) not null,
  reply mediumblob not null,
  at datetime(3) not null default current_timestamp(3),
  key (at)
) engine = innodb";
/// All codes of two letters.
const COUNTRIES: i64 = 676;

/// Fetches by key, and the records that they must return.
#[derive(Debug)]
pub(crate) struct Data {
    pool: MySqlPool,
    mongodb: Client,
    pub(crate) countries: Vec<Fetch>,
    pub(crate) events: Vec<Fetch>,
    ids: Vec<Uuid>,
}

impl Data {
    /// Creates the records. Existing ones stay as they are, and are expected as they are.
    pub(crate) async fn prepare(servers: &Servers) -> Result<Self> {
        let pool = MySqlPool::connect(&servers.mariadb).await.context("cannot connect to MariaDB")?;
        let mongodb = Client::with_uri_str(&servers.mongodb).await.context("cannot connect to MongoDB")?;
        let countries = countries(&pool).await?;
        let (ids, events) = events(&mongodb).await?;
        let data = Self { pool, mongodb, countries, events, ids };
        data.forget_created().await?;
        data.pool.execute(CLAIMS).await?;
        Ok(data)
    }

    /// The keys of all countries.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.countries.iter().map(|(key, _)| key.clone()).collect()
    }

    /// How many records have been created.
    pub(crate) async fn created(&self) -> Result<i64> {
        let query = sqlx::query_scalar("select count(*) from subdivision where name like 'bench %'");
        Ok(query.fetch_one(&self.pool).await?)
    }

    /// How many rows the ledger has; none if there is no ledger.
    pub(crate) async fn ledger(&self) -> Result<Option<i64>> {
        let found = "select count(*) from information_schema.tables \
                     where table_schema = database() and table_name = 'beds_ledger'";
        if sqlx::query_scalar::<_, i64>(found).fetch_one(&self.pool).await? == 0 {
            return Ok(None);
        }
        Ok(Some(sqlx::query_scalar("select count(*) from beds_ledger").fetch_one(&self.pool).await?))
    }

    /// Deletes the created records, in steps: one delete of millions would hold its locks for minutes.
    pub(crate) async fn forget_created(&self) -> Result<()> {
        loop {
            let step = "delete from subdivision where name like 'bench %' limit 10000";
            if self.pool.execute(step).await?.rows_affected() == 0 {
                return Ok(());
            }
        }
    }

    /// Deletes everything that the benchmark has made.
    pub(crate) async fn remove(self) -> Result<()> {
        self.forget_created().await?;
        self.pool.execute("drop table bench_claim").await?;
        self.pool.execute("delete from country where name like 'Bench %'").await?;
        let events = self.mongodb.database("logs").collection::<Event>("msLogs");
        events.delete_many(doc! {"_id": {"$in": self.ids}}).await?;
        Ok(())
    }
}

async fn countries(pool: &MySqlPool) -> Result<Vec<Fetch>> {
    let mut values = Vec::new();
    for number in 0..COUNTRIES {
        let letter = |value: i64| char::from(b'A' + u8::try_from(value % 26).unwrap_or_default());
        let (first, second) = (letter(number / 26), letter(number));
        let common = if number % 3 == 0 { "null".to_owned() } else { format!("'{first}{second}'") };
        values.push(format!(
            "('{first}{second}', '{first}{second}Z', '{number:03}', 'Bench {first}{second}', \
             'The United Republic of {first}{second} and its Territories', {common}, '🏴')"
        ));
    }
    let insert = format!(
        "insert ignore into country (alpha_2, alpha_3, numeric_code, name, official_name, common_name, flag) \
         values {}",
        values.join(", ")
    );
    pool.execute(insert.as_str()).await.context("is the schema applied?")?;
    let rows = pool.fetch_all("select * from v_country order by alpha_2").await?;
    rows.iter().map(country).collect()
}

fn country(row: &MySqlRow) -> Result<Fetch> {
    // Unchecked: sqlx takes text with a binary collation for bytes.
    let text = |name: &str| row.try_get_unchecked::<Option<String>, _>(name);
    let key = text("alpha_2")?;
    let record = json!({
        "alpha_2": key,
        "alpha_3": text("alpha_3")?,
        "numeric": text("numeric_code")?,
        "name": text("name")?,
        "official_name": text("official_name")?,
        "common_name": text("common_name")?,
        "flag": text("flag")?,
        "revision": row.try_get::<i64, _>("revision")?,
    });
    Ok((key.unwrap_or_default(), record))
}

async fn events(mongodb: &Client) -> Result<(Vec<Uuid>, Vec<Fetch>)> {
    let (mut ids, mut requests, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..EVENTS {
        let event = Event {
            id: Uuid::new(),
            // With milliseconds: every RFC 3339 writer formats them alike.
            at: DateTime::from_millis(DateTime::now().timestamp_millis() / 1_000 * 1_000 + 123),
            node: "bench".to_owned(),
            level: "info".to_owned(),
            target: "bench::data".to_owned(),
            message: format!("Event {number} of the benchmark: a message of about the usual length"),
            request_id: Some(format!("request-{number}")),
            span: None,
            fields: Some(json!({ "number": number, "unit": "event" })),
        };
        let key = event.id.to_string();
        let record = json!({
            "id": key,
            "at": event.at.try_to_rfc3339_string()?,
            "node": event.node,
            "level": event.level,
            "target": event.target,
            "message": event.message,
            "request_id": event.request_id,
            "span": event.span,
            "fields": event.fields,
        });
        ids.push(event.id);
        requests.push((key, record));
        events.push(event);
    }
    let collection = mongodb.database("logs").collection::<Event>("msLogs");
    collection.insert_many(events).await.context("is the schema applied?")?;
    Ok((ids, requests))
}
