//! `beds ddl` against live databases: the difference only, and what it writes runs as it is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::{fs, path::Path};

use beds_devstack::{Ended, Stack, schema};
use common::{Beds, root, stack};
use serde_json::{Value, json};

const ORDERS: &str = r#"[template]
name = "order"
service = "app_server"
engine = "mongodb"
database = "orders"

[fields]
number = { type = "string", max = 20, key = true }
place = { type = "int", key = true }
name = { type = "string", max = 80 }

[objects]
read = { view = "v_order" }
create = { collection = "order" }
update = { collection = "order" }

[fetch]
filter = ["name"]
"#;

fn ddl(stack: &Stack, arguments: &[&str]) -> Ended {
    let orders = stack.mongodb_url();
    Beds::new(&[&["ddl"], arguments].concat()).on(stack).env(&[("BEDS__MONGODB__ORDERS__URL", &orders)]).run()
}

/// The commands of a script for `mongosh`, as the file that sets up the servers of tests takes them.
fn commands(script: &str) -> Value {
    let database = script.split_once("getSiblingDB(\"").unwrap().1.split_once('"').unwrap().0;
    let commands = script.split("db.runCommand(").skip(1).map(|part| {
        let end = part.find(");\n").unwrap();
        serde_json::from_str::<Value>(&part[..end]).unwrap_or_else(|error| panic!("{error}\n{part}"))
    });
    json!({ "database": database, "commands": commands.collect::<Vec<_>>() })
}

#[test]
fn only_the_difference_is_written_and_nothing_is_replaced() {
    let stack = stack();
    let templates = root().join("templates");
    let shipped = templates.to_str().unwrap();
    let whole = ddl(&stack, &["--engine", "mariadb", shipped]);
    assert_eq!((whole.code, whole.stdout.as_str()), (Some(0), ""), "{}", whole.stderr);
    assert!(whole.stderr.contains("nothing is missing"), "{}", whole.stderr);

    let sql = |text: &str| stack.mariadb_query(Some("catalog"), text).unwrap();
    sql(
        "alter table currency drop column name; drop procedure if exists sp_country_delete; drop view v_language",
    );
    sql("create or replace view v_country as select alpha_2 from country");
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("missing");
    let written = ddl(&stack, &["--engine", "mariadb", shipped]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    for part in [
        "alter table `currency`\n    add column if not exists `name`",
        "create procedure if not exists `sp_country_delete`",
        "create view if not exists `v_language`",
        "-- The view `v_country` lacks alpha_3",
    ] {
        assert!(written.stdout.contains(part), "{part}\n{}", written.stdout);
    }
    for never in ["drop ", "or replace", "create table", "`subdivision`"] {
        assert!(!written.stdout.to_lowercase().contains(never), "{never}\n{}", written.stdout);
    }
    let script = place.path().join("missing.sql");
    fs::write(&script, &written.stdout).unwrap();
    stack.mariadb_exec(None, &script).unwrap();
    let rest = ddl(&stack, &["--engine", "mariadb", shipped]);
    assert!(!rest.stdout.contains("create") && rest.stdout.contains("v_country"), "{}", rest.stdout);

    mongodb(&stack, place.path(), &out, shipped);
}

fn mongodb(stack: &Stack, place: &Path, out: &Path, shipped: &str) {
    let template = place.join("order_rec.toml");
    fs::write(&template, ORDERS).unwrap();
    let template = template.to_str().unwrap();
    // One stream is one engine's.
    let mixed = ddl(stack, &[template, shipped]);
    assert_eq!(mixed.code, Some(1), "{}", mixed.stdout);
    assert!(mixed.stderr.contains("--engine mariadb"), "{}", mixed.stderr);
    let written = ddl(stack, &[template, "--out", out.to_str().unwrap()]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let again = ddl(stack, &[template, "--out", out.to_str().unwrap()]);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);

    let folder = place.join("schema");
    fs::create_dir_all(folder.join("mongodb")).unwrap();
    fs::create_dir_all(folder.join("mariadb")).unwrap();
    let script = fs::read_to_string(out.join("mongodb.js")).unwrap();
    fs::write(folder.join("mongodb/10.json"), commands(&script).to_string()).unwrap();
    schema::apply(stack, &folder).unwrap();
    let rest = ddl(stack, &[template]);
    assert_eq!((rest.code, rest.stdout.as_str()), (Some(0), ""), "{}", rest.stderr);

    let unknown = ddl(stack, &["--engine", "oracle"]);
    assert!(unknown.stderr.contains("mariadb or mongodb"), "{}", unknown.stderr);
}
