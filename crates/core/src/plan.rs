//! [`Plan`]: work for a database, valid against its domain, in the terms of no engine.
//!
//! [`crate::operation`] makes plans from requests; the adapters turn them into jobs. Fields are indices into the
//! domain's fields, values have their fields' types, and a client's text is left in a plan only as a value.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Instant,
};

use beds_protocol::Operation;

use crate::{
    outcome::Outcome,
    position::Positions,
    query::{Condition, Fields, Selection},
    spec::{Call, Domain},
    stages::Stages,
    value::Value,
};

/// Work for a database.
#[derive(Debug)]
pub struct Plan {
    /// In which domain.
    pub domain: &'static Domain,
    /// What.
    pub action: Action,
    /// The claim by which a write happens once; `None` if it may happen again.
    pub claim: Option<Claim>,
    /// The request that it belongs to, for the events of a write.
    pub origin: Origin,
    /// The reach of its caller.
    pub scope: Scope,
}

/// The reach of a plan's caller. Most callers reach everything; then it takes one machine word.
#[derive(Debug, Clone, Default)]
pub struct Scope(Option<Box<Reach>>);

/// The reach of a plan's caller, and the parts of the request that its objects take.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// The conditions on the single record that is read, changed or deleted, and on a record that an upsert finds. A
    /// record that does not meet them counts as missing. A plan with a filter has the conditions in the filter.
    pub rows: Vec<Condition>,
    /// The fields that no reply shows.
    pub hidden: Vec<usize>,
    /// The fields that the caller does not set. An upsert leaves them as they are in a record that is there.
    pub unset: Vec<usize>,
    /// The values of the request that the procedure takes, in the order of their places.
    pub asked: Vec<Value>,
    /// Whether the records are read to be carried elsewhere. Then the outcome reports the members that the template
    /// does not name.
    pub carried: bool,
}

/// Of one who reaches all.
static WHOLE: Reach =
    Reach { rows: Vec::new(), hidden: Vec::new(), unset: Vec::new(), asked: Vec::new(), carried: false };

impl From<Reach> for Scope {
    fn from(reach: Reach) -> Self {
        let is_nothing = reach.is_whole() && reach.unset.is_empty() && reach.asked.is_empty();
        Self((!is_nothing).then(|| Box::new(reach)))
    }
}

impl std::ops::Deref for Scope {
    type Target = Reach;

    fn deref(&self) -> &Reach {
        self.0.as_deref().unwrap_or(&WHOLE)
    }
}

impl Reach {
    /// Whether the plan reaches all records, with all their fields, and asks for nothing else.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.rows.is_empty() && self.hidden.is_empty() && !self.carried
    }
}

/// The parts of a write's request that events and the audit report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Names the request in logs and error replies.
    pub request_id: Option<Arc<str>>,
    /// Its W3C trace context, where it had one.
    pub traceparent: Option<Arc<str>>,
    /// Who asked; set if the domain is audited.
    pub author: Option<Arc<Author>>,
}

/// Who asked for a write, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// The caller's name. With a session it is the session's user. `None` if nobody vouches for the caller.
    pub user: Option<String>,
    /// The user for whom RabbitMQ vouches.
    pub amqp_user: Option<String>,
    /// The id of the session.
    pub session: Option<String>,
    /// The request's `message_id`.
    pub message_id: Option<String>,
}

impl Plan {
    /// A plan without a claim.
    #[must_use]
    pub const fn new(domain: &'static Domain, action: Action) -> Self {
        let origin = Origin { request_id: None, traceparent: None, author: None };
        Self { domain, action, claim: None, origin, scope: Scope(None) }
    }

    /// Whether any of its operations is audited.
    #[must_use]
    pub fn is_audited(&self) -> bool {
        match &self.action {
            Action::Read(_) => false,
            Action::Write(Write::All(items)) => {
                items.iter().any(|item| matches!(item, Item::Plan(plan) if plan.is_audited()))
            }
            Action::Write(write) => {
                write.operation().is_some_and(|operation| self.domain.audit.contains(&operation))
            }
        }
    }

    /// The same for a caller with this reach.
    #[must_use]
    pub fn within(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }
}

/// An item of an atomic batch.
#[derive(Debug)]
pub enum Item {
    /// Its outcome is known without a database.
    Known(Outcome),
    /// A plan to run.
    Plan(Plan),
}

/// The action of a plan.
#[derive(Debug)]
pub enum Action {
    /// It changes nothing.
    Read(Read),
    /// It changes records.
    Write(Write),
}

/// A read.
#[derive(Debug, Clone)]
pub enum Read {
    /// One record by key.
    One {
        /// The key's values, in the key's order.
        key: Vec<Value>,
        /// The fields to show.
        fields: Fields,
    },
    /// Some records by filter, in order.
    Many(Selection),
    /// How many records match.
    Count {
        /// The conditions.
        filter: Vec<Condition>,
        /// The largest count that is needed: a dry run of a write by filter has this bound.
        most: Option<u32>,
        /// The fields that the write by filter would change, with their new values, if this is its dry run. Values that
        /// are refused before anything is written are refused here too.
        changes: Vec<(usize, Value)>,
    },
    /// A call of the read lane.
    Call(Invocation),
}

/// A write.
#[derive(Debug)]
pub enum Write {
    /// New records: all, or none.
    Create {
        /// Each has one value for each field.
        records: Vec<Vec<Value>>,
        /// Whether the request, and so the reply, has a list of them.
        many: bool,
    },
    /// A change of one record.
    Update {
        /// The key's values, in the key's order.
        key: Vec<Value>,
        /// The new values, by field.
        changes: Vec<(usize, Value)>,
        /// The version that the record must have.
        if_version: Option<i64>,
    },
    /// New records, or changes of existing records with the same keys: all, or none.
    Upsert {
        /// Each has one value for each field.
        records: Vec<Vec<Value>>,
        /// Whether the request, and so the reply, has a list of them.
        many: bool,
    },
    /// The same change of every record that matches: all, or none.
    UpdateMany {
        /// Which records.
        matching: Matching,
        /// The new values, by field.
        changes: Vec<(usize, Value)>,
    },
    /// The deletion of every record that matches: all, or none.
    DeleteMany(Matching),
    /// The deletion of one record.
    Delete {
        /// The key's values, in the key's order.
        key: Vec<Value>,
        /// The version that the record must have.
        if_version: Option<i64>,
    },
    /// A call of the write lane.
    Call(Invocation),
    /// The items of an atomic batch, all of them in the plan's database: all, or none. The outcome has their replies.
    All(Vec<Item>),
}

impl Write {
    /// Its operation; `None` for a batch.
    #[must_use]
    pub fn operation(&self) -> Option<Operation<'static>> {
        Some(match self {
            Self::Create { .. } => Operation::Create,
            Self::Update { .. } | Self::UpdateMany { .. } => Operation::Update,
            Self::Upsert { .. } => Operation::Upsert,
            Self::Delete { .. } | Self::DeleteMany(_) => Operation::Delete,
            Self::Call(Invocation { call, .. }) => Operation::Call(call.name),
            Self::All(_) => return None,
        })
    }
}

/// Records by filter, a bounded number of them.
#[derive(Debug)]
pub struct Matching {
    /// The conditions, at least one.
    pub filter: Vec<Condition>,
    /// How many records may match. If there are more, none is written.
    pub most: u32,
}

/// A call with its arguments.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The call.
    pub call: &'static Call,
    /// One value for each parameter, null for OUT parameters.
    pub args: Vec<Value>,
}

/// The claim by which a write happens once: who asks, under which id, and for what. It is a row of the ledger, in the
/// transaction of the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The user for whom RabbitMQ vouches; empty where the request names none.
    pub user: String,
    /// The request's `message_id`, unique among the user's.
    pub message_id: String,
    /// The number of the write in its request: a hand-written method may make several writes, and so may each item of a
    /// batch.
    pub step: u32,
    /// The digest of the request. The same id with another digest is a conflict.
    pub digest: [u8; 32],
}

impl Claim {
    /// The parts that distinguish the claims of different writes: user, `message_id` and step.
    #[must_use]
    pub const fn key(&self) -> (&str, &str, u32) {
        (self.user.as_str(), self.message_id.as_str(), self.step)
    }
}

/// How long a plan may take, and how long its reply may be.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The moment after which no answer is wanted.
    pub deadline: Instant,
    /// Longest reply, in bytes; [`UNHEARD`] where nobody waits for it.
    pub reply_bytes_max: usize,
    /// Who asks.
    pub asker: Asker,
    /// The positions that databases must have reached for its reads. It also gets the positions after its writes.
    pub positions: Arc<Positions>,
    /// Records how long the plan waits and runs.
    pub stages: Arc<Stages>,
}

impl Bounds {
    /// For work that no client in particular asks for.
    #[must_use]
    pub fn new(deadline: Instant, reply_bytes_max: usize) -> Self {
        let (asker, positions, stages) = (Asker::default(), Arc::default(), Arc::default());
        Self { deadline, reply_bytes_max, asker, positions, stages }
    }
}

/// The client of some work: clients share a database fairly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asker {
    /// The client, as a number: its user, or, if it names none, its reply queue.
    pub client: u64,
    /// Whether it is a part of a request that was admitted before, such as an item of a batch. It waits as long as its
    /// deadline allows.
    pub is_part: bool,
}

impl Asker {
    /// The client with this name.
    #[must_use]
    pub fn named(client: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        client.hash(&mut hasher);
        Self { client: hasher.finish(), is_part: false }
    }

    /// A part of this client's request.
    #[must_use]
    pub const fn part(self) -> Self {
        Self { is_part: true, ..self }
    }
}

/// The length limit of a reply that nobody waits for: no work is refused for its length. Code that reads a reply's rows
/// one by one keeps a bounded number of them.
pub const UNHEARD: usize = usize::MAX;
