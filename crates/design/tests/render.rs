//! Renderings of models: expected files, which the compiler accepts and a server runs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;

use beds_design::{model, render};
use beds_devstack::Stack;
use support::{check, folder, model};

#[test]
fn a_model_becomes_the_expected_files_each_time() {
    let mut differences = Vec::new();
    for name in ["library", "sensors"] {
        let model = model(&format!("{name}.json"));
        let rendered = render::render(&model).unwrap_or_else(|faults| panic!("{name}: {faults}"));
        let place = folder("golden").join(name);
        for (path, text) in &rendered.files {
            differences.extend(check(&place.join(path), text));
        }
        let again = render::render(&model::read(model.text().as_bytes()).unwrap()).unwrap();
        assert_eq!(again.files, rendered.files, "{name}: its own text is another model");
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn mariadb_runs_the_objects_as_they_are_and_once_more() {
    let rendered = render::render(&model("library.json")).unwrap();
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
