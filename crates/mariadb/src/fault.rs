//! The meaning of a driver's error for the request, and for its connection.

mod duplicate;
mod own;
mod server;

use beds_core::{Error, spec::Domain};
use beds_protocol::ErrorCode;
use sqlx::mysql::MySqlDatabaseError;

pub(crate) use self::own::{
    denied, insert_own, is_seen, is_without_transactions, of_own, renew_rights, without_transactions,
};
use self::server::{LATER, Said, from_server};

/// How a job failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The statement failed; the connection is good.
    Refused(Error),
    /// The transaction lost a deadlock or a lock; run it again.
    Deadlock,
    /// The connection is gone, out of step or to a server that cannot serve: discard it. The job may be run again if
    /// nothing was committed.
    Lost(String),
    /// The job failed in a way that leaves the connection out of step: discard it.
    Abandoned(Error),
}

impl From<Fault> for beds_lane::Fault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(error) => Self::Refused(error),
            Fault::Deadlock => {
                let message = "lock conflict: other requests kept changing the same records";
                Self::Refused(Error::new(ErrorCode::Conflict, message).retryable())
            }
            Fault::Lost(reason) => Self::Lost(reason),
            Fault::Abandoned(error) => Self::Abandoned(error),
        }
    }
}

/// The errors of a missing table, and of a table that this user may not use. The server may also answer with the second
/// for a missing table.
pub(crate) const NO_TABLE: u16 = 1146;
pub(crate) const DENIED: u16 = 1142;

/// The server's error number, if the error comes from the server.
pub(crate) fn number(error: &sqlx::Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// Classifies a driver's error. `domain` names fields in the client's terms.
pub(crate) fn classify(error: &sqlx::Error, domain: &Domain) -> Fault {
    match error {
        sqlx::Error::Database(database) => match database.try_downcast_ref::<MySqlDatabaseError>() {
            Some(error) => from_server(
                &Said {
                    number: error.number(),
                    sqlstate: error.code().unwrap_or_default(),
                    message: error.message(),
                },
                domain,
            ),
            None => Fault::Abandoned(strange(domain, &error.to_string())),
        },
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
            Fault::Abandoned(disagree(domain, &error.to_string()))
        }
        sqlx::Error::Encode(_) => {
            Fault::Refused(Error::internal("a value could not be sent to the database"))
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Fault::Lost(error.to_string()),
        _ => Fault::Abandoned(strange(domain, &error.to_string())),
    }
}

/// The server's numbers of errors by which it breaks the connection: `ER_SERVER_SHUTDOWN`, `ER_NORMAL_SHUTDOWN`,
/// `ER_FORCING_CLOSE`, `ER_ABORTING_CONNECTION`, `ER_NET_…`, `ER_NEW_ABORTING_CONNECTION`, `ER_CONNECTION_KILLED`.
const BREAKS: [std::ops::RangeInclusive<u16>; 6] =
    [1053..=1053, 1077..=1077, 1080..=1080, 1152..=1161, 1184..=1184, 1927..=1927];

/// Classifies the error of a commit. If the server refuses to commit, it has rolled back. If the connection broke,
/// nobody knows.
pub(crate) fn classify_commit(error: &sqlx::Error, domain: &Domain) -> Fault {
    let is_answer = number(error).is_some_and(|number| !BREAKS.iter().any(|range| range.contains(&number)));
    match classify(error, domain) {
        // A cluster refuses a commit that conflicts with another node's change.
        Fault::Deadlock => Fault::Deadlock,
        // Whatever is still open of the transaction ends with the connection.
        Fault::Refused(error) | Fault::Abandoned(error) if is_answer && error.retryable => {
            Fault::Abandoned(error)
        }
        _ if is_answer => {
            let database = domain.database;
            tracing::warn!(database, "the server refuses to commit: {error}");
            let message = format!("the database `{database}` refused to commit, so that nothing was written");
            Fault::Abandoned(Error::new(ErrorCode::Unavailable, message).hint(LATER))
        }
        _ => Fault::Abandoned(Error::unknown_effect("the connection broke while the commit was under way")),
    }
}

/// The template and the database disagree.
pub(crate) fn disagree(domain: &Domain, message: &str) -> Error {
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
