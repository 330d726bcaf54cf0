use mongodb::bson::{
    Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, RawDocumentBuf, Regex, Timestamp, doc,
    oid::ObjectId,
};

use super::*;
use crate::golden::{THING, check};

/// A document as a reply shows it, and the reply's note.
fn shown(document: &Document) -> (Json, Option<String>) {
    raw(&RawDocumentBuf::try_from(document).unwrap())
}

fn raw(document: &RawDocument) -> (Json, Option<String>) {
    let mut shower = Shower::new(&THING);
    let mut json = Vec::new();
    shower.write_record(document, THING.fields, Place::DATA, &mut json);
    (serde_json::from_slice(&json).unwrap(), shower.into_note())
}

fn binary(subtype: BinarySubtype, length: usize) -> Bson {
    Bson::Binary(Binary { subtype, bytes: vec![7; length] })
}

/// Values of every type, and invalid values of some types.
fn values() -> Vec<Bson> {
    let regex = Regex { pattern: "^a".try_into().unwrap(), options: "i".try_into().unwrap() };
    vec![
        Bson::Double(5.0),
        Bson::Double(2.5),
        Bson::Double(-0.0),
        Bson::Double(0.1),
        Bson::Double(1e19),
        Bson::Double(1e300),
        Bson::Double(f64::NAN),
        Bson::Double(f64::NEG_INFINITY),
        Bson::Int32(-7),
        Bson::Int64(9_007_199_254_740_993),
        Bson::Int64(i64::MIN),
        Bson::Decimal128("1.50".parse().unwrap()),
        Bson::Decimal128("-0E+3".parse().unwrap()),
        Bson::Decimal128("7E+2".parse().unwrap()),
        Bson::Decimal128("NaN".parse().unwrap()),
        Bson::Decimal128("-Infinity".parse().unwrap()),
        Bson::Decimal128("1E+6144".parse().unwrap()),
        Bson::Decimal128("1E-6176".parse().unwrap()),
        Bson::String("text".to_owned()),
        Bson::String("5".to_owned()),
        Bson::String("2026-01-31".to_owned()),
        Bson::String("08:30:00.50".to_owned()),
        Bson::String("08:30:00.5".to_owned()),
        Bson::String("2026-01-31T08:30:00Z".to_owned()),
        Bson::String("018f2b6e-0000-7000-8000-000000000000".to_owned()),
        Bson::Boolean(true),
        Bson::Null,
        Bson::Undefined,
        Bson::DateTime(DateTime::from_millis(1_769_848_200_500)),
        Bson::DateTime(DateTime::from_millis(-62_198_755_200_000)),
        Bson::DateTime(DateTime::from_millis(-62_135_596_800_001)),
        Bson::DateTime(DateTime::from_millis(253_402_300_800_000)),
        Bson::DateTime(DateTime::MIN),
        Bson::DateTime(DateTime::MAX),
        binary(BinarySubtype::Uuid, 16),
        binary(BinarySubtype::Uuid, 15),
        binary(BinarySubtype::UuidOld, 16),
        binary(BinarySubtype::Generic, 16),
        binary(BinarySubtype::Generic, 0),
        Bson::ObjectId(ObjectId::from_bytes([1; 12])),
        Bson::RegularExpression(regex),
        Bson::Timestamp(Timestamp { time: 1, increment: 2 }),
        Bson::JavaScriptCode("x()".to_owned()),
        Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code: "x()".to_owned(), scope: doc! {} }),
        Bson::Symbol("symbol".to_owned()),
        Bson::MinKey,
        Bson::MaxKey,
        Bson::Array(vec![Bson::Int32(1)]),
        Bson::Document(doc! { "moment": 1 }),
    ]
}

/// Every value in a field of every type: its shown form, and the note if there is one.
#[test]
fn every_value_in_every_field() {
    let mut text = String::new();
    for value in values() {
        text.extend([&value.to_string(), "\n"]);
        for field in THING.fields {
            let (json, note) = shown(&doc! { field.column: value.clone() });
            let json = &json[field.name];
            let usual = format!(", which is no `{}` that can be shown", field.ty.name());
            match &note {
                Some(note) if note.ends_with(&usual) => assert!(json.is_null(), "{note}"),
                Some(note) => {
                    let (_, note) = note.split_once(": ").unwrap();
                    text.extend(["    ", field.ty.name(), " ", &json.to_string(), " ", note, "\n"]);
                }
                None if json.is_null() => assert!(matches!(value, Bson::Null | Bson::Undefined), "{value}"),
                None => text.extend(["    ", field.ty.name(), " ", &json.to_string(), "\n"]),
            }
        }
    }
    check("shown.txt", &text);
}

#[test]
fn of_lists_objects_and_json_the_smallest_part_is_null() {
    let moment = DateTime::from_millis(0);
    let (json, note) = shown(&doc! {
        "moments": [moment, "x", moment],
        "nested": { "moment": DateTime::MAX },
        "any": { "a.b": [1, Bson::MaxKey], "$c": { "d": f64::NAN }, "e": "kept" },
    });
    assert_eq!(json["moments"], serde_json::json!(["1970-01-01T00:00:00Z", null, "1970-01-01T00:00:00Z"]));
    assert_eq!(json["nested"], serde_json::json!({ "moment": null }));
    assert_eq!(json["any"], serde_json::json!({ "a.b": [1, null], "$c": { "d": null }, "e": "kept" }));
    assert_eq!(
        note.unwrap(),
        "4 values that cannot be shown are null: data.any.a.b[1] holds MaxKey, which has no form in JSON; \
         data.any.$c.d holds NaN, which has no form in JSON; data.moments[1] holds \"x\", which is no `datetime` \
         that can be shown; and 1 more"
    );
}

#[test]
fn json_is_shown_as_deep_as_readers_take_it() {
    let mut deep = Bson::Int32(1);
    for _ in 0..150 {
        deep = Bson::Array(vec![deep]);
    }
    let (json, note) = shown(&doc! { "any": deep });
    assert!(note.unwrap().contains("is nested deeper than 100 levels"));
    let mut levels = 0;
    let mut inner = &json["any"];
    while let Some(next) = inner.get(0) {
        (inner, levels) = (next, levels + 1);
    }
    assert!(inner.is_null() && levels == 100, "{levels}");
}

#[test]
fn a_note_stays_one_line() {
    let (_, note) = shown(&doc! { "v": "a\nb\u{1b}[0m", "any": { "x\ny": Bson::MinKey } });
    let note = note.unwrap();
    assert!(!note.contains(char::is_control), "{note}");
    assert!(note.contains(r#"data.version holds "a\nb\u{1b}[0m""#), "{note}");
}

#[test]
fn of_two_members_of_one_name_the_first_counts() {
    // {"any": {"a": 1, "a": 2}}
    let inner = b"\x13\0\0\0\x10a\0\x01\0\0\0\x10a\0\x02\0\0\0\0";
    let bytes = [b"\x1d\0\0\0\x03any\0".as_slice(), inner, b"\0"].concat();
    let (json, note) = raw(RawDocument::from_bytes(&bytes).unwrap());
    assert_eq!(json["any"], serde_json::json!({ "a": 1 }));
    assert!(note.unwrap().contains("data.any.a holds a second value"));
}

#[test]
fn what_cannot_be_read_is_null_and_harms_no_other() {
    // {"name": <two bytes that are not UTF-8>, "flag": true}
    let bytes = b"\x19\0\0\0\x02name\0\x03\0\0\0\xff\xfe\0\x08flag\0\x01\0";
    let (json, note) = raw(RawDocument::from_bytes(bytes).unwrap());
    assert_eq!((&json["name"], &json["flag"]), (&Json::Null, &Json::Bool(true)));
    assert_eq!(
        note.unwrap(),
        "a value that cannot be shown is null: data.name holds bytes, which cannot be read"
    );
}

#[test]
fn what_a_sensitive_field_holds_is_not_repeated() {
    static MEMBERS: [Field; 1] = [Field::new("pin", "pin", Type::INT).sensitive()];
    static FIELDS: [Field; 3] = [
        Field::new("code", "code", Type::INT).sensitive(),
        Field::new("card", "card", Type::object(&MEMBERS)),
        Field::new("any", "any", Type::Json),
    ];
    static SECRET: Domain = Domain::new("secret", "", "0000000000000000").fields(&FIELDS);
    let document = doc! { "code": "SECRET", "card": { "pin": "SECRET" }, "any": { "pin": Bson::Symbol("SECRET".to_owned()) } };
    let document = RawDocumentBuf::try_from(&document).unwrap();
    let mut shower = Shower::new(&SECRET);
    shower.write_record(&document, SECRET.fields, Place::DATA, &mut Vec::new());
    let note = shower.into_note().unwrap();
    assert!(note.contains("data.code is no `int`") && note.contains("data.card.pin is no `int`"), "{note}");
    assert!(!note.contains("SECRET"), "{note}");
}

/// A value in the place of an object may be what its sensitive member should hold.
#[test]
fn what_replaces_an_object_with_a_sensitive_member_is_not_repeated() {
    static MEMBERS: [Field; 1] = [Field::new("secret", "secret", Type::string(0, 9)).sensitive()];
    static FIELD: [Field; 1] = [Field::new("holder", "holder", Type::object(&MEMBERS))];
    static HOLDER: Domain = Domain::new("holder", "", "").fields(&FIELD).key(&[0]);
    let document = RawDocumentBuf::try_from(&doc! { "holder": "hunter2" }).unwrap();
    let mut shower = Shower::new(&HOLDER);
    shower.write_record(&document, &FIELD, Place::DATA, &mut Vec::new());
    let note = shower.into_note().unwrap();
    assert!(note.ends_with("data.holder is no `object` that can be shown"), "{note}");
}
