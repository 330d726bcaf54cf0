//! What is wrong in a text that is not TOML, in words of our own.
//!
//! The parser of the crate `toml` says that a text is broken and where it gives up. This scanner goes over such a text
//! once more, statement by statement, and knows what people type by mistake. In a statement it reports the first
//! mistake alone, and goes on with the next statement.

use super::words;
use crate::{
    diagnostic::{Diagnostic, syntax},
    span::{FileId, Span},
};

/// How deep keys, lists and tables may nest before the rest is not looked at.
const DEPTH_MAX: usize = 32;

/// Why a statement is left.
pub(super) enum Stop {
    /// It has a mistake, which is reported.
    Reported,
    /// The bracket that opens here is never closed: what stands now is the next statement.
    Unclosed,
    /// Nothing behind this can be judged.
    End,
}

pub(super) type Step<T = ()> = Result<T, Stop>;

/// A text being gone over.
pub(super) struct Scanner<'t> {
    pub(super) text: &'t str,
    file: FileId,
    pub(super) at: usize,
    pub(super) found: Vec<Diagnostic>,
    /// Characters that nobody sees, where they may not stand.
    pub(super) invisible: Vec<usize>,
    /// The section, as its header says.
    pub(super) section: String,
    /// The key whose value is being read.
    pub(super) key: String,
    /// Where the statement begins, and how far its line is indented.
    statement: usize,
    indent: usize,
    pub(super) depth: usize,
}

/// Everything that is wrong with a text which the parser refuses.
pub(super) fn scan(text: &str, file: FileId) -> Vec<Diagnostic> {
    let mut scanner = Scanner {
        text,
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
    if let Some(at) = text.find('\r').filter(|_| !text.contains('\n')) {
        return vec![syntax::cr_line_ends(scanner.span(at, at + 1), scanner.span(0, text.len()), text)];
    }
    scanner.run();
    words::tell_invisible(&mut scanner);
    scanner.found
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

    /// Passes blanks, and notes characters that only look like blanks.
    pub(super) fn blanks(&mut self) {
        while let Some(letter) = self.peek() {
            let is_end = letter == '\r' && self.rest().starts_with("\r\n");
            if words::invisible_name(letter).is_some() && !is_end {
                self.invisible.push(self.at);
            } else if letter != ' ' && letter != '\t' && !is_end {
                return;
            }
            self.at += letter.len_utf8();
        }
    }

    /// Passes a comment, if one begins here.
    pub(super) fn comment(&mut self) {
        if self.peek() == Some('#') {
            let end = self.line_end();
            self.note_controls(end);
            self.at = end;
        }
    }

    /// Notes the control characters from here to an end.
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

    fn statement(&mut self) -> Step {
        let line_start = self.text[..self.at].rfind('\n').map_or(0, |end| end + 1);
        (self.statement, self.indent, self.depth) = (self.at, self.at - line_start, 0);
        self.key.clear();
        if self.peek() == Some('[') {
            self.header()?;
            return self.statement_end(true);
        }
        self.beginning()?;
        let key = self.keys('\n')?;
        self.equals(&key)?;
        self.key = key;
        self.value()?;
        self.statement_end(false)
    }

    /// A line that begins as no statement can.
    fn beginning(&mut self) -> Step {
        let (start, end) = (self.at, self.line_end());
        let line = self.text[start..end].trim_end();
        let marker =
            ["//", "--", ";", "REM ", "rem ", "/*"].into_iter().find(|marker| line.starts_with(marker));
        match marker {
            Some("/*") => {
                let close = self.rest().find("*/").map(|close| start + close + 2);
                self.found.push(syntax::comment_block(self.span(start, end.min(close.unwrap_or(end)))));
                self.at = close.unwrap_or(self.text.len());
                return Err(Stop::Reported);
            }
            Some(marker) => {
                let span = self.span(start, start + marker.trim_end().len());
                return self.report(syntax::comment(span, marker.trim_end()));
            }
            None => {}
        }
        if let Some(item) = line.strip_prefix("- ") {
            let item = item.trim().to_owned();
            return self.report(syntax::dash(self.span(start, start + 1), &item));
        }
        if line.starts_with("```") || line.starts_with("~~~") {
            return self.report(syntax::fence(self.span(start, end)));
        }
        for (open, close) in [("(", ")"), ("<", ">"), ("{", "}")] {
            let name = line.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            if let Some(name) = name.map(str::trim).filter(|name| words::is_path(name)) {
                return self.report(syntax::section_brackets(self.span(start, start + line.len()), name));
            }
        }
        if let Some(bracket @ (']' | '}' | ')')) = self.peek() {
            return self.report(syntax::stray_bracket(self.span(start, start + 1), &bracket.to_string()));
        }
        Ok(())
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
        if !words::is_quoted_path(inner) {
            let written = &line[..inner_end + closing.len()];
            let right = inner.replace([' ', '/', ':', '>', '\\', '-'], ".").replace("..", ".");
            if words::is_path(&right) {
                return self.report(syntax::section_name(
                    self.span(start, start + written.len()),
                    written,
                    &right,
                ));
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

    /// A key with its dots; gives it as it is written.
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
            Some(quote) if words::closing_quotes(quote).is_some() => self.typographic(quote),
            Some(letter) if letter.is_alphanumeric() || letter == '_' || letter == '-' => {
                let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
                let length = self.rest().find(|letter| !is_word(letter)).unwrap_or(self.rest().len());
                self.at += length;
                let word = &self.text[start..self.at];
                if word.is_ascii() {
                    return Ok(());
                }
                let word = word.to_owned();
                self.report(syntax::key_letters(self.span(start, self.at), &word))
            }
            Some(letter) => {
                let width = if letter == '\n' { 0 } else { letter.len_utf8() };
                let shown = if letter == '\n' { end.to_string() } else { letter.to_string() };
                self.report(syntax::key_character(self.span(start, start + width), &shown))
            }
            None => self.report(syntax::key_character(self.span(start, start), "the end")),
        }
    }

    /// What stands between a key and its value.
    pub(super) fn equals(&mut self, key: &str) -> Step {
        self.blanks();
        let start = self.at;
        for written in ["=>", "==", ":=", "->", "::"] {
            if self.rest().starts_with(written) {
                let span = self.span(start, start + written.len());
                let (rest, right) = words::behind(self, start + written.len());
                return self.report(syntax::equals(span, written, (key, rest, &right)));
            }
        }
        match self.peek() {
            Some('=') => {
                self.at += 1;
                self.blanks();
                if matches!(self.peek(), None | Some('\n' | '#' | ',' | '}' | ']')) {
                    let span = self.span(start, start + 1);
                    return self.report(syntax::missing_value(span, key));
                }
                Ok(())
            }
            Some(':') if self.depth == 0 && self.text[start + 1..self.line_end()].trim().is_empty() => {
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
                let length = self.rest().find([' ', ',', '\n', '}']).unwrap_or(self.rest().len());
                let span = self.span(start, start + length.max(1).min(self.rest().len()));
                self.report(syntax::missing_equals(span, key))
            }
        }
    }

    /// Nothing but a comment may follow on the line.
    fn statement_end(&mut self, is_header: bool) -> Step {
        self.blanks();
        self.comment();
        let (start, end) = (self.at, self.line_end());
        let line = self.text[start..end].trim_end().to_owned();
        let span = |from: usize, to: usize| self.span(start + from, start + to);
        let diagnostic = match line.as_str() {
            "" => return Ok(()),
            ";" => syntax::semicolon_end(span(0, 1)),
            "," => syntax::comma_end(span(0, 1)),
            _ => match ["//", "--", ";", "/*"].into_iter().find(|marker| line.starts_with(marker)) {
                Some(marker) => syntax::comment(span(0, marker.len()), marker),
                None if line.starts_with([']', '}', ')']) => syntax::stray_bracket(span(0, 1), &line[..1]),
                None if is_header => syntax::after_header(span(0, line.len()), &line),
                None if self.text[..start].ends_with(['"', '\'']) => {
                    let string = self.span(words::opening(self.text, start), start);
                    if line.contains(['"', '\'']) {
                        syntax::quote_inside(string)
                    } else {
                        syntax::after_value(span(0, line.len()), &line)
                    }
                }
                None => syntax::after_value(span(0, line.len()), &line),
            },
        };
        self.report(diagnostic)
    }

    /// Whether a new statement begins at this line, so that what is open is never closed.
    pub(super) fn is_statement(&self, opened: usize) -> bool {
        let line_start = self.text[..self.at].rfind('\n').map_or(0, |end| end + 1);
        let is_first = self.text[line_start..self.at].trim().is_empty();
        let line = self.text[self.at..self.line_end()].trim();
        if !is_first || line_start <= opened {
            return false;
        }
        let header = line.split('#').next().unwrap_or_default().trim();
        let name = header.trim_start_matches('[').trim_end_matches(']').trim();
        header.starts_with('[') && header.ends_with(']') && words::is_path(name)
    }

    /// Whether a key of the outside begins at this line: a bracket that opens in the middle of a line is closed there.
    pub(super) fn is_key_outside(&self, opened: usize) -> bool {
        let line_start = self.text[..self.at].rfind('\n').map_or(0, |end| end + 1);
        let is_first = self.text[line_start..self.at].trim().is_empty();
        let behind = self.text[opened + 1..].lines().next().unwrap_or_default();
        let opens_block = behind.trim().is_empty() || behind.trim_start().starts_with('#');
        is_first
            && line_start > opened
            && self.at - line_start <= self.indent
            && !opens_block
            && words::is_assignment(&self.text[self.at..self.line_end()])
    }

    /// After a mistake: passes the rest of the statement.
    fn next_statement(&mut self) {
        let was_open = self.depth > 0;
        self.at = self.line_end();
        while was_open && self.at < self.text.len() {
            let line_start = self.at + 1;
            let end = self.text[line_start..].find('\n').map_or(self.text.len(), |end| line_start + end);
            let line = self.text.get(line_start..end).unwrap_or_default();
            let indent = line.len() - line.trim_start().len();
            let line = line.trim();
            let is_header = line.starts_with('[') && words::is_path(line.trim_matches(['[', ']']).trim());
            let goes_on = line.starts_with([']', '}', ')', ','])
                || (indent > self.indent && !is_header)
                || (!line.is_empty() && !is_header && !words::is_assignment(line) && !line.starts_with('#'));
            if !goes_on {
                return;
            }
            self.at = end;
        }
    }
}

/// The deepest level of nesting that is looked into.
pub(super) const fn is_too_deep(depth: usize) -> bool {
    depth > DEPTH_MAX
}
