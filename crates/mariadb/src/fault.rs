//! What a driver's error means for the request, and for the connection it happened on.

mod duplicate;
mod own;
mod server;

use beds_core::{Error, spec::Domain};
use beds_protocol::ErrorCode;
use sqlx::mysql::MySqlDatabaseError;

pub(crate) use self::own::{denied, is_seen, of_own, renew_rights, without_transactions};
use self::server::{Said, from_server};

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

/// The error of a table that is not there, and of one that this user may not use, which the server says of what is not
/// there as well.
pub(crate) const NO_TABLE: u16 = 1146;
pub(crate) const DENIED: u16 = 1142;

/// The server's number of an error that is the server's.
pub(crate) fn number(error: &sqlx::Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// Sorts a driver's error out. `domain` names fields in the client's terms.
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

/// The template promises what the database does not keep.
pub(crate) fn disagree(domain: &Domain, message: &str) -> Error {
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

#[cfg(test)]
mod tests;
