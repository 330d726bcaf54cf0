//! The deletion of one record.

use std::time::Duration;

use beds_core::Outcome;
use mongodb::{ClientSession, bson::doc};

use super::target::Target;
use crate::{fault::Failure, reply::fits, server::Connection};

#[derive(Debug)]
pub(crate) struct Delete {
    target: Target,
    outcome: Outcome,
    bytes_max: usize,
}

impl Delete {
    pub(crate) fn new(target: Target, bytes_max: usize) -> Self {
        let outcome = Outcome::data(target.key_json());
        Self { target, outcome, bytes_max }
    }

    pub(super) const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    pub(super) async fn apply(
        &self,
        connection: &Connection,
        mut session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> Result<Outcome, Failure> {
        fits(self.outcome.size(), self.bytes_max)?;
        let filter = self.target.sole(connection, session.as_deref_mut(), limit).await?;
        // Unlike `delete_one`, it accepts a time limit.
        let collection = connection.raw(self.target.collection);
        let delete = collection.find_one_and_delete(filter).projection(doc! { "_id": 1 }).max_time(limit);
        let delete =
            if let Some(session) = session.as_deref_mut() { delete.session(session) } else { delete };
        match delete.await? {
            Some(_) => Ok(self.outcome.clone()),
            None => Err(self.target.missing(connection, session).await),
        }
    }
}
