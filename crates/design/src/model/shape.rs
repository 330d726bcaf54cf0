//! The shape of a JSON value, as data. Both the JSON Schema for the language model and the check of its answer come
//! from it, so that they agree.
//!
//! The shapes use only what endpoints accept for constrained decoding: objects whose members are all named and all
//! present, null for members that are left out, lists, choices, and no maps with free names.

use beds_protocol::{nearest, shown};
use serde_json::{Map, Value, json};

use crate::fault::Faults;

/// How deep values may nest.
const DEPTH_MAX: usize = 24;

/// The shape of a value.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A text.
    Text(Text),
    /// One of several words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// An integer within bounds.
    Int { min: i64, max: i64 },
    /// A number, a short text or a truth value: a bound, a default or the like.
    Constant,
    /// A list.
    List { of: &'static Shape, min: usize, max: usize },
    /// An object.
    Object(&'static Object),
}

/// A text.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) kind: TextKind,
    /// The most characters.
    pub(crate) max: usize,
}

/// The purpose of a text, which decides its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// Words for people, on one line.
    Words,
    /// A name that becomes a name of templates and database objects: small letters, digits, `_`.
    Name,
    /// A name of something else: a role, an operation.
    Word,
    /// Source text of several lines.
    Source,
}

/// An object with its members.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its name in the schema.
    pub(crate) name: &'static str,
    pub(crate) members: &'static [Member],
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) shape: &'static Shape,
    pub(crate) required: bool,
    pub(crate) description: &'static str,
}

/// A member that must be there.
pub(crate) const fn required(name: &'static str, shape: &'static Shape, description: &'static str) -> Member {
    Member { name, shape, required: true, description }
}

/// A member that may be null or left out.
pub(crate) const fn optional(name: &'static str, shape: &'static Shape, description: &'static str) -> Member {
    Member { name, shape, required: false, description }
}

/// A short text of one line for people.
pub(crate) const fn words(max: usize) -> Shape {
    Shape::Text(Text { kind: TextKind::Words, max })
}

/// The JSON Schema (draft 2020-12) of an object.
pub(crate) fn schema(root: &'static Object) -> Value {
    let mut definitions = Map::new();
    let mut schema = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" });
    if let (Some(schema), Value::Object(root)) = (schema.as_object_mut(), object(root, &mut definitions)) {
        schema.extend(root);
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

fn object(of: &'static Object, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for member in of.members {
        let mut schema = value(member.shape, definitions);
        if !member.required {
            schema = json!({ "anyOf": [schema, { "type": "null" }] });
        }
        schema["description"] = json!(member.description);
        properties.insert(member.name.to_owned(), schema);
    }
    // Strict decoding needs every member named here. Null stands for a member that is left out.
    let all: Vec<&str> = of.members.iter().map(|member| member.name).collect();
    json!({ "type": "object", "properties": properties, "required": all, "additionalProperties": false })
}

fn value(shape: &'static Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Text(Text { kind: TextKind::Name, max }) => {
            json!({ "type": "string", "pattern": format!("^[a-z][a-z0-9_]{{0,{}}}$", max - 1) })
        }
        Shape::Text(Text { max, .. }) => json!({ "type": "string", "maxLength": max }),
        Shape::Choice(words) => json!({ "type": "string", "enum": words }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Int { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Constant => json!({ "anyOf": [
            { "type": "number" },
            { "type": "string", "maxLength": CONSTANT_CHARACTERS_MAX },
            { "type": "boolean" },
        ] }),
        Shape::List { of, min, max } => {
            json!({ "type": "array", "items": value(of, definitions), "minItems": min, "maxItems": max })
        }
        Shape::Object(of) => {
            if !definitions.contains_key(of.name) {
                // The name is entered first: members may have the same shape.
                definitions.insert(of.name.to_owned(), Value::Null);
                let schema = object(of, definitions);
                definitions.insert(of.name.to_owned(), schema);
            }
            json!({ "$ref": format!("#/$defs/{}", of.name) })
        }
    }
}

const CONSTANT_CHARACTERS_MAX: usize = 255;

/// Compares a value with an object's shape, and adds every difference to `faults`.
pub(crate) fn check(value: &Value, root: &'static Object, faults: &mut Faults) {
    members(value, root, "", 0, faults);
}

fn members(value: &Value, of: &'static Object, path: &str, depth: usize, faults: &mut Faults) {
    let Value::Object(given) = value else {
        faults.add(path, format!("this is {}, not an object", kind(value)), "write { … }");
        return;
    };
    if depth > DEPTH_MAX {
        faults.add(path, format!("values nest deeper than {DEPTH_MAX} levels"), "flatten it");
        return;
    }
    let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (name, value) in given {
        if let Some(member) = of.members.iter().find(|member| member.name == name) {
            if !value.is_null() || member.required {
                one(value, member.shape, &inner(member.name), depth + 1, faults);
            }
            continue;
        }
        let known = of.members.iter().map(|member| member.name);
        let help = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the members are {}", known.map(shown).collect::<Vec<_>>().join(", ")),
        };
        faults.add(path, format!("there is no member {}", shown(cut(name))), help);
    }
    for member in of.members.iter().filter(|member| member.required && !given.contains_key(member.name)) {
        let message = format!("the member `{}` is missing", member.name);
        faults.add(path, message, format!("`{}`: {}", member.name, member.description));
    }
}

fn one(value: &Value, shape: &'static Shape, path: &str, depth: usize, faults: &mut Faults) {
    let mut wrong = |wanted: String| {
        faults.add(path, format!("this is {}", kind(value)), format!("it must be {wanted}"));
    };
    match shape {
        Shape::Text(of) => match value {
            Value::String(given) => text(given, of, path, faults),
            _ => wrong("a text".to_owned()),
        },
        Shape::Choice(words) => {
            let is_one = |given: &str| words.contains(&given);
            match value {
                Value::String(given) if is_one(given) => {}
                Value::String(given) => {
                    let help = match nearest(given, words.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("it may be {}", listed(words)),
                    };
                    faults.add(path, format!("there is no {} here", shown(cut(given))), help);
                }
                _ => wrong(format!("one of {}", listed(words))),
            }
        }
        Shape::Bool if value.is_boolean() => {}
        Shape::Bool => wrong("true or false".to_owned()),
        Shape::Int { min, max } => match value.as_i64() {
            Some(given) if (*min..=*max).contains(&given) => {}
            _ => wrong(format!("an integer from {min} to {max}")),
        },
        Shape::Constant => match value {
            Value::Number(_) | Value::Bool(_) => {}
            Value::String(given) => {
                text(given, &Text { kind: TextKind::Words, max: CONSTANT_CHARACTERS_MAX }, path, faults);
            }
            Value::Null | Value::Array(_) | Value::Object(_) => {
                wrong("a number, a text, or true or false".to_owned());
            }
        },
        Shape::List { of, min, max } => match value {
            Value::Array(items) if items.len() < *min || items.len() > *max => {
                let message = format!("there are {} items", items.len());
                faults.add(path, message, format!("there may be {min} to {max}"));
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    one(item, of, &format!("{path}[{index}]"), depth + 1, faults);
                }
            }
            _ => wrong("a list".to_owned()),
        },
        Shape::Object(of) => members(value, of, path, depth, faults),
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn text(given: &str, of: &Text, path: &str, faults: &mut Faults) {
    let characters = given.chars().count();
    if characters > of.max {
        let message = format!("the text has {characters} characters");
        faults.add(path, message, format!("it may have {}", of.max));
        return;
    }
    let is_odd = |c: &char| is_unseen(*c) && !(of.kind == TextKind::Source && matches!(c, '\n' | '\t'));
    if let Some(odd) = given.chars().find(is_odd) {
        let message = format!("the text contains an invisible character (U+{:04X})", u32::from(odd));
        faults.add(path, message, "remove it");
        return;
    }
    match of.kind {
        TextKind::Name if !is_name(given) => {
            let message = format!("{} is not a name", shown(cut(given)));
            let help = "a name has small letters, digits and `_`, and begins with a letter; it cannot be SQL or a path";
            faults.add(path, message, help);
        }
        TextKind::Word
            if given.is_empty() || given.contains(|c: char| c.is_whitespace() || "\"'`\\/".contains(c)) =>
        {
            faults.add(
                path,
                format!("{} is not a word", shown(cut(given))),
                "write one word, without quotes",
            );
        }
        TextKind::Name | TextKind::Word | TextKind::Words | TextKind::Source => {}
    }
}

/// Whether a name can be used unchanged in templates, SQL and file names.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a character is invisible, or changes how others are displayed.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text in messages, cut to what identifies it.
fn cut(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number, or one out of bounds",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
