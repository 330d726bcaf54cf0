//! Rows to JSON. A cell that the wire cannot show is null, and is noted.

use std::fmt::Display;

use sqlx::{Column as _, Row as _, mysql::MySqlRow};

use beds_core::{
    mask,
    spec::{Domain, Field, Type},
    unshown::Unshown,
    value::{write_name, write_text},
};

use super::{Raw, Reason, as_it_comes, out, parts::Part, show, show_parts, text};

/// JSON that grows, and a note of the values that cannot be shown.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) json: Vec<u8>,
    pub(crate) unshown: Unshown,
    /// Whether cells without a field may be sensitive. Notes then do not repeat them.
    is_secret: bool,
}

impl Reply {
    /// With room for so many bytes.
    pub(crate) fn sized(bytes: usize) -> Self {
        Self { json: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// For a call of this domain.
    pub(crate) fn of_call(domain: &Domain) -> Self {
        Self { is_secret: mask::has_sensitive(domain), ..Self::default() }
    }

    /// Appends an object of a row, whose columns are these fields. `place` is its path in the reply.
    pub(crate) fn record(
        &mut self,
        row: &MySqlRow,
        fields: impl IntoIterator<Item = &'static Field>,
        place: &dyn Display,
    ) -> Result<(), sqlx::Error> {
        self.object(fields, place, |index| Raw::of(row, index))
    }

    /// The same for a row of OUT parameters.
    pub(crate) fn outs(
        &mut self,
        row: &MySqlRow,
        fields: impl IntoIterator<Item = &'static Field>,
        place: &dyn Display,
    ) -> Result<(), sqlx::Error> {
        self.object(fields, place, |index| out(row, index))
    }

    fn object<'r>(
        &mut self,
        fields: impl IntoIterator<Item = &'static Field>,
        place: &dyn Display,
        cell: impl Fn(usize) -> Result<Option<Raw<'r>>, sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        self.json.push(b'{');
        for (column, field) in fields.into_iter().enumerate() {
            write_name(&mut self.json, column == 0, field.name);
            let shown = match cell(column).map_err(|error| named(error, field))? {
                None => Err(None),
                Some(cell) => {
                    let place = format_args!("{place}.{}", field.name);
                    self.show(cell, &field.ty, Part::of(&place, field)).map_err(|reason| Some((cell, reason)))
                }
            };
            if let Err(null) = shown {
                self.json.extend_from_slice(b"null");
                if let Some((cell, reason)) = null {
                    self.unshown.add(
                        format_args!("{place}.{}", field.name),
                        field,
                        stored(cell, &field.ty),
                        reason,
                    );
                }
            }
        }
        self.json.push(b'}');
        Ok(())
    }

    /// Appends a cell as a value of this type.
    fn show(&mut self, cell: Raw<'_>, ty: &Type, part: Part<'_>) -> Result<(), Reason> {
        match (cell, ty) {
            // As it is stored: a number may have more digits than any type here.
            (Raw::Octets(stored, _), Type::Json) => {
                show(cell, ty)?;
                self.json.extend_from_slice(stored.trim_ascii());
            }
            // Most cells are texts: they need no copy on their way.
            (Raw::Octets(stored, _), Type::String { .. } | Type::Text { .. }) => {
                write_text(&mut self.json, text(stored)?);
            }
            _ => show_parts(cell, ty, part, &mut self.unshown)?.write_json(&mut self.json),
        }
        Ok(())
    }

    /// Appends the first cell of a row, as a value of this type.
    pub(crate) fn scalar(
        &mut self,
        row: Option<&MySqlRow>,
        ty: &Type,
        place: &dyn Display,
    ) -> Result<(), sqlx::Error> {
        match row.map_or(Ok(None), |row| Raw::of(row, 0))? {
            None => self.json.extend_from_slice(b"null"),
            Some(cell) => {
                if let Err(reason) = self.show(cell, ty, Part { place, is_hidden: self.is_secret }) {
                    self.undeclared(cell, reason, place);
                }
            }
        }
        Ok(())
    }

    /// Appends an object for a row that no template describes, by the columns' own names and types.
    pub(crate) fn as_it_comes(&mut self, row: &MySqlRow, place: &dyn Display) -> Result<(), sqlx::Error> {
        self.json.push(b'{');
        for (index, column) in row.columns().iter().enumerate() {
            write_name(&mut self.json, index == 0, column.name());
            match Raw::of(row, index)? {
                None => self.json.extend_from_slice(b"null"),
                Some(cell) => match as_it_comes(cell) {
                    Ok(value) => value.write_json(&mut self.json),
                    Err(reason) => {
                        self.undeclared(cell, reason, &format_args!("{place}.{}", column.name()));
                    }
                },
            }
        }
        self.json.push(b'}');
        Ok(())
    }

    /// Appends null for a value that belongs to no field.
    fn undeclared(&mut self, cell: Raw<'_>, reason: Reason, place: &dyn Display) {
        self.json.extend_from_slice(b"null");
        if self.is_secret {
            self.unshown.add_undeclared(place, "a value", reason);
        } else {
            self.unshown.add_undeclared(place, cell, reason);
        }
    }
}

/// The text of a cell for a note. A value that cannot be parsed may have sensitive members.
pub(super) fn stored(cell: Raw<'_>, ty: &Type) -> String {
    match (cell, ty) {
        (Raw::Octets(..) | Raw::Foreign(..), Type::Json | Type::List { .. } | Type::Object { .. }) => {
            "text".to_owned()
        }
        _ => cell.to_string(),
    }
}

/// A column's error, which names the field instead of the column's number.
fn named(error: sqlx::Error, field: &Field) -> sqlx::Error {
    match error {
        sqlx::Error::ColumnDecode { source, .. } => sqlx::Error::ColumnDecode {
            index: format!("`{}` of the field `{}`", field.column, field.name),
            source,
        },
        error => error,
    }
}
