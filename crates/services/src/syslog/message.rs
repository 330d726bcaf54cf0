//! [`Message`]: one message, as the template `syslog` takes it.

use beds_core::{Error, Result};
use beds_protocol::{Record, value::DateTime};
use serde::Serialize;
use serde_json::{Map, Value};

/// A message of a sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// The sender's time of the event, or else the time of receipt.
    pub at: DateTime,
    /// The time of receipt.
    pub received_at: DateTime,
    /// The kind of program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<&'static str>,
    /// How serious it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<&'static str>,
    /// The machine's own name.
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
    /// The origin: an address, or the name that a sender over the bus gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether the message is malformed.
    pub malformed: bool,
    /// The received bytes of a malformed message, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl Message {
    /// The message as a record of the domain.
    pub(super) fn into_record(self) -> Result<Record> {
        let text = serde_json::to_vec(&self).map_err(|_| Error::internal("a message has no text"))?;
        serde_json::from_slice(&text).map_err(|_| Error::internal("a message is not a record"))
    }
}
