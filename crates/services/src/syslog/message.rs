//! [`Message`]: one message, as the template `syslog` takes it.

use beds_core::{Error, Result};
use beds_protocol::{Record, value::DateTime};
use serde::Serialize;
use serde_json::{Map, Value};

/// What a sender said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// When it happened, as the sender says, else when it came.
    pub at: DateTime,
    /// When it came.
    pub received_at: DateTime,
    /// What kind of program says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<&'static str>,
    /// How serious it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<&'static str>,
    /// The machine, as it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Its process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub procid: Option<String>,
    /// The kind of message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msgid: Option<String>,
    /// Structured data, by the names of its elements.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// The text.
    pub message: String,
    /// Where it came from: an address, or what the sender over the bus says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether it is not as it should be.
    pub malformed: bool,
    /// What came, in base64, of such a one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl Message {
    /// The same as a record of the domain.
    pub(super) fn into_record(self) -> Result<Record> {
        let text = serde_json::to_vec(&self).map_err(|_| Error::internal("a message has no text"))?;
        serde_json::from_slice(&text).map_err(|_| Error::internal("a message is no record"))
    }
}
