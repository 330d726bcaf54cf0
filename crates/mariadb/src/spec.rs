//! What the template compiler emits for a MariaDB domain: SQL fragments, with every identifier quoted.

/// The view or table that a domain reads.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The quoted name, such as `` `v_product` ``.
    pub from: &'static str,
    /// Selects all fields of one record, in the template's order, by its key; empty for a domain without a key.
    pub by_key: &'static str,
}

/// The procedure behind `create`, `update` or `delete`.
#[derive(Debug, Clone, Copy)]
pub struct Procedure {
    /// ``call `name`(?, …)``, one placeholder an argument.
    pub call: &'static str,
    /// The field of each argument.
    pub args: &'static [usize],
    /// The fields that the procedure's first result set gives, by position; none where it gives no result.
    pub returns: &'static [usize],
    /// Whether it commits by itself, which makes it at-least-once.
    pub commits: bool,
}

impl Procedure {
    /// A procedure that gives no result and leaves the commit to the node.
    #[must_use]
    pub const fn new(call: &'static str, args: &'static [usize]) -> Self {
        Self { call, args, returns: &[], commits: false }
    }

    /// It gives these fields back.
    #[must_use]
    pub const fn returning(mut self, fields: &'static [usize]) -> Self {
        self.returns = fields;
        self
    }

    /// It commits by itself.
    #[must_use]
    pub const fn committing(mut self) -> Self {
        self.commits = true;
        self
    }
}

/// The procedure or function behind a call.
#[derive(Debug, Clone, Copy)]
pub struct Routine {
    /// ``call `name`(?, …)``, or ``select `name`(?, …)``; one placeholder a parameter, OUT ones too.
    pub sql: &'static str,
    /// Whether it commits by itself, which makes it at-least-once.
    pub commits: bool,
}

impl Routine {
    /// A routine that leaves the commit to the node.
    #[must_use]
    pub const fn new(sql: &'static str) -> Self {
        Self { sql, commits: false }
    }

    /// It commits by itself.
    #[must_use]
    pub const fn committing(mut self) -> Self {
        self.commits = true;
        self
    }
}
