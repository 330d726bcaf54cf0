//! The body of a reply, as a client reads it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ErrorBody;

/// A reply. `ok` tells whether `error` or the other members are there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether the request succeeded.
    pub ok: bool,
    /// The record, the records, or the value of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Cursor of the next page, absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many records match the filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The replies of a batch, in the order of its items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<Reply>>,
    /// OUT and INOUT parameters of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<Map<String, Value>>,
    /// All result sets of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets: Option<Vec<Vec<Value>>>,
    /// Something worth knowing though the request succeeded, such as values that the wire cannot show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}
