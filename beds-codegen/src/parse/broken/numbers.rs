//! Numbers that are invalid in TOML, and their meaning.

use super::{Scanner, Step, text};
use crate::diagnostic::{Diagnostic, literals};

/// Why a number is invalid in TOML, and its correct form.
pub(super) fn number(word: &str) -> Option<(&'static str, String)> {
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
    let mut groups = digits.split('.');
    let is_first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && is_digits(first));
    let others: Vec<&str> = groups.collect();
    if is_first && others.len() > 1 && others.iter().all(|group| group.len() == 3 && is_digits(group)) {
        return Some(("a number has no points between its digits", right(&digits.replace('.', ""))));
    }
    match fraction {
        None if is_digits(&bare) && digits.len() != bare.len() => {
            Some(("a number has only single `_` between its digits, no blanks and no quotes", right(plain)))
        }
        None if is_digits(&bare) && bare.starts_with('0') && bare.len() > 1 => {
            Some(("a number has no leading zero", right(plain)))
        }
        Some("") if is_digits(whole) => {
            Some(("a number has a digit after its point", right(&format!("{plain}.0"))))
        }
        Some(part) if is_digits(part) && whole.is_empty() => {
            Some(("a number has a digit before its point", right(&format!("0.{part}"))))
        }
        Some(part) if is_digits(part) && is_digits(whole) => {
            Some(("a number has no leading zero", right(&format!("{plain}.{part}"))))
        }
        _ => {
            let lower = digits.to_ascii_lowercase();
            let is_radix =
                ["0x", "0o", "0b"].iter().any(|prefix| lower.starts_with(prefix)) && text::is_value(&lower);
            is_radix.then_some(("a number in another base begins with `0x`, `0o` or `0b`", lower))
        }
    }
}

/// The length of a number that has blanks or quotes between groups of three digits: `2 000`, `2'000`.
pub(super) fn grouped(rest: &str) -> Option<usize> {
    let line = rest.lines().next().unwrap_or_default();
    let is_part = |letter: char| letter.is_ascii_digit() || matches!(letter, ' ' | '\'');
    let written = line[..line.find(|letter| !is_part(letter)).unwrap_or(line.len())].trim_end();
    let mut groups = written.split([' ', '\'']);
    let first = groups.next().unwrap_or_default();
    let mut others = groups.peekable();
    let is_grouped =
        (1..=3).contains(&first.len()) && others.peek().is_some() && others.all(|group| group.len() == 3);
    is_grouped.then_some(written.len())
}

/// In a table, TOML reads `2,000` as a number and a key without a value: a comma between digits.
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
    let key = scanner.key.as_str();
    let ty = type_beside(scanner.text, scanner.line_start(start), start);
    scanner.report(match groups.as_slice() {
        // `decimal(12,2)` of SQL.
        [_] if key == "precision" => {
            let right = format!("{whole}, scale = {part}");
            literals::number(span, "a number has no comma: digits and scale are separate keys", &right)
        }
        [length] if *length < 3 || whole.trim_start_matches('-') == "0" => match ty {
            Some("decimal") => {
                let right = format!("\"{whole}.{part}\"");
                literals::number(span, "a number has a point, not a comma", &right)
            }
            _ if ty == Some("int") || matches!(key, "scale" | "many") || scanner.is_limit() => {
                literals::no_fraction(span, &whole, part.bytes().all(|digit| digit == b'0'))
            }
            _ => literals::number(span, "a number has a point, not a comma", &format!("{whole}.{part}")),
        },
        groups if groups.iter().all(|length| *length == 3) => {
            literals::number(span, "a number has no comma between its digits", &joined)
        }
        _ => literals::number_with_comma(span, &joined, &format!("{whole}.{part}")),
    })
}

/// The report of text behind a whole number that belongs to it: a unit, or a computation.
pub(super) fn behind(scanner: &Scanner<'_>, start: usize, end: usize) -> Option<Diagnostic> {
    let number = scanner.text[start..end].trim_end();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let rest = text::token(scanner.rest());
    if !is_number || rest.is_empty() {
        return None;
    }
    let whole = scanner.text[start..scanner.at + rest.len()].to_owned();
    let span = scanner.span(start, start + whole.len());
    let is_word = rest.chars().all(char::is_alphabetic);
    match rest.chars().next()? {
        '*' | '/' | '+' | '^' if rest.contains(|letter: char| letter.is_ascii_digit()) => {
            Some(literals::computed(span, &whole))
        }
        _ if is_word && !scanner.rest()[rest.len()..].trim_start().starts_with(['=', ':']) => {
            Some(literals::unit(span, &scanner.key, &whole, number))
        }
        _ => None,
    }
}

/// The type in the same braces as the value at this position.
fn type_beside(text: &str, line: usize, at: usize) -> Option<&str> {
    let open = text[line..at].rfind('{').map_or(line, |open| line + open + 1);
    let rest = text[open..].lines().next().unwrap_or_default();
    let keys = rest.split(['{', '}']).next().unwrap_or_default();
    let (_, ty) = keys.split_once("type")?;
    ty.trim_start().strip_prefix('=')?.trim_start().strip_prefix(['"', '\''])?.split(['"', '\'']).next()
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
            ("2.000.000", Some("2000000")),
            ("1__0", Some("10")),
            ("abc", None),
            ("1.2.3", None),
        ] {
            assert_eq!(number(written).map(|(_, right)| right).as_deref(), right, "{written}");
        }
    }
}
