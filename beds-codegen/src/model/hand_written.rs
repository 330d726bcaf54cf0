//! Domains that are written in Rust.

use std::path::PathBuf;

use super::Domain;
use crate::span::{Span, Spanned};

/// A struct that derives `NamasteCore`.
#[derive(Debug, Clone)]
pub struct HandWritten {
    /// Its file.
    pub path: PathBuf,
    /// The module of the file.
    pub module: String,
    /// The struct's name.
    pub struct_name: String,
    /// The position of the struct's name.
    pub place: Span,
    /// The template's wire name, if it is valid.
    pub name: Option<Spanned<String>>,
    /// The domain, if it has no errors.
    pub domain: Option<Domain>,
}

/// An operation whose implementation is a Rust function instead of a call into the adapter.
#[derive(Debug, Clone)]
pub struct Method {
    /// The operation.
    pub operation: Operation,
    /// The function: `async fn(&Context, …Request) -> Result`.
    pub function: syn::Path,
}

/// The operations that a method may implement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `fetch`
    Fetch,
    /// `count`
    Count,
    /// `create`
    Create,
    /// `update`
    Update,
    /// `upsert`
    Upsert,
    /// `delete`
    Delete,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Fetch, Self::Count, Self::Create, Self::Update, Self::Upsert, Self::Delete];

    /// The name on the wire, and of the trait's function.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Count => "count",
            Self::Create => "create",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
        }
    }

    /// The operation with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == name)
    }
}
