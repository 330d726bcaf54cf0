//! Texts that are not TOML as a whole: another language, or a file with a merge conflict in it. Line by line, such a
//! text gives many mistakes that all have one cause, so it is recognized first.

use std::ops::Range;

use crate::{
    diagnostic::{Diagnostic, syntax},
    span::{FileId, Span},
};

/// What the text is as a whole, where that is the mistake.
pub(super) fn recognize(text: &str, file: FileId) -> Option<Diagnostic> {
    let span = |range: Range<usize>| Span { file, start: range.start, end: range.end };
    if let Some(diagnostic) = conflict(text, file) {
        return Some(diagnostic);
    }
    let (first, line) = lines(text).find(|(_, line)| is_significant(line) && !is_foreign_comment(line))?;
    let start = first.start + (line.len() - line.trim_start().len());
    let language = of_beginning(line.trim(), text[start..].trim_end()).or_else(|| of_lines(text))?;
    Some(syntax::other_language(span(start..start + line.trim().len()), language))
}

/// The lines of a text, with their places.
fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let text = text.strip_prefix('\u{feff}').map_or((0, text), |rest| ('\u{feff}'.len_utf8(), rest));
    text.1.split_inclusive('\n').scan(text.0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start..*at, line.trim_end_matches(['\n', '\r'])))
    })
}

/// Whether a line holds more than a comment of TOML.
fn is_significant(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && (!line.starts_with('#') || line.starts_with("#["))
}

/// Whether a line is a comment of SQL, of C or of an INI file, which says nothing of the rest.
fn is_foreign_comment(line: &str) -> bool {
    let line = line.trim();
    // `---` begins a document of YAML, and `--- ` a patch.
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
        // What is left of a conflict that was resolved in part.
        let is_middle = |(_, line): &(Range<usize>, &str)| line.trim_end() == "=======";
        let middle =
            || lines(text).find(is_middle).map(|(at, _)| Span { file, start: at.start, end: at.start + 7 });
        return find(">>>>>>> ", 0).or_else(middle).map(syntax::merge_rest);
    };
    Some(syntax::merge_conflict(ours, find("=======", ours.end), find(">>>>>>> ", ours.end)))
}

/// The language of a text that begins like this.
fn of_beginning(line: &str, rest: &str) -> Option<&'static str> {
    let lower = line.to_ascii_lowercase();
    let word = lower.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    let second = lower.split_whitespace().nth(1).unwrap_or_default();
    match line {
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
            || line.starts_with("struct ") =>
        {
            Some("Rust")
        }
        _ if line.starts_with("%YAML") => Some("YAML"),
        _ => None,
    }
}

fn is_json(rest: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(rest).is_ok()
}

/// YAML has no opening line of its own: its lines tell.
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
