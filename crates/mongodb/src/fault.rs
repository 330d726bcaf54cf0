//! What a driver's error means for the request.

use beds_protocol::{ErrorCode, FieldError};
use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};

use crate::{error::Error, spec::Domain};

/// How an operation failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The driver, or the server through it.
    Driver(DriverError),
    /// The operation itself.
    Refused(Error),
    /// A document is not what the template says.
    Disagrees(String),
}

impl From<DriverError> for Fault {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

impl Fault {
    /// Whether the transaction should be run again.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Self::Driver(error) if error.contains_label(mongodb::error::TRANSIENT_TRANSACTION_ERROR))
    }

    /// Whether a write that failed so may have happened nevertheless.
    pub(super) fn leaves_effect_unknown(&self) -> bool {
        let Self::Driver(error) = self else { return false };
        match error.kind.as_ref() {
            // The driver has tried again by itself where that is safe.
            ErrorKind::Io(_) | ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
            ErrorKind::InsertMany(many) => many.write_errors.is_none() && many.write_concern_error.is_some(),
            _ => error.contains_label(mongodb::error::UNKNOWN_TRANSACTION_COMMIT_RESULT),
        }
    }

    /// The error in the client's terms.
    pub(super) fn into_error(self, domain: &Domain, database: &str) -> Error {
        match self {
            Self::Refused(error) => error,
            Self::Disagrees(message) => disagree(domain, &message),
            Self::Driver(error) => from_driver(&error, domain, database),
        }
    }
}

fn from_driver(error: &DriverError, domain: &Domain, database: &str) -> Error {
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(write)) => from_server(write.code, &write.message, domain),
        ErrorKind::InsertMany(many) => match many.write_errors.as_deref() {
            Some([write, ..]) => from_server(write.code, &write.message, domain).of_record(write.index),
            _ => disagree(domain, &error.to_string()),
        },
        ErrorKind::Command(command) => from_server(command.code, &command.message, domain),
        ErrorKind::Io(_)
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. } => {
            tracing::warn!(database, "the database cannot be reached: {}", error.kind);
            Error::unavailable(&format!("the database `{database}`"))
        }
        _ => disagree(domain, &error.kind.to_string()),
    }
}

/// MongoDB's error codes: <https://www.mongodb.com/docs/manual/reference/error-codes/>.
fn from_server(code: i32, message: &str, domain: &Domain) -> Error {
    match code {
        // DuplicateKey
        11000 | 11001 => duplicate(message, domain),
        // DocumentValidationFailure
        121 => Error::new(
            ErrorCode::RejectedByDatabase,
            format!("the validator of the collection refused the record of `{}`", domain.name),
        ),
        // MaxTimeMSExpired
        50 => Error::deadline(),
        // WriteConflict, LockTimeout, NoSuchTransaction
        112 | 24 | 251 => {
            Error::new(ErrorCode::Conflict, "other requests kept changing the same records").retryable()
        }
        // Unauthorized, AuthenticationFailed
        13 | 18 => {
            Error::internal(format!("the node's database user may not run an object of `{}`", domain.name))
                .hint("grant what `bedsc grants` lists to the node's user")
        }
        // ExceededTimeLimit
        262 => Error::deadline(),
        // InterruptedAtShutdown, InterruptedDueToReplStateChange, PrimarySteppedDown, NotWritablePrimary,
        // NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary, ShutdownInProgress, HostUnreachable, HostNotFound,
        // NetworkTimeout, SocketException
        11600 | 11602 | 189 | 10107 | 13435 | 13436 | 91 | 6 | 7 | 89 | 9001 => {
            Error::unavailable("the database")
        }
        _ => disagree(domain, message),
    }
}

fn disagree(domain: &Domain, message: &str) -> Error {
    tracing::error!(template = domain.name, "the database does not match the template: {message}");
    Error::internal(format!("the database does not match the template `{}`", domain.name))
        .hint("the node's log tells the difference")
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
    let detail = |field: &crate::spec::Field| FieldError {
        field: field.name.to_owned(),
        reason: "is taken by another record".to_owned(),
    };
    Error {
        details: fields.map(detail).collect(),
        ..Error::new(
            ErrorCode::Conflict,
            format!("a record of `{}` with this value exists already", domain.name),
        )
    }
}
