//! Writes that want the same record at the same time.

use std::{path::Path, sync::Arc};

use beds_core::{
    Error,
    plan::{self, Action, Invocation},
    spec::{Arg, Call, Field, Type},
    value::Value,
};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;

use crate::odd::{CHILD, Odd, write_call};

const ID: Arg = Arg::given(Field::new("id", "id", Type::string(0, 20)));

/// Runs a call so many times, all at once.
async fn together(
    odd: &Arc<Odd>,
    call: &'static Call,
    times: i64,
    args: fn(i64) -> Vec<Value>,
) -> Vec<Error> {
    let calls = (0..times).map(|number| {
        let odd = Arc::clone(odd);
        let invocation = Invocation { call, args: args(number) };
        tokio::spawn(async move { odd.run(&CHILD, Action::Write(plan::Write::Call(invocation))).await })
    });
    join_all(calls).await.into_iter().filter_map(|outcome| outcome.unwrap().err()).collect()
}

/// The demo's own procedure takes its lock at once, so that none of these loses a deadlock.
#[tokio::test(flavor = "multi_thread")]
async fn all_renames_of_one_record_are_done() {
    static ARGS: [Arg; 3] = [
        ID,
        Arg::given(Field::new("name", "name", Type::string(0, 100))),
        Arg::returned(Field::new("revision", "revision", Type::INT)),
    ];
    static RENAME: Call = write_call("rename", "call sp_country_rename(?, ?, ?)", &ARGS);
    let odd = Arc::new(Odd::with_connections(8));
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/mariadb/10_country.sql");
    odd.stack.mariadb_exec(Some("odd"), &schema).unwrap();
    let sql = "insert into country (alpha_2, alpha_3, numeric_code, name) values ('NO', 'NOR', '578', 'x')";
    odd.stack.mariadb_query(Some("odd"), sql).unwrap();
    let args =
        |number: i64| vec![Value::Text("NO".into()), Value::Text(format!("Norway {number}")), Value::Null];
    let deadlocks = odd.deadlocks();
    assert_eq!(together(&odd, &RENAME, 20, args).await, []);
    assert_eq!(odd.deadlocks(), deadlocks);
    let revision = odd.stack.mariadb_query(Some("odd"), "select revision from country").unwrap();
    assert_eq!(revision.trim(), "21");
    let nobody = |_| vec![Value::Text("XX".into()), Value::Text("x".into()), Value::Null];
    let error = together(&odd, &RENAME, 1, nobody).await.remove(0);
    assert_eq!(error.code, ErrorCode::RejectedByDatabase, "{error}");
}

/// Whoever lost a deadlock waits before it tries again, so that few meet a second time.
#[tokio::test(flavor = "multi_thread")]
async fn what_lost_a_deadlock_gets_its_turn() {
    static ARGS: [Arg; 2] = [ID, Arg::given(Field::new("by", "by", Type::INT))];
    static BUMP: Call = write_call("bump", "call item_bump(?, ?)", &ARGS);
    let odd = Arc::new(Odd::with_connections(8));
    odd.stack.mariadb_query(Some("odd"), "insert into item (id, n) values ('a', 0)").unwrap();
    let deadlocks = odd.deadlocks();
    assert_eq!(together(&odd, &BUMP, 40, |_| vec![Value::Text("a".into()), Value::Int(1)]).await, []);
    assert!(odd.deadlocks() > deadlocks, "nothing was tried");
    assert_eq!(odd.count("item where n = 40"), 1);
}
