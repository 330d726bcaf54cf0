//! How long a reply may be.

use beds_core::{Error, Outcome, Result};

/// The outcome, if its reply is no longer than that.
pub(crate) fn bounded(outcome: Outcome, bytes_max: usize) -> Result<Outcome> {
    fits(outcome.size(), bytes_max).map(|()| outcome)
}

/// Refuses a write whose reply would be longer, before it is done. This is judged behind the claim, so a duplicate is
/// not refused.
pub(crate) fn fits(size: usize, bytes_max: usize) -> Result<()> {
    if size > bytes_max { Err(Error::reply_too_large(bytes_max)) } else { Ok(()) }
}

/// The outcome of a write that is done, with a note if the reply has room for it: a note must not turn it into an
/// error.
pub(crate) fn noted(outcome: Outcome, note: &'static str, bytes_max: usize) -> Outcome {
    let noted = outcome.clone().noted(note);
    if noted.size() > bytes_max { outcome } else { noted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_makes_no_reply_too_long() {
        let outcome = Outcome::data(b"{}".to_vec());
        let room = outcome.clone().noted("why").size();
        assert_eq!(noted(outcome.clone(), "why", room).note.as_deref(), Some("why"));
        assert_eq!(noted(outcome.clone(), "why", room - 1), outcome);
    }
}
