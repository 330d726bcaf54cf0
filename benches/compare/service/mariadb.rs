//! A hand-written service over sqlx: one row by its key.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use sqlx::mysql::{MySqlPool, MySqlPoolOptions, MySqlRow};
use sqlx::{FromRow, Row as _};

use super::{Guarantee, acknowledge, answer, serve};
use crate::servers::Servers;

/// Connections to the database, as many as the node has.
pub(super) const CONNECTIONS: u32 = 16;

#[derive(Debug, Deserialize)]
struct Fetch {
    key: String,
}

#[derive(Debug, Serialize)]
struct Country {
    alpha_2: String,
    alpha_3: String,
    numeric: String,
    name: String,
    official_name: Option<String>,
    common_name: Option<String>,
    flag: Option<String>,
    revision: i64,
}

impl FromRow<'_, MySqlRow> for Country {
    // Unchecked: sqlx takes text with a binary collation for bytes.
    fn from_row(row: &MySqlRow) -> sqlx::Result<Self> {
        Ok(Self {
            alpha_2: row.try_get_unchecked("alpha_2")?,
            alpha_3: row.try_get_unchecked("alpha_3")?,
            numeric: row.try_get_unchecked("numeric_code")?,
            name: row.try_get_unchecked("name")?,
            official_name: row.try_get_unchecked("official_name")?,
            common_name: row.try_get_unchecked("common_name")?,
            flag: row.try_get_unchecked("flag")?,
            revision: row.try_get("revision")?,
        })
    }
}

/// A reply in the node's form.
#[derive(Debug, Serialize)]
pub(super) struct Reply<T> {
    pub(super) ok: bool,
    pub(super) data: T,
}

/// A pool with the driver's default settings.
pub(super) async fn pool(servers: &Servers) -> Result<MySqlPool> {
    let pool = MySqlPoolOptions::new().max_connections(CONNECTIONS).connect(&servers.mariadb).await;
    pool.context("cannot connect to MariaDB")
}

pub(super) async fn fetch(servers: &Servers, queue: &str) -> Result<()> {
    let pool = pool(servers).await?;
    serve(servers, queue, Guarantee::Acknowledged, move |channel, request| {
        let pool = pool.clone();
        async move {
            let Fetch { key } = serde_json::from_slice(&request.data)?;
            let country: Country = sqlx::query_as(
                "select alpha_2, alpha_3, numeric_code, name, official_name, common_name, flag, revision \
                 from v_country where alpha_2 = ?",
            )
            .bind(key)
            .fetch_one(&pool)
            .await?;
            let reply = serde_json::to_vec(&Reply { ok: true, data: country })?;
            answer(&channel, &request, &reply).await?;
            acknowledge(&request).await
        }
    })
    .await
}
