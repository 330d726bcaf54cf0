//! The advice for a value of the wrong kind, with an example made from the written value.

mod lists;
mod scalars;

pub(super) use self::lists::{add_to_list, mended};
use self::{
    lists::names,
    scalars::{flag, limit, number, string},
};
use crate::{
    diagnostic::{Diagnostic, shape::section_on_lines},
    foreign, meant,
    names::quoted,
    part::{Part, Place},
    tree::{Node, Scalar, Value},
};

/// The advice, and whether a machine can apply it.
struct Hint {
    help: String,
    fix: Option<String>,
}

fn fix(right: String) -> Hint {
    Hint { help: format!("write `{right}`"), fix: Some(right) }
}

fn say(help: impl Into<String>) -> Hint {
    Hint { help: help.into(), fix: None }
}

/// Whether a name is the name of a type, in BEDS or elsewhere.
pub(super) fn names_type(name: &str) -> bool {
    beds_protocol::TypeName::from_name(name).is_some() || foreign::translate(name).is_some()
}

/// Adds the advice for this value of a field.
pub(super) fn add_to_field(diagnostic: Diagnostic, field: &str, place: Place, value: &Value) -> Diagnostic {
    let first = match value {
        Value::List(items) => items.first().and_then(|item| item.value.as_text()),
        _ => None,
    };
    if let (Some(name), Value::List(items)) = (first, value)
        && !names_type(name)
    {
        let is_text = items.iter().all(|item| item.value.as_text().is_some());
        let of_each = match field {
            _ if !is_text => None,
            "key" | "keys" | "primary_key" | "pk" | "primary" => {
                Some("write `key = true` in each field of the key")
            }
            "unique" | "unique_key" | "uniques" => Some(
                "write `unique = true` in a field that is unique by itself; only the database declares that several fields together are unique",
            ),
            "index" | "indexes" | "indices" => Some("remove it: the database declares indexes"),
            "required" | "not_null" | "sensitive" | "immutable" | "nullable" => {
                Some("write this in each field, `= { type = …, required = true }`")
            }
            _ => None,
        };
        if let Some(help) = of_each {
            return diagnostic.help(help);
        }
        let values: Vec<String> = items.iter().filter_map(|item| item.value.as_text()).map(quoted).collect();
        return diagnostic.help(format!(
            "write `{{ type = \"enum\", values = [{}] }}` for one of these values",
            values.join(", ")
        ));
    }
    match (first.map(quoted), value) {
        (Some(right), Value::List(items)) if items.len() == 1 && place == Place::Item => {
            with(diagnostic, fix(right))
        }
        // In other languages this means a list of the type.
        (Some(right), Value::List(items)) if items.len() == 1 => {
            let one = first.map_or(right, written_type);
            diagnostic.help(format!(
                "write `{{ type = \"list\", items = {one} }}` for a list, and `{one}` for one value"
            ))
        }
        (Some(right), _) => {
            diagnostic.help(format!("write `{right}`, or `{{ type = {right} }}` with its other keys"))
        }
        (None, Value::List(items)) if matches!(items.as_slice(), [Node { value: Value::Table(_), .. }]) => diagnostic
            .help("write `{ type = \"list\", items = { type = \"object\", fields = { … } } }` for a list of such objects"),
        (None, _) => diagnostic.help("write the name of its type, such as `\"string\"`"),
    }
}

/// Adds the advice for this value of a key.
pub(super) fn add(diagnostic: Diagnostic, part: Part, key: &str, value: &Value) -> Diagnostic {
    with(diagnostic, hint(part, key, value))
}

/// The same for an attribute, whose tables have another form than the examples here. `is_literal` is whether the value
/// is a literal, which a machine can replace.
pub(super) fn add_to_attribute(
    diagnostic: Diagnostic,
    part: Part,
    key: &str,
    value: &Value,
    is_literal: bool,
) -> Diagnostic {
    let inner = match value {
        Value::Table(table) => table.entries.first().map(|entry| entry.key.value.as_str()),
        _ => None,
    };
    let kind = kind(part, key);
    match (kind, inner) {
        (Kind::Other, _) if key == "events" => diagnostic.help("write `events(publish = [\"create\"])`"),
        (Kind::Other, _) if key == "lifecycle" => diagnostic.help("write `lifecycle(ttl = \"400d\")`"),
        (Kind::Other, _) if key == "audit" => diagnostic.help("write `audit(operations = [\"create\"])`"),
        (Kind::Other, _) => match value {
            Value::Scalar(Scalar::Text(name)) if key == "read" => {
                diagnostic.help(format!("write `read(view = {})`", quoted(name)))
            }
            Value::Scalar(Scalar::Text(name)) if matches!(key, "create" | "update" | "upsert" | "delete") => {
                diagnostic.help(format!("write `{key}(procedure = {}, args = [\"…\"])`", quoted(name)))
            }
            _ => diagnostic,
        },
        (Kind::Flag, Some(word @ ("true" | "false"))) => diagnostic.help(format!("write `{key} = {word}`")),
        (Kind::Number, _) if !is_literal => diagnostic.help(format!("write a whole number, `{key} = 100`")),
        (Kind::Names, _) if !is_literal => diagnostic.help(format!("write the names, `{key} = [\"…\"]`")),
        (Kind::Text, _) if !is_literal => diagnostic.help(format!("write a string, `{key} = \"…\"`")),
        _ => add(diagnostic, part, key, value),
    }
}

/// The kind of plain value that a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Flag,
    Number,
    Names,
    Text,
    /// A part with keys of its own, or values of several kinds.
    Other,
}

fn kind(part: Part, key: &str) -> Kind {
    match key {
        "rows" | "calls" | "fields" if part == Part::Access => Kind::Other,
        _ if matches!(part, Part::Access | Part::RoleFields) => Kind::Names,
        "fields" if part == Part::Events => Kind::Names,
        "args" if part == Part::Write => Kind::Names,
        "returns" if part != Part::Call => Kind::Names,
        "filter" | "sort" | "publish" | "operations" | "values" | "compatible_with" | "allow" => Kind::Names,
        _ if Part::is_flag(key) => Kind::Flag,
        "precision" | "scale" | "many" => Kind::Number,
        "default" | "max" if part == Part::Limit => Kind::Number,
        "template" | "objects" | "fetch" | "events" | "audit" | "lifecycle" | "fields" | "args" | "rows"
        | "calls" | "items" | "returns" | "read" | "create" | "update" | "upsert" | "delete" | "limit"
        | "default" | "min" | "max" | "warehouse" | "cool" => Kind::Other,
        _ => Kind::Text,
    }
}

fn with(diagnostic: Diagnostic, hint: Hint) -> Diagnostic {
    let Hint { help, fix } = hint;
    let diagnostic = diagnostic.help(help);
    match (fix, diagnostic.primary().map(|label| label.span)) {
        (Some(right), Some(span)) => diagnostic.fix(span, right),
        (Some(_) | None, _) => diagnostic,
    }
}

fn text(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Bool(flag) => flag.to_string(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Float(number) => number.to_string(),
        Scalar::Text(text) | Scalar::Moment(text) => text.clone(),
    }
}

fn hint(part: Part, key: &str, value: &Value) -> Hint {
    match key {
        "rows" | "calls" | "fields" if part == Part::Access => by_role(key),
        // The keys of the table may be roles, or words about them.
        _ if part == Part::Access && matches!(value, Value::Table(_)) => {
            say(format!("write the roles in a list, `{key} = [\"clerk\"]`"))
        }
        _ if matches!(part, Part::Access | Part::RoleFields) => names(key, value),
        "template" | "objects" | "fetch" | "events" | "audit" | "lifecycle" | "access" => section(key, value),
        "fields" | "args" | "rows" if kind(part, key) == Kind::Other => columns(part, key, value),
        "calls" => say("write `[calls.NAME]`, and below it the keys of the call"),
        "items" => item(value),
        "returns" if part == Part::Call => returns(value),
        "read" | "create" | "update" | "upsert" | "delete" => object(key, value),
        "limit" => limit(value),
        "warehouse" => say(
            "write `warehouse = { after = \"90d\", to = \"…\" }`, with the name of the template that takes the records",
        ),
        "cool" => say("write `cool = { after = \"3y\" }`"),
        "ttl" | "after" if !matches!(value, Value::Scalar(Scalar::Int(1..) | Scalar::Text(_))) => {
            say(format!("write a duration, such as `{key} = \"400d\"`"))
        }
        "ttl" | "after" if matches!(value, Value::Scalar(Scalar::Int(1..))) => {
            let Value::Scalar(Scalar::Int(number)) = value else { return string(key, value) };
            // No lifetime has that many days.
            let unit = if *number > 36_500 { "s\"` for seconds" } else { "d\"` for days" };
            say(format!("a duration needs a unit: write `\"{number}{unit}"))
        }
        "min" | "max"
            if part != Part::Limit
                && let Some(bounds) = meant::bounds(value) =>
        {
            say(bounds)
        }
        "min" | "max" if part != Part::Limit => say(format!("write one number, such as `{key} = 40`")),
        "default" if part != Part::Limit => say("write one constant: a string, a number, `true` or `false`"),
        _ => match kind(part, key) {
            Kind::Names => names(key, value),
            Kind::Flag => flag(key, value),
            Kind::Number => number(key, value),
            Kind::Text | Kind::Other => string(key, value),
        },
    }
}

fn by_role(key: &str) -> Hint {
    say(match key {
        "calls" => "write each call with its roles, `calls = { restock = [\"manager\"] }`",
        "rows" => "write each role with its conditions, `rows = { clerk = { owner = \"@user\" } }`",
        _ => "write each role with its fields, `fields = { clerk = { hidden = [\"margin\"] } }`",
    })
}

fn section(name: &str, value: &Value) -> Hint {
    match value {
        Value::List(items) if items.iter().all(|item| item.value.as_text().is_none()) => {
            say(format!("write `[{name}]`, in single brackets, and below it a line for each key"))
        }
        _ => say(section_on_lines(name, value)),
    }
}

/// The form for a table from names to types.
fn columns(part: Part, key: &str, value: &Value) -> Hint {
    match value {
        Value::List(items)
            if part == Part::Sections && items.iter().any(|item| item.value.as_text().is_none()) =>
        {
            say(
                "write `[fields]`, in single brackets, and below it a line for each field, `sku = { type = \"string\", max = 40 }`",
            )
        }
        Value::List(items) if items.is_empty() && key == "args" => say("remove `args`: there are none"),
        Value::List(items) => {
            // With their types, they look like the parameters of a procedure.
            let texts: Vec<&str> =
                items.iter().filter_map(|item| item.value.as_text()).map(str::trim).collect();
            if texts.len() == items.len() && texts.iter().any(|text| text.contains(' ')) {
                return say(format!(
                    "write each with its type, `{key} = {{ {} }}`",
                    texts.iter().map(|text| parameter(text)).collect::<Vec<_>>().join(", ")
                ));
            }
            let typed: Vec<String> = items
                .iter()
                .filter_map(|item| Some(format!("{} = {}", name_of(item)?, type_of(item))))
                .collect();
            let typed = if typed.is_empty() { "id = \"int\"".to_owned() } else { typed.join(", ") };
            say(format!("write each with its type, `{key} = {{ {typed} }}`"))
        }
        Value::Scalar(Scalar::Text(text)) if key == "args" && !text.trim().is_empty() => {
            say(format!("write each with its type, `{key} = {{ {} }}`", parameters(text)))
        }
        _ => say(format!("write each with its type, `{key} = {{ id = \"int\" }}`")),
    }
}

/// The name in an item: the item itself, or the name that it gives.
fn name_of(item: &Node) -> Option<&str> {
    match &item.value {
        Value::Table(table) => table.get("name").and_then(|name| name.value.as_text()),
        value => value.as_text(),
    }
}

/// The type that an item gives, in the form of a template.
fn type_of(item: &Node) -> String {
    let ty = match &item.value {
        Value::Table(table) => table.get("type").and_then(|ty| ty.value.as_text()),
        _ => None,
    };
    ty.map_or_else(|| "\"string\"".to_owned(), written_type)
}

fn written_type(ty: &str) -> String {
    foreign::translate(ty).map_or_else(|| quoted(ty), |ty| ty.value())
}

/// The parameters of a procedure in the form of SQL, `id uuid, paid_on date`.
fn parameters(text: &str) -> String {
    text.split(',').map(parameter).collect::<Vec<_>>().join(", ")
}

fn parameter(written: &str) -> String {
    let (name, ty) = written.trim().split_once(' ').unwrap_or((written.trim(), "string"));
    format!("{name} = {}", written_type(ty.trim()))
}

fn item(value: &Value) -> Hint {
    match value {
        Value::List(items) => match items.as_slice() {
            [one] if one.value.as_text().is_some() => fix(quoted(one.value.as_text().unwrap_or_default())),
            _ => say("write the one type of all items, `items = \"string\"`"),
        },
        _ => say("write the type of the items, `items = \"string\"`"),
    }
}

fn returns(value: &Value) -> Hint {
    match value {
        Value::List(items) if matches!(items.as_slice(), [one] if one.value.as_text().is_some_and(names_type)) =>
        {
            let ty = items.first().and_then(|one| one.value.as_text()).unwrap_or_default();
            say(format!("write `returns = {{ {} }}` for one value", foreign::pairs_of(ty)))
        }
        Value::List(items) => {
            let rows: Vec<String> =
                items.iter().filter_map(name_of).map(|name| format!("{name} = \"string\"")).collect();
            say(format!(
                "write each column with its type, `returns = {{ rows = {{ {} }} }}`",
                rows.join(", ")
            ))
        }
        Value::Scalar(Scalar::Bool(false)) => fix("\"nothing\"".to_owned()),
        _ => say(
            "write `returns = \"nothing\"`, `{ type = … }` for one value, `{ rows = { … } }` for columns by name",
        ),
    }
}

fn object(operation: &str, value: &Value) -> Hint {
    let name = match value {
        Value::Scalar(Scalar::Text(name)) if name.trim().contains(char::is_whitespace) => {
            return say(format!(
                "write the name of an object of the database, `{operation} = {{ … = \"…\" }}`: a template holds no SQL"
            ));
        }
        Value::Scalar(Scalar::Text(name)) => quoted(name),
        Value::List(items) => match items.as_slice() {
            [one] if one.value.as_text().is_some() => return object(operation, &one.value),
            _ => return say(format!("write one object, `{operation} = {{ … }}`")),
        },
        _ => "\"…\"".to_owned(),
    };
    if operation == "read" {
        let right = format!("{{ view = {name} }}");
        return if name == "\"…\"" { say(format!("write `{right}`")) } else { fix(right) };
    }
    say(format!(
        "write `{{ procedure = {name}, args = [\"…\"] }}` in MariaDB, and `{{ collection = {name} }}` in MongoDB"
    ))
}
