//! Writes: they change documents, by a statement of their own or in a transaction.
//!
//! A write with a claim is a transaction: the claim, the objects, the stored reply, the commit. So is a write that
//! takes more than one statement. What runs inside a transaction is in one place, [`transaction`], for one write and
//! for many that share it.

mod delete;
mod group;
mod insert;
mod many;
mod sole;
mod target;
mod together;
mod transaction;
mod update;
mod upsert;

use std::{borrow::Cow, sync::Arc, time::Duration};

use beds_core::{
    Error, Outcome, Result as Checked,
    backoff::Backoff,
    event::{Publication, Told},
    ledger,
    plan::{self, Claim, Origin, Scope},
    spec::{Domain, Objects, mongodb as spec},
    stages::statement_span,
    validate::Errors,
    value::Value,
};
use beds_lane::Gate;
use beds_protocol::{Operation, tables::LEDGER};
use mongodb::ClientSession;
use tokio::time::{Instant, sleep};

use self::{
    delete::Delete, insert::Insert, many::Many, target::Target, transaction::Done, update::Update,
    upsert::Upsert,
};
pub(crate) use self::{
    group::{Ended, Shared},
    together::Together,
};
use crate::{
    fault::{self, Failure},
    own::{Standing, VIEW},
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
    /// The claim by which it happens once.
    pub(crate) claim: Option<Claim>,
    /// How long the reply may get.
    pub(crate) bytes_max: usize,
    /// Its events and audit entries.
    pub(crate) publication: Option<Publication>,
}

/// The state of a write inside its transaction.
#[derive(Debug)]
struct Applied {
    outcome: Outcome,
    /// The fields of the record that are reported, if they have been read.
    after: Option<Vec<u8>>,
    /// The events and audit entries of a batch's items.
    told: Told,
}

/// Refuses new values of fields that MongoDB cannot store.
pub(crate) fn check(domain: &'static Domain, changes: &[(usize, Value)]) -> beds_core::Result<()> {
    let mut errors = Errors::default();
    update::change(domain, changes.iter().map(|(field, value)| (*field, value)), "", &mut errors);
    errors.or(())
}

impl From<Outcome> for Applied {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, after: None, told: Told::default() }
    }
}

/// The operation of a write.
#[derive(Debug)]
pub(crate) enum Deed {
    Insert(Insert),
    Update(Update),
    Upsert(Upsert),
    Delete(Delete),
    Many(Many),
    All(Together),
}

/// The objects of a domain of this engine.
pub(crate) fn objects(domain: &'static Domain) -> Checked<&'static spec::Objects> {
    match &domain.objects {
        Objects::MongoDb(objects) => Ok(objects),
        Objects::MariaDb(_) => {
            Err(Error::internal(format!("the domain `{}` is not in a MongoDB database", domain.name)))
        }
    }
}

/// How many operations [`Deed::operation`] numbers.
pub(crate) const OPERATIONS: usize = 6;

impl Deed {
    /// The number of the operation.
    pub(crate) const fn operation(&self) -> usize {
        match self {
            Self::Insert(_) => 0,
            Self::Update(_) => 1,
            Self::Upsert(_) => 2,
            Self::Delete(_) => 3,
            Self::Many(_) => 4,
            Self::All(_) => 5,
        }
    }

    /// The number of records, if it is known.
    pub(crate) fn size(&self) -> u32 {
        let count = match self {
            Self::Insert(insert) => insert.size(),
            Self::Upsert(upsert) => upsert.size(),
            Self::All(together) => together.size(),
            Self::Update(_) | Self::Delete(_) | Self::Many(_) => 1,
        };
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// A write by the operations of a domain, with its events and audit entries.
    pub(crate) fn new(
        domain: &'static Domain,
        (write, scope): (plan::Write, &Scope),
        origin: &Origin,
        bytes_max: usize,
    ) -> Checked<(Self, Option<Publication>)> {
        let rows = &scope.rows;
        let objects = objects(domain)?;
        let publication = Publication::of(domain, &write, origin);
        let read_after = publication.as_ref().map_or(&[][..], Publication::read_after);
        let source = || objects.read.ok_or_else(|| Error::not_offered(domain, Operation::Fetch));
        let collection =
            |name: Option<&'static str>, operation| name.ok_or_else(|| Error::not_offered(domain, operation));
        let deed = match write {
            plan::Write::Create { records, many } => {
                let collection = collection(objects.create, Operation::Create)?;
                Self::Insert(Insert::new(domain, collection, records, many, bytes_max)?)
            }
            plan::Write::Update { key, changes, if_version } => {
                let collection = collection(objects.update, Operation::Update)?;
                let target = Target::new(domain, collection, (key, rows), if_version)?;
                Self::Update(Update::new(target, &changes, read_after, bytes_max)?)
            }
            plan::Write::Delete { key, if_version } => {
                let collection = collection(objects.delete, Operation::Delete)?;
                let target = Target::new(domain, collection, (key, rows), if_version)?;
                Self::Delete(Delete::new(target, bytes_max))
            }
            plan::Write::Upsert { records, many } => {
                let collection = collection(objects.upsert, Operation::Upsert)?;
                Self::Upsert(Upsert::new(domain, collection, (&records, scope), many, bytes_max)?)
            }
            plan::Write::UpdateMany { matching, changes } => {
                let collection = collection(objects.update, Operation::Update)?;
                Self::Many(Many::update(
                    domain,
                    source()?,
                    collection,
                    &matching,
                    &changes,
                    publication.is_some().then_some(read_after),
                )?)
            }
            plan::Write::DeleteMany(matching) => {
                let collection = collection(objects.delete, Operation::Delete)?;
                Self::Many(Many::delete(domain, source()?, collection, &matching)?)
            }
            plan::Write::Call(_) => return Err(together::refused("a pipeline that writes")),
            plan::Write::All(_) => return Err(together::refused("a batch")),
        };
        Ok((deed, publication))
    }

    /// Runs it, in the transaction of the session if there is one. A failure of the driver is [`Failure::Before`].
    async fn apply(
        &self,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> Result<Applied, Failure> {
        let _traced = statement_span(self.name());
        match self {
            Self::Insert(insert) => insert.apply(connection, session, limit).await.map(Applied::from),
            Self::Update(update) => update.apply(connection, session, limit).await,
            Self::Upsert(upsert) => upsert.apply(connection, session, limit).await.map(Applied::from),
            Self::Delete(delete) => delete.apply(connection, session, limit).await.map(Applied::from),
            Self::Many(many) => many.apply(connection, session, limit).await,
            Self::All(all) => all.apply(connection, session, limit).await,
        }
    }

    /// Its name in traces.
    const fn name(&self) -> &'static str {
        match self {
            Self::Insert(_) => "insert",
            Self::Update(_) => "update",
            Self::Upsert(_) => "upsert",
            Self::Delete(_) => "delete",
            Self::Many(_) => "many",
            Self::All(_) => "batch",
        }
    }

    /// Whether it is a single statement, which is atomic by itself.
    fn is_one_statement(&self) -> bool {
        match self {
            Self::Insert(insert) => insert.is_one(),
            Self::Upsert(upsert) => upsert.is_one(),
            Self::Update(_) | Self::Delete(_) => true,
            Self::Many(_) | Self::All(_) => false,
        }
    }

    /// Whether it is short enough to share a transaction with others.
    fn is_short(&self) -> bool {
        match self {
            Self::Insert(_) | Self::Update(_) | Self::Delete(_) => true,
            Self::Upsert(upsert) => upsert.is_one(),
            Self::Many(_) | Self::All(_) => false,
        }
    }

    /// Its outcome, if it is known before.
    fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Insert(insert) => Some(insert.outcome()),
            Self::Delete(delete) => Some(delete.outcome()),
            Self::Update(_) | Self::Upsert(_) | Self::Many(_) | Self::All(_) => None,
        }
    }

    /// The outcome in the form that the ledger keeps.
    fn kept<'o>(&self, outcome: &'o Outcome) -> Cow<'o, Outcome> {
        match self {
            Self::All(all) => all.kept(outcome),
            Self::Insert(_) | Self::Update(_) | Self::Upsert(_) | Self::Delete(_) | Self::Many(_) => {
                Cow::Borrowed(outcome)
            }
        }
    }
}

impl Write {
    /// A number that distinguishes the operations of the domains. A domain is larger in bytes than its number of
    /// operations.
    pub(crate) fn kind(&self) -> usize {
        std::ptr::from_ref(self.domain).addr() + self.deed.operation()
    }

    /// Whether it may share a transaction with others.
    pub(crate) fn may_share(&self) -> bool {
        self.is_ingest() || (self.claim.is_some() && self.deed.is_short())
    }

    /// Whether it only adds records that may be there twice: a second run after an unknown end does no harm.
    pub(crate) fn is_ingest(&self) -> bool {
        let adds = match self.deed {
            Deed::Insert(_) => true,
            Deed::Update(_) | Deed::Upsert(_) | Deed::Delete(_) | Deed::Many(_) | Deed::All(_) => false,
        };
        adds && !self.domain.once && self.claim.is_none() && self.publication.is_none()
    }

    /// Whether it, or an item of it, has such events or audit entries.
    fn tells(&self, kind: fn(&Publication) -> bool) -> bool {
        self.publication.as_ref().is_some_and(kind) || matches!(&self.deed, Deed::All(all) if all.tells(kind))
    }

    /// Its events and audit entries.
    fn told(&self, applied: &mut Applied) -> Result<Told, Failure> {
        let mut told = std::mem::take(&mut applied.told);
        if let Some(publication) = &self.publication {
            told.extend(publication.told(&applied.outcome, applied.after.as_deref())?);
        }
        Ok(told)
    }

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

    /// Runs it without a claim.
    async fn plain(self: &Arc<Self>, connection: &Connection, gate: &Gate) -> Result<Outcome, Failure> {
        if self.deed.is_one_statement() && self.publication.is_none() {
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
        applied.map(|applied| applied.outcome).map_err(Failure::lasting)
    }

    /// Runs it in a transaction, as often as needed. A transaction that lost a conflict left nothing behind. With a
    /// claim, a transaction with an unknown end runs again too: if it was committed, its claim is taken, and its reply
    /// is stored. `None` if there is no ledger for the claim.
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
                Standing::View => {
                    return Err(ledger::amiss(LEDGER.name, &connection.name, VIEW).into());
                }
                Standing::Useless => return Err(fault::never_once(self.domain).into()),
            }
        }
        match (transaction::run(std::slice::from_ref(self), once, &[gate], connection).await?, &self.claim) {
            (Done::Now(outcomes, _), _) => Ok(outcomes.into_iter().next()),
            (Done::Before, Some(claim)) => {
                let limit = left(connection.limit(gate));
                match connection.ledger.outcome(claim, limit).await? {
                    Some(outcome) => Ok(Some(outcome)),
                    None => Err(connection.ledger.explained(Failure::Held).await),
                }
            }
            (Done::Before, None) | (Done::Refused(_), _) => Err(Failure::Held),
        }
    }
}
