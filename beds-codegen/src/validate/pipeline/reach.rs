//! Where a client's value gets to: a field that is computed from one holds one, and must not decide what is meant
//! either.

use std::collections::BTreeSet;

/// What holds clients' values so far, judged too widely rather than too narrowly.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// How often a value, or what holds one, was read.
    pub(super) count: usize,
    /// The fields that hold one, by the first part of their path.
    pub(super) fields: BTreeSet<String>,
    /// Whether any field may.
    pub(super) everywhere: bool,
}

impl Reach {
    /// Whether what a path leads to holds one.
    pub(super) fn holds(&self, path: &str) -> bool {
        let path = ["$ROOT.", "$CURRENT."].iter().find_map(|root| path.strip_prefix(root)).unwrap_or(path);
        match path.strip_prefix('$') {
            // A variable of the pipeline's own; those of MongoDB are in capitals.
            Some(variable) => {
                self.count > 0
                    && (variable.starts_with(|c: char| !c.is_ascii_uppercase())
                        || matches!(variable, "ROOT" | "CURRENT"))
            }
            None => self.everywhere || self.fields.contains(first(path)),
        }
    }
}

/// The first part of a path.
pub(super) fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}
