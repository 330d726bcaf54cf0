//! Stage 2: a template's text becomes a tree in which every key and value knows its place.
//!
//! The `toml` crate recovers from an error and goes on, so several errors come out of one run. What follows an
//! error in the same line is usually its echo, and so is everything after a bracket that is never closed: it is left
//! out.

use std::ops::Range;

use toml::{
    Spanned as TomlSpanned,
    de::{DeString, DeTable, DeValue},
};

use crate::{
    diagnostic::{ErrorSink, files},
    span::{FileId, Sources, Span, Spanned},
    tree::{Entry, Node, Scalar, Table, Value},
};

/// What the `toml` crate says of a key that stands twice.
const DUPLICATE: &str = "duplicate key";

/// Parses a text of `sources`; `None` when it is not TOML, which is reported.
///
/// A key that stands twice is reported too, but the rest can be trusted, so the table is given.
pub fn parse(file: FileId, sources: &Sources, errors: &mut ErrorSink<'_>) -> Option<Table> {
    let text = sources.text(file);
    let (table, mut mistakes) = DeTable::parse_recoverable(text);
    mistakes.sort_by_key(|mistake| mistake.span().map_or(text.len(), |span| span.start));
    let is_broken = mistakes.iter().any(|mistake| mistake.message() != DUPLICATE);
    let open = if is_broken { unclosed(text) } else { None };
    let mut last_line = 0;
    let mut twice: Vec<Range<usize>> = Vec::new();
    for mistake in mistakes {
        let range = within(text, mistake.span().unwrap_or(text.len()..text.len()));
        let span = Span { file, start: range.start, end: range.end };
        if mistake.message() == DUPLICATE {
            // In a broken text, and inside a section that stands twice, more may stand twice than is written so.
            if is_broken || twice.iter().any(|section| section.contains(&range.start)) {
                continue;
            }
            let key = &text[range.clone()];
            let first = first_of(text, table.get_ref(), key, &range).map(|at| Span {
                file,
                start: at.start,
                end: at.end,
            });
            twice.extend(section_at(text, range.start));
            errors.push(files::duplicate_key(span, first, key));
            continue;
        }
        let line = sources.position(file, span.start).line;
        let open = open.filter(|open| *open <= range.start);
        if line != last_line {
            let open = open.map(|at| (&text[at..=at], Span { file, start: at, end: at + 1 }));
            errors.push(files::syntax(span, mistake.message(), open));
        }
        if open.is_some() {
            break;
        }
        last_line = line;
    }
    if !is_broken && table.get_ref().is_empty() {
        errors.push(files::empty(file));
        return None;
    }
    (!is_broken).then(|| tree(table.into_inner(), file))
}

/// The tree of a TOML table.
fn tree(table: DeTable<'_>, file: FileId) -> Table {
    let place = |range: Range<usize>| Span { file, start: range.start, end: range.end };
    let entry = |(key, value): (TomlSpanned<DeString<'_>>, TomlSpanned<DeValue<'_>>)| {
        let at = place(key.span());
        Entry { key: Spanned::new(key.into_inner().into_owned(), at), value: node(value, file) }
    };
    let mut entries: Vec<Entry> = table.into_iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key.span.start);
    Table { entries, is_partial: false }
}

fn node(value: TomlSpanned<DeValue<'_>>, file: FileId) -> Node {
    let range = value.span();
    let value = match value.into_inner() {
        DeValue::Boolean(flag) => Value::Scalar(Scalar::Bool(flag)),
        // A number too large for 128 bits is out of every range: the ends of this one say so as well.
        DeValue::Integer(number) => Value::Scalar(Scalar::Int(
            i128::from_str_radix(number.as_str(), number.radix())
                .unwrap_or(if number.as_str().starts_with('-') { i128::MIN } else { i128::MAX }),
        )),
        // What the parser takes for a float is one.
        DeValue::Float(number) => Value::Scalar(Scalar::Float(number.as_str().parse().unwrap_or(f64::NAN))),
        DeValue::String(text) => Value::Scalar(Scalar::Text(text.into_owned())),
        DeValue::Datetime(moment) => Value::Scalar(Scalar::Moment(moment.to_string())),
        DeValue::Array(items) => Value::List(items.into_iter().map(|item| node(item, file)).collect()),
        DeValue::Table(table) => Value::Table(tree(table, file)),
    };
    Spanned::new(value, Span { file, start: range.start, end: range.end })
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

/// Where the first bracket stands that is never closed, if there is one.
fn unclosed(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = rest.lines().next().unwrap_or_default();
        let multiline = ["\"\"\"", "'''"].into_iter().find(|quotes| rest.starts_with(quotes));
        at += match rest.as_bytes()[0] {
            b'#' => line.len(),
            _ if let Some(quotes) = multiline => rest[3..].find(quotes).map_or(rest.len(), |end| end + 6),
            quote @ (b'"' | b'\'') => 1 + string_length(&line[1..], quote),
            // A header is closed, or broken, on its own line.
            b'[' if open.is_empty() && begins_line(text, at) => line.len(),
            b'[' | b'{' => {
                open.push(at);
                1
            }
            b']' | b'}' => {
                open.pop();
                1
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    open.first().copied()
}

/// Whether nothing but blanks stands before this place in its line.
fn begins_line(text: &str, at: usize) -> bool {
    text[..at].rsplit('\n').next().is_some_and(|before| before.trim().is_empty())
}

/// The bytes of a string from behind its first quote to behind its last; to the end of the line without one.
fn string_length(rest: &str, quote: u8) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        if is_escaped {
            is_escaped = false;
        } else if byte == b'\\' && quote == b'"' {
            is_escaped = true;
        } else if byte == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// The section whose header holds this place: from there to the next header.
fn section_at(text: &str, at: usize) -> Option<Range<usize>> {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    text[line_start..].trim_start().starts_with('[').then(|| {
        let next = text[at..].find("\n[").map_or(text.len(), |next| at + next);
        at..next
    })
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
fn is_header(value: &TomlSpanned<DeValue<'_>>, name: &TomlSpanned<DeString<'_>>) -> bool {
    value.span().start <= name.span().start && name.span().end <= value.span().end
}
