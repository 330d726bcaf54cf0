//! A hand-written service over MongoDB's driver: one document by its key.

use anyhow::{Context as _, Result};
use mongodb::Client;
use mongodb::bson::{DateTime, Uuid, doc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::mariadb::Reply;
use super::{Guarantee, acknowledge, answer, serve};
use crate::servers::Servers;

#[derive(Debug, Deserialize)]
struct Fetch {
    key: String,
}

/// A log event as it is stored.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Event {
    #[serde(rename = "_id")]
    pub(crate) id: Uuid,
    pub(crate) at: DateTime,
    pub(crate) node: String,
    pub(crate) level: String,
    pub(crate) target: String,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    pub(crate) span: Option<String>,
    pub(crate) fields: Option<Value>,
}

/// A log event on the wire.
#[derive(Debug, Serialize)]
struct WireEvent {
    id: String,
    at: String,
    node: String,
    level: String,
    target: String,
    message: String,
    request_id: Option<String>,
    span: Option<String>,
    fields: Option<Value>,
}

impl TryFrom<Event> for WireEvent {
    type Error = anyhow::Error;

    fn try_from(event: Event) -> Result<Self> {
        let Event { id, at, node, level, target, message, request_id, span, fields } = event;
        let (id, at) = (id.to_string(), at.try_to_rfc3339_string()?);
        Ok(Self { id, at, node, level, target, message, request_id, span, fields })
    }
}

pub(super) async fn fetch(servers: &Servers, queue: &str) -> Result<()> {
    let client = Client::with_uri_str(&servers.mongodb).await.context("cannot connect to MongoDB")?;
    let events = client.database("logs").collection::<Event>("msLogs");
    serve(servers, queue, Guarantee::Acknowledged, move |channel, request| {
        let events = events.clone();
        async move {
            let Fetch { key } = serde_json::from_slice(&request.data)?;
            let id = Uuid::parse_str(key)?;
            let event = events.find_one(doc! {"_id": id}).await?.context("no such event")?;
            let reply = serde_json::to_vec(&Reply { ok: true, data: WireEvent::try_from(event)? })?;
            answer(&channel, &request, &reply).await?;
            acknowledge(&request).await
        }
    })
    .await
}
