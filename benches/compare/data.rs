//! The records that are fetched, and traces of those that are created.

use anyhow::{Context as _, Result};
use mongodb::Client;
use mongodb::bson::{DateTime, Uuid, doc};
use serde_json::{Value, json};
use sqlx::mysql::{MySqlPool, MySqlRow};
use sqlx::{Executor as _, Row as _};

use crate::servers::Servers;
use crate::service::{Author, Note};

const NOTES: i64 = 500;
/// All codes of two letters.
const COUNTRIES: i64 = 676;

/// Fetches by key and the records that they must give.
#[derive(Debug)]
pub(crate) struct Data {
    pool: MySqlPool,
    mongodb: Client,
    pub(crate) countries: Vec<(Vec<u8>, Value)>,
    pub(crate) notes: Vec<(Vec<u8>, Value)>,
    ids: Vec<Uuid>,
}

impl Data {
    /// Puts the records in place. What is there already is left as it is, and expected as it is.
    pub(crate) async fn prepare(servers: &Servers) -> Result<Self> {
        let pool = MySqlPool::connect(&servers.mariadb).await.context("cannot connect to MariaDB")?;
        let mongodb = Client::with_uri_str(&servers.mongodb).await.context("cannot connect to MongoDB")?;
        let countries = countries(&pool).await?;
        let (ids, notes) = notes(&mongodb).await?;
        let data = Self { pool, mongodb, countries, notes, ids };
        data.forget_created().await?;
        Ok(data)
    }

    /// The keys of all countries.
    pub(crate) fn codes(&self) -> Vec<String> {
        let code = |(_, country): &(Vec<u8>, Value)| country["alpha_2"].as_str().map(str::to_owned);
        self.countries.iter().filter_map(code).collect()
    }

    /// How many records have been created.
    pub(crate) async fn created(&self) -> Result<i64> {
        let query = sqlx::query_scalar("select count(*) from subdivision where name like 'bench %'");
        Ok(query.fetch_one(&self.pool).await?)
    }

    async fn forget_created(&self) -> Result<()> {
        self.pool.execute("delete from subdivision where name like 'bench %'").await?;
        Ok(())
    }

    /// Takes away what the benchmark has made.
    pub(crate) async fn remove(self) -> Result<()> {
        self.forget_created().await?;
        self.pool.execute("delete from country where name like 'Bench %'").await?;
        let notes = self.mongodb.database("journal").collection::<Note>("notes");
        notes.delete_many(doc! {"_id": {"$in": self.ids}}).await?;
        Ok(())
    }
}

async fn countries(pool: &MySqlPool) -> Result<Vec<(Vec<u8>, Value)>> {
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

fn country(row: &MySqlRow) -> Result<(Vec<u8>, Value)> {
    // Unchecked: sqlx takes text that compares byte by byte for bytes.
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
    Ok((request(&key.unwrap_or_default()), record))
}

async fn notes(mongodb: &Client) -> Result<(Vec<Uuid>, Vec<(Vec<u8>, Value)>)> {
    let (mut ids, mut requests, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..NOTES {
        let note = Note {
            id: Uuid::new(),
            subject: format!("Note {number} of the benchmark"),
            text: Some("A text of about the length that a note of a few lines has.".repeat(2)),
            country: Some("FR".to_owned()),
            tags: Some(vec!["bench".to_owned(), format!("n{number}")]),
            rating: Some("7.5".parse()?),
            // With milliseconds: every RFC 3339 writer agrees on their digits.
            created_at: DateTime::from_millis(1_750_000_000_123 + number * 1_000),
            revision: 1,
            author: Some(Author {
                name: "A. Uthor".to_owned(),
                email: Some("author@example.invalid".to_owned()),
            }),
        };
        let key = note.id.to_string();
        let record = json!({
            "id": key,
            "subject": note.subject,
            "text": note.text,
            "country": note.country,
            "tags": note.tags,
            "rating": "7.5",
            "created_at": note.created_at.try_to_rfc3339_string()?,
            "revision": note.revision,
            "author": note.author,
        });
        ids.push(note.id);
        requests.push((request(&key), record));
        notes.push(note);
    }
    let collection = mongodb.database("journal").collection::<Note>("notes");
    collection.insert_many(notes).await.context("is the schema applied?")?;
    Ok((ids, requests))
}

fn request(key: &str) -> Vec<u8> {
    json!({ "key": key }).to_string().into_bytes()
}
