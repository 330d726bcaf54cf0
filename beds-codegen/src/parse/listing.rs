//! A template that was copied together with a prefix on each line, or with HTML escapes: one mistake, and the correct
//! text is known.

use toml::de::DeTable;

use crate::{
    diagnostic::{Diagnostic, syntax},
    span::{FileId, Span},
};

/// The prefix of each line in a patch, a mail, a table.
const MARKS: [char; 3] = ['+', '>', '|'];
/// With fewer lines, a common prefix is no evidence.
const LINES_MIN: usize = 3;
/// HTML's escapes. `&` is the last, because the others contain it.
const ENTITIES: [(&str, &str); 7] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&amp;", "&"),
];

/// The kind of the copy, if the text without its prefixes or escapes is TOML.
pub(super) fn recognize(text: &str, file: FileId) -> Option<Diagnostic> {
    let whole = Span { file, start: 0, end: text.len() };
    let is_toml = |text: &str| DeTable::parse(text).is_ok_and(|table| !table.get_ref().is_empty());
    let first = text.find(|letter: char| !letter.is_whitespace())?;
    for mark in MARKS {
        if let Some(right) = without(text, |line| line.strip_prefix(mark)).filter(|right| is_toml(right)) {
            let span = Span { file, start: first, end: first + mark.len_utf8() };
            return Some(syntax::every_line(span, &format!("`{mark}`"), whole, right));
        }
    }
    if let Some(right) = without_numbers(text).filter(|right| is_toml(right)) {
        let digits = text[first..].chars().take_while(char::is_ascii_digit).count();
        let span = Span { file, start: first, end: first + digits };
        return Some(syntax::every_line(span, "a number", whole, right));
    }
    let at = text.find("&quot;").or_else(|| text.find("&#34;"))?;
    let right = ENTITIES.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign));
    let is_page = !text.contains('"') && is_toml(&right);
    is_page.then(|| {
        syntax::of_html(
            Span { file, start: at, end: at + text[at..].find(';').unwrap_or(0) + 1 },
            whole,
            right,
        )
    })
}

/// The text in which each non-empty line has lost its prefix.
fn without<'t>(text: &'t str, strip: impl Fn(&'t str) -> Option<&'t str>) -> Option<String> {
    let mut right = String::with_capacity(text.len());
    let mut count = 0;
    for line in text.split_inclusive('\n') {
        let rest = if line.trim().is_empty() { line } else { strip(line)? };
        count += usize::from(!line.trim().is_empty());
        right.push_str(rest.strip_prefix(' ').unwrap_or(rest));
    }
    (count >= LINES_MIN).then_some(right)
}

/// The text without its line numbers, which increase by one.
fn without_numbers(text: &str) -> Option<String> {
    let next = std::cell::Cell::new(None);
    without(text, |line| {
        let line = line.trim_start_matches([' ', '\t']);
        let digits = line.len() - line.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let number: u32 = line.get(..digits)?.parse().ok()?;
        let is_next = next.get().is_none_or(|next| next == number);
        next.set(Some(number.checked_add(1)?));
        let rest = &line[digits..];
        let rest =
            rest.strip_prefix(['\t', ':', '|', ' ']).or_else(|| rest.trim().is_empty().then_some(rest))?;
        is_next.then_some(rest)
    })
}
