//! What is valid: the model that [`crate::emit`] turns into Rust and the tools of `bedsc` read.
//!
//! [`crate::validate`] alone builds it. Names are identifiers already, references are indices, and what a
//! template may not say cannot be said here.

use beds_protocol::{Lane, Placement};
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
    /// The objects behind the operations.
    pub objects: Objects,
    /// All fields, in the order they are written.
    pub fields: Vec<Field>,
    /// The fields of the key.
    pub key: Vec<usize>,
    /// The field that counts changes.
    pub version: Option<usize>,
    /// What a fetch may do.
    pub fetch: Fetch,
    /// The named calls, in the order they are written.
    pub calls: Vec<Call>,
}

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// MariaDB.
    MariaDb,
    /// MongoDB.
    MongoDb,
}

impl Engine {
    /// All engines.
    pub const ALL: &'static [Self] = &[Self::MariaDb, Self::MongoDb];

    /// The name in templates.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MariaDb => "mariadb",
            Self::MongoDb => "mongodb",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::MongoDb => "MongoDB",
        }
    }
}

/// The database objects behind the operations, by engine.
#[derive(Debug, Clone)]
pub enum Objects {
    /// Views or tables, and procedures.
    MariaDb {
        /// The view or table that is read.
        read: Option<Relation>,
        /// The procedure of `create`.
        create: Option<Procedure>,
        /// The procedure of `update`.
        update: Option<Procedure>,
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
        /// The collection of `delete`.
        delete: Option<String>,
    },
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// Whether it is a view, rather than a table or a collection.
    pub is_view: bool,
}

/// The procedure behind an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure {
    /// Its name, and where it is written.
    pub name: Spanned<String>,
    /// The field of each argument.
    pub args: Vec<usize>,
    /// The fields that its first result set gives, by position.
    pub returns: Vec<usize>,
    /// Whether it commits by itself.
    pub commits: bool,
}

/// The operations that a domain offers besides `describe` and its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Operations {
    /// `fetch` and `count`
    pub read: bool,
    /// `create`
    pub create: bool,
    /// `update`
    pub update: bool,
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

    /// The operations it offers.
    #[must_use]
    pub const fn operations(&self) -> Operations {
        match &self.objects {
            Objects::MariaDb { read, create, update, delete } => Operations {
                read: read.is_some(),
                create: create.is_some(),
                update: update.is_some(),
                delete: delete.is_some(),
            },
            Objects::MongoDb { read, create, update, delete } => Operations {
                read: read.is_some(),
                create: create.is_some(),
                update: update.is_some(),
                delete: delete.is_some(),
            },
        }
    }

    /// The view, table or collection that is read.
    #[must_use]
    pub const fn relation(&self) -> Option<&Relation> {
        match &self.objects {
            Objects::MariaDb { read, .. } | Objects::MongoDb { read, .. } => read.as_ref(),
        }
    }
}

/// A field, an argument, a member, an item, a column of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Wire name.
    pub name: String,
    /// The name as a Rust identifier.
    pub ident: Ident,
    /// Name in the database.
    pub column: String,
    /// What it is, for people.
    pub description: String,
    /// What its values are.
    pub ty: Type,
    /// Where the value of a new record comes from.
    pub supply: Supply,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether it is part of the key.
    pub is_key: bool,
    /// Whether `update` must not change it.
    pub immutable: bool,
    /// Whether no two records share a value.
    pub unique: bool,
    /// Whether its value is masked in logs, errors and dead letters.
    pub sensitive: bool,
}

/// Where the value of a new record's field comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Supply {
    /// The client must give it.
    Required,
    /// The client may give it.
    Optional,
    /// The client may give it, else it is this.
    Default(Literal),
    /// It is generated, and the client may not give it.
    Generated(Generated),
    /// The database counts it.
    Version,
}

/// Who fills a generated field, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// The node, with a random UUID.
    UuidV4,
    /// The node, with a UUID that sorts by time.
    UuidV7,
    /// The node, with the moment of the request.
    Now,
    /// The database.
    Database,
}

impl Generated {
    /// All generators.
    pub const ALL: &'static [Self] = &[Self::UuidV4, Self::UuidV7, Self::Now, Self::Database];

    /// The name in templates.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UuidV4 => "uuid_v4",
            Self::UuidV7 => "uuid_v7",
            Self::Now => "now",
            Self::Database => "database",
        }
    }
}

/// A constant, in wire form where JSON lacks its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// What is a string on the wire.
    Text(String),
}

/// A type, with the bounds on its values, which are inclusive.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the members are the keys of the template language")]
pub enum Type {
    /// `true` or `false`
    Bool,
    /// A signed integer.
    Int { min: i64, max: i64 },
    /// An unsigned integer.
    UInt { min: u64, max: u64 },
    /// A floating-point number.
    Float { min: f64, max: f64 },
    /// An exact decimal; `precision` digits in all, `scale` of them after the point.
    Decimal { precision: u8, scale: u8, min: Option<String>, max: Option<String> },
    /// A short string; lengths in characters.
    String { min: u32, max: u32, pattern: Option<String> },
    /// A long string; lengths in characters.
    Text { min: u32, max: u32 },
    /// Bytes; length in bytes.
    Bytes { max: u32 },
    /// A UUID.
    Uuid,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A moment.
    DateTime,
    /// One of some strings.
    Enum { values: Vec<String> },
    /// Any JSON.
    Json,
    /// At most `max` values, each like `item`.
    List { item: Box<Field>, max: u32 },
    /// An object with these members.
    Object { fields: Vec<Field> },
    /// A MongoDB `ObjectId`.
    ObjectId,
}

impl Type {
    /// The names of all types, as templates write them.
    pub const NAMES: &'static [&'static str] = &[
        "bool", "int", "float", "decimal", "string", "text", "bytes", "uuid", "date", "time", "datetime", "enum",
        "json", "list", "object", "object_id",
    ];

    /// The type's name in templates.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int { .. } | Self::UInt { .. } => "int",
            Self::Float { .. } => "float",
            Self::Decimal { .. } => "decimal",
            Self::String { .. } => "string",
            Self::Text { .. } => "text",
            Self::Bytes { .. } => "bytes",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::Enum { .. } => "enum",
            Self::Json => "json",
            Self::List { .. } => "list",
            Self::Object { .. } => "object",
            Self::ObjectId => "object_id",
        }
    }

    /// Whether values are short and have an order that both engines agree on, so that they can be filtered,
    /// sorted, unique, and part of a key.
    #[must_use]
    pub const fn is_indexable(&self) -> bool {
        match self {
            Self::Bool
            | Self::Int { .. }
            | Self::UInt { .. }
            | Self::Float { .. }
            | Self::Decimal { .. }
            | Self::String { .. }
            | Self::Uuid
            | Self::Date
            | Self::Time
            | Self::DateTime
            | Self::Enum { .. }
            | Self::ObjectId => true,
            Self::Text { .. } | Self::Bytes { .. } | Self::Json | Self::List { .. } | Self::Object { .. } => false,
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
    /// How many records it returns when it does not say.
    pub limit_default: u32,
    /// How many it may ask for.
    pub limit_max: u32,
}

/// A named call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Wire name.
    pub name: String,
    /// What it does, for people.
    pub description: String,
    /// Which queue it waits in.
    pub lane: Lane,
    /// Its parameters, in the database object's order.
    pub args: Vec<Arg>,
    /// What it gives back.
    pub returns: Returns,
    /// What it runs.
    pub target: Target,
}

/// A parameter of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// Name, type and bounds.
    pub field: Field,
    /// Which way its value goes.
    pub mode: Mode,
}

/// Which way the value of a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// From the client.
    In,
    /// To the client.
    Out,
    /// Both ways.
    InOut,
}

impl Mode {
    /// All modes.
    pub const ALL: &'static [Self] = &[Self::In, Self::Out, Self::InOut];

    /// The name in templates.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::InOut => "inout",
        }
    }
}

/// What a call gives back as `data`.
#[derive(Debug, Clone, PartialEq)]
pub enum Returns {
    /// Nothing.
    Nothing,
    /// One value.
    Scalar(Type),
    /// Rows of the first result set.
    Rows(Vec<Field>),
    /// Every result set as it comes.
    AsItComes,
}

/// What a call runs.
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
}
