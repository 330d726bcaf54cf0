//! Typing mistakes in correct templates: each mistake gives few reports, each with a position inside the file, and none
//! in the words of the TOML parser.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;

use beds_codegen::{Compiler, Report};
use support::{files, folder};

/// The most reports for one mistake.
const REPORTS_MAX: usize = 2;

/// Words of the TOML and JSON parsers, which are not for users.
const RAW: &[&str] = &[
    "expected `=`, `.`",
    "unquoted key",
    "basic string",
    "literal string",
    "key-value pair",
    "expected value at",
    "EOF while",
    "at line",
    "trailing comma",
    "invalid type:",
    "expected newline",
    "string values must be quoted",
    "recursion limit",
    "cannot extend value",
];

/// A mistake: its name, and the text with the mistake; `None` if the line has no place for it.
type Mistake = (&'static str, fn(&str) -> Option<String>);

/// Replaces the first occurrence. A line with escapes is left unchanged, because its quotes may be escaped.
fn once(line: &str, from: &str, to: &str) -> Option<String> {
    (line.contains(from) && !line.contains("\\\"")).then(|| line.replacen(from, to, 1))
}

fn has_value(line: &str) -> bool {
    line.contains(" = ") && !line.trim_start().starts_with('#')
}

/// Mistakes in one line.
const IN_LINES: &[Mistake] = &[
    ("colon for equals", |line| has_value(line).then(|| once(line, " = ", ": ")).flatten()),
    ("arrow for equals", |line| has_value(line).then(|| once(line, " = ", " => ")).flatten()),
    ("two equals", |line| has_value(line).then(|| once(line, " = ", " == ")).flatten()),
    ("no equals", |line| has_value(line).then(|| once(line, " = ", " ")).flatten()),
    ("no value", |line| {
        has_value(line).then(|| line.split_inclusive(" = ").next().map(str::to_owned)).flatten()
    }),
    ("semicolon at the end", |line| has_value(line).then(|| format!("{line};"))),
    ("comma at the end", |line| has_value(line).then(|| format!("{line},"))),
    ("slashes for a comment", |line| has_value(line).then(|| format!("{line} // note"))),
    ("dashes for a comment", |line| has_value(line).then(|| format!("{line} -- note"))),
    ("a comment of SQL", |line| has_value(line).then(|| format!("-- note\n{line}"))),
    ("a comment of C", |line| has_value(line).then(|| format!("/* note */\n{line}"))),
    ("a comment of an INI file", |line| has_value(line).then(|| format!("; note\n{line}"))),
    ("True", |line| once(line, "true", "True")),
    ("yes", |line| once(line, "= true", "= yes")),
    ("on", |line| once(line, "= true", "= on")),
    ("a flag in quotes", |line| once(line, "= true", "= \"true\"")),
    ("a flag as a number", |line| once(line, "= true", "= 1")),
    ("null", |line| once(line, "= true", "= null")),
    ("None", |line| once(line, "= true", "= None")),
    ("typographic quotes", |line| once(&once(line, "= \"", "= “")?, "\"", "”")),
    ("typographic single quotes", |line| once(&once(line, "= \"", "= ‘")?, "\"", "’")),
    ("backticks", |line| once(&once(line, "= \"", "= `")?, "\"", "`").filter(|_| !line.contains('`'))),
    ("no quotes", |line| {
        let is_one = line.matches("= \"").count() == 1;
        once(&once(line, "type = \"", "type = ")?, "\"", "").filter(|_| is_one)
    }),
    ("no closing quote", |line| {
        let open = line.find("= \"")? + 3;
        let close = open + line[open..].find('"')?;
        Some(format!("{}{}", &line[..close], &line[close + 1..]))
    }),
    ("no opening quote", |line| once(line, "= \"", "= ")),
    ("no comma", |line| once(line, "\", ", "\" ")),
    ("two commas", |line| once(line, "\", ", "\",, ")),
    ("semicolon for a comma", |line| once(line, ", ", "; ")),
    ("no closing brace", |line| line.ends_with(" }").then(|| line[..line.len() - 2].to_owned())),
    ("no closing bracket", |line| line.ends_with("\"]").then(|| line[..line.len() - 1].to_owned())),
    ("the wrong bracket", |line| line.ends_with(" }").then(|| format!("{}]", &line[..line.len() - 1]))),
    ("a bracket too many", |line| (has_value(line) && line.ends_with('}')).then(|| format!("{line}}}"))),
    ("parentheses for brackets", |line| once(&once(line, "[\"", "(\"")?, "\"]", "\")")),
    ("a number with a comma", |line| once(line, "max = 20", "max = 2,000")),
    ("a number with a zero", |line| once(line, "max = ", "max = 0")),
    ("a number in quotes", |line| once(line, "precision = 12", "precision = \"12\"")),
    ("a number with a unit", |line| once(line, "max = 40", "max = 40k")),
    ("a no-break space", |line| has_value(line).then(|| once(line, " = ", "\u{a0}= ")).flatten()),
    ("a zero-width space", |line| has_value(line).then(|| once(line, " = ", "\u{200b} = ")).flatten()),
    ("a NUL", |line| has_value(line).then(|| format!("{line}\u{0}"))),
    ("a letter too many in a key", |line| once(line, "type = ", "ttype = ")),
    ("varchar", |line| once(line, "\"string\"", "\"varchar(20)\"")),
    ("int unsigned", |line| once(line, "\"int\"", "\"int unsigned\"")),
    ("boolean", |line| once(line, "\"bool\"", "\"boolean\"")),
    ("timestamp", |line| once(line, "\"datetime\"", "\"timestamp\"")),
    ("double", |line| once(line, "\"float\"", "\"double\"")),
    ("auto_increment", |line| once(line, "generated = \"database\"", "auto_increment = true")),
    ("not_null", |line| once(line, "required = true", "not_null = true")),
    ("primary_key", |line| once(line, "key = true", "primary_key = true")),
    ("order_by", |line| line.starts_with("sort").then(|| once(line, "sort", "order_by")).flatten()),
    ("where", |line| line.starts_with("filter").then(|| once(line, "filter", "where")).flatten()),
    ("params", |line| line.starts_with("args = {").then(|| once(line, "args", "params")).flatten()),
    ("a header in parentheses", |line| {
        line.starts_with('[').then(|| line.replace('[', "(").replace(']', ")"))
    }),
    ("a header with two brackets", |line| line.starts_with("[f").then(|| format!("[{line}]"))),
    ("a header that is not closed", |line| {
        line.starts_with('[').then(|| line.trim_end_matches(']').to_owned())
    }),
    ("a header with a colon", |line| line.starts_with('[').then(|| format!("{line}:"))),
    ("a word alone", |line| has_value(line).then(|| format!("EOF\n{line}"))),
    ("a key of YAML", |line| has_value(line).then(|| format!("note:\n{line}"))),
    ("a merge conflict", |line| {
        has_value(line).then(|| format!("<<<<<<< HEAD\n{line}\n=======\n{line} # theirs\n>>>>>>> branch"))
    }),
];

/// Mistakes that are about the whole file.
const IN_FILES: &[Mistake] = &[
    ("the lines of an old Mac", |text| Some(text.replace('\n', "\r"))),
    ("a fence of Markdown", |text| Some(format!("```toml\n{text}```\n"))),
    ("an end of a shell's document", |text| Some(format!("{text}EOF\n"))),
    ("the header of PHP", |text| Some(format!("<?php\n{text}"))),
];

/// Compiles a text. Returns the report.
fn reports(text: &str) -> Option<Report> {
    Compiler::new().pipelines(folder("ok/pipelines")).template_text("x_rec.toml", text).compile().err()
}

/// What is wrong with the reports of one mistake.
fn complaint(text: &str) -> Option<String> {
    let report = reports(text)?;
    let shown = report.to_string();
    let count = report.errors();
    if count > REPORTS_MAX {
        return Some(format!("{count} reports:\n{shown}"));
    }
    for diagnostic in report.diagnostics() {
        let Some(label) = diagnostic.primary() else { return Some(format!("no place:\n{shown}")) };
        if label.span.start > text.len() || label.span.end > text.len() {
            return Some(format!("a place outside of the file:\n{shown}"));
        }
        if diagnostic.help.is_empty() {
            return Some(format!("no help:\n{shown}"));
        }
    }
    RAW.iter()
        .find(|words| shown.contains(**words))
        .map(|words| format!("words of a parser, `{words}`:\n{shown}"))
}

/// In how many lines of a template each mistake is tried.
const LINES_MAX: usize = 8;

/// Templates that are correct except for one mistake: the template, the mistake and the text.
fn broken(mistakes: &[Mistake]) -> Vec<(String, &'static str, String)> {
    let mut all = Vec::new();
    for path in files("ok", "toml") {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let lines: Vec<&str> = text.lines().collect();
        for (mistake, make) in mistakes {
            let changed = lines.iter().enumerate().filter_map(|(at, line)| Some((at, make(line)?)));
            for (at, changed) in changed.take(LINES_MAX) {
                let mut lines = lines.clone();
                lines[at] = &changed;
                all.push((name.clone(), *mistake, lines.join("\n") + "\n"));
            }
        }
    }
    all
}

#[test]
fn one_mistake_gives_few_reports_each_at_its_place() {
    let in_files = files("ok", "toml").into_iter().flat_map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        IN_FILES.iter().filter_map(move |(mistake, make)| Some((name.clone(), *mistake, make(&text)?)))
    });
    let all: Vec<_> = broken(IN_LINES).into_iter().chain(in_files).collect();
    let complaints: Vec<String> = all
        .iter()
        .filter_map(|(name, mistake, text)| Some(format!("{name}: {mistake}: {}", complaint(text)?)))
        .collect();
    assert!(all.len() > 1_000, "{} mistakes are too few", all.len());
    assert!(complaints.is_empty(), "{} of {}:\n{}", complaints.len(), all.len(), complaints.join("\n"));
}

/// Automatic fixes are applied, and remove the mistake.
#[test]
fn what_a_machine_can_mend_is_mended() {
    let (mut complaints, mut mended) = (Vec::new(), 0);
    for (name, mistake, text) in broken(IN_LINES) {
        let Some(report) = reports(&text) else { continue };
        let [only] = report.diagnostics() else { continue };
        let Some(fix) = &only.fix else { continue };
        let right = format!("{}{}{}", &text[..fix.span.start], fix.replacement, &text[fix.span.end..]);
        mended += 1;
        if let Some(report) = reports(&right) {
            complaints.push(format!("{name}: {mistake}:\n{only:?}\n{report}"));
        }
    }
    assert!(mended > 500, "{mended} are too few");
    assert!(complaints.is_empty(), "{} of {mended}:\n{}", complaints.len(), complaints.join("\n"));
}
