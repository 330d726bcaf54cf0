//! How long a reply may be.

use beds_core::{Error, Outcome, Result};

/// The outcome, where its reply is no longer than that.
pub(crate) fn bounded(outcome: Outcome, bytes_max: usize) -> Result<Outcome> {
    fits(outcome.size(), bytes_max).map(|()| outcome)
}

/// Refuses what would be answered with a longer reply, before it is done. A duplicate of what was done is not asked: this is
/// judged behind the claim.
pub(crate) fn fits(size: usize, bytes_max: usize) -> Result<()> {
    if size > bytes_max { Err(Error::reply_too_large(bytes_max)) } else { Ok(()) }
}

/// The outcome of what is done, with a note, where the reply has room for it: a note must not turn it into an error.
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
