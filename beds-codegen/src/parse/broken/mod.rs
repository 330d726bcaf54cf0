//! Finds the mistakes in a text that is not TOML, in words of our own.
//!
//! The parser of the crate `toml` says that a text is broken and where it gives up. This scanner reads the text again,
//! statement by statement, and knows common typing mistakes. It reports only the first mistake of a statement, and
//! continues with the next statement.

mod habits;
mod keys;
mod lines;
mod numbers;
mod strangers;
mod text;
mod values;
mod words;

use std::borrow::Cow;

use crate::{
    diagnostic::{Diagnostic, Fix, syntax, whole},
    span::{FileId, Span},
};

/// How deep keys, lists and tables may be nested before the rest is skipped.
const DEPTH_MAX: usize = 32;

/// This many reports with the same words are joined into one.
const ALIKE_MIN: usize = 3;
/// The most further positions that a joined report shows.
const PLACES_MAX: usize = 10;

/// Why the scan of a statement ends.
pub(super) enum Stop {
    /// The statement has a mistake, which is reported.
    Reported,
    /// The open bracket is never closed: the next statement begins here.
    Unclosed,
    /// The rest cannot be analysed.
    End,
}

pub(super) type Step<T = ()> = Result<T, Stop>;

/// The state of a scan.
pub(super) struct Scanner<'t> {
    pub(super) text: &'t str,
    file: FileId,
    pub(super) at: usize,
    pub(super) found: Vec<Diagnostic>,
    /// The positions of invisible characters where they are not allowed.
    pub(super) invisible: Vec<usize>,
    /// The current section, from its header.
    pub(super) section: String,
    /// The key whose value is being read.
    pub(super) key: String,
    /// The beginning of the statement, and the indentation of its line.
    statement: usize,
    indent: usize,
    pub(super) depth: usize,
}

/// All mistakes in a text that the parser refuses.
pub(super) fn scan(text: &str, file: FileId) -> Vec<Diagnostic> {
    let lines = lines_at_cr(text);
    let mut scanner = Scanner {
        text: &lines,
        file,
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        found: Vec::new(),
        invisible: Vec::new(),
        section: String::new(),
        key: String::new(),
        statement: 0,
        indent: 0,
        depth: 0,
    };
    let ends: Vec<usize> = changed(text, &lines).collect();
    if let (Some(first), Some(last)) = (ends.first().copied(), ends.last().copied()) {
        let (at, whole) = (scanner.span(first, first + 1), scanner.span(first, last + 1));
        let mended = lines.get(first..=last).unwrap_or_default();
        scanner.found.push(whole::cr_line_ends(at, whole, mended, !text.contains('\n')));
    }
    scanner.run();
    words::tell_invisible(&mut scanner);
    let found = scanner.found;
    grouped(text, found)
}

/// Extends the fix of a mistake that occurs in many places, but is reported only at the first. The fix corrects all
/// places, if the text is then TOML.
pub(super) fn to_the_end(text: &str, file: FileId, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    const ROUNDS_MAX: usize = 64;
    let [only] = found.as_mut_slice() else { return found };
    let whole = |text: &str, fix: &Fix| {
        Some(format!("{}{}{}", text.get(..fix.span.start)?, fix.replacement, text.get(fix.span.end..)?))
    };
    let Some(mut right) = only.fix.as_ref().and_then(|fix| whole(text, fix)) else { return found };
    for round in 0..ROUNDS_MAX {
        if super::is_toml(&right) {
            if round > 0 {
                only.fix = Some(Fix { span: Span { file, start: 0, end: text.len() }, replacement: right });
            }
            break;
        }
        let again = scan(&right, file);
        let [next] = again.as_slice() else { break };
        let next = next.fix.as_ref().filter(|_| next.message == only.message);
        let Some(next) = next.and_then(|fix| whole(&right, fix)) else { break };
        right = next;
    }
    found
}

/// The text with an LF for each CR that ends a line by itself, so that every place stays what it is. A CR inside of a
/// statement ends no line.
fn lines_at_cr(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    let has_lf = text.contains('\n');
    let mut lines = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\r') {
        let (line, after) = (&rest[..at], &rest[at + 1..]);
        let next = after.split(['\r', '\n']).next().unwrap_or_default();
        let is_end = !after.starts_with('\n') && (!has_lf || begins_statement(next));
        lines.push_str(line);
        lines.push(if is_end { '\n' } else { '\r' });
        rest = after;
    }
    lines.push_str(rest);
    Cow::Owned(lines)
}

/// Whether a line can be a statement by itself: empty, a comment, a header, or a key with its `=`.
fn begins_statement(line: &str) -> bool {
    let line = line.trim_start();
    let is_key = |key: &str| {
        let key = key.trim();
        !key.is_empty() && key.chars().all(|letter| letter.is_alphanumeric() || "_-.\"'".contains(letter))
    };
    line.is_empty()
        || line.starts_with(['#', '['])
        || line.split_once('=').is_some_and(|(key, _)| is_key(key))
}

/// The positions at which two texts of equal length differ.
fn changed<'t>(before: &'t str, after: &'t str) -> impl Iterator<Item = usize> + 't {
    let both = before.bytes().zip(after.bytes()).enumerate();
    both.filter(|(_, (before, after))| before != after).map(|(at, _)| at)
}

/// One habit, one report: reports with the same words become one report, which shows all positions.
fn grouped(text: &str, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut groups: Vec<Vec<Diagnostic>> = Vec::new();
    for diagnostic in found {
        match groups.iter_mut().find(|group| group.iter().any(|known| known.message == diagnostic.message)) {
            Some(group) => group.push(diagnostic),
            None => groups.push(vec![diagnostic]),
        }
    }
    groups
        .into_iter()
        .flat_map(|group| {
            // A copied page has an opening and a closing mark: together they are one mistake.
            let is_page = group.iter().all(|known| known.message == syntax::OF_A_PAGE);
            let least = if is_page { 2 } else { ALIKE_MIN };
            if group.len() < least { group } else { united(text, group).into_iter().collect() }
        })
        .collect()
}

/// Several reports as one, with one fix if each has a fix.
fn united(text: &str, group: Vec<Diagnostic>) -> Option<Diagnostic> {
    let count = group.len();
    let fixes: Option<Vec<Fix>> = group.iter().map(|diagnostic| diagnostic.fix.clone()).collect();
    let mut all = group.into_iter();
    let mut first = all.next()?;
    for label in all.filter_map(|other| other.primary().cloned()).take(PLACES_MAX) {
        first = first.near(label.span, "here too");
    }
    first.fix = fixes.and_then(|fixes| whole_fix(text, fixes));
    let places = if count == 2 { "both".to_owned() } else { count.to_string() };
    Some(first.help(format!("the same mistake is in {places} places of this file")))
}

/// One fix with the effect of several.
fn whole_fix(text: &str, mut fixes: Vec<Fix>) -> Option<Fix> {
    fixes.sort_by_key(|fix| fix.span.start);
    let (file, start) = fixes.first().map(|fix| (fix.span.file, fix.span.start))?;
    let (mut at, mut replacement) = (start, String::new());
    for fix in fixes {
        // Overlapping fixes cannot all be applied.
        replacement.push_str(text.get(at..fix.span.start)?);
        replacement.push_str(&fix.replacement);
        at = fix.span.end;
    }
    Some(Fix { span: Span { file, start, end: at }, replacement })
}

impl<'t> Scanner<'t> {
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start, end }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    pub(super) fn line_end(&self) -> usize {
        self.rest().find('\n').map_or(self.text.len(), |end| self.at + end)
    }

    pub(super) fn report<T>(&mut self, diagnostic: Diagnostic) -> Step<T> {
        self.found.push(diagnostic);
        Err(Stop::Reported)
    }

    /// Skips blanks, and notes characters that only look like blanks.
    pub(super) fn blanks(&mut self) {
        while let Some(letter) = self.peek() {
            let is_end = letter == '\r' && self.rest().starts_with("\r\n");
            if crate::letters::invisible_name(letter).is_some() && !is_end {
                self.invisible.push(self.at);
            } else if letter != ' ' && letter != '\t' && !is_end {
                return;
            }
            self.at += letter.len_utf8();
        }
    }

    /// Skips a comment, if one begins here.
    pub(super) fn comment(&mut self) {
        if self.peek() == Some('#') {
            let end = self.line_end();
            self.note_controls(end);
            self.at = end;
        }
    }

    /// Notes the control characters up to a position.
    pub(super) fn note_controls(&mut self, end: usize) {
        let part = self.text.get(self.at..end).unwrap_or_default();
        let controls = part.char_indices().filter(|(at, letter)| {
            let is_line_end = *letter == '\r' && self.at + at + 1 == end;
            letter.is_ascii_control() && !matches!(letter, '\t' | '\n') && !is_line_end
        });
        let places: Vec<usize> = controls.map(|(at, _)| self.at + at).collect();
        self.invisible.extend(places);
    }

    fn run(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                None => return,
                Some('\n') => self.at += 1,
                Some('#') => self.comment(),
                Some(_) => match self.statement() {
                    Ok(()) | Err(Stop::Unclosed) => {}
                    Err(Stop::Reported) => self.next_statement(),
                    Err(Stop::End) => return,
                },
            }
        }
    }
}

/// Whether this level of nesting is too deep to analyse.
pub(super) const fn is_too_deep(depth: usize) -> bool {
    depth > DEPTH_MAX
}
