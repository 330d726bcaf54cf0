//! Where a client's value gets to: a field that is computed from one holds one, and must not decide what is meant
//! either.

use std::collections::BTreeSet;

/// The variables that are documents; a pipeline may give `new` another meaning.
const DOCUMENTS: [&str; 3] = ["ROOT", "CURRENT", "new"];

/// What holds clients' values so far, judged too widely rather than too narrowly.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Any value.
    pub(super) values: Held,
    /// Those with members that clients name, at any depth.
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
    /// A client's value was read; `is_open` where the client names members of it.
    pub(super) fn read(&mut self, is_open: bool) {
        self.values.count += 1;
        self.open.count += usize::from(is_open);
    }

    /// This field gets whole documents.
    pub(super) fn gather(&mut self, field: &str) {
        for held in self.kinds() {
            if held.everywhere || !held.fields.is_empty() {
                held.fields.insert(first(field).to_owned());
            }
        }
    }

    /// Whether a path is that of a whole document of the pipeline.
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
    /// Whether what a path leads to holds one.
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
