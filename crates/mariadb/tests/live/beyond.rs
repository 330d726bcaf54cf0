//! Keys and versions that no column holds: there is no such record, and no such version of one.

use beds_core::{
    plan::{self, Action},
    spec::{Domain, Field, Type, mariadb},
    value::Value,
};
use beds_protocol::ErrorCode;

use crate::odd::Odd;

static FIELDS: [Field; 3] = [
    Field::new("addr", "addr", Type::string(0, 45)),
    Field::new("n", "n", Type::INT),
    Field::new("revision", "revision", Type::INT),
];
static HOST: Domain = Domain::new("host", "", "").fields(&FIELDS).key(&[0]).version(2).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("host", "`host`", &["`addr`", "`n`", "`revision`"])),
        update: Some(mariadb::Procedure::new("host_update", "call `host_update`(?, ?, ?)", &[0, 1, 2])),
        delete: Some(mariadb::Procedure::new("host_delete", "call `host_delete`(?, ?)", &[0, 2])),
        ..mariadb::Objects::NONE
    },
);

fn key(addr: &str) -> Vec<Value> {
    vec![Value::Text(addr.to_owned())]
}

fn update(addr: &str, if_version: Option<i64>) -> Action {
    Action::Write(plan::Write::Update { key: key(addr), changes: vec![(1, Value::Int(9))], if_version })
}

fn delete(addr: &str, if_version: Option<i64>) -> Action {
    Action::Write(plan::Write::Delete { key: key(addr), if_version })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_column_holds_is_not_there() {
    let odd = Odd::open();
    for version in [-1, 0, 2, 255, 256, 4_294_967_296, i64::MAX, i64::MIN] {
        for action in [update("::1", Some(version)), delete("::1", Some(version))] {
            let error = odd.run(&HOST, action).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::VersionMismatch, "{version}: {error}");
        }
    }
    for addr in ["1.2.3.4", "::2", "", "x", "localhost"] {
        for action in
            [update(addr, None), update(addr, Some(-1)), delete(addr, None), delete(addr, Some(256))]
        {
            let error = odd.run(&HOST, action).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::NotFound, "{addr}: {error}");
        }
    }
    odd.run(&HOST, update("::1", Some(1))).await.unwrap();
    odd.run(&HOST, delete("::1", Some(2))).await.unwrap();
    assert_eq!(odd.count("host"), 0);
}

static TICK_FIELDS: [Field; 2] = [Field::new("at", "at", Type::DateTime), Field::new("n", "n", Type::INT)];
static TICK: Domain = Domain::new("tick", "", "").fields(&TICK_FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("tick", "`tick`", &["`at`", "`n`"])),
        upsert: Some(mariadb::Procedure::new("tick_put", "call `tick_put`(?, ?)", &[0, 1])),
        ..mariadb::Objects::NONE
    },
);

/// A column cuts digits off for which it has no place: what is left is the key of another record.
#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_by_a_key_that_its_column_cuts_is_refused() {
    let odd = Odd::open();
    let put = |at: &str, n| {
        let record = vec![Value::DateTime(at.parse().unwrap()), Value::Int(n)];
        Action::Write(plan::Write::Upsert { records: vec![record], many: false })
    };
    for at in ["2024-01-01T00:00:00.0015Z", "2024-01-01T00:00:01.000001Z"] {
        let error = odd.run(&TICK, put(at, 9)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ValidationFailed, "{error}");
        assert_eq!(error.details[0].field, "at");
    }
    odd.run(&TICK, put("2024-01-01T00:00:00.001Z", 2)).await.unwrap();
    odd.run(&TICK, put("2024-01-01T00:00:00.002Z", 3)).await.unwrap();
    let rows =
        odd.stack.mariadb_query(Some("odd"), "select microsecond(at), n from tick order by at").unwrap();
    assert_eq!(rows, "1000\t2\n2000\t3\n");
}
