//! What a driver's error means for the request.

use beds_core::{
    Error,
    spec::{Domain, Field},
};
use beds_lane::Fault;
use beds_protocol::{ErrorCode, FieldError};
use mongodb::error::{
    Error as DriverError, ErrorKind, NO_WRITES_PERFORMED, TRANSIENT_TRANSACTION_ERROR,
    UNKNOWN_TRANSACTION_COMMIT_RESULT, WriteFailure,
};

/// How a job failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The driver, or the server through it, before anything lasting was asked for.
    Before(DriverError),
    /// The same, in answer to what makes an effect lasting.
    After(DriverError),
    /// The job itself; it left nothing behind.
    Refused(Error),
    /// Nobody waits for the job any more.
    Late(Fault),
    /// A document is not what the template says.
    Disagrees(String),
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
        matches!(self, Self::Before(error) | Self::After(error) if error.contains_label(TRANSIENT_TRANSACTION_ERROR))
    }

    /// What the lane makes of it.
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
            Self::Disagrees(message) => disagrees(domain, &message),
            Self::After(error) if leaves_effect_unknown(&error) => {
                tracing::warn!(database, "the effect of a write is unknown: {}", error.kind);
                Error::unknown_effect("the connection broke, or too few servers confirmed the write")
            }
            Self::Before(error) | Self::After(error) => from_driver(&error, domain, database),
        }
    }
}

/// Whether the connection to the server broke.
fn is_broken(error: &DriverError) -> bool {
    matches!(*error.kind, ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. })
}

/// Whether a write that failed so may have had its effect. The driver has retried by itself where that is safe.
fn leaves_effect_unknown(error: &DriverError) -> bool {
    if error.contains_label(NO_WRITES_PERFORMED) {
        return false;
    }
    match error.kind.as_ref() {
        // A pool that is cleared ends the connections that are in use.
        ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::InvalidResponse { .. }
        | ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
        ErrorKind::InsertMany(many) => many.write_errors.is_none() && many.write_concern_error.is_some(),
        ErrorKind::Command(command) => {
            is_interruption(command.code) || error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
        }
        _ => error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT),
    }
}

/// Whether a server that says so may have been at work already.
fn is_interruption(code: i32) -> bool {
    // HostUnreachable, HostNotFound, WriteConcernTimeout, NetworkTimeout, ShutdownInProgress, PrimarySteppedDown,
    // SocketException, InterruptedAtShutdown, InterruptedDueToReplStateChange
    matches!(code, 6 | 7 | 64 | 89 | 91 | 189 | 9001 | 11600 | 11602)
}

/// The error in the client's terms, where nothing was done.
pub(crate) fn from_driver(error: &DriverError, domain: &Domain, database: &str) -> Error {
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(write)) => {
            from_server(write.code, &write.message, domain, database)
        }
        ErrorKind::InsertMany(many) => match many.write_errors.as_deref() {
            Some([write, ..]) => {
                from_server(write.code, &write.message, domain, database).of_record(write.index)
            }
            _ => strange(domain, &error.kind.to_string()),
        },
        ErrorKind::Command(command) => from_server(command.code, &command.message, domain, database),
        ErrorKind::Io(_)
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. } => {
            tracing::warn!(database, "the database cannot be reached: {}", error.kind);
            unavailable(database)
        }
        kind => strange(domain, &kind.to_string()),
    }
}

/// MongoDB's error codes: <https://www.mongodb.com/docs/manual/reference/error-codes/>.
fn from_server(code: i32, message: &str, domain: &Domain, database: &str) -> Error {
    match code {
        // DuplicateKey
        11000 | 11001 => duplicate(message, domain),
        // DocumentValidationFailure
        121 => Error::new(
            ErrorCode::RejectedByDatabase,
            format!("the validator of the collection refused the record of `{}`", domain.name),
        ),
        // MaxTimeMSExpired, ExceededTimeLimit
        50 | 262 => Error::deadline(),
        // LockTimeout, WriteConflict, NoSuchTransaction
        24 | 112 | 251 => {
            Error::new(ErrorCode::Conflict, "lock conflict: other requests kept changing the same records")
                .retryable()
        }
        // Unauthorized, AuthenticationFailed
        13 | 18 => {
            tracing::error!(
                template = domain.name,
                database,
                code,
                "the database refuses the node's user: {message}"
            );
            Error::internal(format!(
                "the node's database user lacks a privilege on an object of `{}`",
                domain.name
            ))
            .hint("grant the node's user what `bedsc grants` lists")
        }
        // TypeMismatch (of a version that is no number), NamespaceNotFound, CommandNotSupportedOnView
        14 | 26 | 166 => disagrees(domain, message),
        // BSONObjectTooLarge
        10334 => Error::new(ErrorCode::TooLarge, "the record is longer than MongoDB's 16 MiB"),
        // NotWritablePrimary, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary
        10107 | 13435 | 13436 => unavailable(database),
        code if is_interruption(code) => unavailable(database),
        code => strange(domain, &format!("{code}: {message}")),
    }
}

fn unavailable(database: &str) -> Error {
    Error::unavailable(&format!("the database `{database}`"))
}

/// What is known to be the template's mistake, or the database's.
fn disagrees(domain: &Domain, message: &str) -> Error {
    tracing::error!(template = domain.name, "the database does not match the template: {message}");
    Error::internal(format!("the database does not match the template `{}`", domain.name))
        .hint("the node's log shows the difference")
}

/// What nobody here understands: whose mistake it is is not known either.
fn strange(domain: &Domain, message: &str) -> Error {
    tracing::error!(template = domain.name, "the database returned an unexpected error: {message}");
    Error::internal(format!("the database returned an unexpected error to a request for `{}`", domain.name))
        .hint("the node's log has its text")
}

/// `E11000 duplicate key error collection: db.c index: sku_1 dup key: { sku: "…" }`
fn duplicate(message: &str, domain: &Domain) -> Error {
    let keys = message.rsplit_once("dup key: {").map_or("", |(_, keys)| keys);
    let index =
        message.split_once("index: ").map_or("", |(_, rest)| rest.split(' ').next().unwrap_or_default());
    let names = |column: &str| {
        keys.split(',')
            .any(|part| part.trim_start().strip_prefix(column).is_some_and(|rest| rest.starts_with(':')))
            || index.strip_prefix(column).is_some_and(|rest| rest.starts_with('_'))
    };
    let fields = domain.fields.iter().filter(|field| names(field.column));
    let detail = |field: &Field| FieldError {
        field: field.name.to_owned(),
        reason: "is a duplicate: another record has this value".to_owned(),
    };
    Error {
        details: fields.map(detail).collect(),
        ..Error::new(
            ErrorCode::Conflict,
            format!("a record of `{}` with this value exists already", domain.name),
        )
    }
}

#[cfg(test)]
mod tests;
