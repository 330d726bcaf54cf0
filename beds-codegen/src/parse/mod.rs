//! Stage 2: a template's text becomes a tree that has the position of every key and value.
//!
//! The `toml` crate judges a text. If it refuses the text, modules of our own find and report the mistakes: `language`
//! for texts that are not TOML as a whole, `broken` for mistakes in single lines, and `twice` for duplicate keys. The
//! messages of the crate are never shown.

mod broken;
mod language;
mod letters;
mod listing;
mod twice;

use std::ops::Range;

pub(crate) use language::is_nested_yaml;

use toml::{
    Spanned as TomlSpanned,
    de::{DeString, DeTable, DeValue},
};

use crate::{
    diagnostic::{ErrorSink, files, syntax},
    span::{FileId, Sources, Span, Spanned},
    tree::{Entry, Node, Scalar, Table, Value},
};

/// The messages of the `toml` crate for a duplicate key, and for a value that is also used as a table.
const TWICE: [&str; 2] = ["duplicate key", "cannot extend value"];

/// The most duplicate keys that are reported one by one: each is searched in the whole text.
const TWICE_MAX: usize = 1_000;

/// Parses a text of `sources`; `None` if it is not TOML, which is reported.
///
/// A duplicate key is also reported, but the rest can be trusted, so the table is returned.
pub fn parse(file: FileId, sources: &Sources, errors: &mut ErrorSink<'_>) -> Option<Table> {
    let mut text = sources.text(file);
    let (mut table, mut mistakes) = DeTable::parse_recoverable(text);
    mistakes.sort_by_key(|mistake| mistake.span().map_or(text.len(), |span| span.start));
    let is_twice = |message: &str| TWICE.iter().any(|beginning| message.starts_with(beginning));
    if let Some(other) = mistakes.iter().find(|mistake| !is_twice(mistake.message())) {
        let range = within(text, other.span().unwrap_or(text.len()..text.len()));
        refused(text, Span { file, start: range.start, end: range.end }, errors);
        return None;
    }
    if let Some(range) = digitless(table.get_ref().iter().map(|(_, value)| value)) {
        refused(text, Span { file, start: range.start, end: range.end }, errors);
        return None;
    }
    if !mistakes.is_empty()
        && let Some((copy, diagnostic)) = twice::several(text, file).or_else(|| twice::pasted(text, file))
    {
        errors.push(diagnostic);
        text = &text[..copy];
        (table, mistakes) = DeTable::parse_recoverable(text);
    }
    let (mut doubles, mut firsts) = (Vec::new(), Vec::new());
    let all = mistakes.into_iter().take(TWICE_MAX);
    let mut all = all.map(|mistake| within(text, mistake.span().unwrap_or(text.len()..text.len()))).collect();
    let has_hidden_calls = twice::keys_of_one_section(text, &mut all, file, errors);
    for again in all {
        firsts.extend(twice::report(text, table.get_ref(), again, file, &mut doubles, errors));
    }
    if table.get_ref().is_empty() {
        errors.push(files::empty(file));
        return None;
    }
    let mut table = tree(table.into_inner(), file);
    if let Some(configuration) = language::configuration(&table) {
        errors.push(configuration);
        return None;
    }
    for double in doubles {
        let header =
            double.start..text[double.start..].find('\n').map_or(text.len(), |end| double.start + end);
        without(&mut table, &double, &header);
    }
    for first in firsts {
        be_partial(&mut table, first);
    }
    if let Some(calls) = table.table_mut("calls").filter(|_| has_hidden_calls) {
        calls.is_partial = true;
    }
    Some(table)
}

/// A number with the prefix of another base but without a digit, `0x`, which the parser accepts.
fn digitless<'v, 't: 'v>(values: impl Iterator<Item = &'v TomlSpanned<DeValue<'t>>>) -> Option<Range<usize>> {
    for value in values {
        let found = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().is_empty().then(|| value.span()),
            DeValue::Array(items) => digitless(Box::new(items.iter()) as Box<dyn Iterator<Item = _>>),
            DeValue::Table(table) => {
                digitless(Box::new(table.iter().map(|(_, value)| value)) as Box<dyn Iterator<Item = _>>)
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Reports the mistakes in a text that the parser refuses. `place` is where it gave up first.
fn refused(text: &str, place: Span, errors: &mut ErrorSink<'_>) {
    let file = place.file;
    let whole = letters::recognize(text, file)
        .or_else(|| listing::recognize(text, file))
        .or_else(|| language::recognize(text, file));
    if let Some(whole) = whole {
        errors.push(whole);
        return;
    }
    let found = broken::to_the_end(text, file, broken::scan(text, file));
    if found.is_empty() {
        errors.push(syntax::unknown(place));
    }
    for diagnostic in found {
        errors.push(diagnostic);
    }
}

/// Whether a text is TOML, and is not empty.
fn is_toml(text: &str) -> bool {
    DeTable::parse(text).is_ok_and(|table| !table.get_ref().is_empty())
}

/// Removes the keys of a section that occurs twice. The names in its header stay known, and are not judged.
fn without(table: &mut Table, section: &Range<usize>, header: &Range<usize>) {
    table.entries.retain(|entry| {
        let at = entry.key.span.start;
        !section.contains(&at) || header.contains(&at)
    });
    for entry in &mut table.entries {
        if let Value::Table(inner) = &mut entry.value.value {
            without(inner, section, header);
            // The parser kept only the second one, so the first is unknown.
            if inner.entries.is_empty() && header.contains(&entry.key.span.start) {
                entry.value.value = Value::Broken;
            }
        }
    }
}

/// A duplicate key makes its table partial: the parser kept only the first.
fn be_partial(table: &mut Table, first: Span) {
    for entry in &mut table.entries {
        if let Value::Table(inner) = &mut entry.value.value {
            inner.is_partial |= entry.key.span == first;
            be_partial(inner, first);
        }
    }
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
        // A number beyond 128 bits is out of every range. The ends of this range are also out of range, and give the
        // same report.
        DeValue::Integer(number) => Value::Scalar(Scalar::Int(
            i128::from_str_radix(number.as_str(), number.radix())
                .unwrap_or(if number.as_str().starts_with('-') { i128::MIN } else { i128::MAX }),
        )),
        // A text that the parser accepts as a float can be parsed.
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
