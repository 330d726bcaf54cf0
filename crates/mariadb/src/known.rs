//! How long it is trusted what a server said of itself.

use std::time::Duration;

/// After this time it is asked again.
pub(crate) const KEPT: Duration = Duration::from_mins(1);
