//! Tracks where a client's value gets to. A field that is computed from a client's value holds one, and must not
//! control the pipeline either.

use std::collections::BTreeSet;

/// The variables that are documents. A pipeline may redefine `new`.
const DOCUMENTS: [&str; 3] = ["ROOT", "CURRENT", "new"];

/// The holders of clients' values so far. The estimate errs on the side of too many.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Any value.
    pub(super) values: Held,
    /// Values with members that clients name, at any depth.
    pub(super) open: Held,
}

/// The holders of values of one kind.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// How often a value, or a holder of one, was read.
    pub(super) count: usize,
    /// The fields that hold one, by the first part of their path.
    pub(super) fields: BTreeSet<String>,
    /// The variables that hold one.
    pub(super) variables: BTreeSet<String>,
    /// Whether any field may hold one.
    pub(super) everywhere: bool,
}

impl Reach {
    /// Records that a client's value was read. `is_open` is whether the client names members of it.
    pub(super) fn read(&mut self, is_open: bool) {
        self.values.count += 1;
        self.open.count += usize::from(is_open);
    }

    /// Records that this field gets whole documents.
    pub(super) fn gather(&mut self, field: &str) {
        for held in self.kinds() {
            if held.everywhere || !held.fields.is_empty() {
                held.fields.insert(first(field).to_owned());
            }
        }
    }

    /// Whether a path leads to a whole document of the pipeline.
    pub(super) fn is_document(&self, path: &str) -> bool {
        path.strip_prefix('$')
            .is_some_and(|name| DOCUMENTS.contains(&name) && !self.values.variables.contains(name))
    }

    /// Both kinds.
    pub(super) fn kinds(&mut self) -> [&mut Held; 2] {
        [&mut self.values, &mut self.open]
    }
}

impl Held {
    /// Whether the target of a path holds one.
    pub(super) fn holds(&self, path: &str) -> bool {
        let Some(variable) = path.strip_prefix('$') else {
            return self.everywhere || self.fields.contains(first(path));
        };
        let (name, rest) = variable.split_once('.').unwrap_or((variable, ""));
        let is_field = |path: &str| match path {
            "" => !self.fields.is_empty(),
            path => self.fields.contains(first(path)),
        };
        self.variables.contains(name) || (DOCUMENTS.contains(&name) && (self.everywhere || is_field(rest)))
    }
}

/// The first part of a path.
pub(super) fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}
