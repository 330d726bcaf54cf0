//! How many records match.

use beds_core::{
    Outcome,
    query::Condition,
    spec::{Domain, mariadb::Source},
};
use sqlx::{MySqlConnection, Row as _};

use crate::{
    cell::bind,
    fault::{Fault, classify},
    statement::{self, Statement},
};

/// Counts the records that match a filter.
#[derive(Debug)]
pub(crate) struct Count {
    domain: &'static Domain,
    pub(super) source: &'static Source,
    statement: Statement,
}

impl Count {
    pub(crate) fn new(domain: &'static Domain, source: &'static Source, filter: &[Condition]) -> Self {
        Self { domain, source, statement: statement::count(domain, source, filter) }
    }

    pub(crate) async fn run(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let fault = |error| classify(&error, self.domain);
        let Statement { text, values, .. } = &self.statement;
        let row = sqlx::query_with(text, bind(values).map_err(fault)?).fetch_one(connection).await;
        let count: i64 = row.and_then(|row| row.try_get_unchecked(0)).map_err(fault)?;
        Ok(Outcome::count(count.unsigned_abs()))
    }
}
