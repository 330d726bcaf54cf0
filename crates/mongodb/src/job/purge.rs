//! A step of the purge of the ledger.

use std::time::SystemTime;

use beds_core::{Error, Outcome};
use beds_lane::Gate;

use crate::{
    fault::Failure,
    server::{Connection, done_by, left},
};

#[derive(Debug)]
pub(super) struct Purge {
    pub(super) before: SystemTime,
}

impl Purge {
    pub(super) async fn run(&self, connection: &Connection, gate: &Gate) -> Result<Outcome, Failure> {
        let (ledger, limit) = (connection.ledger.clone(), left(gate.deadline()));
        let age = SystemTime::now().duration_since(self.before).unwrap_or_default();
        // Nobody needs the deleted documents any more, so it does not matter whether this step or the next deletes
        // them.
        let purged = done_by(gate.deadline(), async move { ledger.purge(age, limit).await }).await;
        purged.ok_or_else(Error::deadline)?.map(Outcome::count)
    }
}
