//! Lines of other languages that look like keys with values: fields of programs, notes, texts over several lines.

use beds_protocol::TypeName;

use super::{Scanner, Step, Stop, text};
use crate::{
    diagnostic::{literals, syntax},
    foreign,
};

/// Words that programs put before a field.
const VISIBLE: &[&str] = &[
    "pub",
    "public",
    "private",
    "protected",
    "static",
    "final",
    "readonly",
    "const",
    "let",
    "var",
    "val",
    "required",
    "optional",
    "repeated",
];
/// Words that mark unfinished work.
const NOTES: &[&str] = &["TODO", "FIXME", "XXX", "HACK", "NOTE", "TBD", "WIP"];

/// Whether a word is a placeholder for a text to be written later.
pub(super) fn is_for_later(word: &str) -> bool {
    let is_sign = word.len() > 1 && word.chars().all(|letter| matches!(letter, '.' | '…' | '?'));
    let is_slot = word.starts_with('<') && word.ends_with('>');
    is_sign || is_slot || NOTES.contains(&word)
}

/// The value of a field for a program's type.
fn value_of(ty: &str) -> Option<String> {
    let ty = ty.trim();
    let own = TypeName::from_name(ty).map(|_| crate::names::quoted(ty));
    own.or_else(|| foreign::translate(ty).map(|ty| ty.value()))
}

/// The field of a template for a program's field, `body: String` or `String body`.
fn field(line: &str) -> Option<String> {
    let line = line.trim().trim_end_matches([',', ';']).trim();
    let line = line.split(" = ").next().unwrap_or(line);
    let (name, ty) = match line.split_once(':') {
        Some((name, ty)) => (name, ty),
        None => line.rsplit_once(' ').map(|(ty, name)| (name, ty))?,
    };
    let name = name.trim().trim_end_matches('?');
    let is_name = !name.is_empty() && name.chars().all(text::is_bare);
    is_name.then(|| value_of(ty).map(|value| format!("{name} = {value}")))?
}

impl Scanner<'_> {
    /// A note that is not written as a comment, or a sign for omitted lines.
    pub(super) fn note(&mut self, line: &str) -> Step {
        let start = self.at;
        if line.chars().all(|letter| matches!(letter, '.' | '…')) {
            return self.report(literals::omitted(self.span(start, start + line.len()), line));
        }
        let word = line.split([':', ' ']).next().unwrap_or_default();
        if NOTES.contains(&word) && !line[word.len()..].trim_start().starts_with('=') {
            return self.report(syntax::note(self.span(start, start + line.len()), line));
        }
        Ok(())
    }

    /// A field in the form of a program. `first` is its first word.
    pub(super) fn field_of_program(&mut self, first: &str) -> Step {
        let line = self.text[self.statement..self.line_end()].trim_end().to_owned();
        let rest = line.strip_prefix(first).unwrap_or(&line);
        let is_visible = VISIBLE.contains(&first);
        let is_typed = self.section == "fields" && value_of(first).is_some() && rest.contains('=');
        if self.depth > 0 || !(is_visible || is_typed) {
            return Ok(());
        }
        let rest = VISIBLE.iter().fold(rest.trim(), |rest, word| {
            rest.strip_prefix(word).filter(|rest| rest.starts_with(' ')).map_or(rest, str::trim)
        });
        let right = field(if is_visible { rest } else { &line });
        let span = self.span(self.statement, self.statement + line.len());
        self.report(syntax::field_of_program(span, right.as_deref()))
    }

    /// A text over several lines, in the form of YAML or a shell.
    pub(super) fn block_of_text(&mut self) -> Step {
        let (start, mark) = (self.at, self.text[self.at..self.line_end()].trim_end());
        let is_yaml = matches!(mark, "|" | ">" | "|-" | ">-" | "|+" | ">+");
        let end_word = mark.strip_prefix("<<").map(|word| word.trim_matches(['-', '~', '"', '\'', ' ']));
        if self.depth > 0 || !(is_yaml || end_word.is_some_and(|word| word.starts_with(char::is_alphabetic)))
        {
            return Ok(());
        }
        let (mut at, mut lines) = (self.line_end(), Vec::new());
        for line in self.text[at..].split_inclusive('\n').skip(1) {
            let indent = line.len() - line.trim_start().len();
            let is_end = end_word == Some(line.trim());
            if end_word.is_none() && (line.trim().is_empty() || indent <= self.indent) {
                break;
            }
            at += line.len();
            if is_end {
                break;
            }
            lines.push(line.trim());
        }
        let text = lines.join(if mark.starts_with('>') { " " } else { "\n" });
        let span = self.span(start, start + mark.len());
        self.found.push(literals::text_of_lines(span, &text));
        self.at = at;
        Err(Stop::Unclosed)
    }
}
