//! A type as a key: `status = { enum = ["open", "paid"] }`.

use beds_protocol::TypeName;

use crate::{
    diagnostic::{Diagnostic, types},
    foreign, meant,
    part::{Form, Part},
    span::{Span, Spanned},
    tree::{Entry, Scalar, Table, Value},
};

/// The report on a type as a key in a part without `type`.
pub(super) fn report(name: &Spanned<String>, table: &Table, part: Part, form: Form) -> Option<Diagnostic> {
    let is_typed = |entry: &Entry| {
        entry.key.value == "type" || meant::stands_for(&entry.key.value, part).contains(&"type")
    };
    if table.is_partial || table.entries.iter().any(is_typed) {
        return None;
    }
    let between = if form == Form::Section { "\n" } else { ", " };
    table.entries.iter().find_map(|entry| {
        let (span, right) = said(entry, part, table, between)?;
        Some(types::type_as_key(entry.key.span, &name.value, &entry.key.value, span, &right))
    })
}

/// The intended text for a type's word as a key, and the range that it replaces: the key alone, or also its value.
fn said(entry: &Entry, part: Part, table: &Table, between: &str) -> Option<(Span, String)> {
    let word = entry.key.value.as_str();
    let own = TypeName::from_name(word);
    if part.known().contains(&word) || (own.is_none() && meant::meant(word, part).is_some()) {
        return None;
    }
    let meaning = foreign::translate(word);
    let ty = own.or_else(|| meaning.as_ref().map(|meaning| meaning.ty))?;
    let whole = Span { end: entry.value.span.end, ..entry.key.span };
    let with = |key: &str| Some((entry.key.span, format!("type = \"{ty}\"{between}{key}")));
    match (&entry.value.value, ty) {
        (Value::List(_), TypeName::Enum) => with("values"),
        (Value::Table(_), TypeName::Object) => with("fields"),
        (Value::Table(_), TypeName::List) => with("items"),
        // As one of several keys it may be the member of an object.
        (Value::Scalar(Scalar::Text(_)), TypeName::List) if table.entries.len() == 1 => with("items"),
        (Value::Scalar(Scalar::Int(_)), TypeName::String | TypeName::Text | TypeName::Bytes) => with("max"),
        (Value::List(numbers), TypeName::Decimal) => match numbers.as_slice() {
            [precision, scale] => {
                let [precision, scale] = [whole_number(&precision.value)?, whole_number(&scale.value)?];
                let right =
                    format!("type = \"decimal\"{between}precision = {precision}{between}scale = {scale}");
                Some((whole, right))
            }
            _ => None,
        },
        (Value::Scalar(Scalar::Bool(true)), _) => {
            let mut right = meaning.unwrap_or_else(|| foreign::Foreign::new(ty)).complete();
            right.keys.retain(|(key, _)| table.get(key).is_none());
            Some((whole, right.pairs(between)))
        }
        (Value::Scalar(_) | Value::List(_) | Value::Table(_) | Value::Broken, _) => None,
    }
}

fn whole_number(value: &Value) -> Option<i128> {
    match value {
        Value::Scalar(Scalar::Int(number)) => Some(*number),
        Value::Scalar(_) | Value::List(_) | Value::Table(_) | Value::Broken => None,
    }
}
