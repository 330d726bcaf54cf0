//! Values at the ends of what columns hold, what a range finds of what cannot be shown, and what a server refuses.

use beds_core::{
    plan::{self, Action, Matching},
    query::{Comparison, Condition, Test},
    spec::{Domain, Field, Type, mariadb},
    value::Value,
};
use beds_protocol::{ErrorCode, Lane};

use crate::{
    ledger::text,
    odd::{ENTRY, Odd},
};

static FIELDS: [Field; 8] = [
    Field::new("id", "id", Type::INT),
    Field::new("name", "name", Type::string(0, 10)).nullable(),
    Field::new("f", "f", Type::FLOAT).nullable(),
    Field::new("g", "g", Type::FLOAT).nullable(),
    Field::new("d", "d", Type::FLOAT).nullable(),
    Field::new("x", "x", Type::decimal(65, 30, None, None)).nullable(),
    Field::new("t", "t", Type::Time).nullable(),
    Field::new("revision", "revision", Type::INT),
];
static EXTREME: Domain = Domain::new("extreme", "", "").fields(&FIELDS).key(&[0]).version(7).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table(
            "extreme",
            "`extreme`",
            &["`id`", "`name`", "`f`", "`g`", "`d`", "`x`", "`t`", "`revision`"],
        )),
        create: Some(mariadb::Procedure::new("extreme_create", "call `extreme_create`(?, ?)", &[0, 2])),
        update: Some(
            mariadb::Procedure::new(
                "extreme_update",
                "call `extreme_update`(?, ?, ?, ?, ?, ?, ?, ?)",
                &[0, 1, 2, 3, 4, 5, 6, 7],
            )
            .returning(&[7]),
        ),
        ..mariadb::Objects::NONE
    },
);
static PARTED_FIELDS: [Field; 1] = [Field::new("id", "id", Type::INT)];
static PARTED: Domain = Domain::new("parted", "", "").fields(&PARTED_FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("parted", "`parted`", &["`id`"])),
        create: Some(mariadb::Procedure::new("parted_create", "call `parted_create`(?)", &[0])),
        ..mariadb::Objects::NONE
    },
);

fn create(record: Vec<Value>) -> Action {
    Action::Write(plan::Write::Create { records: vec![record], many: false })
}

fn update(id: i64, changes: Vec<(usize, Value)>) -> Action {
    Action::Write(plan::Write::Update { key: vec![Value::Int(id)], changes, if_version: None })
}

fn named() -> Vec<(usize, Value)> {
    vec![(1, Value::Text("new".into()))]
}

/// The greatest FLOAT as it is shown: a number that no FLOAT is.
const SHOWN: f64 = 3.402_823_5e38;

impl Odd {
    fn extreme(&self) -> String {
        let sql = "select id, f = cast(3.40282346638528859e38 as float), g, d, x, t from extreme order by id";
        self.stack.mariadb_query(Some("odd"), sql).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_another_field_keeps_what_is_at_the_end_of_its_column() {
    let odd = Odd::open();
    let before = odd.extreme();
    for id in 1..=3 {
        odd.run(&EXTREME, update(id, named())).await.unwrap_or_else(|error| panic!("{id}: {error}"));
    }
    assert_eq!(odd.extreme(), before);
    let matching = Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 10 };
    odd.run(&EXTREME, Action::Write(plan::Write::UpdateMany { matching, changes: named() })).await.unwrap();
    assert_eq!(odd.extreme(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_greatest_float_is_taken_as_it_is_shown() {
    let odd = Odd::open();
    let mut record = vec![Value::Null; FIELDS.len()];
    (record[0], record[2]) = (Value::Int(4), Value::Float(SHOWN));
    odd.run(&EXTREME, create(record.clone())).await.unwrap();
    odd.run(&EXTREME, update(3, vec![(2, Value::Float(-SHOWN))])).await.unwrap();
    let sql = "select count(*) from extreme where abs(f) > 3.4e38";
    assert_eq!(odd.stack.mariadb_query(Some("odd"), sql).unwrap(), "4\n");
    (record[0], record[2]) = (Value::Int(5), Value::Float(3.5e38));
    let error = odd.run(&EXTREME, create(record)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RejectedByDatabase, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_finds_no_time_that_is_shown_as_null() {
    let odd = Odd::open();
    let noon = || Value::Time("12:00:00".parse().unwrap());
    for (comparison, expected) in [
        (Comparison::Lte, "1"),
        (Comparison::Lt, "0"),
        (Comparison::Gte, "1"),
        (Comparison::Gt, "0"),
        (Comparison::Ne, "2"),
    ] {
        let filter = vec![Condition { field: 6, test: Test::Compare(comparison, noon()) }];
        let write = plan::Write::UpdateMany { matching: Matching { filter, most: 10 }, changes: named() };
        let reply = text(odd.run(&EXTREME, Action::Write(write)).await);
        assert_eq!(reply, format!(r#"{{"ok":true,"count":{expected}}}"#), "{comparison:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_for_which_there_is_no_partition_is_rejected() {
    let odd = Odd::open();
    odd.run(&PARTED, create(vec![Value::Int(1)])).await.unwrap();
    let error = odd.run(&PARTED, create(vec![Value::Int(3)])).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RejectedByDatabase, "{error}");
}

/// A server may be read-only by what its sessions begin with.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_begins_its_transactions_read_only_takes_no_writes_for_now() {
    let odd = Odd::open();
    let write = || create(vec![Value::Null, Value::Int(1)]);
    odd.run(&ENTRY, write()).await.unwrap();
    odd.stack.mariadb_query(None, "set global tx_read_only = 1").unwrap();
    // Sessions that are there go on as they began.
    odd.run(&ENTRY, write()).await.unwrap();
    let (_, connection) = odd.state(Lane::Write).await;
    odd.stack.mariadb_query(None, &format!("kill {connection}")).unwrap();
    let error = odd.run(&ENTRY, write()).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true), "{error}");
    odd.stack.mariadb_query(None, "set global tx_read_only = 0").unwrap();
    // Until the next attempt to connect the server counts as away.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while let Err(error) = odd.run(&ENTRY, write()).await {
        assert!(error.code == ErrorCode::Unavailable && std::time::Instant::now() < end, "{error}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(odd.count("entry"), 3);
}

/// The procedure runs as its definer, who may write on a read-only server: it is the commit that fails.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_read_only_server_does_not_commit_is_not_done() {
    let odd = Odd::as_user("plain_user");
    let write = || create(vec![Value::Null, Value::Int(1)]);
    odd.run(&ENTRY, write()).await.unwrap();
    odd.stack.mariadb_query(None, "set global read_only = 1").unwrap();
    for _ in 0..2 {
        let error = odd.run(&ENTRY, write()).await.unwrap_err();
        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true), "{error}");
        assert_eq!(error.message, "the server of the database `odd` is read-only now");
    }
    // Several share a transaction.
    let (one, two, three) =
        tokio::join!(odd.run(&ENTRY, write()), odd.run(&ENTRY, write()), odd.run(&ENTRY, write()));
    for error in [one, two, three].map(Result::unwrap_err) {
        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true), "{error}");
    }
    odd.stack.mariadb_query(None, "set global read_only = 0").unwrap();
    assert_eq!(odd.count("entry"), 1);
    odd.run(&ENTRY, write()).await.unwrap();
    assert_eq!(odd.count("entry"), 2);
}
