//! The errors of a configuration, in words for people, and without possible secrets.
//!
//! A value from a file is never quoted: an error in a URL would print its password. The position and the key are enough
//! to find it.

use beds_protocol::nearest;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::ranges;

/// An example of the expected text, for kinds that do not explain themselves.
const ADDRESS: &str = "an IP address with a port, such as 127.0.0.1:8080 or [::1]:8080";

/// The parser's messages for a text that is not TOML, and the advice, in the words that templates use. The first entry
/// that matches the beginning of a message counts.
const SYNTAX: &[(&str, &str)] = &[
    ("key with no value", "there is no `=` after the key: write `key = …`"),
    ("missing assignment between key-value pairs", "there is no `=` after the key: write `key = …`"),
    ("missing value", "there is no value after `=`"),
    ("string values must be quoted", "there is no value, or a text without its quotes: write `\"…\"`"),
    ("invalid value", "this is not a value: a text needs quotes; a number, true and false have none"),
    (
        "invalid basic string",
        "the text in quotes has no end, or has a `\\` that means nothing: write `\\\\` for one",
    ),
    ("invalid literal string", "the text in quotes has no end: it ends with `'` on the same line"),
    ("invalid multi-line", "the text in three quotes has no end"),
    ("missing opening quote", "the text has no quote before it"),
    (
        "missing escaped value",
        "a `\\` in a text means something else: write `\\\\` for one, or the text in `'…'`",
    ),
    (
        "too few unicode value digits",
        "a `\\u` in a text has four digits after it: write `\\\\` for a `\\` itself",
    ),
    ("missing comma between", "there is no comma between two values"),
    ("extra comma", "there is a comma too many"),
    ("extra `=`", "there is a `=` too many"),
    ("extra assignment", "there is a `=` too many"),
    ("unexpected `=` in array", "there is a `=` in a list: a table stands in `{ }`"),
    ("unclosed inline table", "the table has no end: write `}`"),
    ("unclosed array table", "the name of a section stands in `[ ]`: write `]`"),
    ("unclosed array", "the list has no end: write `]`"),
    ("unclosed table", "the name of a section stands in `[ ]`: write `]`"),
    ("invalid unquoted key", "a key has only letters, digits, `_` and `-`: write it in quotes"),
    ("unquoted keys cannot be empty", "there is no key before `=`"),
    ("missing key", "there is no key before `=`"),
    (
        "unexpected key or value",
        "there is something after the value: a line has one key, and a comment begins with `#`",
    ),
    (
        "unexpected content",
        "there is something after the value: a line has one key, and a comment begins with `#`",
    ),
    ("unexpected leading zero", "a number does not begin with 0"),
    ("redundant", "a number has one sign at most"),
    ("`_` may only go between digits", "a `_` in a number stands between two digits"),
    ("carriage return must be followed", "a line ends with LF or CR LF, not with CR alone"),
    ("duplicate key", "the key, or the section, is written twice: remove one of them"),
    ("cannot recurse further", "lists and tables are nested too deep"),
];

/// The text of a file.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.contains(&0) {
        return Err("the file is UTF-16, or no text: save it as UTF-8".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        format!("line {line}: the file is not UTF-8: save it as UTF-8")
    })
}

/// The first line of an unresolved merge conflict in a text, counted from 1.
fn conflict(text: &str) -> Option<usize> {
    let is_mark = |line: &str| line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>");
    text.lines().position(is_mark).map(|index| index + 1)
}

/// Parses a text in TOML. The error names the line, the column, the key and the mistake.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let document = toml::Deserializer::parse(text).map_err(|error| match conflict(text) {
        Some(line) => format!(
            "line {line}: the file has a merge conflict: resolve it, and remove the lines that begin with `<<<<<<<`, \
             `=======` and `>>>>>>>`"
        ),
        None => at_place(text, "", &error),
    })?;
    sections(text)?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let path = error.path().to_string();
        at_place(text, &path, error.inner())
    })
}

/// Refuses a list in place of a section: its items would become the section's keys, in order.
fn sections(text: &str) -> Result<(), String> {
    // The text was parsed before.
    let Ok(document) = DeTable::parse(text) else { return Ok(()) };
    match listed(document.get_ref(), &mut Vec::new()) {
        None => Ok(()),
        Some((at, path)) => {
            let path = path.join(".");
            let place = place(text, at);
            Err(format!(
                "{place}{path}: it is a list, and must be a section: write [{path}] once, in single brackets, and below it its keys"
            ))
        }
    }
}

/// The first section that is a list, with its position.
fn listed<'t>(table: &'t DeTable<'_>, path: &mut Vec<&'t str>) -> Option<(usize, Vec<&'t str>)> {
    for (key, value) in table {
        path.push(key.get_ref());
        let found = match value.get_ref() {
            DeValue::Array(_) if is_section(path) => Some((key.span().start, path.clone())),
            DeValue::Table(table) => listed(table, path),
            DeValue::Array(_)
            | DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => None,
        };
        if found.is_some() {
            return found;
        }
        path.pop();
    }
    None
}

fn is_section(path: &[&str]) -> bool {
    match path {
        [_]
        | ["mariadb" | "mongodb" | "brokers" | "broker_services", _]
        | ["access", "users"]
        | ["brokers", _, _] => true,
        [.., last] => *last == "tls",
        [] => false,
    }
}

/// The line and column of a position in a text.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: ")
}

fn at_place(text: &str, path: &str, error: &toml::de::Error) -> String {
    let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
    let key = if matches!(path, "" | ".") { String::new() } else { format!("{path}: ") };
    let message = error.message();
    let said = ranged(path, &of(message));
    // In a file, unlike in a variable, a number in quotes is a text.
    let said = match said.strip_prefix("it is the number ") {
        Some(rest) if message.starts_with("invalid type: string") => {
            let (number, rest) = rest.split_once(',').unwrap_or((rest, ""));
            format!("it is the text \"{number}\",{rest}")
        }
        _ => said,
    };
    format!("{place}{key}{said}{}", quoted(path, message))
}

/// The advice for a text in place of another type, or for a server in place of its section.
fn quoted(path: &str, message: &str) -> String {
    let Some((given, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "))
    else {
        return String::new();
    };
    let wanted = wanted(expected);
    match path.split('.').collect::<Vec<_>>()[..] {
        [engine @ ("mariadb" | "mongodb")] | [engine @ ("mariadb" | "mongodb"), _]
            if wanted == "a table of keys" =>
        {
            format!(": a server has a section of its own, such as [{engine}.NAME], with a `url`")
        }
        _ if !given.starts_with("string") => String::new(),
        _ if wanted == "true or false" => ": write it without quotes".to_owned(),
        _ if wanted.starts_with("an integer") || wanted == "a number" => {
            ": write a number without quotes and without a unit".to_owned()
        }
        _ if wanted == "a list" => ": write it in brackets, [\"…\"]".to_owned(),
        _ => String::new(),
    }
}

/// A message about the value of this key. If the key's range is narrower than its type, the message has the range.
pub(super) fn ranged(path: &str, message: &str) -> String {
    let (Some(range), Some((before, of_type))) = (ranges::of(path), message.split_once("an integer")) else {
        return message.to_owned();
    };
    let greatest = of_type.strip_prefix(" from 0 to ").and_then(|number| number.parse().ok());
    let (least, greatest) = (range.start(), greatest.unwrap_or(u64::MAX).min(*range.end()));
    match greatest {
        u64::MAX => format!("{before}an integer, {least} or more"),
        greatest => format!("{before}an integer from {least} to {greatest}"),
    }
}

/// The parser's message in the words of this module, with the nearest known name for an unknown one.
pub(super) fn of(message: &str) -> String {
    let message = message.trim().replace('\n', ", ");
    if message.contains("invalid socket address") {
        return format!("it must be {ADDRESS}");
    }
    let mismatch =
        ["invalid type: ", "invalid value: "].iter().find_map(|prefix| message.strip_prefix(prefix));
    if let Some((given, expected)) = mismatch.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!("it is {}, and must be {}", kind(given), wanted(expected));
    }
    let known = SYNTAX.iter().find(|(theirs, _)| message.starts_with(theirs));
    if let Some((_, ours)) = known {
        return (*ours).to_owned();
    }
    for (prefix, what) in [("unknown field `", "key"), ("unknown variant `", "name")] {
        let names = message.strip_prefix(prefix).and_then(|rest| rest.split_once('`'));
        if let Some((given, known)) = names {
            let known: Vec<_> = known.split('`').skip(1).step_by(2).collect();
            return unknown(what, given, &known);
        }
    }
    message
}

fn unknown(what: &str, given: &str, known: &[&str]) -> String {
    let expected = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let near = nearest(given, known.iter().copied()).or_else(|| abbreviated(given, known));
    match near {
        Some(near) => format!("unknown {what} `{given}`; it may be {expected}: did you mean `{near}`?"),
        None => format!("unknown {what} `{given}`; it may be {expected}"),
    }
}

/// The only known name that contains the given letters in order, as `app_server` does for `app_srv`.
fn abbreviated<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let is_of = |name: &&&str| {
        let mut letters = name.chars();
        given.chars().all(|letter| letters.any(|other| other == letter.to_ascii_lowercase()))
    };
    let mut names = known.iter().filter(is_of);
    names.next().copied().filter(|_| given.len() > 2 && names.next().is_none())
}

/// The kind of the given value, without its text.
fn kind(given: &str) -> String {
    let in_ticks = || given.split('`').nth(1).unwrap_or_default();
    match given {
        "string \"\"" => "empty".to_owned(),
        // The value of a variable is a text in any case.
        given if given.starts_with("string") => match given.split('"').nth(1) {
            Some(text)
                if !text.is_empty()
                    && text.trim_start_matches(['-', '+']).bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                format!("the number {text}")
            }
            _ => "a text".to_owned(),
        },
        given if given.contains("integer") || given.starts_with("floating point") => {
            format!("the number {}", in_ticks())
        }
        given if given.starts_with("boolean") => in_ticks().to_owned(),
        given if given.contains("map") || given.contains("table") => "a table".to_owned(),
        given if given.contains("sequence") => "a list".to_owned(),
        given if given.starts_with("character") => "a text".to_owned(),
        given => given.to_owned(),
    }
}

/// The expected kind of value.
fn wanted(expected: &str) -> String {
    let known = match expected {
        "u8" | "an unsigned 8 bit integer" => "an integer from 0 to 255",
        "u16" | "an unsigned 16 bit integer" => "an integer from 0 to 65535",
        "u32" | "an unsigned 32 bit integer" => "an integer from 0 to 4294967295",
        "u64" | "usize" | "an unsigned 64 bit integer" | "an unsigned 64 bit or less integer" => {
            "an integer, 0 or more"
        }
        "a boolean" => "true or false",
        "f32" | "f64" | "floating point number" => "a number",
        "a string" => "a text",
        "path string" => "a path",
        "socket address" | "a socket address" => ADDRESS,
        expected if expected.contains("integer") => "an integer, 0 or more",
        expected if expected.starts_with("struct") || expected.contains("map") => "a table of keys",
        expected if expected.contains("sequence") => "a list",
        expected if expected.starts_with("enum") || expected == "string or table" => "a name",
        expected => expected,
    };
    known.to_owned()
}

/// A text with the passwords of its URLs hidden: everything from the user's colon to the last `@`.
pub(super) fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let (url, tail) = after.split_at(after.find("://").unwrap_or(after.len()));
        match (url.find(':'), url.rfind('@')) {
            (Some(colon), Some(at)) if colon < at => {
                shown.push_str(url.get(..colon).unwrap_or_default());
                shown.push_str(":***");
                rest = after.get(at..).unwrap_or(tail);
            }
            _ => {
                shown.push_str(url);
                rest = tail;
            }
        }
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests;
