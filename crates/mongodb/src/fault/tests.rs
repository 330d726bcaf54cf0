use std::fmt::Write as _;

use mongodb::{
    bson::{Document, doc},
    error::{CommandError, InsertManyError, WriteConcernError, WriteError},
};

use super::*;
use crate::golden::{THING, check};

fn from_bson<T: serde::de::DeserializeOwned>(document: Document) -> T {
    mongodb::bson::deserialize_from_document(document).unwrap()
}

/// What the server's answer to a command is for the driver.
fn command(code: i32) -> DriverError {
    let error: CommandError = from_bson(doc! { "code": code, "codeName": "Some", "errmsg": "it says so" });
    ErrorKind::Command(error).into()
}

fn write(code: i32, message: &str) -> DriverError {
    let error: WriteError = from_bson(doc! { "code": code, "errmsg": message });
    ErrorKind::Write(WriteFailure::WriteError(error)).into()
}

fn broken() -> DriverError {
    ErrorKind::Io(std::sync::Arc::new(std::io::Error::other("reset"))).into()
}

fn is_unknown(error: &Error) -> bool {
    error.message.contains("may or may not have happened") && !error.retryable
}

#[test]
fn codes() {
    const CODES: [i32; 29] = [
        2, 6, 7, 9, 13, 14, 18, 24, 26, 50, 64, 89, 91, 112, 121, 166, 189, 251, 262, 9001, 10107, 10334,
        11000, 11001, 11600, 11602, 13435, 13436, 17419,
    ];
    let mut text = String::new();
    for code in CODES {
        for (when, failure) in
            [("before", Failure::Before(command(code))), ("after", Failure::After(command(code)))]
        {
            let Error { code: name, message, retryable, .. } = failure.into_error(&THING, "things");
            writeln!(
                text,
                "{code:>5} {when:6} {name} {}{message}",
                if retryable { "(retryable) " } else { "" }
            )
            .unwrap();
        }
    }
    check("codes.txt", &text);
}

#[test]
fn a_duplicate_names_its_field() {
    let message =
        r#"E11000 duplicate key error collection: db.thing index: prd_price_1 dup key: { prd_price: "1" }"#;
    for (message, field) in
        [(message, "price"), ("E11000 duplicate key error collection: db.thing index: name_1", "name")]
    {
        let error = Failure::After(write(11000, message)).into_error(&THING, "things");
        assert_eq!((error.code, error.details[0].field.as_str()), (ErrorCode::Conflict, field));
    }
}

#[test]
fn of_several_records_the_one_that_failed_is_named() {
    let many: InsertManyError = from_bson(doc! { "writeErrors": [{
        "index": 3, "code": 11000, "errmsg": "index: name_1 dup key: { name: \"x\" }",
    }] });
    let error = Failure::After(ErrorKind::InsertMany(many).into()).into_error(&THING, "things");
    assert_eq!(error.details[0].field, "data[3].name");
}

#[test]
fn before_the_gate_a_broken_connection_is_lost() {
    assert!(matches!(Failure::Before(broken()).into_fault(&THING, "things"), Fault::Lost(_)));
    assert!(matches!(Failure::Before(command(2)).into_fault(&THING, "things"), Fault::Refused(_)));
}

#[test]
fn after_the_gate_nobody_knows() {
    let concern = || from_bson::<WriteConcernError>(doc! { "code": 64, "errmsg": "waiting timed out" });
    let many: InsertManyError = from_bson(doc! {
        "writeConcernError": { "code": 64, "errmsg": "waiting timed out" },
    });
    for error in [
        broken(),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern())).into(),
        ErrorKind::InsertMany(many).into(),
        command(91),
        command(64),
    ] {
        let shown = error.to_string();
        match Failure::After(error).into_fault(&THING, "things") {
            Fault::Refused(error) => assert!(is_unknown(&error), "{shown}: {error}"),
            fault => panic!("{shown}: {fault:?}"),
        }
    }
    let refused = Failure::After(write(121, "no")).into_error(&THING, "things");
    assert_eq!(refused.code, ErrorCode::RejectedByDatabase, "the server says that it was not done");
}

#[test]
fn only_what_is_known_to_be_the_templates_mistake_is_called_so() {
    let blames =
        |code| Failure::Before(command(code)).into_error(&THING, "things").message.contains("does not match");
    assert!(blames(26));
    assert!(!blames(2) && !blames(17419));
    let late = Failure::from(Fault::Refused(Error::deadline())).into_fault(&THING, "things");
    assert!(matches!(late, Fault::Refused(error) if error.code == ErrorCode::DeadlineExceeded));
}
