//! A call that reads.

use std::sync::Arc;

use beds_core::{Outcome, plan::Invocation, spec::Domain};
use sqlx::MySqlConnection;

use crate::{
    columns::Columns,
    fault::Fault,
    routine::{self, Room},
};

/// Runs a procedure or function that only reads.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(super) domain: &'static Domain,
    pub(super) invocation: Invocation,
    pub(super) bytes_max: usize,
    pub(super) known: Arc<Columns>,
}

impl Call {
    pub(crate) async fn run(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        routine::run(connection, self.domain, &self.invocation, Room::Most(self.bytes_max), &self.known).await
    }
}
