//! Imports run downwards: between the modules of each crate, and between the crates.
//!
//! The test needs no servers. The relations of modules are read from the sources (see `modules`). What a crate may see
//! is in a table (see `crates`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod crates;
mod modules;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crates::{Package, packages};
use source::Crate;

#[test]
fn no_crate_has_a_circle_of_modules() {
    let mut circles = Vec::new();
    for package in packages() {
        for root in &package.roots {
            let found = modules::circles(&Crate::read(root));
            circles.extend(found.into_iter().map(|circle| format!("{}: {circle}", package.name)));
        }
    }
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn crates_see_only_what_is_below_them() {
    let wrong = crates::violations(&packages());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn nobody_builds_what_they_did_not_ask_for() {
    let wrong = crates::unasked();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_version_is_somebodys() {
    let untaken = crates::untaken();
    assert!(untaken.is_empty(), "[workspace.dependencies] has what no crate takes: {}", untaken.join(", "));
}

/// Writes a crate, and returns its circles.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    modules::circles(&Crate::read(&place.path().join("lib.rs")))
}

/// A crate of three modules, `b` of which has children.
fn with(lib: &str, a: &str, b: &str, b_one: &str, b_two: &str) -> Vec<String> {
    circles_of(&[
        ("lib.rs", &format!("mod a;\npub mod b;\n{lib}")),
        ("a.rs", a),
        ("b/mod.rs", &format!("mod one;\nmod two;\n{b}")),
        ("b/one.rs", b_one),
        ("b/two.rs", b_two),
    ])
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let uses_b = "use crate::b::Two;\npub struct A;\n";
    for (name, found) in [
        ("by use", with("", uses_b, "", "use crate::a::A;", "")),
        ("by path", with("", uses_b, "", "", "fn f() -> super::super::a::A { todo() }")),
        (
            "in a group",
            with("", "use crate::{b::{self as other}};", "", "use crate::{x, a::{A, B as C}};", ""),
        ),
        ("in a macro", with("", uses_b, "fn f() { call!(x, crate::a::A) }", "", "")),
        ("by what the root shows", with("pub use a::A;", uses_b, "use crate::A;", "", "")),
        ("by a glob", with("pub use a::A;", uses_b, "use crate::*;\nfn f(a: A) {}", "", "")),
        ("between siblings", with("", "", "", "use super::two::Two;", "use super::one::One;")),
        (
            "by what the parent shows",
            with("", "", "pub use two::Two;", "use super::Two;", "use super::one::One;"),
        ),
        ("from inside of a module", with("", uses_b, "mod inner { use super::super::a::A; }", "", "")),
    ] {
        assert_eq!(found.len(), 1, "{name}: {found:?}");
    }
    let told = with("", uses_b, "", "\nuse crate::a::A;", "").remove(0);
    for part in ["a -> b", "a.rs:1", "b -> a", "one.rs:2"] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn what_runs_downwards_is_no_circle() {
    let uses_b = "use crate::b::Two;";
    for (name, found) in [
        (
            "a parent that shows its children",
            with("pub use a::A;", "", "pub use one::One;", "use super::Shared;", ""),
        ),
        ("one direction", with("", uses_b, "pub use two::Two;", "use super::two::Two;", "")),
        ("tests", with("", uses_b, "#[cfg(test)]\nmod tests { use crate::a::A; }", "", "")),
        ("another crate's module", with("", uses_b, "use other::a::A;", "", "")),
        ("visibility", with("", uses_b, "pub(in crate::a) struct X;", "", "")),
        ("text", with("", uses_b, "// crate::a\nconst X: &str = \"crate::a::A\";", "", "")),
    ] {
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn a_crate_that_sees_too_much_is_found() {
    let package = |name: &str, needs: &[&str]| Package {
        name: name.to_owned(),
        manifest: PathBuf::new(),
        needs: needs.iter().map(|&name| name.to_owned()).collect(),
        roots: Vec::new(),
    };
    for (packages, count) in [
        (vec![package("beds-bus", &["lapin", "beds-core"]), package("beds-core", &["serde"])], 0),
        (vec![package("beds-core", &["beds-lane"]), package("beds-lane", &[])], 1),
        (vec![package("beds-bus", &["beds-mariadb"]), package("beds-mariadb", &["sqlx"])], 1),
        (vec![package("beds-client", &["lapin"]), package("beds-bus", &["lapin"])], 1),
        (vec![package("beds-core", &["tokio"])], 1),
        // If the crate that owns a driver does not exist, the message cannot refer to it.
        (vec![package("beds-runtime", &["lapin"])], 0),
        (vec![package("beds-unheard-of", &["beds-protocol"]), package("beds-protocol", &[])], 1),
    ] {
        let found = crates::violations(&packages);
        assert_eq!(found.len(), count, "{found:?}");
    }
    let place = tempfile::tempdir().unwrap();
    let root: &Path = &place.path().join("lib.rs");
    fs::write(root, "use std::{fmt, fs::File};\nfn f() { tokio::net::lookup() }\n").unwrap();
    let core = Package { roots: vec![root.to_owned()], ..package("beds-core", &[]) };
    assert_eq!(crates::violations(&[core]).len(), 2);
}
