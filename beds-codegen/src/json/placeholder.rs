//! Placeholders of other tools: of SQL, of text templates, of formats.

use std::ops::Range;

use super::mistake::{Mistake, word};

/// The opening and closing brackets of a parameter's name.
const BRACKETS: [(&str, &str); 9] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("${{", "}}"),
    ("${", "}"),
    ("#{", "}"),
    ("%(", ")s"),
    ("%{", "}"),
    ("<%", "%>"),
    ("$(", ")"),
];

/// A placeholder where a value was expected.
pub(super) fn value(text: &str, at: usize) -> Option<Box<Mistake>> {
    let rest = &text[at..];
    if let Some(length) = bracketed(rest) {
        return Some(mistake(text, at..at + length));
    }
    let name = word(rest);
    let length = match rest.chars().next()? {
        // In quotes it would be a path.
        '$' if name > 1 && !rest[name..].starts_with('(') => name,
        '?' => signed(rest),
        // A single colon is a superfluous colon, not a placeholder.
        ':' | '@' | '<' | '%' if rest[1..].starts_with(is_letter) => signed(rest),
        _ => return None,
    };
    Some(mistake(text, at..at + length))
}

/// A placeholder in braces: the parser took the first brace for an object, and expected the name of a member.
pub(super) fn braced(text: &str, at: usize) -> Option<Box<Mistake>> {
    if let Some(length) = bracketed(&text[at..]) {
        let written = &text[at..at + length];
        return Some(Mistake::new(
            at..at + length,
            format!("`{written}` is given where the name of a member is expected"),
            "looks like a placeholder",
            "write the name in double quotes: a client can send values, not names",
        ));
    }
    let open = at.checked_sub(1).filter(|open| text[*open..].starts_with('{'))?;
    let rest = &text[open..];
    let length = bracketed(rest).or_else(|| {
        let name = word(&rest[1..]);
        (name > 0 && rest[1 + name..].starts_with('}')).then_some(name + 2)
    })?;
    Some(mistake(text, open..open + length))
}

/// The parameter of a text in the style of other tools: `{{tag}}`, `:tag`, `%(tag)s`.
pub(crate) fn named_by(text: &str) -> Option<&str> {
    let is_bracketed = bracketed(text) == Some(text.len());
    let is_braced = text.starts_with(['{', '<']) && text.ends_with(['}', '>']);
    let inner = match text.strip_prefix([':', '@', '%']) {
        _ if is_bracketed => {
            text.trim_start_matches(is_sign).trim_end_matches(")s").trim_end_matches(is_sign)
        }
        _ if is_braced => text.trim_matches(is_sign),
        inner => inner?,
    };
    (!inner.is_empty() && inner.chars().all(is_letter)).then_some(inner)
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_sign(c: char) -> bool {
    !is_letter(c)
}

/// The length of a parameter in brackets. Its content is on one line, and not JSON.
fn bracketed(rest: &str) -> Option<usize> {
    let (open, close) = BRACKETS.iter().find(|(open, _)| rest.starts_with(open))?;
    let line = rest.lines().next()?;
    let length = line[open.len()..].find(close)?;
    let inner = &line[open.len()..open.len() + length];
    (!inner.contains(['"', ':', '{', '['])).then_some(open.len() + length + close.len())
}

/// The length of a placeholder that begins with a sign.
fn signed(rest: &str) -> usize {
    let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | '}' | ']');
    rest.find(is_end).unwrap_or(rest.len())
}

fn mistake(text: &str, at: Range<usize>) -> Box<Mistake> {
    let written = &text[at.clone()];
    let name = written.trim_start_matches(is_sign).trim_end_matches(")s").trim_end_matches(is_sign);
    let is_format = written.starts_with('%') && word(&written[1..]) == 1;
    let is_name = name.chars().all(is_letter) && !is_format;
    let name = if is_name && name.starts_with(char::is_alphabetic) { name } else { "…" };
    let value = format!("write {{\"$arg\": \"{name}\"}} for the value of an argument");
    let is_path = written.starts_with('$') && word(written) == written.len();
    let help = match name {
        _ if is_path && name != "…" => format!("{value}, or \"{written}\" in double quotes for a field"),
        "…" => format!("{value}, with the name that `args` has for it"),
        _ => value,
    };
    Mistake::new(at, format!("`{written}` is not a value of JSON"), "looks like a placeholder", help)
}
