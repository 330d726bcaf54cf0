//! How many records match.

use std::sync::Arc;

use beds_core::{
    Error, Outcome,
    query::Condition,
    spec::{
        Domain,
        mariadb::{Procedure, Source},
    },
    stages::statement_span,
    value::Value,
};
use sqlx::{MySqlConnection, Row as _};

use super::by_key::Place;
use crate::{
    cell::bind,
    columns::Columns,
    fault::{Fault, classify},
    refused::refuse_others,
    statement,
};

/// Counts the records that match a filter.
#[derive(Debug, Clone)]
pub(crate) struct Count {
    pub(super) domain: &'static Domain,
    pub(super) source: &'static Source,
    filter: Vec<Condition>,
    /// The largest count that is needed.
    most: Option<u32>,
    /// What the counted records would get, if this is a dry run.
    would: Option<Would>,
    known: Arc<Columns>,
}

/// The procedure that would run for each record, and the new values of fields.
#[derive(Debug, Clone)]
pub(super) struct Would {
    pub(super) procedure: &'static Procedure,
    pub(super) changes: Vec<(usize, Value)>,
}

impl Count {
    pub(crate) fn new(
        domain: &'static Domain,
        source: &'static Source,
        filter: Vec<Condition>,
        most: Option<u32>,
        known: Arc<Columns>,
    ) -> Self {
        Self { domain, source, filter, most, would: None, known }
    }

    /// The same as a dry run.
    pub(super) fn of(self, would: Option<Would>) -> Self {
        Self { would, ..self }
    }

    pub(crate) async fn run(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let Self { domain, source, most, .. } = *self;
        let kept = self.known.of(connection, domain, source).await?;
        if let Some(Would { procedure, changes }) = &self.would {
            let takes = self.known.parameters.of_procedure(connection, domain, procedure).await?;
            let given = changes.iter().map(|(field, value)| (String::new(), *field, value));
            refuse_others(domain, (procedure, &takes), &kept, given)?;
        }
        let count = count(connection, Place { domain, source, kept: &kept }, &self.filter).await?;
        match most {
            Some(most) if count > most.into() => Err(Fault::Refused(Error::too_many(domain, count, most))),
            _ => Ok(Outcome::count(count)),
        }
    }
}

/// How many records match.
pub(crate) async fn count(
    connection: &mut MySqlConnection,
    place: Place<'_>,
    filter: &[Condition],
) -> Result<u64, Fault> {
    let Place { domain, source, kept } = place;
    let fault = |error| classify(&error, domain);
    let sql = statement::count(domain, source, kept, filter);
    let _traced = statement_span(&sql.text);
    let row = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?).fetch_one(connection).await;
    let count: i64 = row.and_then(|row| row.try_get_unchecked(0)).map_err(fault)?;
    Ok(count.unsigned_abs())
}
