//! Duplicate keys and sections: both positions are shown.

use std::ops::Range;

use toml::{
    Spanned as TomlSpanned,
    de::{DeString, DeTable, DeValue},
};

use crate::{
    diagnostic::{Diagnostic, ErrorSink, files},
    span::{FileId, Span},
};

/// Reports one duplicate key, at `again`. `sections` are the duplicate sections so far: their keys are not reported as
/// well. Returns the position of a table that the parser kept in part, because it is written with dotted keys.
pub(super) fn report(
    text: &str,
    table: &DeTable<'_>,
    again: Range<usize>,
    file: FileId,
    sections: &mut Vec<Range<usize>>,
    errors: &mut ErrorSink<'_>,
) -> Option<Span> {
    if sections.iter().any(|section| section.contains(&again.start)) {
        return None;
    }
    let span = |range: Range<usize>| Span { file, start: range.start, end: range.end };
    let header = header_at(text, again.start);
    let first_of_header = header.as_ref().and_then(|(section, path)| first_header(text, section.start, path));
    if let (Some((section, path)), None) = (&header, &first_of_header)
        && let Some((dotted, inside)) = first_dotted(text, section.start, path)
    {
        let key = &text[dotted.clone()];
        let (at, dotted, header) = (span(again.clone()), span(dotted), path.join("."));
        errors.push(files::dotted_above(at, dotted, (key, inside), &header));
        // The parser kept the part below the header.
        return Some(span(again));
    }
    let first = match &header {
        Some((section, path)) => {
            sections.push(section.clone());
            first_of_header.or_else(|| first_value(text, section.start, path))
        }
        None => first_key(text, table, &again).or_else(|| header_of_key(text, &again)),
    };
    let key = &text[again.clone()];
    let is_value = first.as_ref().is_some_and(|first| header.is_some() && !is_in_header(text, first.start));
    let first = first.map(span);
    let is_dotted = |first: &Span| text[first.end..].trim_start().starts_with('.');
    let first_of_two = first.filter(is_dotted).filter(|_| header.is_none());
    let is_listed = header.is_some() && text[line_start(text, again.start)..].trim_start().starts_with("[[");
    errors.push(if is_listed && key == "calls" {
        files::calls_in_list(span(again), first)
    } else if is_value {
        files::complete_already(span(again), first, key)
    } else if let Some((_, path)) = header {
        files::section_twice(span(again), first, &path)
    } else {
        files::duplicate_key(span(again), first, key)
    });
    first_of_two
}

/// Removes the keys that occur twice in one section, if there are several: most likely the header of another section is
/// missing. Returns whether they are the keys of a call.
pub(super) fn keys_of_one_section(
    text: &str,
    again: &mut Vec<Range<usize>>,
    file: FileId,
    errors: &mut ErrorSink<'_>,
) -> bool {
    const KEYS_MIN: usize = 2;
    let section = |at: usize| text[..line_start(text, at)].rfind("\n[").map_or(0, |header| header + 1);
    let is_key = |key: &Range<usize>| {
        text[line_start(text, key.start)..key.start].trim().is_empty() && header_at(text, key.start).is_none()
    };
    let mut of_call = false;
    let keys: Vec<(usize, Range<usize>)> =
        again.iter().filter(|key| is_key(key)).map(|key| (section(key.start), key.clone())).collect();
    let mut at = 0;
    while let Some((header, _)) = keys.get(at) {
        let same: Vec<_> =
            keys[at..].iter().take_while(|(other, _)| other == header).map(|(_, key)| key).collect();
        at += same.len();
        let is_again = again.iter().any(|key| line_start(text, key.start) == *header);
        if same.len() < KEYS_MIN || *header == 0 || is_again {
            continue;
        }
        let names: Vec<&str> = same.iter().map(|key| &text[(*key).clone()]).collect();
        let path = path(text[*header..].lines().next().unwrap_or_default().trim());
        of_call |= path.first().is_some_and(|first| first == "calls");
        let span = Span { file, start: same[0].start, end: same[0].end };
        errors.push(files::keys_twice(span, &names, &path));
        again.retain(|key| !same.contains(&key));
    }
    of_call
}

/// Where the second template of a file begins, and the report: each template needs a file of its own.
pub(super) fn several(text: &str, file: FileId) -> Option<(usize, Diagnostic)> {
    let mut begins = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if path(line.trim()) == ["template"] && line.trim_start_matches('\u{feff}').starts_with('[') {
            begins.push(at);
        }
        at += line.len();
    }
    let (first, second) = (*begins.first()?, *begins.get(1)?);
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    // The text above the first header belongs to the first template.
    let starts = std::iter::once(0).chain(begins.iter().skip(1).copied());
    let name = |template: &str| {
        let table = DeTable::parse(template).ok()?.into_inner();
        table.get("fields")?;
        Some(table.get("template")?.get_ref().get("name")?.get_ref().as_str()?.to_owned())
    };
    let names: Option<Vec<String>> = starts.zip(ends).map(|(start, end)| name(&text[start..end])).collect();
    let line = |start: usize| text[start..].lines().next().unwrap_or_default().trim_end();
    let span = |start: usize| Span { file, start, end: start + line(start).len() };
    let names = names?;
    let is_again = |(at, name): (usize, &String)| names[..at].contains(name);
    let are_same = names.iter().enumerate().any(is_again);
    if are_same && let Some(pasted) = pasted(text, file) {
        return Some(pasted);
    }
    let others = if are_same { &[] } else { names.get(1..)? };
    Some((second, files::several_templates(span(second), span(first), names.len(), others)))
}

/// Where the second copy begins in a file that was pasted twice, and the report. The first half has the headers of the
/// second, in the same order.
pub(super) fn pasted(text: &str, file: FileId) -> Option<(usize, Diagnostic)> {
    let mut headers: Vec<(Span, Vec<String>)> = Vec::new();
    let begin = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut at = begin;
    for line in text[begin..].split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            let start = at + line.len() - line.trim_start().len();
            headers.push((Span { file, start, end: at + line.trim_end().len() }, path(line.trim())));
        }
        at += line.len();
    }
    let (first, second) = headers.split_at(headers.len() / 2);
    let is_same = first.iter().map(|(_, path)| path).eq(second.iter().map(|(_, path)| path));
    if first.len() < 2 || !is_same {
        return None;
    }
    let (header, again) = (first.first()?.0, second.first()?.0);
    // The text above the first header was pasted with it.
    let above = &text[begin..header.start];
    let start = again.start - if text[..again.start].ends_with(above) { above.len() } else { 0 };
    let (one, other) = (text[begin..start].trim(), text[start..].trim());
    let rest = (one == other).then_some(Span { file, start, end: text.len() });
    let is_whole = DeTable::parse(&text[..start]).is_ok();
    is_whole.then(|| (start, files::pasted_twice(again, header, rest)))
}

/// The section whose header contains this position, from the header to the next, and the names in the header.
fn header_at(text: &str, at: usize) -> Option<(Range<usize>, Vec<String>)> {
    let line_start = line_start(text, at);
    let line = text[line_start..].lines().next()?.trim();
    if !line.starts_with('[') {
        return None;
    }
    let next = text[at..].find("\n[").map_or(text.len(), |next| at + next + 1);
    Some((line_start..next, path(line)))
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn is_in_header(text: &str, at: usize) -> bool {
    text[line_start(text, at)..].trim_start().starts_with('[')
}

/// The names of a header.
fn path(line: &str) -> Vec<String> {
    let inner = line.split('#').next().unwrap_or(line).trim().trim_matches(['[', ']']);
    inner.split('.').map(|name| name.trim().trim_matches(['"', '\'']).to_owned()).collect()
}

/// The first position of the same header. The parser does not keep it. Headers are lines of their own, so the text
/// shows it.
fn first_header(text: &str, before: usize, wanted: &[String]) -> Option<Range<usize>> {
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    for line in text[at..before].split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with('[') && path(trimmed) == wanted {
            let indent = line.len() - line.trim_start().len();
            let header = trimmed.split('#').next().unwrap_or(trimmed).trim();
            return Some(at + indent + 1..at + indent + header.len().saturating_sub(1));
        }
        at += line.len();
    }
    None
}

/// The header of its own that a key of a section has above: `[objects.read]` above `read = …`.
fn header_of_key(text: &str, again: &Range<usize>) -> Option<Range<usize>> {
    let start = line_start(text, again.start);
    let is_line = text[start..again.start].trim().is_empty();
    let section =
        text[..start].lines().rev().find(|line| line.trim_start().starts_with('[')).filter(|_| is_line)?;
    let mut wanted = path(section.trim());
    wanted.push(text[again.clone()].to_owned());
    first_header(text, again.start, &wanted)
}

/// The position where a part of the path got a value that cannot be extended.
fn first_value(text: &str, before: usize, wanted: &[String]) -> Option<Range<usize>> {
    let (mut at, mut section, mut found) = (0, Vec::new(), None);
    for line in text[..before].split_inclusive('\n') {
        let trimmed = line.trim_start();
        let key = trimmed.split('=').next().unwrap_or_default().trim();
        if trimmed.starts_with('[') {
            section = path(trimmed.trim_end());
        } else if key.len() < trimmed.trim_end().len()
            && wanted
                .strip_prefix(section.as_slice())
                .and_then(<[String]>::first)
                .is_some_and(|name| name == key)
        {
            let start = at + line.len() - trimmed.len();
            found = Some(start..start + key.len());
        }
        at += line.len();
    }
    found
}

/// The position of a dotted key that creates the section above its header, and how many of the key's names belong to
/// the section.
fn first_dotted(text: &str, before: usize, wanted: &[String]) -> Option<(Range<usize>, usize)> {
    let (mut at, mut section) = (0, Vec::new());
    for line in text[..before].split_inclusive('\n') {
        let trimmed = line.trim_start();
        let key = trimmed.split('=').next().unwrap_or_default().trim_end();
        let inside = wanted.strip_prefix(section.as_slice()).unwrap_or_default();
        let names = path(key);
        if trimmed.starts_with('[') {
            section = path(trimmed.trim_end());
        } else if key.len() < trimmed.trim_end().len()
            && !inside.is_empty()
            && names.len() > inside.len()
            && names.starts_with(inside)
        {
            let start = at + line.len() - trimmed.len();
            return Some((start..start + key.len(), inside.len()));
        }
        at += line.len();
    }
    None
}

/// The first position of a key of the same table.
fn first_key(text: &str, table: &DeTable<'_>, again: &Range<usize>) -> Option<Range<usize>> {
    let mut candidates = Vec::new();
    collect(table, &text[again.clone()], again, &mut candidates);
    let first = candidates.into_iter().filter(|at| at.end <= again.start).max_by_key(|at| at.start)?;
    let line_start = line_start(text, again.start);
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
            // An inline table that closes before the second key cannot contain the first.
            if value.span().end > again.start || is_header(value, name) {
                collect(inner, key, again, found);
            }
        }
    }
}

/// Whether a header opens the table. Then the header's position contains the key's.
fn is_header(value: &TomlSpanned<DeValue<'_>>, name: &TomlSpanned<DeString<'_>>) -> bool {
    value.span().start <= name.span().start && name.span().end <= value.span().end
}
