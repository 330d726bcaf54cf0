//! Rounds as they are kept, and a conversation that is played again from them.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::{Answer, Endpoint, Failure, Message, Request};
use crate::proposal::Contents;

fn path(attempt: u32, what: &str) -> String {
    format!("rounds/{attempt:02}-{what}")
}

/// The files of a round: what was asked, what came, what was said of it.
pub(super) fn kept(
    attempt: u32,
    request: &Request,
    answered: &Result<Answer, Failure>,
    report: &str,
) -> Contents {
    // The schema is the same each time, and the program's.
    let asked = json!({ "messages": request.messages });
    let answered = match answered {
        Ok(answer) => json!({ "answer": answer }),
        Err(failure) => json!({ "failure": failure }),
    };
    Contents::from([
        (path(attempt, "request.json"), format!("{asked:#}\n").into_bytes()),
        (path(attempt, "reply.json"), format!("{answered:#}\n").into_bytes()),
        (path(attempt, "report.txt"), report.as_bytes().to_vec()),
    ])
}

/// An endpoint that gives the answers of a conversation that was kept, in their order, to whoever wishes for the same.
#[derive(Debug)]
pub struct Recorded {
    model: String,
    wish: Vec<Message>,
    replies: Vec<Result<Answer, Failure>>,
    next: AtomicU32,
}

impl Recorded {
    /// Reads the files of a conversation, by their paths in the proposal.
    ///
    /// # Errors
    /// What is missing, or is not as it was kept.
    pub fn of(model: impl Into<String>, files: &Contents) -> Result<Self, String> {
        let mut replies = Vec::new();
        let mut wish = Vec::new();
        for attempt in 1.. {
            let Some(reply) = files.get(&path(attempt, "reply.json")) else { break };
            let wrong = |what: &str, error: &str| format!("{}: {error}", path(attempt, what));
            replies.push(self::reply(reply).map_err(|error| wrong("reply.json", &error))?);
            if attempt == 1 {
                let request = files
                    .get(&path(1, "request.json"))
                    .ok_or_else(|| wrong("request.json", "it is missing"))?;
                wish = asked(request).map_err(|error| wrong("request.json", &error))?;
            }
        }
        if replies.is_empty() {
            return Err(format!("there is no conversation: {} is missing", path(1, "reply.json")));
        }
        Ok(Self { model: model.into(), wish, replies, next: AtomicU32::new(0) })
    }
}

fn reply(bytes: &[u8]) -> Result<Result<Answer, Failure>, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let read = |error: serde_json::Error| error.to_string();
    match (value.get("answer"), value.get("failure")) {
        (Some(answer), None) => serde_json::from_value(answer.clone()).map(Ok).map_err(read),
        (None, Some(failure)) => serde_json::from_value(failure.clone()).map(Err).map_err(read),
        (Some(_), Some(_)) | (None, None) => Err("it has neither an answer nor a failure".to_owned()),
    }
}

fn asked(bytes: &[u8]) -> Result<Vec<Message>, String> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let messages = value.get_mut("messages").map(Value::take).unwrap_or_default();
    serde_json::from_value(messages).map_err(|error| error.to_string())
}

/// What is wished for; how it is done is the program's, and may have become better since.
fn wished(messages: &[Message]) -> Option<&str> {
    messages.get(1).map(|message| message.content.as_str())
}

impl Endpoint for Recorded {
    fn model(&self) -> &str {
        &self.model
    }

    async fn ask(&self, request: &Request) -> Result<Answer, Failure> {
        if wished(&request.messages) != wished(&self.wish) {
            return Err(Failure::final_("the conversation that was kept is about another wish"));
        }
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let reply = usize::try_from(next).ok().and_then(|next| self.replies.get(next));
        reply
            .cloned()
            .unwrap_or_else(|| Err(Failure::final_("the conversation that was kept has no more answers")))
    }
}
