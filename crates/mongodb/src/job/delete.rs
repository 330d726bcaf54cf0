//! The end of one record.

use beds_core::{Outcome, Result};
use beds_lane::Gate;
use mongodb::bson::doc;

use super::{bounded, target::Target};
use crate::{
    fault::Failure,
    server::{Connection, budget},
};

#[derive(Debug)]
pub(super) struct Delete {
    target: Target,
    outcome: Outcome,
}

impl Delete {
    pub(super) fn new(target: Target, bytes_max: usize) -> Result<Self> {
        let outcome = bounded(Outcome::data(target.key_json()), bytes_max)?;
        Ok(Self { target, outcome })
    }

    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        gate.pass()?;
        // Unlike `delete_one`, it can be given a limit on its time.
        let deleted = connection
            .raw(self.target.collection)
            .find_one_and_delete(self.target.filter())
            .projection(doc! { "_id": 1 })
            .max_time(budget(gate))
            .await
            .map_err(Failure::After)?;
        match deleted {
            Some(_) => Ok(self.outcome.clone()),
            None => Err(self.target.missing(connection).await),
        }
    }
}
