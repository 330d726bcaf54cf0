//! Who is asked, and what for.

use std::future::Future;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that answers.
pub trait Endpoint: Sync {
    /// The name of the language model.
    fn model(&self) -> &str;

    /// Asks it.
    fn ask(&self, request: &Request) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What was said, in order.
    pub messages: Vec<Message>,
    /// What the answer has to look like.
    pub schema: Value,
    /// The most tokens of the answer.
    pub tokens_max: u32,
    /// The most bytes of the answer.
    pub bytes_max: usize,
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// We, of how it is done.
    System,
    /// We, of what is wanted.
    User,
    /// The model.
    Assistant,
}

/// Something that is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What.
    pub content: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What was said.
    pub text: String,
    /// How many tokens question and answer took.
    pub tokens: Option<u64>,
    /// Whether it ended at its greatest length.
    #[serde(default)]
    pub is_cut: bool,
}

/// No answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Why.
    pub reason: String,
    /// Whether it is of no use to ask again.
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
