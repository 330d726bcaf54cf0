//! The fingerprint changes with a template's promises to clients, and with nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use beds_codegen::{Compiler, emit};
use support::folder;

/// The fingerprint of a template.
fn fingerprint(text: &str) -> String {
    let output = Compiler::new()
        .template_text("x_rec.toml", text)
        .compile()
        .unwrap_or_else(|report| panic!("{report}"));
    let code = emit::domain(&output.domains[0]);
    let line = code.lines().find(|line| line.starts_with("static DOMAIN")).unwrap();
    line.rsplit('"').nth(1).unwrap().to_owned()
}

/// The text after its first section.
fn after_section(text: &str) -> &str {
    text.find("\n\n").map_or("", |end| &text[end..])
}

#[test]
fn promises_alone_change_the_fingerprint() {
    let text = std::fs::read_to_string(folder("ok").join("product.toml")).unwrap();
    let known = fingerprint(&text);
    assert_eq!(known.len(), 16);
    // The text to replace, its replacement, and whether clients can notice it.
    let cases = [
        ("\"What we sell\"", "\"What we sold\"", false),
        ("\"v_product\"", "\"v_products\"", false),
        ("database = \"catalog\"", "database = \"shop\"", false),
        ("database = \"catalog\"", "database = \"catalog\"\nonce = false", false),
        ("\"sp_product_restock\"", "\"sp_restock\"", false),
        ("required = true, unique", "required = true, column = \"prd_sku\", unique", false),
        ("filter = [\"sku\", \"status\", \"price\"]", "filter = [\"price\", \"sku\", \"status\"]", false),
        ("[\"draft\", \"active\"]", "[\"active\", \"draft\"]", false),
        ("scale = 2, min = \"0\"", "min = \"0\", scale = 2", false),
        ("max = 40", "max = 41", true),
        ("default = \"draft\"", "default = \"active\"", true),
        ("\"active\"]", "\"active\", \"gone\"]", true),
        ("filter = [\"sku\", ", "filter = [", true),
        ("delete = ", "# delete = ", true),
        ("lane = \"write\"", "lane = \"read\"", true),
        ("mode = \"out\"", "mode = \"inout\"", true),
        ("max = 500", "max = 400", true),
        ("name = \"product\"", "name = \"produce\"", true),
        // Clients cannot send a field that the procedure does not take.
        ("\"price\", \"status\"] }\nupdate", "\"price\"] }\nupdate", true),
        ("\"price\", \"status\", \"revision\"", "\"price\", \"revision\"", true),
        ("\"price\", \"status\", \"revision\"", "\"status\", \"price\", \"revision\"", false),
    ];
    for (from, to, is_promise) in cases {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        // An operation that is not offered cannot be audited, and the audit is not a promise.
        let audit = changed.find("[audit]").unwrap();
        let changed = fingerprint(&format!("{}{}", &changed[..audit], after_section(&changed[audit..])));
        assert_eq!(changed != known, is_promise, "`{from}` became `{to}`");
    }
}
