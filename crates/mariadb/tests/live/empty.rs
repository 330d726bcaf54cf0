//! An ENUM with an empty text among its values, and what it has in place of a value, which shows as the same; and writes by
//! filter of records that a procedure does not find, or does not find any more.

use beds_core::{
    cursor,
    plan::{Action, Matching, Read, Write},
    query::{Comparison, Condition, Fields, Order, Selection, Test},
    spec::{Domain, Field, Type, mariadb},
    value::Value,
};

use crate::{ledger::text, odd::Odd};

static FIELDS: [Field; 2] =
    [Field::new("id", "id", Type::Enum { values: &["", "a", "b"] }), Field::new("n", "n", Type::INT)];
static GRADE: Domain = Domain::new("grade", "", "").fields(&FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("grade", "`grade`", &["`id`", "`n`"])),
        update: Some(mariadb::Procedure::new("grade_update", "call grade_update(?, ?)", &[0, 1])),
        delete: Some(mariadb::Procedure::new("grade_delete", "call grade_delete(?)", &[0])),
        ..mariadb::Objects::NONE
    },
);

/// All records, page by page.
async fn pages(odd: &Odd, limit: u32, descending: bool) -> Vec<String> {
    let sort = vec![Order { field: 0, descending }];
    let (mut after, mut records) = (None, Vec::new());
    loop {
        let selection = Selection {
            filter: Vec::new(),
            sort: sort.clone(),
            after,
            limit,
            fields: Fields::All,
            count: false,
        };
        let outcome = odd.run(&GRADE, Action::Read(Read::Many(selection))).await.unwrap();
        let next = outcome.next.clone();
        let reply: serde_json::Value = serde_json::from_str(&text(Ok(outcome))).unwrap();
        records.extend(reply["data"].as_array().unwrap().iter().map(ToString::to_string));
        assert!(records.len() < 9, "{records:?}");
        let Some(next) = next else { return records };
        after = Some(cursor::decode(&GRADE, &sort, &next).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_give_each_record_once() {
    let odd = Odd::open();
    let all = [r#"{"id":null,"n":2}"#, r#"{"id":"","n":1}"#, r#"{"id":"a","n":3}"#, r#"{"id":"b","n":4}"#];
    let backwards: Vec<&str> = all.iter().rev().copied().collect();
    for limit in 1..=5 {
        assert_eq!(pages(&odd, limit, false).await, all, "{limit}");
        assert_eq!(pages(&odd, limit, true).await, backwards, "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_what_is_shown() {
    let odd = Odd::open();
    let compare = |comparison, value: &str| Test::Compare(comparison, Value::Text(value.to_owned()));
    for (test, expected) in [
        (compare(Comparison::Eq, ""), "[1]"),
        (compare(Comparison::Ne, ""), "[2,3,4]"),
        (compare(Comparison::Lt, "b"), "[1,3]"),
        (compare(Comparison::Gte, ""), "[1,3,4]"),
        (Test::Null(true), "[2]"),
        (Test::Null(false), "[1,3,4]"),
        (Test::In(vec![Value::Text(String::new())]), "[1]"),
        (Test::Prefix(String::new()), "[1,3,4]"),
    ] {
        let selection = Selection {
            filter: vec![Condition { field: 0, test: test.clone() }],
            sort: vec![Order { field: 0, descending: false }],
            after: None,
            limit: 9,
            fields: Fields::All,
            count: false,
        };
        let outcome = odd.run(&GRADE, Action::Read(Read::Many(selection))).await;
        let reply: serde_json::Value = serde_json::from_str(&text(outcome)).unwrap();
        let found: serde_json::Value =
            reply["data"].as_array().unwrap().iter().map(|record| record["n"].clone()).collect();
        assert_eq!(found.to_string(), expected, "{test:?}");
    }
}

/// A record without a value in its key is found by no procedure: the empty text would be another record's.
#[tokio::test(flavor = "multi_thread")]
async fn writes_by_filter_touch_no_neighbour() {
    let odd = Odd::open();
    let matching = || Matching { filter: vec![Condition { field: 0, test: Test::Null(true) }], most: 9 };
    let update = Write::UpdateMany { matching: matching(), changes: vec![(1, Value::Int(99))] };
    for write in [update, Write::DeleteMany(matching())] {
        let refused = odd.run(&GRADE, Action::Write(write)).await.unwrap_err();
        assert_eq!(refused.code, beds_protocol::ErrorCode::Conflict, "{refused:?}");
    }
    assert_eq!(pages(&odd, 9, false).await.len(), 4);
}

/// The table `name`, with a procedure `name_update` and, with a parameter for the key alone, `name_delete`.
const fn table(
    fields: &'static [Field],
    name: &'static str,
    from: &'static str,
    columns: &'static [&'static str],
    (update, delete): (Option<mariadb::Procedure>, Option<mariadb::Procedure>),
) -> Domain {
    Domain::new(name, "", "").fields(fields).key(&[0]).reads().mariadb(
        "odd",
        mariadb::Objects {
            read: Some(mariadb::Source::table(name, from, columns)),
            update,
            delete,
            ..mariadb::Objects::NONE
        },
    )
}

static TEXT_AND_N: [Field; 2] = [Field::new("id", "id", Type::string(0, 5)), Field::new("n", "n", Type::INT)];

fn all() -> Matching {
    Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 9 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_a_value_is_found_by_no_procedure() {
    static MARK: Domain = table(
        &TEXT_AND_N,
        "mark",
        "`mark`",
        &["`id`", "`n`"],
        (
            Some(mariadb::Procedure::new("mark_update", "call mark_update(?, ?)", &[0, 1])),
            Some(mariadb::Procedure::new("mark_delete", "call mark_delete(?)", &[0])),
        ),
    );
    let odd = Odd::open();
    let update = Write::UpdateMany { matching: all(), changes: vec![(1, Value::Int(99))] };
    for write in [update, Write::DeleteMany(all())] {
        let refused = odd.run(&MARK, Action::Write(write)).await.unwrap_err();
        assert_eq!(refused.code, beds_protocol::ErrorCode::Conflict, "{refused:?}");
        assert!(refused.message.contains("no value in `id`"), "{refused}");
    }
    assert_eq!(odd.stack.mariadb_query(Some("odd"), "select sum(n) from mark").unwrap().trim(), "3");
}

/// A SET without members is a value like others.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_no_members_is_found() {
    static TAGGED: Domain = table(
        &TEXT_AND_N,
        "tagged",
        "`tagged`",
        &["`id`", "`n`"],
        (Some(mariadb::Procedure::new("tagged_update", "call tagged_update(?, ?)", &[0, 1])), None),
    );
    let odd = Odd::open();
    let update = Write::UpdateMany { matching: all(), changes: vec![(1, Value::Int(99))] };
    assert_eq!(text(odd.run(&TAGGED, Action::Write(update)).await), r#"{"ok":true,"count":2}"#);
}

/// What a foreign key deletes with another record is deleted as well; what a procedure leaves is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_goes_with_another_is_counted() {
    static ID: [Field; 1] = [Field::new("id", "id", Type::INT)];
    static BRANCH: Domain = table(
        &ID,
        "branch",
        "`branch`",
        &["`id`"],
        (None, Some(mariadb::Procedure::new("branch_delete", "call branch_delete(?)", &[0]))),
    );
    let odd = Odd::open();
    assert_eq!(
        text(odd.run(&BRANCH, Action::Write(Write::DeleteMany(all()))).await),
        r#"{"ok":true,"count":3,"note":"the database left 1 of the 4 matching records unchanged"}"#
    );
    assert_eq!(odd.stack.mariadb_query(Some("odd"), "select id from branch").unwrap().trim(), "4");
}
