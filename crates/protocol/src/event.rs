//! The body of an event: the part of a change that is published to [`topology::EVENTS`](crate::topology::EVENTS).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The body of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventBody {
    /// Wire name of the template.
    pub template: String,
    /// What was done: `create`, `update`, `delete` or `call.NAME`.
    pub operation: String,
    /// The key of the record, by its fields; `None` if a call's arguments do not name it.
    pub key: Option<Map<String, Value>>,
    /// The version of the record after the change.
    pub version: Option<Value>,
    /// The fields that the template names; for a call without a key, its arguments. `None` if they were too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
    /// Whether `data` was left out because it was too long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// When the change was made, as RFC 3339 in UTC.
    pub at: String,
    /// The id of the request that asked for the change.
    pub request_id: Option<String>,
}
