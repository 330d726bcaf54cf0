//! [`Entry`]: the audit's record of a change of one record. It is added in the transaction of the write, and never
//! changed.

use std::sync::Arc;

use beds_protocol::{Operation, tables::AUDIT_RECORD_CHARACTERS_MAX, value::DateTime};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    plan::{Author, Origin},
    spec::Domain,
};

/// Who changed which record, when and how. It has no value of the record but key and version.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Names it. Ids of one node are in the order of time.
    pub id: Uuid,
    /// When the change was made.
    pub at: DateTime,
    /// Who asked; `None` if the node acts by itself.
    pub author: Option<Arc<Author>>,
    /// The template.
    pub template: &'static str,
    /// The operation.
    pub operation: String,
    /// The key of the record, as JSON; its digest if the key is longer than an index takes. `None` if the change
    /// concerns no single record.
    pub record: Option<String>,
    /// The version of the record after the change, if the domain counts changes.
    pub version: Option<i64>,
    /// Names the request, as in logs and error replies.
    pub request_id: Option<String>,
}

impl Entry {
    pub(crate) fn new(
        domain: &'static Domain,
        operation: Operation<'static>,
        origin: &Origin,
        (record, version): (Option<String>, Option<i64>),
        at: DateTime,
    ) -> Self {
        // A client chooses the id, so it may have any length.
        let kept = |text: &Arc<str>| text.chars().take(REQUEST_ID_CHARACTERS_MAX).collect();
        Self {
            id: Uuid::now_v7(),
            at,
            author: origin.author.clone(),
            template: domain.name,
            operation: operation.to_string(),
            record: record.map(short),
            version,
            request_id: origin.request_id.as_ref().map(kept),
        }
    }
}

/// How many characters of a request's id are kept.
const REQUEST_ID_CHARACTERS_MAX: usize = 255;

/// A key in the form that its column takes.
fn short(key: String) -> String {
    if key.chars().count() <= AUDIT_RECORD_CHARACTERS_MAX.into() {
        return key;
    }
    format!("sha256:{:x}", Sha256::digest(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_index_takes_is_kept_as_its_digest() {
        assert_eq!(short(r#"{"id":1}"#.to_owned()), r#"{"id":1}"#);
        let long = |letter: &str| short(letter.repeat(usize::from(AUDIT_RECORD_CHARACTERS_MAX) + 1));
        assert!(long("\u{e9}").starts_with("sha256:"), "{}", long("\u{e9}"));
        assert_ne!(long("a"), long("b"));
        assert_eq!(short("\u{e9}".repeat(512)).chars().count(), 512, "characters are counted, not bytes");
    }
}
