use std::fmt::Write as _;

use mongodb::{
    bson::{Document, doc},
    error::{CommandError, InsertManyError, WriteConcernError, WriteError},
};

use beds_core::spec::{Field, Type};

use super::*;
use crate::golden::{THING, check};

fn from_bson<T: serde::de::DeserializeOwned>(document: Document) -> T {
    mongodb::bson::deserialize_from_document(document).unwrap()
}

/// The driver's form of a server's answer to a command.
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
    let mut text = String::new();
    for (code, server) in code::all().chain([(2, "BadValue"), (9, "FailedToParse")]) {
        for (when, failure) in
            [("before", Failure::Before(command(code))), ("after", Failure::After(command(code)))]
        {
            let Error { code: name, message, retryable, .. } = failure.into_error(&THING, "things");
            writeln!(
                text,
                "{code:>5} {server:>39} {when:6} {name} {}{message}",
                if retryable { "(retryable) " } else { "" }
            )
            .unwrap();
        }
    }
    check("codes.txt", &text);
}

/// An index of these columns is violated by these documents.
fn conflict(error: DriverError, inserted: &[Document]) -> (String, Vec<String>) {
    let error = Failure::After(error).of_documents(inserted, &THING).into_error(&THING, "things");
    assert_eq!(error.code, ErrorCode::Conflict);
    (error.message, error.details.into_iter().map(|detail| detail.field).collect())
}

#[test]
fn a_duplicate_names_all_fields_of_the_index_or_none() {
    let duplicate = |keys: &str| {
        write(
            11000,
            &format!("E11000 duplicate key error collection: db.thing index: uq dup key: {{ {keys} }}"),
        )
    };
    let inserted = [doc! { "prd_price": 1, "name": "x", "other": 1 }];
    for (keys, fields) in [
        ("prd_price: 1", vec!["price"]),
        (r#"prd_price: 1, name: "x""#, vec!["price", "name"]),
        ("other: 1, prd_price: 1", vec![]),
        (r#"name: "another""#, vec![]),
    ] {
        let (message, found) = conflict(duplicate(keys), &inserted);
        assert_eq!(found, fields, "{keys}");
        assert_eq!(message.contains("these values"), fields.len() > 1, "{message}");
    }
    assert_eq!(conflict(write(11000, "index: name_1"), &inserted).1, Vec::<String>::new());
}

#[test]
fn of_several_records_the_one_that_failed_is_named() {
    let many: InsertManyError = from_bson(doc! { "writeErrors": [{
        "index": 1, "code": 11000, "errmsg": "index: name_1 dup key: { name: \"x\" }",
    }] });
    let inserted = [doc! {}, doc! { "name": "x" }];
    let (message, fields) = conflict(ErrorKind::InsertMany(many).into(), &inserted);
    assert!(message.starts_with("data[1]: "), "{message}");
    assert_eq!(fields, ["data[1].name"]);
}

#[test]
fn a_rule_of_the_whole_document_is_said_of_the_whole_record() {
    let info = doc! { "details": { "schemaRulesNotSatisfied": [{ "operatorName": "oneOf" }] } };
    let refused =
        || -> WriteError { from_bson(doc! { "code": 121, "errmsg": "no", "errInfo": info.clone() }) };
    let error = || {
        Failure::After(ErrorKind::Write(WriteFailure::WriteError(refused())).into())
            .into_error(&THING, "things")
    };
    let field = |error: beds_core::Error| error.into_body("r").details[0].field.clone();
    assert_eq!(field(error()), "data");
    assert_eq!(field(error().of_record(1)), "data[1]");
    assert_eq!(field(error().of_record(1).of_item(2)), "items[2].data[1]");
}

#[test]
fn a_validator_tells_which_rules_are_not_satisfied() {
    let rule = |operator: &str, specified: Document| {
        doc! { "operatorName": operator, "specifiedAs": specified, "reason": "no", "consideredValue": "SECRET" }
    };
    let info = doc! { "failingDocumentId": 1, "details": {
        "operatorName": "$jsonSchema",
        "schemaRulesNotSatisfied": [
            { "operatorName": "properties", "propertiesNotSatisfied": [
                { "propertyName": "prd_price", "description": "what it costs", "details": [rule("minimum", doc! { "minimum": 0 })] },
                { "propertyName": "nested", "details": [{ "operatorName": "required", "missingProperties": ["moment"] }] },
                { "propertyName": "moments", "details": [
                    { "operatorName": "items", "itemIndex": 2, "details": [rule("bsonType", doc! { "bsonType": "date" })] },
                ] },
            ] },
            { "operatorName": "required", "missingProperties": ["name", "unknown"] },
            { "operatorName": "additionalProperties", "additionalProperties": ["flag"] },
        ],
    } };
    let refused: WriteError = from_bson(doc! { "code": 121, "errmsg": "SECRET", "errInfo": info });
    let error = Failure::After(ErrorKind::Write(WriteFailure::WriteError(refused)).into());
    let error = error.into_error(&THING, "things");
    assert_eq!(error.code, ErrorCode::RejectedByDatabase);
    let details: Vec<_> =
        error.details.iter().map(|detail| format!("{} {}", detail.field, detail.reason)).collect();
    assert_eq!(
        details,
        [
            "price does not satisfy the collection's validator: { \"minimum\": 0 } (what it costs)",
            "nested.moment is required by the collection's validator",
            "moments[2] does not satisfy the collection's validator: { \"bsonType\": \"date\" }",
            "name is required by the collection's validator",
            "unknown is required by the collection's validator",
            "flag is not a member that the collection's validator knows",
        ]
    );
    let condition = doc! { "details": rule("$gt", doc! { "prd_price": { "$gt": 5 } }) };
    let refused: WriteError = from_bson(doc! { "code": 121, "errmsg": "no", "errInfo": condition });
    let error = Failure::After(ErrorKind::Write(WriteFailure::WriteError(refused)).into());
    assert_eq!(error.into_error(&THING, "things").details[0].field, "price");
}

#[test]
fn the_log_repeats_no_value_of_a_domain_with_sensitive_fields() {
    static FIELDS: [Field; 1] = [Field::new("pin", "pin", Type::string(0, 9)).sensitive()];
    static SECRET: Domain = Domain::new("secret", "", "0000000000000000").fields(&FIELDS);
    let error = command(13);
    assert_eq!(for_log(&error, &THING), "error 13 Some: it says so");
    assert_eq!(for_log(&error, &SECRET), "error 13 Some");
    let concern: WriteConcernError = from_bson(doc! { "code": 64, "errmsg": "SECRET" });
    let error = ErrorKind::Write(WriteFailure::WriteConcernError(concern)).into();
    assert!(!for_log(&error, &SECRET).contains("SECRET"));
}

#[test]
fn what_no_transaction_is_possible_for_says_so() {
    for message in [
        "Transaction numbers are only allowed on a replica set member or mongos",
        // The driver's version of it.
        "This MongoDB deployment does not support retryable writes. Please add retryWrites=false to your connection \
         string.",
    ] {
        let error: CommandError =
            from_bson(doc! { "code": 20, "codeName": "IllegalOperation", "errmsg": message });
        let error = Failure::Before(ErrorKind::Command(error).into()).into_error(&THING, "things");
        assert!(error.message.contains("has no transactions"), "{error}");
    }
}

/// The result of a failed write with a claim: whether it runs again, and its final answer.
#[test]
fn only_what_the_server_refused_is_known_not_to_have_happened() {
    let refused = Failure::Before(write(121, "no"));
    assert!(refused.is_definite() && !refused.is_transient() && !refused.leaves_effect_unknown());
    let lost = Failure::Before(broken());
    assert!(lost.is_unanswered() && !lost.is_definite() && !lost.leaves_effect_unknown());
    for failure in [Failure::After(broken()), Failure::Unanswered] {
        assert!(failure.leaves_effect_unknown() && !failure.is_definite());
        assert!(is_unknown(&failure.into_error(&THING, "things")));
    }
    assert!(Failure::Held.is_transient() && !Failure::Held.is_definite());
    assert!(Failure::Held.into_error(&THING, "things").retryable);
    assert!(!Failure::late().is_definite() && !Failure::late().is_transient());
    let invalid: WriteError = from_bson(doc! { "code": 121, "errmsg": "SECRET" });
    let invalid = ErrorKind::Write(WriteFailure::WriteError(invalid)).into();
    let error = Failure::of_own(invalid, "beds_audit", "things").into_error(&THING, "things");
    assert_eq!((error.code, error.details.len()), (ErrorCode::Internal, 0), "{error}");
    assert!(Failure::of_own(broken(), "beds_audit", "things").is_unanswered());
}

#[test]
fn what_a_pipeline_did_before_it_failed_remains() {
    for code in [50, 112, 10107, 11600] {
        let error = Failure::After(command(code)).midway(&THING, "things").into_error(&THING, "things");
        assert!(is_unknown(&error), "{code}: {error}");
    }
    let error = Failure::After(command(11000)).midway(&THING, "things").into_error(&THING, "things");
    assert!(error.code == ErrorCode::Conflict && error.hint.unwrap().contains("remains"));
    let error = Failure::Before(command(50)).midway(&THING, "things").into_error(&THING, "things");
    assert!(error.retryable, "a read changes nothing");
}

#[test]
fn who_cannot_log_in_is_not_served_and_may_try_again() {
    for code in [11, 18] {
        let error = Failure::Before(command(code)).into_error(&THING, "things");
        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true));
    }
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
