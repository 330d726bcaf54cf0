//! [`Unnamed`]: the members of records that their template does not name.
//!
//! A collection has documents of any shape, and a column of JSON has objects of any shape. A fetch leaves out what no
//! field names, which does not harm a reader. But a job that deletes a record after carrying it elsewhere has to know.

use std::fmt::Display;

use serde_json::{Map, Value as Json};

use crate::spec::Domain;

/// How many members of a record are listed at most.
const LISTED_MAX: usize = 10;

/// The members of a record that its template does not name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unnamed {
    /// The fields of the record's key, as a JSON object.
    pub key: Vec<u8>,
    /// The paths of the first of these members.
    pub members: Members,
}

impl Unnamed {
    /// For a record of this domain, as it is shown; `None` if its template names all members.
    #[must_use]
    pub fn of(domain: &Domain, record: &[u8], members: Members) -> Option<Self> {
        if members.is_empty() {
            return None;
        }
        let mut record: Map<String, Json> = serde_json::from_slice(record).ok()?;
        record.retain(|name, _| domain.key.iter().any(|&field| domain.fields[field].name == name));
        Some(Self { key: serde_json::to_vec(&record).ok()?, members })
    }
}

/// The paths of the members of one record that its template does not name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members(Vec<String>);

impl Members {
    /// Adds a member by its path in the record, such as `place.floor`, of a bounded length.
    pub fn add(&mut self, path: impl Display) {
        if !self.is_full() {
            self.0.push(path.to_string());
        }
    }

    /// Whether no more members are listed.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.0.len() == LISTED_MAX
    }

    /// Whether the template names all members.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The paths, in one line.
    #[must_use]
    pub fn listed(&self) -> String {
        let paths: Vec<String> = self.0.iter().map(beds_protocol::shown).collect();
        paths.join(", ")
    }
}
