//! Habits from elsewhere: the beginnings of lines in other languages, and their forms of values.

use super::{Scanner, Step, Stop, text};
use crate::{
    diagnostic::{Diagnostic, literals, syntax},
    names::quoted,
    part::Part,
};

const SECTIONS: &[&str] = Part::Sections.known();

/// Words that other languages put in front of a name.
const WORDS: &[&str] = &[
    "export", "let", "const", "var", "set", "define", "def", "final", "public", "private", "static", "local",
    "my", "val",
];

/// The length of a line's beginning that comes from a prompt, a patch, a listing or another language, if a key with a
/// value or the header of a section follows.
fn prefix(line: &str) -> Option<usize> {
    let marks = line.len()
        - line
            .trim_start_matches(['>', '+', '$', '@', '|', '%', '!', '&', '•', '–', '—', '*', ' ', '\t'])
            .len();
    let digits = line.len() - line.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let word = WORDS
        .iter()
        .find_map(|word| line.strip_prefix(word).filter(|rest| rest.starts_with(' ')).map(|_| word.len()));
    let number = (digits > 0 && line[digits..].starts_with([' ', '\t', ':', '|'])).then_some(digits + 1);
    let length = if marks > 0 { marks } else { word.or(number)? };
    let rest = line[length..].trim_start();
    let is_header = rest.starts_with('[') && text::is_path(rest.trim_matches(['[', ']']));
    (is_header || text::is_assignment(rest)).then(|| line.len() - rest.len())
}

/// The meaning of a value in the form of another language, and its length.
pub(super) fn value(scanner: &Scanner<'_>) -> Option<(Diagnostic, usize)> {
    let (start, line) = (scanner.at, scanner.rest().lines().next().unwrap_or_default());
    let span = |length: usize| scanner.span(start, start + length);
    if ["${", "$(", "{{", "{%", "<%", "%{"].iter().any(|open| line.starts_with(open)) {
        let closing = ['}', ')', '>'];
        let length = line.find(closing).map_or(line.len(), |end| {
            end + line[end..].find(|letter| !closing.contains(&letter)).unwrap_or(line.len() - end)
        });
        return Some((literals::placeholder(span(length), &line[..length]), length));
    }
    // r"…", b'…' and the like.
    let mut letters = line.chars();
    if let (Some(letter), Some(quote @ ('"' | '\''))) = (letters.next(), letters.next())
        && letter.is_ascii_alphabetic()
        && let Some(length) = line[2..].find(quote)
    {
        let inner = &line[2..2 + length];
        let right = if inner.contains('\'') { quoted(inner) } else { format!("'{inner}'") };
        return Some((literals::string_prefix(span(length + 3), letter, &right), length + 3));
    }
    if let Some(rest) = line.strip_prefix('/').filter(|rest| !rest.starts_with(['/', '*'])) {
        let length = rest.find('/')?;
        let flags = rest[length + 1..].chars().take_while(char::is_ascii_alphabetic).count();
        let right = quoted(&rest[..length]);
        return Some((literals::pattern_of_script(span(length + 2 + flags), &right), length + 2 + flags));
    }
    let dash = line.chars().next().filter(|letter| matches!(letter, '–' | '—' | '−' | '‐'))?;
    let word = text::token(line);
    let right = format!("-{}", word[dash.len_utf8()..].trim_start());
    text::is_value(&right)
        .then(|| (literals::number(span(word.len()), "the sign of a number is `-`", &right), word.len()))
}

/// A list in brackets other than [ ], or of words without quotes: its correct form, and its length.
pub(super) fn list(rest: &str, close: char) -> Option<(String, usize)> {
    let line = rest.lines().next().unwrap_or_default();
    let end = line.find(close)?;
    let inner = line.get(1..end)?;
    let parts: Vec<&str> = inner.split(',').map(str::trim).collect();
    let is_word = |part: &&str| {
        let plain = part.trim_matches(['"', '\'']);
        !plain.is_empty() && !plain.contains(['=', ':', '"', '\'', '[', '{', '('])
    };
    let parts: Vec<String> = parts.iter().all(is_word).then(|| {
        let right = |part: &&str| {
            let plain = part.trim_matches(['"', '\'']);
            if plain == *part && text::is_value(plain) { plain.to_owned() } else { quoted(plain) }
        };
        parts.iter().map(right).collect()
    })?;
    Some((format!("[{}]", parts.join(", ")), end + close.len_utf8()))
}

impl Scanner<'_> {
    /// A line with a beginning that no statement has.
    pub(super) fn beginning(&mut self) -> Step {
        let (start, end) = (self.at, self.line_end());
        let line = self.text[start..end].trim_end();
        if line == "---" {
            return self.report(syntax::fence(self.span(start, end)));
        }
        let marker = ["//", "--", ";", "REM ", "rem ", "/*", "<!--"]
            .into_iter()
            .find(|marker| line.starts_with(marker));
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
        if let Some((key, value)) = line.strip_prefix("- ").and_then(text::pair_of_yaml) {
            let right = format!("{key} = {}", self.right_value(start + line.len() - value.len(), value));
            let whole = self.span(start, start + line.len());
            let is_whole = text::is_statement(&right);
            let shown = if is_whole { right } else { format!("{key} = …") };
            return self.report(syntax::yaml(whole, &shown, is_whole.then_some(whole)));
        }
        if let Some(item) = line.strip_prefix("- ") {
            let item = item.trim().to_owned();
            return self.report(syntax::dash(self.span(start, start + 1), &item));
        }
        let whole = line.to_owned();
        self.note(&whole)?;
        if let Some(length) = prefix(line) {
            let written = line[..length].trim().to_owned();
            return self.report(syntax::prefix(self.span(start, start + length), &written));
        }
        if ["{%", "{{", "<%", "!include", "%include", "@import", "{#"]
            .iter()
            .any(|open| line.starts_with(open))
        {
            let line = line.to_owned();
            return self.report(syntax::directive(self.span(start, start + line.len()), &line));
        }
        if line.starts_with("```") || line.starts_with("~~~") || matches!(line, "+++" | "***") {
            return self.report(syntax::fence(self.span(start, end)));
        }
        for (open, close) in [("(", ")"), ("<", ">"), ("{", "}")] {
            let name = line.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            if let Some(name) =
                name.map(str::trim).filter(|name| SECTIONS.iter().any(|section| name.starts_with(section)))
            {
                return self.report(syntax::section_brackets(self.span(start, start + line.len()), name));
            }
        }
        if line.starts_with("</") && line.ends_with('>') {
            return self.report(syntax::section_end(self.span(start, start + line.len())));
        }
        if let Some(bracket @ (']' | '}' | ')')) = self.peek() {
            return self.report(syntax::stray_bracket(self.span(start, start + 1), &bracket.to_string()));
        }
        Ok(())
    }
}
