//! [`Unshown`]: the cells of a reply that the wire cannot express.
//!
//! A date of 1987-00-00, a decimal that is not a number, JSON that cannot be parsed: databases hold more than the
//! wire's types can express. Such a cell is null in the reply. The note of the reply and a line in the log name it.

use std::fmt::Display;

use crate::{error::shortened, spec::Field, unnamed::Members};

/// How many cells a note describes; the others are only counted.
const DESCRIBED_MAX: usize = 3;
/// How many characters of a stored value a note repeats.
const STORED_CHARS_MAX: usize = 40;

/// How many characters of a path a note repeats: a path has stored names in it.
const PLACE_CHARS_MAX: usize = 200;

fn bounded(place: impl Display) -> String {
    shortened(place.to_string(), PLACE_CHARS_MAX)
}

/// Collects the cells of one reply that cannot be shown.
#[derive(Debug, Default)]
pub struct Unshown {
    described: Vec<String>,
    count: usize,
    unnamed: Members,
}

impl Unshown {
    /// Adds a cell of a field. `place` is its path in the reply, such as `data[3].born`; `stored` is the stored value;
    /// `reason` says why the wire cannot show it, such as "is not a date".
    ///
    /// The value of a sensitive field is not repeated.
    pub fn add(&mut self, place: impl Display, field: &Field, stored: impl Display, reason: &str) {
        if field.sensitive {
            self.add_hidden(place, reason);
        } else {
            self.add_undeclared(place, stored, reason);
        }
    }

    /// Adds a cell of a result that no template describes.
    pub fn add_undeclared(&mut self, place: impl Display, stored: impl Display, reason: &str) {
        self.push(|| {
            let stored = stored.to_string();
            let stored = if stored.is_empty() { "an empty text" } else { stored.as_str() };
            let cut: String = stored.chars().take(STORED_CHARS_MAX).collect();
            let dots = if cut.len() < stored.len() { "…" } else { "" };
            format!("{} holds {cut}{dots}, which {reason}", bounded(place))
        });
    }

    /// Adds a cell whose value must not be repeated.
    pub fn add_hidden(&mut self, place: impl Display, reason: &str) {
        self.push(|| format!("{} {reason}", bounded(place)));
    }

    /// Adds a member of an object that no field names, by its path in the reply. The reply leaves the member out, and
    /// no note mentions it.
    pub fn add_unnamed(&mut self, place: impl Display) {
        if !self.unnamed.is_full() {
            let place = place.to_string();
            // The path within the record, wherever the record is in the reply: `data[3].place.floor` is `place.floor`.
            self.unnamed.add(bounded(place.split_once('.').map_or(&*place, |(_, path)| path)));
        }
    }

    /// The members that were added since the last call.
    pub fn take_unnamed(&mut self) -> Members {
        std::mem::take(&mut self.unnamed)
    }

    fn push(&mut self, describe: impl FnOnce() -> String) {
        self.count += 1;
        if self.described.len() < DESCRIBED_MAX {
            self.described.push(describe());
        }
    }

    /// Whether every cell could be shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The sentence for [`Outcome::unshown`](crate::Outcome::unshown); `None` if every cell could be shown.
    #[must_use]
    pub fn into_note(self) -> Option<String> {
        let cells = self.described.join("; ");
        match self.count {
            0 => None,
            1 => Some(format!("a value that cannot be shown is null: {cells}")),
            count => {
                let more = count - self.described.len();
                let others = if more > 0 { format!("; and {more} more") } else { String::new() };
                Some(format!("{count} values that cannot be shown are null: {cells}{others}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Type;

    const BORN: Field = Field::new("born", "born", Type::Date);
    const SECRET: Field = Field::new("born", "born", Type::Date).sensitive();

    #[test]
    fn a_note_describes_the_first_and_counts_the_others() {
        assert_eq!(Unshown::default().into_note(), None);
        let mut one = Unshown::default();
        one.add("data.born", &BORN, "1987-00-00", "is not a date");
        assert_eq!(
            one.into_note().unwrap(),
            "a value that cannot be shown is null: data.born holds 1987-00-00, which is not a date"
        );
        let mut many = Unshown::default();
        many.add("data[0].born", &SECRET, "1987-00-00", "is not a date");
        for index in 1..6 {
            many.add(format_args!("data[{index}].born"), &BORN, "x".repeat(50), "is not a date");
        }
        let note = many.into_note().unwrap();
        assert!(
            note.starts_with("6 values that cannot be shown are null: data[0].born is not a date; "),
            "{note}"
        );
        assert!(
            note.contains(&format!("data[2].born holds {}…, which is not a date", "x".repeat(40))),
            "{note}"
        );
        assert!(note.ends_with("; and 3 more"), "{note}");
    }
}
