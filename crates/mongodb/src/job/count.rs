//! How many records match.

use beds_core::{
    Error, Outcome, Result,
    query::Condition,
    spec::{Domain, mongodb::Source},
    stages::statement_span,
    validate::Errors,
};
use beds_lane::Gate;
use mongodb::bson::Document;

use crate::{
    fault::Failure,
    filter,
    server::{Connection, budget},
};

#[derive(Debug)]
pub(super) struct Count {
    domain: &'static Domain,
    source: Source,
    filter: Document,
    /// The largest count that is needed.
    most: Option<u32>,
}

impl Count {
    pub(super) fn new(
        domain: &'static Domain,
        source: Source,
        conditions: &[Condition],
        most: Option<u32>,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let filter = filter::filter(domain, source.is_view, conditions, &mut errors);
        errors.or(Self { domain, source, filter, most })
    }

    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        let collection = connection.raw(self.source.name);
        let _traced = statement_span(format_args!("count {}", self.source.name));
        let count = collection.count_documents(self.filter.clone()).max_time(budget(gate)).await?;
        match self.most {
            Some(most) if count > most.into() => {
                Err(Failure::Refused(Error::too_many(self.domain, count, most)))
            }
            _ => Ok(Outcome::count(count)),
        }
    }
}
