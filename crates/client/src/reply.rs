//! The reply to a request: raw, and decoded into a type of the caller's.

use beds_protocol::{ErrorBody, Reply};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::error::ClientError;

/// A reply as it came from the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawReply {
    /// Header `beds-status`: `ok`, or the error code; empty if the header is missing.
    pub status: String,
    /// Header `beds-template-hash`: the fingerprint of the template that answered.
    pub template_hash: Option<String>,
    /// Header `beds-position` of a write: the position that its databases have reached. See
    /// [`Request::after`](crate::Request::after).
    pub position: Option<String>,
    /// The body, JSON.
    pub body: Vec<u8>,
}

impl RawReply {
    /// Whether the node says that the request succeeded.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }

    /// Decodes the body with a record of type `T` instead of a JSON tree.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the node answered with an error; [`ClientError::Decode`] if the body is not such a
    /// reply.
    pub fn answer<T: DeserializeOwned>(&self) -> Result<Answer<T>, ClientError> {
        // An error is read first and by itself: its body has no `data`, whatever `T` is.
        if !self.is_ok() {
            self.reply()?;
        }
        let answer: Answer<T> = serde_json::from_slice(&self.body).map_err(ClientError::Decode)?;
        Ok(Answer { position: self.position.clone(), ..answer })
    }

    /// Decodes the body.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the node answered with an error; [`ClientError::Decode`] if the body is not a reply.
    pub fn reply(&self) -> Result<Reply, ClientError> {
        let mut reply: Reply = serde_json::from_slice(&self.body).map_err(ClientError::Decode)?;
        match reply.error.take() {
            None => Ok(reply),
            Some(error) => Err(ClientError::Refused(Box::<ErrorBody>::new(error))),
        }
    }
}

/// A successful reply whose `data` is a `T`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(bound(deserialize = "T: serde::Deserialize<'de>"))]
pub struct Answer<T> {
    /// The record, the records, or the value of a call.
    #[serde(default = "Option::default")]
    pub data: Option<T>,
    /// Cursor of the next page, absent on the last.
    #[serde(default)]
    pub next: Option<String>,
    /// How many records match the filter.
    #[serde(default)]
    pub count: Option<u64>,
    /// OUT and INOUT parameters of a call.
    #[serde(default)]
    pub out: Option<Map<String, Value>>,
    /// All result sets of a call.
    #[serde(default)]
    pub sets: Option<Vec<Vec<Value>>>,
    /// Something worth knowing though the request succeeded, such as values that the wire cannot show.
    #[serde(default)]
    pub note: Option<String>,
    /// For a write: the position that its databases have reached. See [`Request::after`](crate::Request::after).
    #[serde(skip)]
    pub position: Option<String>,
}

/// One page of a fetch by filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The records of the page.
    pub records: Vec<T>,
    /// Give it as `after` to fetch the next page; absent on the last.
    pub next: Option<String>,
    /// How many records match in all, if the request asked for it.
    pub count: Option<u64>,
}

#[cfg(test)]
mod tests {
    use beds_protocol::ErrorCode;

    use super::*;

    fn raw(status: &str, body: &str) -> RawReply {
        RawReply { status: status.into(), template_hash: None, position: None, body: body.into() }
    }

    #[test]
    fn an_answer_takes_the_type_asked_for() {
        let answer: Answer<Vec<u8>> = raw("ok", r#"{"ok":true,"data":[1,2],"next":"c"}"#).answer().unwrap();
        assert_eq!(answer.data, Some(vec![1, 2]));
        assert_eq!(answer.next.as_deref(), Some("c"));
    }

    #[test]
    fn an_error_reply_is_an_error_with_and_without_its_header() {
        let body = r#"{"ok":false,"error":{"code":"not_found","message":"none","retryable":false}}"#;
        for status in ["not_found", ""] {
            let error = raw(status, body).answer::<u8>().unwrap_err();
            assert_eq!(error.code(), Some(ErrorCode::NotFound));
        }
    }

    #[test]
    fn what_is_no_reply_cannot_be_decoded() {
        assert!(matches!(raw("ok", "nonsense").answer::<u8>(), Err(ClientError::Decode(_))));
        assert!(matches!(raw("", "").reply(), Err(ClientError::Decode(_))));
    }
}
