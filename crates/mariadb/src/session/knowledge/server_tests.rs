//! Open sessions notice changes on a server.

use beds_core::spec::mariadb::Source;
use beds_devstack::Stack;
use sqlx::Connection as _;

use super::*;
use crate::{
    primary::Primary,
    route::{Place, Route},
    session::Session,
};

/// As if a minute had passed.
fn age(server: &Server) {
    let mut known = server.known.write().unwrap();
    let known = known.as_mut().unwrap();
    known.at = known.at.checked_sub(KEPT).unwrap();
}

async fn open(stack: &Stack, server: &Arc<Server>) -> Session {
    let url = format!("{}/shop", stack.mariadb_url());
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let knowledge = server.learn(&mut connection).await.unwrap();
    let route = Route::Primary(Arc::new(Primary::new("shop".to_owned(), Vec::new())));
    let place = Place { route, server: 0 };
    Session::new(connection, (place, Arc::clone(server)), knowledge, String::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dba_changes_is_seen_within_a_minute() {
    let source: &Source = &Source::view("v", "`v`", &["`a`"]);
    let stack = Stack::builder().ignore_environment().mariadb().start().unwrap();
    let sql = "create database shop; use shop; create view v as select 1 as a; create sequence s";
    stack.mariadb_query(None, sql).unwrap();
    let server = Arc::default();
    let (mut session, mut other) = (open(&stack, &server).await, open(&stack, &server).await);
    session.reads(source);
    assert!(!session.is_touched(), "the view runs no function");
    age(&server);
    assert!(session.is_touched() && session.renew().await && !session.is_touched(), "nothing has changed");
    assert!(!other.is_touched(), "one of them asks");

    let sql = "create function f() returns int return 1; create or replace view v as select f() as a";
    stack.mariadb_query(Some("shop"), sql).unwrap();
    age(&server);
    assert!(session.renew().await, "it is as new");
    session.reads(source);
    assert!(session.is_touched(), "the view runs a function");
    assert!(other.is_touched() && other.renew().await && !other.is_touched());

    // From now on, a session that took a number is not as new.
    let sql = "create function l() returns int return lastval(s)";
    stack.mariadb_query(Some("shop"), sql).unwrap();
    age(&server);
    assert!(!other.renew().await && !session.renew().await, "they do not know how a new one looks");
    let mut session = open(&stack, &server).await;
    session.runs_routine();
    assert!(session.renew().await);
    session.connection.execute("select nextval(s)").await.unwrap();
    session.runs_routine();
    assert!(!session.renew().await);
}
