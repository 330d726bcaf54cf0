//! Procedures and functions.

use super::Kind;

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
    /// Whether it declares that it only reads data, or uses none at all.
    pub declares_read: bool,
    /// Whether it declares that it modifies data.
    pub declares_write: bool,
    /// Its text, if the user who looks may see it.
    pub body: Option<String>,
    /// What its owner says of it.
    pub comment: String,
    /// The mode in which its text is read and run.
    pub mode: SqlMode,
    /// The account with whose rights it runs; `None` if it runs with the caller's rights.
    pub definer: Option<String>,
}

impl Routine {
    /// Why its text is unknown, if it is.
    #[must_use]
    pub const fn unread(&self) -> &'static str {
        if self.mode.oracle {
            "its text was created in sql_mode=ORACLE, whose language is not supported"
        } else {
            "its text cannot be seen by this user"
        }
    }
}

/// The mode in which the text of a routine is read and run. Each routine has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlMode {
    /// Whether `"x"` is a name.
    pub ansi_quotes: bool,
    /// Whether a `\` in a string stands for itself.
    pub no_backslash_escapes: bool,
    /// Whether `||` joins texts, and does not mean `or`.
    pub pipes_concat: bool,
    /// Whether a value that does not fit is refused. Otherwise another value is stored.
    pub strict: bool,
    /// Whether its language is Oracle's, which BEDS does not read.
    pub oracle: bool,
}

impl Default for SqlMode {
    fn default() -> Self {
        Self {
            ansi_quotes: false,
            no_backslash_escapes: false,
            pipes_concat: false,
            strict: true,
            oracle: false,
        }
    }
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
    /// The collation, where it is text.
    pub collation: Option<String>,
}
