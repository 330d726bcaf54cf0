//! The text of a body as words, names, numbers, strings and marks.
//!
//! The tokenizer takes only what every server reads in the same way, whatever its SQL mode. So it refuses strings in
//! double quotes, which may be names, backslashes, which may be escapes, and comments that are run. Text that it
//! refuses needs no further check.

use super::Refused;

/// The most characters of a body.
const CHARACTERS_MAX: usize = 20_000;
/// The most tokens of a body.
const TOKENS_MAX: usize = 5_000;
/// The longest name.
const NAME_CHARACTERS_MAX: usize = 64;

/// A piece of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, in small letters: a keyword, or a name.
    Word(String),
    /// A name in backquotes, in small letters: never a keyword.
    Name(String),
    /// A number, as it is written.
    Number(String),
    /// The content of a string.
    Text(String),
    /// A mark, such as `<=`.
    Mark(&'static str),
}

impl Token {
    /// The token in messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(text) | Self::Number(text) => format!("`{text}`"),
            Self::Name(name) => format!("the name `{name}`"),
            Self::Text(_) => "a text in quotes".to_owned(),
            Self::Mark(mark) => format!("`{mark}`"),
        }
    }
}

/// The marks that have a meaning. Longer marks stand before their prefixes.
const MARKS: [&str; 18] =
    ["<=>", "<=", ">=", "<>", "!=", "(", ")", ",", ";", ".", "=", "<", ">", "+", "-", "*", "/", "%"];

/// The tokens of a body.
///
/// # Errors
/// The first character that is refused.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Refused> {
    let characters = text.chars().count();
    if characters > CHARACTERS_MAX {
        let help = format!("it may have {CHARACTERS_MAX}");
        return Err(Refused::new(format!("the body has {characters} characters"), help));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if matches!(first, ' ' | '\t' | '\n' | '\r') {
            rest = &rest[1..];
            continue;
        }
        if let Some(after) = comment(rest)? {
            rest = after;
            continue;
        }
        if tokens.len() == TOKENS_MAX {
            return Err(Refused::new(
                "the body is too long",
                format!("it may have {TOKENS_MAX} words and marks"),
            ));
        }
        let (token, after) = token(first, rest)?;
        tokens.push(token);
        rest = after;
    }
    Ok(tokens)
}

/// The text after a comment, if the text begins with a comment that is not run.
fn comment(text: &str) -> Result<Option<&str>, Refused> {
    if text.starts_with('#') || is_dashed(text) {
        let line = text.split_inclusive('\n').next().unwrap_or_default();
        return Ok(Some(&text[line.len()..]));
    }
    if text.starts_with("--") {
        let help = "write a blank after `--` for a comment, or between the two for a number below zero";
        return Err(Refused::new("`--` has no blank after it", help));
    }
    let Some(inner) = text.strip_prefix("/*") else { return Ok(None) };
    // A comment that begins with `!`, `M!` or `+` is run, or changes how the text after it runs.
    if inner.starts_with(|c: char| !c.is_whitespace() && c != '*') {
        return Err(Refused::new(
            "the server may run this comment",
            "write a blank after `/*`, or remove the comment",
        ));
    }
    let Some((inner, after)) = inner.split_once("*/") else {
        return Err(Refused::new("a comment does not end", "write `*/`"));
    };
    if inner.contains("/*") {
        return Err(Refused::new("a comment is inside a comment", "leave it out"));
    }
    Ok(Some(after))
}

/// Whether a text begins with a comment up to the end of its line.
fn is_dashed(text: &str) -> bool {
    text.strip_prefix("--").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n']))
}

fn token(first: char, text: &str) -> Result<(Token, &str), Refused> {
    match first {
        '\'' => string(text),
        '`' => {
            let inner = &text[1..];
            let (name, after) = inner.split_once('`').ok_or_else(|| {
                Refused::new("a name in backquotes does not end", "write the second backquote")
            })?;
            if !is_name(name) || after.starts_with('`') {
                return Err(Refused::new(
                    "a name in backquotes is not a plain name",
                    "a name has letters, digits and `_`",
                ));
            }
            Ok((Token::Name(name.to_ascii_lowercase()), after))
        }
        '0'..='9' => number(text),
        'a'..='z' | 'A'..='Z' | '_' => {
            let end = text.find(|c: char| !is_in_name(c)).unwrap_or(text.len());
            let (word, after) = text.split_at(end);
            if word.len() > NAME_CHARACTERS_MAX {
                return Err(Refused::new(
                    "a name is too long",
                    format!("it may have {NAME_CHARACTERS_MAX} characters"),
                ));
            }
            // `x'41'`, `n'…'`, `_utf8'…'`: a string with another meaning.
            if after.starts_with(['\'', '"']) {
                return Err(Refused::new(
                    format!("`{word}` is directly before a quote"),
                    "write a plain text in '…'",
                ));
            }
            Ok((Token::Word(word.to_ascii_lowercase()), after))
        }
        '"' => Err(Refused::new("there is a double quote", "write texts in '…' and names without quotes")),
        '@' => Err(Refused::new(
            "there is a variable with `@`",
            "declare a local one: `declare v_name int;`; those with `@` outlive the call",
        )),
        _ => {
            if let Some(mark) = MARKS.iter().find(|mark| text.starts_with(**mark)) {
                return Ok((Token::Mark(mark), &text[mark.len()..]));
            }
            let message = format!("there is the character U+{:04X}", u32::from(first));
            Err(Refused::new(
                message,
                "outside of texts in '…', a body has only words, numbers and marks of SQL",
            ))
        }
    }
}

fn string(text: &str) -> Result<(Token, &str), Refused> {
    let mut inner = String::new();
    let mut rest = &text[1..];
    loop {
        let Some((before, after)) = rest.split_once('\'') else {
            return Err(Refused::new(
                "a text in quotes does not end",
                "write the second quote; a quote in it is ''",
            ));
        };
        inner.push_str(before);
        if let Some(more) = after.strip_prefix('\'') {
            inner.push('\'');
            rest = more;
        } else {
            rest = after;
            break;
        }
    }
    if inner.contains('\\') {
        return Err(Refused::new(
            "there is a backslash in a text",
            "a quote in a text is ''; leave the backslash out",
        ));
    }
    if inner.chars().any(char::is_control) {
        return Err(Refused::new("there is a control character in a text", "leave it out"));
    }
    Ok((Token::Text(inner), rest))
}

fn number(text: &str) -> Result<(Token, &str), Refused> {
    let wrong =
        || Refused::new("a number has an unsupported form", "write digits, and at most one point among them");
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut end = digits(text);
    if let Some(fraction) = text[end..].strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return Err(wrong());
        }
        end += 1 + count;
    }
    let (number, after) = text.split_at(end);
    if number.len() > NAME_CHARACTERS_MAX || after.starts_with(|c: char| is_in_name(c) || c == '.') {
        return Err(wrong());
    }
    Ok((Token::Number(number.to_owned()), after))
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_CHARACTERS_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(is_in_name)
}
