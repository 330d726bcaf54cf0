//! Golden tests: `ok/*.toml` with the generated code, `err/*.toml` with the exact report, and for each code the
//! report of its explanation's wrong example in `err/CODE.txt`.
//!
//! `BLESS=1 cargo test -p beds-codegen` rewrites the expected output. Without it, differences are shown.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::{fs, path::Path};

use beds_codegen::{Code, Compiler, Output, Report, emit};
use support::{check, example, files, finish, folder};

/// The most generated lines of an ordinary template with up to 20 fields. A template with `[access]` and `[lifecycle]`
/// has the most.
const LINES_MAX: usize = 175;

#[test]
fn ok_templates_compile_to_the_expected_code() {
    let mut differences = Vec::new();
    let mut compiler = Compiler::new().pipelines(folder("ok/pipelines"));
    for path in files("ok", "toml") {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        compiler = compiler.template_text(&name, &text);
        let one = Compiler::new().pipelines(folder("ok/pipelines")).template_text(&name, &text);
        let output = one.compile().unwrap_or_else(|report| panic!("{report}"));
        let code = emit::domain(&output.domains[0]);
        syn::parse_file(&code).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (lines, fields) = (code.lines().count(), output.domains[0].fields.len());
        assert!(lines <= LINES_MAX || fields > 20, "{name}: {lines} lines for {fields} fields");
        differences.extend(check(&path.with_extension("rs"), &code));
    }
    let all = compiler.compile().unwrap_or_else(|report| panic!("{report}"));
    differences.extend(check(&folder("ok").join("factory.txt"), &emit::factory(&all.domains, &[], &[])));
    finish(&differences);
}

/// The report: the errors, or the warnings of a compilation that succeeds.
fn reported(result: Result<Output, Report>) -> Report {
    result.map_or_else(|report| report, |output| output.warnings)
}

#[test]
fn err_templates_give_the_expected_report() {
    let mut differences = Vec::new();
    for path in files("err", "toml") {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let compiler = Compiler::new().pipelines(folder("ok/pipelines")).template_text(&name, &text);
        let report = reported(compiler.compile());
        assert!(!report.is_empty(), "{name}: nothing is reported");
        let shown = report.to_string().replace(&*folder("ok").to_string_lossy(), "…");
        differences.extend(check(&path.with_extension("txt"), &shown));
    }
    finish(&differences);
}

/// A file of hand-written domains with the mistake, beside a template `country`.
fn hand_written_example(code: Code) -> String {
    let bookmark = |attribute: &str, field: &str| {
        format!(
            "#[derive(Debug, NamasteCore)]\n\
             #[beds(service = \"app_server\", engine = \"mariadb\", database = \"catalog\")]\n\
             {attribute}\n\
             pub struct Bookmark {{\n    #[beds(key)]\n    pub id: Uuid,\n{field}}}\n"
        )
    };
    match code {
        Code::NotRust => "pub struct Bookmark {\n    pub id: Uuid\n    pub note: String,\n}\n".to_owned(),
        Code::NotADomain => "#[derive(NamasteCore)]\npub struct Bookmark(Uuid, String);\n".to_owned(),
        Code::AttributeForm => {
            bookmark("#[beds(read(view = \"v\"))]", "    #[beds(max = LENGTH_MAX)]\n    pub note: String,\n")
        }
        Code::NotAMethod => bookmark("#[beds(methods(creat = Self::create_checked))]", ""),
        Code::HalfRead => bookmark("#[beds(methods(fetch = Self::fetch_cached))]", ""),
        Code::NotPublic => bookmark("#[beds(read(view = \"v\"))]", "").replace("pub struct", "struct"),
        Code::SameModule => {
            // Both the template's module and the file are named `atlas`.
            let template = bookmark("#[beds(read(view = \"v\"))]", "");
            template.replace("struct Bookmark", "struct Atlantic")
        }
        other => panic!("{other}: its example is no template, and there is no case for it here"),
    }
}

/// The report of a code's wrong example, for codes that are about files.
fn report_about_files(code: Code) -> String {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let template = at("product_rec.toml");
    let mut compiler = Compiler::new();
    match code {
        Code::NoTemplates => {
            fs::write(at("product.toml"), "").unwrap();
            compiler = compiler.templates(place.path());
        }
        Code::PathMissing => compiler = compiler.templates(at("tempaltes")),
        Code::Unreadable => {
            fs::create_dir(&template).unwrap();
            compiler = compiler.templates(place.path());
        }
        Code::FileTooLarge => {
            fs::write(&template, vec![b'\n'; 1_100_000]).unwrap();
            compiler = compiler.templates(&template);
        }
        Code::NotUtf8 => {
            fs::write(&template, b"[template]\nname = \"\xff\"\n").unwrap();
            compiler = compiler.templates(&template);
        }
        Code::FileName => {
            fs::write(at("product.toml"), "").unwrap();
            fs::write(at("my-domain.rs"), hand_written_example(Code::SameModule)).unwrap();
            compiler = compiler.templates(at("product.toml")).domains(place.path());
        }
        Code::NotCompiled => {
            fs::write(&template, support::SMALL).unwrap();
            for name in
                ["country_rec.toml.bak", "Currency_Rec.TOML", "language.toml", "city_rec.yaml", "notes.toml"]
            {
                fs::write(at(name), if name == "notes.toml" { "a = 1" } else { "[template]" }).unwrap();
            }
            fs::create_dir(at("old")).unwrap();
            fs::write(at("old/region_rec.toml"), "").unwrap();
            compiler = compiler.templates(place.path());
        }
        Code::TooMany => {
            let values: Vec<_> = (0..1_001).map(|n| format!("\"{n}\"")).collect();
            let text =
                format!("[fields]\nstatus = {{ type = \"enum\", values = [\n{}] }}\n", values.join(",\n"));
            let head = "[template]\nname = \"product\"\nservice = \"app_server\"\nengine = \"mariadb\"\ndatabase = \"catalog\"\n";
            let tail = "[objects]\nread = { view = \"v\" }\n";
            compiler = compiler.template_text("product_rec.toml", format!("{head}{text}{tail}"));
        }
        code => {
            let written = hand_written_example(code);
            fs::write(at("atlas.rs"), written).unwrap();
            let name = if code == Code::SameModule { "atlas" } else { "country" };
            let template = support::SMALL.replace("country", name);
            compiler = compiler.template_text("country_rec.toml", template).domains(place.path());
        }
    }
    let report = reported(compiler.compile());
    assert!(report.diagnostics().iter().all(|diagnostic| diagnostic.code == code), "{code}: {report}");
    report.to_string().replace(&*place.path().to_string_lossy(), "…")
}

#[test]
fn every_code_has_a_case_and_its_examples_hold() {
    let mut differences = Vec::new();
    for &code in Code::ALL {
        let markdown = beds_codegen::explain(code).markdown;
        assert!(markdown.starts_with(&format!("# {code}: {}\n", code.title())), "{code}: its heading");
        let report = match example(code, "Wrong") {
            None => report_about_files(code),
            Some(wrong) => {
                let report = reported(wrong.compile());
                assert!(!report.is_empty(), "{code}: the wrong example is right");
                let others: Vec<_> = report.diagnostics().iter().filter(|found| found.code != code).collect();
                assert!(
                    others.is_empty(),
                    "{code}: the wrong example is wrong in other ways, too:\n{report}"
                );
                report.to_string()
            }
        };
        match example(code, "Right").map(|right| right.compile()) {
            Some(Err(report)) => panic!("{code}: the right example is wrong:\n{report}"),
            Some(Ok(output)) => {
                let is_same = output.warnings.diagnostics().iter().any(|warning| warning.code == code);
                assert!(!is_same, "{code}: the right example is wrong:\n{}", output.warnings);
            }
            None => {}
        }
        differences.extend(check(&folder("err").join(format!("{code}.txt")), &report));
    }
    finish(&differences);
}

#[test]
fn the_page_of_all_codes_has_each_once() {
    let page = beds_codegen::explain_all();
    for code in Code::ALL {
        assert_eq!(page.matches(&format!("\n## {code}: ")).count(), 1, "{code}");
    }
    assert!(!page.contains("\n\n\n"));
}

/// `docs/diagnostics.md` is the output of `bedsc explain --all`.
#[test]
fn the_page_in_the_documentation_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics.md");
    finish(&check(&page, &beds_codegen::explain_all()).into_iter().collect::<Vec<_>>());
}

#[test]
fn no_expected_report_is_left_over() {
    for path in files("err", "txt") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let has_source = Code::from_text(&stem).is_some() || path.with_extension("toml").exists();
        assert!(has_source, "{} belongs to nothing", path.display());
    }
}

#[test]
fn json_reports_are_a_line_each() {
    let compiler = Compiler::new().template_text("a_rec.toml", "[template]\nname = \"ß\"\n");
    let report = compiler.compile().unwrap_err();
    let lines: Vec<serde_json::Value> =
        report.json().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), report.diagnostics().len());
    let name = lines.iter().find(|line| line["code"] == "B0201").unwrap();
    assert_eq!((&name["line"], &name["column"], &name["end_column"]), (&2.into(), &8.into(), &11.into()));
    assert_eq!(name["file"], "a_rec.toml");
}

#[test]
fn a_summary_is_one_line_each() {
    let text = "[template]\nname = \"a\\ncargo::rustc-flags=-l x\"\n";
    let report = Compiler::new().template_text("a_rec.toml", text).compile().unwrap_err();
    assert!(report.summary().iter().all(|line| line.lines().count() == 1), "{:?}", report.summary());
}

#[test]
fn the_example_template_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let example = root.join("templates/example_rec.toml");
    let compiler = Compiler::new().templates(example).pipelines(root.join("schema/mongodb"));
    let output = compiler.compile().unwrap_or_else(|report| panic!("{report}"));
    assert!(emit::domain(&output.domains[0]).lines().count() <= LINES_MAX);
}
