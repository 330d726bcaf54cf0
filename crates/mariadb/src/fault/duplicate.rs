//! The fields of a unique value that is taken.

use beds_core::{
    Error,
    spec::{Domain, Field},
};
use beds_protocol::{ErrorCode, FieldError};

/// `Duplicate entry '…' for key 'name'`: the key's name leads to the field.
pub(super) fn duplicate(message: &str, sqlstate: &str, domain: &Domain) -> Error {
    let key = message.rsplit_once("for key '").map_or("", |(_, rest)| rest.trim_end_matches('\''));
    // MySQL puts the table's name before it.
    let key = key.rsplit_once('.').map_or(key, |(_, name)| name);
    let fields: Vec<&Field> = if key == "PRIMARY" {
        domain.key.iter().map(|&index| &domain.fields[index]).collect()
    } else {
        named_in(key, domain).into_iter().collect()
    };
    let (values, reason) = match fields.as_slice() {
        [_, _, ..] => ("these values", "is part of a duplicate: another record has these values together"),
        _ => ("this value", "is a duplicate: another record has this value"),
    };
    let detail = |field: &Field| FieldError { field: field.name.to_owned(), reason: reason.to_owned() };
    Error {
        details: fields.into_iter().map(detail).collect(),
        sqlstate: Some(sqlstate.to_owned()),
        ..Error::new(
            ErrorCode::Conflict,
            format!("a record of `{}` with {values} exists already", domain.name),
        )
    }
}

/// The field of a unique key: a field that the template calls unique, and whose column is the key's name, or ends it
/// after a `_`. For other fields a name proves nothing: the name of a key over several columns ends with the last of
/// them.
fn named_in(key: &str, domain: &Domain) -> Option<&'static Field> {
    let matches =
        |column: &str| key == column || key.strip_suffix(column).is_some_and(|rest| rest.ends_with('_'));
    let fields = domain.fields.iter().filter(|field| field.unique && matches(field.column));
    fields.max_by_key(|field| field.column.len())
}
