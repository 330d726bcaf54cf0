//! Pieces of SQL for MariaDB.

use crate::{emit::quoted, model::Field};

/// The columns of these fields, with commas between.
pub(super) fn columns<'d>(fields: impl Iterator<Item = &'d Field>) -> String {
    fields.map(|field| quoted(&field.column)).collect::<Vec<_>>().join(", ")
}

/// A text as a constant.
pub(super) fn string(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n").replace('\0', "\\0"))
}

/// A column qualified with its table, so that no parameter hides it.
pub(super) fn of_table(table: &str, field: &Field) -> String {
    format!("{}.{}", quoted(table), quoted(&field.column))
}
