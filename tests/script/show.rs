//! A reply as text: all its members, with names in place of values that differ from run to run.

use std::time::SystemTime;

use beds_protocol::value::DateTime;
use serde_json::{Map, Value};

use super::fill::Names;

/// The most characters of a line.
const WIDTH: usize = 110;
/// A shorter repetition than this is shown unchanged.
const REPEATED_MIN: usize = 60;

/// Shows replies.
#[derive(Debug)]
pub(super) struct Show<'a> {
    pub(super) names: &'a mut Names,
    pub(super) template: &'a str,
    /// The members of `data` that are shown; all if it is none.
    pub(super) only: Option<Vec<String>>,
    /// The members of `data` that are not shown.
    pub(super) hide: Vec<String>,
    /// The member of `data` whose values are listed.
    pub(super) list: Option<String>,
    /// Whether another engine must answer alike.
    pub(super) is_shared: bool,
    /// When the case began.
    pub(super) since: SystemTime,
}

impl Show<'_> {
    /// A reply's lines.
    pub(super) fn reply(&mut self, reply: &Value) -> Vec<String> {
        // Values get their names in the order of the reply, whether they are shown or not.
        let mut members = Map::new();
        for (name, value) in reply.as_object().unwrap() {
            let value = match (name.as_str(), value) {
                ("ok" | "items", _) => continue,
                ("next", Value::String(next)) => Value::String(self.made("next", next)),
                _ => self.named(value),
            };
            members.insert(name.clone(), value);
        }
        let mut lines = match members.shift_remove("error") {
            Some(Value::Object(mut error)) => {
                if self.is_shared {
                    error.shift_remove("sqlstate");
                }
                error_lines(error)
            }
            _ => ok_lines(&self.selected(members)),
        };
        if let Some(Value::Array(items)) = reply.get("items") {
            for (index, item) in items.iter().enumerate() {
                let item = self.reply(item).into_iter().enumerate();
                lines.extend(item.map(|(at, line)| match (at, line.trim_start_matches('<')) {
                    (0, line) => format!("<   [{index}]{line}"),
                    (_, line) => format!("<   {line}"),
                }));
            }
        }
        lines
    }

    /// A text, with its values replaced by names.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut text = text.replace(self.names.get("s").unwrap_or("\0"), "{s}");
        if let Some(hash) = self.names.get("hash") {
            text = text.replace(hash, "{hash}");
        }
        if !self.template.is_empty() {
            text = text.replace(self.template, "{t}");
        }
        abbreviated(&text)
    }

    fn made(&mut self, kind: &'static str, value: &str) -> String {
        format!("{{{}}}", self.names.of_made(kind, value))
    }

    fn named(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) if self.is_made(text) => Value::String(self.made("id", text)),
            Value::String(text) if self.is_now(text) => Value::String("{now}".into()),
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.named(item)).collect(),
            Value::Object(members) => {
                let named = |(name, value): (&String, &Value)| (self.text(name), self.named(value));
                Value::Object(members.iter().map(named).collect())
            }
            other => other.clone(),
        }
    }

    /// Whether this is the id of a record that was made during the case.
    fn is_made(&self, text: &str) -> bool {
        let Ok(id) = text.parse::<uuid::Uuid>() else { return false };
        let Some(at) = id.get_timestamp().filter(|_| id.get_version_num() == 7) else { return false };
        let (seconds, nanos) = at.to_unix();
        self.is_recent(i128::from(seconds) * 1_000 + i128::from(nanos / 1_000_000))
    }

    fn is_now(&self, text: &str) -> bool {
        text.parse::<DateTime>().is_ok_and(|at| self.is_recent(at.0.unix_timestamp_nanos() / 1_000_000))
    }

    fn is_recent(&self, at_ms: i128) -> bool {
        let ms = |at: SystemTime| {
            i128::try_from(at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
        };
        (ms(self.since)..=ms(SystemTime::now())).contains(&at_ms)
    }

    /// The members, with the part of `data` that is to be shown.
    fn selected(&self, mut members: Map<String, Value>) -> Map<String, Value> {
        let Some(data) = members.get_mut("data") else { return members };
        let records =
            if let Value::Array(items) = data { items.as_mut_slice() } else { std::slice::from_mut(data) };
        for record in records.iter_mut().filter_map(Value::as_object_mut) {
            let is_shown = |name: &String| self.only.as_ref().is_none_or(|only| only.contains(name));
            record.retain(|name, _| is_shown(name) && !self.hide.contains(name));
        }
        if let Some(list) = &self.list {
            let value = |record: &Value| match &record[list] {
                Value::String(text) => text.trim_start_matches("{s}-").to_owned(),
                other => inline(other),
            };
            let records = data.as_array().map_or(std::slice::from_ref(&*data), Vec::as_slice);
            let values: Vec<String> = records.iter().map(value).collect();
            let text = if values.is_empty() { "none".to_owned() } else { values.join(" ") };
            members.shift_remove("data");
            members.shift_insert(0, format!("{list} {text}"), Value::Null);
        }
        members
    }
}

fn ok_lines(members: &Map<String, Value>) -> Vec<String> {
    let member = |(name, value): (&String, &Value)| {
        // The name of a list contains its values.
        if value.is_null() && name.contains(' ') {
            name.clone()
        } else {
            format!("{name}: {}", inline(value))
        }
    };
    let line = members.iter().map(member).collect::<Vec<_>>().join(", ");
    if line.chars().count() + "< ok ".len() <= WIDTH {
        return vec![format!("< ok {line}").trim_end().to_owned()];
    }
    let mut lines = vec!["< ok".to_owned()];
    for (name, value) in members {
        if value.is_null() {
            lines.push(format!("<   {}", member((name, value))));
        } else {
            broken(&format!("<   {name}: "), value, "<   ", "", &mut lines);
        }
    }
    lines
}

/// All members of an error except `request_id`. A detail that repeats the message is left out.
fn error_lines(mut error: Map<String, Value>) -> Vec<String> {
    let mut text = |name: &str| error.shift_remove(name);
    let code = text("code");
    let message = text("message");
    let (retryable, details) = (text("retryable"), text("details"));
    text("request_id");
    let plain = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).unwrap_or("(none)").to_owned();
    let message = plain(&message);
    let mut lines = vec![format!("< {}: {}", plain(&code), escaped(&message))];
    let details = details.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for detail in details {
        let (field, reason) = (detail["field"].as_str().unwrap(), detail["reason"].as_str().unwrap());
        let line = format!("`{field}` {reason}");
        if details.len() > 1 || line != message {
            lines.push(format!("<   {}", escaped(&line)));
        }
    }
    for (name, value) in &error {
        lines.push(format!("<   {name}: {}", escaped(value.as_str().unwrap_or(&value.to_string()))));
    }
    match retryable {
        Some(Value::Bool(false)) => {}
        Some(Value::Bool(true)) => lines.push("<   retryable".into()),
        other => lines.push(format!("<   retryable: {other:?}")),
    }
    lines
}

/// A text with control characters escaped as in Rust, so that it stays on one line.
pub(super) fn escaped(text: &str) -> String {
    let escape = |character: char| match character {
        '\u{0}'..='\u{1f}' | '\u{7f}' => character.escape_default().to_string(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

/// A value in one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), inline(value))
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        // A repetition is shown as a case would write it: its quotes are not part of the text.
        Value::String(text) => format!("\"{}\"", unquoted(text)),
        // The two zeros are equal, and MariaDB keeps only one.
        Value::Number(number) if number.as_f64() == Some(-0.0) && number.is_f64() => "0.0".to_owned(),
        other => other.to_string(),
    }
}

fn unquoted(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].replace("{\\\"", "{\"").replace("\\\"*", "\"*")
}

/// A value over several lines if one line is too short for it.
fn broken(begin: &str, value: &Value, indent: &str, end: &str, lines: &mut Vec<String>) {
    let line = format!("{begin}{}{end}", inline(value));
    let (open, close, members): (_, _, Vec<(String, &Value)>) = match value {
        Value::Array(items) => ('[', ']', items.iter().map(|item| (String::new(), item)).collect()),
        Value::Object(members) => {
            ('{', '}', members.iter().map(|(n, v)| (format!("{}: ", Value::from(n.as_str())), v)).collect())
        }
        _ => ('"', '"', Vec::new()),
    };
    if line.chars().count() <= WIDTH || members.is_empty() {
        lines.push(line);
        return;
    }
    lines.push(format!("{begin}{open}"));
    let inner = format!("{indent}  ");
    let last = members.len() - 1;
    for (at, (name, member)) in members.into_iter().enumerate() {
        broken(&format!("{inner}{name}"), member, &inner, if at == last { "" } else { "," }, lines);
    }
    lines.push(format!("{indent}{close}{end}"));
}

/// A text with long repetitions abbreviated as a case would write them.
fn abbreviated(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let (mut short, mut at) = (String::new(), 0);
    while at < characters.len() {
        let rest = &characters[at..];
        let repeated = (1..=3.min(rest.len())).find_map(|length| {
            let unit = &rest[..length];
            let count = rest.chunks(length).take_while(|chunk| *chunk == unit).count();
            (count > 1 && count * length >= REPEATED_MIN)
                .then(|| (unit.iter().collect::<String>(), count, length))
        });
        if let Some((unit, count, length)) = repeated {
            short.extend(["{\"", &unit, "\"*", &count.to_string(), "}"]);
            at += count * length;
        } else {
            short.push(rest[0]);
            at += 1;
        }
    }
    short
}
