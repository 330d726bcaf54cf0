//! What a driver's error means for the request, and for the connection it happened on.

use beds_protocol::{ErrorCode, FieldError};
use sqlx::mysql::MySqlDatabaseError;

use beds_core::{Error, mask, spec::Domain};

/// How a job failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The statement failed; the connection is good.
    Refused(Error),
    /// The transaction lost a deadlock or a lock; run it again.
    Deadlock,
    /// The connection is gone or out of step: discard it. The job may be run again if nothing was committed.
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

/// Sorts a driver's error out. `domain` names fields in the client's terms.
pub(crate) fn classify(error: &sqlx::Error, domain: &Domain) -> Fault {
    match error {
        sqlx::Error::Database(database) => match database.try_downcast_ref::<MySqlDatabaseError>() {
            Some(error) => from_server(error, domain),
            None => Fault::Lost(error.to_string()),
        },
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
            Fault::Abandoned(disagree(domain, &error.to_string()))
        }
        sqlx::Error::Encode(_) => {
            Fault::Refused(Error::internal("a value could not be sent to the database"))
        }
        _ => Fault::Lost(error.to_string()),
    }
}

/// A condition that a procedure signalled without a number of its own.
const ER_SIGNAL_EXCEPTION: u16 = 1644;

/// MariaDB's error numbers: <https://mariadb.com/kb/en/mariadb-error-code-reference/>.
fn from_server(error: &MySqlDatabaseError, domain: &Domain) -> Fault {
    // Everything but a signalled condition may quote a value.
    let message = if mask::has_sensitive(domain) && error.number() != ER_SIGNAL_EXCEPTION {
        "the database refused a value"
    } else {
        error.message()
    };
    let sqlstate = error.code().unwrap_or_default();
    let refused = |code: ErrorCode, message: String| Error {
        sqlstate: Some(sqlstate.to_owned()),
        ..Error::new(code, message)
    };
    match error.number() {
        // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_CHECKREAD
        1205 | 1213 | 1020 => Fault::Deadlock,
        // ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN, ER_CONNECTION_KILLED, ER_TOO_MANY_USER_CONNECTIONS,
        // ER_USER_LIMIT_REACHED, ER_OPTION_PREVENTS_STATEMENT (the server has become read-only: another is the
        // primary), ER_UNKNOWN_COM_ERROR (a Galera node outside of its cluster), ER_MAX_PREPARED_STMT_COUNT_REACHED
        1053 | 1077 | 1927 | 1203 | 1226 | 1290 | 1047 | 1461 => Fault::Lost(message.to_owned()),
        // ER_QUERY_INTERRUPTED, ER_STATEMENT_TIMEOUT
        1317 | 1969 => Fault::Refused(Error::deadline()),
        // ER_DUP_ENTRY, ER_DUP_KEY
        1062 | 1022 => Fault::Refused(duplicate(error.message(), domain)),
        // ER_NO_REFERENCED_ROW(_2), ER_ROW_IS_REFERENCED(_2)
        1216 | 1452 => Fault::Refused(refused(
            ErrorCode::Conflict,
            format!("the record of `{}` refers to a record that does not exist", domain.name),
        )),
        1217 | 1451 => Fault::Refused(refused(
            ErrorCode::Conflict,
            format!("other records refer to this record of `{}`", domain.name),
        )),
        // ER_ACCESS_DENIED…, ER_DBACCESS_DENIED, ER_TABLEACCESS_DENIED, ER_COLUMNACCESS_DENIED, ER_PROCACCESS_DENIED
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 => Fault::Refused(
            Error::internal(format!(
                "the node's database user lacks a privilege on an object of `{}`",
                domain.name
            ))
            .hint("grant the node's user what `bedsc grants` lists"),
        ),
        // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
        1792 => Fault::Refused(
            Error::internal("an object in the read lane tried to write")
                .hint("write lane = \"write\" in the template"),
        ),
        // ER_CANT_AGGREGATE_2COLLATIONS, …_3COLLATIONS, …_NCOLLATIONS: what is compared with a column has characters
        // that the column's character set lacks.
        1267 | 1270 | 1271 => Fault::Refused(refused(
            ErrorCode::ValidationFailed,
            "a value has a character that is not in the column's character set".to_owned(),
        )),
        _ => match sqlstate.get(..2) {
            // Syntax, missing objects, wrong arguments: the template and the database disagree.
            Some("42") => Fault::Refused(disagree(domain, message)),
            Some("HY") => Fault::Refused(by_number(error.number(), refused, message, domain)),
            // Conditions that an object signalled (45, or a class of the DBA's own), data exceptions (22),
            // constraint violations (23), warnings raised to errors (01).
            _ => Fault::Refused(refused(ErrorCode::RejectedByDatabase, message.to_owned())),
        },
    }
}

/// `HY000` is MariaDB's class for everything else; some of it is the data's fault.
fn by_number(
    number: u16,
    refused: impl Fn(ErrorCode, String) -> Error,
    message: &str,
    domain: &Domain,
) -> Error {
    match number {
        // ER_NO_DEFAULT_FOR_FIELD, ER_TRUNCATED_WRONG_VALUE(_FOR_FIELD), ER_WARN_DATA_OUT_OF_RANGE,
        // WARN_DATA_TRUNCATED, ER_DATA_TOO_LONG, ER_CONSTRAINT_FAILED
        1364 | 1292 | 1366 | 1264 | 1265 | 1406 | 4025 => {
            refused(ErrorCode::RejectedByDatabase, message.to_owned())
        }
        _ => disagree(domain, message),
    }
}

/// The template promises what the database does not keep.
pub(crate) fn disagree(domain: &Domain, message: &str) -> Error {
    tracing::error!(template = domain.name, "the database does not match the template: {message}");
    Error::internal(format!("the database does not match the template `{}`", domain.name))
        .hint("the node's log shows the difference")
}

/// `Duplicate entry '…' for key 'name'`: the key's name leads to the field.
fn duplicate(message: &str, domain: &Domain) -> Error {
    let key = message.rsplit_once("for key '").map_or("", |(_, rest)| rest.trim_end_matches('\''));
    let key = key.rsplit_once('.').map_or(key, |(_, name)| name);
    let fields: Vec<&str> = if key == "PRIMARY" {
        domain.key.iter().map(|&index| domain.fields[index].name).collect()
    } else {
        named_in(key, domain)
    };
    let details = fields.iter().map(|&field| FieldError {
        field: field.to_owned(),
        reason: "is a duplicate: another record has this value".into(),
    });
    Error {
        details: details.collect(),
        sqlstate: Some("23000".into()),
        ..Error::new(
            ErrorCode::Conflict,
            format!("a record of `{}` with this value exists already", domain.name),
        )
    }
}

/// The field of a unique key: the one whose column is the key's name, or ends it after a `_`; a field that the
/// template calls unique wins, then the longest column.
fn named_in(key: &str, domain: &Domain) -> Vec<&'static str> {
    let matches =
        |column: &str| key == column || key.strip_suffix(column).is_some_and(|rest| rest.ends_with('_'));
    domain
        .fields
        .iter()
        .filter(|field| matches(field.column))
        .max_by_key(|field| (field.unique, field.column.len()))
        .map(|field| vec![field.name])
        .unwrap_or_default()
}
