//! A template that was copied with text before or after each of its lines. It is one mistake, and the text without it
//! is known.

use std::cell::Cell;

use super::is_toml;
use crate::{
    diagnostic::{Diagnostic, whole},
    span::{FileId, Span},
};

/// With fewer lines, one line says nothing about the others.
const LINES_MIN: usize = 3;
/// The most likely first line of a template.
const FIRST: &str = "[template]";

/// The kind of the copy, if the text without its prefixes or escapes is TOML.
pub(super) fn recognize(text: &str, file: FileId) -> Option<Diagnostic> {
    let whole = Span { file, start: 0, end: text.len() };
    let at = |start: usize, part: &str| Span { file, start, end: start + part.len() };
    let first = text.find(|letter: char| !letter.is_whitespace())?;
    if let Some(right) = without_numbers(text).filter(|right| is_toml(right)) {
        let digits: String = text[first..].chars().take_while(char::is_ascii_digit).collect();
        return Some(whole::every_line(
            at(first, &digits),
            "a number is in front of every line",
            whole,
            right,
        ));
    }
    let line = text[first..].lines().next()?.trim_end();
    for mark in ["+", ">", "|"] {
        if let Some(right) = without(text, |line| line.strip_prefix(mark)).filter(|right| is_toml(right)) {
            let what = format!("`{mark}` is in front of every line");
            return Some(whole::every_line(at(first, mark), &what, whole, right));
        }
    }
    let (before, behind) = line.split_once(FIRST)?;
    let inside = if before.is_empty() {
        text.to_owned()
    } else {
        let same = || without(text, |line| line.strip_prefix(before).or_else(|| cut(before, line)));
        let numbered = || without(text, |line| without_number(line, before));
        let column = || without(text, |line| without_columns(line, before));
        let is_right =
            |inside: &String| is_toml(inside) || (!behind.is_empty() && has_behind(inside, behind));
        same()
            .filter(is_right)
            .or_else(|| numbered().filter(is_right))
            .or_else(|| column().filter(is_right))?
    };
    let right = if is_toml(&inside) { inside } else { without_end(&inside, behind)? };
    let (place, what) = match (before.trim(), behind.trim()) {
        ("", "") => return None,
        (mark, "") => (at(first, mark), format!("`{mark}` is in front of every line")),
        ("", mark) => {
            (at(first + line.len() - mark.len(), mark), format!("`{mark}` is at the end of every line"))
        }
        (mark, end) => (at(first, mark), format!("every line is between `{mark}` and `{end}`")),
    };
    is_toml(&right).then(|| whole::every_line(place, &what, whole, right))
}

/// The rest of a line that has only its mark, if the mark's trailing blanks are gone.
fn cut<'t>(mark: &str, line: &'t str) -> Option<&'t str> {
    (line.trim_end() == mark.trim_end()).then(|| &line[line.trim_end().len()..])
}

/// A line without as many letters as a mark has, if line and mark have the same sign in the mark's last column. The
/// letters before it may differ from line to line.
fn without_columns<'t>(line: &'t str, mark: &str) -> Option<&'t str> {
    let (sign, width) = (mark.trim_end().chars().next_back()?, mark.chars().count());
    let column = mark.trim_end().chars().count() - 1;
    let is_same = !sign.is_alphanumeric() && line.chars().nth(column) == Some(sign);
    is_same.then(|| line.char_indices().nth(width).map_or("", |(at, _)| &line[at..]))
}

/// A line without a mark that contains the line's number.
fn without_number<'t>(line: &'t str, mark: &str) -> Option<&'t str> {
    let end = mark.rfind(|letter: char| letter.is_ascii_digit())? + 1;
    let start = mark[..end].trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    let rest = line.strip_prefix(&mark[..start])?;
    let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    rest.strip_prefix(&mark[end..]).or_else(|| cut(&mark[end..], rest))
}

fn has_behind(text: &str, mark: &str) -> bool {
    without_end(text, mark).is_some()
}

/// The text without the mark at the end of each line that is not empty.
fn without_end(text: &str, mark: &str) -> Option<String> {
    let mark = mark.trim();
    if mark.is_empty() || text.lines().filter(|line| !line.trim().is_empty()).count() < LINES_MIN {
        return None;
    }
    let mut right = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_end();
        right.push_str(if line.is_empty() { line } else { line.strip_suffix(mark)?.trim_end() });
        right.push('\n');
    }
    Some(right)
}

/// The text in which each non-empty line has lost its prefix.
fn without<'t>(text: &'t str, strip: impl Fn(&'t str) -> Option<&'t str>) -> Option<String> {
    let mut right = String::with_capacity(text.len());
    let mut count = 0;
    for line in text.split_inclusive('\n') {
        let rest = if line.trim().is_empty() { line } else { strip(line)? };
        count += usize::from(!line.trim().is_empty());
        right.push_str(rest.strip_prefix(' ').unwrap_or(rest));
        if line.ends_with('\n') && !right.ends_with('\n') {
            right.push('\n');
        }
    }
    (count >= LINES_MIN).then_some(right)
}

/// The text without its line numbers, which increase by one.
fn without_numbers(text: &str) -> Option<String> {
    let next = Cell::new(None);
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
