//! From databases that were not made for BEDS to answers over AMQP. `beds import` writes the templates that are checked
//! in under `tests/foreign/`. They compile, `beds verify` finds nothing, and a node serves them.
//!
//! `BLESS=1 cargo test --test import` writes the templates anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;
mod odd;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use beds_client::{Client, Request};
use beds_devstack::{Ended, Stack, schema};
use common::{Beds, blocking, root};
use serde_json::{Value, json};

/// The databases of `tests/foreign/schema`, on separate servers.
fn foreign_stack() -> Stack {
    let stack = Stack::builder().ignore_environment().start().unwrap_or_else(|error| panic!("{error}"));
    schema::apply(&stack, &foreign("schema")).unwrap_or_else(|error| panic!("{error}"));
    stack
}

fn foreign(path: &str) -> PathBuf {
    root().join("tests/foreign").join(path)
}

fn import(arguments: &[&str]) -> Ended {
    Beds::new(&[&["import"], arguments].concat()).run()
}

/// The files of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    entries
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

/// Imports everything: the harbour with proposed procedures, the harbour unchanged under another prefix, the yard, and
/// the odd database under a prefix that its names have already. `more` is added to each command.
fn import_all(stack: &Stack, into: &Path, more: &[&str]) -> Vec<Ended> {
    let (harbour, yard) = (format!("{}/harbour", stack.mariadb_url()), stack.mongodb_url());
    let odd = format!("{}/odd", stack.mariadb_url());
    let templates = into.join("templates").display().to_string();
    let script = |name: &str| into.join(name).display().to_string();
    let (scripts, odd_scripts) = (script("procedures.sql"), script("odd_procedures.sql"));
    let import = |arguments: &[&str]| import(&[arguments, &["--out", &templates], more].concat());
    let runs = vec![
        import(&["--mariadb", &harbour, "--ddl", &scripts]),
        import(&["--mariadb", &harbour, "--name-prefix", "plain_"]),
        import(&["--mongodb", &yard, "--database", "yard", "--name-prefix", "yard_"]),
        import(&["--mariadb", &odd, "--name-prefix", "odd_", "--ddl", &odd_scripts]),
    ];
    for run in &runs {
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    runs
}

/// Compares the written templates with the checked-in ones, or replaces these.
fn compare(written: &Path) {
    let is_blessing = std::env::var_os("BLESS").is_some();
    let mut found = files(&written.join("templates"));
    for script in ["procedures.sql", "odd_procedures.sql"] {
        found.insert(script.into(), fs::read_to_string(written.join(script)).unwrap());
    }
    if is_blessing {
        let _ = fs::remove_dir_all(foreign("templates"));
        fs::create_dir_all(foreign("templates")).unwrap();
        for (name, text) in &found {
            fs::write(foreign("templates").join(name), text).unwrap();
        }
    }
    let expected = files(&foreign("templates"));
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "`BLESS=1 cargo test --test import` accepts what is written");
    for (name, text) in &found {
        assert_eq!(
            text, &expected[name],
            "{name}: `BLESS=1 cargo test --test import` accepts what is written"
        );
    }
}

/// Builds the node of the checked-in templates, and the compiler's program, into the folder of the tested binary.
fn build() -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_BIN_EXE_beds")).parent().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args([
        "build",
        "--quiet",
        "--offline",
        "-p",
        "beds-foreign",
        "-p",
        "beds-codegen",
        "--bins",
    ]);
    command.arg("--target-dir").arg(folder.parent().unwrap());
    if folder.ends_with("release") {
        command.arg("--release");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (folder.join("bedsc"), folder.join("beds-foreign"))
}

/// The foreign node's program with these arguments, on a stack, with a database user of this name.
fn node(program: &Path, stack: &Stack, user: &str, arguments: &[&str]) -> Beds {
    let url = |name: &str| format!("{}/{name}", stack.mariadb_url().replace("root@", &format!("{user}@")));
    let (harbour, odd) = (url("harbour"), url("odd"));
    let variables = [
        ("BEDS_ENV", "prod"),
        ("BEDS__ACCESS__DEFAULT", "open"),
        ("BEDS__MARIADB__HARBOUR__URL", &harbour),
        ("BEDS__MARIADB__ODD__URL", &odd),
    ];
    Beds::program(program, arguments).on(stack).env(&variables)
}

async fn ask(client: &Client, key: &str, body: Value) -> Value {
    let reply = client.execute_raw(Request::raw(key, body.to_string())).await.unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

/// Sends a request, and returns the data of the answer, which must be ok.
async fn ok(client: &Client, key: &str, body: Value) -> Value {
    let reply = ask(client, key, body).await;
    assert_eq!(reply["ok"], json!(true), "{key}: {reply:#}");
    reply["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_databases_answer_over_amqp() {
    let stack = blocking(foreign_stack).await;
    let folder = tempfile::tempdir().unwrap();
    let runs = import_all(&stack, folder.path(), &[]);
    said(&runs);
    compare(folder.path());
    refused(&stack, folder.path());

    let (bedsc, program) = blocking(build).await;
    let check = Command::new(&bedsc)
        .args(["check", "--deny", "warnings"])
        .arg(folder.path().join("templates"))
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));

    let layout =
        Command::new(&bedsc).args(["fmt", "--check"]).arg(folder.path().join("templates")).output().unwrap();
    assert!(layout.status.success(), "{}", String::from_utf8_lossy(&layout.stdout));

    // Until the DBA has run the script, verify reports what is missing.
    let before = node(&program, &stack, "root", &["verify"]).run();
    assert_eq!(before.code, Some(1), "{before:?}");
    let missing = "there is no procedure `sp_vessel_create` in the database `harbour`";
    assert!(before.stdout.contains(missing), "{before:?}");

    again(&stack, folder.path());
    let grants = "create user node; grant select, execute on harbour.* to node; grant select, execute on odd.* to node; \
        grant insert, update, delete on harbour.beds_ledger to node; grant insert, update, delete on odd.beds_ledger to node";
    stack.mariadb_query(None, grants).unwrap();
    // A call's procedure that silently changes values causes a warning, until it is made again.
    let found = node(&program, &stack, "root", &["verify"]).run();
    let loose = "`loose_create` was made in an SQL mode that is not strict";
    assert!(found.code == Some(0) && found.stdout.contains(loose), "{found:?}");
    stack.mariadb_query(Some("odd"), LOOSE_MENDED).unwrap();
    let verified = node(&program, &stack, "node", &["verify", "--format", "json"]).run();
    let report: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!(
        (verified.code, &report["errors"], &report["unchecked"]),
        (Some(0), &json!(0), &json!([])),
        "{verified:?}"
    );
    assert_eq!(report["warnings"], json!(0), "{verified:?}");

    let (proposing, empty) = (bedsc.clone(), program.clone());
    blocking(move || proposed(&proposing, &empty)).await;

    let node = self::node(&program, &stack, "node", &[]).start();
    assert!(node.log().contains("templates verified: 103"), "{}", node.log());
    let client = Client::builder(stack.amqp_url()).timeout(common::PATIENCE).connect().await.unwrap();
    reads(&client).await;
    calls(&client).await;
    writes(&client).await;
    documents(&client).await;
    notes(&client).await;
    odd::no_neighbour_is_touched(&client).await;
    odd::values(&client).await;
    odd::years(&client).await;
    client.close().await;
    drop(node);
    blocking(move || odd::drift(&stack, &program)).await;
}

/// On an empty server, what `bedsc ddl` proposes for imported templates contradicts none of them.
fn proposed(bedsc: &Path, program: &Path) {
    let stack = Stack::builder().ignore_environment().start().unwrap();
    // Templates with these prefixes show the same tables and declare less of them, or are of MongoDB.
    let is_other = |name: &str| name.starts_with("plain_") || name.starts_with("yard_");
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files(&foreign("templates")).iter().filter(|(name, _)| !is_other(name)) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    stack
        .mariadb_query(None, "create database harbour charset utf8mb4; create database odd charset utf8mb4")
        .unwrap();
    for more in [&[][..], &["--ledger"]] {
        let ddl = Command::new(bedsc)
            .args(["ddl", "--engine", "mariadb"])
            .args(more)
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(ddl.status.success(), "{}", String::from_utf8_lossy(&ddl.stderr));
        let script = folder.path().join("mariadb.sql");
        fs::write(&script, &ddl.stdout).unwrap();
        stack.mariadb_exec(None, &script).unwrap();
    }
    let verified = node(program, &stack, "root", &["verify", "--format", "json"]).run();
    let report: Value = serde_json::from_str(&verified.stdout).unwrap();
    let is_ours = |finding: &&Value| finding["template"].as_str().is_some_and(|name| !is_other(name));
    let findings: Vec<&Value> = report["findings"].as_array().unwrap().iter().filter(is_ours).collect();
    assert!(findings.is_empty(), "{findings:#?}");
}

/// A procedure of the odd schema, made in a strict mode.
const LOOSE_MENDED: &str = "set session sql_mode = 'STRICT_TRANS_TABLES'; \
    create or replace procedure loose_create(p_id int, p_v varchar(10)) modifies sql data \
    insert into loose (id, v) values (p_id, p_v)";

/// With the proposed procedures in place, another import writes the same files and proposes nothing: it recognizes the
/// procedures.
fn again(stack: &Stack, folder: &Path) {
    let before = files(&folder.join("templates"));
    for (database, script) in [("harbour", "procedures.sql"), ("odd", "odd_procedures.sql")] {
        stack.mariadb_exec(Some(database), &folder.join(script)).unwrap();
    }
    // The script replaces no existing procedure.
    let refused =
        stack.mariadb_exec(Some("harbour"), &folder.join("procedures.sql")).unwrap_err().to_string();
    assert!(refused.contains("ERROR 1304"), "{refused}");
    let runs = import_all(stack, folder, &["--force"]);
    for run in [&runs[0], &runs[3]] {
        assert!(
            run.stderr.contains("every table has its procedures, and there is a ledger: no script is needed"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("(proposed)"), "{}", run.stderr);
    }
    let after = files(&folder.join("templates"));
    // The harbour now has its procedures even without `--ddl`, and so the templates with that prefix have them.
    for (name, text) in before.iter().filter(|(name, _)| !name.starts_with("plain_")) {
        assert_eq!(after.get(name), Some(text), "{name}");
    }
}

/// The importer's output: counts, and every single thing that no template can express.
fn said(runs: &[Ended]) {
    let [with_ddl, plain, yard, odd] = runs else { panic!("four imports") };
    for part in [
        "18 tables, 6 views, 10 calls; 18 with create, update or delete",
        "view `v_broken`: nobody can read it: View 'harbour.v_broken' references invalid table(s)",
        "vessel_rec.toml: table `Vessel`: fetch, create by `sp_vessel_create` (proposed)",
        "call `add_tariff` (write): not the create of `tariffs`, since it sets `valid_to` to something else than a parameter",
        "call `sp_container_create` (write): not the create of `container`, since it does more than one plain statement",
        "null to clients: dates of zero in `issued_on`, `due_on`",
        "null to clients: times below zero or beyond a day in `from`, `until`",
        "`seq_document`: a sequence has no counterpart",
        "vessel_rec.toml: column `Position`: the type `point`",
        "weather_station_rec.toml: column `location`: the type `geometry`",
        "weather_station_rec.toml: procedure `sp_nearest_station`: its parameter `p_at`",
        "weather_station_rec.toml: create: it would need a value for the column `location`",
    ] {
        assert!(with_ddl.stderr.contains(part), "{part}\n{}", with_ddl.stderr);
    }
    assert!(plain.stderr.contains("2 with create, update or delete"), "{}", plain.stderr);
    assert!(
        yard.stderr.contains("collection `empty`: it has no documents and no validator"),
        "{}",
        yard.stderr
    );
    // One broken view does not stop the others.
    let fails = "view `shares`: nobody can read it: ";
    assert!(yard.stderr.contains(fails), "{}", yard.stderr);
    assert!(yard.stderr.contains("column `vessel.imo`: a name with `.` or `$`"), "{}", yard.stderr);
    odd::said(&odd.stderr);
}

/// Commands that the importer refuses, each with its own message and exit code.
fn refused(stack: &Stack, folder: &Path) {
    let url = stack.mariadb_url();
    let templates = folder.join("templates").display().to_string();
    let elsewhere = folder.join("elsewhere").display().to_string();
    let harbour = format!("{url}/harbour");
    let cases: [(&[&str], i32, &str); 7] = [
        (&["--mariadb", &harbour, "--out", &templates], 1, "files exist already"),
        (&["--mariadb", &format!("{url}/harbor"), "--out", &elsewhere], 2, "Unknown database 'harbor'"),
        (
            &["--mariadb", &url, "--out", &elsewhere],
            2,
            "add one of these to it, as in mysql://…/Odd: Odd, harbour, odd, odd_archive",
        ),
        (&["--mariadb", "mysql://root@127.0.0.1:1/x", "--out", &elsewhere], 2, "check that the server runs"),
        (
            &["--mariadb", "postgres://localhost/x", "--out", &elsewhere],
            2,
            "`postgres://` is not a scheme of MariaDB",
        ),
        (
            &["--mariadb", &harbour, "--only", "nothing*", "--out", &elsewhere],
            1,
            "that --only and --exclude allow",
        ),
        (&["--mariadb", &harbour, "--service", "web", "--out", &elsewhere], 2, "unknown service `web`"),
    ];
    for (arguments, code, part) in cases {
        let ended = import(arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}\n{}", ended.stderr);
        assert!(ended.stderr.contains(part), "{arguments:?}\n{}", ended.stderr);
    }
    let odd = format!("{url}/odd");
    let only = |pattern: &str| {
        import(&[
            "--mariadb",
            &odd,
            "--only",
            pattern,
            "--exclude",
            "*_text",
            "--out",
            &elsewhere,
            "--dry-run",
        ])
    };
    let film = only("film*");
    assert!(
        film.stdout.contains("procedure   = \"film_count\"") && !film.stdout.contains("film_text"),
        "{}",
        film.stdout
    );
    let one = only("orders");
    assert!(one.stdout.contains("table = \"orders\"") && !one.stdout.contains("Orders"), "{}", one.stdout);
    let none = only("FILM");
    assert!(none.code == Some(1) && none.stderr.contains("--only 'FILM' matches nothing"), "{}", none.stderr);
    stack.mariadb_query(None, "create user looks; grant select on odd.* to looks").unwrap();
    let looks = odd.replace("root@", "looks@");
    let hidden = import(&["--mariadb", &looks, "--only", "ticket", "--out", &elsewhere, "--dry-run"]);
    assert!(hidden.stderr.contains("routines: `looks@%` may not see those"), "{}", hidden.stderr);
    let dry = import(&["--mariadb", &harbour, "--only", "Vess*", "--out", &elsewhere, "--dry-run"]);
    assert!(
        dry.stdout.contains("name        = \"vessel\"") && !dry.stdout.contains("tariffs"),
        "{}",
        dry.stdout
    );
    assert!(!Path::new(&elsewhere).exists(), "nothing was written");
}

async fn reads(client: &Client) {
    let vessel = ok(client, "vessel.fetch", json!({"key": 1})).await;
    assert_eq!(vessel["name"], "Ærø Fjord");
    assert_eq!(vessel["length_over_all"], "88.50");
    assert_eq!(
        (&vessel["built_in"], &vessel["is_laid_up"], &vessel["gear"]),
        (&json!(1994), &json!(false), &json!("ramp"))
    );
    let danes = ok(client, "vessel.fetch", json!({"where": {"flag": "DK"}, "sort": ["imo_number"]})).await;
    assert_eq!(danes[0]["imo_number"], "9074729");
    let berth = ok(client, "berth_place.fetch", json!({"key": {"quay": "N", "no": 2}})).await;
    assert_eq!((&berth["groesse"], &berth["depth_m"]), (&json!(90), &json!("16.0")));
    let cargo = ok(client, "cargo_manifest.fetch", json!({"key": {"call_id": 2, "line": 1}})).await;
    assert_eq!((&cargo["attributes"]["teu"], &cargo["seal"]), (&json!(900), &json!("AP8Q")));
    let active = ok(client, "v_active_vessels.fetch", json!({"where": {"imo": "9778806"}})).await;
    assert_eq!(active[0]["name"], "Nordkapp");
    let per_year = ok(client, "tonnage_per_year.fetch", json!({"where": {"type_code": "CRUDE"}})).await;
    assert_eq!(per_year[0]["tonnes"], "61000.000");
    let board = ok(client, "v_port_board.count", json!({})).await;
    assert_eq!(board, Value::Null);
    let gate = ok(client, "gate_log.fetch", json!({"where": {"container": "MSKU1234565"}})).await;
    assert_eq!(gate[0]["ts"], "2026-03-02T14:00:01.25Z");
    let types = ok(client, "cargo_type.fetch", json!({"key": "CRUDE"})).await;
    assert_eq!((&types["hazardous"], &types["flags"]), (&json!(true), &json!(5)));
    let staff = ok(client, "staff.fetch", json!({"key": 1})).await;
    assert_eq!((&staff["ip"], &staff["active"]), (&json!("2001:db8::1"), &json!(true)));
    let tide =
        ok(client, "tide_level.fetch", json!({"key": {"station": 7, "at": "2026-03-02T06:00:00Z"}})).await;
    assert_eq!(tide["level_cm"], 51);
    for template in [
        "admin_data",
        "binary_keys",
        "container",
        "gate_today",
        "invoice",
        "invoice_line",
        "open_invoices",
        "port_calls",
        "shift",
        "staff_directory",
        "tariffs",
        "tbl_customers",
        "weather_station",
        "wp_options",
    ] {
        ok(client, &format!("{template}.fetch"), json!({})).await;
        // With a prefix, `admin` is no longer the name of a service.
        let plain = template.replace("admin_data", "admin");
        ok(client, &format!("plain_{plain}.fetch"), json!({})).await;
    }
}

async fn calls(client: &Client) {
    let reply = ask(client, "port_calls.call.port_call_summary", json!({"args": {"call": 2}})).await;
    assert_eq!(reply["out"], json!({"lines": 2, "tonnes": "20500.250"}), "{reply:#}");
    assert_eq!(reply["sets"][0][0]["status"], "moored", "{reply:#}");
    assert_eq!(reply["sets"][1].as_array().unwrap().len(), 2, "{reply:#}");
    assert_eq!(
        ok(client, "cargo_manifest.call.tonnes_of_call", json!({"args": {"call": 3}})).await,
        "61000.000"
    );
    assert_eq!(
        ok(client, "harbour_calls.call.season_of", json!({"args": {"d": "2026-08-01"}})).await,
        "summer"
    );
    assert_eq!(
        ok(client, "harbour_calls.call.vat_check", json!({"args": {"number": "DK12345678"}})).await,
        true
    );
    let found = ask(client, "vessel.call.find_vessels", json!({"args": {"class": "ferry"}})).await;
    assert_eq!(found["sets"][0][0]["Name"], "Ærø Fjord", "{found:#}");
    for (now, then, any) in [(55, 200, true), (255, 0, false)] {
        let lights = ask(client, "harbour_calls.call.switch_lights", json!({"args": {"now": now}})).await;
        assert_eq!(lights["out"], json!({"then": then, "any": any}), "{lights:#}");
    }
    let next = ask(client, "harbour_calls.call.next_document", json!({})).await;
    assert_eq!(next["out"]["no"], 1000, "{next:#}");
    let args = json!({"container_no": "ABCU1234560", "iso_type": "22G1", "owner": "A"});
    let printed = ask(client, "container.call.container_create", json!({"args": args})).await;
    assert_eq!(printed["out"]["printed"], "ABCU 123456-0", "{printed:#}");
    let args = json!({"call": 2, "atd": "2026-03-04T10:00:00Z"});
    let closed = ask(client, "port_calls.call.close_port_call", json!({"args": args})).await;
    assert_eq!(closed["out"]["status"], "left", "{closed:#}");
    let call = ok(client, "port_calls.fetch", json!({"key": 2})).await;
    assert_eq!((&call["stay_hours"], &call["lock_version"]), (&json!(45), &json!(2)));
}

async fn writes(client: &Client) {
    // Existing procedures.
    let new = json!({"customer_no": "K-300", "company_name": "Trois Frères", "credit_limit": "10.50"});
    ok(client, "tbl_customers.create", json!({"data": new})).await;
    ok(client, "tbl_customers.update", json!({"key": "K-300", "data": {"email": "a@b.example"}})).await;
    let customer = ok(client, "tbl_customers.fetch", json!({"key": "K-300"})).await;
    assert_eq!((&customer["email"], &customer["blocked"]), (&json!("a@b.example"), &json!("N")));
    ok(client, "tbl_customers.delete", json!({"key": "K-300"})).await;
    assert_eq!(
        ask(client, "tbl_customers.fetch", json!({"key": "K-300"})).await["error"]["code"],
        "not_found"
    );
    let hired = json!({"first_name": "Ada", "last_name": "Holm", "hired": "2026-01-01", "username": "aholm"});
    assert_eq!(ok(client, "staff.create", json!({"data": hired})).await["staff_no"], 3);
    // Proposed procedures.
    let vessel = json!({"imo_number": "1234567", "name": "Åse Bjørn", "flag": "PL", "draught": 3.25, "gear": "crane,ramp"});
    let id = ok(client, "vessel.create", json!({"data": vessel})).await["vessel_id"].clone();
    let vessel = ok(client, "vessel.fetch", json!({"key": id})).await;
    assert_eq!((&vessel["class"], &vessel["gear"]), (&json!("bulk"), &json!("crane,ramp")), "{vessel}");
    // The column is latin1: other characters are refused, not changed.
    let foreign =
        ask(client, "vessel.create", json!({"data": {"imo_number": "1234568", "name": "Świt"}})).await;
    assert_eq!(foreign["ok"], false, "{foreign}");
    let twice = ask(client, "vessel.create", json!({"data": {"imo_number": "1234567", "name": "b"}})).await;
    assert_eq!(twice["error"]["code"], "conflict", "{twice}");
    let call = json!({"vessel_id": id, "eta": "2026-05-01T00:00:00Z", "pilot_minutes": "00:20:00"});
    let call = ok(client, "port_calls.create", json!({"data": call})).await["id"].clone();
    let change = |version: i64| json!({"key": call, "data": {"remarks": "fog"}, "if_version": version});
    assert_eq!(ok(client, "port_calls.update", change(1)).await["lock_version"], 2);
    let late = ask(client, "port_calls.update", change(1)).await;
    assert_eq!(late["error"]["code"], "version_mismatch", "{late}");
    ok(client, "port_calls.delete", json!({"key": call, "if_version": 2})).await;
    let berth = json!({"quay": "W", "no": 9, "depth_m": "3.5", "order": -1});
    ok(client, "berth_place.create", json!({"data": berth})).await;
    // A station needs a place, which no template can express. So no domain offers to create one.
    let none = client.execute_raw(Request::raw("weather_station.create", r#"{"data": {}}"#)).await;
    assert!(none.is_err(), "{none:?}");
}

async fn documents(client: &Client) {
    let part = ok(client, "yard_parts.fetch", json!({"where": {"part_no": "E-100"}})).await[0].clone();
    assert_eq!(
        (&part["id"], &part["price"]),
        (&json!("64b7f0a1c2d3e4f5a6b7c8d9"), &json!("1290.50")),
        "{part}"
    );
    assert_eq!(ok(client, "yard_parts.fetch", json!({"key": part["id"]})).await["stock"], 4);
    let new = json!({"part_no": "N-1", "stock": 5, "kind": "deck", "dimensions": {"l": 1.5, "unit": "m"}});
    ok(client, "yard_parts.create", json!({"data": new})).await;
    let twice =
        ask(client, "yard_parts.create", json!({"data": {"part_no": "N-1", "stock": 5, "kind": "deck"}}))
            .await;
    assert_eq!(twice["error"]["code"], "conflict", "{twice}");
    ok(client, "yard_parts.update", json!({"key": part["id"], "data": {"stock": 3}})).await;
    assert_eq!(ok(client, "yard_work_orders.fetch", json!({})).await.as_array().unwrap().len(), 2);
    assert_eq!(ok(client, "yard_open_orders.fetch", json!({})).await[0]["no"], 2);
    let log = ok(client, "yard_log_book.fetch", json!({"key": "2026-03-03"})).await;
    assert_eq!(log["wind"], "variable");
    assert!(ok(client, "yard_parts_per_kind.fetch", json!({})).await.is_array());
}

/// The notes in replies besides the data: that records are missing and there is no next page, and that a write may be
/// done twice.
async fn notes(client: &Client) {
    let whole = ask(client, "gate_log.fetch", json!({})).await;
    assert!(whole["data"].as_array().unwrap().len() > 1, "{whole:#}");
    assert_eq!((&whole["note"], &whole["next"]), (&Value::Null, &Value::Null), "all are there: {whole:#}");
    let cut = ask(client, "gate_log.fetch", json!({"limit": 1})).await;
    assert_eq!((cut["data"].as_array().unwrap().len(), &cut["next"]), (1, &Value::Null), "{cut:#}");
    assert!(cut["note"].as_str().is_some_and(|note| note.contains("more records")), "{cut:#}");
    // With a key there is a next page instead.
    let page = ask(client, "vessel.fetch", json!({"limit": 1})).await;
    assert!(page["next"].is_string() && page["note"].is_null(), "{page:#}");
    let args = json!({"args": {"call": 1, "atd": "2026-03-05T10:00:00Z"}});
    let closed = ask(client, "port_calls.call.close_port_call", args).await;
    assert!(closed["note"].as_str().is_some_and(|note| note.contains("at least once")), "{closed:#}");
    let summary = ask(client, "port_calls.call.port_call_summary", json!({"args": {"call": 2}})).await;
    assert_eq!(summary["note"], Value::Null, "{summary:#}");
}
