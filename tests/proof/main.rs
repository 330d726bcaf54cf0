//! From a model to a database: `beds design` proves on scratch servers, a DBA signs, and the signed proposal runs in
//! another database, or is refused. A proof builds a node, so this takes as long as a build.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod carried;
#[path = "../common/mod.rs"]
mod common;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread::{self, JoinHandle},
};

use beds_devstack::Stack;
use common::root;
use serde_json::json;
use tempfile::TempDir;

/// The working folder of a DBA: a configuration, models, proposals.
struct Site(TempDir);

impl Site {
    fn new(config: &str) -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::create_dir(site.path("config")).unwrap();
        let key = site.run(&["keygen", "ada.pem"]);
        let key = String::from_utf8(key.stdout).unwrap().replace("NAME", "ada");
        fs::write(site.path("config/beds.toml"), format!("[design]\n{config}\n{key}")).unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beds"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BEDS_")) {
            command.env_remove(name);
        }
        command.env("CARGO", env!("CARGO")).current_dir(self.0.path()).arg("design").args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).stdin(Stdio::null()).output().unwrap()
    }

    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}");
        String::from_utf8(output.stdout).unwrap() + &said
    }

    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// A changed model of the tests.
    fn model(&self, name: &str, change: impl Fn(String) -> String) {
        let text = fs::read_to_string(root().join("crates/design/tests/models").join(name)).unwrap();
        fs::write(self.path(name), change(text)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(drop).unwrap() }
    }
}

const APPROVE: [&str; 4] = ["--key", "ada.pem", "--as", "ada"];

#[test]
fn what_is_proved_and_signed_runs_in_a_database_and_nothing_else_does() {
    let stack =
        Stack::builder().mariadb().ignore_environment().start().unwrap_or_else(|error| panic!("{error}"));
    let ask = |sql: &str| stack.mariadb_query(None, sql).unwrap();
    let site = Site::new("");
    site.model("library.json", |text| text);
    site.done(&["new", "--model", "library.json"]);
    let url = format!("{}/library", stack.mariadb_url());
    let apply = |folder: &str, more: &[&str]| site.run(&[&["apply", folder, "--url", &url], more].concat());
    let why = |folder: &str| String::from_utf8(apply(folder, &["--yes"]).stderr).unwrap();
    // Without a signature nothing runs, and without proofs nothing is signed.
    assert!(why("proposals/library").contains("nobody has approved it"));
    let said = site.done(&["prove", "proposals/library", "--records", "20000"]);
    for gate in ["objects", "verify", "grants", "conformance", "plans"] {
        assert!(said.contains(&format!("passed  {gate}: ")), "{gate}: {said}");
    }
    let report = fs::read_to_string(site.path("proposals/library/report.html")).unwrap();
    assert!(
        report.contains("loan.call.give_back: ") && report.contains("by the index isbn"),
        "the page has the proofs"
    );
    site.done(&[&["approve", "proposals/library"], &APPROVE[..]].concat());
    assert!(site.refused(&["prove", "proposals/library"]).contains("it is approved"));
    // One changed byte, in any part.
    for file in ["objects/mariadb.sql", "model.json", "proofs/plans.txt", "approval.toml"] {
        copy(&site.path("proposals/library"), &site.path("changed"));
        let path = site.path("changed").join(file);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        let said = why("changed");
        assert!(
            said.contains("was changed") || said.contains("signature") || said.contains("approv"),
            "{file}: {said}"
        );
        fs::remove_dir_all(site.path("changed")).unwrap();
    }
    // The key of another person with the same name.
    site.done(&["keygen", "eve.pem"]);
    let config = fs::read_to_string(site.path("config/beds.toml")).unwrap();
    let eve = String::from_utf8(site.run(&["keygen", "other.pem"]).stdout).unwrap();
    fs::write(site.path("config/beds.toml"), format!("[design]\n{}", eve.replace("NAME", "ada"))).unwrap();
    assert!(why("proposals/library").contains("the signature was not made by `ada`"));
    fs::write(site.path("config/beds.toml"), config).unwrap();
    // A missing database, and one that has changed meanwhile.
    assert!(why("proposals/library").contains("Unknown database"));
    ask("create database library character set latin1");
    let said = why("proposals/library");
    assert!(
        said.contains("the database has the character set latin1") && !said.contains("a proposal"),
        "{said}"
    );
    ask("alter database library character set utf8mb4");
    ask("create view library.v_book as select 1 as one");
    let said = why("proposals/library");
    assert!(said.contains("is not what the proofs began with: view v_book is there"), "{said}");
    assert_eq!(ask("select count(*) from information_schema.tables where table_schema = 'library'"), "1\n");
    ask("drop view library.v_book");
    // A user without all the rights learns which objects exist by now.
    ask("create user dba@'%' identified by 'secret'");
    ask("grant select, insert, create, create view on library.* to dba@'%'");
    let narrow = url.replace("root@", "dba:secret@");
    let said = site.refused(&["apply", "proposals/library", "--url", &narrow, "--yes"]);
    assert!(said.contains("it stopped at procedure sp_book_create"), "{said}");
    assert!(said.contains("done: table beds_audit, table book, view v_book\n"), "{said}");
    assert!(!said.contains("secret"), "{said}");
    let told = ask("select operation from library.beds_audit order by id");
    assert_eq!(told, "design.apply\ndesign.apply\ndesign.apply\ndesign.stop\n");
    ask("drop database library; create database library");
    // Only the audit table may exist, if it is as it must be.
    ask("create table library.beds_audit (id int)");
    assert!(why("proposals/library").contains("table beds_audit is there, and"));
    ask("drop table library.beds_audit");
    // A dry run shows what would run, and without a confirmation nothing runs.
    let shown = apply("proposals/library", &["--dry-run"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("procedure sp_loan_give_back") && shown.contains("nothing was run"), "{shown}");
    let said = site.refused(&["apply", "proposals/library", "--url", &url]);
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(ask("select count(*) from information_schema.tables where table_schema = 'library'"), "0\n");
    let applied = apply("proposals/library", &["--yes"]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    assert_eq!(
        ask("select count(*) from information_schema.routines where routine_schema = 'library'"),
        "11\n"
    );
    let told = ask(
        "select count(*), max(user), max(template), sum(operation = 'design.applied') from library.beds_audit",
    );
    assert_eq!(told, "23\tada\tlibrary\t1\n");
    assert!(why("proposals/library").contains("is not what the proofs began with"));
}

#[test]
fn documents_go_the_same_way() {
    let stack =
        Stack::builder().mongodb().ignore_environment().start().unwrap_or_else(|error| panic!("{error}"));
    let site = Site::new("");
    site.model("sensors.json", |text| text);
    // The second station has an unknown kind.
    fs::write(site.path("stations.csv"), "Code,Kind,Height\nN1,wind,3\nN2,snow,4\n").unwrap();
    fs::write(
        site.path("reading.ndjson"),
        "{\"station\": \"N1\", \"at\": \"2026-01-01 10:00:00\", \"value\": 1.5}\n",
    )
    .unwrap();
    let samples = ["--samples", "stations.csv", "--samples", "reading.ndjson"];
    site.done(&[&["new", "--model", "sensors.json"], &samples[..]].concat());
    // A proposal with samples cannot be signed before their result is known.
    site.done(&["prove", "proposals/sensors", "--records", "1000"]);
    let said = site.refused(&[&["approve", "proposals/sensors"], &APPROVE[..]].concat());
    assert!(said.contains("it is not proved: samples"), "{said}");
    fs::write(site.path("other.csv"), "a\n1\n").unwrap();
    assert!(
        site.refused(&["prove", "proposals/sensors", "--samples", "other.csv"])
            .contains("is not sample data of")
    );
    site.done(&[&["prove", "proposals/sensors", "--records", "1000"], &samples[..]].concat());
    let report = fs::read_to_string(site.path("proposals/sensors/proofs/samples.txt")).unwrap();
    for part in [
        "stations.csv: 1 records are taken as station, 1 are not",
        "stations.csv: record 2 is not taken: validation_failed",
        "stations.csv: no client gives Height",
        "reading.ndjson: 1 records are taken as reading, 0 are not",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    site.done(&[&["approve", "proposals/sensors"], &APPROVE[..]].concat());
    let url = stack.mongodb_url();
    let apply = ["apply", "proposals/sensors", "--url", &url, "--database", "field", "--yes"];
    let said = site.done(&apply);
    assert!(said.contains("all of it is done"), "{said}");
    let said = site.refused(&apply);
    assert!(
        said.contains("is not what the proofs began with") && said.contains("collection reading is there"),
        "{said}"
    );
}

/// An endpoint that gives these answers, and the requests that it got.
fn endpoint(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let answer = move |answer: String| {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line).unwrap() > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let choice =
            json!({ "message": { "role": "assistant", "content": answer }, "finish_reason": "stop" });
        let reply = json!({ "choices": [choice], "usage": { "total_tokens": 100 } }).to_string();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{reply}",
            reply.len()
        )
        .unwrap();
        String::from_utf8(body).unwrap()
    };
    (url, thread::spawn(move || answers.into_iter().map(answer).collect()))
}

#[test]
fn what_a_proof_refuses_goes_back_to_the_language_model() {
    let text = fs::read_to_string(root().join("crates/design/tests/models/library.json")).unwrap();
    // A row longer than MariaDB allows; a body that finds more rows than it can take; and a correct one.
    let remark =
        |number| format!("{{ \"name\": \"remark_{number}\", \"type\": \"string\", \"max\": 2000 }},");
    let wide = (0..10).map(remark).collect::<Vec<_>>().concat();
    let first = text.replacen("\"fields\": [", &format!("\"fields\": [{wide}"), 1);
    let second = text.replace("where id = p_loan and returned_at is null for update", "for update");
    let (url, asked) = endpoint(vec![first, second, text]);
    let site = Site::new(&format!("url = \"{url}\"\nmodel = \"a-model\"\ntimeout_s = 3600"));
    fs::write(site.path("wish.txt"), "A lending library").unwrap();
    let said = site.done(&["new", "--description", "wish.txt", "--prove", "--records", "20000"]);
    for part in [
        "asking a-model, 1 of 4",
        "round 1: failed  objects: table book: ",
        "refused: the proof `objects` failed",
        "asking a-model, 2 of 4",
        "round 2: passed  verify: ",
        "round 2: failed  conformance: ",
        "asking a-model, 3 of 4",
        "round 3: passed  plans: ",
        "passed  conformance: ",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let asked = asked.join().unwrap();
    assert!(asked[1].contains("Row size too large"), "{}", asked[1]);
    assert!(asked[2].contains("loan.call.give_back") && asked[2].contains("log of the node"), "{}", asked[2]);
    assert!(!asked[2].contains("Row size"), "what was mended is not told again");
    let rounds = site.path("proposals/library/rounds");
    for file in ["01-proofs.txt", "02-proofs.txt", "03-report.txt"] {
        assert!(rounds.join(file).exists(), "{file}");
    }
    site.done(&[&["approve", "proposals/library"], &APPROVE[..]].concat());
    // A replay gives the same model, and asks no server.
    let replay = ["new", "--description", "wish.txt", "--replay", "proposals/library", "--out", "again"];
    assert!(site.done(&replay).contains("in 3 rounds"));
    let model = |folder: &str| fs::read(site.path(folder).join("model.json")).unwrap();
    assert_eq!(model("again"), model("proposals/library"));
}

#[test]
fn what_no_database_runs_is_found_and_a_server_that_dies_is_no_proof() {
    let stack = Stack::builder().rabbitmq().mariadb().ignore_environment().start();
    let stack = stack.unwrap_or_else(|error| panic!("{error}"));
    let (amqp, mariadb) = (stack.amqp_url(), stack.mariadb_url());
    let scratch = format!("scratch_amqp = \"{amqp}\"\nscratch_mariadb = \"{mariadb}\"");
    // Never on a RabbitMQ where a node serves.
    let real = Site::new(&scratch);
    let config = fs::read_to_string(real.path("config/beds.toml")).unwrap();
    let named = mariadb.replace("127.0.0.1", "localhost");
    fs::write(
        real.path("config/beds.toml"),
        format!("{config}\n[mariadb.library]\nurl = \"{named}/library\"\n"),
    )
    .unwrap();
    real.model("library.json", |text| text);
    let said = real.refused(&["new", "--model", "library.json", "--prove"]);
    assert!(said.contains("which nodes use") && !real.path("proposals").exists(), "{said}");
    // A body that finds more rows than it can take: MariaDB creates such a procedure, and each call of it fails.
    let site = Site::new(&scratch);
    site.model("library.json", |text| {
        text.replace("where id = p_loan and returned_at is null for update", "for update")
    });
    let said =
        site.refused(&["new", "--model", "library.json", "--out", "few", "--prove", "--records", "1000"]);
    assert!(said.contains("among 1000 records nothing is proved of indexes"), "{said}");
    let said = site.refused(&["new", "--model", "library.json", "--prove", "--records", "10000"]);
    assert!(said.contains("failed  conformance: ") && said.contains("loan.call.give_back"), "{said}");
    let said = site.refused(&[&["approve", "proposals/library"], &APPROVE[..]].concat());
    assert!(said.contains("the proof `conformance` failed"), "{said}");
    // Everything that was made for the proof is removed.
    let left = stack.mariadb_query(None, "show databases like 'beds_proof%'").unwrap();
    let users =
        stack.mariadb_query(None, "select user from mysql.user where user like 'beds_proof%'").unwrap();
    assert_eq!((left.as_str(), users.as_str()), ("", ""));
    site.model("library.json", |text| text);
    site.done(&["new", "--model", "library.json", "--out", "again"]);
    let before = fs::read(site.path("again/proposal.toml")).unwrap();
    let mut proving =
        site.command(&["prove", "again"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::new(proving.stderr.take().unwrap()).lines().map(Result::unwrap) {
        if line.contains("building a node") {
            stack.mariadb().kill().unwrap();
        }
        said.push_str(&line);
    }
    assert!(!proving.wait().unwrap().success(), "{said}");
    assert!(said.contains("nothing was proved: the scratch server of MariaDB is away"), "{said}");
    assert_eq!(fs::read(site.path("again/proposal.toml")).unwrap(), before);
}
