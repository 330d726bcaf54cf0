//! Malformed keys: duplicate keys, several words, YAML's form, or a section as a value.

use super::{Scanner, Step, Stop, text, words};
use crate::{
    diagnostic::{literals, syntax},
    part::Part,
};

/// The most words that are read as one key.
const WORDS_MAX: usize = 3;

impl Scanner<'_> {
    /// Another key with its `=` follows a key and its `=`, instead of a value.
    pub(super) fn second_key(&mut self, key: &str) -> Step {
        let (start, line) = (self.at, &self.text[self.at..self.line_end()]);
        let length = line.find(|letter| !text::is_bare(letter)).unwrap_or(line.len());
        let (word, behind) = line.split_at(length);
        let Some(value) =
            behind.trim_start().strip_prefix('=').filter(|value| !value.starts_with(['=', '>']))
        else {
            return Ok(());
        };
        if word.is_empty() {
            return Ok(());
        }
        let value = value.trim();
        let table = format!("{{ {}", line.split(" #").next().unwrap_or(line).trim_end());
        if self.depth == 0 && table.ends_with('}') && text::is_value(&table) {
            return self.report(literals::unopened_table(self.span(start, start + length), &table));
        }
        if word != key {
            let word = word.to_owned();
            return self.report(syntax::key_for_value(self.span(start, start + length), key, &word));
        }
        let from = start + line.trim_end().len() - value.len();
        let right = if self.depth == 0 && text::is_value(value) { value } else { "…" };
        self.report(syntax::key_again(self.span(start, from), key, right))
    }

    /// A value on the lines below its key. `equals` is the place of the key's `=`.
    pub(super) fn value_below(&mut self, equals: usize, key: &str) -> Step {
        const LINES_MAX: usize = 200;
        let behind = self.text[equals + 1..self.line_end()].trim();
        if self.depth > 0 || !(behind.is_empty() || behind == "\\") {
            return Ok(());
        }
        let below = &self.text[(self.line_end() + 1).min(self.text.len())..];
        if below.trim_start_matches([' ', '\t']).starts_with("- ") {
            return self.yaml_block(key);
        }
        let start = self.line_end() + 1 + below.len() - below.trim_start_matches([' ', '\t']).len();
        if !self.text[start.min(self.text.len())..].starts_with(['[', '{', '"', '\'']) {
            return Ok(());
        }
        let mut end = start;
        for line in self.text[start..].split_inclusive('\n').take(LINES_MAX) {
            end += line.len();
            let value = self.text[start..end].trim_end();
            if text::is_value(value) {
                let (span, gap) = (self.span(start, start + value.len()), self.span(equals, start));
                self.found.push(literals::value_below(span, gap, key));
                self.at = start + value.len();
                return Err(Stop::Unclosed);
            }
        }
        Ok(())
    }

    /// A section as other languages begin it: a word, and the section's name.
    pub(super) fn section_word(&mut self, word: &str) -> Step {
        let line = self.text[self.statement..self.line_end()].trim_end();
        let name = line.strip_prefix(word).unwrap_or_default().trim().trim_end_matches([':', '{']).trim();
        let first = name.split('.').next().unwrap_or_default();
        let is_section = matches!(word, "section" | "table" | "begin" | "group" | "block")
            && SECTIONS.contains(&first)
            && text::is_path(name);
        if !is_section {
            return Ok(());
        }
        let name = name.to_owned();
        self.report(syntax::section_brackets(self.span(self.statement, self.statement + line.len()), &name))
    }

    /// Words with blanks between them, before `=`.
    pub(super) fn key_of_words(&mut self, key: &str) -> Step {
        let line = &self.text[self.at..self.line_end()];
        let Some((more, value)) = line.split_once('=') else { return Ok(()) };
        let words: Vec<&str> = more.split_whitespace().collect();
        let is_word = |word: &&str| word.chars().all(text::is_bare);
        let is_key = !words.is_empty() && words.len() < WORDS_MAX && words.iter().all(is_word);
        if !is_key || !key.chars().all(text::is_bare) || value.starts_with(['=', '>']) {
            return Ok(());
        }
        let end = self.at + more.trim_end().len();
        let start = self.text[..self.at].trim_end().len() - key.len();
        let name = format!("{key}_{}", words.join("_"));
        let written = self.text[start..end].to_owned();
        self.report(syntax::key_of_words(self.span(start, end), &written, &name))
    }

    /// The value from here to the end of its line, in TOML's form.
    pub(super) fn right_value(&self, from: usize, value: &str) -> String {
        if text::is_value(value) { value.to_owned() } else { words::behind(self, from).1 }
    }

    /// A key with a colon, and the lines of its value below it, as in YAML.
    pub(super) fn yaml_block(&mut self, key: &str) -> Step {
        let (start, first_end) = (self.statement, self.line_end());
        let (mut at, mut end) = (first_end + 1, first_end);
        let mut lines: Vec<(usize, &str)> = Vec::new();
        for line in self.text[first_end..].split_inclusive('\n').skip(1) {
            let indent = line.len() - line.trim_start().len();
            if line.trim().is_empty() || indent <= self.indent {
                break;
            }
            end = at + line.trim_end().len();
            lines.push((at + indent, line.trim()));
            at += line.len();
        }
        if lines.is_empty() || SECTIONS.contains(&key) {
            return Ok(());
        }
        let pair = |(at, line): &(usize, &str)| {
            let (key, value) = text::pair_of_yaml(line)?;
            Some(format!("{key} = {}", self.right_value(at + line.len() - value.len(), value)))
        };
        let item = |(at, line): &(usize, &str)| {
            let value = line.strip_prefix("- ")?.trim();
            (!value.contains(':')).then(|| self.right_value(at + line.len() - value.len(), value))
        };
        let pairs: Option<Vec<String>> = lines.iter().map(pair).collect();
        let items: Option<Vec<String>> = lines.iter().map(item).collect();
        let value = match (pairs, items) {
            (Some(pairs), _) => format!("{{ {} }}", pairs.join(", ")),
            (None, Some(items)) => format!("[{}]", items.join(", ")),
            (None, None) => "{ … }".to_owned(),
        };
        let diagnostic = syntax::yaml(self.span(start, first_end), &format!("{key} = {value}"), None);
        self.found.push(diagnostic);
        // The report covers the lines below it.
        self.at = end;
        Err(Stop::Unclosed)
    }

    /// A table that opens after the name of a section, with each of its keys on a line of its own, as in a section.
    pub(super) fn section_as_value(&mut self, open: usize) -> Step {
        let head = self.text[self.statement..open].trim_end();
        let Some(name) = head.strip_suffix('=').map(str::trim_end) else { return Ok(()) };
        let first = name.split('.').next().unwrap_or_default();
        let behind = self.text[open + 1..].lines().next().unwrap_or_default().trim();
        if !SECTIONS.contains(&first)
            || !text::is_path(name)
            || !(behind.is_empty() || behind.starts_with('#'))
        {
            return Ok(());
        }
        let name = name.to_owned();
        let (start, span) = (self.statement, self.span(self.statement, open + 1));
        let close = self.closing_line(open);
        let body_end = close.unwrap_or(self.text.len());
        let has_commas = self.text[open + 1..body_end].lines().any(|line| line.trim_end().ends_with(','));
        let fix = match close {
            _ if has_commas => None,
            None => Some((span, format!("[{name}]"))),
            Some(close) => {
                let body = self.text[open + 1..close].trim_end();
                Some((self.span(start, close + 1), format!("[{name}]{body}")))
            }
        };
        self.found.push(syntax::section_as_value(span, &name, fix));
        self.section = name;
        self.at = close.unwrap_or(open) + 1;
        Err(Stop::Unclosed)
    }

    /// The position of a line that consists of `}`, before the next header.
    fn closing_line(&self, open: usize) -> Option<usize> {
        let mut at = open + 1;
        for line in self.text[at..].split_inclusive('\n') {
            match line.trim() {
                "}" => return Some(at + line.len() - line.trim_start().len()),
                header
                    if header.starts_with('[')
                        && header.ends_with(']')
                        && text::is_path(header.trim_matches(['[', ']'])) =>
                {
                    return None;
                }
                _ => at += line.len(),
            }
        }
        None
    }
}

const SECTIONS: &[&str] = Part::Sections.known();
