//! The meaning of a server's error: first by its SQLSTATE, then by its number.
//!
//! A procedure may signal a condition with any number, so the number alone proves nothing.

use beds_core::{Error, mask, spec::Domain};
use beds_protocol::ErrorCode;

use super::{Fault, disagree, duplicate::duplicate, strange};

/// An error as the server sent it.
#[derive(Debug)]
pub(super) struct Said<'a> {
    /// <https://mariadb.com/kb/en/mariadb-error-code-reference/>
    pub(super) number: u16,
    /// Five characters, or nothing.
    pub(super) sqlstate: &'a str,
    pub(super) message: &'a str,
}

/// The meaning of a server's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// An object signalled it.
    Signalled,
    /// A value broke a rule of the database.
    Rejected,
    /// The transaction lost a deadlock or a lock.
    GivesWay,
    /// The connection, or its server, can no longer be used.
    Lost,
    /// The server takes no writes: another one may be the primary.
    ReadOnly,
    /// For now, the server lacks a resource or permission.
    Exhausted,
    /// The statement is longer than the server takes.
    TooLarge,
    /// The statement took too long.
    TimedOut,
    /// Somebody ended the statement.
    Interrupted,
    /// A unique value is taken.
    Duplicate,
    /// A record that is referred to does not exist.
    NoParent,
    /// Other records refer to this one.
    HasChildren,
    /// A database user lacks a right.
    Denied,
    /// A statement wrote in a transaction that is read only: in the read lane, or begun so by an object.
    InReadOnly,
    /// A value has characters that a column's character set lacks.
    Characters,
    /// An object or column does not exist, or is of another kind.
    Missing,
    /// None of these.
    Unknown,
}

impl Meaning {
    /// A number counts only together with the SQLSTATE that the server gives it. With another SQLSTATE, an object
    /// signalled it.
    fn of(said: &Said<'_>) -> Self {
        let class = said.sqlstate.get(..2).unwrap_or_default();
        match (class, said.number) {
            // ER_SIGNAL_WARN, ER_SIGNAL_NOT_FOUND, ER_SIGNAL_EXCEPTION: signalled without a number. Also signals with a
            // number that no server has.
            (_, 1642..=1644) => Self::Signalled,
            (_, number) if !SERVER_NUMBERS.iter().any(|range| range.contains(&number)) => Self::Signalled,
            // In the class "not found" the server has only ER_SP_FETCH_NO_DATA.
            ("02", number) if number != 1329 => Self::Signalled,
            // ER_LOCK_DEADLOCK; ER_LOCK_WAIT_TIMEOUT, ER_CHECKREAD, ER_USER_LOCK_DEADLOCK, and of MySQL,
            // ER_LOCK_NOWAIT. Only the server's own message is a reason to run a procedure again. A condition that the
            // procedure signals is reported, whatever its number and state.
            ("40", 1213) | ("HY", 1205 | 1020 | 3058 | 3572) if !gives_way(said.message) => Self::Signalled,
            ("40", 1213) | ("HY", 1205 | 1020 | 3058 | 3572) => Self::GivesWay,
            // ER_UNKNOWN_COM_ERROR (a Galera node outside of its cluster), ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN,
            // ER_FORCING_CLOSE, ER_ABORTING_CONNECTION, ER_NET_…, ER_NEW_ABORTING_CONNECTION; ER_CONNECTION_KILLED;
            // ER_MAX_PREPARED_STMT_COUNT_REACHED: a connection gives back what it holds
            ("08", 1047 | 1053 | 1077 | 1080 | 1152 | 1154..=1161 | 1184) | ("70", 1927) | ("42", 1461) => {
                Self::Lost
            }
            // ER_READ_ONLY_MODE
            ("HY", 1836) => Self::ReadOnly,
            // ER_NET_PACKET_TOO_LARGE
            ("08", 1153) => Self::TooLarge,
            // ER_OPTION_PREVENTS_STATEMENT, of which read-only is one
            ("HY", 1290) if said.message.contains("read-only") || said.message.contains("read_only") => {
                Self::ReadOnly
            }
            // The server says of itself that it "is running with" an option. An error without these words was
            // signalled.
            ("HY", 1290) if !said.message.contains("is running with") => Self::Signalled,
            // ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED; ER_DISK_FULL, ER_OUTOFMEMORY,
            // ER_OUT_OF_SORTMEMORY, ER_OUT_OF_RESOURCES, ER_RECORD_FILE_FULL, ER_CANT_CREATE_THREAD,
            // ER_LOCK_TABLE_FULL, ER_TOO_MANY_CONCURRENT_TRXS
            ("08", 1040)
            | ("42", 1203 | 1226)
            | ("HY", 1021 | 1037 | 1038 | 1041 | 1114 | 1135 | 1206 | 1637) => Self::Exhausted,
            // ER_ERROR_ON_WRITE, ER_GET_ERRNO, ER_ERROR_DURING_COMMIT
            ("HY", 1026 | 1030 | 1180) if is_out_of_space(said.message) => Self::Exhausted,
            // ER_QUERY_INTERRUPTED: somebody used `kill query`
            ("70", 1317) => Self::Interrupted,
            // ER_STATEMENT_TIMEOUT; of MySQL, ER_QUERY_TIMEOUT
            ("70", 1969) | ("HY", 3024) => Self::TimedOut,
            // ER_DUP_KEY, ER_DUP_ENTRY, ER_DUP_UNIQUE, ER_DUP_ENTRY_WITH_KEY_NAME, ER_DUP_UNKNOWN_IN_INDEX
            ("23", 1022 | 1062 | 1169 | 1586 | 1859) => Self::Duplicate,
            // ER_NO_REFERENCED_ROW(_2), ER_ROW_IS_REFERENCED(_2)
            ("23", 1216 | 1452) => Self::NoParent,
            ("23", 1217 | 1451) => Self::HasChildren,
            // ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR,
            // ER_COLUMNACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR, ER_PROCACCESS_DENIED_ERROR
            ("28", 1045) | ("42", 1044 | 1142 | 1143 | 1227 | 1370) => Self::Denied,
            // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
            ("25", 1792) => Self::InReadOnly,
            // ER_CANT_AGGREGATE_2COLLATIONS, …_3COLLATIONS, …_NCOLLATIONS
            ("HY", 1267 | 1270 | 1271) => Self::Characters,
            // ER_BAD_DB_ERROR, ER_BAD_FIELD_ERROR, ER_NO_SUCH_TABLE, ER_SP_DOES_NOT_EXIST, ER_SP_WRONG_NO_OF_ARGS,
            // ER_SP_NOT_VAR_ARG; ER_VIEW_INVALID: an object below a view is missing
            ("42", 1049 | 1054 | 1146 | 1305 | 1318 | 1414) | ("HY", 1356) => Self::Missing,
            // Warnings that are raised to errors, values that no type takes, broken constraints and check options;
            // ER_INVALID_CHARACTER_STRING, ER_WARN_ALLOWED_PACKET_OVERFLOWED, ER_NO_DEFAULT_FOR_FIELD,
            // ER_WRONG_VALUE_FOR_TYPE, ER_NO_PARTITION_FOR_GIVEN_VALUE (also silent),
            // ER_UNDO_RECORD_TOO_BIG, ER_ROW_DOES_NOT_MATCH_GIVEN_PARTITION_SET, ER_JSON_…; of MySQL,
            // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_VIEW_CHECK_FAILED, ER_CHECK_CONSTRAINT_VIOLATED;
            // ER_TOO_BIG_ROWSIZE, ER_REGEXP_ERROR; ER_AUTOINC_READ_FAILED, ER_SEQUENCE_RUN_OUT: there are no more numbers.
            // What a variable, a function or a statement does not take for its value: ER_WRONG_VALUE_FOR_VAR,
            // ER_UNKNOWN_CHARACTER_SET, ER_UNKNOWN_COLLATION, ER_UNKNOWN_STORAGE_ENGINE, ER_UNKNOWN_TIME_ZONE,
            // ER_UNKNOWN_LOCALE, ER_WRONG_VALUE, ER_NO_SUCH_THREAD, ER_NO_SUCH_QUERY, ER_TOO_LONG_IDENT (of a lock),
            // ER_DYN_COL_…, ER_INVALID_NTILE_ARGUMENT, ER_ARGUMENT_OUT_OF_RANGE, ER_JSON_…, ER_GEOJSON_…, ER_JSON_TABLE_….
            // A wrong type is none of a client's (ER_WRONG_TYPE_FOR_VAR), nor is a variable that cannot be set.
            ("01" | "22" | "23" | "44", _)
            | (
                "HY",
                1094
                | 1273
                | 1298
                | 1300
                | 1301
                | 1364
                | 1366
                | 1369
                | 1411
                | 1467
                | 1525
                | 1526
                | 1591
                | 1649
                | 1713
                | 1748
                | 1919
                | 1921
                | 1922
                | 1957
                | 3819
                | 4024
                | 4035..=4046
                | 4048..=4051
                | 4076
                | 4084
                | 4103
                | 4176
                | 4178
                | 4179,
            )
            | ("42", 1059 | 1115 | 1118 | 1139 | 1231 | 1286) => Self::Rejected,
            // ER_WRONG_ARGUMENTS: wrong values of a function, or a wrong number for EXECUTE
            ("HY", 1210) if !said.message.ends_with("EXECUTE") => Self::Rejected,
            (class, _) if SERVER_CLASSES.contains(&class) => Self::Unknown,
            // 45, the class for what users define, or a class of the DBA's own
            _ => Self::Signalled,
        }
    }
}

/// The numbers of errors of MariaDB and MySQL, and of their clients.
const SERVER_NUMBERS: [std::ops::RangeInclusive<u16>; 4] =
    [1_000..=1_999, 2_000..=2_999, 3_000..=3_999, 4_000..=4_999];

/// The classes of SQLSTATE that the server itself uses, except those of values and constraints. A condition of any
/// other class was signalled.
const SERVER_CLASSES: [&str; 22] = [
    "", "00", "02", "08", "0A", "0K", "0Z", "20", "21", "24", "25", "28", "2F", "35", "38", "39", "3D", "40",
    "42", "70", "HY", "XA",
];

/// Whether the message says that a transaction lost a lock, or, in a cluster, lost to another node's transaction.
fn gives_way(message: &str) -> bool {
    let words = [
        "Deadlock found",
        "Lock wait timeout exceeded",
        "Record has changed since last read",
        "Statement aborted because lock",
        "WSREP",
        "wsrep",
    ];
    words.iter().any(|words| message.starts_with(words))
}

/// Whether the message quotes the system's error ENOSPC.
fn is_out_of_space(message: &str) -> bool {
    message.contains("error 28 ") || message.contains("Errcode: 28 ") || message.contains("No space left")
}

/// The hint for a condition that passes.
pub(super) const LATER: &str = "send the request again later; with the same message_id if it writes";

/// The error in the client's terms.
pub(super) fn from_server(said: &Said<'_>, domain: &Domain) -> Fault {
    let refused = |code: ErrorCode, message: String| {
        let sqlstate = Some(said.sqlstate.to_owned());
        Fault::Refused(Error { sqlstate, ..Error::new(code, message) })
    };
    let name = domain.name;
    match Meaning::of(said) {
        // An object signals texts for clients.
        Meaning::Signalled => refused(ErrorCode::RejectedByDatabase, said.message.to_owned()),
        Meaning::Rejected => refused(ErrorCode::RejectedByDatabase, masked(said.message, domain)),
        Meaning::GivesWay => Fault::Deadlock,
        Meaning::Lost => Fault::Lost(logged(said)),
        Meaning::ReadOnly => {
            let database = domain.database;
            tracing::warn!(database, "the server takes no writes: {}", logged(said));
            let message = format!("the server of the database `{database}` is read-only now");
            // Another connection may lead to another server.
            Fault::Abandoned(Error::new(ErrorCode::Unavailable, message).hint(LATER))
        }
        Meaning::Exhausted => {
            let database = domain.database;
            tracing::warn!(database, "the server cannot serve: {}", logged(said));
            let message = format!("the database `{database}` has reached one of its own limits");
            Fault::Refused(Error::new(ErrorCode::Unavailable, message).hint(LATER))
        }
        Meaning::TooLarge => {
            let message = "the request is longer than the database accepts (max_allowed_packet)";
            // The server closes the connection after it.
            Fault::Abandoned(Error::new(ErrorCode::TooLarge, message).hint("send less in one request"))
        }
        Meaning::TimedOut => {
            tracing::warn!(template = name, "the database stopped a statement at its time limit: {}", logged(said));
            let message = "the database stopped a statement at its time limit";
            let error = Error::new(ErrorCode::DeadlineExceeded, message);
            Fault::Refused(error.hint(
                "a longer deadline does not help: the limit is the node's `statement_timeout_ms`, or the object's own; the \
                 statement may have waited for a lock",
            ))
        }
        Meaning::Interrupted => {
            let message = "an administrator of the database interrupted the statement";
            Fault::Refused(Error::new(ErrorCode::Unavailable, message))
        }
        Meaning::Duplicate => Fault::Refused(duplicate(said.message, said.sqlstate, domain)),
        Meaning::NoParent => {
            let message = format!("the record of `{name}` refers to a record that does not exist");
            refused(ErrorCode::Conflict, message)
        }
        Meaning::HasChildren => {
            refused(ErrorCode::Conflict, format!("other records refer to this record of `{name}`"))
        }
        Meaning::Denied => {
            tracing::error!(template = name, "a database user lacks a right: {}", logged(said));
            Fault::Refused(
                Error::internal(format!(
                    "the node's database user lacks a privilege on an object of `{name}`"
                ))
                .hint("grant the node's user what `bedsc grants` lists"),
            )
        }
        // Which lane it was is not known here. A server that begins all transactions read only is refused when
        // connecting.
        Meaning::InReadOnly => {
            tracing::error!(template = name, "an object wrote in a read-only transaction: {}", logged(said));
            Fault::Refused(
                Error::internal("an object tried to write in a transaction that is read only").hint(
                    "a call that writes says lane = \"write\" in the template; an object that begins a transaction \
                     of its own must not begin it read only",
                ),
            )
        }
        Meaning::Characters => refused(
            ErrorCode::ValidationFailed,
            "the database compared texts of different collations: either an object compares them, or a value has a \
             character that the column's character set does not have"
                .to_owned(),
        ),
        // A missing object inside the body of an object says nothing of the template.
        Meaning::Missing if is_of_template(said.message, domain) => {
            Fault::Refused(disagree(domain, &logged(said)))
        }
        Meaning::Missing => Fault::Refused(strange(domain, &logged(said))),
        Meaning::Unknown => {
            let message = masked(said.message, domain);
            Fault::Refused(strange(domain, &logged(&Said { message: &message, ..*said })))
        }
    }
}

/// Whether a message is about an object or column that the template names.
fn is_of_template(message: &str, domain: &Domain) -> bool {
    let objects = domain.database_objects();
    let objects = objects.iter().map(|object| object.name);
    let mut names = domain.fields.iter().map(|field| field.column).chain(objects);
    names.any(|name| {
        message.match_indices(name).any(|(start, _)| {
            let is_edge = |edge: Option<char>| edge.is_none_or(|c| matches!(c, '\'' | '`' | '.' | ' ' | ';'));
            is_edge(message[..start].chars().next_back())
                && is_edge(message[start + name.len()..].chars().next())
        })
    })
}

/// The text for the log of an error that quotes no value.
fn logged(said: &Said<'_>) -> String {
    format!("{} ({}): {}", said.number, said.sqlstate, said.message)
}

/// A message that may quote a value, as it may be shown.
fn masked(message: &str, domain: &Domain) -> String {
    if mask::has_sensitive(domain) { "the database refused a value".to_owned() } else { message.to_owned() }
}
