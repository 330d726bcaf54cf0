//! [`Items`]: the outcome of a batch whose items are one job.

use crate::{
    error::{Error, Result},
    outcome::Outcome,
};

/// The outcomes of an atomic batch's items, joined as they come.
#[derive(Debug, Clone, Default)]
pub struct Items(Vec<u8>);

impl Items {
    /// The outcome of a batch whose items have these outcomes.
    #[must_use]
    pub fn together<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Outcome {
        let mut items = Self::default();
        for outcome in outcomes {
            items.add(outcome);
        }
        items.finish()
    }

    /// Adds the outcome of the next item.
    ///
    /// # Errors
    /// `too_large`, if the items are longer than a reply may be.
    pub fn push(&mut self, outcome: &Outcome, bytes_max: usize) -> Result<()> {
        self.add(outcome);
        // This includes the missing bracket, and the members around the items.
        let size = self.0.len() + 1 + Outcome { items: Some(Vec::new()), ..Outcome::default() }.size();
        if size > bytes_max { Err(Error::reply_too_large(bytes_max)) } else { Ok(()) }
    }

    fn add(&mut self, outcome: &Outcome) {
        self.0.push(if self.0.is_empty() { b'[' } else { b',' });
        self.0.extend(outcome.encode());
    }

    /// The outcome of the batch.
    #[must_use]
    pub fn finish(mut self) -> Outcome {
        if self.0.is_empty() {
            self.0.push(b'[');
        }
        self.0.push(b']');
        Outcome { items: Some(self.0), ..Outcome::default() }
    }
}
