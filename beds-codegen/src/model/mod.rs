//! The model of valid templates. [`crate::emit`] turns it into Rust, and the tools of `bedsc` read it.
//!
//! Only [`crate::validate`] builds it. Names are identifiers already, references are indices, and invalid templates
//! cannot be represented.

mod access;
mod field;
mod hand_written;
mod sent;

pub use beds_protocol::{ArgMode, Engine, Generated, RequestValue};
use beds_protocol::{
    Lane, Placement,
    tables::{Role, TABLES, Table},
};

pub use access::{Access, Granted, RoleFields, RoleRows, Wanted};
pub use field::{Field, Literal, Supply, Type};
pub use hand_written::{HandWritten, Method, Operation};
use proc_macro2::Ident;

use crate::span::Spanned;

/// One data domain.
#[derive(Debug, Clone)]
pub struct Domain {
    /// The wire name, and where it is written.
    pub name: Spanned<String>,
    /// The name as a Rust module.
    pub module: Ident,
    /// The name as a Rust struct.
    pub struct_name: Ident,
    /// What it is, for people.
    pub description: String,
    /// Where its operations are routed.
    pub placement: Placement,
    /// The name that the configuration maps to servers.
    pub database: String,
    /// Whether a repeated write is done only once.
    pub once: bool,
    /// The fingerprints of earlier versions whose clients are served.
    pub compatible_with: Vec<String>,
    /// The objects behind the operations.
    pub objects: Objects,
    /// The operations that Rust functions implement, in a hand-written domain.
    pub by_hand: Operations,
    /// All fields, in the order they are written.
    pub fields: Vec<Field>,
    /// The fields of the key.
    pub key: Vec<usize>,
    /// The field that counts changes.
    pub version: Option<usize>,
    /// What a fetch may do.
    pub fetch: Fetch,
    /// How many records one request may write by filter.
    pub bulk: Bulk,
    /// What is published of changes.
    pub events: Events,
    /// How long records are kept; `None` if for ever.
    pub lifecycle: Option<Lifecycle>,
    /// When records go elsewhere.
    pub aging: Aging,
    /// The operations whose successes are audited, in the order they are written.
    pub audit: Vec<Change>,
    /// Who may do what; `None` if the template does not say.
    pub access: Option<Access>,
    /// The named calls, in the order they are written.
    pub calls: Vec<Call>,
    /// The Rust module of the functions behind its calls.
    pub functions: Option<Spanned<String>>,
}

/// The database objects behind the operations, by engine.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one a template")]
pub enum Objects {
    /// Views or tables, and procedures.
    MariaDb {
        /// The view or table that is read.
        read: Option<Relation>,
        /// The procedure of `create`.
        create: Option<Procedure>,
        /// The procedure of `update`.
        update: Option<Procedure>,
        /// The procedure of `upsert`.
        upsert: Option<Procedure>,
        /// The procedure of `delete`.
        delete: Option<Procedure>,
    },
    /// Views and collections.
    MongoDb {
        /// The view or collection that is read.
        read: Option<Relation>,
        /// The collection of `create`.
        create: Option<String>,
        /// The collection of `update`.
        update: Option<String>,
        /// The collection of `upsert`.
        upsert: Option<String>,
        /// The collection of `delete`.
        delete: Option<String>,
    },
}

/// The object that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// Whether it is a view, rather than a table or a collection.
    pub is_view: bool,
}

impl Call {
    /// The parameters that clients know.
    pub fn told(&self) -> impl Iterator<Item = &Arg> {
        self.args.iter().filter(|arg| arg.asked.is_none())
    }
}

impl Procedure {
    /// How many arguments it has.
    #[must_use]
    pub const fn arity(&self) -> usize {
        self.args.len() + self.asked.len()
    }

    /// Its arguments in order: fields, and values of the request.
    #[must_use]
    pub fn all(&self) -> Vec<Result<usize, RequestValue>> {
        let mut all: Vec<_> = self.args.iter().copied().map(Ok).collect();
        for (place, asked) in &self.asked {
            all.insert((*place).min(all.len()), Err(*asked));
        }
        all
    }
}

/// The procedure behind an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure {
    /// Its name, and where it is written.
    pub name: Spanned<String>,
    /// The field of each argument, without arguments that the request gives.
    pub args: Vec<usize>,
    /// The arguments that the request gives, in order, each with its place among all arguments.
    pub asked: Vec<(usize, RequestValue)>,
    /// The fields in its first result set, by position.
    pub returns: Vec<usize>,
    /// Whether it commits by itself.
    pub commits: bool,
}

/// The operations that a domain offers, besides `describe` and its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Operations {
    /// `fetch` and `count`
    pub read: bool,
    /// `create`
    pub create: bool,
    /// `update`
    pub update: bool,
    /// `upsert`
    pub upsert: bool,
    /// `delete`
    pub delete: bool,
}

impl Domain {
    /// The engine behind it.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.objects {
            Objects::MariaDb { .. } => Engine::MariaDb,
            Objects::MongoDb { .. } => Engine::MongoDb,
        }
    }

    /// The unique fields by which records are sorted. Their index alone does not serve the order, which ends with the
    /// key.
    pub(crate) fn sorts_beside_unique(&self) -> impl Iterator<Item = &Field> {
        let sorts = self.fetch.sort.iter().filter_map(|index| self.fields.get(*index));
        sorts.filter(|field| field.unique && !field.is_key)
    }

    /// The operations it offers: those with objects, and those implemented by hand.
    #[must_use]
    pub const fn offered(&self) -> Operations {
        let Operations { read, create, update, upsert, delete } = self.operations();
        Operations {
            read: read || self.by_hand.read,
            create: create || self.by_hand.create,
            update: update || self.by_hand.update,
            upsert: upsert || self.by_hand.upsert,
            delete: delete || self.by_hand.delete,
        }
    }

    /// The operations that objects implement.
    #[must_use]
    pub const fn operations(&self) -> Operations {
        match &self.objects {
            Objects::MariaDb { read, create, update, upsert, delete } => Operations {
                read: read.is_some(),
                create: create.is_some(),
                update: update.is_some(),
                upsert: upsert.is_some(),
                delete: delete.is_some(),
            },
            Objects::MongoDb { read, create, update, upsert, delete } => Operations {
                read: read.is_some(),
                create: create.is_some(),
                update: update.is_some(),
                upsert: upsert.is_some(),
                delete: delete.is_some(),
            },
        }
    }

    /// Whether its objects write, and those writes happen once. Then its database needs a ledger.
    #[must_use]
    pub fn keeps_ledger(&self) -> bool {
        let writes = match &self.objects {
            Objects::MariaDb { create, update, upsert, delete, .. } => {
                [create, update, upsert, delete].into_iter().flatten().any(|procedure| !procedure.commits)
            }
            Objects::MongoDb { create, update, upsert, delete, .. } => {
                [create, update, upsert, delete].into_iter().any(Option::is_some)
            }
        };
        let calls = self.calls.iter().any(|call| {
            call.lane == Lane::Write
                && !matches!(call.target, Target::Procedure { commits: true, .. } | Target::Method { .. })
        });
        self.once && (writes || calls)
    }

    /// The node's own tables that its database needs.
    pub fn tables(&self) -> impl Iterator<Item = &'static Table> {
        TABLES.into_iter().filter(|table| match table.role {
            Role::Ledger => self.keeps_ledger(),
            Role::Events => !self.events.publish.is_empty(),
            Role::Audit => !self.audit.is_empty(),
        })
    }

    /// The view, table or collection that is read.
    #[must_use]
    pub const fn relation(&self) -> Option<&Relation> {
        match &self.objects {
            Objects::MariaDb { read, .. } | Objects::MongoDb { read, .. } => read.as_ref(),
        }
    }
}

/// What a fetch may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The fields that it may filter by.
    pub filter: Vec<usize>,
    /// The fields that it may sort by.
    pub sort: Vec<usize>,
    /// How many records it returns by default.
    pub limit_default: u32,
    /// How many it may ask for.
    pub limit_max: u32,
}

/// How many records one request may write by filter; `None` if it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bulk {
    /// By `update`.
    pub update: Option<u32>,
    /// By `delete`.
    pub delete: Option<u32>,
}

/// The published events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Events {
    /// The operations whose successes are published, in the order they are written.
    pub publish: Vec<Change>,
    /// The fields that an event carries besides key and version.
    pub fields: Vec<usize>,
}

/// When records go elsewhere; `None` if they stay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aging {
    /// Into the warehouse, whose template this names.
    pub warehouse: Option<(Age, Spanned<String>)>,
    /// Into archives.
    pub cool: Option<Age>,
}

/// An age of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// In seconds.
    pub after_s: u32,
    /// Counted from the moment in this field.
    pub by: usize,
}

/// How long records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// For how many seconds they are kept.
    pub ttl_s: u32,
    /// The field with the moment from which the time counts.
    pub by: usize,
    /// The call that deletes old records; `None` if the database deletes them.
    pub purge: Option<String>,
}

/// An operation that changes records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `create`
    Create,
    /// `update`
    Update,
    /// `upsert`
    Upsert,
    /// `delete`
    Delete,
    /// `call.NAME`
    Call(String),
}

impl Change {
    /// The operation as in routing keys.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Create => "create".to_owned(),
            Self::Update => "update".to_owned(),
            Self::Upsert => "upsert".to_owned(),
            Self::Delete => "delete".to_owned(),
            Self::Call(name) => format!("call.{name}"),
        }
    }
}

/// A named call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Wire name.
    pub name: String,
    /// What it does, for people.
    pub description: String,
    /// The lane, which decides its queue.
    pub lane: Lane,
    /// Its parameters, in the database object's order.
    pub args: Vec<Arg>,
    /// What it returns.
    pub returns: Returns,
    /// What it runs.
    pub target: Target,
}

/// A parameter of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// Name, type and bounds.
    pub field: Field,
    /// The direction of its value.
    pub mode: ArgMode,
    /// The value of the request that it takes; `None` if the client gives the value.
    pub asked: Option<RequestValue>,
}

/// The `data` that a call returns.
#[derive(Debug, Clone, PartialEq)]
pub enum Returns {
    /// Nothing.
    Nothing,
    /// One value.
    Scalar(Type),
    /// Rows of the first result set.
    Rows(Vec<Field>),
    /// Every result set, as the object returns it.
    AsItComes,
}

/// The object that a call runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A MariaDB procedure.
    Procedure {
        /// Its name, and where it is written.
        name: Spanned<String>,
        /// Whether it commits by itself.
        commits: bool,
    },
    /// A MariaDB function.
    Function {
        /// Its name, and where it is written.
        name: Spanned<String>,
    },
    /// A MongoDB aggregation pipeline.
    Pipeline {
        /// The name of its file.
        file: String,
        /// The collection or view it runs on.
        on: String,
        /// Its stages as compact JSON.
        stages: String,
        /// Whether a stage writes.
        writes: bool,
    },
    /// A Rust function: from the domain's module, or at a path that a hand-written domain names.
    Method {
        /// Its name or path, and where it is written.
        function: Spanned<String>,
    },
}
