//! Hand-written services over sqlx that create a record: in the simplest way, and once for each message id.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::mysql::{MySqlExecutor, MySqlPool};

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

impl Subdivision {
    async fn insert(&self, executor: impl MySqlExecutor<'_>) -> sqlx::Result<()> {
        let insert =
            "insert into subdivision (code, country, name, subdivision_type, parent) values (?, ?, ?, ?, ?)";
        sqlx::query(insert)
            .bind(&self.code)
            .bind(&self.country)
            .bind(&self.name)
            .bind(&self.kind)
            .bind(&self.parent)
            .execute(executor)
            .await?;
        Ok(())
    }
}

/// One insert, which commits by itself. If a request comes twice, it fails on the key, or creates two records.
pub(super) async fn autocommit(servers: &Servers, queue: &str) -> Result<()> {
    let pool = pool(servers).await?;
    serve(servers, queue, Guarantee::Stored, move |channel, request| {
        let pool = pool.clone();
        async move {
            let Create { data } = serde_json::from_slice(&request.data)?;
            data.insert(&pool).await?;
            let reply = serde_json::to_vec(&Reply { ok: true, data })?;
            answer(&channel, &request, &reply).await?;
            acknowledge(&request).await
        }
    })
    .await
}

/// Claim and insert in one transaction. If a request comes twice, it gets the first reply.
pub(super) async fn once(servers: &Servers, queue: &str) -> Result<()> {
    let pool = pool(servers).await?;
    serve(servers, queue, Guarantee::Stored, move |channel, request| {
        let pool = pool.clone();
        async move {
            let id = request.properties.message_id().as_ref().context("a request without `message_id`")?;
            let reply = create_once(&pool, id.as_str(), &request.data).await?;
            answer(&channel, &request, &reply).await?;
            acknowledge(&request).await
        }
    })
    .await
}

async fn create_once(pool: &MySqlPool, message_id: &str, body: &[u8]) -> Result<Vec<u8>> {
    let Create { data } = serde_json::from_slice(body)?;
    let digest = Sha256::digest(body);
    let mut transaction = pool.begin().await?;
    let reply = serde_json::to_vec(&Reply { ok: true, data: &data })?;
    let claim = sqlx::query("insert into bench_claim (message_id, digest, reply) values (?, ?, ?)")
        .bind(message_id)
        .bind(digest.as_slice())
        .bind(&reply)
        .execute(&mut *transaction)
        .await;
    match claim {
        Ok(_) => {}
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            transaction.rollback().await?;
            let kept =
                sqlx::query_scalar("select reply from bench_claim where message_id = ? and digest = ?");
            let kept = kept.bind(message_id).bind(digest.as_slice()).fetch_optional(pool).await?;
            return kept.context("another request had this `message_id`");
        }
        Err(error) => return Err(error.into()),
    }
    data.insert(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(reply)
}
