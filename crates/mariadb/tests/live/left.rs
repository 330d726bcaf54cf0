//! What an update does not name stays as it is stored, also what no client could write.

use beds_core::{
    plan::{self, Action, Matching},
    query::{Comparison, Condition, Fields, Test},
    spec::{Domain, Field, Type, mariadb},
    value::Value,
};
use beds_protocol::{ErrorCode, value::Bytes};

use crate::{
    ledger::text,
    odd::{CODE, Odd},
};

static FIELDS: [Field; 6] = [
    Field::new("id", "id", Type::INT),
    Field::new("name", "name", Type::string(0, 40)),
    Field::new("born", "born", Type::Date),
    Field::new("seen", "seen", Type::DateTime).nullable(),
    Field::new("kind", "kind", Type::Enum { values: &["a", "b"] }),
    Field::new("revision", "revision", Type::INT),
];
static OLD: Domain = Domain::new("old", "", "").fields(&FIELDS).key(&[0]).version(5).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table(
            "old",
            "`old`",
            &["`id`", "`name`", "`born`", "`seen`", "`kind`", "`revision`"],
        )),
        update: Some(
            mariadb::Procedure::new("old_update", "call `old_update`(?, ?, ?, ?, ?, ?)", &[0, 1, 2, 3, 4, 5])
                .returning(&[5]),
        ),
        ..mariadb::Objects::NONE
    },
);

fn named(name: &str) -> Vec<(usize, Value)> {
    vec![(1, Value::Text(name.to_owned()))]
}

fn update(id: i64, changes: Vec<(usize, Value)>) -> Action {
    Action::Write(plan::Write::Update { key: vec![Value::Int(id)], changes, if_version: None })
}

impl Odd {
    fn old(&self) -> String {
        let sql = "select concat_ws(' ', id, name, born, ifnull(seen, '-'), if(kind = '', '?', kind), revision) from old";
        self.stack.mariadb_query(Some("odd"), sql).unwrap()
    }
}

const ONE: &str = "2013-02-31 2013-02-31 10:20:30.456 ?";
const TWO: &str = "2013-02-28 - a";
const THREE: &str = "0000-00-00 1987-00-00 01:02:03.000 ?";

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_another_field_keeps_what_no_client_could_write() {
    let odd = Odd::open();
    for id in 1..=3 {
        let reply = text(odd.run(&OLD, update(id, named("new"))).await);
        assert!(reply.contains("\"revision\":2"), "{reply}");
    }
    assert_eq!(odd.old(), format!("1 new {ONE} 2\n2 new {TWO} 2\n3 new {THREE} 2\n"));
    // What the request says is still under strict rules.
    let error = odd.run(&OLD, update(1, named("longer than ten"))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RejectedByDatabase, "{error}");
    // One of them is mended, the others stay.
    odd.run(&OLD, update(1, vec![(4, Value::Text("b".into()))])).await.unwrap();
    assert!(odd.old().starts_with("1 new 2013-02-31 2013-02-31 10:20:30.456 b 3\n"), "{}", odd.old());
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_an_update_by_filter() {
    let odd = Odd::open();
    let matching = Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 10 };
    let changes = named("all");
    let reply = text(odd.run(&OLD, Action::Write(plan::Write::UpdateMany { matching, changes })).await);
    assert_eq!(reply, r#"{"ok":true,"count":3}"#);
    assert_eq!(odd.old(), format!("1 all {ONE} 2\n2 all {TWO} 2\n3 all {THREE} 2\n"));
}

static TAG_FIELDS: [Field; 2] = [Field::new("id", "id", Type::bytes(4)), Field::new("n", "n", Type::INT)];
static TAG: Domain = Domain::new("tag", "", "").fields(&TAG_FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("tag", "`tag`", &["`id`", "`n`"])),
        create: Some(mariadb::Procedure::new("tag_put", "call `tag_put`(?, ?)", &[0, 1])),
        upsert: Some(mariadb::Procedure::new("tag_put", "call `tag_put`(?, ?)", &[0, 1])),
        ..mariadb::Objects::NONE
    },
);

/// A CHAR drops spaces at its end, and a BINARY has zeros put behind it: the reply shows the key as a fetch does.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replied_as_it_is_kept() {
    let odd = Odd::open();
    let bytes = |bytes: &[u8]| Value::Bytes(Bytes(bytes.to_vec()));
    for (domain, sent, kept, shown) in [
        (&CODE, Value::Text("a  ".into()), Value::Text("a".into()), r#"{"ok":true,"data":{"id":"a","n":7}}"#),
        (&TAG, bytes(b"ab"), bytes(b"ab\0\0"), r#"{"ok":true,"data":{"id":"YWIAAA==","n":7}}"#),
    ] {
        let record = || vec![vec![sent.clone(), Value::Int(7)]];
        let create = plan::Write::Create { records: record(), many: false };
        assert_eq!(text(odd.run(domain, Action::Write(create)).await), shown);
        let upsert = plan::Write::Upsert { records: record(), many: false };
        assert_eq!(text(odd.run(domain, Action::Write(upsert)).await), shown);
        let read = plan::Read::One { key: vec![kept], fields: Fields::All };
        assert_eq!(text(odd.run(domain, Action::Read(read)).await), shown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_finds_no_date_that_is_shown_as_null() {
    let odd = Odd::open();
    let day = || Value::Date("2013-02-28".parse().unwrap());
    let moment = || Value::DateTime("2014-01-01T00:00:00Z".parse().unwrap());
    for (field, comparison, value, expected) in [
        (2, Comparison::Lt, day(), 0),
        (2, Comparison::Lte, day(), 1),
        (2, Comparison::Gt, day(), 0),
        (2, Comparison::Gte, day(), 1),
        (2, Comparison::Ne, day(), 2),
        (3, Comparison::Lt, moment(), 0),
        (4, Comparison::Lt, Value::Text("b".into()), 1),
    ] {
        let test = Test::Compare(comparison, value);
        let matching = Matching { filter: vec![Condition { field, test }], most: 10 };
        let write = plan::Write::UpdateMany { matching, changes: named("found") };
        let reply = text(odd.run(&OLD, Action::Write(write)).await);
        assert_eq!(reply, format!(r#"{{"ok":true,"count":{expected}}}"#), "{field} {comparison:?}");
    }
}
