//! `bedsc` as editors, build scripts and people call it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use support::{SMALL, check, files, finish, folder};

/// The output and the exit status of a call.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

fn bedsc(arguments: &[&str], input: &[u8]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedsc"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads no input closes it.
    let _ = child.stdin.take().unwrap().write_all(input);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn an_editor_asks_about_what_is_not_saved() {
    let good = bedsc(&["check", "-"], SMALL.as_bytes());
    assert_eq!((good.code, good.out.as_str()), (Some(0), "1 template, no errors\n"), "{}", good.err);
    let text = SMALL.replace("engine", "engin");
    let bad =
        bedsc(&["check", "-", "--stdin-name", "shop/country_rec.toml", "--format", "json"], text.as_bytes());
    assert_eq!(bad.code, Some(1));
    let found: Vec<Value> = bad.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let typo = found.iter().find(|found| found["code"] == "B0101").unwrap();
    assert_eq!(typo["file"], "shop/country_rec.toml");
    assert_eq!([&typo["line"], &typo["column"], &typo["end_line"], &typo["end_column"]], [4, 1, 4, 6]);
    assert_eq!(typo["fix"]["replacement"], "engine");
    assert!(typo["message"].as_str().unwrap().contains("unknown key `engin`"), "{typo}");
    assert!(!typo["help"].as_array().unwrap().is_empty());
    assert_eq!(bedsc(&["check", "-"], &[0xff; 10]).code, Some(1));
}

#[test]
fn what_a_machine_can_mend_is_mended() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("memo_rec.toml");
    let pipelines = place.path().join("pipelines");
    fs::create_dir(&pipelines).unwrap();
    let template = "# About memos.\n[template]\nname = \"memo\"\nservice = \"app_servr\"   # here\nengine = \"mongodb\"\n\
                    database = \"journal\"\n\n[fields]\nid = { type = \"uuid\", key = true, colum = \"_id\" }\n\
                    subject = \"string\"\n\n[objects]\nread = { collecton = \"memos\" }\n\n[fetch]\nfilter = [\"subjct\"]\n\n\
                    [calls.by_tag]\npipeline = \"by_tag.json\"\non = \"memos\"\nargs = { tag = { type = \"string\", max = 40 } }\n";
    let pipeline = "[\n  { $mach: { \"subject\": { '$arg': \"tga\" } } },\n  { \"$limit\": \"10\" },\n]\n";
    let write = || {
        fs::write(&file, template).unwrap();
        fs::write(pipelines.join("by_tag.json"), pipeline).unwrap();
    };
    write();
    let arguments = |more: &[&'static str]| -> Vec<String> {
        let all = ["fix", path(&file), "--pipelines", path(&pipelines)];
        all.iter().chain(more).map(|text| (*text).to_owned()).collect()
    };
    let run = |more: &[&'static str]| {
        let arguments = arguments(more);
        bedsc(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), b"")
    };
    let shown = run(&["--dry-run"]);
    assert!(
        shown.out.contains("-service = \"app_servr\"   # here\n+service = \"app_server\"   # here"),
        "{}",
        shown.out
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), template, "a dry run writes nothing");
    let mended = run(&[]);
    assert_eq!(mended.code, Some(0), "{}", mended.err);
    let expected = template
        .replace("app_servr", "app_server")
        .replace("colum ", "column ")
        .replace("collecton", "collection")
        .replace("subjct", "subject");
    assert_eq!(fs::read_to_string(&file).unwrap(), expected);
    let expected = "[\n  { \"$match\": { \"subject\": { \"$arg\": \"tag\" } } },\n  { \"$limit\": 10 }\n]\n";
    assert_eq!(fs::read_to_string(pipelines.join("by_tag.json")).unwrap(), expected);
    assert!(mended.err.contains("fixed 4 mistakes in"), "{}", mended.err);
    let again = run(&[]);
    assert_eq!((again.code, again.err.trim()), (Some(0), "nothing to fix"));
    // A mistake that no machine can fix stays, and is reported.
    fs::write(&file, template.replace("\"subjct\"", "\"colour\"")).unwrap();
    let left = run(&[]);
    assert_eq!(left.code, Some(1));
    assert!(left.err.contains("there is no field `colour`"), "{}", left.err);
    assert!(fs::read_to_string(&file).unwrap().contains("app_server"), "the rest is mended all the same");
}

/// Fixing the wrong example of every code leaves no more mistakes than before, and a second run changes nothing.
#[test]
fn mending_never_breaks_a_file() {
    for code in beds_codegen::Code::ALL {
        let Some(wrong) = support::example(*code, "Wrong") else { continue };
        let compiler = wrong.compiler();
        let errors = |result: &Result<beds_codegen::Output, beds_codegen::Report>| {
            result.as_ref().err().map_or(0, beds_codegen::Report::errors)
        };
        let before = errors(&compiler.compile());
        let mended = compiler.mend();
        assert!(mended.report.errors() <= before.max(1), "{code}:\n{}", mended.report);
    }
}

/// Changes that no request shows, but that the database must follow.
#[test]
fn a_change_of_what_is_kept_is_told() {
    let place = tempfile::tempdir().unwrap();
    let (old, new) = (place.path().join("old_rec.toml"), place.path().join("new_rec.toml"));
    let text = "[template]\nname = \"memo\"\nservice = \"app_server\"\nengine = \"mongodb\"\ndatabase = \"notes\"\n\
                [fields]\nid = { type = \"uuid\", column = \"_id\", key = true, generated = \"uuid_v7\" }\n\
                at = { type = \"datetime\", generated = \"now\" }\n[objects]\nread = { collection = \"memo\" }\n\
                create = { collection = \"memo\" }\n[lifecycle]\nttl = \"30d\"\nby = \"at\"\n[audit]\noperations = [\"create\"]\n";
    fs::write(&old, text).unwrap();
    for (from, to, told) in [
        (
            "\"30d\"",
            "\"60d\"",
            "lifecycle: records are kept 60 days after `at` instead of 30 days after `at`",
        ),
        ("[lifecycle]\nttl = \"30d\"\nby = \"at\"\n", "", "lifecycle: records are kept for ever instead of"),
        ("[audit]\noperations = [\"create\"]\n", "", "audit of `create`: removed"),
        ("\"uuid_v7\"", "\"uuid_v4\"", "field `id`: generated by `uuid_v4` instead of `uuid_v7`"),
    ] {
        fs::write(&new, text.replacen(from, to, 1)).unwrap();
        let diff = bedsc(&["diff", path(&old), path(&new)], b"");
        assert_eq!(diff.code, Some(0), "{to}:\n{}{}", diff.out, diff.err);
        assert!(diff.out.contains(told), "{to}:\n{}", diff.out);
    }
}

/// A file in another encoding is reported as fixable, and is fixed.
#[test]
fn another_encoding_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("country_rec.toml");
    let units = |bytes: fn(u16) -> [u8; 2]| SMALL.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    for wide in [units(u16::to_le_bytes), [vec![0xfe, 0xff], units(u16::to_be_bytes)].concat()] {
        fs::write(&file, &wide).unwrap();
        let ended = bedsc(&["check", "--format", "json", path(&file)], b"");
        assert!(ended.out.contains("\"fix\":{"), "{}", ended.out);
        let ended = bedsc(&["fix", "--dry-run", path(&file)], b"");
        assert!(ended.out.contains("would be written as UTF-8"), "{}", ended.out);
        assert_eq!(fs::read(&file).unwrap(), wide);
        let ended = bedsc(&["fix", path(&file)], b"");
        assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
        assert_eq!(fs::read_to_string(&file).unwrap(), SMALL);
    }
}

#[test]
fn one_layout_keeps_comments_and_meaning() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let mut paths = files("ok", "toml");
    paths.extend(fs::read_dir(shipped).unwrap().map(|entry| entry.unwrap().path()));
    for file in paths.iter().filter(|path| path.extension().is_some_and(|found| found == "toml")) {
        let before = fs::read_to_string(file).unwrap();
        let once = bedsc(&["fmt", "-"], before.as_bytes());
        assert_eq!(once.code, Some(0), "{}", once.err);
        let comments = |text: &str| text.matches('#').count();
        assert_eq!(comments(&before), comments(&once.out), "{}", file.display());
        let meaning = |text: &str| text.parse::<toml::Table>().unwrap();
        assert_eq!(meaning(&before), meaning(&once.out), "{}", file.display());
        let twice = bedsc(&["fmt", "-"], once.out.as_bytes());
        assert_eq!(once.out, twice.out, "{}", file.display());
    }
}

/// The formatter knows tables in { } only on one line. The compiler also accepts those of TOML 1.1, over several lines.
#[test]
fn tables_over_several_lines_stay_as_they_are() {
    for table in [
        "{\n    type = \"int\", # a\n    max = 5\n}",
        "{ # a\n  type = \"int\", # b\n  # c\n  max = 500, # d\n}",
        "{\n  type = \"list\",\n  items = {\n    type = \"int\"\n  }\n}",
    ] {
        let before = SMALL.replace("[objects]", &format!("x={table} # x\ny=\"int\"\n[objects]"));
        assert_eq!(bedsc(&["check", "-"], before.as_bytes()).code, Some(0), "{table}");
        let once = bedsc(&["fmt", "-"], before.as_bytes());
        assert_eq!(once.code, Some(0), "{table}: {}", once.err);
        assert!(once.out.contains(&format!("= {table} # x\n")), "{}", once.out);
        assert!(
            once.out.contains("= \"int\"\n\n[objects]") || once.out.contains("= \"int\"\n[objects]"),
            "{}",
            once.out
        );
        assert_eq!(bedsc(&["fmt", "-"], once.out.as_bytes()).out, once.out, "{table}");
    }
}

#[test]
fn shipped_templates_have_the_layout() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let asked = bedsc(&["fmt", "--check", path(&shipped)], b"");
    assert_eq!(asked.code, Some(0), "`bedsc fmt` mends it:\n{}{}", asked.out, asked.err);
}

/// The examples of the documents that are templates, or parts of one.
#[test]
fn examples_of_the_documents_have_the_layout() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md")];
    pages.extend(fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    let mut tried = 0;
    for page in pages.iter().filter(|page| {
        // The examples of the codes must show their mistakes.
        page.extension().is_some_and(|found| found == "md") && !page.ends_with("diagnostics.md")
    }) {
        let text = fs::read_to_string(page).unwrap();
        for example in text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            let sections = ["[template]", "[fields", "[objects]", "[fetch]", "[calls"];
            if sections.iter().any(|section| example.starts_with(section)) {
                tried += 1;
                let done = bedsc(&["fmt", "-"], example.as_bytes());
                assert_eq!(done.out, example, "{}: {}", page.display(), done.err);
            }
        }
    }
    assert!(tried >= 2, "{tried} examples are too few");
}

/// In whatever folder a command runs, it finds the files of the templates beside them.
#[test]
fn hand_written_domains_and_pipelines_stand_beside_the_templates() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let granted = bedsc(&["grants", "--engine", "mariadb", path(&root.join("templates"))], b"");
    assert_eq!(granted.code, Some(0), "{}", granted.err);
    let by_hand = fs::read_to_string(root.join("src/domains/bookmark.rs")).unwrap();
    let view = by_hand.split("view = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(granted.out.contains(&format!("`{view}`")), "{view}:\n{}", granted.out);
}

/// A single line of YAML does not show the nesting.
#[test]
fn nested_yaml_is_not_mended() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("country_rec.toml");
    let text = "[template]\nname = \"country\"\nservice = \"app_server\"\n\n[fields]\nprice:\n  type: int\n  min: 0\n";
    fs::write(&file, text).unwrap();
    let fixed = bedsc(&["fix", path(&file)], b"");
    assert_eq!(fixed.code, Some(1), "{}", fixed.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn another_language_is_one_report_that_names_it() {
    for (text, language) in [
        (
            "from django.db import models\n\nclass Note(models.Model):\n    title = models.CharField()\n",
            "Python",
        ),
        ("model Note {\n  id Int @id\n  title String\n}\n", "a schema of Prisma"),
        ("package shop;\n\n@Entity\npublic class Note {\n  private String title;\n}\n", "Java"),
        ("type Note {\n  id: ID!\n  title: String\n}\n", "GraphQL"),
        ("syntax = \"proto3\";\n\nmessage Note {\n  string title = 1;\n}\n", "Protocol Buffers"),
        ("use serde::Serialize;\n\n#[derive(Serialize)]\npub struct Note {\n    title: String,\n}\n", "Rust"),
        ("resource \"a\" \"b\" {\n  name = \"x\"\n}\n", "HCL"),
        ("template.name=note\ntemplate.service=app_server\nfields.id=int\n", "a file of properties"),
        ("cat <<EOF > note_rec.toml\n[template]\nname = \"note\"\nEOF\n", "a script of a shell"),
        ("export interface Note {\n  title: string;\n}\n", "TypeScript"),
        ("[node]\nservices = [\"admin\"]\n\n[amqp]\nurl = \"amqp://a\"\n", "a node's configuration"),
    ] {
        let told = bedsc(&["check", "-"], text.as_bytes());
        assert_eq!(told.code, Some(1), "{text}");
        assert!(
            told.err.contains(&format!("this file is {language}, and a template is TOML"))
                || language.contains("node"),
            "{}",
            told.err
        );
        assert!(told.err.contains(language) && told.err.contains("\n1 error;"), "{}", told.err);
    }
}

#[test]
fn a_layout_can_be_asked_for_without_writing() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("country_rec.toml");
    let untidy = SMALL.replace(" = ", "=");
    fs::write(&file, &untidy).unwrap();
    let asked = bedsc(&["fmt", "--check", path(&file)], b"");
    assert_eq!(asked.code, Some(1));
    assert!(asked.out.contains("-name=\"country\"\n"), "{}", asked.out);
    assert_eq!(fs::read_to_string(&file).unwrap(), untidy);
    assert_eq!(bedsc(&["fmt", path(&file)], b"").code, Some(0));
    assert_eq!(bedsc(&["fmt", "--check", path(&file)], b"").code, Some(0));
    // A text that is not TOML stays unchanged, with its report.
    fs::write(&file, "[template\n").unwrap();
    let broken = bedsc(&["fmt", path(&file)], b"");
    assert_eq!(broken.code, Some(1));
    assert!(broken.err.contains("B0007"), "{}", broken.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), "[template\n");
}

#[test]
fn a_new_template_has_the_layout() {
    let new =
        bedsc(&["new", "order", "--field", "sku=string", "--field", "price=decimal", "--output", "-"], b"");
    let formatted = bedsc(&["fmt", "-"], new.out.as_bytes());
    assert_eq!(new.out, formatted.out);
}

#[test]
fn a_change_is_told_by_what_it_does_to_clients() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let target = place.path().join(format!("{name}_rec.toml"));
        fs::copy(folder("diff").join(format!("{name}.toml")), &target).unwrap();
        target
    };
    let (old, new) = (at("old"), at("new"));
    let told = bedsc(&["diff", path(&old), path(&new)], b"");
    assert_eq!(told.code, Some(1), "{}", told.err);
    let mut differences: Vec<_> = check(&folder("diff").join("forward.txt"), &told.out).into_iter().collect();
    let back = bedsc(&["diff", path(&new), path(&old)], b"");
    differences.extend(check(&folder("diff").join("back.txt"), &back.out));
    finish(&differences);
    let same = bedsc(&["diff", path(&old), path(&old)], b"");
    assert_eq!(same.code, Some(0));
    assert!(same.out.starts_with("no change"), "{}", same.out);
    let lines = bedsc(&["diff", path(&old), path(&new), "--format", "json"], b"");
    let lines: Vec<Value> = lines.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["effect"] == "breaking" && line["place"] == "operation delete"));
    // A change that only widens breaks no client.
    let wider = fs::read_to_string(&old).unwrap().replace("max = 100 }", "max = 1000 }");
    let wider_path = place.path().join("wider_rec.toml");
    fs::write(&wider_path, wider).unwrap();
    let widened = bedsc(&["diff", path(&old), path(&wider_path)], b"");
    assert_eq!(widened.code, Some(0), "{}", widened.out);
    assert_eq!(bedsc(&["diff", path(&old), "nowhere"], b"").code, Some(2));
}

/// After a change that only widens, clients need not become strangers: their fingerprint is written into the template.
#[test]
fn clients_that_nothing_breaks_are_known_on() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| {
        let path = place.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let text = fs::read_to_string(folder("diff/old.toml")).unwrap();
    let old = at("old_rec.toml", &text);
    let new = at("new_rec.toml", &text.replace("max = 100 }", "max = 1000 }"));
    let told = bedsc(&["diff", path(&old), path(&new)], b"").out;
    assert!(told.contains("nothing breaks them: `--write` adds"), "{told}");
    for _ in 0..2 {
        let written = bedsc(&["diff", path(&old), path(&new), "--write"], b"");
        assert_eq!(written.code, Some(0), "{}{}", written.out, written.err);
    }
    let known = fs::read_to_string(&new).unwrap();
    assert_eq!(known.matches("compatible_with").count(), 1, "{known}");
    let comments = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(comments(&known), comments(&text), "all else stays as it is");
    let told = bedsc(&["diff", path(&old), path(&new)], b"").out;
    assert!(!told.contains("beds-template-hash"), "{told}");
    // The next version lists the clients of both versions. A version that omits them breaks them.
    let next = at("next_rec.toml", &known.replace("max = 1000 }", "max = 2000 }"));
    assert_eq!(bedsc(&["diff", path(&new), path(&next), "--write"], b"").code, Some(0));
    let list = fs::read_to_string(&next).unwrap();
    let list = list.lines().find(|line| line.starts_with("compatible_with")).unwrap();
    assert_eq!(list.matches('"').count(), 4, "{list}");
    let forgets = at("forgets_rec.toml", &text.replace("max = 100 }", "max = 2000 }"));
    let told = bedsc(&["diff", path(&new), path(&forgets)], b"");
    assert!(told.code == Some(1) && told.out.contains("breaking   compatible_with"), "{}", told.out);
    // A template with a breaking change must not list the broken clients.
    let stale = at("stale_rec.toml", &known.replace("max = 1000 }", "max = 60 }"));
    let told = bedsc(&["diff", path(&new), path(&stale)], b"").out;
    assert!(told.contains("is listed") && told.contains("remove it"), "{told}");
    // A breaking change makes the broken clients strangers.
    let narrow = at("narrow_rec.toml", &text.replace("max = 100 }", "max = 60 }"));
    assert_eq!(bedsc(&["diff", path(&old), path(&narrow), "--write"], b"").code, Some(1));
    assert!(!fs::read_to_string(&narrow).unwrap().contains("compatible_with"));
}

/// Changes of the arguments and results of database objects are reported to the people whom they concern.
#[test]
fn a_change_of_objects_is_told() {
    let place = tempfile::tempdir().unwrap();
    let product = fs::read_to_string(folder("ok/product.toml")).unwrap().replace(
        "lane = \"write\"\nargs",
        "lane = \"write\"\nreturns = { rows = { sku = \"string\", stock = \"int\" } }\nargs",
    );
    let old = place.path().join("product_rec.toml");
    fs::write(&old, &product).unwrap();
    // The text to replace, its replacement, the exit status, and the report.
    let cases = [
        (
            "\"price\", \"status\"] }\nupdate",
            "\"price\"] }\nupdate",
            1,
            "breaking   field `status`: no longer passed by `create`",
        ),
        (
            "\"price\", \"status\", \"revision\"",
            "\"price\", \"revision\"",
            1,
            "breaking   field `status`: no longer passed by `update`",
        ),
        (
            "\"id\", \"price\", \"status\", \"revision\"",
            "\"id\", \"sku\", \"price\", \"status\", \"revision\"",
            0,
            "widening   field `sku`: passed by `update`",
        ),
        (
            "\"id\", \"price\", \"status\", \"revision\"",
            "\"price\", \"id\", \"status\", \"revision\"",
            0,
            "object of update: arguments (price, id, status, revision) instead of (id, price, status, revision)",
        ),
        (
            "sku = { type = \"string\" }, quantity = { type = \"int\" }",
            "quantity = { type = \"int\" }, sku = { type = \"string\" }",
            0,
            "call `restock`: arguments (quantity, sku, in_stock) instead of (sku, quantity, in_stock)",
        ),
        (
            "sku = \"string\", stock = \"int\"",
            "stock = \"int\", sku = \"string\"",
            0,
            "call `restock`: columns (stock, sku) instead of (sku, stock)",
        ),
        ("\"sp_product_restock\"", "\"sp_restock\"", 0, "call `restock`: procedure `sp_restock` instead of"),
        ("lane = \"write\"\n", "lane = \"write\"\ncommits = true\n", 1, "call `restock`: commits by itself"),
        (
            "\"id\", \"revision\"] }",
            "\"id\", \"revision\"], commits = true }",
            1,
            "operation delete: commits by itself",
        ),
        (
            "\"v_product\"",
            "\"v_products\"",
            0,
            "object of read: view `v_products` instead of view `v_product`",
        ),
        (
            "returns = { rows = { sku = \"string\", stock = \"int\" } }\n",
            "",
            1,
            "replies have `sets` instead of `data`",
        ),
        (
            "service = \"app_server\"",
            "service = \"admin\"",
            1,
            "breaking   service: from `app_server` to `admin`",
        ),
    ];
    let new = place.path().join("new_rec.toml");
    for (from, to, code, told) in cases {
        assert!(product.contains(from), "{from}");
        fs::write(&new, product.replacen(from, to, 1)).unwrap();
        let diff = bedsc(&["diff", path(&old), path(&new)], b"");
        assert_eq!(diff.code, Some(code), "{to}:\n{}{}", diff.out, diff.err);
        assert!(diff.out.contains(told), "{to}:\n{}", diff.out);
    }
    // The order of fields does not matter.
    let reordered = product
        .replace("[fields]\n", "[fields]\nstatus     = { type = \"enum\", values = [\"draft\", \"active\"], default = \"draft\" }\n")
        .replacen("default = \"draft\" }\ncreated_at", "created_at", 1);
    let line = "status     = { type = \"enum\", values = [\"draft\", \"active\"], ";
    let reordered = reordered.replacen(&format!("{line}created_at"), "created_at", 1);
    fs::write(&new, reordered).unwrap();
    let diff = bedsc(&["diff", path(&old), path(&new)], b"");
    assert!(diff.out.starts_with("no change"), "{}{}", diff.out, diff.err);
}

#[test]
fn a_stream_is_for_one_engine() {
    let place = tempfile::tempdir().unwrap();
    let maria = place.path().join("country_rec.toml");
    let mongo = place.path().join("match_rec.toml");
    fs::write(&maria, SMALL).unwrap();
    fs::copy(folder("ok/documents.toml"), &mongo).unwrap();
    let pipelines = folder("ok/pipelines");
    for command in ["ddl", "grants"] {
        let run = |more: &[&str]| {
            let all = [&[command, path(place.path()), "--pipelines", path(&pipelines)], more].concat();
            bedsc(&all, b"")
        };
        let mixed = run(&[]);
        assert_eq!((mixed.code, mixed.out.as_str()), (Some(1), ""));
        assert!(mixed.err.contains("add `--engine mariadb` or `--engine mongodb`"), "{}", mixed.err);
        let sql = run(&["--engine", "mariadb"]);
        assert!(
            sql.code == Some(0) && sql.out.contains("`catalog`") && !sql.out.contains("match"),
            "{}",
            sql.out
        );
        let out = place.path().join(command);
        let files = run(&["--out", path(&out)]);
        assert_eq!(files.code, Some(0), "{}", files.err);
        assert_eq!(fs::read_to_string(out.join("mariadb.sql")).unwrap(), sql.out);
        assert!(fs::read_to_string(out.join("mongodb.js")).unwrap().contains("sports"));
        let again = run(&["--out", path(&out)]);
        assert!(again.code == Some(1) && again.err.contains("--force"), "{}", again.err);
        assert_eq!(run(&["--out", path(&out), "--force"]).code, Some(0));
    }
    let alone = bedsc(&["ddl", path(&maria)], b"");
    assert!(alone.code == Some(0) && alone.out.contains("create table"), "{}", alone.err);
    let none = bedsc(&["ddl", path(&maria), "--engine", "mongodb"], b"");
    assert!(none.code == Some(1) && none.err.contains("no template is on it"), "{}", none.err);
}

#[test]
fn editors_get_the_language() {
    let schema = bedsc(&["schema", "--template-language"], b"");
    let schema: Value = serde_json::from_str(&schema.out).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(bedsc(&["schema"], b"").code, Some(2));
}

#[test]
fn shells_and_manuals_know_every_command() {
    let completions = bedsc(&["completions", "bash"], b"").out;
    let manual = bedsc(&["man"], b"").out;
    for command in ["check", "fix", "fmt", "diff", "ddl", "grants", "schema"] {
        assert!(
            completions.contains(&format!("bedsc__{command}"))
                || completions.contains(&format!("bedsc__subcmd__{command}")),
            "{command}"
        );
        assert!(manual.contains(&format!("bedsc\\-{command}(1)")), "{command}");
    }
}
