//! A template with the escapes of another format: a page of HTML, a terminal, a string of a program, a file that was
//! not written to its end.

use std::ops::Range;

use super::is_toml;
use crate::{
    diagnostic::{Diagnostic, whole},
    span::{FileId, Span},
};

/// How a terminal's command begins.
const BEGINNINGS: [&str; 4] = ["\u{1b}[", "\u{241b}[", "^[[", "["];
/// The escapes of HTML. `&` is the last, since the other escapes contain it.
const ENTITIES: [(&str, &str); 7] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&amp;", "&"),
];
/// The escapes of addresses. `%` is the last, since the other escapes contain it.
const PERCENTS: [(&str, &str); 11] = [
    ("%22", "\""),
    ("%5B", "["),
    ("%5D", "]"),
    ("%7B", "{"),
    ("%7D", "}"),
    ("%3D", "="),
    ("%2C", ","),
    ("%20", " "),
    ("%0A", "\n"),
    ("%23", "#"),
    ("%25", "%"),
];
/// The escapes of programs for a line's end, a tab and a quote inside of a string.
const ESCAPES: [(&str, &str); 3] = [("\\n", "\n"), ("\\t", "\t"), ("\\\"", "\"")];
/// The escape of CSV for a quote inside of a cell.
const DOUBLED: [(&str, &str); 1] = [("\"\"", "\"")];

/// The report of a text with such escapes, if the text without them is TOML.
pub(super) fn recognize(text: &str, file: FileId) -> Option<Diagnostic> {
    let whole = Span { file, start: 0, end: text.len() };
    let span = |at: Range<usize>| Span { file, start: at.start, end: at.end };
    if let Some((at, right)) = without_colours(text).filter(|(_, right)| is_toml(right)) {
        return Some(whole::of_terminal(span(at), whole, right));
    }
    if let Some(at) = text.find('\0').filter(|_| !is_toml(&text.replace('\0', ""))) {
        return Some(whole::half_written(span(at..at + 1), text[at..].matches('\0').count(), at));
    }
    for (signs, who) in forms(text) {
        let Some((at, sign)) = signs.iter().filter_map(|(sign, _)| Some((text.find(sign)?, *sign))).min()
        else {
            continue;
        };
        let inner = text.trim();
        let quoted = inner.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let right =
            |text: &str| signs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        let right = [Some(text), quoted].into_iter().flatten().map(right).find(|right| is_toml(right));
        if let Some(right) = right {
            let plain = signs.iter().find(|(other, _)| *other == sign).map_or("", |(_, plain)| plain);
            return Some(whole::of_letters(span(at..at + sign.len()), whole, (sign, plain, who), right));
        }
    }
    None
}

/// The escapes that a text may have. If it also has plain quotes, the other signs may be meant as they are.
fn forms(text: &str) -> Vec<(&'static [(&'static str, &'static str)], &'static str)> {
    let has_quotes = text.contains('"');
    let inner = text.trim();
    let is_line = !inner.contains('\n');
    let all_escaped = !inner.trim_matches('"').replace("\\\"", "").contains('"');
    let all_doubled = has_quotes && !text.replace("\"\"", "").contains('"');
    let mut forms: Vec<(&'static [(&'static str, &'static str)], &'static str)> = Vec::new();
    forms.push((if has_quotes { &ENTITIES[..2] } else { &ENTITIES }, "HTML has"));
    if !has_quotes {
        forms.push((&PERCENTS, "an address has"));
    }
    match (is_line, all_escaped) {
        (true, true) => forms.push((&ESCAPES, "a program has")),
        (true, false) => forms.push((&ESCAPES[..2], "a program has")),
        (false, true) => forms.push((&ESCAPES[2..], "a program has")),
        (false, false) => {}
    }
    if all_doubled {
        forms.push((&DOUBLED, "CSV has"));
    }
    forms
}

/// The text without the colour codes of a terminal, and the place of the first code. A code may be as the terminal gets
/// it, as a pager shows it, or without its first character, which few programs show.
fn without_colours(text: &str) -> Option<(Range<usize>, String)> {
    let (mut right, mut at, mut first) = (String::with_capacity(text.len()), 0, None);
    while let Some(letter) = text[at..].chars().next() {
        if let Some(length) = colour(&text[at..]) {
            first.get_or_insert(at..at + length);
            at += length;
        } else {
            right.push(letter);
            at += letter.len_utf8();
        }
    }
    Some((first?, right))
}

/// The length of the terminal's command at the beginning of a text.
fn colour(text: &str) -> Option<usize> {
    let open = BEGINNINGS.iter().find(|open| text.starts_with(**open))?.len();
    let length = text[open..].find(|letter: char| !letter.is_ascii_digit() && !";?".contains(letter))?;
    let last = text[open + length..].chars().next()?;
    let is_bare = text.starts_with('[');
    let is_command = if is_bare { last == 'm' && length > 0 } else { last.is_ascii_alphabetic() };
    is_command.then_some(open + length + 1)
}
