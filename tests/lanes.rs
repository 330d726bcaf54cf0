//! The lanes between a node and its databases, if requests come together, and if something goes wrong during a write:
//! lookups share statements, a deadlock is retried, and the reply to a write with an unknown outcome says so.
//!
//! The tests take turns: they count the servers' statements, stop the servers, and replace procedures of the schema.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::time::Duration;

use beds_client::{Batch, Client, Request};
use beds_devstack::Server;
use beds_protocol::{ErrorBody, ErrorCode, Operation, Service};
use common::{
    Shared, blocking, eventually_async, shared, unique,
    wire::{Message, Wire, unix_ms, with_header},
};
use lapin::types::AMQPValue;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, MySqlConnection};
use tokio::sync::{Mutex, MutexGuard};

/// How many requests come together.
const REQUESTS: usize = 400;
/// How many statements may answer them: one for each idle connection, and portions for the queued requests.
const STATEMENTS_MAX: i64 = 60;
/// The message for a write with an unknown outcome.
const UNKNOWN: &str = "may or may not have happened";

/// A test's turn on the shared site.
struct Turn {
    site: Shared,
    client: Client,
    wire: Wire,
    _turn: MutexGuard<'static, ()>,
}

impl Turn {
    async fn take() -> Self {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let site = shared().await;
        let client = site.client().await;
        let wire = Wire::connect(&site.stack.amqp_url()).await;
        Self { site, client, wire, _turn: turn }
    }

    async fn mariadb(&self) -> MySqlConnection {
        MySqlConnection::connect(&format!("{}/catalog", self.site.stack.mariadb_url())).await.unwrap()
    }

    async fn mongodb(&self) -> mongodb::Client {
        mongodb::Client::with_uri_str(self.site.stack.mongodb_url()).await.unwrap()
    }

    /// Acts on a server.
    async fn server(&self, kind: fn(&beds_devstack::Stack) -> &Server, what: fn(&Server)) {
        let site = self.site.0;
        blocking(move || what(kind(&site.stack))).await;
    }

    /// Waits until a template answers with this count of a series.
    async fn counts(&self, template: &str, series: &str, expected: u64) {
        let body = json!({"where": {"series": series}});
        eventually_async(&format!("{template} counts {expected}"), async || {
            let reply = self.client.request(template, Operation::Count, &body).await;
            reply.is_ok_and(|reply| reply.count == Some(expected))
        })
        .await;
    }

    /// Sends a request with this much time until its deadline, and returns the deadline.
    async fn send(&self, key: &str, body: &Value, within: Duration) -> i64 {
        let deadline = unix_ms() + i64::try_from(within.as_millis()).unwrap();
        let properties =
            with_header(self.wire.properties("1"), "beds-deadline", AMQPValue::LongLongInt(deadline));
        assert!(self.wire.publish("beds", key, body.to_string().as_bytes(), properties).await.is_none());
        deadline
    }
}

/// A new record of a series.
fn record(series: &str) -> Value {
    json!({"data": {"code": unique("c"), "series": series}})
}

/// The error of a reply; none if the reply is ok.
fn error(reply: &Message) -> Option<ErrorBody> {
    let reply: beds_protocol::Reply = serde_json::from_slice(&reply.0.data).unwrap();
    assert_eq!(reply.ok, reply.error.is_none());
    reply.error
}

/// Checks that the outcome of a write is unknown, and that the client is not told to send it again.
#[track_caller]
fn assert_unknown(error: &ErrorBody) {
    assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, false), "{error}");
    assert!(error.message.contains(UNKNOWN), "{error}");
}

/// Waits until a time has passed.
async fn passes(deadline: i64) {
    eventually_async("the deadline passes", async || unix_ms() > deadline).await;
}

/// A counter of MariaDB's own. The query is not prepared, so that it does not count itself.
async fn global_status(connection: &mut MySqlConnection, name: &str) -> i64 {
    let sql =
        format!("select variable_value from information_schema.global_status where variable_name = '{name}'");
    let row = connection.fetch_one(sqlx::raw_sql(&sql)).await.unwrap();
    sqlx::Row::get::<String, _>(&row, 0).parse().unwrap()
}

// Lookups.

/// How many statements the node has run in MariaDB.
async fn mariadb_statements(turn: &Turn) -> i64 {
    global_status(&mut turn.mariadb().await, "com_stmt_execute").await
}

/// How many queries MongoDB has received.
async fn mongodb_queries(turn: &Turn) -> i64 {
    let status = turn.mongodb().await.database("admin").run_command(doc! {"serverStatus": 1}).await.unwrap();
    let counters = status.get_document("opcounters").unwrap();
    counters.get_i64("query").or_else(|_| counters.get_i32("query").map(i64::from)).unwrap()
}

/// Creates some records to look up.
async fn some_records(turn: &Turn, template: &str) -> Vec<Value> {
    let mut records = Vec::new();
    for number in 0..40 {
        let record = json!({"code": unique("c"), "series": "lookup", "number": number});
        records.push(turn.client.execute(Request::create(template, &record)).await.unwrap().data.unwrap());
    }
    records
}

/// How many read requests the node has taken and not answered.
async fn unanswered(turn: &Turn) -> usize {
    let site = turn.site.0;
    let list = ["-q", "list_queues", "--no-table-headers", "name", "messages_unacknowledged"];
    let queues = blocking(move || site.stack.rabbitmq().control(&list).unwrap()).await;
    let count = queues.lines().find_map(|line| line.strip_prefix("beds.app_server.r\t"));
    count.unwrap().trim().parse().unwrap()
}

/// Sends many lookups of a few records while the server is silent, and checks that each lookup gets its own record.
async fn look_up(turn: &Turn, template: &str, kind: fn(&beds_devstack::Stack) -> &Server, records: &[Value]) {
    turn.server(kind, |server| server.pause().unwrap()).await;
    let wanted = || (0..REQUESTS).map(|turn| &records[turn * 7 % records.len()]);
    let requests = wanted().map(|record| turn.client.execute(Request::fetch(template, &record["id"])));
    let resume = async {
        eventually_async("the node has taken all", async || unanswered(turn).await == REQUESTS).await;
        turn.server(kind, |server| server.resume().unwrap()).await;
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(requests), resume);
    for (record, answer) in wanted().zip(answers) {
        assert_eq!(answer.unwrap().data.as_ref(), Some(record));
    }
}

#[tokio::test]
async fn lookups_that_come_together_share_statements_on_mariadb() {
    let turn = Turn::take().await;
    let records = some_records(&turn, "sample_row").await;
    let before = mariadb_statements(&turn).await;
    look_up(&turn, "sample_row", |stack| stack.mariadb(), &records).await;
    let statements = mariadb_statements(&turn).await - before;
    assert!((1..=STATEMENTS_MAX).contains(&statements), "{statements} statements for {REQUESTS} lookups");
}

#[tokio::test]
async fn lookups_that_come_together_share_queries_on_mongodb() {
    let turn = Turn::take().await;
    let records = some_records(&turn, "sample_document").await;
    let before = mongodb_queries(&turn).await;
    look_up(&turn, "sample_document", |stack| stack.mongodb(), &records).await;
    let queries = mongodb_queries(&turn).await - before;
    assert!((1..=STATEMENTS_MAX).contains(&queries), "{queries} queries for {REQUESTS} lookups");
}

/// The look-ups of one batch: at most one statement for each idle connection, and one for the waiting look-ups.
const BATCH_STATEMENTS_MAX: i64 = 17;

/// Looks up a hundred records with one batch.
async fn look_up_as_a_batch(turn: &Turn, template: &str, records: &[Value]) {
    let wanted = || (0..100).map(|turn| &records[turn * 7 % records.len()]);
    let fetches = wanted().map(|record| Request::fetch(template, &record["id"]));
    let answers = turn.client.batch(Batch::read(Service::AppServer).items(fetches)).await.unwrap();
    assert_eq!(answers.len(), 100);
    for (index, record) in wanted().enumerate() {
        assert_eq!(answers.reply(index).unwrap().data.as_ref(), Some(record));
    }
}

#[tokio::test]
async fn a_batch_of_lookups_is_a_handful_of_statements() {
    let turn = Turn::take().await;
    let records = some_records(&turn, "sample_row").await;
    let before = mariadb_statements(&turn).await;
    look_up_as_a_batch(&turn, "sample_row", &records).await;
    let statements = mariadb_statements(&turn).await - before;
    assert!((1..=BATCH_STATEMENTS_MAX).contains(&statements), "{statements} statements");
    let records = some_records(&turn, "sample_document").await;
    let before = mongodb_queries(&turn).await;
    look_up_as_a_batch(&turn, "sample_document", &records).await;
    let queries = mongodb_queries(&turn).await - before;
    assert!((1..=BATCH_STATEMENTS_MAX).contains(&queries), "{queries} queries");
}

// Deadlocks.

/// Changes one country and then another.
const CHANGES_TWO: &str = "create or replace procedure sp_country_rename(
      in p_alpha_2 char(2), in p_name varchar(100), out p_revision bigint) modifies sql data
    begin
      update country set revision = revision + 1 where alpha_2 = p_alpha_2;
      update country set revision = revision + 1 where alpha_2 = p_name;
      set p_revision = (select revision from country where alpha_2 = p_alpha_2);
    end";

#[tokio::test]
async fn a_deadlock_is_retried_and_the_write_done_once() {
    let turn = Turn::take().await;
    let mut own = turn.mariadb().await;
    for sql in [
        "create table weight (n int) engine = innodb",
        "insert into country (alpha_2, alpha_3, numeric_code, name) values ('QA', 'QAA', '901', 'A'), ('QB', 'QBB', '902', 'B')",
        "insert into weight select seq from seq_1_to_1000",
        CHANGES_TWO,
        "start transaction",
        // The server rolls back the transaction that has changed less.
        "update weight set n = n + 1",
        "update country set revision = revision + 100 where alpha_2 = 'QB'",
    ] {
        own.execute(sql).await.unwrap();
    }
    let before = global_status(&mut own, "innodb_deadlocks").await;
    let call = async {
        let args = json!({"args": {"alpha_2": "QA", "name": "QB"}});
        turn.client.request("country", Operation::Call("rename"), &args).await
    };
    let meet = async {
        let mut watch = turn.mariadb().await;
        eventually_async("the call waits for the second country", async || {
            // Not innodb_lock_waits: it returns the previous state if it is read too often.
            global_status(&mut watch, "innodb_row_lock_current_waits").await == 1
        })
        .await;
        own.execute("update country set revision = revision + 100 where alpha_2 = 'QA'").await.unwrap();
        own.execute("commit").await.unwrap();
    };
    let (reply, ()) = tokio::join!(call, meet);
    assert_eq!(reply.unwrap().out.unwrap()["revision"], 102);
    let shown = own.fetch_all("select revision from country where alpha_2 in ('QA', 'QB')").await.unwrap();
    let revisions: Vec<i64> = shown.iter().map(|row| sqlx::Row::get(row, 0)).collect();
    assert_eq!(revisions, [102, 102], "each was changed once by each");
    let deadlocks = global_status(&mut own, "innodb_deadlocks").await - before;
    assert_eq!(deadlocks, 1, "the call was given up, and ran again");
}

// Commits.

/// Keeps commits on MariaDB from ending.
async fn hold_commits(turn: &Turn) -> MySqlConnection {
    let mut gate = turn.mariadb().await;
    for stage in ["start", "flush", "block_ddl", "block_commit"] {
        gate.execute(format!("backup stage {stage}").as_str()).await.unwrap();
    }
    gate
}

/// Waits until a commit is held, and gives its connection's id.
async fn held_commit(turn: &Turn) -> i64 {
    let mut watch = turn.mariadb().await;
    let sql =
        "select id from information_schema.processlist where info = 'commit' and state like '%backup lock%'";
    let mut found = None;
    eventually_async("a commit is held", async || {
        found = sqlx::query_scalar::<_, i64>(sql).fetch_optional(&mut watch).await.unwrap();
        found.is_some()
    })
    .await;
    found.unwrap()
}

#[tokio::test]
async fn a_deadline_that_passes_during_a_commit_is_no_reason_to_send_again() {
    let mut turn = Turn::take().await;
    let series = unique("s");
    let mut gate = hold_commits(&turn).await;
    let deadline = turn.send("sample_row.create", &record(&series), Duration::from_secs(5)).await;
    held_commit(&turn).await;
    passes(deadline).await;
    gate.execute("backup stage end").await.unwrap();
    let reply = turn.wire.reply().await;
    match error(&reply) {
        None => turn.counts("sample_row", &series, 1).await,
        Some(error) => assert_unknown(&error),
    }
}

#[tokio::test]
async fn a_link_that_is_cut_during_a_commit_leaves_it_unknown() {
    let mut turn = Turn::take().await;
    let series = unique("s");
    let mut gate = hold_commits(&turn).await;
    turn.send("sample_row.create", &record(&series), Duration::from_secs(20)).await;
    let connection = held_commit(&turn).await;
    turn.mariadb().await.execute(format!("kill {connection}").as_str()).await.unwrap();
    let reply = turn.wire.reply().await;
    assert_unknown(&error(&reply).unwrap());
    gate.execute("backup stage end").await.unwrap();
    create_works(&turn, "sample_row").await;
}

#[tokio::test]
async fn a_server_that_dies_during_a_commit_leaves_it_unknown() {
    let mut turn = Turn::take().await;
    let series = unique("s");
    let _gate = hold_commits(&turn).await;
    turn.send("sample_row.create", &record(&series), Duration::from_secs(20)).await;
    held_commit(&turn).await;
    turn.server(|stack| stack.mariadb(), |server| server.kill().unwrap()).await;
    let reply = turn.wire.reply().await;
    turn.server(|stack| stack.mariadb(), |server| server.start().unwrap()).await;
    assert_unknown(&error(&reply).unwrap());
    create_works(&turn, "sample_row").await;
}

/// Checks that the node writes again.
async fn create_works(turn: &Turn, template: &str) {
    eventually_async("writes work again", async || {
        let request = Request::new(template, Operation::Create, &record("after"));
        turn.client.execute(request.timeout(Duration::from_secs(5))).await.is_ok()
    })
    .await;
}

/// Waits until the node has taken the write. A stopped MongoDB has received it then, and says nothing.
async fn taken(turn: &Turn) {
    let waiting = async || turn.wire.waiting("beds.app_server.w").await == 0;
    eventually_async("the node has taken the write", waiting).await;
}

#[tokio::test]
async fn a_deadline_that_passes_during_a_write_to_mongodb_is_no_reason_to_send_again() {
    let mut turn = Turn::take().await;
    let series = unique("s");
    create_works(&turn, "sample_document").await;
    turn.server(|stack| stack.mongodb(), |server| server.pause().unwrap()).await;
    let deadline = turn.send("sample_document.create", &record(&series), Duration::from_secs(5)).await;
    taken(&turn).await;
    passes(deadline).await;
    let reply = turn.wire.reply().await;
    turn.server(|stack| stack.mongodb(), |server| server.resume().unwrap()).await;
    assert_unknown(&error(&reply).unwrap());
    // The write did happen.
    turn.counts("sample_document", &series, 1).await;
}

#[tokio::test]
async fn a_server_that_dies_during_a_write_to_mongodb_leaves_it_unknown() {
    let mut turn = Turn::take().await;
    let series = unique("s");
    create_works(&turn, "sample_document").await;
    turn.server(|stack| stack.mongodb(), |server| server.pause().unwrap()).await;
    turn.send("sample_document.create", &record(&series), Duration::from_secs(5)).await;
    taken(&turn).await;
    turn.server(|stack| stack.mongodb(), |server| server.kill().unwrap()).await;
    let reply = turn.wire.reply().await;
    turn.server(|stack| stack.mongodb(), |server| server.start().unwrap()).await;
    assert_unknown(&error(&reply).unwrap());
    create_works(&turn, "sample_document").await;
    let samples = turn.mongodb().await.database("journal").collection::<Document>("samples");
    let stored = samples.count_documents(doc! {"series": &series}).await.unwrap();
    assert!(stored <= 1, "{stored}");
}
