//! A hand-written service over MongoDB's driver: one document by its key.

use anyhow::{Context as _, Result};
use mongodb::Client;
use mongodb::bson::{DateTime, Decimal128, Uuid, doc};
use serde::{Deserialize, Serialize};

use super::mariadb::Reply;
use super::{Guarantee, acknowledge, answer, serve};
use crate::servers::Servers;

#[derive(Debug, Deserialize)]
struct Fetch {
    key: String,
}

/// A note as it is stored.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Note {
    #[serde(rename = "_id")]
    pub(crate) id: Uuid,
    pub(crate) subject: String,
    pub(crate) text: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) rating: Option<Decimal128>,
    pub(crate) created_at: DateTime,
    pub(crate) revision: i64,
    pub(crate) author: Option<Author>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Author {
    pub(crate) name: String,
    pub(crate) email: Option<String>,
}

/// A note on the wire.
#[derive(Debug, Serialize)]
pub(crate) struct WireNote {
    id: String,
    subject: String,
    text: Option<String>,
    country: Option<String>,
    tags: Option<Vec<String>>,
    rating: Option<String>,
    created_at: String,
    revision: i64,
    author: Option<Author>,
}

impl TryFrom<Note> for WireNote {
    type Error = anyhow::Error;

    fn try_from(note: Note) -> Result<Self> {
        let Note { id, subject, text, country, tags, rating, created_at, revision, author } = note;
        Ok(Self {
            id: id.to_string(),
            subject,
            text,
            country,
            tags,
            rating: rating.map(|rating| rating.to_string()),
            created_at: created_at.try_to_rfc3339_string()?,
            revision,
            author,
        })
    }
}

pub(super) async fn fetch(servers: &Servers, queue: &str) -> Result<()> {
    let client = Client::with_uri_str(&servers.mongodb).await.context("cannot connect to MongoDB")?;
    let notes = client.database("journal").collection::<Note>("v_note");
    serve(servers, queue, Guarantee::Acknowledged, move |channel, request| {
        let notes = notes.clone();
        async move {
            let Fetch { key } = serde_json::from_slice(&request.data)?;
            let id = Uuid::parse_str(key)?;
            let note = notes.find_one(doc! {"_id": id}).await?.context("no such note")?;
            let reply = serde_json::to_vec(&Reply { ok: true, data: WireNote::try_from(note)? })?;
            answer(&channel, &request, &reply).await?;
            acknowledge(&request).await
        }
    })
    .await
}
