//! Where a client's value gets to: a field that is computed from one holds one, and must not decide what is meant
//! either.

use std::collections::BTreeSet;

/// What holds clients' values so far, judged too widely rather than too narrowly.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Any value.
    pub(super) values: Held,
    /// Those whose members clients name.
    pub(super) open: Held,
}

/// What holds values of one kind.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// How often a value, or what holds one, was read.
    pub(super) count: usize,
    /// The fields that hold one, by the first part of their path.
    pub(super) fields: BTreeSet<String>,
    /// The variables that hold one.
    pub(super) variables: BTreeSet<String>,
    /// Whether any field may.
    pub(super) everywhere: bool,
}

impl Reach {
    /// A client's value was read; `is_open` where its members are named by the client.
    pub(super) fn read(&mut self, is_open: bool) {
        self.values.count += 1;
        self.open.count += usize::from(is_open);
    }

    /// Both kinds.
    pub(super) fn kinds(&mut self) -> [&mut Held; 2] {
        [&mut self.values, &mut self.open]
    }
}

impl Held {
    /// Whether what a path leads to holds one.
    pub(super) fn holds(&self, path: &str) -> bool {
        let path = ["$ROOT.", "$CURRENT."].iter().find_map(|root| path.strip_prefix(root)).unwrap_or(path);
        match path.strip_prefix('$') {
            Some("ROOT" | "CURRENT" | "new") => self.everywhere || !self.fields.is_empty(),
            Some(variable) => self.variables.contains(first(variable)),
            None => self.everywhere || self.fields.contains(first(path)),
        }
    }
}

/// The first part of a path.
pub(super) fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}
