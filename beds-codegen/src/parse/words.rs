//! Words that are no values, and characters that nobody sees: what they are, and what was meant.

use super::scan::{Scanner, Step};
use crate::{diagnostic::syntax, foreign, names, span::Span};

/// The name of a character that looks like a blank, or like nothing, and is neither for TOML.
pub(super) fn invisible_name(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{a0}' => "a no-break space",
        '\u{202f}' => "a narrow no-break space",
        '\u{2007}' => "a figure space",
        '\u{2000}'..='\u{200a}' | '\u{3000}' | '\u{1680}' | '\u{205f}' => "a wide space",
        '\u{200b}' => "a zero-width space",
        '\u{200c}' | '\u{200d}' | '\u{2060}' => "a zero-width joiner",
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "a mark of writing direction"
        }
        '\u{feff}' => "a byte order mark",
        '\u{ad}' => "a soft hyphen",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "a line separator",
        '\u{0}' => "a NUL character",
        '\r' => "a lone carriage return",
        '\u{7f}' | '\u{1}'..='\u{8}' | '\u{b}'..='\u{1f}' => "a control character",
        _ => return None,
    })
}

/// Reports the characters that were noted: the first, and how many more there are. One habit, one report.
pub(super) fn tell_invisible(scanner: &mut Scanner<'_>) {
    let (Some(first), Some(last)) = (scanner.invisible.first().copied(), scanner.invisible.last().copied())
    else {
        return;
    };
    let width = |at: usize| scanner.text[at..].chars().next().map_or(0, char::len_utf8);
    let letter = scanner.text[first..].chars().next().unwrap_or_default();
    let name = invisible_name(letter).unwrap_or("a control character");
    let is_blank = name.ends_with("space") && letter != '\u{200b}';
    let whole = first..last + width(last);
    let mended: String = scanner.text[whole.clone()]
        .char_indices()
        .filter_map(|(at, letter)| match scanner.invisible.contains(&(first + at)) {
            true if letter.is_whitespace() && !letter.is_control() => Some(' '),
            true => None,
            false => Some(letter),
        })
        .collect();
    let (span, whole) = (scanner.span(first, first + width(first)), scanner.span(whole.start, whole.end));
    let count = scanner.invisible.len();
    scanner.found.push(syntax::invisible(span, name, u32::from(letter), count, is_blank).fix(whole, mended));
}

fn is_bare(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')
}

/// Whether this is a path of names without quotes.
pub(super) fn is_path(text: &str) -> bool {
    text.split('.').map(str::trim).all(|part| !part.is_empty() && part.chars().all(is_bare))
}

/// Whether this is a path of names, with quotes or without.
pub(super) fn is_quoted_path(text: &str) -> bool {
    text.split('.').map(str::trim).all(|part| {
        let inner = part.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\'']));
        inner.map_or_else(
            || !part.is_empty() && part.chars().all(is_bare),
            |inner| !inner.contains(['"', '\'']),
        )
    })
}

/// Whether a line is a key with a value.
pub(super) fn is_assignment(line: &str) -> bool {
    let key = line.split(['=', ':']).next().unwrap_or_default();
    key.len() < line.len() && is_quoted_path(key.trim())
}

/// Whether a text begins with a key and its `=`.
pub(super) fn is_pair(rest: &str) -> bool {
    let length = rest.find(|letter| !is_bare(letter)).unwrap_or(rest.len());
    length > 0 && rest[length..].trim_start_matches(' ').starts_with('=')
}

/// The quotes that close what this one opens, for quotes that TOML does not have.
pub(super) const fn closing_quotes(quote: char) -> Option<&'static [char]> {
    match quote {
        '“' | '”' | '„' | '‟' | '″' => Some(&['”', '“', '"', '″']),
        '‘' | '’' | '‚' | '‛' | '′' => Some(&['’', '‘', '\'', '′']),
        '«' => Some(&['»']),
        '»' => Some(&['«', '»']),
        '‹' => Some(&['›']),
        '`' | '´' => Some(&['`', '´', '\'', '"']),
        _ => None,
    }
}

/// Where the string opens that is closed in front of here, on the same line.
pub(super) fn opening(text: &str, end: usize) -> usize {
    let line = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let before = text[line..end].trim_end();
    let quote = before.chars().next_back().unwrap_or('"');
    let inner = &before[..before.len().saturating_sub(1)];
    line + inner.rfind(quote).unwrap_or(0)
}

/// The bytes of a string from behind its first quote to its last; `None` where the line ends first.
pub(super) fn string_length(rest: &str, quote: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        if is_escaped {
            is_escaped = false;
        } else if byte == b'\\' && quote == "\"" {
            is_escaped = true;
        } else if Some(&byte) == quote.as_bytes().first() {
            return Some(at);
        }
    }
    None
}

/// The first escape that TOML does not know.
pub(super) fn bad_escape(inner: &str) -> Option<(usize, usize)> {
    let mut letters = inner.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter != '\\' {
            continue;
        }
        let (_, escaped) = letters.next()?;
        let digits = match escaped {
            'b' | 't' | 'n' | 'f' | 'r' | 'e' | '"' | '\\' => continue,
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => return Some((at, at + 1 + escaped.len_utf8())),
        };
        let code = inner.get(at + 2..at + 2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        if code.and_then(char::from_u32).is_none() {
            return Some((at, at + 2));
        }
    }
    None
}

/// What stands behind a place: its own place up to where a word ends, and how it is written right.
pub(super) fn behind(scanner: &Scanner<'_>, from: usize) -> (Span, String) {
    let line = scanner.text[from..].lines().next().unwrap_or_default();
    let start = from + line.len() - line.trim_start().len();
    let word = token(&scanner.text[start..from + line.len()]);
    let is_plain = !word.is_empty() && half_quoted(word).is_none();
    if !is_plain || is_value(word) {
        // What is in quotes or brackets stays as it is.
        let shown = if scanner.depth == 0 { line.trim() } else { word };
        return (scanner.span(start, start + shown.len()), shown.to_owned());
    }
    let right = boolean(word).map_or_else(|| names::quoted(word), str::to_owned);
    (scanner.span(start, start + word.len()), right)
}

/// Whether a word is a value of TOML.
fn is_value(word: &str) -> bool {
    toml::de::DeTable::parse(&format!("x = {word}\n")).is_ok()
}

/// A value without quotes and brackets: a number, a boolean, a date, or a mistake.
pub(super) fn word(scanner: &mut Scanner<'_>) -> Step {
    let start = scanner.at;
    let token = token(scanner.rest());
    let first = token.split([' ', '\t', '\u{a0}']).next().unwrap_or_default();
    // A date and a time may have a blank between them.
    let two = token.get(..first.len() + 9).unwrap_or_default();
    for word in [token, two, first] {
        if !word.is_empty() && is_value(word) {
            scanner.at += word.len();
            return Ok(());
        }
    }
    if token.is_empty() {
        let letter = scanner.peek().unwrap_or_default();
        let span = scanner.span(start, start + letter.len_utf8());
        return scanner.report(syntax::not_a_value(span, &letter.to_string()));
    }
    if let Some(length) = half_quoted(scanner.rest()) {
        let quote = &scanner.rest()[length..=length];
        let diagnostic = syntax::missing_quote(scanner.span(start, start + length + 1), quote);
        scanner.at += length + 1;
        return scanner.report(diagnostic);
    }
    let diagnostic = judge(scanner, token, first);
    scanner.at += first.len();
    scanner.report(diagnostic)
}

/// The text up to what ends a value: a comma, a closing bracket, a comment, the line. In parentheses nothing does but
/// the line.
fn token(rest: &str) -> &str {
    let mut depth = 0_usize;
    let mut end = rest.len();
    for (at, letter) in rest.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            letter if letter.is_control() && letter != '\t' => {}
            ',' | ']' | '}' | '#' | '"' | '=' | '{' | '[' if depth == 0 => {}
            '\'' if depth == 0 => {}
            _ => continue,
        }
        if !matches!(letter, '(' | ')') {
            end = at;
            break;
        }
    }
    let token = rest[..end].trim_end();
    // In front of `=` stands the key of what follows, with no comma before it.
    if rest[end..].starts_with(['=', '"', '\'', '{', '[']) {
        return token.split([' ', '\t']).next().unwrap_or_default();
    }
    token
}

/// How long a text is that has a closing quote and no opening one.
fn half_quoted(rest: &str) -> Option<usize> {
    let line = rest.lines().next().unwrap_or_default();
    let length = line.find(['"', '\''])?;
    let is_text =
        !line[..length].contains(['=', ',', '#', '{', '[', '}', ']']) && !line[..length].ends_with(' ');
    let behind = line[length + 1..].trim_start();
    (is_text && (behind.is_empty() || behind.starts_with([',', '}', ']', '#']))).then_some(length)
}

fn judge(scanner: &Scanner<'_>, token: &str, first: &str) -> crate::diagnostic::Diagnostic {
    let start = scanner.at;
    let span = |length: usize| scanner.span(start, start + length);
    let head = first.trim_end_matches([';', ',']);
    // What follows a value that is right is a mistake of its own.
    if head.len() < token.len() && is_value(head) {
        let rest = token[head.len()..].trim_start();
        let at = start + token.len() - rest.len();
        if rest.starts_with(';') {
            let span = scanner.span(at, at + 1);
            return if scanner.depth == 0 {
                syntax::semicolon_end(span)
            } else {
                syntax::semicolon_between(span)
            };
        }
        if let Some(marker) = ["//", "--", "/*"].into_iter().find(|marker| rest.starts_with(marker)) {
            return syntax::comment(scanner.span(at, at + marker.len()), marker);
        }
    }
    if let Some(right) = boolean(head) {
        return syntax::boolean(span(head.len()), head, right);
    }
    if matches!(head.to_ascii_lowercase().as_str(), "null" | "none" | "nil" | "undefined" | "~" | "nothing") {
        return syntax::null(span(head.len()), head, &scanner.key);
    }
    if let Some((why, right)) = number(token).or_else(|| number(head)) {
        let length = if number(token).is_some() { token.len() } else { head.len() };
        return syntax::number(span(length), why, &right);
    }
    if head.starts_with(|letter: char| letter.is_ascii_digit()) {
        let digits: String = head.chars().take_while(char::is_ascii_digit).collect();
        let tail = &head[digits.len()..];
        if !tail.is_empty()
            && tail.len() <= 7
            && tail.chars().all(|letter| letter.is_alphabetic() || letter == '%')
        {
            return syntax::unit(span(head.len()), head, &digits);
        }
    }
    let token = token.trim_end_matches(';').trim_end();
    let is_type = scanner.key == "type" || (scanner.depth == 0 && scanner.section == "fields");
    if is_type && let Some(ty) = foreign::translate(token) {
        let right = if scanner.key == "type" {
            ty.pairs(if scanner.depth == 0 { "\n" } else { ", " }).replacen("type = ", "", 1)
        } else {
            ty.value()
        };
        return syntax::unquoted_type(span(token.len()), &right);
    }
    if token.contains('(') && token.ends_with(')') {
        return syntax::function(span(token.len()), token);
    }
    if token.starts_with(|letter: char| letter.is_alphabetic() || "_$@/.*".contains(letter)) {
        return syntax::unquoted(span(token.len()), token);
    }
    syntax::not_a_value(span(token.len()), token)
}

fn boolean(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | ".true." => Some("true"),
        "false" | "no" | "off" | "n" | "f" | ".false." => Some("false"),
        _ => None,
    }
}

/// Why a number is none for TOML, and how it is written.
fn number(word: &str) -> Option<(&'static str, String)> {
    let (sign, digits) = match word.strip_prefix(['-', '+']) {
        Some(rest) => (&word[..1], rest),
        None => ("", word),
    };
    let right = |digits: &str| format!("{}{digits}", if sign == "-" { "-" } else { "" });
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let bare: String =
        digits.chars().filter(|letter| !matches!(letter, '_' | '\'' | ' ' | '\u{a0}' | '\u{202f}')).collect();
    let (whole, fraction) =
        bare.split_once('.').map_or((bare.as_str(), None), |(whole, part)| (whole, Some(part)));
    let plain = if whole.is_empty() { "0" } else { whole.trim_start_matches('0') };
    let plain = if plain.is_empty() { "0" } else { plain };
    match fraction {
        None if is_digits(&bare) && digits.len() != bare.len() => {
            Some(("a number has no blanks and quotes between its digits", right(plain)))
        }
        None if is_digits(&bare) && bare.starts_with('0') && bare.len() > 1 => {
            Some(("a number has no zero in front", right(plain)))
        }
        Some("") if is_digits(whole) => {
            Some(("a number has a digit behind its point", right(&format!("{plain}.0"))))
        }
        Some(part) if is_digits(part) && whole.is_empty() => {
            Some(("a number has a digit in front of its point", right(&format!("0.{part}"))))
        }
        Some(part) if is_digits(part) && is_digits(whole) => {
            Some(("a number has no zero in front", right(&format!("{plain}.{part}"))))
        }
        _ => {
            let lower = digits.to_ascii_lowercase();
            let is_radix =
                ["0x", "0o", "0b"].iter().any(|prefix| lower.starts_with(prefix)) && is_value(&lower);
            is_radix.then(|| ("a number in another base begins with `0x`, `0o` or `0b`", lower))
        }
    }
}

/// In a table, `2,000` is a number and a key without a value: a comma between digits.
pub(super) fn number_with_comma(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Step {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = scanner.text[start..end].to_owned();
    let rest = scanner.rest();
    let length = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ',').unwrap_or(rest.len());
    let part = rest[..length].trim_end_matches(',').to_owned();
    let follows = rest[part.len()..].trim_start_matches([' ', '\t']).to_owned();
    let is_number = is_digits(whole.trim_start_matches(['-', '+'])) && part.split(',').all(is_digits);
    if !is_number || !follows.starts_with([',', '}', '\n']) {
        return Ok(());
    }
    let groups: Vec<usize> = part.split(',').map(str::len).collect();
    let joined = format!("{whole}{}", part.replace(',', ""));
    let span = scanner.span(start, scanner.at + part.len());
    scanner.report(match groups.as_slice() {
        [length] if *length < 3 || whole.trim_start_matches('-') == "0" => {
            syntax::number(span, "a number has a point, not a comma", &format!("{whole}.{part}"))
        }
        groups if groups.iter().all(|length| *length == 3) => {
            syntax::number(span, "a number has no comma between its digits", &joined)
        }
        _ => syntax::number_with_comma(span, &joined, &format!("{whole}.{part}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_mended() {
        for (written, right) in [
            ("02000", Some("2000")),
            ("-007", Some("-7")),
            ("00", Some("0")),
            (".5", Some("0.5")),
            ("5.", Some("5.0")),
            ("1 000", Some("1000")),
            ("0X1F", Some("0x1f")),
            ("abc", None),
            ("1.2.3", None),
        ] {
            assert_eq!(number(written).map(|(_, right)| right).as_deref(), right, "{written}");
        }
    }
}
