//! The content of a database, in plain structs without any engine's types: relations with typed columns and indexes,
//! routines with typed parameters, the grants of the user who looks.
//!
//! Each adapter fills them (`mariadb::inspect`, `mongodb::inspect`); `import` writes templates from them and
//! `verify` compares templates with them. Nothing here asks a server or reports a mistake.

mod behind;
mod grants;
mod kind;
mod routine;
mod rule;
mod shows;
mod tokens;
mod zones;

use std::{collections::BTreeSet, time::Duration};

pub use self::{
    behind::{Needed, Trigger},
    grants::{Grant, Granted, Grants},
    kind::{Kind, UNKNOWN},
    routine::{Direction, Parameter, Routine, RoutineKind, SqlMode},
    rule::{Asks, ITEMS, Rule},
    shows::{Each, Shows},
    tokens::{Token, tokens},
    zones::zones,
};

/// What to look at.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Only these relations and routines in detail, by name, and the tables that texts of routines name; all of them if
    /// it is `None`. Names are always listed in full, for suggestions.
    pub only: Option<Vec<String>>,
    /// How many documents to look at if nothing declares their shape; 0 looks at none.
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
    /// Whether the server answers, but has no such database, or an empty one.
    pub is_absent: bool,
}

impl Unseen {
    /// With the reason, and the remedy.
    pub fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: hint.into(), is_absent: false }
    }

    /// The same, for a database that is missing or empty.
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
    /// Whether the server has no transactions.
    pub lacks_transactions: bool,
    /// The default collation of strings, if the engine has one.
    pub collation: String,
    /// Tables, views and collections, by name.
    pub relations: Vec<Relation>,
    /// Procedures and functions, by name.
    pub routines: Vec<Routine>,
    /// Other objects, such as a sequence: name and kind.
    pub others: Vec<(String, String)>,
    /// Names that texts of routines seem to call and for which the server has no function, in lower case.
    pub no_functions: BTreeSet<String>,
    /// Time zones that texts of routines and views name and that the server does not know.
    pub no_zones: BTreeSet<String>,
    /// Which server it is on: two databases of one server have the same.
    pub server: String,
    /// Whether names of databases and relations that differ only in case are the same.
    pub folds_names: bool,
    /// The accounts of the server, as `user@host`; `None` if the user who looks may not see them.
    pub accounts: Option<Vec<String>>,
    /// The rights of the user who looks.
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

/// The source of a relation's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Evidence {
    /// The engine declares it.
    #[default]
    Declared,
    /// A validator declares it.
    Validator {
        /// Whether the server refuses what does not match.
        strict: bool,
    },
    /// A sample of documents.
    Sample {
        /// How many.
        documents: u64,
    },
}

/// How a table or a collection stores its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// What it is called, such as `InnoDB`.
    pub name: String,
    /// Whether a transaction can write into it and roll back.
    pub transactional: bool,
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
    /// How a table or collection stores its records; `None` for a view, and if the engine does not tell.
    pub storage: Option<Storage>,
    /// For a collection: the collation by which all its texts are compared, if it does not compare byte by byte.
    pub collation: Option<String>,
    /// Its columns or members, in order; empty if the scope leaves it out.
    pub columns: Vec<Column>,
    /// Its indexes, the primary key first.
    pub indexes: Vec<Index>,
    /// The columns of each foreign key.
    pub foreign_keys: Vec<Vec<String>>,
    /// The source of its shape.
    pub evidence: Evidence,
    /// Whether unlisted members are refused.
    pub closed: bool,
    /// The validator's rules for documents that are written.
    pub rules: Vec<Rule>,
    /// For a view that only picks columns and rows of one table: that table, and each column's name in the table.
    pub picks: Option<(String, Vec<(String, String)>)>,
    /// For such a view: whether it leaves rows out.
    pub is_filtered: bool,
    /// For a view of documents: which members it shows, if its stages tell.
    pub shows: Option<Shows>,
    /// For a view: the names of this database in its definition.
    pub uses: Vec<String>,
    /// For a view: the time zones that its definition names.
    pub zones: Vec<String>,
    /// For a view: whether it runs a function of another database.
    pub runs_elsewhere: bool,
    /// The triggers of each write to it.
    pub triggers: Vec<Trigger>,
    /// The objects without which it accepts no row.
    pub needs: Vec<Needed>,
    /// Why nobody can read it as it is, in the server's words.
    pub broken: Option<String>,
    /// The parts of it that could not be seen.
    pub notes: Vec<String>,
}

/// A column, or a member of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The kind of its values.
    pub kind: Kind,
    /// The type as the engine writes it.
    pub written: String,
    /// The collation, where the column has one.
    pub collation: Option<String>,
    /// Whether it may be null, or absent.
    pub nullable: bool,
    /// The value of a new record that does not give it.
    pub default: Supplied,
    /// Whether each update that does not set it changes it: `on update current_timestamp`.
    pub renewed: bool,
    /// What its owner says of it.
    pub comment: String,
    /// In how many of the sampled documents it occurred.
    pub seen: Option<u64>,
}

/// The value of a column that a new record does not give.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Supplied {
    /// Null, or nothing.
    #[default]
    Nothing,
    /// This constant, as text.
    Constant(String),
    /// The result of this expression.
    Expression(String),
    /// The next number.
    Counter,
    /// The result of this expression of other columns, always.
    Computed(String),
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Whether no two records share the values of its columns.
    pub unique: bool,
    /// Whether it is the primary key.
    pub primary: bool,
    /// Its columns.
    pub columns: Vec<String>,
    /// Whether it covers every value in full: not a prefix, not an expression, and not only a part of the documents.
    pub whole: bool,
    /// Whether two records that differ in the index always differ in these columns. The index may cover only the
    /// beginnings of values.
    pub identifies: bool,
    /// The types, as the engine names them, if it covers only values of some types, and is not whole for that reason
    /// alone.
    pub only: Vec<String>,
    /// Whether a missing value counts as a value. A unique index then accepts only one such record.
    pub counts_null: bool,
    /// After how many seconds the server deletes records by it; `None` if it does not.
    pub expires_s: Option<u64>,
}

/// Whether two names of columns, parameters or routines are the same: SQL engines ignore case in them.
#[must_use]
pub fn same_word(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

impl Catalogue {
    /// The relation with this name, exactly.
    #[must_use]
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }

    /// Whether two names of relations or databases are the same to the server.
    #[must_use]
    pub fn is_one_name(&self, a: &str, b: &str) -> bool {
        a == b || (self.folds_names && a.to_lowercase() == b.to_lowercase())
    }

    /// Whether two names of columns are the same to the server: members of documents differ by case.
    #[must_use]
    pub fn is_one_column(&self, a: &str, b: &str) -> bool {
        if self.documents { a == b } else { same_word(a, b) }
    }

    /// The relation that a statement means by this name.
    #[must_use]
    pub fn relation_named(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| self.is_one_name(&relation.name, name))
    }

    /// The routine of this kind with this name. Engines ignore case in such names.
    #[must_use]
    pub fn routine(&self, kind: RoutineKind, name: &str) -> Option<&Routine> {
        self.routines.iter().find(|routine| routine.kind == kind && same_word(&routine.name, name))
    }
}

impl Column {
    /// A column of this type that is never null, with nothing else known.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: Kind, written: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            written: written.into(),
            collation: None,
            nullable: false,
            default: Supplied::Nothing,
            renewed: false,
            comment: String::new(),
            seen: None,
        }
    }

    /// Whether a validator accepts a 64-bit integer. Any other column accepts the values of its kind.
    #[must_use]
    pub fn takes_long(&self) -> bool {
        let mut types = self.written.split(" or ");
        !types.clone().any(|name| name == "int") || types.any(|name| matches!(name, "long" | "number"))
    }
}

impl Relation {
    /// A relation with nothing else known.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: RelationKind) -> Self {
        Self {
            name: name.into(),
            kind,
            comment: String::new(),
            storage: None,
            collation: None,
            columns: Vec::new(),
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            evidence: Evidence::default(),
            closed: false,
            rules: Vec::new(),
            picks: None,
            is_filtered: false,
            shows: None,
            uses: Vec::new(),
            zones: Vec::new(),
            runs_elsewhere: false,
            triggers: Vec::new(),
            needs: Vec::new(),
            broken: None,
            notes: Vec::new(),
        }
    }

    /// The columns of the primary key.
    #[must_use]
    pub fn primary_key(&self) -> Option<&[String]> {
        self.indexes.iter().find(|index| index.primary).map(|index| index.columns.as_slice())
    }
}
