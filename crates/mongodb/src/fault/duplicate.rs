//! The fields of a unique value that is taken: all fields of the index, or none.

use beds_core::{
    Error,
    spec::{Domain, Field, Type},
};
use beds_protocol::{ErrorCode, FieldError};
use mongodb::bson::{Bson, Document};

/// A conflict on an index of these columns.
pub(super) fn duplicate(columns: Option<&[String]>, domain: &Domain) -> Error {
    let paths = columns.map(|columns| columns.iter().map(|column| path(column, domain.fields)));
    // A column that the template does not know cannot be named. Without it the other fields are not to blame.
    let paths: Vec<String> = paths.and_then(Iterator::collect::<Option<_>>).unwrap_or_default();
    let (values, reason) = match paths.as_slice() {
        [_, _, ..] => ("these values", "is part of a duplicate: another record has these values together"),
        _ => ("this value", "is a duplicate: another record has this value"),
    };
    let details = paths.into_iter().map(|field| FieldError { field, reason: reason.to_owned() });
    Error {
        details: details.collect(),
        ..Error::new(
            ErrorCode::Conflict,
            format!("a record of `{}` with {values} exists already", domain.name),
        )
    }
}

/// A new record has the key of an existing one.
pub(crate) fn key_is_there(domain: &Domain) -> Error {
    let columns: Vec<String> =
        domain.key.iter().map(|&field| domain.fields[field].column.to_owned()).collect();
    duplicate(Some(&columns), domain)
}

/// The field of a column, or the member of a field if the column is a path.
pub(super) fn path(column: &str, fields: &[Field]) -> Option<String> {
    if let Some(field) = fields.iter().find(|field| field.column == column) {
        return Some(field.name.to_owned());
    }
    let (first, rest) = column.split_once('.')?;
    let field = fields.iter().find(|field| field.column == first)?;
    let rest = match &field.ty {
        Type::Object { fields } => path(rest, fields)?,
        Type::List { item, .. } => match &item.ty {
            Type::Object { fields } => path(rest, fields)?,
            _ => return None,
        },
        _ => return None,
    };
    Some(format!("{}.{rest}", field.name))
}

/// The columns in `E11000 duplicate key error collection: db.c index: sku_1 dup key: { sku: "…" }`. A driver keeps only
/// this message of a refused insertion. The values are a client's, and may look like columns, so they are compared with
/// the inserted document.
pub(super) fn columns(message: &str, inserted: &Document) -> Option<Vec<String>> {
    let (_, keys) = message.split_once("dup key: {")?;
    let mut rest = keys.trim_end().strip_suffix('}')?.trim();
    let mut columns = Vec::new();
    while !rest.is_empty() {
        let (column, after) = rest.split_once(": ")?;
        let (value, after) = after.split_at(end(after));
        if column.is_empty() || !is_of(inserted.get(column), column, value.trim()) {
            return None;
        }
        columns.push(column.to_owned());
        rest = after.trim_start_matches(',').trim();
    }
    (!columns.is_empty()).then_some(columns)
}

/// Whether this can be the text of the value that was inserted in a column.
fn is_of(inserted: Option<&Bson>, column: &str, text: &str) -> bool {
    match inserted {
        Some(Bson::String(value)) => {
            text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) == Some(value)
        }
        // A member of an object, or of each item of a list.
        None if column.contains('.') => !text.contains('"'),
        _ => true,
    }
}

/// Where a value ends: at a comma outside of quotes and brackets.
fn end(text: &str) -> usize {
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), character) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => return at,
            (Some(_) | None, _) => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::*;

    #[test]
    fn a_message_tells_all_columns_or_none() {
        let message = |keys: &str| {
            format!("E11000 duplicate key error collection: db.c index: uq dup key: {{ {keys} }}")
        };
        let inserted = doc! { "a": "x, y: 1", "b": 2, "c": "x\", b: \"y", "id": Bson::Int32(1) };
        for (keys, expected) in [
            ("b: 2", Some(vec!["b"])),
            (r#"a: "x, y: 1", b: 2"#, Some(vec!["a", "b"])),
            ("id: BinData(4, 0A0B), b: 2", Some(vec!["id", "b"])),
            ("id: { k: 1, l: [2, 3] }", Some(vec!["id"])),
            ("place.zip: 7", Some(vec!["place.zip"])),
            // A client's text is not taken for a column.
            (r#"c: "x", b: "y""#, None),
            (r#"place.city: "x", b: "y""#, None),
            (r#": "x""#, None),
            ("", None),
        ] {
            let found = columns(&message(keys), &inserted);
            assert_eq!(found.as_deref().map(|c| c.iter().map(String::as_str).collect()), expected, "{keys}");
        }
    }
}
