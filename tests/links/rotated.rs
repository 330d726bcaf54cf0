//! A running node takes changed passwords and certificates without a restart.

use std::{fs, time::Duration};

use beds_client::{Client, Request};
use beds_devstack::{Node, Stack};
use beds_protocol::Operation;
use mongodb::bson::doc;
use serde_json::json;

use super::{
    HERE, LATER, authorities,
    common::{Beds, blocking, end_servers, eventually_async, stack, start_node, unique},
    create_certified, encrypted, files, use_tls,
};

/// The three servers. They are never dropped, since other threads use them.
async fn servers() -> &'static Stack {
    blocking(|| &*Box::leak(Box::new(stack()))).await
}

/// Whether the node reads from and writes to both databases.
async fn serves(client: &Client) -> bool {
    for template in ["sample_row", "sample_document"] {
        let body = json!({"data": {"code": unique("r"), "series": "rotated"}});
        let create = Request::new(template, Operation::Create, &body).timeout(Duration::from_secs(5));
        let count = Request::new(template, Operation::Count, &json!({})).timeout(Duration::from_secs(5));
        if client.execute(create).await.is_err() || client.execute(count).await.is_err() {
            return false;
        }
    }
    true
}

/// A node with these variables that serves, a client, and the node's process.
async fn started(stack: &'static Stack, variables: Vec<(&'static str, String)>) -> (Node, Client, u32) {
    let node = blocking(move || {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        start_node(stack, &variables)
    })
    .await;
    let client = Client::builder(stack.amqp_url()).connect().await.unwrap();
    assert!(serves(&client).await, "{}", node.log());
    let pid = node.pid();
    (node, client, pid)
}

async fn goes_on(node: &Node, client: &Client, pid: u32) {
    eventually_async("the node serves with what is new", async || serves(client).await).await;
    node.check().unwrap();
    assert_eq!(node.pid(), pid, "it is the same process");
}

async fn mongodb(stack: &Stack, command: mongodb::bson::Document) {
    let client = mongodb::Client::with_uri_str(stack.mongodb_url()).await.unwrap();
    client.database("admin").run_command(command).await.unwrap();
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_changes_is_taken_without_a_restart() {
    let stack = servers().await;
    let rabbitmq =
        |arguments: &'static [&'static str]| blocking(move || stack.rabbitmq().control(arguments).unwrap());
    rabbitmq(&["add_user", "node", "first"]).await;
    rabbitmq(&["set_permissions", "-p", "/", "node", ".*", ".*", ".*"]).await;
    let sql = "create user node identified by 'first'; grant all on catalog.* to node; grant select on mysql.* to node";
    blocking(move || stack.mariadb_query(None, sql).unwrap()).await;
    mongodb(stack, doc! {"createUser": "node", "pwd": "first", "roles": ["root"]}).await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "first\n").unwrap();
    let port = |server: &beds_devstack::Server| server.port().unwrap();
    let documents =
        format!("mongodb://node@127.0.0.1:{}/?directConnection=true&authSource=admin", port(stack.mongodb()));
    let path = file.to_str().unwrap().to_owned();
    let variables = vec![
        ("BEDS_ENV", "prod".to_owned()),
        ("BEDS__ACCESS__DEFAULT", "open".to_owned()),
        // The stand-in for MongoDB does not report the grants of a user.
        ("BEDS__NODE__SERVE_UNVERIFIED", "true".to_owned()),
        ("BEDS__AMQP__URL", format!("amqp://node@127.0.0.1:{}/%2f", port(stack.rabbitmq()))),
        ("BEDS__AMQP__PASS_FILE", path.clone()),
        ("BEDS__MARIADB__CATALOG__URL", format!("mysql://node@127.0.0.1:{}/catalog", port(stack.mariadb()))),
        ("BEDS__MARIADB__CATALOG__PASS_FILE", path.clone()),
        ("BEDS__MONGODB__JOURNAL__URL", documents),
        ("BEDS__MONGODB__JOURNAL__PASS_FILE", path),
    ];
    let (node, client, pid) = started(stack, variables.clone()).await;

    rabbitmq(&["change_password", "node", "second"]).await;
    blocking(|| stack.mariadb_query(None, "alter user node identified by 'second'").unwrap()).await;
    mongodb(stack, doc! {"updateUser": "node", "pwd": "second"}).await;
    let old = blocking(move || Beds::new(&["check"]).on(stack).env(&variables).run()).await;
    assert_eq!(
        old.stdout.matches("hint: user or password is wrong").count(),
        3,
        "the old one is refused: {old:?}"
    );

    fs::write(&file, "second\n").unwrap();
    rabbitmq(&["close_all_connections", "rotated"]).await;
    blocking(|| {
        let ids = "select id from information_schema.processlist where user = 'node'";
        for id in stack.mariadb_query(None, ids).unwrap().lines() {
            // The connection may have ended by itself.
            let _ = stack.mariadb_query(None, &format!("kill connection {id}"));
        }
        stack.mongodb().kill().unwrap();
        stack.mongodb().start().unwrap();
    })
    .await;
    goes_on(&node, &client, pid).await;
    client.close().await;
    blocking(move || {
        drop(node);
        end_servers(stack);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_change_are_taken_without_a_restart() {
    let stack = servers().await;
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = authorities(folder.path());
    let ca = folder.path().join("trusted.pem");
    fs::copy(ours.file(), &ca).unwrap();
    let own = ours.certificate("node", &["node.example"], LATER).unwrap();
    let server = ours.certificate("server", &HERE, LATER).unwrap().of_server(Some(&ours));
    blocking(move || {
        create_certified(stack);
        use_tls(stack, &server);
    })
    .await;
    let port = stack.rabbitmq().tls_port().unwrap();
    let variables: Vec<_> = encrypted(stack, port).into_iter().chain(files(Some(&ca), Some(&own))).collect();
    let (node, client, pid) = started(stack, variables).await;

    // Other authorities on both sides.
    fs::copy(theirs.file(), &ca).unwrap();
    let next = theirs.certificate("node", &["node.example"], LATER).unwrap();
    fs::copy(next.cert, own.cert).unwrap();
    fs::copy(next.key, own.key).unwrap();
    let server = theirs.certificate("server", &HERE, LATER).unwrap().of_server(Some(&theirs));
    blocking(move || use_tls(stack, &server)).await;
    goes_on(&node, &client, pid).await;
    client.close().await;
    blocking(move || {
        drop(node);
        end_servers(stack);
    })
    .await;
}
