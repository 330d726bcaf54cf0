//! How long a reply may be.

use beds_core::{Error, Outcome, Result};

/// The outcome, where its reply is no longer than that.
pub(crate) fn bounded(outcome: Outcome, bytes_max: usize) -> Result<Outcome> {
    if outcome.size() > bytes_max {
        return Err(Error::reply_too_large(bytes_max));
    }
    Ok(outcome)
}
