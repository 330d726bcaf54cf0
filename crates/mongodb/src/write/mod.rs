//! Writes: what changes documents, by a statement of its own or in a transaction.
//!
//! A write with a claim is a transaction: the claim, the objects, the stored reply, the commit. So is what takes more
//! than one statement. What runs inside of a transaction is in one place, [`transaction`], for one write and for many
//! that share it.

mod delete;
mod group;
mod insert;
mod many;
mod target;
mod transaction;
mod update;
mod upsert;

use std::{sync::Arc, time::Duration};

use beds_core::{Outcome, backoff::Backoff, ledger, plan::Claim, spec::Domain};
use beds_lane::Gate;
use mongodb::ClientSession;
use tokio::time::{Instant, sleep};

use self::transaction::Done;
pub(crate) use self::{
    delete::Delete,
    group::{Ended, Shared},
    insert::Insert,
    many::Many,
    target::Target,
    update::Update,
    upsert::Upsert,
};
use crate::{
    fault::{self, Failure},
    ledger::Standing,
    reply::noted,
    server::{Connection, done_by, left},
};

/// The first and the longest pause before a transaction is run again.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// A write.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) domain: &'static Domain,
    pub(crate) deed: Deed,
    /// What makes it happen once.
    pub(crate) claim: Option<Claim>,
    /// How long the reply may get.
    pub(crate) bytes_max: usize,
}

/// What it does.
#[derive(Debug)]
pub(crate) enum Deed {
    Insert(Insert),
    Update(Update),
    Upsert(Upsert),
    Delete(Delete),
    Many(Many),
}

impl Deed {
    /// Does it, in the transaction of the session where there is one. A failure of the driver is [`Failure::Before`].
    async fn apply(
        &self,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> Result<Outcome, Failure> {
        match self {
            Self::Insert(insert) => insert.apply(connection, session).await,
            Self::Update(update) => update.apply(connection, session, limit).await,
            Self::Upsert(upsert) => upsert.apply(connection, session, limit).await,
            Self::Delete(delete) => delete.apply(connection, session, limit).await,
            Self::Many(many) => many.apply(connection, session, limit).await,
        }
    }

    /// Whether one statement does it, which is atomic by itself.
    fn is_one_statement(&self) -> bool {
        match self {
            Self::Insert(insert) => insert.is_one(),
            Self::Upsert(upsert) => upsert.is_one(),
            Self::Update(_) | Self::Delete(_) => true,
            Self::Many(_) => false,
        }
    }

    /// Whether it is short enough to share a transaction with others.
    pub(crate) fn is_short(&self) -> bool {
        match self {
            Self::Insert(_) | Self::Update(_) | Self::Delete(_) => true,
            Self::Upsert(upsert) => upsert.is_one(),
            Self::Many(_) => false,
        }
    }

    /// What it will have come to, where that is known before.
    fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Insert(insert) => Some(insert.outcome()),
            Self::Delete(delete) => Some(delete.outcome()),
            Self::Update(_) | Self::Upsert(_) | Self::Many(_) => None,
        }
    }
}

impl Write {
    pub(crate) async fn run(
        self: &Arc<Self>,
        connection: &Connection,
        gate: &Gate,
    ) -> Result<Outcome, Failure> {
        if self.claim.is_none() {
            return self.plain(connection, gate).await;
        }
        if let Some(outcome) = self.transaction(true, connection, gate).await? {
            return Ok(outcome);
        }
        let outcome = self.plain(connection, gate).await?;
        Ok(noted(outcome, ledger::NO_LEDGER, self.bytes_max))
    }

    /// Without a claim.
    async fn plain(self: &Arc<Self>, connection: &Connection, gate: &Gate) -> Result<Outcome, Failure> {
        if self.deed.is_one_statement() {
            self.statement(connection, gate).await
        } else {
            self.transaction(false, connection, gate).await.map(Option::unwrap_or_default)
        }
    }

    async fn statement(self: &Arc<Self>, connection: &Connection, gate: &Gate) -> Result<Outcome, Failure> {
        let (write, handle, limit) = (Arc::clone(self), connection.clone(), left(gate.deadline()));
        gate.pass()?;
        let applied = async move { write.deed.apply(&handle, None, limit).await };
        let applied = done_by(connection.end(gate), applied).await.ok_or(Failure::Unanswered)?;
        applied.map_err(Failure::lasting)
    }

    /// In a transaction, as often as it takes: one that lost a conflict left nothing behind. With a claim, so is one
    /// whose end nobody knows: if it was committed, its claim is taken, and its reply is stored. `None` where its claim
    /// has no ledger to go into.
    async fn transaction(
        self: &Arc<Self>,
        once: bool,
        connection: &Connection,
        gate: &Gate,
    ) -> Result<Option<Outcome>, Failure> {
        let mut pauses = Backoff::new(PAUSE_MIN, PAUSE_MAX);
        loop {
            let failure = match self.attempt(once, connection, gate).await {
                Err(failure) => failure,
                done => return done,
            };
            let is_known = !failure.is_unanswered() && !failure.leaves_effect_unknown();
            let is_again = failure.is_transient() || (once && !is_known);
            let pause = pauses.pause();
            let is_time = Instant::now() + pause < connection.limit(gate);
            if is_again && is_time && (gate.is_past() || gate.is_wanted()) {
                sleep(pause).await;
            } else if gate.is_past() && !failure.is_definite() {
                let unknown = Failure::Unanswered.into_error(self.domain, &connection.name);
                return Err(if once { unknown.remembered() } else { unknown }.into());
            } else {
                return Err(failure);
            }
        }
    }

    async fn attempt(
        self: &Arc<Self>,
        once: bool,
        connection: &Connection,
        gate: &Gate,
    ) -> Result<Option<Outcome>, Failure> {
        if once {
            match connection.ledger.standing().await? {
                Standing::There => {}
                Standing::Never => return Ok(None),
                Standing::Gone => return Err(ledger::gone(&connection.name).into()),
                Standing::Useless => return Err(fault::never_once(self.domain).into()),
            }
        }
        match (transaction::run(std::slice::from_ref(self), once, &[gate], connection).await?, &self.claim) {
            (Done::Now(outcomes), _) => Ok(outcomes.into_iter().next()),
            (Done::Before, Some(claim)) => {
                let limit = left(connection.limit(gate));
                let outcome = connection.ledger.outcome(claim, limit).await?;
                outcome.map(Some).ok_or(Failure::Held)
            }
            (Done::Before, None) => Err(Failure::Held),
        }
    }
}
