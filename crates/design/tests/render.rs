//! Renderings of models: expected files, which the compiler accepts and a server runs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;

use beds_design::{model, plan::Old, render};
use beds_devstack::Stack;
use serde_json::json;
use support::{check, folder, model, value};

#[test]
fn a_model_becomes_the_expected_files_each_time() {
    let mut differences = Vec::new();
    for name in ["library", "sensors"] {
        let model = model(&format!("{name}.json"));
        let rendered =
            render::render(&model, &Old::new()).unwrap_or_else(|faults| panic!("{name}: {faults}"));
        let place = folder("golden").join(name);
        for (path, text) in &rendered.files {
            differences.extend(check(&place.join(path), text));
        }
        let again = render::render(&model::read(model.text().as_bytes()).unwrap(), &Old::new()).unwrap();
        assert_eq!(again.files, rendered.files, "{name}: its own text is another model");
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

/// The names of foreign keys are those of the whole database, and the index of a key serves its first field alone.
#[test]
fn each_foreign_key_has_a_name_of_its_own_and_each_filter_an_index() {
    let mut model = value("library.json");
    let field = |name: &str| json!({ "name": name, "type": "uuid", "required": true });
    let key = |name: &str| json!({ "name": name, "type": "uuid", "key": true });
    let long = |end: &str| format!("{}{end}", "f".repeat(39));
    let entity = |name: &str, fields: &[serde_json::Value]| {
        json!({
            "name": name, "description": "", "fields": fields, "operations": ["fetch", "create"],
            "filters": ["two"], "sorts": ["one"],
        })
    };
    let e = "e".repeat(32);
    let entities = model["entities"].as_array_mut().unwrap();
    entities.push(entity("a", &[key("one"), key("two"), field("b_c")]));
    entities.push(entity("a_b", &[key("one"), key("two"), field("c")]));
    entities.push(entity(&e, &[key("one"), key("two"), field(&long("x")), field(&long("y"))]));
    let relations = model["relations"].as_array_mut().unwrap();
    for (from, field) in [("a", "b_c"), ("a_b", "c"), (&e, &long("x")), (&e, &long("y"))] {
        relations.push(json!({ "from": from, "field": field, "to": "book" }));
    }
    let model = model::read(model.to_string().as_bytes()).unwrap();
    let objects = &render::render(&model, &Old::new()).unwrap().files["objects/mariadb.sql"];
    let cut = format!("`fk_{e}_{}`", "f".repeat(28));
    let numbered = format!("`fk_{e}_{}_2`", "f".repeat(26));
    for name in ["`fk_a_b_c`", "`fk_a_b_c_2`", &cut, &numbered] {
        let count = objects.matches(&format!("foreign key if not exists {name} ")).count();
        assert_eq!(count, 1, "{name} in {objects}");
    }
    assert_eq!(objects.matches("key `two` (`two`)").count(), 3, "{objects}");
    assert_eq!(objects.matches("key `one` (`one`)").count(), 0, "{objects}");
}

#[test]
fn mariadb_runs_the_objects_as_they_are_and_once_more() {
    let rendered = render::render(&model("library.json"), &Old::new()).unwrap();
    let place = tempfile::tempdir().unwrap();
    let stack = Stack::builder().ignore_environment().mariadb().start().unwrap();
    stack.mariadb_query(None, "create database library").unwrap();
    for _ in 0..2 {
        for file in ["objects/mariadb.sql", "grants/mariadb.sql"] {
            let path = place.path().join("script.sql");
            fs::write(&path, &rendered.files[file]).unwrap();
            stack.mariadb_exec(None, &path).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
    }
    let keys = stack
        .mariadb_query(
            None,
            "select constraint_name, delete_rule from information_schema.referential_constraints \
             where constraint_schema = 'library' order by 1",
        )
        .unwrap();
    assert_eq!(keys.trim(), "fk_loan_book\tRESTRICT\nfk_loan_reader\tRESTRICT");
    let run = |statement: &str| stack.mariadb_query(Some("library"), statement);
    run("insert into book (id, isbn, title, created_at) values ('01890a5d-ac96-774b-bcce-b302099a8057', '9783161484100', 'T', utc_timestamp())").unwrap();
    run("insert into reader (id, name) values (1, 'R')").unwrap();
    run("insert into loan (id, book, reader, due_on) values ('01890a5d-ac96-774b-bcce-b302099a8058', '01890a5d-ac96-774b-bcce-b302099a8057', 1, '2020-01-01')").unwrap();
    let late =
        run("call sp_loan_give_back('01890a5d-ac96-774b-bcce-b302099a8058', @late); select @late").unwrap();
    assert_eq!(late.trim(), "1");
    let again = run("call sp_loan_give_back('01890a5d-ac96-774b-bcce-b302099a8058', @late)").unwrap_err();
    assert!(again.to_string().contains("there is no such loan"), "{again}");
    assert_eq!(run("call sp_book_stock(1)").unwrap().trim(), "9783161484100\t1");
}
