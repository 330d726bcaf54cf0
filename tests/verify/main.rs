//! `beds verify` and the start of a node against databases that disagree with their templates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;
mod drift;

use beds_devstack::Stack;
use common::{Beds, root, stack, start_node};
use serde_json::Value;

/// The findings of `beds verify` as JSON, and its exit code.
fn verify(stack: &Stack, user: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    let arguments = [&["verify", "--format", "json"], arguments].concat();
    let url = |database| format!("{}/{database}", stack.mariadb_url().replace("root@", &format!("{user}@")));
    let (catalog, jobs) = (url("catalog"), url("jobs"));
    let (tercero, metrics, warehouse) = (url("tercero"), url("metrics"), url("warehouse"));
    let urls = [
        ("BEDS__MARIADB__CATALOG__URL", catalog.as_str()),
        ("BEDS__MARIADB__JOBS__URL", &jobs),
        ("BEDS__MARIADB__TERCERO__URL", &tercero),
        ("BEDS__MARIADB__METRICS__URL", &metrics),
        ("BEDS__MARIADB__WAREHOUSE__URL", &warehouse),
    ];
    let ended = Beds::new(&arguments).on(stack).env(&urls).run();
    (ended.code, serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr)))
}

/// The findings of a template as lines: severity, place, message, hint.
fn lines(report: &Value, template: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| {
            finding["template"] == template || (template.is_empty() && finding["template"].is_null())
        })
        .map(|finding| {
            let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {} [{}]", text("severity"), text("place"), text("message"), text("hint"))
        })
        .collect()
}

#[track_caller]
fn has(lines: &[String], part: &str) {
    assert!(lines.iter().any(|line| line.contains(part)), "{part}\n{lines:#?}");
}

/// A user with the name `node` that has the rights that the templates need.
const GRANTS: &str = "create user node; grant select, execute on catalog.* to node; \
    grant insert, update, delete on catalog.beds_ledger to node; \
    grant insert, update, delete on catalog.beds_events to node; grant select, execute on tercero.* to node; \
    grant insert, update, delete on tercero.beds_ledger to node; \
    grant insert, update, delete on tercero.beds_events to node; grant select, execute on metrics.* to node; \
    grant insert on catalog.beds_audit to node; grant insert on tercero.beds_audit to node; \
    grant select, execute on warehouse.* to node; grant insert, update, delete on warehouse.beds_ledger to node; \
    grant select, execute on jobs.* to node; grant insert, update, delete on jobs.beds_ledger to node";

#[test]
fn templates_that_agree_pass() {
    let stack = stack();
    stack.mariadb_query(None, GRANTS).unwrap();
    let (code, report) = verify(&stack, "node", &["--strict"]);
    assert_eq!(code, Some(0), "{report:#}");
    assert!(report["templates"].as_array().unwrap().len() >= 8, "{report:#}");
    // As root, the same check passes with a warning, and fails only with `--strict`.
    let (code, report) = verify(&stack, "root", &[]);
    assert_eq!(code, Some(0), "{report:#}");
    has(&lines(&report, ""), "ALL PRIVILEGES on every database");
    assert_eq!(verify(&stack, "root", &["--strict"]).0, Some(1));
    // A database that cannot be inspected is neither fine nor a finding.
    stack.mongodb().kill().unwrap();
    let ended = Beds::new(&["verify"]).on(&stack).env(&[("BEDS__NODE__IPL_TIMEOUT_MS", "4000")]).run();
    assert_eq!(ended.code, Some(2), "{}", ended.stdout);
    assert!(ended.stdout.contains("not checked  the database `journal`"), "{}", ended.stdout);
    let unknown = Beds::new(&["verify", "--template", "contry"]).on(&stack).run();
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("unknown template `contry`"), "{}", unknown.stderr);
}

#[test]
fn what_disagrees_is_found() {
    let stack = stack();
    let sql = |text: &str| stack.mariadb_query(Some("catalog"), text).unwrap();
    sql(
        "create or replace view v_country as select alpha_2, alpha_3, numeric_code, name as nane, official_name, \
         common_name, cast(1 as double) as flag, revision from country",
    );
    sql("drop procedure sp_country_delete");
    // The sixth and the seventh parameter change places, and a call's OUT parameter becomes IN.
    sql(
        "create or replace procedure sp_country_create(in p_alpha_2 char(2), in p_alpha_3 char(3), in p_numeric char(3), \
         in p_name varchar(100), in p_official_name varchar(200), in p_flag varchar(16), in p_common_name varchar(100)) \
         modifies sql data begin end",
    );
    sql(
        "create or replace procedure sp_country_rename(in p_alpha_2 char(2), in p_name varchar(100), in p_revision bigint) begin end",
    );
    sql("create or replace procedure sp_country_update(in p_alpha_2 char(2)) begin end");
    sql("create or replace function fn_subdivision_count(p_alpha_2 char(2)) returns date return curdate()");
    sql("drop view v_currency");
    sql("create view v_curency as select 1 as a");
    let (code, report) = verify(&stack, "root", &[]);
    assert_eq!(code, Some(1), "{report:#}");
    let country = lines(&report, "country");
    has(
        &country,
        "error field name: the view `v_country` has no column `name` [did you mean column = \"nane\"?]",
    );
    has(&country, "error objects.delete: there is no procedure `sp_country_delete`");
    has(
        &country,
        "objects.create: parameter 6 of `sp_country_create`, `p_flag`, is given `common_name` [`flag` belongs there",
    );
    has(
        &country,
        "error call rename: parameter 3 of `sp_country_rename`, `p_revision`, is in, but the template says out",
    );
    has(&country, "error objects.update: `sp_country_update` has 1 parameter, but the template passes 8");
    has(&country, "error call subdivision_count: what `fn_subdivision_count` returns is a date, not `int`");
    let currency = lines(&report, "currency");
    has(&currency, "there is no view `v_currency` in the database `catalog` [did you mean `v_curency`?]");
    assert_eq!(lines(&report, "language"), Vec::<String>::new());
    node_starts_without(&stack);
}

/// In `dev` the templates with errors are not served. In `prod` the node does not start, unless it is told otherwise.
fn node_starts_without(stack: &Stack) {
    let node = start_node(stack, &[]);
    let log = node.log();
    assert!(log.contains("not served: it contradicts its database"), "{log}");
    assert!(log.contains("country: objects.delete: there is no procedure `sp_country_delete`"), "{log}");
    drop(node);
    let refused = Beds::new(&["node"]).on(stack).env(&[("BEDS_ENV", "prod")]).run();
    assert_eq!(refused.code, Some(16), "{}", refused.stderr);
    assert!(refused.stderr.contains("beds: templates: country:"), "{}", refused.stderr);
    let told = start_node(stack, &[("BEDS_ENV", "prod"), ("BEDS__NODE__SERVE_UNVERIFIED", "true")]);
    assert!(told.log().contains("node.serve_unverified is set"), "{}", told.log());
}

#[test]
fn grants_are_held_against_what_is_needed() {
    let stack = stack();
    stack
        .mariadb_query(
            None,
            "create user node; grant select on catalog.v_country to node; grant insert, select on catalog.country to node; \
             grant execute on procedure catalog.sp_country_create to node; grant select on mysql.user to node; \
             grant execute on procedure tercero.sp_user_add to node; grant execute on procedure metrics.sp_metric_add to node; \
             grant execute on procedure jobs.sp_job_add to node; grant execute on procedure warehouse.sp_example_create to node",
        )
        .unwrap();
    let (code, report) = verify(&stack, "node", &["--template", "country"]);
    assert_eq!(code, Some(1), "{report:#}");
    let country = lines(&report, "country");
    has(
        &country,
        "error objects.update: there is no procedure `sp_country_update` in the database `catalog`",
    );
    has(&country, "or `node@%` may not see it: it has no EXECUTE on it");
    assert!(!country.iter().any(|line| line.contains("objects.create")), "{country:#?}");
    has(&lines(&report, ""), "INSERT on the relation `country`");
    // A grant for another database is known to be too much only if every database is inspected.
    assert!(!lines(&report, "").iter().any(|line| line.contains("mysql.user")), "{report:#}");
    has(&lines(&verify(&stack, "node", &[]).1, ""), "SELECT on mysql.user");
    // The server hides columns that a user has no right on.
    stack.mariadb_query(None, "grant select (alpha_3) on catalog.v_currency to node").unwrap();
    let report = verify(&stack, "node", &["--template", "currency"]).1;
    has(&lines(&report, "currency"), "or `node@%` may not see it: it has rights on some columns only");
}

/// One error for each table, whatever is wrong with it. In `prod` no node starts on it, and `beds check` reports it.
/// The output of `beds ddl` mends it.
#[test]
fn own_tables_are_held_against_what_the_node_does_with_them() {
    let stack = stack();
    let sql = |text: &str| stack.mariadb_query(Some("catalog"), text).unwrap();
    let found = |user: &str| -> Vec<String> {
        let (_, report) = verify(&stack, user, &[]);
        lines(&report, "").into_iter().filter(|line| !line.contains("grants:")).collect()
    };
    assert_eq!(found("root"), Vec::<String>::new());
    sql("create user node; grant select, execute on catalog.* to node; grant insert on beds_ledger to node");
    has(
        &found("node"),
        "error ledger: `beds_ledger`: `node@%` has no UPDATE, DELETE on it [`bedsc grants` writes the rights]",
    );
    sql(
        "drop user node; insert into beds_ledger (user, message_id, step, digest) values ('u', 'm', 0, repeat('d', 32)); \
         alter table beds_ledger drop primary key, modify message_id varchar(40) not null, drop column digest, \
         modify user varchar(255) character set utf8mb4 collate utf8mb4_bin not null, modify at datetime not null, \
         add more int not null, add unique (message_id), drop key ix_beds_ledger_at, engine = aria",
    );
    let wrong = found("root");
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    for part in [
        "its engine Aria has no transactions",
        "`user` compares by `utf8mb4_bin`, and must compare by `utf8mb4_nopad_bin`",
        "`message_id` is `varchar(40)`, and must keep text of 128 characters",
        "it has no column `digest`",
        "`at` is `datetime`, and must keep a datetime with three digits",
        "`more` wants a value that the node does not give",
        "it has no primary key over `user`, `message_id`, `step`",
        "its unique index `message_id` refuses rows",
        "it has no index on `at`",
        "[`beds ddl` writes the repair",
    ] {
        has(&wrong, part);
    }
    is_refused_in_prod(&stack, "catalog: ledger: `beds_ledger`: its engine Aria");
    mend(&stack);
    assert_eq!(found("root"), Vec::<String>::new());
    sql(
        "alter table beds_ledger drop primary key, add primary key (message_id, user, step), modify at datetime(3) not null \
         default '2000-01-01', drop key ix_beds_ledger_at, add key ix_beds_ledger_at (digest), \
         modify user varchar(255) character set latin1 collate latin1_nopad_bin not null, modify reply text; \
         alter table beds_events drop primary key, add primary key (seq), modify subject mediumtext character set latin1, \
         modify id char(36) character set utf8mb4 collate utf8mb4_nopad_bin not null, modify seq int unsigned not null auto_increment, \
         modify body mediumtext character set utf8mb4 collate utf8mb4_general_ci not null",
    );
    let wrong = found("root");
    assert_eq!(wrong.len(), 2, "{wrong:#?}");
    for part in [
        "its primary key is over `message_id`, `user`, `step` instead of `user`, `message_id`, `step`",
        "`at` has another default than the moment of the insertion",
        "it has no index on `at`",
        "`user` keeps the characters of `latin1` only",
        "`reply` is `text`, and must keep 65536 bytes and more",
        "error events: `beds_events`: ",
        "`id` is `char(36)`",
        "`subject` keeps the characters of `latin1` only",
        "`seq` is `int(10) unsigned`, and must keep a 64-bit number",
        "`body` compares by `utf8mb4_general_ci`",
        "its primary key is over `seq` instead of `seq`, `id`",
    ] {
        has(&wrong, part);
    }
    mend(&stack);
    assert_eq!(found("root"), Vec::<String>::new());
    sql("create trigger of_others before insert on beds_ledger for each row set new.digest = ''");
    let wrong = found("root");
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    has(&wrong, "warning ledger: `beds_ledger`: its trigger `of_others` runs before insert, and may refuse");
    sql("drop trigger of_others; drop table beds_ledger");
    let wrong = found("root");
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    has(&wrong, "error ledger: there is no table `beds_ledger` in the database `catalog`: a write");
    // In `dev` it is served all the same.
    let node = start_node(&stack, &[]);
    assert!(node.log().contains("there is no table `beds_ledger`"), "{}", node.log());
    drop(node);
    is_refused_in_prod(&stack, "catalog: ledger: there is no table");
    mend(&stack);
    assert_eq!(found("root"), Vec::<String>::new());
}

/// Runs the output of `beds ddl` for MariaDB.
fn mend(stack: &Stack) {
    let templates = root().join("templates");
    let ended = Beds::new(&["ddl", "--engine", "mariadb", templates.to_str().unwrap()]).on(stack).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("missing.sql");
    std::fs::write(&script, &ended.stdout).unwrap();
    stack.mariadb_exec(None, &script).unwrap_or_else(|error| panic!("{error}\n{}", ended.stdout));
}

fn is_refused_in_prod(stack: &Stack, part: &str) {
    let prod = [("BEDS_ENV", "prod")];
    let refused = Beds::new(&["node"]).on(stack).env(&prod).run();
    assert_eq!(refused.code, Some(16), "{}", refused.stderr);
    assert!(refused.stderr.contains(part), "{}", refused.stderr);
    let checked = Beds::new(&["check"]).on(stack).env(&prod).run();
    assert_eq!(checked.code, Some(16), "{}", checked.stdout);
    assert!(checked.stdout.contains("FAILED  templates: 1 errors"), "{}", checked.stdout);
}

/// A procedure that writes where nothing can be rolled back cannot be once, by whatever path it writes.
#[test]
fn tables_without_transactions_behind_what_happens_once_are_found() {
    let stack = stack();
    let sql = |text: &str| stack.mariadb_query(Some("catalog"), text).unwrap();
    sql("create table audit (a int) engine = aria");
    sql("create view v_trail as select a from audit");
    sql("create or replace procedure sp_country_rename(in p_alpha_2 char(2), in p_name varchar(100), \
         out p_revision bigint) modifies sql data insert into audit values (1)");
    let (code, report) = verify(&stack, "root", &["--template", "country"]);
    assert_eq!(code, Some(1), "{report:#}");
    has(
        &lines(&report, "country"),
        "error call rename: `sp_country_rename` writes into `audit`, whose engine Aria has no transactions",
    );
    sql("alter table audit engine = innodb");
    let (code, report) = verify(&stack, "root", &["--template", "country"]);
    assert_eq!(code, Some(0), "{report:#}");
}

/// Grants to everybody count for the user, and are not excessive if they are for other databases.
#[test]
fn grants_to_everybody_are_judged() {
    let stack = stack();
    stack
        .mariadb_query(
            None,
            &format!(
                "{GRANTS}; revoke select, execute on catalog.* from node; \
                 grant select, execute on catalog.* to public; grant all on `test\\_%`.* to public"
            ),
        )
        .unwrap();
    let (code, report) = verify(&stack, "node", &["--strict"]);
    assert_eq!(code, Some(0), "{report:#}");
    stack.mariadb_query(None, "grant insert on catalog.country to public").unwrap();
    let (_, report) = verify(&stack, "node", &[]);
    has(&lines(&report, ""), "INSERT on the relation `country`, by a grant to PUBLIC");
}

/// If only one template is checked, the grants for the others are not excessive.
#[test]
fn rights_of_other_templates_are_none_too_many() {
    let stack = stack();
    stack
        .mariadb_query(
            None,
            "create user node; grant select, show view on catalog.v_country to node; \
             grant select, show view on catalog.v_currency to node; grant select on catalog.subdivision to node",
        )
        .unwrap();
    let (_, report) = verify(&stack, "node", &["--template", "country"]);
    let user = lines(&report, "");
    assert!(!user.iter().any(|line| line.contains("v_currency")), "{user:#?}");
    has(&user, "SELECT on the relation `subdivision`");
}

#[test]
fn validators_and_indexes_that_contradict_are_found() {
    let stack = stack();
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("mongodb");
    std::fs::create_dir_all(&schema).unwrap();
    let commands = r#"{"database": "journal", "commands": [
        {"create": "notes", "validator": {"$jsonSchema": {
            "required": ["subject", "country", "mood"], "additionalProperties": false,
            "properties": {
                "_id": {"bsonType": "binData"}, "subject": {"bsonType": "string", "maxLength": 20},
                "country": {"bsonType": "string"}, "mood": {"bsonType": "string"}, "text": {"bsonType": "date"},
                "tags": {"bsonType": "array", "items": {"bsonType": "string"}}, "rating": {"bsonType": "decimal"},
                "author": {"bsonType": "object"}, "created_at": {"bsonType": "date"}, "revision": {"bsonType": "int"}}}}},
        {"collMod": "beds_ledger", "validator": {"nope": {"$exists": true}}},
        {"createIndexes": "notes", "indexes": [{"name": "ux", "key": {"subject": 1}, "unique": true}]}]}"#;
    std::fs::write(schema.join("10.json"), commands).unwrap();
    // An index on the same keys with another name is in the way of this one.
    let replaced = commands.replace("\"subject\": 1}, \"unique\"", "\"country\": 1}, \"unique\"");
    std::fs::write(schema.join("10.json"), replaced).unwrap();
    beds_devstack::schema::apply(&stack, folder.path()).unwrap();
    let (code, report) = verify(&stack, "root", &["--template", "note"]);
    assert_eq!(code, Some(1), "{report:#}");
    let note = lines(&report, "note");
    has(&note, "error objects.create: the validator requires `country`, which a client may leave out");
    has(&note, "error objects.create: the validator requires `mood`, which no field has");
    has(
        &note,
        "error field revision: the validator accepts `revision` as `int` only, but the node writes `long`",
    );
    has(&note, "error field text: the ");
    assert_eq!(note.iter().filter(|line| line.contains("error field text")).count(), 1, "{note:#?}");
    has(
        &note,
        "warning field subject: the validator refuses strings of more than 20 characters in `subject` [the template \
         allows 200",
    );
    has(
        &lines(&report, ""),
        "warning ledger: `beds_ledger`: its validator has conditions that may refuse all that the node writes: `nope`",
    );
    // A view without its collection shows no document, and reports no error.
    std::fs::write(schema.join("10.json"), r#"{"database": "journal", "commands": [{"drop": "samples"}]}"#)
        .unwrap();
    beds_devstack::schema::apply(&stack, folder.path()).unwrap();
    let (_, report) = verify(&stack, "root", &["--template", "sample_document"]);
    has(
        &lines(&report, "sample_document"),
        "error objects.read: nobody can read `v_sample`: it shows the collection `samples`, which does not exist \
         [create the",
    );
}
