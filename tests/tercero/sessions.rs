//! Sessions: which nodes know them, and when they cease to be valid.

use std::time::{Duration, Instant};

use beds_client::Request;
use serde_json::json;

use crate::{
    common::{blocking, eventually_async, unique},
    site::{Guest, PASSWORD, code, data, node, send, site},
};

/// Waits until a session is refused, and returns the message.
async fn refused(guest: &Guest<'_>, token: &str) -> String {
    let mut message = String::new();
    eventually_async("the session is refused", async || {
        let reply = guest.read_with(token).await;
        reply["error"]["message"].as_str().unwrap_or_default().clone_into(&mut message);
        !message.is_empty() && code(&reply) == "unauthenticated"
    })
    .await;
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_session_is_refused_by_all_nodes() {
    let guest = site().await;
    let name = guest.user().await;
    let (token, session) = guest.session(&name).await;
    let who = guest.ask_with(&token, "session.call.check", json!({})).await;
    assert_eq!(*data(&who), json!({"user": name, "roles": [], "session": session}));
    // The other node remembers the session.
    for _ in 0..3 {
        data(&guest.read_with(&token).await);
    }
    data(&guest.ask_with(&token, "session.call.close", json!({})).await);
    let closed = Instant::now();
    let here = guest.ask_with(&token, "session.call.check", json!({})).await;
    assert_eq!(here["error"]["message"], "the session was closed", "{here}");
    assert!(here["error"]["hint"].as_str().unwrap().contains("session.call.open"), "{here}");
    assert_eq!(refused(&guest, &token).await, "the session was closed");
    eprintln!("heard by the other node after {:?}", closed.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_session_is_refused_and_an_expired_one_is_told_so() {
    let guest = site().await;
    let name = guest.user().await;
    for wrong in ["", "x", &"A".repeat(43), &"B".repeat(200), "ä", "' or 1=1"] {
        assert_eq!(code(&guest.read_with(wrong).await), "unauthenticated", "{wrong}");
    }
    for (column, what) in [("expires_at", "absolute"), ("seen_at", "idle")] {
        let (token, session) = guest.session(&name).await;
        guest.sql(&format!(
            "update session set {column} = utc_timestamp(6) - interval 1 day where id = '{session}'"
        ));
        let reply = guest.read_with(&token).await;
        assert_eq!(reply["error"]["message"], "the session has expired", "{what}: {reply}");
        assert!(reply["error"]["hint"].as_str().unwrap().contains("session.call.open"), "{reply}");
    }
    // A session that is used continues.
    let (token, session) = guest.session(&name).await;
    guest.sql(&format!(
        "update session set seen_at = utc_timestamp(6) - interval 20 minute where id = '{session}'"
    ));
    data(&guest.read_with(&token).await);
    let seen =
        format!("select seen_at > utc_timestamp(6) - interval 1 minute from session where id = '{session}'");
    assert_eq!(guest.sql(&seen), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_closes_or_sees_the_session_of_somebody_else() {
    let guest = site().await;
    let (ann, bob) = (guest.user().await, guest.user().await);
    let ((ann_token, _), (bob_token, bob_session)) = (guest.session(&ann).await, guest.session(&bob).await);
    let close =
        async |token: &str, id: &str| guest.ask_with(token, "session.call.close", json!({"id": id})).await;
    assert_eq!(code(&close(&ann_token, &bob_session).await), "not_found");
    let none = uuid::Uuid::new_v4().to_string();
    assert_eq!(
        close(&ann_token, &none).await["error"]["message"],
        close(&ann_token, &bob_session).await["error"]["message"]
    );
    assert_eq!(code(&close(&ann_token, "no uuid").await), "validation_failed");
    assert_eq!(
        code(&guest.ask_with(&ann_token, "session.call.close_user", json!({"user": bob})).await),
        "forbidden"
    );
    assert_eq!(code(&guest.ask_as_nobody("session.call.close", json!({})).await), "unauthenticated");
    assert_eq!(code(&guest.ask("session.call.close", json!({})).await), "validation_failed");
    assert_eq!(code(&guest.ask("session.call.close_all", json!({})).await), "validation_failed");
    let fetch = |token: &str, key: &str| {
        let request = Request::raw(key, "{}").session(token);
        async { send(&guest.client, request).await }
    };
    let seen = fetch(&ann_token, "session.fetch").await;
    assert!(data(&seen).as_array().unwrap().iter().all(|session| session["user"] == ann), "{seen}");
    assert_eq!(data(&fetch(&ann_token, "user.fetch").await).as_array().unwrap().len(), 1);
    data(&guest.read_with(&bob_token).await);
    // Bob closes all of his own sessions, and an administrator closes anybody's.
    let (second, _) = guest.session(&bob).await;
    assert_eq!(*data(&guest.ask_with(&second, "session.call.close_all", json!({})).await), json!(2));
    refused(&guest, &bob_token).await;
    assert_eq!(*data(&guest.ask("session.call.close_user", json!({"user": ann})).await), json!(1));
    refused(&guest, &ann_token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_the_functions_are_for_nobody() {
    let guest = site().await;
    for key in [
        "user.call.add",
        "user.call.credential",
        "user.call.settle",
        "user.call.put_password",
        "user.call.put_roles",
        "user.call.put_lock",
        "session.call.add",
        "session.call.look_up",
        "session.call.end",
        "session.call.end_all",
        "session.call.purge",
    ] {
        assert_eq!(code(&guest.ask(key, json!({})).await), "forbidden", "{key}");
    }
    let described = guest.ask("user.describe", json!({})).await;
    assert!(!described.to_string().contains("credential"), "{described}");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_heard_and_what_is_no_role_is_refused() {
    let guest = site().await;
    let (name, other) = (guest.user().await, guest.user().await);
    let (token, _) = guest.session(&name).await;
    let roles = async |call: &str, args| guest.ask(&format!("user.call.{call}"), args).await;
    for wrong in ["", "*", "anyone", "all", "public", "Clerk", "a b", "1st", "clerk\0", "ü", &"r".repeat(65)]
    {
        let reply = roles("grant", json!({"name": name, "role": wrong})).await;
        assert_eq!(code(&reply), "validation_failed", "{wrong:?}");
    }
    assert_eq!(code(&roles("grant", json!({"name": "nobody-at-all", "role": "clerk"})).await), "not_found");
    assert_eq!(code(&roles("lock", json!({"name": "nobody-at-all"})).await), "not_found");
    let set = roles("set_roles", json!({"name": name, "roles": ["clerk", "a_b", "axb", "clerk"]})).await;
    assert_eq!(*data(&set), json!(["clerk", "a_b", "axb"]));
    assert_eq!(*data(&roles("revoke", json!({"name": name, "role": "a_b"})).await), json!(["clerk", "axb"]));
    assert_eq!(*data(&roles("grant", json!({"name": name, "role": "clerk"})).await), json!(["clerk", "axb"]));
    let lock = async || guest.ask_with(&token, "user.call.lock", json!({"name": other})).await;
    assert_eq!(code(&lock().await), "forbidden");
    data(&roles("grant", json!({"name": name, "role": "user_admin"})).await);
    data(&lock().await);
    data(&roles("revoke", json!({"name": name, "role": "user_admin"})).await);
    assert_eq!(code(&lock().await), "forbidden");
    // The sessions of a locked user are refused everywhere.
    data(&guest.read_with(&token).await);
    data(&roles("lock", json!({"name": name})).await);
    refused(&guest, &token).await;
    let locked = guest.read_with(&token).await;
    assert!(locked["error"]["hint"].as_str().unwrap().contains("`user.call.unlock`"), "{locked:#}");
    data(&roles("unlock", json!({"name": name})).await);
    data(&guest.read_with(&token).await);
    // So are the sessions of a deleted user.
    let id = guest.sql(&format!("select id from user where name = '{name}'"));
    data(&send(&guest.client, Request::delete("user", &id)).await);
    refused(&guest, &token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_so_many_roles_and_who_has_too_many_is_not_locked_out() {
    let guest = site().await;
    let name = guest.user().await;
    let roles = async |call: &str, args| guest.ask(&format!("user.call.{call}"), args).await;
    let fifty: Vec<_> = (0..50).map(|number| format!("a{number}")).collect();
    data(&roles("set_roles", json!({"name": name, "roles": fifty})).await);
    for number in 0..50 {
        data(&roles("grant", json!({"name": name, "role": format!("b{number}")})).await);
    }
    let refused = roles("grant", json!({"name": name, "role": "c"})).await;
    assert_eq!(code(&refused), "conflict");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("at most 100 roles: take one away by `user.call.revoke`"), "{refused:#}");
    // A role that the user has already is not one more.
    assert_eq!(
        data(&roles("grant", json!({"name": name, "role": "b7"})).await).as_array().unwrap().len(),
        100
    );
    assert_eq!(data(&guest.open(&name, PASSWORD).await)["roles"].as_array().unwrap().len(), 100);

    // Such a user got the roles before the bound existed.
    guest.sql(&format!(
        "update user set roles = (select json_arrayagg(concat('r', seq)) from seq_1_to_150) where name = '{name}'"
    ));
    let (token, _) = guest.session(&name).await;
    let checked = guest.ask_with(&token, "session.call.check", json!({})).await;
    assert_eq!(data(&checked)["roles"].as_array().unwrap().len(), 150);
    let authenticate = json!({"name": name, "password": PASSWORD});
    data(&guest.ask_as_nobody("user.call.authenticate", authenticate).await);
    assert_eq!(code(&roles("grant", json!({"name": name, "role": "c"})).await), "conflict");
    let left = roles("revoke", json!({"name": name, "role": "r7"})).await;
    assert_eq!(data(&left).as_array().unwrap().len(), 149);
    assert_eq!(*data(&roles("set_roles", json!({"name": name, "roles": ["clerk"]})).await), json!(["clerk"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_is_repeated_while_nodes_die_is_one() {
    let guest = site().await;
    let stack = &guest.site.stack;
    let (mut names, mut pending) = (Vec::new(), Vec::new());
    for number in 0..4 {
        // Another node beside the shared one takes some of the requests, and dies with them.
        let node = blocking(move || node(stack, "tercero", &[]).start()).await;
        for _ in 0..10 {
            let name = unique(&format!("user{number}"));
            let body = json!({"args": {"name": name, "password": PASSWORD}}).to_string();
            let request = Request::raw("user.call.register", body).timeout(Duration::from_mins(1));
            names.push((name, request.clone()));
            let client = guest.client.clone();
            pending.push(tokio::spawn(async move { send(&client, request).await }));
        }
        blocking(move || node.kill()).await;
    }
    for ((name, request), first) in names.into_iter().zip(pending) {
        let first = first.await.unwrap();
        let again = send(&guest.client, request).await;
        assert_eq!(data(&first), data(&again));
        let id = guest.sql(&format!("select id from user where name = '{name}'"));
        assert_eq!(*data(&again), json!(id));
    }
}
