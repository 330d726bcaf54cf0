//! How many records match.

use std::sync::Arc;

use beds_core::{
    Outcome,
    query::Condition,
    spec::{Domain, mariadb::Source},
};
use sqlx::{MySqlConnection, Row as _};

use crate::{
    cell::bind,
    columns::Columns,
    fault::{Fault, classify},
    statement,
};

/// Counts the records that match a filter.
#[derive(Debug)]
pub(crate) struct Count {
    domain: &'static Domain,
    pub(super) source: &'static Source,
    filter: Vec<Condition>,
    known: Arc<Columns>,
}

impl Count {
    pub(crate) fn new(
        domain: &'static Domain,
        source: &'static Source,
        filter: Vec<Condition>,
        known: Arc<Columns>,
    ) -> Self {
        Self { domain, source, filter, known }
    }

    pub(crate) async fn run(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let fault = |error| classify(&error, self.domain);
        let kept = self.known.of(connection, self.domain, self.source).await?;
        let sql = statement::count(self.domain, self.source, &kept, &self.filter);
        let row = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?).fetch_one(connection).await;
        let count: i64 = row.and_then(|row| row.try_get_unchecked(0)).map_err(fault)?;
        Ok(Outcome::count(count.unsigned_abs()))
    }
}
