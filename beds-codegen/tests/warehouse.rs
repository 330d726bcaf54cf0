//! `[lifecycle] warehouse`: the template that it names is compared with the one that names it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{fs, path::Path};

use beds_codegen::Compiler;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ok").join(name)).unwrap()
}

/// The report on a warehouse with these replacements in its text.
fn report(changes: &[(&str, &str)]) -> String {
    let mut warehouse = text("aging_wh.toml");
    for (that, this) in changes {
        assert!(warehouse.contains(that), "{that}");
        warehouse = warehouse.replace(that, this);
    }
    let compiler = Compiler::new()
        .template_text("parcel_rec.toml", text("aging.toml"))
        .template_text("parcel_wh_rec.toml", warehouse);
    compiler.compile().map_or_else(|report| report.to_string(), |_| String::new())
}

#[test]
fn a_warehouse_that_cannot_take_the_records_is_refused() {
    assert_eq!(report(&[]), "");
    for (that, this, said) in [
        ("\nname        = \"parcel_wh\"", "\nname        = \"parcel_wc\"", "did you mean `parcel_wc`?"),
        ("update = ", "# update = ", "it offers no `update`"),
        ("\"warehouse\"", "\"catalog\"", "it has the same records as `parcel`"),
        ("weight   = { type = \"float\" }", "weight   = { type = \"int\" }", "`weight` has another type"),
        ("\"weight\"]", "]", "a `create` does not take its field `weight`"),
    ] {
        let report = report(&[(that, this)]);
        assert!(report.contains("B1205") && report.contains(said), "{this}: {said}\n{report}");
    }
    let report = report(&[("\nid ", "\nuid "), ("\"id\"", "\"uid\"")]);
    assert!(report.contains("its key differs from the key of `parcel`"), "{report}");
}

#[test]
fn a_template_that_is_compiled_alone_is_not_compared() {
    let alone = Compiler::new().template_text("parcel_rec.toml", text("aging.toml"));
    assert!(alone.compile().is_ok());
}
