//! The lines of a text: headers, keys with their values, and the rest of the line.

use super::{DEPTH_MAX, Scanner, Step, Stop, numbers, text, words};
use crate::{
    diagnostic::{literals, syntax},
    foreign, letters,
    part::Part,
};

impl<'t> Scanner<'t> {
    pub(super) fn statement(&mut self) -> Step {
        let line_start = self.text[..self.at].rfind('\n').map_or(0, |end| end + 1);
        (self.statement, self.indent, self.depth) = (self.at, self.at - line_start, 0);
        self.key.clear();
        if self.peek() == Some('[') {
            self.header()?;
            return self.statement_end(true);
        }
        self.beginning()?;
        let key = self.keys('\n')?;
        self.header_unopened(&key)?;
        self.equals(&key)?;
        self.key = key;
        self.value()?;
        self.statement_end(false)
    }

    fn header(&mut self) -> Step {
        let (start, line) = (self.at, self.text[self.at..self.line_end()].trim_end());
        let opening = if line.starts_with("[[") { "[[" } else { "[" };
        let inner_end = line.find(']').unwrap_or_else(|| line.find(" #").unwrap_or(line.len()));
        let inner = line[opening.len()..inner_end.max(opening.len())].trim();
        if inner.is_empty() {
            return self.report(syntax::section_empty(self.span(start, start + line.len())));
        }
        let closing = if opening == "[" { "]" } else { "]]" };
        if let Some((name, _)) = inner.split_once('#').filter(|(name, _)| text::is_path(name)) {
            let end = start + line.len();
            return self.report(syntax::comment_in_header(
                self.span(start, end),
                name.trim(),
                &line[opening.len()..],
            ));
        }
        if inner.starts_with('/') {
            return self.report(syntax::section_end(self.span(start, start + line.len())));
        }
        if opening == "[" && inner.contains('[') && line.ends_with(']') {
            let right = text::path_of_words(line);
            return self.report(syntax::section_name(self.span(start, start + line.len()), line, &right));
        }
        if !line[inner_end..].starts_with(']') {
            let end =
                start + opening.len() + line[opening.len()..inner_end.max(opening.len())].trim_end().len();
            return self.report(syntax::section_unclosed(self.span(start, end), inner));
        }
        let close = start + inner_end;
        if !line[inner_end..].starts_with(closing) || (opening == "[" && line[inner_end..].starts_with("]]"))
        {
            let written = line[..inner_end].to_owned() + if opening == "[" { "]]" } else { "]" };
            let span = self.span(start, start + written.len());
            return self.report(syntax::section_name(span, &written, inner));
        }
        if !text::is_quoted_path(inner) {
            let written = &line[..inner_end + closing.len()];
            if let Some(right) = section_meant(inner) {
                let span = self.span(start, start + written.len());
                return self.report(syntax::section_name(span, written, &right));
            }
            self.at += opening.len();
            self.keys(']')?;
        } else if inner.matches('.').count() > DEPTH_MAX {
            return self.report(syntax::too_deep(self.span(start, close)));
        }
        inner.clone_into(&mut self.section);
        self.at = close + closing.len();
        Ok(())
    }

    /// A header without its `[`.
    fn header_unopened(&mut self, name: &str) -> Step {
        let (start, line) = (self.statement, &self.text[self.statement..self.line_end()]);
        let written = line.split('#').next().unwrap_or_default().trim_end();
        if written.trim_end_matches(']').trim_end() != name || written == name {
            return Ok(());
        }
        let span = self.span(start, start + written.len());
        name.clone_into(&mut self.section);
        self.report(syntax::section_unopened(span, name))
    }

    /// A key with its dots. Returns it as it is written.
    pub(super) fn keys(&mut self, end: char) -> Step<String> {
        let start = self.at;
        let mut depth = 0;
        loop {
            self.blanks();
            self.key_part(end)?;
            self.blanks();
            depth += 1;
            if !self.take(".") {
                break;
            }
            if depth > DEPTH_MAX {
                self.found.push(syntax::too_deep(self.span(start, self.at)));
                return Err(Stop::Reported);
            }
        }
        Ok(self.text[start..self.at].trim().to_owned())
    }

    fn key_part(&mut self, end: char) -> Step {
        let start = self.at;
        match self.peek() {
            Some('"' | '\'') => self.string(),
            Some(quote) if text::closing_quotes(quote).is_some() => self.typographic(quote),
            Some(letter) if letter.is_alphanumeric() || letter == '_' || letter == '-' => {
                // An invisible letter does not end the word for a human reader.
                let is_unseen =
                    |letter: char| letters::invisible_name(letter).is_some() && !letter.is_whitespace();
                let is_word = |letter: char| {
                    letter.is_alphanumeric() || matches!(letter, '_' | '-') || is_unseen(letter)
                };
                let length = self.rest().find(|letter| !is_word(letter)).unwrap_or(self.rest().len());
                self.at += length;
                let word = &self.text[start..self.at];
                let unseen = word.char_indices().filter(|(_, letter)| is_unseen(*letter));
                self.invisible.extend(unseen.map(|(at, _)| start + at));
                let word: String = word.chars().filter(|letter| !is_unseen(*letter)).collect();
                if word.is_ascii() {
                    return Ok(());
                }
                self.report(syntax::key_letters(self.span(start, self.at), &word))
            }
            Some(sign @ ('$' | '@')) if self.rest()[1..].starts_with(text::is_bare) => {
                self.report(syntax::key_prefix(self.span(start, start + 1), sign))
            }
            Some(letter) => {
                let width = if letter == '\n' { 0 } else { letter.len_utf8() };
                let shown = if letter == '\n' { end.to_string() } else { letter.to_string() };
                self.report(syntax::key_character(self.span(start, start + width), &shown))
            }
            None => self.report(syntax::key_character(self.span(start, start), "the end")),
        }
    }

    /// The text between a key and its value.
    pub(super) fn equals(&mut self, key: &str) -> Step {
        self.blanks();
        let start = self.at;
        for written in ["=>", "==", "=:", ":=", "+=", "?=", "~=", "-=", "[]=", "[] =", "->", "::", "＝", "："]
        {
            if self.rest().starts_with(written) {
                let span = self.span(start, start + written.len());
                let (rest, right) = words::behind(self, start + written.len());
                return self.report(syntax::equals(span, written, (key, rest, &right)));
            }
        }
        match self.peek() {
            Some('?') if self.rest()[1..].trim_start().starts_with(['=', ':']) => {
                self.report(syntax::key_suffix(self.span(start, start + 1)))
            }
            Some('=') => {
                self.at += 1;
                self.blanks();
                if matches!(self.peek(), None | Some('\n' | '#' | ',' | '}' | ']' | '\\')) {
                    self.value_below(start, key)?;
                }
                if matches!(self.peek(), None | Some('\n' | '#' | ',' | '}' | ']')) {
                    let span = self.span(start, start + 1);
                    return self.report(syntax::missing_value(span, key));
                }
                self.second_key(key)
            }
            Some(':') if self.depth == 0 && self.text[start + 1..self.line_end()].trim().is_empty() => {
                self.yaml_block(key)?;
                let line = self.text[self.statement..=start].to_owned();
                let span = self.span(self.statement, start + 1);
                self.report(syntax::lone_word(span, line.trim_end_matches(':').trim_end()))
            }
            Some(':') => {
                let span = self.span(start, start + 1);
                let (rest, right) = words::behind(self, start + 1);
                self.report(syntax::equals(span, ":", (key, rest, &right)))
            }
            None | Some('\n' | '#') if self.depth == 0 => {
                let line = self.text[self.statement..start].trim_end();
                let (line, span) = (line.to_owned(), self.span(self.statement, self.statement + line.len()));
                self.report(syntax::lone_word(span, &line))
            }
            _ => {
                self.field_of_program(key)?;
                self.key_of_words(key)?;
                self.section_word(key)?;
                let (length, line) = self.word_ahead();
                if self.depth == 0
                    && let Some(ty) = foreign::translate(line.trim_end().trim_end_matches([',', ';']))
                {
                    let whole = self.span(self.statement, start + line.trim_end().len());
                    return self.report(syntax::column_of_sql(whole, key, &ty));
                }
                self.report(syntax::missing_equals(self.span(start, start + length), key))
            }
        }
    }

    /// The beginning of a position's line.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// Whether the current table is a `limit`.
    pub(super) fn is_limit(&self) -> bool {
        self.section == "fetch" && matches!(self.key.as_str(), "default" | "max")
    }

    /// The length of the next word, and the rest of its line.
    pub(super) fn word_ahead(&self) -> (usize, &'t str) {
        let line = self.rest().lines().next().unwrap_or_default();
        let length = line.find([' ', ',', '}', ']', '=']).unwrap_or(line.len());
        let first = line.chars().next().map_or(0, char::len_utf8);
        (length.max(first), line)
    }

    /// Only a comment may follow on the line.
    fn statement_end(&mut self, is_header: bool) -> Step {
        self.blanks();
        self.comment();
        let (start, end) = (self.at, self.line_end());
        let line = self.text[start..end].trim_end().to_owned();
        let span = |from: usize, to: usize| self.span(start + from, start + to);
        let diagnostic = match line.as_str() {
            "" => return Ok(()),
            ";" => syntax::semicolon_end(span(0, 1)),
            joined if self.joins_strings(start, joined) => {
                literals::joined(self.span(text::opening(self.text, start), start + joined.len()))
            }
            joined if self.text[..start].trim_end().ends_with(']') && is_list_behind_sign(joined) => {
                literals::joined_lists(span(0, joined.len()))
            }
            "," => syntax::comma_end(span(0, 1)),
            mark if let Some((name, letter)) = only_mark(mark) => {
                syntax::mark(span(0, letter.len_utf8()), (name, letter), false)
            }
            _ if text::is_assignment(line.trim_start_matches([',', ';', ' '])) && !is_header => {
                let next = line.len() - line.trim_start_matches([',', ';', ' ']).len();
                syntax::two_keys(
                    span(next, line.len()),
                    self.span(self.text[..start].trim_end().len(), start + next),
                )
            }
            _ => match ["//", "--", ";", "/*", "<!--"].into_iter().find(|marker| line.starts_with(marker)) {
                Some(marker) => syntax::comment(span(0, marker.len()), marker),
                None if line.starts_with([']', '}', ')']) => syntax::stray_bracket(span(0, 1), &line[..1]),
                None if is_header => syntax::after_header(span(0, line.len()), &line),
                None if self.text[..start].ends_with(['"', '\'']) => {
                    let string = self.span(text::opening(self.text, start), start);
                    let whole = line_value(self.text, self.statement, start + line.len());
                    if let Some((from, right)) = whole.filter(|_| line.starts_with(',')) {
                        literals::list_without_brackets(self.span(from, start + line.len()), &right)
                    } else if line.contains(['"', '\'']) {
                        literals::quote_inside(string, &self.text[start - 1..start])
                    } else {
                        syntax::after_value(span(0, line.len()), &line)
                    }
                }
                None => {
                    let value = text::number_before(self.text, start);
                    let behind = value.and_then(|(from, to)| numbers::behind(self, from, to));
                    behind.unwrap_or_else(|| syntax::after_value(span(0, line.len()), &line))
                }
            },
        };
        self.report(diagnostic)
    }

    /// Whether a string follows a sign and another string.
    fn joins_strings(&self, start: usize, line: &str) -> bool {
        let is_behind = self.text[..start].trim_end().ends_with(['"', '\'']);
        let is_apart = self.text[..start].ends_with([' ', '\t']);
        let other = line.strip_prefix(['+', '&', '.']).map(str::trim).or(is_apart.then_some(line));
        is_behind && other.is_some_and(|other| other.starts_with(['"', '\'']))
    }

    /// Whether a new statement begins at this line, so that the open bracket is never closed.
    pub(super) fn is_statement(&self, opened: usize) -> bool {
        let line_start = self.text[..self.at].rfind('\n').map_or(0, |end| end + 1);
        let is_first = self.text[line_start..self.at].trim().is_empty();
        let line = self.text[self.at..self.line_end()].trim();
        if !is_first || line_start <= opened {
            return false;
        }
        let header = line.split('#').next().unwrap_or_default().trim();
        let name = header.trim_start_matches('[').trim_end_matches(']').trim();
        header.starts_with('[') && header.ends_with(']') && text::is_path(name)
    }

    /// Whether a key of the outer level begins on this line. A bracket that opens in the middle of a line counts as
    /// closed there.
    pub(super) fn is_key_outside(&self, opened: usize) -> bool {
        let line_start = self.text[..self.at].rfind('\n').map_or(0, |end| end + 1);
        let is_first = self.text[line_start..self.at].trim().is_empty();
        let behind = self.text[opened + 1..].lines().next().unwrap_or_default();
        let opens_block = behind.trim().is_empty() || behind.trim_start().starts_with('#');
        is_first
            && line_start > opened
            && self.at - line_start <= self.indent
            && !opens_block
            && text::is_assignment(&self.text[self.at..self.line_end()])
    }

    /// After a mistake: skips the rest of the statement.
    pub(super) fn next_statement(&mut self) {
        let was_open = self.depth > 0;
        self.at = self.line_end();
        while was_open && self.at < self.text.len() {
            let line_start = self.at + 1;
            let end = self.text[line_start..].find('\n').map_or(self.text.len(), |end| line_start + end);
            let line = self.text.get(line_start..end).unwrap_or_default();
            let indent = line.len() - line.trim_start().len();
            let line = line.trim();
            let is_header = line.starts_with('[') && text::is_path(line.trim_matches(['[', ']']).trim());
            let goes_on = line.starts_with([']', '}', ')', ','])
                || (indent > self.indent && !is_header)
                || (!line.is_empty() && !is_header && !text::is_assignment(line) && !line.starts_with('#'));
            if !goes_on {
                return;
            }
            self.at = end;
        }
    }
}

/// Whether a list follows a sign: `+ ["status"]`.
fn is_list_behind_sign(text: &str) -> bool {
    text.strip_prefix(['+', '&', '.']).is_some_and(|rest| rest.trim_start().starts_with('['))
}

/// The header that is meant by names with other signs between or inside of them.
fn section_meant(inner: &str) -> Option<String> {
    let right = text::path_of_words(inner);
    let first = right.split('.').next().unwrap_or_default();
    if Part::Sections.known().contains(&first) {
        return Some(right);
    }
    let letters: String = inner.chars().filter(|letter| letter.is_alphanumeric()).collect();
    if let Some(near) = beds_protocol::nearest(&letters, Part::Sections.known().iter().copied()) {
        return Some(near.to_owned());
    }
    let is_between = inner.chars().all(|letter| text::is_bare(letter) || " ./:>\\".contains(letter));
    (is_between && text::is_path(&right)).then_some(right)
}

/// Several values after the key of a statement: where they begin, and the values as a list.
fn line_value(text: &str, statement: usize, end: usize) -> Option<(usize, String)> {
    let (_, values) = text[statement..end].split_once('=')?;
    let values = values.trim_start();
    let right = format!("[{values}]");
    text::is_value(&right).then_some((end - values.len(), right))
}

/// The name of a character that looks like a semicolon or a comma, if the line has nothing else.
fn only_mark(line: &str) -> Option<(&'static str, char)> {
    let mut letters = line.chars();
    let letter = letters.next().filter(|_| letters.next().is_none())?;
    Some((letters::mark_name(letter)?, letter))
}
