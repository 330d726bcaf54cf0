//! The audit of changes by clients: who, what, when, on both engines, and how the entries are read.

use std::ffi::OsString;

use beds_client::{Client, Request};
use beds_devstack::Stack;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    client,
    common::{Beds, blocking, eventually_async, grant, unique},
    end, servers,
};

/// A node that serves everything, with exactly the rights that `bedsc grants` writes.
async fn node(stack: &'static Stack) -> &'static beds_devstack::Node {
    blocking(move || {
        let catalog = grant(stack);
        let tercero = format!("{}/tercero", stack.mariadb_url().replace("root@", "beds@"));
        let node = Beds::new(&[]).on(stack).env(&[
            ("BEDS__NODE__SERVICES", "app_server,admin,tercero"),
            ("BEDS__MARIADB__CATALOG__URL", &catalog),
            ("BEDS__MARIADB__TERCERO__URL", &tercero),
            ("BEDS__ACCESS__USERS__GUEST", "operator,user_admin"),
            ("BEDS__TERCERO__ARGON2_MEMORY_KIB", "1024"),
            ("BEDS__TERCERO__ARGON2_ITERATIONS", "1"),
        ]);
        &*Box::leak(Box::new(node.start()))
    })
    .await
}

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// The reply to a request. Its `message_id` is made from this number.
async fn send(client: &Client, key: &str, body: Value, number: Option<u128>) -> Value {
    let request = Request::raw(key, body.to_string());
    let request = if let Some(number) = number { request.message_id(id(number)) } else { request };
    serde_json::from_slice(&client.execute_raw(request).await.unwrap().body).unwrap()
}

async fn ok(client: &Client, key: &str, body: Value, id: Option<u128>) -> Value {
    let reply = send(client, key, body, id).await;
    assert_eq!(reply["ok"], true, "{key}: {reply:#}");
    reply
}

/// The entries of an audit, the oldest first.
async fn entries(client: &Client, audit: &str, filter: Value) -> Vec<Value> {
    let body = json!({ "where": filter, "sort": ["id"], "limit": 500 });
    let reply = ok(client, &format!("{audit}.fetch"), body, None).await;
    reply["data"].as_array().unwrap().clone()
}

/// The operation and the new version of each entry.
fn done(entries: &[Value]) -> Vec<(&str, &Value)> {
    entries.iter().map(|entry| (entry["operation"].as_str().unwrap(), &entry["version"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_says_who_made_it_on_both_engines() {
    let stack = servers().await;
    let node = node(stack).await;
    let operator = client(stack).await;
    let nobody = Client::builder(stack.amqp_url()).connect().await.unwrap();

    // MariaDB: a write that is sent twice is done once, and has one entry.
    let sku = unique("AUDIT").to_uppercase();
    let article = json!({"data": {"sku": sku, "title": "Lamp", "price": "9.00", "supplier": "hush"}});
    let mut key = Value::Null;
    for _ in 0..2 {
        key = ok(&operator, "example.create", article.clone(), Some(1)).await["data"]["id"].clone();
    }
    let change = json!({"key": key, "data": {"price": "10.00", "supplier": "hush too"}, "if_version": 1});
    ok(&operator, "example.update", change.clone(), Some(2)).await;
    assert_eq!(send(&operator, "example.update", change, None).await["error"]["code"], "version_mismatch");
    ok(&nobody, "example.call.restock", json!({"args": {"sku": sku, "quantity": 3}}), None).await;
    let batch = |mode: &str, price: &str| {
        let item = |price: &str| json!({"template": "example", "op": "update", "body": {"key": key, "data": {"price": price}}});
        json!({"mode": mode, "items": [item(price), item("1.00")]})
    };
    ok(&operator, "app_server.batch.write", batch("atomic", "2.00"), Some(3)).await;
    ok(&operator, "app_server.batch.write", batch("atomic", "2.00"), Some(3)).await;
    ok(&operator, "app_server.batch.write", batch("ordered", "3.00"), None).await;
    // The second item is refused, and so the first one as well.
    let refused = json!({"mode": "atomic", "items": [
        {"template": "example", "op": "update", "body": {"key": key, "data": {"price": "4.00"}}},
        {"template": "example", "op": "update", "body": {"key": key, "data": {"price": "5.00"}, "if_version": 1}}]});
    assert_eq!(send(&operator, "app_server.batch.write", refused, None).await["ok"], false);
    ok(&operator, "example.update", json!({"where": {"sku": sku}, "data": {"price": "6.00"}}), None).await;
    ok(&operator, "example.delete", json!({"key": key}), None).await;

    let record = json!({"id": key}).to_string();
    let of_record = entries(&operator, "audit", json!({"record": record})).await;
    let versions: Vec<Value> = (1..=7).map(|version| json!(version)).collect();
    assert_eq!(
        done(&of_record),
        [
            ("create", &versions[0]),
            ("update", &versions[1]),
            ("update", &versions[3]),
            ("update", &versions[4]),
            ("update", &versions[5]),
            ("update", &versions[6]),
            ("update", &json!(8)),
            ("delete", &Value::Null),
        ],
        "{of_record:#?}"
    );
    let first = &of_record[1];
    assert_eq!(
        (&first["user"], &first["amqp_user"], &first["session"], &first["message_id"], &first["request_id"]),
        (&json!("guest"), &json!("guest"), &Value::Null, &json!(id(2)), &json!(id(2)))
    );
    assert!(!json!(of_record).to_string().contains("hush"), "{of_record:#?}");
    // The key of the record is not an argument of the call. The entry is found only by its template and its time.
    let calls =
        entries(&operator, "audit", json!({"template": "example", "operation": "call.restock"})).await;
    assert_eq!(calls.len(), 1);
    assert_eq!((&calls[0]["record"], &calls[0]["user"]), (&Value::Null, &Value::Null), "nobody vouches");

    // MongoDB.
    let created = ok(&operator, "note.create", json!({"data": {"subject": sku}}), Some(4)).await;
    let key = created["data"]["id"].clone();
    ok(&operator, "note.update", json!({"key": key, "data": {"subject": "other"}}), None).await;
    ok(&operator, "note.upsert", json!({"data": {"id": key, "subject": "third"}}), None).await;
    ok(&operator, "note.delete", json!({"where": {"subject": "third"}}), None).await;
    let of_note =
        entries(&operator, "audit_journal", json!({"record": json!({"id": key}).to_string()})).await;
    assert_eq!(
        done(&of_note),
        [("create", &json!(1)), ("update", &json!(2)), ("upsert", &json!(3)), ("delete", &Value::Null)]
    );
    assert_eq!((&of_note[0]["user"], &of_note[0]["message_id"]), (&json!("guest"), &json!(id(4))));

    // A session: its user, its id, and the RabbitMQ user of the sender. A request by a function counts as the caller's.
    let name = unique("user");
    let login = json!({"args": {"name": name, "password": "correct horse battery"}});
    ok(&operator, "user.call.register", login.clone(), None).await;
    let role = json!({"args": {"name": name, "role": "clerk"}});
    ok(&operator, "user.call.grant", role, Some(5)).await;
    let opened = ok(&nobody, "session.call.open", login, None).await["data"].clone();
    let token = opened["token"].as_str().unwrap();
    let own = json!({"data": {"subject": "mine"}}).to_string();
    let reply = operator.execute_raw(Request::raw("note.create", own).session(token)).await.unwrap();
    assert!(reply.is_ok(), "{}", String::from_utf8_lossy(&reply.body));
    let by_user = entries(&operator, "audit_journal", json!({"user": name})).await;
    assert_eq!(by_user.len(), 1);
    assert_eq!(
        (&by_user[0]["session"], &by_user[0]["amqp_user"]),
        (&opened["session"], &json!("guest")),
        "{by_user:#?}"
    );
    let of_users = entries(&operator, "audit_tercero", json!({"user": "guest"})).await;
    assert_eq!(done(&of_users), [("call.add", &Value::Null), ("call.put_roles", &Value::Null)]);
    assert_eq!(of_users[1]["message_id"], json!(id(5)), "{of_users:#?}");
    let dump = blocking(|| stack.mariadb_query(Some("tercero"), "select * from beds_audit").unwrap()).await;
    assert!(!dump.contains("argon2") && !dump.contains("horse") && !dump.contains(token), "{dump}");

    // A caller without a role reads nothing, and nobody writes.
    assert_eq!(send(&nobody, "audit.fetch", json!({}), None).await["error"]["code"], "unauthenticated");
    assert_eq!(
        send(&operator, "audit.fetch", json!({"where": {"version": 1}}), None).await["error"]["code"],
        "validation_failed"
    );
    let rights = blocking(|| stack.mariadb_query(None, "show grants for beds@'%'").unwrap()).await;
    assert!(rights.contains("GRANT INSERT ON `catalog`.`beds_audit`"), "{rights}");
    eventually_async("time goes on", async || {
        entries(&operator, "audit", json!({"at": {"gt": of_record[0]["at"]}, "record": record})).await.len()
            == 7
    })
    .await;
    shell(stack, &record, key.as_str().unwrap()).await;
    end([node], stack).await;
}

/// The output of `beds audit`.
async fn shell(stack: &'static Stack, record: &str, note: &str) {
    let id = serde_json::from_str::<Value>(record).unwrap()["id"].as_str().unwrap().to_owned();
    let note = note.to_owned();
    blocking(move || {
        let run = |arguments: &[&str]| {
            let variables: [(&str, OsString); 0] = [];
            Beds::new(arguments).on(stack).env(&variables).run()
        };
        let key = format!("id={id}");
        let listed = run(&["audit", "--template", "example", "--key", &key, "--newer", "1h"]);
        assert_eq!(listed.code, Some(0), "{}", listed.stderr);
        let lines: Vec<&str> = listed.stdout.lines().collect();
        assert!(lines[0].starts_with("AT"), "{}", listed.stdout);
        assert!(
            lines[1].contains("example.delete") && lines[8].contains("example.create"),
            "{}",
            listed.stdout
        );
        assert!(lines[8].contains("guest") && lines[8].contains(" v1"), "{}", listed.stdout);
        let key = format!("id={note}");
        let one = run(&["audit", "--in", "audit_journal", "--key", &key, "--operation", "upsert", "--json"]);
        let entry: Value = serde_json::from_str(one.stdout.trim()).unwrap();
        assert_eq!((&entry["template"], &entry["version"]), (&json!("note"), &json!(3)));
        let empty = run(&["audit", "--user", "nosuch"]);
        assert_eq!((empty.code, empty.stdout.lines().count()), (Some(1), 1), "{}", empty.stdout);
    })
    .await;
}
