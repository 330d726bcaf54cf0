//! What a database holds, in plain structs that no engine shows through: relations with typed columns and
//! indexes, routines with typed parameters, the grants of the one who looks.
//!
//! Each adapter fills them (`mariadb::inspect`, `mongodb::inspect`); `import` writes templates from them and
//! `verify` compares templates with them. Nothing here asks a server or reports a mistake.

mod behind;
mod grants;
mod kind;
mod routine;
mod rule;
mod shows;

use std::{collections::BTreeSet, time::Duration};

pub use self::{
    behind::{Needed, Trigger},
    grants::{Grant, Granted, Grants},
    kind::{Kind, UNKNOWN},
    routine::{Direction, Parameter, Routine, RoutineKind, SqlMode},
    rule::{Asks, ITEMS, Rule},
    shows::{Each, Shows},
};

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
    /// Whether the server has no transactions.
    pub lacks_transactions: bool,
    /// The collation of strings that say nothing else, where the engine has one.
    pub collation: String,
    /// Tables, views and collections, by name.
    pub relations: Vec<Relation>,
    /// Procedures and functions, by name.
    pub routines: Vec<Routine>,
    /// What is there but is neither, such as a sequence: its name, and what it is.
    pub others: Vec<(String, String)>,
    /// Names that texts of routines seem to call, and that the server knows no function of, in lower case.
    pub no_functions: BTreeSet<String>,
    /// Which server it is on: two databases of one server have the same.
    pub server: String,
    /// Whether names of databases and relations that differ in case only are one.
    pub folds_names: bool,
    /// The accounts of the server, as `user@host`; `None` where the one who looks may not see them.
    pub accounts: Option<Vec<String>>,
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

/// How a table or a collection keeps what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// What it is called, such as `InnoDB`.
    pub name: String,
    /// Whether a transaction writes into it and takes back what it wrote.
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
    /// How a table or collection keeps what is written; `None` for a view, and where the engine does not tell.
    pub storage: Option<Storage>,
    /// For a collection: the collation by which all its texts are compared, where it is not byte by byte.
    pub collation: Option<String>,
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
    /// What its validator asks of documents that are written.
    pub rules: Vec<Rule>,
    /// For a view that only picks columns and rows of one table: that table, and the table's name of each column.
    pub picks: Option<(String, Vec<(String, String)>)>,
    /// For such a view: whether it leaves rows out.
    pub is_filtered: bool,
    /// For a view of documents, where its stages tell: which members it shows.
    pub shows: Option<Shows>,
    /// For a view: the names of this database that its definition has.
    pub uses: Vec<String>,
    /// For a view: whether it runs a function of another database.
    pub runs_elsewhere: bool,
    /// What runs with each write to it.
    pub triggers: Vec<Trigger>,
    /// Without what it takes no row.
    pub needs: Vec<Needed>,
    /// Why nobody can read it as it is, in the server's words.
    pub broken: Option<String>,
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
    /// Whether each update that does not set it gives it another value: `on update current_timestamp`.
    pub renewed: bool,
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
    /// Whether it covers every value in full: not a prefix, not an expression, not a part of the documents that have one.
    pub whole: bool,
    /// Whether two records that differ in it differ in these columns: it may cover the beginnings of values only.
    pub identifies: bool,
    /// Where it covers values of some types only, and is not whole by that alone: these, as the engine names them.
    pub only: Vec<String>,
    /// Whether to have no value is a value to it, so that it takes one such record only where it is unique.
    pub counts_null: bool,
    /// After how many seconds the server deletes records by it; none where it does not.
    pub expires_s: Option<u64>,
}

/// Whether two names of columns, parameters or routines are one: engines of rows do not tell case apart in them.
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

    /// Whether two names of relations or databases are one to the server.
    #[must_use]
    pub fn is_one_name(&self, a: &str, b: &str) -> bool {
        a == b || (self.folds_names && a.to_lowercase() == b.to_lowercase())
    }

    /// Whether two names of columns are one to the server: members of documents are told apart by case.
    #[must_use]
    pub fn is_one_column(&self, a: &str, b: &str) -> bool {
        if self.documents { a == b } else { same_word(a, b) }
    }

    /// The relation that a statement means by this name.
    #[must_use]
    pub fn relation_named(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| self.is_one_name(&relation.name, name))
    }

    /// The routine of this kind with this name; engines do not tell case apart in them.
    #[must_use]
    pub fn routine(&self, kind: RoutineKind, name: &str) -> Option<&Routine> {
        self.routines.iter().find(|routine| routine.kind == kind && same_word(&routine.name, name))
    }
}

impl Column {
    /// A column of this type that is never null, of which no more is known.
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
