//! Values in a text that is not TOML: strings, lists, tables, and words that are none of these.

use super::{Scanner, Step, Stop, habits, is_too_deep, numbers, text, words};
use crate::{
    diagnostic::{literals, syntax},
    letters,
    part::Part,
};

impl Scanner<'_> {
    /// A value, from its first character to after its last.
    pub(super) fn value(&mut self) -> Step {
        match self.peek() {
            Some('"' | '\'') => self.string(),
            Some('[') => self.list(),
            Some('{') if self.rest().starts_with("{{") || self.rest().starts_with("{%") => words::word(self),
            Some('{') => self.table(),
            Some('(') if text::is_pair(self.rest()[1..].trim_start()) => {
                let inner = text::inside_parentheses(self.rest());
                let right = inner
                    .map(|inner| format!("{{ {} }}", inner.trim()))
                    .filter(|right| text::is_value(right));
                let length = inner.filter(|_| right.is_some()).map_or(1, |inner| inner.len() + 2);
                let span = self.span(self.at, self.at + length);
                self.report(syntax::keys_in_brackets(span, "( )", right))
            }
            Some('(') => {
                let (right, length) = habits::list(self.rest(), ')').unzip();
                let span = self.span(self.at, self.at + length.unwrap_or(1));
                self.report(literals::not_a_list(span, "( )", right))
            }
            Some(quote) if text::closing_quotes(quote).is_some() => self.typographic(quote),
            _ => words::word(self),
        }
    }

    pub(super) fn typographic(&mut self, quote: char) -> Step {
        let (start, line) = (self.at, &self.text[self.at..self.line_end()]);
        let behind = quote.len_utf8();
        let close = line[behind..]
            .find(|letter: char| text::closing_quotes(quote).is_some_and(|close| close.contains(&letter)));
        let (inner, end) = match close {
            Some(close) => {
                let last = line[behind + close..].chars().next().map_or(0, char::len_utf8);
                (&line[behind..behind + close], behind + close + last)
            }
            None => (line[behind..].trim_end(), line.trim_end().len()),
        };
        let inner = inner.to_owned();
        self.at = start + end;
        self.report(literals::typographic(self.span(start, start + end), &inner))
    }

    pub(super) fn string(&mut self) -> Step {
        let start = self.at;
        for quotes in ["\"\"\"", "'''"] {
            if self.take(quotes) {
                let Some(end) = self.rest().find(quotes) else {
                    self.found.push(literals::unclosed_block(self.span(start, start + 3), quotes));
                    return Err(Stop::End);
                };
                let end = self.at + end;
                self.note_controls(end);
                self.at = end + 3;
                while self.take(&quotes[..1]) {}
                return Ok(());
            }
        }
        let quote = &self.text[start..=start];
        let line = &self.text[start + 1..self.line_end()];
        let Some(length) = text::string_length(line, quote) else {
            if let Some(end) = self.string_of_lines(quote) {
                let quote = quote.to_owned();
                let span = self.span(start, end);
                self.at = end;
                return self.report(literals::string_of_lines(span, &quote));
            }
            let end = start + 1 + line.trim_end().len();
            let quote = quote.to_owned();
            return self.report(literals::unclosed_string(self.span(start, end), &quote));
        };
        self.at = start + 1;
        self.note_controls(start + 1 + length);
        self.at = start + 1 + length + 1;
        if quote == "\"" {
            self.escapes(start, start + 1 + length)?;
        }
        self.glued(start)
    }

    /// The end of a string that continues over the next lines, which are not statements.
    fn string_of_lines(&self, quote: &str) -> Option<usize> {
        const LINES_MAX: usize = 20;
        let mut at = self.line_end() + 1;
        for line in self.text.get(at..)?.split_inclusive('\n').take(LINES_MAX) {
            let trimmed = line.trim();
            if self.depth > 0
                || trimmed.is_empty()
                || trimmed.starts_with(['[', '#'])
                || text::is_assignment(trimmed)
            {
                return None;
            }
            if let Some(end) = line.find(quote) {
                let is_end =
                    line[end + 1..].trim_start().is_empty() || line[end + 1..].trim_start().starts_with('#');
                return is_end.then_some(at + end + 1);
            }
            at += line.len();
        }
        None
    }

    /// An escape in a string must be valid in TOML.
    fn escapes(&mut self, open: usize, close: usize) -> Step {
        let inner = &self.text[open + 1..close];
        let Some((from, to)) = text::bad_escape(inner) else { return Ok(()) };
        let escape = inner[from..to].to_owned();
        let right = (!inner.contains('\''))
            .then(|| format!("'{}'", inner.replace("\\\\", "\\").replace("\\\"", "\"")));
        let (span, string) = (self.span(open + 1 + from, open + 1 + to), self.span(open, close + 1));
        self.report(literals::escape(span, string, &escape, right))
    }

    /// Text directly after a string belongs to it: the string contains the following text, or has a quote inside.
    fn glued(&mut self, open: usize) -> Step {
        let is_glued = self.peek().is_some_and(|next| {
            next.is_alphanumeric() || matches!(next, '[' | '\\' | '^' | '(' | '_' | '"' | '\'')
        });
        if !is_glued {
            return Ok(());
        }
        let behind = self.rest().get(1..).unwrap_or_default();
        if matches!(self.peek(), Some('"' | '\''))
            && (behind.trim_start().is_empty()
                || behind.trim_start_matches(' ').starts_with([',', '}', ']', '\n', '#']))
        {
            let span = self.span(self.at, self.at + 1);
            return self.report(literals::extra_quote(span));
        }
        let inner = &self.text[open + 1..self.at - 1];
        if inner.contains('=') || inner.trim_end().ends_with([',', '[', '{']) {
            return self
                .report(literals::swallowed(self.span(open, open + 1), self.span(self.at - 1, self.at)));
        }
        if matches!(self.peek(), Some('"' | '\'')) {
            return Ok(());
        }
        self.report(literals::quote_inside(self.span(open, self.at), &self.text[open..=open]))
    }

    /// Skips blanks, line ends and comments.
    fn space(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some('\n') => self.at += 1,
                Some('#') => self.comment(),
                _ => return,
            }
        }
    }

    fn open(&mut self) -> Step<usize> {
        let start = self.at;
        self.at += 1;
        self.depth += 1;
        if is_too_deep(self.depth) {
            self.found.push(syntax::too_deep(self.span(start, start + 1)));
            return Err(Stop::End);
        }
        Ok(start)
    }

    /// A bracket that is never closed. Only the inner one is reported: the outer ones are open for the same reason.
    fn unclosed<T>(&mut self, open: usize) -> Step<T> {
        self.section_as_value(open)?;
        let bracket = self.text[open..=open].to_owned();
        self.found.push(syntax::unclosed_bracket(self.span(open, open + 1), &bracket));
        Err(Stop::Unclosed)
    }

    fn list(&mut self) -> Step {
        let bare = self.rest().get(1..).unwrap_or_default().trim_start_matches(' ');
        let is_bare = bare.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && !text::is_value(text::token(bare));
        if let Some((right, length)) = habits::list(self.rest(), ']').filter(|_| is_bare) {
            let span = self.span(self.at, self.at + length);
            return self.report(literals::bare_list(span, right));
        }
        let open = self.open()?;
        let mut is_empty = true;
        loop {
            self.space();
            match self.peek() {
                Some(']') => break,
                None => return self.unclosed(open),
                Some(_) if self.is_statement(open) || self.is_key_outside(open) => {
                    return self.unclosed(open);
                }
                Some(',') => return self.extra_comma(),
                Some('}' | ')') => return self.wrong_bracket(open, "]"),
                Some(_) => {}
            }
            let value = self.at;
            if text::is_pair(self.rest()) {
                return if is_empty { self.keys_in_list(value) } else { self.unclosed_here(open) };
            }
            is_empty = false;
            self.value()?;
            let end = self.at;
            self.space();
            match self.peek() {
                Some(',') => self.at += 1,
                Some(']') => break,
                Some('=' | ':') => {
                    let span = self.span(value, self.at + 1);
                    return self.report(syntax::list_of_keys(span));
                }
                _ => self.between(open, (value, end), "]")?,
            }
        }
        self.close();
        Ok(())
    }

    fn table(&mut self) -> Step {
        let open = self.open()?;
        let outer = self.key.clone();
        loop {
            self.space();
            match self.peek() {
                Some('}') => break,
                None => return self.unclosed(open),
                Some(_) if self.is_statement(open) => return self.unclosed(open),
                Some(',') => return self.extra_comma(),
                Some(']' | ')') => return self.wrong_bracket(open, "}"),
                Some(_) => {}
            }
            let start = self.at;
            if let Some(marker) =
                ["//", "-- ", "/*"].into_iter().find(|marker| self.rest().starts_with(marker))
            {
                return self.report(syntax::comment(self.span(start, start + 2), marker.trim_end()));
            }
            let key = self.keys('}')?;
            let end = self.at;
            if matches!(self.peek(), Some(',' | '}')) {
                let whole = self.text.get(open..).unwrap_or_default();
                let is_of_call = self.depth == 1 && outer == "args" && self.section.starts_with("calls.");
                if let Some((right, length)) = habits::list(whole, '}').filter(|_| !is_of_call) {
                    let span = self.span(open, open + length);
                    return self.report(literals::not_a_list(span, "{ }", Some(right)));
                }
                let written = self.text[start..end].trim_end();
                let span = self.span(start, start + written.len());
                if Part::is_flag(written.trim_matches(['"', '\''])) {
                    return self.report(literals::flag_alone(span, written));
                }
                return self.report(syntax::table_of_values(span, self.span(open, open + 1)));
            }
            self.equals(&key)?;
            self.key = key;
            let value = self.at;
            self.value()?;
            let end = self.at;
            self.space();
            match self.peek() {
                Some(',') => {
                    self.at += 1;
                    numbers::number_with_comma(self, value, end)?;
                }
                Some('}') => break,
                _ => self.between(open, (value, end), "}")?,
            }
        }
        self.key = outer;
        self.close();
        Ok(())
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// A bracket that is not closed before text that cannot be inside it.
    fn unclosed_here(&mut self, open: usize) -> Step {
        let is_first =
            self.text[..self.at].rsplit('\n').next().is_some_and(|before| before.trim().is_empty());
        let is_line = is_first && !self.text[open..self.at].trim_end().is_empty();
        let stop = self.unclosed(open);
        if is_line { stop } else { Err(Stop::Reported) }
    }

    fn keys_in_list(&mut self, at: usize) -> Step {
        let span = self.span(at, at + self.word_ahead().0);
        self.report(syntax::list_of_keys(span))
    }

    fn extra_comma(&mut self) -> Step {
        let span = self.span(self.at, self.at + 1);
        self.report(syntax::extra_comma(span))
    }

    fn wrong_bracket(&mut self, open: usize, right: &str) -> Step {
        let written = self.text[self.at..=self.at].to_owned();
        let (span, open) = (self.span(self.at, self.at + 1), self.span(open, open + 1));
        self.report(syntax::wrong_bracket(span, open, (&written, right)))
    }

    /// Neither a comma nor the end follows a value.
    fn between(&mut self, open: usize, (start, end): (usize, usize), close: &str) -> Step {
        let next = self.at;
        match self.peek() {
            None => self.unclosed(open),
            Some(_) if self.is_statement(open) || self.is_key_outside(open) => self.unclosed(open),
            Some(';') => {
                let span = self.span(next, next + 1);
                self.report(syntax::semicolon_between(span))
            }
            Some('}' | ']' | ')') => self.wrong_bracket(open, close),
            Some(letter) if let Some(name) = letters::mark_name(letter) => {
                let span = self.span(next, next + letter.len_utf8());
                self.report(syntax::mark(span, (name, letter), true))
            }
            Some('/' | '-') if self.rest().starts_with("//") || self.rest().starts_with("--") => {
                let marker = self.rest()[..2].to_owned();
                let span = self.span(next, next + 2);
                self.report(syntax::comment(span, &marker))
            }
            Some(_) => {
                if self.text[end..next].contains('\n') || self.text[start..end].ends_with('\n') {
                    self.section_as_value(open)?;
                }
                if let Some(diagnostic) = numbers::behind(self, start, end) {
                    return self.report(diagnostic);
                }
                let string = self.text[start..end].trim_end();
                if [",\"", ",'"].iter().any(|end| string.ends_with(end)) && string.len() > 2 {
                    let last = start + string.len();
                    let span = self.span(last - 2, last);
                    return self.report(literals::comma_inside(span, &string[string.len() - 1..]));
                }
                let length = self.rest().find([' ', ',', '\n', '}', ']', '=']).unwrap_or(self.rest().len());
                let behind = self.span(next, next + length.max(1).min(self.rest().len()));
                let before = self.span(start, start + self.text[start..end].trim_end().len());
                self.report(syntax::missing_comma(before, behind))
            }
        }
    }
}
