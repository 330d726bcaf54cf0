//! Strings and numbers of JSON.

use serde_json::value::RawValue;

use super::mistake::{Mistake, word};

const TOO_LARGE: &str = "this number is larger than any that MongoDB can hold as a double";
const TOO_SMALL: &str = "this number is too near to 0 for MongoDB to hold it as a double";

/// The string that begins with the quote at `start`, and its end.
pub(super) fn string(text: &str, start: usize) -> Result<(String, usize), Box<Mistake>> {
    let mut out = String::new();
    let mut at = start + 1;
    loop {
        let Some(c) = text[at..].chars().next() else { return Err(unclosed(text, start)) };
        match c {
            '"' => return Ok((out, at + 1)),
            '\n' | '\r' => return Err(unclosed(text, start)),
            '\\' => {
                let (c, end) = escape(text, at)?;
                out.push(c);
                at = end;
            }
            c if c < ' ' => {
                return Err(Mistake::new(
                    at..at + 1,
                    format!("a control character (U+{:04X}) in a string", u32::from(c)),
                    "this character",
                    "write it as an escape: a tab is \\t, a line feed is \\n",
                ));
            }
            c => {
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
}

fn unclosed(text: &str, start: usize) -> Box<Mistake> {
    let end = start + text[start..].lines().next().map_or(1, |line| line.trim_end().len());
    Mistake::new(
        start..end,
        "a string is not closed on its line",
        "the closing `\"` is missing",
        "end it with `\"`; a line feed inside a string is written \\n",
    )
}

/// The character of an escape, and the escape's end.
fn escape(text: &str, at: usize) -> Result<(char, usize), Box<Mistake>> {
    let rest = &text[at + 1..];
    let plain = match rest.chars().next() {
        Some('"') => '"',
        Some('\\') => '\\',
        Some('/') => '/',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return unicode(text, at),
        other => {
            let end = at + 1 + other.map_or(0, char::len_utf8);
            let form = &text[at..end];
            let help = format!("write `\\{form}` for the backslash itself, as in a regular expression");
            return Err(Mistake::new(at..end, format!("JSON has no escape `{form}`"), "this escape", help));
        }
    };
    Ok((plain, at + 2))
}

fn unicode(text: &str, at: usize) -> Result<(char, usize), Box<Mistake>> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        // `from_str_radix` would also accept a sign.
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    };
    let first = unit(at);
    let pair = |first: u32| {
        let second = unit(at + 6).filter(|second| (0xDC00..0xE000).contains(second))?;
        char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    };
    let decoded = match first {
        Some(first @ 0xD800..=0xDBFF) => pair(first).map(|c| (c, at + 12)),
        Some(first) => char::from_u32(first).map(|c| (c, at + 6)),
        None => None,
    };
    decoded.ok_or_else(|| {
        let end = at + 2 + text[at + 2..].bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
        let help = match first {
            Some(0xD800..=0xDFFF) => {
                "it is one half of a character: write both, from \\ud800 to \\udbff and from \\udc00 to \\udfff, or the character itself"
            }
            _ => "write four hexadecimal digits, or the character itself",
        };
        Mistake::new(at..end, "this escape is not a character", "this escape", help)
    })
}

/// How to write a number with more digits than a double, or a greater one.
const IN_EXPRESSIONS: &str = "in an expression, the number as a string in { \"$toDecimal\": \"…\" }; in a query, such an \
    expression: { \"$expr\": { \"$eq\": [\"$name\", { \"$toDecimal\": \"…\" }] } }";

/// The end of the number that begins at `start`.
pub(super) fn number(text: &str, start: usize) -> Result<usize, Box<Mistake>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_');
    let length = text[start..].find(|c| !is_part(c)).unwrap_or(text.len() - start);
    let written = &text[start..start + length];
    if let Ok(beds_protocol::Json::Number(number)) = serde_json::from_str(written) {
        if number.as_i64().is_some() || number.as_exact_f64().is_some() {
            return Ok(start + length);
        }
        if number.as_f64().is_some_and(|double| double == 0.0) {
            let help = "write 0, or a number from 5e-324 on";
            return Err(Mistake::new(start..start + length, TOO_SMALL, "it would become 0", help));
        }
        return Err(Mistake::new(
            start..start + length,
            "MongoDB cannot hold this number exactly, neither as a 64-bit integer nor as a double",
            "it would be rounded",
            format!("write fewer digits; {IN_EXPRESSIONS}"),
        ));
    }
    // The form of the number is valid for serde, but its value is too large.
    if written.parse().is_ok_and(f64::is_infinite) && serde_json::from_str::<&RawValue>(written).is_ok() {
        let help = format!("write a number of at most 1.7976931348623157e308; {IN_EXPRESSIONS}");
        return Err(Mistake::new(start..start + length, TOO_LARGE, "it would become infinite", help));
    }
    let end = start + length.max(word(&text[start..]));
    let digits = written.trim_start_matches('-');
    let help = if written.contains('_') {
        "write the digits without `_`"
    } else if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        "remove the zeros before the number, or write it in quotes if it is a string"
    } else if digits.bytes().filter(|byte| *byte == b'-').count() > 1 {
        "write dates in quotes, or pass them as arguments"
    } else {
        "write it in decimal digits, such as 10, 0.5 or 1e3"
    };
    Err(Mistake::new(start..end, format!("`{written}` is not how JSON writes a number"), "this number", help))
}
