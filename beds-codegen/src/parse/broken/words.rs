//! Words that are not values, and invisible characters: their kind, and their meaning.

use super::{Scanner, Step, habits, numbers, strangers, text};
use crate::{
    diagnostic::{literals, syntax},
    foreign, names,
    part::Part,
    span::Span,
};

/// Reports the noted characters: the first, and how many more there are. One habit, one report.
pub(super) fn tell_invisible(scanner: &mut Scanner<'_>) {
    let (Some(first), Some(last)) = (scanner.invisible.first().copied(), scanner.invisible.last().copied())
    else {
        return;
    };
    let width = |at: usize| scanner.text[at..].chars().next().map_or(0, char::len_utf8);
    let letter = scanner.text[first..].chars().next().unwrap_or_default();
    let name = crate::letters::invisible_name(letter).unwrap_or("a control character");
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

/// The single word after a position: its span, and its correct form.
pub(super) fn behind(scanner: &Scanner<'_>, from: usize) -> (Span, String) {
    let line = scanner.text[from..].lines().next().unwrap_or_default();
    let start = from + line.len() - line.trim_start().len();
    let rest = &scanner.text[start..from + line.len()];
    let string = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')).and_then(|quote| {
        let length = rest[1..].find(quote)?;
        rest.get(..length + 2)
    });
    let word = string.unwrap_or_else(|| text::token(rest));
    if string.is_some() || word.is_empty() || text::half_quoted(word).is_some() || text::is_value(word) {
        return (scanner.span(start, start + word.len()), word.to_owned());
    }
    let right = text::boolean(word).map_or_else(|| names::quoted(word), str::to_owned);
    (scanner.span(start, start + word.len()), right)
}

/// A value without quotes or brackets: a number, a boolean, a date, or a mistake.
pub(super) fn word(scanner: &mut Scanner<'_>) -> Step {
    let start = scanner.at;
    if let Some(marker) =
        ["//", "/*"].into_iter().find(|marker| scanner.depth > 0 && scanner.rest().starts_with(marker))
    {
        return scanner.report(syntax::comment(scanner.span(start, start + 2), marker));
    }
    scanner.block_of_text()?;
    let token = text::token(scanner.rest());
    let first = token.split([' ', '\t', '\u{a0}']).next().unwrap_or_default();
    // A date and a time may be separated by a blank.
    let two = token.get(..first.len() + 9).unwrap_or_default();
    if let Some(length) = numbers::grouped(scanner.rest()) {
        let written = &scanner.rest()[..length];
        if let Some((why, right)) = numbers::number(written) {
            scanner.at += length;
            return scanner.report(literals::number(scanner.span(start, start + length), why, &right));
        }
    }
    if let Some((diagnostic, length)) = habits::value(scanner) {
        scanner.at += length;
        return scanner.report(diagnostic);
    }
    for word in [token, two, first] {
        if !word.is_empty() && text::is_value(word) {
            scanner.at += word.len();
            return Ok(());
        }
    }
    if token.is_empty() {
        let letter = scanner.peek().unwrap_or_default();
        let span = scanner.span(start, start + letter.len_utf8());
        return scanner.report(literals::not_a_value(span, &letter.to_string()));
    }
    if let Some(length) = text::half_quoted(scanner.rest()) {
        let quote = &scanner.rest()[length..=length];
        let diagnostic = literals::missing_quote(scanner.span(start, start + length + 1), quote);
        scanner.at += length + 1;
        return scanner.report(diagnostic);
    }
    let diagnostic = judge(scanner, token, first);
    scanner.at += first.len();
    scanner.report(diagnostic)
}

/// Whether a word is in place of a number. With quotes it would be a text, which is also refused.
fn is_of_number(key: &str, word: &str) -> bool {
    let is_bound = matches!(key, "min" | "max" | "precision" | "scale");
    let is_no_value = matches!(word.to_ascii_lowercase().as_str(), "nan" | "inf" | "infinity");
    is_bound || is_no_value || (word.starts_with('$') && key == "default")
}

fn judge(scanner: &Scanner<'_>, token: &str, first: &str) -> crate::diagnostic::Diagnostic {
    let start = scanner.at;
    let span = |length: usize| scanner.span(start, start + length);
    let head = first.trim_end_matches([';', ',']);
    // Text after a correct value is a separate mistake.
    if head.len() < token.len() && text::is_value(head) {
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
    if let Some(right) = text::boolean(head) {
        return literals::boolean(span(head.len()), head, right);
    }
    if matches!(head.to_ascii_lowercase().as_str(), "null" | "none" | "nil" | "undefined" | "~" | "nothing") {
        return literals::null(span(head.len()), head, &scanner.section, &scanner.key);
    }
    if let Some((why, right)) = numbers::number(token).or_else(|| numbers::number(head)) {
        let length = if numbers::number(token).is_some() { token.len() } else { head.len() };
        return literals::number(span(length), why, &right);
    }
    if head.starts_with(|letter: char| letter.is_ascii_digit()) {
        let digits: String = head.chars().take_while(char::is_ascii_digit).collect();
        let tail = &head[digits.len()..];
        if !tail.is_empty()
            && tail.len() <= 7
            && tail.chars().all(|letter| letter.is_alphabetic() || letter == '%')
        {
            return literals::unit(span(head.len()), &scanner.key, head, &digits);
        }
    }
    let token = token.trim_end_matches(';').trim_end();
    // A comment of another language after the word is not part of it.
    let token = [" ;", " //", " --"]
        .iter()
        .fold(token, |token, mark| token.split(mark).next().unwrap_or(token).trim_end());
    let is_type = scanner.key == "type" || (scanner.depth == 0 && scanner.section == "fields");
    if is_type && let Some(ty) = foreign::translate(token) {
        let right = if scanner.key == "type" {
            ty.pairs(if scanner.depth == 0 { "\n" } else { ", " }).replacen("type = ", "", 1)
        } else {
            ty.value()
        };
        return literals::unquoted_type(span(token.len()), &right, &ty);
    }
    if strangers::is_for_later(token) {
        return literals::omitted(span(token.len()), token);
    }
    let is_variable = |name: &str| !name.is_empty() && name.chars().all(text::is_bare);
    if token.strip_prefix('$').is_some_and(is_variable) && !is_of_number(&scanner.key, token) {
        return literals::placeholder(span(token.len()), token);
    }
    if token.contains('(') && token.ends_with(')') {
        return literals::function(span(token.len()), token);
    }
    if token.starts_with(|letter: char| letter.is_alphabetic() || "_$@/.*".contains(letter)) {
        if is_of_number(&scanner.key, token) {
            return literals::no_number(span(token.len()), token, &scanner.key);
        }
        if Part::is_flag(&scanner.key) {
            return literals::no_flag(span(token.len()), token);
        }
        // Quotes would turn a value of the request into a text.
        let asked = format!("@{}", token.trim_start_matches('@').to_ascii_lowercase());
        if scanner.section.starts_with("access") && beds_protocol::RequestValue::from_name(&asked).is_some() {
            return literals::asked(span(token.len()), token, &asked);
        }
        return literals::unquoted(span(token.len()), token);
    }
    if Part::is_flag(&scanner.key) {
        return literals::no_flag(span(token.len()), token);
    }
    if let Some(bounds) = token.split_once("..").map(|(least, most)| (least, most.trim_start_matches('=')))
        && [bounds.0, bounds.1].iter().all(|bound| text::is_value(bound))
    {
        return literals::range(span(token.len()), token, bounds);
    }
    literals::not_a_value(span(token.len()), token)
}
