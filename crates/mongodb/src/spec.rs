//! What the template compiler emits for a MongoDB domain.

/// The view or collection that a domain reads.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Its name.
    pub name: &'static str,
}

/// The collection that `create`, `update` or `delete` writes.
#[derive(Debug, Clone, Copy)]
pub struct Collection {
    /// Its name.
    pub name: &'static str,
}

/// The named aggregation pipeline behind a call.
#[derive(Debug, Clone, Copy)]
pub struct Pipeline {
    /// The collection or view it runs on.
    pub on: &'static str,
    /// The stages as a JSON array, with `{"$arg": "name"}` where an argument is bound.
    pub stages: &'static str,
}
