use std::fmt::Write as _;

use super::{
    server::{Said, from_server},
    *,
};
use crate::golden::{PAIR, THING, check};

fn fault(number: u16, sqlstate: &str, message: &str) -> Fault {
    from_server(&Said { number, sqlstate, message }, &THING)
}

/// The end of a request that fails so, as the lane and the client see it.
fn shown(fault: Fault) -> String {
    match beds_lane::Fault::from(fault) {
        beds_lane::Fault::Refused(error) => {
            let retryable = if error.retryable { "(retryable) " } else { "" };
            let sqlstate = error.sqlstate.map(|state| format!(" [{state}]")).unwrap_or_default();
            format!("{} {retryable}{}{sqlstate}", error.code, error.message)
        }
        beds_lane::Fault::Lost(reason) => format!("run again on another connection: {reason}"),
        beds_lane::Fault::Abandoned(error) => {
            format!("{} on a lost connection: {}", error.code, error.message)
        }
    }
}

/// Numbers of the server, each with its SQLSTATE and the beginning of its message.
const ERRORS: &[(u16, &str, &str)] = &[
    (1020, "HY000", "Record has changed since last read in table 'thing'"),
    (1021, "HY000", "Disk full (/tmp); waiting for someone to free some space..."),
    (1022, "23000", "Can't write; duplicate key in table 'thing'"),
    (1037, "HY001", "Out of memory; restart server and try again"),
    (1038, "HY001", "Out of sort memory, consider increasing server sort buffer size"),
    (1040, "08004", "Too many connections"),
    (1041, "HY000", "Out of memory."),
    (1044, "42000", "Access denied for user 'beds'@'%' to database 'things'"),
    (1045, "28000", "Access denied for user 'beds'@'%' (using password: YES)"),
    (1047, "08S01", "WSREP has not yet prepared node for application use"),
    (1048, "23000", "Column 'name' cannot be null"),
    (1049, "42000", "Unknown database 'elsewhere'"),
    (1053, "08S01", "Server shutdown in progress"),
    (1054, "42S22", "Unknown column 'prd_price' in 'SELECT'"),
    (1054, "42S22", "Unknown column 'v_thing.prd_price' in 'field list'"),
    (1054, "42S22", "Unknown column 'prd_price_2' in 'SET'"),
    (1062, "23000", "Duplicate entry '5' for key 'PRIMARY'"),
    (1064, "42000", "You have an error in your SQL syntax; check the manual near 'x' at line 1"),
    (1077, "08S01", "mariadbd: Normal shutdown"),
    (1080, "08S01", "mariadbd: Forcing close of thread 7 user: 'beds'"),
    (1114, "HY000", "The table 'thing' is full"),
    (1135, "HY000", "Can't create a new thread (errno 11)"),
    (1136, "21S01", "Column count doesn't match value count at row 1"),
    (1142, "42000", "SELECT command denied to user 'beds'@'%' for table `things`.`v_thing`"),
    (1143, "42000", "SELECT command denied to user 'beds'@'%' for column 'v' in table 'thing'"),
    (1146, "42S02", "Table 'things.v_thing' doesn't exist"),
    (1146, "42S02", "Table 'things.v_thing_old' doesn't exist"),
    (1152, "08S01", "Aborted connection 7 to db: 'things' user: 'beds'"),
    (1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes"),
    (1158, "08S01", "Got an error reading communication packets"),
    (1159, "08S01", "Got timeout reading communication packets"),
    (1160, "08S01", "Got an error writing communication packets"),
    (1161, "08S01", "Got timeout writing communication packets"),
    (1169, "23000", "Can't write, because of unique constraint, to table 'thing'"),
    (1180, "HY000", "Got error 28 \"No space left on device\" during COMMIT"),
    (1184, "08S01", "Aborted connection 7 to db: 'things' user: 'beds' host: '%'"),
    (1203, "42000", "User beds already has more than 'max_user_connections' active connections"),
    (1205, "HY000", "Lock wait timeout exceeded; try restarting transaction"),
    (1206, "HY000", "The total number of locks exceeds the lock table size"),
    (1213, "40001", "Deadlock found when trying to get lock; try restarting transaction"),
    (1213, "40001", "what is signalled with a number of the server's is none either"),
    (1205, "HY000", "somebody else has it"),
    (1020, "HY000", "Record has changed since last read in table 'thing'"),
    (1467, "HY000", "Failed to read auto-increment value from storage engine"),
    (1216, "23000", "Cannot add or update a child row: a foreign key constraint fails"),
    (1217, "23000", "Cannot delete or update a parent row: a foreign key constraint fails"),
    (1226, "42000", "User 'beds' has exceeded the 'max_queries_per_hour' resource (current value: 1)"),
    (1227, "42000", "Access denied; you need (at least one of) the SUPER privilege(s)"),
    (1059, "42000", "Identifier name 'a name of a lock that is much too long' is too long"),
    (1094, "HY000", "Unknown thread id: 0"),
    (1193, "HY000", "Unknown system variable 'x'"),
    (1210, "HY000", "Incorrect arguments to sleep."),
    (1210, "HY000", "Incorrect arguments to EXECUTE"),
    (1231, "42000", "Variable 'sql_mode' can't be set to the value of 'x'"),
    (1232, "42000", "Incorrect argument type to variable 'max_statement_time'"),
    (1238, "HY000", "Variable 'version' is a read only variable"),
    (1242, "21000", "Subquery returns more than 1 row"),
    (1273, "HY000", "Unknown collation: 'x'"),
    (1298, "HY000", "Unknown or incorrect time zone: 'x'"),
    (1649, "HY000", "Unknown locale: 'x'"),
    (4049, "HY000", "Incorrect GeoJSON format - too few points for linestring specified."),
    (4084, "HY000", "Sequence 'things.s' has run out"),
    (4178, "HY000", "Can't store an array or an object in the scalar column 'a' of JSON_TABLE 'b'."),
    (1264, "22003", "Out of range value for column 'n' at row 1"),
    (1265, "01000", "Data truncated for column 'state' at row 1"),
    (
        1267,
        "HY000",
        "Illegal mix of collations (latin1_swedish_ci,IMPLICIT) and (utf8mb4_general_ci,COERCIBLE)",
    ),
    (1270, "HY000", "Illegal mix of collations (a), (b), (c) for operation 'in'"),
    (1271, "HY000", "Illegal mix of collations for operation 'in'"),
    (
        1290,
        "HY000",
        "The MariaDB server is running with the --read-only option so it cannot execute this statement",
    ),
    (1290, "HY000", "The MySQL server is running with the --super-read-only option"),
    (1290, "HY000", "The MariaDB server is running with the --secure-file-priv option"),
    (1292, "22007", "Incorrect date value: '2020-99-99' for column `things`.`thing`.`day` at row 1"),
    (1305, "42000", "PROCEDURE things.sp_thing_create does not exist"),
    (1305, "42000", "FUNCTION things.fn_of_its_body does not exist"),
    (1290, "HY000", "own words under the server's number"),
    (45_000, "40001", "a number that no server has"),
    (1317, "70100", "Query execution was interrupted"),
    (1318, "42000", "Incorrect number of arguments for PROCEDURE things.sp_thing_create; expected 2, got 1"),
    (1339, "20000", "Case not found for CASE statement"),
    (1356, "HY000", "View 'things.v_thing' references invalid table(s) or column(s) or function(s)"),
    (1364, "HY000", "Field 'n' doesn't have a default value"),
    (1366, "22007", "Incorrect integer value: 'x' for column `things`.`thing`.`n` at row 1"),
    (1366, "HY000", "Incorrect integer value: 'x' for column 'n' at row 1"),
    (1369, "44000", "CHECK OPTION failed `things`.`v_thing`"),
    (1369, "HY000", "CHECK OPTION failed 'things.v_thing'"),
    (1370, "42000", "execute command denied to user 'beds'@'%' for routine 'things.sp_thing_create'"),
    (1406, "22001", "Data too long for column 'c' at row 1"),
    (1414, "42000", "OUT or INOUT argument 1 for routine things.sp_thing_create is not a variable"),
    (1442, "HY000", "Can't update table 'thing' in stored function/trigger"),
    (1449, "HY000", "The user specified as a definer ('nobody'@'%') does not exist"),
    (1451, "23000", "Cannot delete or update a parent row: a foreign key constraint fails (`things`.`x`)"),
    (1452, "23000", "Cannot add or update a child row: a foreign key constraint fails (`things`.`x`)"),
    (1461, "42000", "Can't create more than max_prepared_stmt_count statements (current value: 0)"),
    (1586, "23000", "Duplicate entry 'x' for key 'sku'"),
    (1614, "XA102", "XA_RBDEADLOCK: Transaction branch was rolled back: deadlock was detected"),
    (1637, "HY000", "Too many active concurrent transactions"),
    (1642, "01123", "Unhandled user-defined warning condition"),
    (1329, "02000", "No data - zero rows fetched, selected, or processed"),
    (1213, "02ABC", "Unhandled user-defined not found condition with a number of the server's"),
    (1643, "02123", "Unhandled user-defined not found condition"),
    (1644, "45000", "closed for today"),
    (1644, "77123", "a class of the DBA's own"),
    (1644, "40001", "what is signalled without a number is no deadlock"),
    (1644, "23000", "nor a duplicate"),
    (1690, "22003", "BIGINT UNSIGNED value is out of range in '18446744073709551615 + 1'"),
    (1792, "25006", "Cannot execute statement in a READ ONLY transaction"),
    (1836, "HY000", "Running in read-only mode"),
    (1859, "23000", "Duplicate entry for key 'sku'"),
    (1927, "70100", "Connection was killed"),
    (1969, "70100", "Query execution was interrupted (max_statement_time exceeded)"),
    (3024, "HY000", "Query execution was interrupted, maximum statement execution time exceeded"),
    (3058, "HY000", "Deadlock found when trying to get user-level lock"),
    (3572, "HY000", "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set."),
    (3819, "HY000", "Check constraint 'positive' is violated."),
    (4025, "23000", "CONSTRAINT `CONSTRAINT_1` failed for `things`.`thing`"),
    // Errors with no number above: a class with a meaning, a class without, an unknown class, no class.
    (4999, "23999", "some constraint"),
    (4999, "HY000", "something new"),
    (4999, "42000", "something new"),
    (4999, "08S01", "something new"),
    (4999, "40002", "something new"),
    (4999, "UX001", "a class of the DBA's own"),
    (4999, "", "something old"),
];

#[test]
fn numbers() {
    let mut text = String::new();
    for &(number, sqlstate, message) in ERRORS {
        let end = shown(fault(number, sqlstate, message));
        let _ = writeln!(text, "{number} {sqlstate:5} {message}\n    {end}");
    }
    check("errors.txt", &text);
}

/// `signal sqlstate '45000' set mysql_errno = …`: neither run again nor treated as the server's own error.
#[test]
fn what_an_object_signals_is_rejected_whatever_number_it_bears() {
    for &(number, ..) in ERRORS {
        for sqlstate in ["45000", "45123", "UX001"] {
            let Fault::Refused(error) = fault(number, sqlstate, "closed for today") else {
                panic!("{number} {sqlstate}")
            };
            assert_eq!((error.code, error.retryable), (ErrorCode::RejectedByDatabase, false), "{number}");
            assert_eq!((&*error.message, error.sqlstate.as_deref()), ("closed for today", Some(sqlstate)));
        }
    }
}

#[test]
fn a_duplicate_names_the_field_that_the_template_calls_unique() {
    for (key, expected) in [
        ("PRIMARY", Some("id")),
        ("thing.PRIMARY", Some("id")),
        ("sku", Some("sku")),
        ("uq_thing_sku", Some("sku")),
        ("thing.uq_thing_sku", Some("sku")),
        ("uq_prd_price", Some("price")),
        ("uq_sku_and_more", None),
        ("uqsku", None),
        // Not unique by itself: the key may be over several columns.
        ("uq_sku_name", None),
        ("name", None),
        ("", None),
    ] {
        let Fault::Refused(error) =
            fault(1062, "23000", &format!("Duplicate entry 'it's-5' for key '{key}'"))
        else {
            panic!("{key}")
        };
        let fields: Vec<_> = error.details.iter().map(|detail| &*detail.field).collect();
        assert_eq!((error.code, fields), (ErrorCode::Conflict, expected.into_iter().collect()), "{key}");
    }
}

#[test]
fn what_the_server_says_of_a_sensitive_domain_is_not_shown() {
    let fault = |number, sqlstate| {
        from_server(&Said { number, sqlstate, message: "Incorrect value: 's3cret' for key 'line'" }, &PAIR)
    };
    for &(number, sqlstate, _) in ERRORS {
        let is_signalled = matches!(number, 1020 | 1205 | 1213 | 1290 | 3058 | 3572 | 1642..=1644 | 45_000)
            || sqlstate == "02ABC";
        if let Fault::Refused(error) = fault(number, sqlstate) {
            let is_shown = format!("{error:?}").contains("s3cret");
            assert_eq!(is_shown, is_signalled || sqlstate == "UX001", "{number} {sqlstate}: {error:?}");
        }
    }
    assert!(shown(fault(9999, "45000")).contains("s3cret"), "what the DBA wrote is for clients");
}

#[test]
fn what_the_driver_says_is_sorted_too() {
    let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    assert!(matches!(classify(&sqlx::Error::Io(broken()), &THING), Fault::Lost(_)));
    for (error, message) in [
        (sqlx::Error::Protocol("x".into()), "the database returned an unexpected error"),
        (sqlx::Error::RowNotFound, "the database returned an unexpected error"),
        (sqlx::Error::Decode("x".into()), "the database does not match the template"),
    ] {
        let Fault::Abandoned(error) = classify(&error, &THING) else { panic!("{error}") };
        assert!(error.message.starts_with(message) && !error.retryable, "{error}");
    }
}
