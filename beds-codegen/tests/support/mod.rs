//! Shared by the tests: expected output that `BLESS=1` refreshes, and the examples of the explanations.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use beds_codegen::{Code, Compiler, Output, Report, explain};
use similar::TextDiff;

/// A folder of this package.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The files of a folder with this extension, sorted.
pub(crate) fn files(name: &str, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// Compares with a file of expected output, or writes it if `BLESS` is set. Returns the difference.
pub(crate) fn check(expected: &Path, actual: &str) -> Option<String> {
    let known = fs::read_to_string(expected).unwrap_or_default();
    if known == actual {
        return None;
    }
    if env::var_os("BLESS").is_some() {
        fs::write(expected, actual).unwrap();
        return None;
    }
    let name = expected.file_name().unwrap().to_string_lossy();
    let diff = TextDiff::from_lines(known.as_str(), actual);
    Some(diff.unified_diff().header(&format!("expected {name}"), "actual").to_string())
}

/// Fails with all differences at once, and says how to accept them.
pub(crate) fn finish(differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{}\n{} differ; `BLESS=1 cargo test -p beds-codegen` accepts them",
        differences.join("\n"),
        differences.len()
    );
}

/// A small template.
pub(crate) const SMALL: &str = r#"[template]
name = "country"
service = "app_server"
engine = "mariadb"
database = "catalog"

[fields]
code = { type = "string", key = true }

[objects]
read = { view = "v_country" }
"#;

const HEADER: &str = r#"[template]
name = "product"
service = "app_server"
engine = "mariadb"
database = "catalog"
"#;

const FIELDS: &str = r#"[fields]
id = { type = "int", key = true, generated = "database" }
name = { type = "string", max = 80, required = true }
"#;

const OBJECTS: &str = r#"[objects]
read = { view = "v_product" }
"#;

/// An example of an explanation: a whole template, or the relevant part of one.
pub(crate) struct Example {
    pub(crate) files: Vec<(String, String)>,
    pub(crate) pipelines: Vec<(String, String)>,
}

impl Example {
    pub(crate) fn compile(&self) -> Result<Output, Report> {
        self.compiler().compile()
    }

    pub(crate) fn compiler(&self) -> Compiler {
        let compiler = self
            .files
            .iter()
            .fold(Compiler::new(), |compiler, (path, text)| compiler.template_text(path, text));
        let compiler = compiler.pipelines("no-such-folder");
        self.pipelines.iter().fold(compiler, |compiler, (name, text)| compiler.pipeline_text(name, text))
    }
}

/// The examples under the heading `## Wrong` or `## Right`; `None` if they are not templates.
pub(crate) fn example(code: Code, heading: &str) -> Option<Example> {
    let markdown = explain(code).markdown;
    let section = markdown.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let mut example = Example { files: Vec::new(), pipelines: Vec::new() };
    for block in section.split("```").skip(1).step_by(2) {
        let (info, text) = block.split_once('\n').unwrap();
        let (language, name) = info.split_once(' ').unwrap_or((info, ""));
        match (language, name) {
            ("json", name) => example.pipelines.push((name.to_owned(), text.to_owned())),
            ("toml", "whole") => example.files.push(("product_rec.toml".to_owned(), text.to_owned())),
            ("toml", "" | "mongodb") => {
                example.files.push(("product_rec.toml".to_owned(), complete(text, name == "mongodb")));
            }
            ("toml", name) => example.files.push((name.to_owned(), complete(text, false))),
            _ => return None,
        }
    }
    Some(example)
}

/// Adds the irrelevant sections that an example leaves out.
fn complete(text: &str, is_mongodb: bool) -> String {
    let has = |header: &str| text.lines().any(|line| line.starts_with(header));
    let mut parts = Vec::new();
    if !has("[template]") {
        parts.push(if is_mongodb { HEADER.replace("mariadb", "mongodb") } else { HEADER.to_owned() });
    }
    parts.push(text.to_owned());
    if !has("[fields]") {
        let id = if is_mongodb { "\"database\", column = \"_id\"" } else { "\"database\"" };
        parts.push(FIELDS.replace("\"database\"", id));
    }
    if !has("[objects]") && !has("[calls") {
        parts.push(OBJECTS.to_owned());
    }
    parts.join("\n")
}

/// The repository's own domains: its templates and its hand-written ones.
pub(crate) fn every_domain() -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Compiler::new()
        .templates(root.join("templates"))
        .pipelines(root.join("schema/mongodb"))
        .domains(root.join("src/domains"))
        .compile()
        .unwrap()
}
