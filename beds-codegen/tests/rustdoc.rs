//! Descriptions in generated code, as rustdoc reads them: a build that denies rustdoc's warnings must not break over a
//! word in a template, and the text is shown as it was written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::{fs, process::Command};

use beds_codegen::{Compiler, emit};

const DESCRIPTIONS: [&str; 14] = [
    "Who may do what, see [access] and [the guide][guide], [x]: y",
    "<b>Bold</b>, <script>, Vec<Note>, <https://beds.example>",
    "https://beds.example/x and http://localhost:15672",
    "`one backtick, and ``two",
    "*stars*, _lines_, sp_note_create, __init__, ~~gone~~",
    "A &nbsp; and &#35; and A&B",
    "    let indented: Code = of_nobody;",
    "First\n\n    fn broken(\n\n```\nnot rust\n```\n~~~",
    "# Title\n- one\n+ two\n1. three\n2) four\n===\n---",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "![picture](x.png) and \\[escaped\\] and \\",
    "crate::nothing, [`Nothing`], [Self::gone()]",
    "\u{202E}turned\u{202C} and a\u{7}bell",
    "Größe in „Metern“, 5 < 6 > 4",
];

/// The struct of a domain without its types, which belong to the runtime.
fn documented(index: usize, description: &str) -> (String, String) {
    let literal = toml::Value::from(description).to_string();
    let text = support::SMALL
        .replace("name = \"country\"", &format!("name = \"country_{index}\"\ndescription = {literal}"))
        .replace("key = true", &format!("key = true, description = {literal}"));
    let output = Compiler::new().template_text("x_rec.toml", text).domains("nowhere").compile().unwrap();
    let file = syn::parse_file(&emit::domain(&output.domains[0])).unwrap();
    let mut docs = String::new();
    let mut code = String::new();
    for item in file.items {
        let syn::Item::Struct(item) = item else { continue };
        let field = item.fields.iter().find(|field| !field.attrs.is_empty()).unwrap();
        for attr in item.attrs.iter().chain(&field.attrs).filter(|attr| attr.path().is_ident("doc")) {
            docs.push_str(&quote::quote!(#attr).to_string());
        }
        let (outer, inner) = (&item.attrs, &field.attrs);
        let (outer, name) = (outer.iter().filter(|attr| attr.path().is_ident("doc")), &item.ident);
        code = quote::quote!(#(#outer)* pub struct #name { #(#inner)* pub field: u8 }).to_string();
    }
    (code, docs)
}

#[test]
fn no_description_is_read_as_markdown() {
    let place = tempfile::tempdir().unwrap();
    let mut code =
        "#![deny(warnings, rustdoc::all)]\n#![allow(rustdoc::missing_crate_level_docs)]\n".to_owned();
    for (index, description) in DESCRIPTIONS.iter().enumerate() {
        let (one, docs) = documented(index, description);
        assert!(!docs.is_empty(), "{description}: {one}");
        code.push_str(&one);
        code.push('\n');
    }
    let file = place.path().join("described.rs");
    fs::write(&file, code).unwrap();
    let rustdoc = || {
        let mut command = Command::new("rustdoc");
        command.args(["--edition", "2024"]).arg(&file).current_dir(place.path());
        command
    };
    let output = rustdoc().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // No line is an example that would be compiled.
    let output = rustdoc().arg("--test").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("running 0 tests"), "{said}");
    let page = fs::read_to_string(place.path().join("doc/described/struct.Country0.html")).unwrap();
    assert!(page.contains("see [access] and [the guide][guide], [x]: y"), "{page}");
    let page = fs::read_to_string(place.path().join("doc/described/struct.Country1.html")).unwrap();
    assert!(page.contains("&lt;b&gt;Bold&lt;/b&gt;"), "{page}");
    let page = fs::read_to_string(place.path().join("doc/described/struct.Country4.html")).unwrap();
    assert!(page.contains("*stars*, _lines_, sp_note_create, __init__, ~~gone~~"), "{page}");
}
