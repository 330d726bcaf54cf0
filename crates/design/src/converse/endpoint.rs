//! The endpoint that is asked, and the request.

use std::future::Future;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An endpoint that answers requests.
pub trait Endpoint: Sync {
    /// The name of the language model.
    fn model(&self) -> &str;

    /// Asks the model.
    fn ask(&self, request: &Request) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The messages so far, in order.
    pub messages: Vec<Message>,
    /// The schema of the answer.
    pub schema: Value,
    /// The most tokens of the answer.
    pub tokens_max: u32,
    /// The most bytes of the answer.
    pub bytes_max: usize,
}

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The program: the rules.
    System,
    /// The program: the task.
    User,
    /// The model.
    Assistant,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Its author.
    pub role: Role,
    /// Its text.
    pub content: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The text of the answer.
    pub text: String,
    /// How many tokens the request and the answer used.
    pub tokens: Option<u64>,
    /// Whether the answer ended at the greatest length.
    #[serde(default)]
    pub is_cut: bool,
}

/// A failure: there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The reason.
    pub reason: String,
    /// Whether asking again is of no use.
    #[serde(default)]
    pub is_final: bool,
}

impl Failure {
    pub(super) fn again(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_final: false }
    }

    pub(super) fn final_(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_final: true }
    }
}
