//! What the template compiler emits for the MongoDB objects of a domain: names.

/// The objects behind the operations of a domain.
#[derive(Debug, Clone, Copy)]
pub struct Objects {
    /// What `fetch` and `count` read.
    pub read: Option<Source>,
    /// The collection that `create` inserts into.
    pub create: Option<&'static str>,
    /// The collection that `update` changes.
    pub update: Option<&'static str>,
    /// The collection that `upsert` inserts into and changes.
    pub upsert: Option<&'static str>,
    /// The collection that `delete` removes from.
    pub delete: Option<&'static str>,
}

impl Objects {
    /// No objects: every operation of the domain is written by hand.
    pub const NONE: Self = Self { read: None, create: None, update: None, upsert: None, delete: None };
}

/// The view or collection that a domain reads.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Its name.
    pub name: &'static str,
    /// Whether the template calls it a view.
    pub is_view: bool,
}

impl Source {
    /// A view.
    #[must_use]
    pub const fn view(name: &'static str) -> Self {
        Self { name, is_view: true }
    }

    /// A collection.
    #[must_use]
    pub const fn collection(name: &'static str) -> Self {
        Self { name, is_view: false }
    }
}
