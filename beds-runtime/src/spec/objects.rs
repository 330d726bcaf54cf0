//! The database objects that a domain uses, by name: what `beds verify` looks for.
//!
//! What runs them is in the adapters' own `spec` modules; this says no more than is needed to find them.

/// A database object, and what it is used for.
#[derive(Debug, Clone, Copy)]
pub struct Object {
    /// What for.
    pub usage: Usage,
    /// What it is.
    pub kind: ObjectKind,
    /// Its name in the database.
    pub name: &'static str,
    /// The fields that are its arguments, for a procedure behind an operation.
    pub args: &'static [usize],
    /// The fields that its first result set gives, by position.
    pub returns: &'static [usize],
    /// Whether the template says that it commits by itself.
    pub commits: bool,
}

/// What an object is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// `fetch` and `count`.
    Read,
    /// `create`.
    Create,
    /// `update`.
    Update,
    /// `delete`.
    Delete,
    /// The call with this name.
    Call(&'static str),
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A table.
    Table,
    /// A view of either engine.
    View,
    /// A collection.
    Collection,
    /// A procedure.
    Procedure,
    /// A function.
    Function,
    /// The collection or view that a pipeline runs on.
    Pipeline,
}

impl Object {
    /// What is read.
    #[must_use]
    pub const fn read(kind: ObjectKind, name: &'static str) -> Self {
        Self { usage: Usage::Read, kind, name, args: &[], returns: &[], commits: false }
    }

    /// The procedure of an operation.
    #[must_use]
    pub const fn procedure(
        usage: Usage,
        name: &'static str,
        args: &'static [usize],
        returns: &'static [usize],
    ) -> Self {
        Self { usage, kind: ObjectKind::Procedure, name, args, returns, commits: false }
    }

    /// The collection of an operation.
    #[must_use]
    pub const fn collection(usage: Usage, name: &'static str) -> Self {
        Self { usage, kind: ObjectKind::Collection, name, args: &[], returns: &[], commits: false }
    }

    /// What a call runs.
    #[must_use]
    pub const fn call(call: &'static str, kind: ObjectKind, name: &'static str) -> Self {
        Self { usage: Usage::Call(call), kind, name, args: &[], returns: &[], commits: false }
    }

    /// It commits by itself.
    #[must_use]
    pub const fn committing(mut self) -> Self {
        self.commits = true;
        self
    }
}
