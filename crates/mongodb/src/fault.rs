//! The meaning of a driver's error for the request.

mod code;
mod duplicate;
mod pipeline;
mod said;
mod validator;

use beds_core::{Error, spec::Domain};
use beds_lane::Fault;
use beds_protocol::ErrorCode;
use mongodb::{
    bson::Document,
    error::{
        Error as DriverError, ErrorKind, NO_WRITES_PERFORMED, RETRYABLE_ERROR, RETRYABLE_WRITE_ERROR,
        TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT, WriteFailure,
    },
};

pub(crate) use self::duplicate::key_is_there;
use self::{
    code::Meaning,
    said::{Said, for_log},
};

/// The effect that a failed pipeline leaves behind.
const MIDWAY: &str = "the pipeline is not all or nothing: what it did before the error remains";

/// How a job failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The driver or the server failed before anything lasting was asked for.
    Before(DriverError),
    /// The same, in answer to the step that makes an effect lasting.
    After(DriverError),
    /// The job itself failed; it left nothing behind.
    Refused(Error),
    /// Nobody waits for the job any more.
    Late(Fault),
    /// The claim of the job is taken, but no reply is stored: the other write has not ended.
    Held,
    /// The server did not answer to the step that makes an effect lasting.
    Unanswered,
}

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        Self::Before(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Late(fault)
    }
}

impl Failure {
    /// Whether the transaction has ended without an effect, and should be run again.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Before(error) | Self::After(error) => error.contains_label(TRANSIENT_TRANSACTION_ERROR),
            Self::Held => true,
            Self::Refused(_) | Self::Late(_) | Self::Unanswered => false,
        }
    }

    /// Whether the server says, or shows, that the same request may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Before(error) | Self::After(error) => is_passing(error) || self.is_unanswered(),
            Self::Late(_) | Self::Unanswered => true,
            Self::Refused(_) | Self::Held => false,
        }
    }

    /// Whether the write may have had its effect.
    pub(crate) fn leaves_effect_unknown(&self) -> bool {
        match self {
            Self::After(error) => leaves_effect_unknown(error),
            Self::Unanswered => true,
            Self::Before(_) | Self::Refused(_) | Self::Late(_) | Self::Held => false,
        }
    }

    /// Whether the server has no transactions, so that nothing can share one.
    pub(crate) fn has_no_transactions(&self) -> bool {
        match self {
            Self::Before(error) | Self::After(error) => lacks_transactions(error),
            Self::Refused(_) | Self::Late(_) | Self::Held | Self::Unanswered => false,
        }
    }

    /// Whether no server could be asked.
    pub(crate) fn is_unanswered(&self) -> bool {
        let Self::Before(error) = self else { return false };
        is_broken(error) || matches!(*error.kind, ErrorKind::ServerSelection { .. })
    }

    /// Whether the server said for certain that the write was not done.
    pub(crate) fn is_definite(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Before(error) | Self::After(error) => {
                Said::of(error).is_some() && !self.is_transient() && !self.leaves_effect_unknown()
            }
            Self::Late(_) | Self::Held | Self::Unanswered => false,
        }
    }

    /// The index of the document that the error is about, if the server says so.
    pub(crate) fn record(&self) -> Option<usize> {
        let (Self::Before(error) | Self::After(error)) = self else { return None };
        Said::of(error)?.record
    }

    /// The deadline of the job has passed.
    pub(crate) fn late() -> Self {
        Self::Late(Fault::Refused(Error::deadline()))
    }

    /// The same for an effect that lasts without a commit.
    pub(crate) fn lasting(self) -> Self {
        match self {
            Self::Before(error) => Self::After(error),
            other => other,
        }
    }

    /// A failure of a collection of the node's own. Its validator does not concern the domain.
    pub(crate) fn of_own(error: DriverError, collection: &str, database: &str) -> Self {
        let said = Said::of(&error).filter(|said| Meaning::of(said.code, said.name) == Meaning::Invalid);
        let Some(Said { message, .. }) = said else { return Self::Before(error) };
        tracing::error!(
            database,
            "the validator of `{collection}` refuses the documents of the node: {message}"
        );
        let message = format!(
            "the collection `{collection}` of the database `{database}` refuses the documents of the node"
        );
        Self::Refused(Error::internal(message).hint("give it the validator that `bedsc ddl --ledger` prints"))
    }

    /// The same for a write of these documents, which hold the details of a duplicate.
    pub(crate) fn of_documents(self, documents: &[Document], domain: &Domain) -> Self {
        let (Self::Before(error) | Self::After(error)) = &self else { return self };
        let Some(said) = Said::of(error) else { return self };
        if Meaning::of(said.code, said.name) != Meaning::Duplicate {
            return self;
        }
        let inserted = documents.get(said.record.unwrap_or_default());
        let columns = inserted.and_then(|inserted| duplicate::columns(said.message, inserted));
        let conflict = duplicate::duplicate(columns.as_deref(), domain);
        Self::Refused(match said.record {
            Some(record) => conflict.of_record(record),
            None => conflict,
        })
    }

    /// The same for a write that is not all or nothing: its effect before the failure remains. So the error never
    /// invites the client to send it again.
    pub(crate) fn midway(self, domain: &Domain, database: &str) -> Self {
        let Self::After(failed) = &self else { return self };
        let has_begun = !matches!(
            *failed.kind,
            ErrorKind::ServerSelection { .. }
                | ErrorKind::Authentication { .. }
                | ErrorKind::DnsResolve { .. }
        );
        let mut error = self.into_error(domain, database);
        if has_begun && error.retryable {
            error = Error::unknown_effect(&error.message);
        } else if has_begun && error.hint.is_none() {
            error = error.hint(MIDWAY);
        }
        Self::Refused(error)
    }

    /// The fault for the lane.
    pub(crate) fn into_fault(self, domain: &Domain, database: &str) -> Fault {
        match self {
            Self::Late(fault) => fault,
            Self::Before(error) if is_broken(&error) => Fault::Lost(error.kind.to_string()),
            other => Fault::Refused(other.into_error(domain, database)),
        }
    }

    /// The error in the client's terms.
    pub(crate) fn into_error(self, domain: &Domain, database: &str) -> Error {
        match self {
            Self::Refused(error) => error,
            Self::Late(_) => Error::deadline(),
            Self::Unanswered => Error::unknown_effect("the database does not answer"),
            Self::Held => {
                let message = "another request with this `message_id` is in progress";
                Error::new(ErrorCode::Conflict, message).retryable()
            }
            Self::After(error) if leaves_effect_unknown(&error) => {
                tracing::warn!(database, "the effect of a write is unknown: {}", for_log(&error, domain));
                Error::unknown_effect("the connection broke, or too few servers confirmed the write")
            }
            Self::Before(error) | Self::After(error) => from_driver(&error, domain, database),
        }
    }
}

/// Whether a unique value is taken.
pub(crate) fn is_duplicate(error: &DriverError) -> bool {
    Said::of(error).is_some_and(|said| Meaning::of(said.code, said.name) == Meaning::Duplicate)
}

/// Whether the collection is missing.
pub(crate) fn is_missing(error: &DriverError) -> bool {
    Said::of(error).is_some_and(|said| said.code == code::NAMESPACE_NOT_FOUND)
}

/// Without transactions no write can happen once.
pub(crate) fn never_once(domain: &Domain) -> Error {
    Error::internal(format!(
        "the database of `{}` has no transactions, so a write with a `message_id` cannot happen once",
        domain.name
    ))
    .hint("run MongoDB as a replica set (one member is enough); or write once = false under [template]")
}

/// Whether the server has no transactions.
fn lacks_transactions(error: &DriverError) -> bool {
    match error.kind.as_ref() {
        ErrorKind::Transaction { .. } | ErrorKind::SessionsNotSupported => true,
        _ => Said::of(error).is_some_and(|said| {
            // Other operations may be illegal too. The driver has its own message for this.
            let is_about = |text| said.message.contains(text);
            Meaning::of(said.code, said.name) == Meaning::NoTransactions
                && (is_about("ransaction") || is_about("retryable writes"))
        }),
    }
}

/// Whether the connection to the server broke, or was not made. Its password may have changed; the next connection will
/// show it.
fn is_broken(error: &DriverError) -> bool {
    matches!(
        *error.kind,
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } | ErrorKind::Authentication { .. }
    )
}

/// Whether a write that failed with this error may have had its effect. The driver itself has retried where that is
/// safe.
fn leaves_effect_unknown(error: &DriverError) -> bool {
    if error.contains_label(NO_WRITES_PERFORMED) {
        return false;
    }
    if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) {
        return true;
    }
    match error.kind.as_ref() {
        // When a pool is cleared, the connections in use end.
        ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::InvalidResponse { .. }
        | ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
        ErrorKind::InsertMany(many) if many.write_errors.is_none() => many.write_concern_error.is_some(),
        _ => Said::of(error).is_some_and(|said| match Meaning::of(said.code, said.name) {
            Meaning::Interrupted | Meaning::Unconfirmed => true,
            Meaning::Strange => is_passing(error),
            _ => false,
        }),
    }
}

/// Whether the server itself says that the same request may succeed later.
fn is_passing(error: &DriverError) -> bool {
    [RETRYABLE_WRITE_ERROR, RETRYABLE_ERROR, TRANSIENT_TRANSACTION_ERROR]
        .iter()
        .any(|label| error.contains_label(label))
}

/// The error in the client's terms, if nothing was done.
pub(crate) fn from_driver(error: &DriverError, domain: &Domain, database: &str) -> Error {
    if lacks_transactions(error) {
        return no_transactions(domain, database);
    }
    if let Some(said) = Said::of(error) {
        let answer = from_server(&said, error, domain, database);
        return match said.record {
            Some(record) => answer.of_record(record),
            None => answer,
        };
    }
    match error.kind.as_ref() {
        ErrorKind::Io(_)
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. } => {
            tracing::warn!(database, "the database cannot be reached: {}", error.kind);
            unavailable(database)
        }
        // The server refused the login: nothing was done, and the write may succeed once the password is corrected.
        ErrorKind::Authentication { .. } => {
            tracing::error!(database, "the database refuses to authenticate the node's user: {}", error.kind);
            unavailable(database)
        }
        _ => strange(domain, &for_log(error, domain)),
    }
}

/// The error of a server's answer.
fn from_server(said: &Said<'_>, error: &DriverError, domain: &Domain, database: &str) -> Error {
    match Meaning::of(said.code, said.name) {
        Meaning::Duplicate => duplicate::duplicate(said.violated.as_deref(), domain),
        Meaning::Invalid => Error {
            details: said
                .info
                .as_ref()
                .map(|info| validator::details(info, domain.fields))
                .unwrap_or_default(),
            ..Error::new(
                ErrorCode::RejectedByDatabase,
                format!("the validator of the collection refused the record of `{}`", domain.name),
            )
        },
        Meaning::Late => Error::deadline(),
        Meaning::Contended => {
            let message = "lock conflict: other requests kept changing the same records, or the transaction of a node \
                 that died holds them, which the database ends within a minute";
            Error::new(ErrorCode::Conflict, message).retryable()
        }
        Meaning::Unauthorized => {
            tracing::error!(
                template = domain.name,
                database,
                "the database refuses the node's user: {}",
                for_log(error, domain)
            );
            Error::internal(format!(
                "the node's database user lacks a privilege on an object of `{}`",
                domain.name
            ))
            .hint("grant the node's user what `bedsc grants` lists")
        }
        Meaning::Unauthenticated => {
            tracing::error!(
                database,
                "the database refuses to authenticate the node's user: {}",
                for_log(error, domain)
            );
            unavailable(database)
        }
        Meaning::Disagrees => disagrees(domain, &for_log(error, domain)),
        Meaning::TooLong => Error::new(ErrorCode::TooLarge, "the record is longer than MongoDB's 16 MiB"),
        Meaning::Unavailable | Meaning::Interrupted | Meaning::Unconfirmed => {
            tracing::warn!(database, "the database cannot serve: {}", for_log(error, domain));
            unavailable(database)
        }
        Meaning::Strange if is_passing(error) => {
            tracing::warn!(database, "the database cannot serve: {}", for_log(error, domain));
            unavailable(database)
        }
        Meaning::NoTransactions | Meaning::Strange => strange(domain, &for_log(error, domain)),
    }
}

fn unavailable(database: &str) -> Error {
    Error::unavailable(&format!("the database `{database}`"))
}

fn no_transactions(domain: &Domain, database: &str) -> Error {
    tracing::error!(
        template = domain.name,
        database,
        "the database has no transactions, which a create of several records needs: run it as a replica set; one \
         member is enough"
    );
    Error::internal(format!("the database of `{}` has no transactions", domain.name))
        .hint("create the records one by one")
}

/// A known mistake of the template, or of the database.
fn disagrees(domain: &Domain, message: &str) -> Error {
    tracing::error!(template = domain.name, "the database does not match the template: {message}");
    Error::internal(format!("the database does not match the template `{}`", domain.name))
        .hint("the node's log shows the difference")
}

/// An error that this module does not know: it is not known whose mistake it is.
fn strange(domain: &Domain, message: &str) -> Error {
    tracing::error!(template = domain.name, "the database returned an unexpected error: {message}");
    Error::internal(format!("the database returned an unexpected error to a request for `{}`", domain.name))
        .hint("the node's log has its text")
}

#[cfg(test)]
mod tests;
