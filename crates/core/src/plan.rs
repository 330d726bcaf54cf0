//! [`Plan`]: what is to be done in a database, valid against its domain, in the terms of no engine.
//!
//! [`crate::operation`] makes plans from requests; the adapters turn them into jobs. Fields are indices into the
//! domain's, values are of their fields' types, and nothing a client named is left in a plan but as a value.

use std::{sync::Arc, time::Instant};

use beds_protocol::Operation;

use crate::{
    outcome::Outcome,
    position::Positions,
    query::{Condition, Fields, Selection},
    spec::{Call, Domain},
    stages::Stages,
    value::Value,
};

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    /// In which domain.
    pub domain: &'static Domain,
    /// What.
    pub action: Action,
    /// What makes a write happen once; none for what may happen again.
    pub claim: Option<Claim>,
    /// Which request it belongs to, for the events of a write.
    pub origin: Origin,
    /// What its caller reaches.
    pub scope: Scope,
}

/// What the caller of a plan reaches. Most reach all, and then it is nothing but a word.
#[derive(Debug, Clone, Default)]
pub struct Scope(Option<Box<Reach>>);

/// What the caller of a plan reaches, and what of the request its objects take.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// What must hold of the one record that is read, changed or deleted, and of one that an upsert finds: another is as if it
    /// were not there. What is found by a filter has it in the filter.
    pub rows: Vec<Condition>,
    /// The fields that no reply shows.
    pub hidden: Vec<usize>,
    /// The values of the request that the procedure takes, in the order of their places.
    pub asked: Vec<Value>,
    /// Whether what is read is carried elsewhere, so that the outcome tells what the template does not name.
    pub carried: bool,
}

/// Of one who reaches all.
static WHOLE: Reach = Reach { rows: Vec::new(), hidden: Vec::new(), asked: Vec::new(), carried: false };

impl From<Reach> for Scope {
    fn from(reach: Reach) -> Self {
        let is_nothing = reach.is_whole() && reach.asked.is_empty();
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
    /// Whether all records are reached, and all of them is shown, and nothing else is asked of them.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.rows.is_empty() && self.hidden.is_empty() && !self.carried
    }
}

/// What events and the audit tell of the request of a write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Names the request in logs and error replies.
    pub request_id: Option<Arc<str>>,
    /// Its W3C trace context, where it had one.
    pub traceparent: Option<Arc<str>>,
    /// Who asked; known of what is audited.
    pub author: Option<Arc<Author>>,
}

/// Who asked for a write, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// The caller's name, which is the session's user where there is a session; none of a caller whom nobody vouches for.
    pub user: Option<String>,
    /// The user for whom RabbitMQ vouches.
    pub amqp_user: Option<String>,
    /// The id of the session.
    pub session: Option<String>,
    /// The request's `message_id`.
    pub message_id: Option<String>,
}

impl Plan {
    /// A plan that claims nothing yet.
    #[must_use]
    pub const fn new(domain: &'static Domain, action: Action) -> Self {
        let origin = Origin { request_id: None, traceparent: None, author: None };
        Self { domain, action, claim: None, origin, scope: Scope(None) }
    }

    /// Whether anything that it does is audited.
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

    /// The same for a caller who reaches so much.
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
    /// What is to be done.
    Plan(Plan),
}

/// What a plan does.
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
        /// What to show.
        fields: Fields,
    },
    /// Some records by filter, in order.
    Many(Selection),
    /// How many records match.
    Count {
        /// What must hold.
        filter: Vec<Condition>,
        /// How many there may be: a dry run of a write by filter has this bound.
        most: Option<u32>,
    },
    /// A call of the read lane.
    Call(Invocation),
}

/// A write.
#[derive(Debug)]
pub enum Write {
    /// New records: all, or none.
    Create {
        /// Each has one value a field.
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
    /// New records, or changes of those with their keys: all, or none.
    Upsert {
        /// Each has one value a field.
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
    /// The end of every record that matches: all, or none.
    DeleteMany(Matching),
    /// The end of one record.
    Delete {
        /// The key's values, in the key's order.
        key: Vec<Value>,
        /// The version that the record must have.
        if_version: Option<i64>,
    },
    /// A call of the write lane.
    Call(Invocation),
    /// The items of an atomic batch, all of which are in the plan's database: all, or none. The outcome has their replies.
    All(Vec<Item>),
}

impl Write {
    /// The operation that it is; a batch is none.
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
    /// What must hold: at least one condition.
    pub filter: Vec<Condition>,
    /// How many there may be. Of more, none is written.
    pub most: u32,
}

/// A call with its arguments.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The call.
    pub call: &'static Call,
    /// One value a parameter, null for OUT ones.
    pub args: Vec<Value>,
}

/// What makes a write happen once: who asks, under which id, and for what. It is a row of the ledger, which is written
/// in the transaction of the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The user for whom RabbitMQ vouches; empty where the request names none.
    pub user: String,
    /// The request's `message_id`, unique among the user's.
    pub message_id: String,
    /// Which write of the request it is: a hand-written method may do several, and so may each item of a batch.
    pub step: u32,
    /// Digest of what is asked. The same id with another digest is a conflict.
    pub digest: [u8; 32],
}

impl Claim {
    /// What claims of different writes differ by: user, `message_id` and step.
    #[must_use]
    pub const fn key(&self) -> (&str, &str, u32) {
        (self.user.as_str(), self.message_id.as_str(), self.step)
    }
}

/// How long a plan may take, and how much it may give.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The moment after which no answer is wanted.
    pub deadline: Instant,
    /// Longest reply, in bytes; [`UNHEARD`] where nobody waits for it.
    pub reply_bytes_max: usize,
    /// Who asks.
    pub asker: Asker,
    /// Where databases must be for what is read; hears where they are after what is written.
    pub positions: Arc<Positions>,
    /// Hears how long the plan waits and runs.
    pub stages: Arc<Stages>,
}

impl Bounds {
    /// Of what no client in particular asks for.
    #[must_use]
    pub fn new(deadline: Instant, reply_bytes_max: usize) -> Self {
        let (asker, positions, stages) = (Asker::default(), Arc::default(), Arc::default());
        Self { deadline, reply_bytes_max, asker, positions, stages }
    }
}

/// For whom something is run: those who ask share a database fairly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asker {
    /// The client, as a number: its user, or where it names none, its reply queue.
    pub client: u64,
    /// Whether it is a part of what was let in before, such as an item of a batch: it waits as long as its deadline
    /// allows.
    pub is_part: bool,
}

impl Asker {
    /// A part of what this one asks for.
    #[must_use]
    pub const fn part(self) -> Self {
        Self { is_part: true, ..self }
    }
}

/// The length of a reply that nobody waits for: no work is refused for it. Whoever reads a reply's rows one by one keeps
/// a bounded number of them.
pub const UNHEARD: usize = usize::MAX;
