//! The limits of automatic fixes: a value never changes, and no meaning is reversed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use beds_codegen::{Compiler, Report};
use support::{files, folder};

const TEMPLATE: &str = r#"[template]
name = "invoice"
service = "app_server"
engine = "mariadb"
database = "catalog"

[fields]
id = { type = "uuid", key = true }
HERE

[objects]
read = { view = "v_invoice" }
"#;

fn mended(line: &str) -> String {
    let text = TEMPLATE.replace("HERE", line);
    let compiler = Compiler::new().template_text("invoice_rec.toml", text.clone()).domains("no-such-folder");
    let files = compiler.mend().files;
    let after = files.into_iter().next().map_or(text, |file| file.after);
    let (head, tail) = TEMPLATE.split_once("HERE").unwrap();
    after.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail)).unwrap_or(&after).to_owned()
}

#[test]
fn values_stay_as_they_are() {
    for (line, right) in [
        (r#"x = "char(3) default 'EUR'""#, r#"x = { type = "string", max = 3, default = "EUR" }"#),
        (r#"x = "ENUM('a', 'b''c')""#, r#"x = { type = "enum", values = ["a", "b'c"] }"#),
        ("x ENUM('a', 'b''c'),", r#"x = { type = "enum", values = ["a", "b'c"] }"#),
        (
            "x decimal(10,2) not null default 0.00,",
            r#"x = { type = "decimal", precision = 10, scale = 2, default = "0.00" }"#,
        ),
        (
            r#"x = { type = "enum", values = "enum('a,b','c''d')" }"#,
            r#"x = { type = "enum", values = ["a,b", "c'd"] }"#,
        ),
        (
            r#"x = { type = "enum", values = { a = true, b = true } }"#,
            r#"x = { type = "enum", values = ["a", "b"] }"#,
        ),
        (
            r#"x = { type = "enum", values = "in work, done" }"#,
            r#"x = { type = "enum", values = ["in work", "done"] }"#,
        ),
        (r#"x = { type = "enum", values = [["a", "b"]] }"#, r#"x = { type = "enum", values = ["a", "b"] }"#),
    ] {
        assert_eq!(mended(line), right, "{line}");
    }
}

/// The procedure would still have its parameter, and the other parameters would get wrong values.
#[test]
fn args_stay_as_the_procedure_has_them() {
    for (key, objects) in [
        (
            "generated = \"database\"",
            "create = { procedure = \"sp_invoice_create\", args = [\"id\", \"x\"] }",
        ),
        ("auto_increment = true", "create = { procedure = \"sp_invoice_create\", args = [\"x\", \"id\"] }"),
        ("required = true", "delete = { procedure = \"sp_invoice_delete\", args = [\"id\", \"x\"] }"),
    ] {
        let key = format!("id = {{ type = \"int\", key = true, {key} }}\nx = \"string\"\ny = \"string\"");
        let text = TEMPLATE.replace("id = { type = \"uuid\", key = true }\nHERE", &key);
        let text = format!("{text}{objects}\n");
        let compiler = Compiler::new().template_text("invoice_rec.toml", text).domains("no-such-folder");
        let mended = compiler.mend();
        assert!(mended.files.iter().all(|file| file.after.ends_with(&format!("{objects}\n"))), "{objects}");
        assert_eq!(mended.report.errors(), 1, "{}", mended.report);
    }
}

#[test]
fn what_is_guessed_is_left_to_people() {
    for line in [
        r#"x = "datetime not null default current_timestamp""#,
        "x timestamp not null default current_timestamp on update current_timestamp,",
        r#"x = { type = "string", mutable = true }"#,
        r#"x = { type = "string", fillable = true }"#,
        r#"x = { type = "string", encrypted = true }"#,
        r#"x = { type = "enum", values = [{ name = "open" }] }"#,
        r#"x = { type = "enum", values = [["open", "Open"], ["paid", "Paid"]] }"#,
        r#"x = { type = "enum", values = { new = 1, open = 2 } }"#,
        r#"x = { type = "enum", values = { new = "New", open = "Open" } }"#,
        r#"x = { type = "enum", values = "a..z" }"#,
        r#"x = { type = "enum", values = "in work" }"#,
        r#"x = { type = "datetime", default = 2020-01-01T00:00:00 }"#,
        r#"x = ["int"]"#,
        r#"x = { type = "int", read_only = false }"#,
        r#"x = { type = "int", auto_increment = false }"#,
        r#"x = "array(\"type\" => \"int\")""#,
        r#"x = { type = "enum", values = ["open", "paid"], default = "opne" }"#,
        r#"x = { type = "decimal", precision = 12, scale = 3, max = "100,000" }"#,
        r#"x = { type = "decimal", precision = 12, scale = 4, default = "1,000" }"#,
    ] {
        assert_eq!(mended(line), line);
    }
}

#[test]
fn a_bare_duration_keeps_its_unit() {
    for (wrong, right) in [
        ("ttl = 30m", "ttl = \"30m\""),
        ("ttl = 30 days", "ttl = \"30d\""),
        ("warehouse = { after = 90d, to = \"x\" }", "warehouse = { after = \"90d\", to = \"x\" }"),
        ("cool = { after = 2 weeks }", "cool = { after = \"14d\" }"),
        ("ttl = 6M", "ttl = 6M"),
    ] {
        assert_eq!(mended(&format!("[lifecycle]\n{wrong}")), format!("[lifecycle]\n{right}"));
    }
}

/// A node refuses MySQL, so only people can say that the server is MariaDB.
#[test]
fn an_engine_is_not_replaced_by_another() {
    let files = |engine: &str| {
        let text = TEMPLATE.replace("HERE", "x = \"string\"").replace("mariadb", engine);
        let compiler = Compiler::new().template_text("invoice_rec.toml", text).domains("no-such-folder");
        compiler.mend().files.len()
    };
    for engine in ["mysql", "MySQL", "sql", "innodb"] {
        assert_eq!(files(engine), 0, "{engine}");
    }
    assert_eq!(files("maria"), 1);
}

/// An optional field may be null: NOT NULL is `required`, unless another source gives the value.
#[test]
fn what_is_not_null_stays_so() {
    for line in [
        r#"x = { type = "string", nullable = false }"#,
        r#"x = { type = "string", null = false }"#,
        r#"x = { type = "string", allowNull = false }"#,
        r#"x = { type = "string", optional = false }"#,
        r#"x = { type = "string", is_nullable = "NO" }"#,
        r#"x = { type = "text", notNull = true }"#,
        r#"x = { type = "VARCHAR(9)", null = no }"#,
        "x = { type = \"string\" }\n[fields.y]\ntype = \"string\"\nnull = false",
    ] {
        let after = mended(line);
        assert!(after.contains("required = true") && !after.contains("null"), "{line}: {after}");
    }
    for (line, right) in [
        (
            r#"x = { type = "string", null = false, default = "a" }"#,
            r#"x = { type = "string", nullable = false, default = "a" }"#,
        ),
        (
            r#"x = { type = "string", allowNull = false, defaultValue = "a" }"#,
            r#"x = { type = "string", nullable = false, default = "a" }"#,
        ),
        (
            r#"x = { type = "string", not_null = false, default = "a" }"#,
            r#"x = { type = "string", nullable = true, default = "a" }"#,
        ),
        (r#"x = { type = "string", mandatory = false }"#, r#"x = { type = "string", required = false }"#),
        (
            r#"x = { type = "string", required = false, nullable = false }"#,
            r#"x = { type = "string", required = false, nullable = false }"#,
        ),
    ] {
        assert_eq!(mended(line), right, "{line}");
    }
}

/// Only people can say whom a word admits.
#[test]
fn nobody_is_let_in_by_a_machine() {
    for role in ["public", "everyone", "Public", "any", "all", "authenticated"] {
        let text =
            TEMPLATE.replace("HERE", "") + "\n[access]\nfetch = [\"ROLE\"]\n".replace("ROLE", role).as_str();
        let (after, report) = mended_whole(&text);
        assert_eq!(after, text);
        assert!(report.contains("`*` for every caller who is known, or `anyone`"), "{report}");
    }
}

#[test]
fn many_of_one_mistake_take_no_time() {
    let many = |line: &str| (0..900).fold(String::new(), |text, n| text + &line.replace('N', &n.to_string()));
    for text in [
        TEMPLATE.replace("HERE", &many("kN : x\n")),
        TEMPLATE.replace("HERE", &many("kN = \"strng\"\n")),
        TEMPLATE.replace("HERE", "") + &many("[fetch]\n").repeat(20),
    ] {
        let begin = std::time::Instant::now();
        mended_whole(&text);
        assert!(begin.elapsed().as_secs() < 20, "{:?}: {}", begin.elapsed(), &text[..300]);
    }
}

#[test]
fn a_length_of_a_number_is_no_bound_of_its_values() {
    for line in [
        r#"x = { type = "int(11)", size = 11 }"#,
        r#"x = { type = "bigint", length = 20 }"#,
        r#"x = { type = "Integer", maxLength = 9 }"#,
        r#"x = { type = "tinyint(1)", length = 1 }"#,
        r#"x = { type = "decimal(10,2)", size = 10 }"#,
    ] {
        let after = mended(line);
        assert!(!after.contains("max ="), "{line}: {after}");
    }
}

fn warnings(text: String) -> Vec<String> {
    let compiler = Compiler::new().template_text("invoice_rec.toml", text).domains("no-such-folder");
    let report = compiler.compile().map_or_else(|report| report, |output| output.warnings);
    report.diagnostics().iter().map(|found| found.code.to_string()).collect()
}

#[test]
fn names_that_are_something_else_are_warned_of() {
    // The configuration decides to which schema the bare name refers.
    let text = TEMPLATE.replace("HERE", "").replace("v_invoice", "other.v_invoice");
    assert_eq!(mended_whole(&text).0, text);
    for name in [
        "v_invoice; drop table x",
        "v_invoice -- x",
        "(select 1)",
        "[dbo].[v]",
        "'v'",
        "v\\n",
        "v_invoice\u{200b}",
    ] {
        let text = TEMPLATE.replace("HERE", "").replace("v_invoice", name);
        assert_eq!(warnings(text), ["B0907"], "{name}");
    }
    for column in ["`qty`", "v.qty", "qty as q", "max(qty)", "qty\u{200b}", "qty\\t"] {
        let text = TEMPLATE.replace("HERE", &format!("qty = {{ type = \"int\", column = \"{column}\" }}"));
        assert_eq!(warnings(text), ["B0907"], "{column}");
    }
    for plain in ["order details", "Größe", "order-line", "a$b", "#1"] {
        let line = format!("qty = {{ type = \"int\", column = \"{plain}\" }}");
        assert_eq!(warnings(TEMPLATE.replace("HERE", &line)), [""; 0], "{plain}");
        assert_eq!(warnings(TEMPLATE.replace("HERE", "").replace("v_invoice", plain)), [""; 0], "{plain}");
    }
}

#[test]
fn what_a_template_allows_is_not_warned_of() {
    let odd =
        TEMPLATE.replace("HERE", "qty = { type = \"int\", column = \"max(qty)\", key = true, default = 1 }");
    let allowing = |codes: &str| odd.replacen("[template]", &format!("[template]\nallow = {codes}"), 1);
    assert_eq!(warnings(odd.clone()), ["B0907", "B0905"]);
    assert_eq!(warnings(allowing("[\"B0907\"]")), ["B0905"]);
    assert_eq!(warnings(allowing("[\"B0907\", \"B0905\"]")), [""; 0]);
    // A text that is not the code of a warning is reported, and so are the warnings.
    for (codes, told) in [
        ("[\"B0101\"]", "cannot be allowed"),
        ("[\"b907\"]", "write `\"B0907\"`"),
        ("[\"odd\"]", "can be allowed: "),
    ] {
        let compiler =
            Compiler::new().template_text("invoice_rec.toml", allowing(codes)).domains("no-such-folder");
        let report = compiler.compile().unwrap_err().to_string();
        assert!(report.contains("B0211") && report.contains(told), "{report}");
    }
}

#[test]
fn patterns_and_values_that_cannot_be_meant_are_warned_of() {
    for (keys, code) in [
        (r#"type = "string", pattern = "\#^[a-z]+$\#i""#, "B0903"),
        (r#"type = "string", pattern = "~[a-z]+~u""#, "B0903"),
        (r#"type = "string", pattern = "[a-z]{5}", max = 3"#, "B0903"),
        (r#"type = "string", pattern = "[a-z]{1,2}", min = 3"#, "B0903"),
        (r#"type = "enum", values = ["a", "a "]"#, "B0902"),
        (r#"type = "enum", values = ["a", "á"]"#, "B0902"),
    ] {
        let line = format!("x = {{ {} }}", keys.replace("\\#", "#"));
        assert_eq!(warnings(TEMPLATE.replace("HERE", &line)), [code], "{keys}");
    }
    for keys in [
        r##"type = "string", pattern = "#[0-9a-f]{6}", max = 7"##,
        r#"type = "string", pattern = "ä{2}", max = 2"#,
        r#"type = "enum", values = ["a", "ab"]"#,
    ] {
        assert_eq!(warnings(TEMPLATE.replace("HERE", &format!("x = {{ {keys} }}"))), [""; 0], "{keys}");
    }
}

/// A template that is fixed as a whole.
fn mended_whole(text: &str) -> (String, String) {
    let compiler = Compiler::new().template_text("invoice_rec.toml", text).domains("no-such-folder");
    let mended = compiler.mend();
    let after = mended.files.into_iter().next().map_or_else(|| text.to_owned(), |file| file.after);
    (after, mended.report.to_string())
}

#[test]
fn what_nobody_sees_is_mended_without_a_guess() {
    let right = TEMPLATE.replace("HERE", "floor = { type = \"int\" }");
    for wrong in [
        right.replace("floor", "flo\0or"),
        right.replace("floor =", "floor\0 ="),
        right.replace("[template]\n", "[template]\r"),
        right.replace("key = true }\n", "key = true }\r"),
        right.replace('\n', "\r"),
        right.replace("[template]\n", "[template]\r").replace("mariadb\"\n", "mariadb\"\r"),
    ] {
        let (after, report) = mended_whole(&wrong);
        assert_eq!(after, right, "{wrong:?}\n{report}");
    }
}

#[test]
fn a_few_lone_line_ends_are_one_mistake() {
    let text = TEMPLATE.replace("HERE", "floor = { type = \"int\" }");
    let text = text.replace("[template]\n", "[template]\r").replace("\"mariadb\"\n", "\"mariadb\"\r");
    let report = Compiler::new().template_text("invoice_rec.toml", text).domains("no").compile().unwrap_err();
    assert_eq!(report.diagnostics().len(), 1, "{report}");
}

fn reported(compiler: &Compiler) -> Report {
    compiler.compile().map_or_else(|report| report, |output| output.warnings)
}

/// Whether the reported text could be parsed. Otherwise the report hides further mistakes.
fn is_read(report: &Report) -> bool {
    !report.diagnostics().iter().any(|found| found.code.as_str().starts_with("B00"))
}

#[test]
fn mending_never_makes_a_file_worse() {
    for path in files("err", "toml") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let of = |text: &str| Compiler::new().pipelines(folder("ok/pipelines")).template_text(&name, text);
        let before = reported(&of(&text));
        let mended = of(&text).mend();
        let Some(file) = mended.files.into_iter().next() else { continue };
        let after = reported(&of(&file.after));
        assert_eq!(after.to_string(), mended.report.to_string(), "{name}: what is said is not what is so");
        assert!(!is_read(&before) || is_read(&after), "{name}: it can no longer be read\n{after}");
        let is_hiding = !is_read(&before);
        assert!(is_hiding || after.errors() <= before.errors(), "{name}: more is wrong\n{before}\n{after}");
        assert!(after.to_string() != before.to_string(), "{name}: what is mended is still wrong\n{after}");
        assert!(of(&file.after).mend().files.is_empty(), "{name}: it is not mended at once");
    }
}

/// If a fix only makes room for the next report at its position, the line stays unchanged, and the fix is not counted.
#[test]
fn what_does_not_help_is_left() {
    for line in [
        r#"x = y = "string""#,
        r#"x = { type = string, type = "int" } }"#,
        "x:\n  type: date",
        r#"x = { type = "list", items = "string", max = 5 }, y = z = "int""#,
    ] {
        assert_eq!(mended(line), line);
    }
    for (line, right) in [
        (r#"x = x = { type = "date" }"#, r#"x = { type = "date" }"#),
        // Two mistakes at one position. The second one shows after the first is fixed.
        ("x = { type = date; nullable = yes }", r#"x = { type = "date", nullable = true }"#),
        (r#"x = { type = "int",,, min = 1 }"#, r#"x = { type = "int", min = 1 }"#),
        // A fix that helps is applied, whatever else remains.
        ("x = y = \"string\"\nz = { type = date }", "x = y = \"string\"\nz = { type = \"date\" }"),
        (
            "x = { type = \"date\", default = \"now\" }\nz = \"varchar(5)\"",
            "x = { type = \"date\", default = \"now\" }\nz = { type = \"string\", max = 5 }",
        ),
    ] {
        assert_eq!(mended(line), right, "{line}");
    }
}

#[test]
fn a_call_is_published_by_the_name_that_it_should_have() {
    let calls = "\n[events]\npublish = [\"call.ship\"]\n\n[calls.\"ship it\"]\nprocedure = \"sp_ship\"\nlane = \"write\"\n";
    let text = TEMPLATE.replace("HERE", "x = \"int\"") + calls;
    let compiler = Compiler::new().template_text("invoice_rec.toml", text.clone()).domains("no-such-folder");
    let mended = compiler.mend().files.remove(0);
    assert_eq!((mended.count, mended.after), (1, text.replace("call.ship", "call.ship_it")));
}

/// A name that occurs several times is most likely meant. The mistake may be in the declaration.
#[test]
fn a_declaration_that_is_misspelt_is_left_to_people() {
    let objects = "create = { procedure = \"sp_invoice_create\", args = [\"id\", \"body\"] }\n\n[fetch]\nfilter = [\"body\"]\n";
    let text = TEMPLATE.replace("HERE", "boody = \"string\"") + objects;
    let compiler = Compiler::new().template_text("invoice_rec.toml", text.clone()).domains("no-such-folder");
    assert!(compiler.mend().files.is_empty());
    // The same holds for a call in other letters, whose name occurs only in its header.
    let calls =
        "\n[events]\npublish = [\"call.ship\"]\n\n[calls.shIp]\nprocedure = \"sp_ship\"\nlane = \"write\"\n";
    let text = TEMPLATE.replace("HERE", "x = \"int\"") + calls;
    let compiler = Compiler::new().template_text("invoice_rec.toml", text).domains("no-such-folder");
    assert!(compiler.mend().files.is_empty());
    // A name that is right elsewhere is known.
    let text = TEMPLATE.replace("HERE", "body = \"string\"") + &objects.replacen("body", "boody", 1);
    let compiler = Compiler::new().template_text("invoice_rec.toml", text.clone()).domains("no-such-folder");
    assert_eq!(compiler.mend().files.remove(0).after, text.replace("boody", "body"));
}

#[test]
fn a_file_that_was_pasted_twice_is_one_report() {
    for above in ["", "# About invoices.\n\n", "\u{feff}"] {
        let once = above.to_owned() + &TEMPLATE.replace("HERE", "x = \"int\"");
        let compiler =
            |text: String| Compiler::new().template_text("invoice_rec.toml", text).domains("no-such-folder");
        let twice = compiler(once.clone() + "\n" + once.trim_start_matches('\u{feff}'));
        let report = twice.compile().unwrap_err();
        assert_eq!(report.diagnostics().len(), 1, "{report}");
        let mended = twice.mend().files.remove(0);
        assert_eq!(mended.after.trim_end(), once.trim_end());
        // It is unknown which of the two is right.
        let other = compiler(once.clone() + &once.replace("\"int\"", "\"date\""));
        let report = other.compile().unwrap_err();
        assert_eq!(report.diagnostics().len(), 1, "{report}");
        assert!(other.mend().files.is_empty());
    }
}

#[test]
fn what_is_required_is_not_to_be_removed() {
    let right = TEMPLATE.replace("HERE", "floor = { type = \"int\" }");
    let (_, report) = mended_whole(&right.replace("\"catalog\"", "None"));
    assert!(
        report.contains("write a text, such as `database = \"…\"`") && !report.contains("remove"),
        "{report}"
    );
    let (_, report) = mended_whole(&right.replace("{ type = \"int\" }", "None").replace("floor", "name"));
    assert!(report.contains("remove `name`"), "{report}");
}
