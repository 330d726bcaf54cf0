//! `beds ddl` against live databases: it writes only the difference, and its output runs unchanged.

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
code = { type = "string", max = 80, unique = true }

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

/// Runs a written script for MariaDB.
fn run(stack: &Stack, written: &Ended) {
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("script.sql");
    fs::write(&script, &written.stdout).unwrap();
    stack.mariadb_exec(None, &script).unwrap();
}

/// The commands of a script for `mongosh`, in the format of the files that set up the test servers.
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
    run(&stack, &written);
    let rest = ddl(&stack, &["--engine", "mariadb", shipped]);
    assert!(!rest.stdout.contains("create") && rest.stdout.contains("v_country"), "{}", rest.stdout);

    mongodb(&stack, place.path(), &out, shipped);
}

fn mongodb(stack: &Stack, place: &Path, out: &Path, shipped: &str) {
    let template = place.join("order_rec.toml");
    fs::write(&template, ORDERS).unwrap();
    let template = template.to_str().unwrap();
    // One output is for one engine.
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

/// A parameter compares like its column. A fault that no statement mends is reported. A dropped table comes back.
#[test]
fn parameters_have_the_collation_of_their_columns() {
    let stack = stack();
    let templates = root().join("templates");
    let shipped = templates.to_str().unwrap();
    let sql = |text: &str| stack.mariadb_query(Some("catalog"), text).unwrap();
    sql(
        "create table tag (name varchar(40) character set latin1 collate latin1_bin primary key, note varchar(80))",
    );
    let place = tempfile::tempdir().unwrap();
    let template = place.path().join("tag_rec.toml");
    fs::write(&template, TAGS).unwrap();
    let written = ddl(&stack, &[template.to_str().unwrap()]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    for part in
        ["in `p_name` varchar(40) character set latin1 collate latin1_bin", "in `p_note` varchar(80))"]
    {
        assert!(written.stdout.contains(part), "{part}\n{}", written.stdout);
    }
    run(&stack, &written);
    sql("call sp_tag_create('a', 'x')");
    sql("call sp_tag_create('A', 'y')");
    sql("call sp_tag_delete('A')");
    assert_eq!(sql("select name from tag").trim(), "a");
    let rest = ddl(&stack, &["--engine", "mariadb", shipped, template.to_str().unwrap()]);
    assert_eq!((rest.code, rest.stdout.as_str()), (Some(0), ""), "{}", rest.stderr);
}

const TAGS: &str = r#"[template]
name = "tag"
service = "app_server"
engine = "mariadb"
database = "catalog"

[fields]
name = { type = "string", max = 40, key = true }
note = { type = "string", max = 80 }

[objects]
read = { table = "tag" }
create = { procedure = "sp_tag_create", args = ["name", "note"] }
delete = { procedure = "sp_tag_delete", args = ["name"] }
"#;

/// A key that the server makes without counting is returned by the statement that made it.
#[test]
fn a_uuid_that_the_database_makes_is_given_back() {
    let stack = stack();
    let place = tempfile::tempdir().unwrap();
    let template = place.path().join("parcel_rec.toml");
    fs::write(&template, PARCELS).unwrap();
    let template = template.to_str().unwrap();
    let written = ddl(&stack, &[template]);
    assert!(written.stdout.contains("default uuid()"), "{}", written.stdout);
    run(&stack, &written);
    let sql = |text: &str| stack.mariadb_query(Some("catalog"), text).unwrap();
    let given = sql("call sp_parcel_create('new', 'x')");
    assert_eq!(sql("select id, note from parcel"), given);
    assert!(given.ends_with("\tx\n"), "{given}");
    let rest = ddl(&stack, &[template]);
    assert_eq!((rest.code, rest.stdout.as_str()), (Some(0), ""), "{}", rest.stderr);
}

const PARCELS: &str = r#"[template]
name = "parcel"
service = "app_server"
engine = "mariadb"
database = "catalog"

[fields]
id = { type = "uuid", key = true, generated = "database" }
state = { type = "string", max = 10, default = "new" }
note = { type = "string", max = 80 }

[objects]
read = { table = "parcel" }
create = { procedure = "sp_parcel_create", args = ["state", "note"], returns = ["id", "note"] }
"#;

/// The node's own collections, not as the node needs them.
#[test]
fn own_collections_become_what_the_node_needs() {
    let stack = stack();
    let templates = root().join("templates");
    let shipped = ["--engine", "mongodb", templates.to_str().unwrap()];
    let apply = |commands: &Value| {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("mongodb")).unwrap();
        fs::write(place.path().join("mongodb/10.json"), commands.to_string()).unwrap();
        schema::apply(&stack, place.path()).unwrap();
    };
    apply(&json!({ "database": "journal", "commands": [
        { "dropIndexes": "beds_ledger", "index": "at_1" },
        { "createIndexes": "beds_ledger", "indexes": [{ "name": "at_1", "key": { "at": 1 }, "expireAfterSeconds": 60 }] },
        { "dropIndexes": "beds_events", "index": "subject_1" },
        { "createIndexes": "beds_events", "indexes": [{ "name": "body_1", "key": { "body": 1 }, "unique": true }] },
        { "collMod": "beds_events", "validator": { "$jsonSchema": {
            "required": ["_id", "traceparent"], "properties": { "seq": { "bsonType": "string" } } } } },
    ] }));
    let verify = || {
        let ended = Beds::new(&["verify", "--format", "json", "--template", "note"]).on(&stack).run();
        (ended.code, ended.stdout)
    };
    let (code, told) = verify();
    assert_eq!(code, Some(1), "{told}");
    for part in [
        "its index `at_1` deletes documents by their age",
        "it has no index on `at`",
        "its unique index `body_1` refuses documents",
        "it has no index on `subject`",
        "its validator accepts `seq` only as `string`",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let written = ddl(&stack, &shipped);
    apply(&commands(&written.stdout));
    let (code, told) = verify();
    assert_eq!(code, Some(0), "{told}\n{}", written.stdout);
    assert_eq!(ddl(&stack, &shipped).stdout, "");
}
