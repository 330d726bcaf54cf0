//! [`Error`]: why a request has no answer, before it becomes the error object of a reply.

use std::mem;

use beds_protocol::{ErrorBody, ErrorCode, FieldError, OneLine, Operation, RoutingKeyError, shown};

use crate::{outcome::Outcome, spec::Domain};

/// The hint for a write whose end nobody has seen.
const CHECK: &str = "check whether it happened before you send it again";

/// How many characters of a text from hand-written code an error keeps.
const CHARACTERS_MAX: usize = 4_096;
/// How many mistakes an error names.
pub(crate) const DETAILS_MAX: usize = 100;

/// What an operation gives: the members of a reply, or why there is none.
pub type Result<T = Outcome> = std::result::Result<T, Error>;

/// Why a request failed, in the client's terms.
///
/// The message may be shown to the client: it never holds SQL, connection data or a sensitive value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", OneLine(message))]
pub struct Error {
    /// The kind of failure.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// The remedy.
    pub hint: Option<String>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// One entry a field.
    pub details: Vec<FieldError>,
    /// SQLSTATE of the condition, from an SQL engine.
    pub sqlstate: Option<String>,
}

impl Error {
    /// A failure with a message. Its code decides whether it is retryable.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            retryable: code.is_retryable(),
            details: Vec::new(),
            sqlstate: None,
        }
    }

    /// Adds a remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Marks that the same request may succeed later.
    #[must_use]
    pub const fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// Whether another node of the service may have what this one lacks: the template, or the operation.
    #[must_use]
    pub const fn is_of_this_node(&self) -> bool {
        matches!(self.code, ErrorCode::UnknownTemplate | ErrorCode::UnknownOperation)
    }

    /// Adds what is wrong with one field. An empty name means the whole record.
    #[must_use]
    pub fn detail(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        self.details.push(FieldError { field: field.into(), reason: reason.into() });
        self
    }

    /// This many fields of the request are invalid. The details list the first of them.
    #[must_use]
    pub fn validation(details: Vec<FieldError>, count: usize) -> Self {
        let what = match details.as_slice() {
            [one] => format!("{} {}", shown(&one.field), one.reason),
            some if some.len() < count => {
                let named = some.len();
                format!("{count} fields are invalid; the first {named} are listed")
            }
            _ => format!("{count} fields are invalid"),
        };
        Self { details, ..Self::new(ErrorCode::ValidationFailed, what) }
    }

    /// The domain does not offer the operation.
    #[must_use]
    pub fn not_offered(domain: &Domain, operation: Operation<'_>) -> Self {
        Self::new(
            ErrorCode::UnknownOperation,
            format!("template `{}` does not offer {}", domain.name, shown(operation.to_string())),
        )
        .hint(format!("`{}.describe` lists what it offers", domain.name))
    }

    /// No template has this name.
    #[must_use]
    pub fn unknown_template(name: &str) -> Self {
        Self::new(ErrorCode::UnknownTemplate, format!("no template {} is served here", shown(name)))
    }

    /// No record has this key.
    #[must_use]
    pub fn not_found(domain: &Domain) -> Self {
        Self::new(ErrorCode::NotFound, format!("no record of `{}` has this key", domain.name))
    }

    /// The key of a new record is taken by a record that the caller does not reach.
    #[must_use]
    pub fn key_is_taken(domain: &Domain) -> Self {
        let message = format!("a record of `{}` with this key is there already", domain.name);
        Self::new(ErrorCode::Conflict, message)
    }

    /// Names the record's place among the records of a request.
    #[must_use]
    pub fn of_record(self, index: usize) -> Self {
        self.within(&format!("data[{index}]"))
    }

    /// Names the item's place in a batch.
    #[must_use]
    pub fn of_item(self, index: usize) -> Self {
        self.within(&format!("items[{index}]"))
    }

    /// Puts this place of the request before the message and the fields.
    fn within(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        for detail in &mut self.details {
            detail.field =
                if detail.field.is_empty() { place.to_owned() } else { format!("{place}.{}", detail.field) };
        }
        self
    }

    /// The record has changed since the client read it.
    #[must_use]
    pub fn version_mismatch(domain: &Domain, expected: i64) -> Self {
        Self::new(
            ErrorCode::VersionMismatch,
            format!("the record of `{}` is not at version {expected}", domain.name),
        )
        .hint("fetch the record again, repeat the change, and send the new version as `if_version`")
    }

    /// A filter matches more records than one request may write.
    #[must_use]
    pub fn too_many(domain: &Domain, count: u64, most: u32) -> Self {
        let message =
            format!("the filter matches {count} records of `{}`; one request may write {most}", domain.name);
        Self::new(ErrorCode::TooLarge, message).hint("narrow `where`, and send several requests")
    }

    /// The deadline passed before the answer was ready.
    #[must_use]
    pub fn deadline() -> Self {
        Self::new(ErrorCode::DeadlineExceeded, "the deadline passed before the request was finished")
    }

    /// A server that the request needs cannot be reached.
    #[must_use]
    pub fn unavailable(what: &str) -> Self {
        Self::new(ErrorCode::Unavailable, format!("{what} cannot be reached"))
            .hint("send the request again later; send a write with the same `message_id`")
    }

    /// A write whose end nobody has seen. It is not retryable, though its code is, unless it is
    /// [remembered](Self::remembered).
    #[must_use]
    pub fn unknown_effect(why: &str) -> Self {
        let message = format!("{why}: the write may or may not have happened");
        Self { retryable: false, ..Self::new(ErrorCode::Unavailable, message) }.hint(CHECK)
    }

    /// The same error for a write that the ledger remembers if it happened: sending it again does no harm. An error
    /// with another advice keeps that advice.
    #[must_use]
    pub fn remembered(self) -> Self {
        if self.code != ErrorCode::Unavailable || self.retryable || self.hint.as_deref() != Some(CHECK) {
            return self;
        }
        self.retryable()
            .hint("send it again with the same `message_id`: a write that has happened is not repeated")
    }

    /// The same error for a write to a template that prefers a record twice to a lost one.
    #[must_use]
    pub fn may_be_twice(self) -> Self {
        if self.code != ErrorCode::Unavailable || self.retryable || self.hint.as_deref() != Some(CHECK) {
            return self;
        }
        self.retryable().hint(
            "send it again: this template does not use the ledger, so a write that has happened is done twice",
        )
    }

    /// The reply would be longer than the configuration allows.
    #[must_use]
    pub fn reply_too_large(bytes_max: usize) -> Self {
        Self::new(ErrorCode::TooLarge, format!("the reply would exceed the limit of {bytes_max} bytes"))
            .hint("ask for fewer records or fields")
    }

    /// A defect of BEDS or of its configuration.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }

    /// The same, cut to a length for replies and logs: a text from hand-written code may have any length.
    #[must_use]
    pub(crate) fn bounded(mut self) -> Self {
        let short = |text| shortened(text, CHARACTERS_MAX);
        self.details.truncate(DETAILS_MAX);
        for FieldError { field, reason } in &mut self.details {
            *field = short(mem::take(field));
            *reason = short(mem::take(reason));
        }
        Self { message: short(self.message), hint: self.hint.map(short), ..self }
    }

    /// The body of the reply to this request.
    #[must_use]
    pub fn into_reply(self, request_id: &str) -> Vec<u8> {
        #[derive(serde::Serialize)]
        struct Failed {
            ok: bool,
            error: ErrorBody,
        }
        let error = self.into_body(request_id);
        // Strings, booleans and enums always have a JSON form.
        serde_json::to_vec(&Failed { ok: false, error }).unwrap_or_default()
    }

    /// The error as it stands in the reply to this request.
    #[must_use]
    pub fn into_body(self, request_id: &str) -> ErrorBody {
        let Self { code, message, hint, retryable, mut details, sqlstate } = self;
        // Details without a name are about the record as a whole.
        for detail in details.iter_mut().filter(|detail| detail.field.is_empty()) {
            "data".clone_into(&mut detail.field);
        }
        ErrorBody { code, message, hint, retryable, details, sqlstate, request_id: request_id.to_owned() }
    }
}

impl From<RoutingKeyError> for Error {
    fn from(error: RoutingKeyError) -> Self {
        match error {
            RoutingKeyError::Form(_) => Self::new(ErrorCode::BadRequest, error.to_string())
                .hint("publish to the exchange `beds` with a routing key such as `product.fetch`"),
            RoutingKeyError::Operation(_) => Self::new(ErrorCode::UnknownOperation, error.to_string())
                .hint("operations are fetch, count, create, update, upsert, delete, describe and call.NAME"),
        }
    }
}

/// A text that quotes a client, cut to a length: the client may have sent any amount.
pub fn shortened(mut text: String, characters_max: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(characters_max) {
        text.truncate(end);
        text.push('…');
    }
    text
}
