//! Passwords, tokens and their hashes occur nowhere but in their own columns.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use beds_client::Request;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    common::blocking,
    site::{PASSWORD, Site, code, data, send},
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The forms in which a secret could be printed.
fn written(secret: &[u8]) -> Vec<String> {
    let list = format!("{secret:?}");
    let base64 = STANDARD.encode(secret);
    // Without its end, which depends on the following bytes.
    let base64 = base64.trim_end_matches('=');
    let mut all = vec![
        base64[..base64.len() - 1].to_owned(),
        hex(secret),
        hex(secret).to_uppercase(),
        list[1..list.len() - 1].to_owned(),
    ];
    all.extend(String::from_utf8(secret.to_vec()));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_kept_or_logged_holds_a_secret() {
    let site = blocking(|| &*Box::leak(Box::new(Site::start(&[("BEDS__LOGGING__LEVEL", "trace")])))).await;
    let guest = site.guest().await;
    // A user with the right gets all events.
    site.stack.rabbitmq().control(&["list_queues"]).unwrap();
    let (first, second, wrong) = ("canary-yellow-one", "canary-yellow-two", "canary-yellow-bad");
    let name = crate::common::unique("user");
    let register = json!({"name": name, "password": first});
    data(&guest.ask("user.call.register", register.clone()).await);
    assert_eq!(code(&guest.ask("user.call.register", register.clone()).await), "conflict");
    let batch = json!({"mode": "ordered", "items": [
        {"template": "user", "op": "call.register", "body": {"args": {"name": crate::common::unique("user"), "password": first}}},
    ]});
    let batch = send(&guest.client, Request::raw("tercero.batch.write", batch.to_string())).await;
    assert_eq!(batch["items"][0]["ok"], true, "{batch:#}");
    assert_eq!(code(&guest.open(&name, wrong).await), "unauthenticated");
    let opened = guest.open(&name, first).await;
    let token = data(&opened)["token"].as_str().unwrap().to_owned();
    data(&guest.read_with(&token).await);
    data(&guest.ask_with(&token, "user.call.change_password", json!({"old": first, "new": second})).await);
    data(&guest.ask("user.call.reset_password", json!({"name": name, "password": first})).await);
    // A request that nobody can answer becomes a dead letter.
    let dead = json!({"args": {"name": name, "password": wrong, "pasword": wrong}});
    guest.client.send(Request::raw("user.call.register", dead.to_string())).await.unwrap();
    guest.ask_with(&token, "session.call.close", json!({})).await;
    assert_eq!(code(&guest.read_with(&format!("{token}x")).await), "unauthenticated");

    let bits = URL_SAFE_NO_PAD.decode(&token).unwrap();
    let mut secrets: Vec<String> =
        [first, second, wrong].iter().flat_map(|text| written(text.as_bytes())).collect();
    secrets.extend(written(token.as_bytes()));
    secrets.extend(written(&bits));
    secrets.extend(written(&Sha256::digest(&bits)));
    secrets.push("argon2id$v".to_owned());
    // A digest of the request would let every reader guess the password.
    for password in [first, second, wrong] {
        let bodies = [
            json!({"args": {"name": name, "password": password}}),
            json!({"args": {"password": password, "name": name}}),
        ];
        for body in bodies {
            let digest = Sha256::new()
                .chain_update("user.call.register")
                .chain_update([0])
                .chain_update(body.to_string());
            secrets.push(hex(&digest.finalize()));
        }
    }
    let dead = crate::common::Beds::new(&["dead", "list", "--json"]).on(&site.stack);
    let dead = blocking(move || dead.run()).await;
    let mut places = vec![
        ("the log of tercero", site.tercero.log_tail(usize::MAX)),
        ("the log of the other node", site.plain.log_tail(usize::MAX)),
        ("the dead letters", format!("{dead:?}")),
    ];
    for table in ["beds_ledger", "beds_events"] {
        let rows = site.stack.mariadb_query(
            Some("tercero"),
            &format!(
                "select json_object('all', concat_ws(' ', {})) from {table}",
                if table == "beds_ledger" {
                    "user, message_id, hex(digest), reply"
                } else {
                    "routing_key, subject, body"
                }
            ),
        );
        places.push((table, rows.unwrap()));
    }
    for view in ["v_user", "v_session"] {
        places.push((view, site.sql(&format!("select * from {view}"))));
    }
    // A longer log would have lost its beginning.
    let log = &places[0].1;
    assert!(log.contains("DEBUG") && log.contains("starting"), "the log is whole: {} bytes", log.len());
    assert!(places[3].1.contains("ok"), "the ledger has replies: {}", places[3].1);
    for (place, text) in &places {
        for secret in &secrets {
            if let Some(at) = text.find(secret.as_str()) {
                let (from, to) = (at.saturating_sub(300), (at + 200).min(text.len()));
                panic!("{place} has {secret}: …{}…", String::from_utf8_lossy(&text.as_bytes()[from..to]));
            }
        }
    }
    // The right password still works.
    data(&guest.open(&name, first).await);
    assert_ne!(first, PASSWORD);
}
