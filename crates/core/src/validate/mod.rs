//! Checks JSON against the template. The result is values, or errors that name each field.
//!
//! This runs before any database is touched, and collects every error of a request.

pub(crate) mod record;
pub(crate) mod scalar;

use beds_protocol::FieldError;

use crate::error::{DETAILS_MAX, Error, Result, shortened};

/// Collects the mistakes in the fields of one request: a bounded number of bounded texts, since a client may send any
/// number of long names.
#[derive(Debug, Default)]
pub struct Errors {
    details: Vec<FieldError>,
    count: usize,
}

/// The longest path of a field, and the longest reason.
const DETAIL_CHARACTERS_MAX: usize = 400;

impl Errors {
    /// Adds a mistake of the field at this path: the end of the sentence "the field …".
    pub fn push(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.count += 1;
        if self.details.len() < DETAILS_MAX {
            let short = |text: String| shortened(text, DETAIL_CHARACTERS_MAX);
            self.details.push(FieldError { field: short(field.into()), reason: short(reason.into()) });
        }
    }

    /// How many mistakes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether there is a mistake of this field.
    #[must_use]
    pub fn names(&self, field: &str) -> bool {
        self.details.iter().any(|detail| detail.field == field)
    }

    /// The result of a validation that gave `value`.
    ///
    /// # Errors
    /// `validation_failed`, if there is any mistake.
    pub fn or<T>(self, value: T) -> Result<T> {
        match self.count {
            0 => Ok(value),
            count => Err(Error::validation(self.details, count)),
        }
    }
}
