//! Secrets are never shown: not at the most verbose log level, not in an error, not as bytes.

use std::fs;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use beds_devstack::Stack;
use beds_protocol::{header, topology::DEAD};
use lapin::types::AMQPValue;
use mongodb::bson::doc;

use super::{
    HERE, LATER, authorities,
    common::{
        Beds, blocking, end_servers, eventually, spawn_node, stack, start_node,
        wire::{Wire, consume, next, with_header},
    },
    files,
};

/// A secret that occurs nowhere else.
struct Canary {
    place: &'static str,
    text: String,
}

impl Canary {
    fn new(place: &'static str) -> Self {
        Self { place, text: format!("Zy{}", uuid::Uuid::new_v4().simple()) }
    }

    /// The forms in which the secret may be printed.
    fn forms(&self) -> Vec<String> {
        let bytes = self.text.as_bytes();
        let list = |separator: &str| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(separator);
        let hex = |upper: bool, separator: &str| {
            let byte = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
            bytes.iter().map(byte).collect::<Vec<_>>().join(separator)
        };
        let mut forms = vec![self.text.clone(), list(", "), list(","), list(" ")];
        forms.extend([hex(false, ""), hex(true, ""), hex(false, " "), hex(true, ", "), hex(false, ":")]);
        // At any offset within a longer text.
        for before in 0..3 {
            let encoded = BASE64_STANDARD.encode([&vec![0; before], bytes].concat());
            let end = (before + bytes.len()) * 8 / 6;
            forms.push(encoded[(before * 8).div_ceil(6)..end].to_owned());
        }
        forms
    }

    fn is_in(&self, output: &str) -> Option<String> {
        // A list of bytes may be printed with one byte on each line.
        let flat = output.split_whitespace().collect::<Vec<_>>().join(" ");
        self.forms().into_iter().find(|form| output.contains(form) || flat.contains(form))
    }
}

#[track_caller]
fn assert_silent(canaries: &[&Canary], what: &str, output: &str) {
    for canary in canaries {
        if let Some(form) = canary.is_in(output) {
            let at = output.find(&form).unwrap_or_default();
            let before = output[..at].rfind('\n').map_or(0, |end| end + 1);
            let line: String = output[before..].chars().take(400).collect();
            panic!("{what} shows the {}: {line}", canary.place);
        }
    }
}

#[test]
fn a_canary_is_found_in_each_of_its_forms() {
    let canary = Canary::new("test");
    for form in canary.forms() {
        assert!(canary.is_in(&format!("a {form} b")).is_some(), "{form}");
    }
    let lines = canary.text.bytes().map(|byte| format!("    {byte},")).collect::<Vec<_>>().join("\n");
    assert!(canary.is_in(&format!("[\n{lines}]")).is_some());
    let long = BASE64_STANDARD.encode(format!("\0user\0{}!", canary.text));
    assert!(canary.is_in(&long).is_some() && canary.is_in("nothing").is_none());
}

/// A part of the key file as it would appear in an output: a line in its middle.
fn of_key(path: &std::path::Path) -> Canary {
    let text = fs::read_to_string(path).unwrap();
    Canary { place: "key", text: text.lines().nth(1).unwrap().to_owned() }
}

async fn mongodb_user(stack: &Stack, password: &str) {
    let client = mongodb::Client::with_uri_str(stack.mongodb_url()).await.unwrap();
    let user = doc! {"createUser": "node", "pwd": password, "roles": ["root"]};
    client.database("admin").run_command(user).await.unwrap();
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_at_any_level_shows_what_is_secret() {
    let stack: &'static Stack = blocking(|| &*Box::leak(Box::new(stack()))).await;
    let folder = tempfile::tempdir().unwrap();
    let (ours, _) = authorities(folder.path());
    let own = ours.certificate("node", &["node.example"], LATER).unwrap();
    let (bus, row, document) =
        (Canary::new("bus password"), Canary::new("MariaDB password"), Canary::new("MongoDB password"));
    let (wrong, session, field, key) = (
        Canary::new("wrong password"),
        Canary::new("session token"),
        Canary::new("sensitive field"),
        of_key(&own.key),
    );
    let all = [&bus, &row, &document, &wrong, &session, &field, &key];

    let (bus_password, sql) = (
        bus.text.clone(),
        format!(
            "create user node identified by '{}'; grant all on catalog.* to node; grant select on mysql.* to node",
            row.text
        ),
    );
    let server = ours.certificate("server", &HERE, LATER).unwrap().of_server(Some(&ours));
    blocking(move || {
        stack.rabbitmq().use_tls(Some(server)).unwrap();
        stack.rabbitmq().control(&["add_user", "node", &bus_password]).unwrap();
        stack.rabbitmq().control(&["set_permissions", "-p", "/", "node", ".*", ".*", ".*"]).unwrap();
        stack.mariadb_query(None, &sql).unwrap();
    })
    .await;
    mongodb_user(stack, &document.text).await;
    let pass_file = folder.path().join("password");
    fs::write(&pass_file, &bus.text).unwrap();
    let (amqp, mariadb, mongodb) = (
        stack.rabbitmq().tls_port().unwrap(),
        stack.mariadb().port().unwrap(),
        stack.mongodb().port().unwrap(),
    );
    let documents = |password: &str| {
        format!("mongodb://node:{password}@127.0.0.1:{mongodb}/?directConnection=true&authSource=admin")
    };
    let rows = |password: &str| format!("mysql://node:{password}@127.0.0.1:{mariadb}/catalog");
    let mut variables = files(Some(&ours.file()), Some(&own));
    variables.extend([
        ("BEDS_ENV", "dev".to_owned()),
        ("BEDS__NODE__SERVE_UNVERIFIED", "true".to_owned()),
        ("BEDS__LOGGING__LEVEL", "trace".to_owned()),
        ("BEDS__NODE__SERVICES", "app_server,admin".to_owned()),
        ("BEDS__AMQP__URL", format!("amqps://node@127.0.0.1:{amqp}/%2f")),
        ("BEDS__AMQP__PASS_FILE", pass_file.to_str().unwrap().to_owned()),
        ("BEDS__MARIADB__CATALOG__URL", rows(&row.text)),
        ("BEDS__MONGODB__JOURNAL__URL", documents(&document.text)),
        ("BEDS__MONGODB__LOGS__URL", documents(&document.text)),
    ]);

    // Commands, and failing starts.
    let wrong_ones = [
        ("BEDS__AMQP__URL", format!("amqps://node:{}@127.0.0.1:{amqp}/%2f", wrong.text)),
        ("BEDS__MARIADB__CATALOG__URL", rows(&wrong.text)),
        ("BEDS__MONGODB__JOURNAL__URL", documents(&wrong.text)),
        ("BEDS__MARIADB__CATALOG__URL", rows(&wrong.text) + "?nonsense=1"),
        ("BEDS__MONGODB__JOURNAL__URL", documents(&wrong.text).replace("node:", "no/de:")),
    ];
    let run = |command: &'static str, more: Option<(&'static str, String)>| {
        let mut variables = variables.clone();
        if let Some((name, value)) = more {
            variables.retain(|(known, _)| {
                *known != name && (name != "BEDS__AMQP__URL" || *known != "BEDS__AMQP__PASS_FILE")
            });
            variables.extend([(name, value), ("BEDS_ENV", "prod".to_owned())]);
        }
        blocking(move || Beds::new(&[command]).on(stack).env(&variables).run())
    };
    for command in ["check", "verify"] {
        let ended = run(command, None).await;
        assert!(ended.stdout.contains("catalog"), "{ended:?}");
        assert_silent(&all, command, &format!("{}{}", ended.stdout, ended.stderr));
    }
    for wrong in wrong_ones {
        for command in ["check", "node"] {
            let ended = run(command, Some(wrong.clone())).await;
            assert_ne!(ended.code, Some(0), "{ended:?}");
            assert_silent(&all, command, &format!("{}{}", ended.stdout, ended.stderr));
        }
    }

    // A node's whole life.
    let borrowed: Vec<(&'static str, String)> = variables.clone();
    let node = blocking(move || {
        let variables: Vec<_> = borrowed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        start_node(stack, &variables)
    })
    .await;
    assert!(node.log().contains("TRACE") || node.log().contains("DEBUG"), "{}", node.log_tail(5));
    let mut wire = Wire::connect(&stack.amqp_url()).await;
    let secret = &field.text;
    let bodies = [
        (
            "example.create",
            format!(r#"{{"data": {{"sku": "A-1", "title": "t", "price": "1.00", "supplier": "{secret}"}}}}"#),
        ),
        ("example.create", format!(r#"{{"data": {{"sku": 1, "supplier": ["{secret}"]}}}}"#)),
        ("example.create", format!(r#"{{"data": {{"sku": "A-2", "supplier": "{}"}}}}"#, secret.repeat(9))),
        ("example.create", format!(r#"{{"data": {{"supplier": "{secret}"#)),
        (
            "example.update",
            format!(r#"{{"key": "{}", "data": {{"supplier": {{"a": "{secret}"}}}}}}"#, uuid::Uuid::new_v4()),
        ),
        ("example.fetch", format!(r#"{{"where": {{"supplier": "{secret}"}}}}"#)),
    ];
    let with_session = |properties| {
        with_header(properties, header::SESSION, AMQPValue::LongString(session.text.clone().into()))
    };
    for (number, (key, body)) in bodies.iter().enumerate() {
        let properties = with_session(wire.properties(&format!("c{number}")));
        let reply = wire.request(key, body.as_bytes(), properties).await;
        // A caller who may write or read a record sees the secret in it.
        let shown: Vec<_> = all
            .iter()
            .copied()
            .filter(|canary| reply.json()["ok"] == false || canary.place != field.place)
            .collect();
        assert_silent(&shown, &format!("the reply to {body}"), &reply.json().to_string());
        // The same request without a `reply_to` becomes a dead letter if it is refused.
        let properties =
            with_session(lapin::BasicProperties::default().with_content_type("application/json".into()));
        assert!(wire.publish("beds", key, body.as_bytes(), properties).await.is_none());
    }
    let mut dead = consume(&wire.channel, DEAD).await;
    // The first record may be stored once more, or be a duplicate of its unique value.
    for _ in 1..bodies.len() {
        let letter = next(&mut dead).await;
        assert_silent(&all, "a dead letter", &format!("{:?}", letter.0.properties));
    }

    // The databases go away, and the node ends.
    blocking(move || {
        stack.mariadb().restart().unwrap();
        stack.rabbitmq().control(&["close_all_connections", "canary"]).unwrap();
    })
    .await;
    let (log, seen) = blocking(move || {
        eventually("it serves again", || node.is_ready());
        let pid = node.pid();
        let title = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        let mut seen = String::from_utf8_lossy(&title).into_owned();
        for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten() {
            seen += &fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        }
        node.terminate();
        node.await_end().unwrap();
        (node.log(), seen)
    })
    .await;
    assert_silent(&all, "the log", &log);
    assert_silent(&all, "the process", &seen);

    // A node that is killed while it starts.
    let killed = blocking(move || {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let node = spawn_node(stack, &variables);
        eventually("it begins", || !node.log().is_empty());
        node.kill();
        let log = node.log();
        drop(node);
        end_servers(stack);
        log
    })
    .await;
    assert_silent(&all, "the log", &killed);
}
