//! What databases have that were not made for BEDS.

use beds_core::{
    plan::{Action, Read, Write},
    query::{Comparison, Condition, Fields, Order, Selection, Test},
    spec::{Domain, Field, Type, mariadb},
    value::Value,
};
use beds_protocol::ErrorCode;

use crate::{ledger::text, odd::Odd};

static GRADE_FIELDS: [Field; 2] =
    [Field::new("id", "id", Type::INT), Field::new("e", "e", Type::string(0, 5))];
static GRADE: Domain = Domain::new("grade_text", "", "").fields(&GRADE_FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("grade_text", "`grade_text`", &["`id`", "`e`"])),
        create: Some(mariadb::Procedure::new("grade_text_create", "call grade_text_create(?, ?)", &[0, 1])),
        update: Some(mariadb::Procedure::new("grade_text_update", "call grade_text_update(?, ?)", &[0, 1])),
        ..mariadb::Objects::NONE
    },
);

/// Behind a parameter of text, the server takes a number that is none of the values of an ENUM for the place of one.
#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_a_value_is_no_value_beside_numbers_either() {
    let odd = Odd::open();
    let create = |id, e: &str| Write::Create {
        records: vec![vec![Value::Int(id), Value::Text(e.to_owned())]],
        many: false,
    };
    let update = |e: &str| Write::Update {
        key: vec![Value::Int(1)],
        changes: vec![(1, Value::Text(e.to_owned()))],
        if_version: None,
    };
    for place in ["1", "2", "3", "4", " 2", "07"] {
        for write in [create(9, place), update(place)] {
            let refused = odd.run(&GRADE, Action::Write(write)).await.unwrap_err();
            assert_eq!(refused.code, ErrorCode::ValidationFailed, "{place}: {refused}");
        }
    }
    for (id, value) in [(2, "7"), (3, ""), (4, "y")] {
        let reply = text(odd.run(&GRADE, Action::Write(create(id, value))).await);
        assert_eq!(reply, format!(r#"{{"ok":true,"data":{{"id":{id},"e":"{value}"}}}}"#));
    }
}

static SIDES_FIELDS: [Field; 2] =
    [Field::new("id", "id", Type::INT), Field::new("name", "name", Type::string(0, 20))];
static SIDES: Domain = Domain::new("both_sides", "", "")
    .fields(&SIDES_FIELDS)
    .key(&[0])
    .fetch(&[0, 1], &[0], 9, 9)
    .reads()
    .mariadb(
        "odd",
        mariadb::Objects {
            read: Some(mariadb::Source::view("both_sides", "`both_sides`", &["`id`", "`name`"])),
            ..mariadb::Objects::NONE
        },
    );

#[tokio::test(flavor = "multi_thread")]
async fn a_union_of_several_character_sets_is_searched_in_all_its_parts() {
    let odd = Odd::open();
    let compare = |comparison, value: &str| Test::Compare(comparison, Value::Text(value.to_owned()));
    for (test, expected) in [
        (Test::Prefix("Mü".to_owned()), "[1,3]"),
        (Test::Prefix("Grö".to_owned()), "[4]"),
        (Test::Prefix("M".to_owned()), "[1,2,3]"),
        (Test::Prefix("日".to_owned()), "[]"),
        (compare(Comparison::Eq, "Größe"), "[4]"),
        (compare(Comparison::Gte, "Mü"), "[1,3]"),
        (compare(Comparison::Ne, "Mütze"), "[1,2,4]"),
        (Test::In(vec![Value::Text("Müller".to_owned()), Value::Text("Größe".to_owned())]), "[1,4]"),
    ] {
        let filter = vec![Condition { field: 1, test: test.clone() }];
        let selection = Selection {
            filter,
            sort: vec![Order { field: 0, descending: false }],
            after: None,
            limit: 9,
            fields: Fields::All,
            count: false,
        };
        let outcome = odd.run(&SIDES, Action::Read(Read::Many(selection))).await;
        let reply: serde_json::Value = serde_json::from_str(&text(outcome)).unwrap();
        let found: serde_json::Value =
            reply["data"].as_array().unwrap().iter().map(|record| record["id"].clone()).collect();
        assert_eq!(found.to_string(), expected, "{test:?}");
    }
}
