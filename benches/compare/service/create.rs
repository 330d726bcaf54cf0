//! A hand-written service over sqlx: a write that is not lost.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::mariadb::{Reply, pool};
use super::{Guarantee, acknowledge, answer, serve};
use crate::servers::Servers;

#[derive(Debug, Deserialize)]
struct Create {
    data: Subdivision,
}

#[derive(Debug, Deserialize, Serialize)]
struct Subdivision {
    code: String,
    country: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    parent: Option<String>,
}

pub(super) async fn create(servers: &Servers, queue: &str) -> Result<()> {
    let pool = pool(servers).await?;
    serve(servers, queue, Guarantee::Stored, move |channel, request| {
        let pool = pool.clone();
        async move {
            let Create { data } = serde_json::from_slice(&request.data)?;
            let mut transaction = pool.begin().await?;
            sqlx::query("call sp_subdivision_create(?, ?, ?, ?, ?)")
                .bind(&data.code)
                .bind(&data.country)
                .bind(&data.name)
                .bind(&data.kind)
                .bind(&data.parent)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            let reply = serde_json::to_vec(&Reply { ok: true, data })?;
            answer(&channel, &request, &reply).await?;
            acknowledge(&request).await
        }
    })
    .await
}
