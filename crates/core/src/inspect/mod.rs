//! What a database holds, in plain structs that no engine shows through: relations with typed columns and
//! indexes, routines with typed parameters, the grants of the one who looks.
//!
//! Each adapter fills them (`mariadb::inspect`, `mongodb::inspect`); `import` writes templates from them and
//! `verify` compares templates with them. Nothing here asks a server or reports a mistake.

mod grants;

use std::time::Duration;

pub use grants::{Grant, Granted, Grants};

/// What to look at.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Only these relations and routines in detail, by name; all of them where it is `None`. Names are always
    /// listed in full, for suggestions.
    pub only: Option<Vec<String>>,
    /// How many documents to look at where nothing declares their shape; 0 looks at none.
    pub sample: u32,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// Why a database cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unseen {
    /// What went wrong, in a sentence without the URL.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
    /// Whether the server answers and has no such database, or one with nothing in it.
    pub is_absent: bool,
}

impl Unseen {
    /// With what went wrong, and what to do about it.
    pub fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: hint.into(), is_absent: false }
    }

    /// The same, where the database is not there or has nothing in it.
    #[must_use]
    pub fn absent(self, is_absent: bool) -> Self {
        Self { is_absent, ..self }
    }
}

/// A database as it is.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Its name on the server.
    pub database: String,
    /// Whether its relations hold documents rather than rows.
    pub documents: bool,
    /// The collation of strings that say nothing else, where the engine has one.
    pub collation: String,
    /// Tables, views and collections, by name.
    pub relations: Vec<Relation>,
    /// Procedures and functions, by name.
    pub routines: Vec<Routine>,
    /// What is there but is neither, such as a sequence: its name, and what it is.
    pub others: Vec<(String, String)>,
    /// What the one who looks may do.
    pub grants: Grants,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// A table.
    Table,
    /// A view of either engine.
    View,
    /// A collection.
    Collection,
}

impl RelationKind {
    /// Its name for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::Collection => "collection",
        }
    }
}

/// Where the shape of a relation is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Evidence {
    /// The engine declares it.
    #[default]
    Declared,
    /// A validator declares it; whether it refuses what does not match.
    Validator {
        /// Whether the server refuses what does not match.
        strict: bool,
    },
    /// Documents that were looked at.
    Sample {
        /// How many.
        documents: u64,
    },
}

/// A table, a view or a collection.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// What its owner says of it.
    pub comment: String,
    /// Its columns or members, in order; none where the scope leaves it out.
    pub columns: Vec<Column>,
    /// Its indexes, the primary key first.
    pub indexes: Vec<Index>,
    /// The columns of each foreign key.
    pub foreign_keys: Vec<Vec<String>>,
    /// Where its shape is known from.
    pub evidence: Evidence,
    /// Whether members that are not listed are refused.
    pub closed: bool,
    /// For a view that only picks columns and rows of one table: that table, and the table's name of each column.
    pub picks: Option<(String, Vec<(String, String)>)>,
    /// What could not be seen of it.
    pub notes: Vec<String>,
}

/// A column, or a member of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// The type as the engine writes it.
    pub written: String,
    /// The collation, where the column has one.
    pub collation: Option<String>,
    /// Whether it may be null, or absent.
    pub nullable: bool,
    /// What a new record has when it is not given.
    pub default: Supplied,
    /// What its owner says of it.
    pub comment: String,
    /// In how many of the documents looked at it was.
    pub seen: Option<u64>,
}

/// What a new record has in a column that is not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Supplied {
    /// Null, or nothing.
    #[default]
    Nothing,
    /// This constant, as text.
    Constant(String),
    /// What this expression gives.
    Expression(String),
    /// The next number.
    Counter,
    /// What this expression of other columns gives, always.
    Computed(String),
}

/// What values of a column or parameter are.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// An integer within these bounds.
    Int {
        /// Least value.
        min: i128,
        /// Greatest value.
        max: i128,
    },
    /// A floating-point number.
    Float {
        /// Whether it has no negative values.
        unsigned: bool,
    },
    /// An exact number.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
        /// Whether it has no negative values.
        unsigned: bool,
    },
    /// A string that can be indexed; its greatest length in characters.
    String {
        /// Greatest length in characters.
        max: u32,
    },
    /// A long string.
    Text {
        /// Greatest length.
        max: u32,
    },
    /// Bytes.
    Bytes {
        /// Greatest length.
        max: u32,
        /// Whether every value has that length.
        fixed: bool,
    },
    /// A UUID.
    Uuid,
    /// A calendar date.
    Date,
    /// A time of day, or a duration.
    Time,
    /// A moment.
    DateTime,
    /// One of these strings.
    Enum(Vec<String>),
    /// Some of these strings.
    Set(Vec<String>),
    /// JSON, or documents whose shape varies.
    Json,
    /// A MongoDB `ObjectId`.
    ObjectId,
    /// Several values of one kind.
    List(Box<Kind>),
    /// A document with these members.
    Object(Vec<Column>),
    /// Values of several types, which are these.
    Mixed(Vec<String>),
    /// What no template can express, and why.
    Beyond(String),
}

impl Kind {
    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Bool => "a boolean".into(),
            Self::Int { .. } => "an integer".into(),
            Self::Float { .. } => "a floating-point number".into(),
            Self::Decimal { precision, scale, .. } => format!("a decimal ({precision},{scale})"),
            Self::String { max } => format!("a string of at most {max} characters"),
            Self::Text { .. } => "a text".into(),
            Self::Bytes { .. } => "bytes".into(),
            Self::Uuid => "a UUID".into(),
            Self::Date => "a date".into(),
            Self::Time => "a time".into(),
            Self::DateTime => "a date and time".into(),
            Self::Enum(_) => "an enum".into(),
            Self::Set(_) => "a set".into(),
            Self::Json => "JSON".into(),
            Self::ObjectId => "an ObjectId".into(),
            Self::List(_) => "a list".into(),
            Self::Object(_) => "an object".into(),
            Self::Mixed(types) => format!("one of {}", types.join(", ")),
            Self::Beyond(what) => what.clone(),
        }
    }
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Whether no two records share its columns' values.
    pub unique: bool,
    /// Whether it is the primary key.
    pub primary: bool,
    /// Its columns.
    pub columns: Vec<String>,
    /// Whether it covers every value in full: not a prefix, not an expression, not a part of the documents.
    pub whole: bool,
}

/// What a routine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoutineKind {
    /// A procedure.
    Procedure,
    /// A function.
    Function,
}

impl RoutineKind {
    /// Its name for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Procedure => "procedure",
            Self::Function => "function",
        }
    }
}

/// A procedure or function.
#[derive(Debug, Clone)]
pub struct Routine {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: RoutineKind,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// What a function returns.
    pub returns: Option<(Kind, String)>,
    /// Whether it declares that it reads data, or none at all.
    pub declares_read: bool,
    /// Whether it declares that it modifies data.
    pub declares_write: bool,
    /// Its text, where the one who looks may see it.
    pub body: Option<String>,
    /// What its owner says of it.
    pub comment: String,
}

/// Which way the value of a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Into the routine.
    In,
    /// Out of it.
    Out,
    /// Both ways.
    InOut,
}

impl Direction {
    /// Its name in templates.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::InOut => "inout",
        }
    }
}

/// A parameter of a routine.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Which way its value goes.
    pub direction: Direction,
    /// What its values are.
    pub kind: Kind,
    /// The type as the engine writes it.
    pub written: String,
}

impl Catalogue {
    /// The relation with this name, exactly.
    #[must_use]
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }

    /// The routine of this kind with this name; engines do not tell case apart in them.
    #[must_use]
    pub fn routine(&self, kind: RoutineKind, name: &str) -> Option<&Routine> {
        self.routines.iter().find(|routine| routine.kind == kind && routine.name.eq_ignore_ascii_case(name))
    }
}

impl Column {
    /// Whether a 64-bit integer is among what a validator takes; any other column takes what its kind says.
    #[must_use]
    pub fn takes_long(&self) -> bool {
        let mut types = self.written.split(" or ");
        !types.clone().any(|name| name == "int") || types.any(|name| matches!(name, "long" | "number"))
    }
}

impl Relation {
    /// A relation of which only this much is known.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: RelationKind) -> Self {
        Self {
            name: name.into(),
            kind,
            comment: String::new(),
            columns: Vec::new(),
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            evidence: Evidence::default(),
            closed: false,
            picks: None,
            notes: Vec::new(),
        }
    }

    /// The columns of the primary key.
    #[must_use]
    pub fn primary_key(&self) -> Option<&[String]> {
        self.indexes.iter().find(|index| index.primary).map(|index| index.columns.as_slice())
    }
}
