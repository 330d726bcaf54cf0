//! No request sees what another left in its session: routines that change all that a routine can change.

use beds_core::{
    plan::{self, Action},
    query::Fields,
    value::Value,
};
use beds_protocol::{ErrorCode, Lane};

use crate::odd::{
    ADD_NUMBERED, CHILD, CODE, DISTRIBUTED, FN_WHO, LAST_NUMBER, ODD, OVER, Odd, PLAIN, PLAIN_CALL, PROBED,
    TAKE_NUMBER, WHO, WRITERS,
};

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
        assert_eq!(*outcome.data.unwrap(), *b"1");
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
async fn no_routine_can_ask_as_the_node_does() {
    let odd = Odd::open();
    let (fresh, _) = odd.state(Lane::Write).await;
    // What it were given, it could give the node in answer after it has changed the session.
    odd.call(Lane::Write, &PROBED).await.unwrap_err();
    assert_eq!(odd.state(Lane::Write).await.0, fresh);
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
         global autocommit = 0, global sql_big_selects = 0, global max_join_size = 1, global lc_messages = 'de_DE', \
         global completion_type = 2",
    );
    odd.create(&[[1, 1, 10], [2, 1, 20]]).await.unwrap();
    let error = odd.create(&[[3, 1, 99_999_999_999]]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RejectedByDatabase, "{error}");
    let error = odd.create(&[[2, 1, 30]]).await.unwrap_err();
    assert_eq!((error.code, &*error.details[0].field), (ErrorCode::Conflict, "data[0].id"), "{error}");
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
        let record: serde_json::Value =
            serde_json::from_slice(&read(1).await.unwrap().data.unwrap()).unwrap();
        assert_eq!(record["u"], value);
    }
    // A CHAR without padding.
    odd.stack.mariadb_query(None, "insert into odd.code values ('a', 1); commit").unwrap();
    let key = plan::Read::One { key: vec![Value::Text("a".into())], fields: Fields::All };
    let found = odd.run(&CODE, Action::Read(key)).await.unwrap();
    assert_eq!(*found.data.unwrap(), *br#"{"id":"a","n":1}"#);
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

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_told_the_number_that_another_took() {
    let odd = Odd::open();
    for call in [&TAKE_NUMBER, &ADD_NUMBERED] {
        odd.call(Lane::Write, call).await.unwrap();
        let outcome = odd.call(Lane::Write, &LAST_NUMBER).await.unwrap();
        assert_eq!(*outcome.sets.unwrap(), *br#"[[{"n":null}]]"#, "{}", call.name);
    }
    let (_, connection) = odd.state(Lane::Write).await;
    odd.call(Lane::Write, &PLAIN_CALL).await.unwrap();
    assert_eq!(odd.state(Lane::Write).await.1, connection, "what takes no number keeps its connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_cost_no_connection_where_nothing_asks_for_the_last() {
    let odd = Odd::after("drop procedure odd.numbered_last");
    let (_, connection) = odd.state(Lane::Write).await;
    odd.call(Lane::Write, &ADD_NUMBERED).await.unwrap();
    assert_eq!(odd.state(Lane::Write).await.1, connection);
}
