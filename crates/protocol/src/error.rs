//! Error codes and the error object of a failed reply.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{one_line::OneLine, shown};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, retryable: $retryable:literal;)*) => {
        /// Every way in which a request can fail, as the wire spells it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// All codes, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The wire's spelling, as in `beds-status` and `error.code`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Whether the same request may succeed later without being changed.
            #[must_use]
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)* }
            }

            /// The code with this wire spelling.
            #[must_use]
            pub fn from_wire(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

error_codes! {
    /// The envelope or the body is invalid: not JSON, an unknown key, a wrong JSON type.
    BadRequest = "bad_request", retryable: false;
    /// No domain of this name is served.
    UnknownTemplate = "unknown_template", retryable: false;
    /// The domain exists but does not offer the operation or call.
    UnknownOperation = "unknown_operation", retryable: false;
    /// The body is well-formed and contradicts the template; `details` names each field.
    ValidationFailed = "validation_failed", retryable: false;
    /// No record has this key.
    NotFound = "not_found", retryable: false;
    /// A unique value is taken, or a reference forbids the change.
    Conflict = "conflict", retryable: false;
    /// `if_version` is not the record's version any more.
    VersionMismatch = "version_mismatch", retryable: false;
    /// The client was built for another version of the template.
    TemplateMismatch = "template_mismatch", retryable: false;
    /// The request needs a session and has none that is valid.
    Unauthenticated = "unauthenticated", retryable: false;
    /// The request is understood and not allowed.
    Forbidden = "forbidden", retryable: false;
    /// The request or its reply exceeds a configured size.
    TooLarge = "too_large", retryable: false;
    /// The deadline passed before an answer was there.
    DeadlineExceeded = "deadline_exceeded", retryable: true;
    /// A server that the request needs cannot be reached.
    Unavailable = "unavailable", retryable: true;
    /// The node has more work than it can take.
    Overloaded = "overloaded", retryable: true;
    /// A database object refused: a condition that a procedure signalled, a constraint, a validator.
    RejectedByDatabase = "rejected_by_database", retryable: false;
    /// An item of a batch that was not run, because an earlier one failed.
    NotRun = "not_run", retryable: false;
    /// A defect of BEDS or of its set-up; the node's log has the details under the request id.
    Internal = "internal", retryable: false;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Path of the field in the request's terms, such as `price` or `data[3].price`.
    pub field: String,
    /// What is wrong with it, as the end of the sentence "`field` …".
    pub reason: String,
}

/// The `error` object of a failed reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What kind of failure it is.
    pub code: ErrorCode,
    /// What happened, in one sentence for a person.
    pub message: String,
    /// What to do about it, if the node knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// One entry per field, for `validation_failed` and `conflict`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<FieldError>,
    /// SQLSTATE of the condition, for `rejected_by_database` from an SQL engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// Identifies the request in the node's log.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, OneLine(&self.message))?;
        // A single field is mentioned in the message already.
        let said = |detail: &&FieldError| self.message.contains(&detail.reason);
        for FieldError { field, reason } in self.details.iter().filter(|detail| !said(detail)) {
            write!(f, "; {} {}", shown(field), OneLine(reason))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, " ({})", OneLine(hint))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_that_says_things_once() {
        let detail = |field: &str, reason: &str| FieldError { field: field.into(), reason: reason.into() };
        let error = |message: &str, details| ErrorBody {
            code: ErrorCode::ValidationFailed,
            message: message.into(),
            hint: None,
            retryable: false,
            details,
            sqlstate: None,
            request_id: String::new(),
        };
        let one = error("`a` is required", vec![detail("a", "is required")]);
        assert_eq!(one.to_string(), "validation_failed: `a` is required");
        let two = error("2 fields are invalid", vec![detail("a\n", "is required"), detail("b", "is late")]);
        assert_eq!(
            two.to_string(),
            "validation_failed: 2 fields are invalid; `a\\n` is required; `b` is late"
        );
        assert_eq!(error("x\ny", Vec::new()).to_string(), "validation_failed: x\\ny");
    }

    #[test]
    fn serde_and_as_str_agree_on_every_code() {
        for &code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert_eq!(ErrorCode::from_wire(code.as_str()), Some(code));
        }
    }
}
