//! Checks JSON against the template: it becomes values, or errors that name each field.
//!
//! This runs before any database is touched, and collects every error of a request.

pub(crate) mod record;
pub(crate) mod scalar;

use beds_protocol::FieldError;

use crate::error::{DETAILS_MAX, Error, Result, shortened};

/// Collects what is wrong with the fields of one request: a bounded number of bounded texts, since a client may have
/// sent any number of pages as names.
#[derive(Debug, Default)]
pub struct Errors {
    details: Vec<FieldError>,
    count: usize,
}

/// Of a field's path and of a reason.
const DETAIL_CHARACTERS_MAX: usize = 400;

impl Errors {
    /// Adds one, about the field at this path: the end of the sentence "the field …".
    pub fn push(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.count += 1;
        if self.details.len() < DETAILS_MAX {
            let short = |text: String| shortened(text, DETAIL_CHARACTERS_MAX);
            self.details.push(FieldError { field: short(field.into()), reason: short(reason.into()) });
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether one is about this field.
    #[must_use]
    pub fn names(&self, field: &str) -> bool {
        self.details.iter().any(|detail| detail.field == field)
    }

    /// The result of a validation that gave `value`.
    ///
    /// # Errors
    /// `validation_failed`, where anything was pushed.
    pub fn or<T>(self, value: T) -> Result<T> {
        match self.count {
            0 => Ok(value),
            count => Err(Error::validation(self.details, count)),
        }
    }
}
