//! No request sees what another left in its session: routines that change all that a routine can change, on lanes of
//! one connection each.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use beds_core::{
    Error, Outcome,
    plan::{self, Action, Bounds, Invocation, Plan},
    query::Fields,
    spec::{Call, Domain, Field, Returns, Routine, Type, mariadb},
    value::Value,
};
use beds_devstack::Stack;
use beds_mariadb::{Database, MariaDb};
use beds_protocol::{ErrorCode, Lane};
use serde_json::Value as Json;

static FIELDS: [Field; 3] = [
    Field::new("id", "id", Type::INT),
    Field::new("parent_id", "parent_id", Type::INT),
    Field::new("u", "u", Type::INT),
];

/// Records that refer to others.
static CHILD: Domain = Domain::new("child", "", "").fields(&FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("child", "`child`", &["`id`", "`parent_id`", "`u`"])),
        create: Some(mariadb::Procedure::new("chi_create", "call `chi_create`(?, ?, ?)", &[0, 1, 2])),
        update: Some(mariadb::Procedure::new("chi_update", "call `chi_update`(?, ?)", &[0, 2])),
        ..mariadb::Objects::NONE
    },
);

static LOG_FIELDS: [Field; 2] = [Field::new("id", "id", Type::INT), Field::new("n", "n", Type::INT)];

/// A domain over this view.
const fn log(name: &'static str, from: &'static str) -> Domain {
    Domain::new("log", "", "").fields(&LOG_FIELDS).key(&[0]).reads().mariadb(
        "odd",
        mariadb::Objects {
            read: Some(mariadb::Source::view(name, from, &["`id`", "`n`"])),
            ..mariadb::Objects::NONE
        },
    )
}

static CODE_FIELDS: [Field; 2] =
    [Field::new("id", "id", Type::string(0, 5)), Field::new("n", "n", Type::INT)];

/// Keys of CHAR.
static CODE: Domain = Domain::new("code", "", "").fields(&CODE_FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("code", "`code`", &["`id`", "`n`"])),
        ..mariadb::Objects::NONE
    },
);

static PLAIN: Domain = log("v_plain", "`v_plain`");
static WHO: Domain = log("v_who", "`v_who`");
static OVER: Domain = log("v_over", "`v_over`");

const fn procedure(name: &'static str, sql: &'static str, commits: bool) -> Call {
    Call {
        name,
        description: "",
        lane: Lane::Write,
        args: &[],
        returns: Returns::AsItComes,
        routine: Routine::Procedure { name, sql, commits },
    }
}

static STATE: Call = procedure("state", "call state()", false);
static PLAIN_CALL: Call = procedure("plain", "call plain()", false);
static FN_WHO: Call = Call {
    name: "fn_who",
    description: "",
    lane: Lane::Write,
    args: &[],
    returns: Returns::Scalar(Type::INT),
    routine: Routine::Function { name: "fn_who", sql: "select fn_who()" },
};

static DISTRIBUTED: Call = procedure("distributed", "call distributed()", false);

/// What leaves something behind, in every lane where it may run.
static ODD: [Call; 17] = [
    procedure("frozen", "call frozen()", false),
    procedure("old_style", "call old_style()", true),
    procedure("loosen", "call loosen()", false),
    procedure("fails", "call fails()", false),
    procedure("clock", "call clock()", false),
    procedure("stopped", "call stopped()", false),
    procedure("relaxed", "call relaxed()", false),
    procedure("modest", "call modest()", false),
    procedure("executed", "call executed()", false),
    procedure("who", "call who()", false),
    procedure("who_into", "call who_into()", false),
    procedure("rep", "call rep()", false),
    procedure("rep_hidden", "call rep_hidden()", false),
    procedure("rep_commits", "call rep_commits()", true),
    procedure("locked", "call locked()", false),
    procedure("led", "call led()", false),
    procedure("plain", "call plain()", false),
];

/// Those of them that write, which the read lane refuses.
const WRITERS: [&str; 7] = ["old_style", "loosen", "fails", "rep", "rep_hidden", "rep_commits", "plain"];

struct Odd {
    stack: Stack,
    database: Database,
}

impl Odd {
    fn open() -> Self {
        Self::after("do 1")
    }

    /// On a server where this was said before.
    fn after(sql: &str) -> Self {
        let stack = Stack::builder().ignore_environment().mariadb().start().unwrap();
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions/schema.sql");
        stack.mariadb_exec(None, &schema).unwrap();
        stack.mariadb_query(None, sql).unwrap();
        let url = format!("{}/odd", stack.mariadb_url());
        let config = MariaDb {
            url: Some(serde_json::from_value(Json::String(url)).unwrap()),
            read_connections: 1,
            write_connections: 1,
            ..MariaDb::default()
        };
        Self { database: Database::open("odd", &config), stack }
    }

    async fn run(&self, domain: &'static Domain, action: Action) -> Result<Outcome, Error> {
        let bounds =
            Bounds { deadline: Instant::now() + Duration::from_secs(20), reply_bytes_max: 1_000_000 };
        self.database.run(Plan { domain, action }, bounds).await
    }

    async fn call(&self, lane: Lane, call: &'static Call) -> Result<Outcome, Error> {
        let invocation = Invocation { call, args: Vec::new() };
        let action = match lane {
            Lane::Read => Action::Read(plan::Read::Call(invocation)),
            Lane::Write => Action::Write(plan::Write::Call(invocation)),
        };
        self.run(&CHILD, action).await
    }

    /// What a request sees of its session, and which connection it has.
    async fn state(&self, lane: Lane) -> (Json, u64) {
        let outcome = self.call(lane, &STATE).await.unwrap();
        let mut sets: Json = serde_json::from_slice(&outcome.sets.unwrap()).unwrap();
        let mut state = sets[0][0].take();
        let connection = state.as_object_mut().unwrap().remove("connection").unwrap();
        (state, connection.as_u64().unwrap())
    }

    async fn create(&self, records: &[[i64; 3]]) -> Result<Outcome, Error> {
        let records = records.iter().map(|record| record.map(Value::Int).to_vec()).collect();
        self.run(&CHILD, Action::Write(plan::Write::Create { records, many: true })).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_finds_its_session_new() {
    let odd = Odd::open();
    for lane in [Lane::Write, Lane::Read] {
        let (fresh, _) = odd.state(lane).await;
        // Twice, since some fail where they find what they left.
        for call in ODD.iter().chain(&ODD) {
            let outcome = odd.call(lane, call).await;
            let is_refused = call.name == "fails" || lane == Lane::Read && WRITERS.contains(&call.name);
            assert_eq!(outcome.is_err(), is_refused, "{lane:?} {}: {outcome:?}", call.name);
            let (state, _) = odd.state(lane).await;
            assert_eq!(state, fresh, "{lane:?} {}", call.name);
        }
        let outcome = odd.call(lane, &FN_WHO).await.unwrap();
        assert_eq!(outcome.data.unwrap(), b"1");
        assert_eq!(odd.state(lane).await.0, fresh, "{lane:?} fn_who");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_runs_a_function_leaves_nothing_and_others_keep_their_connection() {
    let odd = Odd::open();
    odd.call(Lane::Write, &PLAIN_CALL).await.unwrap();
    let (fresh, connection) = odd.state(Lane::Read).await;
    for (domain, is_kept) in [(&PLAIN, true), (&WHO, false), (&PLAIN, true), (&OVER, false)] {
        let (_, before) = odd.state(Lane::Read).await;
        let read = plan::Read::One { key: vec![Value::Int(1)], fields: Fields::All };
        odd.run(domain, Action::Read(read)).await.unwrap();
        let (state, after) = odd.state(Lane::Read).await;
        assert_eq!(state, fresh);
        assert_eq!(before == after, is_kept);
    }
    assert_ne!(odd.state(Lane::Read).await.1, connection);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_nothing_keeps_its_connection() {
    let odd = Odd::open();
    let (_, connection) = odd.state(Lane::Write).await;
    for number in 0..10 {
        odd.call(Lane::Write, &PLAIN_CALL).await.unwrap();
        odd.create(&[[number, 1, number]]).await.unwrap();
        assert_eq!(odd.create(&[[number, 1, 100]]).await.unwrap_err().code, ErrorCode::Conflict);
    }
    assert_eq!(odd.state(Lane::Write).await.1, connection);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_refused_request_stays_after_odd_ones() {
    let odd = Odd::open();
    for call in &ODD {
        let _ = odd.call(Lane::Write, call).await;
        let error = odd.create(&[[10, 1, 10], [11, 1, 10]]).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Conflict, "{}", call.name);
        let _ = odd.call(Lane::Write, call).await;
        assert!(odd.create(&[[1, 99, 1]]).await.is_err(), "{}: the parent does not exist", call.name);
    }
    odd.create(&[[2, 1, 2]]).await.unwrap();
    odd.call(Lane::Write, &ODD[1]).await.unwrap();
    let update = plan::Write::Update {
        key: vec![Value::Int(2)],
        changes: vec![(2, Value::Int(666))],
        if_version: None,
    };
    let error = odd.run(&CHILD, Action::Write(update)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RejectedByDatabase);
    let kept = odd.stack.mariadb_query(Some("odd"), "select group_concat(id, ' ', u) from child").unwrap();
    assert_eq!(kept.trim(), "2 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distributed_transaction_is_refused_and_kept_nowhere() {
    let odd = Odd::open();
    let (fresh, _) = odd.state(Lane::Write).await;
    for _ in 0..2 {
        let error = odd.call(Lane::Write, &DISTRIBUTED).await.unwrap_err();
        assert!(error.code == ErrorCode::Internal && error.message.contains("(XA)"), "{error}");
        assert!(!error.retryable, "{error}");
        assert_eq!(odd.state(Lane::Write).await.0, fresh);
    }
    let kept = odd.stack.mariadb_query(Some("odd"), "select count(*) from log; xa recover").unwrap();
    assert_eq!(kept.trim(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_presets_changes_no_answer() {
    let odd = Odd::after(
        "set global sql_mode = 'ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH', global sql_select_limit = 1, \
         global autocommit = 0",
    );
    odd.create(&[[1, 1, 10], [2, 1, 20]]).await.unwrap();
    let error = odd.create(&[[3, 1, 99_999_999_999]]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RejectedByDatabase, "{error}");
    // Together, so that all but the first are one statement.
    let one = |id| plan::Read::One { key: vec![Value::Int(id)], fields: Fields::All };
    let read = |id| odd.run(&CHILD, Action::Read(one(id)));
    for value in [30, 40] {
        let (a, b, c, d) = tokio::join!(read(1), read(2), read(1), read(2));
        for outcome in [a, b, c, d] {
            assert!(outcome.unwrap().data.is_some());
        }
        let sql = format!("update odd.child set u = {value} where id = 1; commit");
        odd.stack.mariadb_query(None, &sql).unwrap();
        let record: Json = serde_json::from_slice(&read(1).await.unwrap().data.unwrap()).unwrap();
        assert_eq!(record["u"], value);
    }
    // A CHAR without padding.
    odd.stack.mariadb_query(None, "insert into odd.code values ('a', 1); commit").unwrap();
    let key = plan::Read::One { key: vec![Value::Text("a".into())], fields: Fields::All };
    let found = odd.run(&CODE, Action::Read(key)).await.unwrap();
    assert_eq!(found.data.unwrap(), br#"{"id":"a","n":1}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_has_gone_is_no_unknown_outcome() {
    let odd = Odd::open();
    let (_, connection) = odd.state(Lane::Write).await;
    odd.stack.mariadb_query(None, &format!("kill {connection}")).unwrap();
    let old_style = ODD.iter().find(|call| call.name == "old_style").unwrap();
    odd.call(Lane::Write, old_style).await.unwrap();
    let kept = odd.stack.mariadb_query(Some("odd"), "select count(*) from log").unwrap();
    assert_eq!(kept.trim(), "1");
}
