//! Recognizes texts that are not TOML as a whole: another language, or a file with a merge conflict. Line by line, such
//! a text would give many mistakes with one cause, so it is recognized first.

use std::ops::Range;

use crate::{
    diagnostic::{Diagnostic, whole},
    part::Part,
    span::{FileId, Span},
    tree::{Table, Value},
};

/// The mistake of the whole text, if there is one.
pub(super) fn recognize(text: &str, file: FileId) -> Option<Diagnostic> {
    let span = |range: Range<usize>| Span { file, start: range.start, end: range.end };
    if let Some(diagnostic) = conflict(text, file) {
        return Some(diagnostic);
    }
    let (first, line) = lines(text).find(|(_, line)| is_significant(line) && !is_foreign_comment(line))?;
    let start = first.start + (line.len() - line.trim_start().len());
    let trimmed = line.trim();
    let language = of_beginning(trimmed, text[start..].trim_end())
        .or_else(|| source(trimmed))
        .or_else(|| properties(text).then_some("a file of properties"))
        .or_else(|| ini(text).then_some("an INI file"))
        .or_else(|| csv(text).then_some("CSV"))
        .or_else(|| of_lines(text))?;
    Some(whole::other_language(span(start..start + line.trim().len()), language))
}

/// The lines of a text, with their positions.
fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let text = text.strip_prefix('\u{feff}').map_or((0, text), |rest| ('\u{feff}'.len_utf8(), rest));
    text.1.split_inclusive('\n').scan(text.0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start..*at, line.trim_end_matches(['\n', '\r'])))
    })
}

/// Whether a line contains more than a TOML comment.
fn is_significant(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && (!line.starts_with('#') || line.starts_with("#["))
}

/// Whether a line is a comment of SQL, of C or of an INI file, which does not identify the language of the rest.
fn is_foreign_comment(line: &str) -> bool {
    let line = line.trim();
    // `---` begins a YAML document, and `--- ` a patch.
    (line.starts_with("--") && !line.starts_with("---"))
        || ["//", "/*", "*", ";"].iter().any(|mark| line.starts_with(mark))
}

fn conflict(text: &str, file: FileId) -> Option<Diagnostic> {
    let find =
        |marker: &str, after: usize| {
            lines(text)
                .find(|(at, line)| at.start >= after && line.starts_with(marker))
                .map(|(at, line)| Span { file, start: at.start, end: at.start + line.trim_end().len() })
        };
    let Some(ours) = find("<<<<<<< ", 0) else {
        // The rest of a partly resolved conflict.
        let is_middle = |(_, line): &(Range<usize>, &str)| line.trim_end() == "=======";
        let middle =
            || lines(text).find(is_middle).map(|(at, _)| Span { file, start: at.start, end: at.start + 7 });
        return find(">>>>>>> ", 0).or_else(middle).map(whole::merge_rest);
    };
    Some(whole::merge_conflict(ours, find("=======", ours.end), find(">>>>>>> ", ours.end)))
}

/// The language of a text with this beginning.
fn of_beginning(line: &str, rest: &str) -> Option<&'static str> {
    let lower = line.to_ascii_lowercase();
    let word = lower.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    let second = lower.split_whitespace().nth(1).unwrap_or_default();
    match line {
        _ if line.starts_with("{\\rtf") => Some("RTF"),
        _ if line.starts_with('{') && is_section_in_braces(line) => None,
        _ if line.starts_with('{') || (rest.starts_with('[') && is_json(rest)) => Some("JSON"),
        _ if lower.starts_with("<?php") => Some("PHP"),
        _ if lower.starts_with("<?xml") || line.starts_with("<!") => Some("XML"),
        _ if line.starts_with('<') && rest.ends_with('>') && rest.contains("</") => Some("XML"),
        _ if lower.starts_with("version https://git-lfs") => Some("a pointer of Git LFS"),
        _ if lower.starts_with("diff --git") || (line.starts_with("--- ") && rest.contains("\n+++ ")) => {
            Some("a patch")
        }
        _ if matches!(
            (word, second),
            (
                "create" | "drop" | "alter",
                "table" | "view" | "procedure" | "function" | "database" | "schema" | "or" | "if" | "definer"
            )
        ) || matches!(word, "delimiter" | "insert" | "select" | "update" | "grant")
            && rest.contains(';')
            && !line.contains('=') =>
        {
            Some("SQL")
        }
        _ if line.starts_with("#[derive")
            || line.starts_with("pub struct ")
            || line.starts_with("struct ")
            // Perl's `use strict;` does not name an item of a module.
            || (line.starts_with("use ") && line.contains("::") && line.ends_with([';', '{']))
            || ["pub use ", "pub enum ", "pub mod ", "pub fn ", "impl "]
                .iter()
                .any(|word| line.starts_with(word) && line.ends_with([';', '{', '}'])) =>
        {
            Some("Rust")
        }
        _ if line.starts_with("%YAML") => Some("YAML"),
        _ => None,
    }
}

/// The language of a source file, by its first line.
fn source(line: &str) -> Option<&'static str> {
    let mut words = line.split_whitespace();
    let (first, second) = (words.next()?, words.next().unwrap_or_default());
    let opens = line.ends_with('{');
    let is_name = |word: &str| word.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let quoted = second.starts_with('"');
    match first {
        "from" if line.contains(" import ") => Some("Python"),
        "class" | "def" if line.ends_with(':') => Some("Python"),
        "import" if !line.ends_with(';') && is_name(second) && !line.contains(['=', '"', '\'']) => {
            Some("Python")
        }
        "model" | "datasource" | "generator" if opens && is_name(second) => Some("a schema of Prisma"),
        "package" | "import" if line.ends_with(';') && is_name(second) => Some("Java"),
        "public" | "@Entity" | "@Table" | "@Document" if !line.contains(" = ") => Some("Java"),
        "syntax" if line.ends_with(';') && line.contains("proto") => Some("Protocol Buffers"),
        "message" if opens && is_name(second) => Some("Protocol Buffers"),
        "type" if line.ends_with("struct {") => Some("Go"),
        "package" if is_name(second) && words.next().is_none() => Some("Go"),
        "type" | "input" | "enum" | "scalar" if opens && is_name(second) && !line.contains('=') => {
            Some("GraphQL")
        }
        "schema" if line == "schema {" => Some("GraphQL"),
        "export" | "interface" if !line.contains('=') || opens => Some("TypeScript"),
        "import" if line.contains(['"', '\'']) => Some("TypeScript"),
        _ if opens && quoted && is_name(first) && !line.contains('=') => Some("HCL"),
        "terraform" | "locals" if opens && second == "{" => Some("HCL"),
        "using" | "namespace" if line.ends_with([';', '{']) => Some("C#"),
        "cat" | "tee" if line.contains("<<") => Some("a script of a shell"),
        _ => None,
    }
}

/// Dotted keys and values without quotes, and no section.
fn properties(text: &str) -> bool {
    let (mut count, mut dotted) = (0_usize, 0_usize);
    for (_, line) in lines(text).filter(|(_, line)| is_significant(line)) {
        let Some((key, value)) = line.split_once('=') else { return false };
        let (key, value) = (key.trim(), value.trim());
        let is_key = key.chars().all(|letter| letter.is_alphanumeric() || "._-".contains(letter));
        if !is_key || value.starts_with(['"', '\'', '[', '{']) {
            return false;
        }
        count += 1;
        dotted += usize::from(key.contains('.'));
    }
    count >= 2 && dotted * 2 > count
}

/// Comments of an INI file, and no value in TOML's form: quoted, or in brackets.
fn ini(text: &str) -> bool {
    let (mut comments, mut sections, mut bare) = (0_usize, 0_usize, 0_usize);
    for (_, line) in lines(text).filter(|(_, line)| is_significant(line)) {
        let line = line.trim();
        if line.starts_with(';') {
            comments += 1;
        } else if line.starts_with('[') && line.ends_with(']') {
            sections += 1;
        } else {
            let Some((_, value)) = line.split_once('=') else { return false };
            if value.trim_start().starts_with(['"', '\'', '[', '{']) {
                return false;
            }
            bare += 1;
        }
    }
    comments > 0 && sections > 0 && bare > 2
}

/// Lines of words, with the same number of commas in each.
fn csv(text: &str) -> bool {
    let commas = |line: &str| line.matches([',', ';', '\t']).count();
    let mut all = lines(text).map(|(_, line)| line.trim()).filter(|line| !line.is_empty());
    let Some(first) = all.next() else { return false };
    let is_header = first.split([',', ';', '\t']).all(|word| {
        let word = word.trim_matches('"');
        !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || "_ ".contains(letter))
    });
    let mut others = all.peekable();
    is_header
        && commas(first) > 0
        && others.peek().is_some()
        && others.all(|line| commas(line) >= commas(first))
}

/// TOML that is the configuration of a node, not a template.
pub(super) fn configuration(table: &Table) -> Option<Diagnostic> {
    const SECTIONS: [&str; 5] = ["node", "amqp", "brokers", "mariadb", "mongodb"];
    let is_one_of =
        |names: &[&str]| table.entries.iter().find(|entry| names.contains(&entry.key.value.as_str()));
    let found = is_one_of(&SECTIONS)?;
    let is_template = is_one_of(&[
        "template",
        "fields",
        "objects",
        "fetch",
        "events",
        "audit",
        "lifecycle",
        "access",
        "calls",
    ])
    .is_some();
    let is_section = matches!(found.value.value, Value::Table(_));
    (is_section && !is_template).then(|| whole::configuration(found.key.span))
}

/// Whether YAML lines are nested below a YAML key. A single line does not show the nesting, so no line of such a file
/// is fixed.
pub(crate) fn is_nested_yaml(text: &str) -> bool {
    let mut above: Option<usize> = None;
    for (_, line) in lines(text).filter(|(_, line)| is_significant(line)) {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        let (key, value) = line.split_once(':').unwrap_or_default();
        let is_key = !key.is_empty()
            && key.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
            && (value.is_empty() || value.starts_with(' '));
        if is_key && above.is_some_and(|above| indent > above) {
            return true;
        }
        above = (is_key && value.trim().is_empty()).then_some(indent);
    }
    false
}

/// Whether a line is the header of a section in other brackets.
fn is_section_in_braces(line: &str) -> bool {
    let name = line.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| Part::Sections.known().contains(&name.trim()))
}

fn is_json(rest: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(rest).is_ok()
}

/// YAML has no typical first line, so its lines are examined.
fn of_lines(text: &str) -> Option<&'static str> {
    let (mut colons, mut others) = (0_usize, 0_usize);
    for (_, line) in lines(text).filter(|(_, line)| is_significant(line)) {
        let line = line.trim();
        let key = line.strip_prefix("- ").unwrap_or(line).split(": ").next().unwrap_or_default();
        let key = key.strip_suffix(':').unwrap_or(key);
        let has_colon = line.contains(": ") || line.ends_with(':');
        let is_key =
            !key.is_empty() && key.chars().all(|letter| letter.is_alphanumeric() || "_-'\"".contains(letter));
        if has_colon && is_key {
            colons += 1;
        } else if !line.starts_with("- ") && !matches!(line, "---" | "...") {
            others += 1;
        }
    }
    (colons >= 2 && colons > 2 * others).then_some("YAML")
}
