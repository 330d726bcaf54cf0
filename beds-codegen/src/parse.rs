//! Stage 2: a template's text becomes a TOML table in which every key and value knows its place.
//!
//! The `toml` crate recovers from an error and goes on, so several errors come out of one run. What follows an
//! error in the same line is usually its echo, and is left out.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    diagnostic::{Errors, files},
    span::{FileId, Sources, Span},
};

/// Parses a text of `sources`; `None` when it is not TOML, which is reported.
///
/// A key that stands twice is reported too, but the rest can be trusted, so the table is given.
pub fn parse<'s>(file: FileId, sources: &'s Sources, errors: &mut Errors) -> Option<Spanned<DeTable<'s>>> {
    let text = sources.text(file);
    let (table, mut mistakes) = DeTable::parse_recoverable(text);
    mistakes.sort_by_key(|mistake| mistake.span().map_or(text.len(), |span| span.start));
    let mut is_broken = false;
    let mut last_line = 0;
    for mistake in mistakes {
        let range = within(text, mistake.span().unwrap_or(text.len()..text.len()));
        let span = Span { file, start: range.start, end: range.end };
        if mistake.message() == "duplicate key" {
            let key = &text[range.clone()];
            let first = first_of(text, table.get_ref(), key, &range).map(|at| Span {
                file,
                start: at.start,
                end: at.end,
            });
            errors.push(files::duplicate_key(span, first, key));
            continue;
        }
        is_broken = true;
        let line = sources.position(file, span.start).line;
        if line != last_line {
            errors.push(files::syntax(span, mistake.message()));
        }
        last_line = line;
    }
    if !is_broken && table.get_ref().is_empty() {
        errors.push(files::empty(file));
        return None;
    }
    (!is_broken).then_some(table)
}

/// The range, moved to whole characters inside the text.
fn within(text: &str, range: Range<usize>) -> Range<usize> {
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = range.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// Where the key that stands again at `again` stood first, if that can be told.
fn first_of(text: &str, table: &DeTable<'_>, key: &str, again: &Range<usize>) -> Option<Range<usize>> {
    let line_start = text[..again.start].rfind('\n').map_or(0, |at| at + 1);
    if text[line_start..].trim_start().starts_with('[') {
        // The parser forgets the first header; headers are lines of their own, so the text tells.
        let header =
            text[line_start..].lines().next().map(|line| line.split('#').next().unwrap_or(line).trim())?;
        return text[..line_start]
            .split_inclusive('\n')
            .scan(0, |at, line| {
                let start = *at;
                *at += line.len();
                Some((start, line))
            })
            .find(|(_, line)| line.split('#').next().unwrap_or(line).trim() == header)
            .map(|(start, line)| {
                let indent = line.len() - line.trim_start().len();
                start + indent + 1..start + indent + header.len() - 1
            });
    }
    let mut candidates = Vec::new();
    collect(table, key, again, &mut candidates);
    let first = candidates.into_iter().filter(|at| at.end <= again.start).max_by_key(|at| at.start)?;
    // A header between the two means that they belong to different sections.
    let is_same_section =
        !text[first.end..line_start.max(first.end)].lines().skip(1).any(|line| line.starts_with('['));
    is_same_section.then_some(first)
}

fn collect(table: &DeTable<'_>, key: &str, again: &Range<usize>, found: &mut Vec<Range<usize>>) {
    for (name, value) in table {
        if name.get_ref() == key {
            found.push(name.span());
        }
        if let DeValue::Table(inner) = value.get_ref() {
            // An inline table that is closed before the second key cannot hold the first.
            if value.span().end > again.start || is_header(value, name) {
                collect(inner, key, again, found);
            }
        }
    }
}

/// Whether a table is opened by a header, whose place holds the key's.
fn is_header(value: &Spanned<DeValue<'_>>, name: &Spanned<std::borrow::Cow<'_, str>>) -> bool {
    value.span().start <= name.span().start && name.span().end <= value.span().end
}
