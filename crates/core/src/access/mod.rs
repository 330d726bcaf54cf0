//! Callers and their rights: the one place that judges `[access]`.
//!
//! [`Rules`] make a [`Caller`] of a request. `Allowed` is what the template lets the caller do in one operation.
//! [`crate::operation`] plans by it, so that no plan reaches more than it allows. `conceal` takes out of replies what a
//! database says of fields that the caller does not see.

mod allowed;
mod caller;
pub(crate) mod conceal;
mod judged;

pub(crate) use allowed::Allowed;
pub use caller::{Caller, Rules, Sessions, Standing};
pub use judged::Judged;

/// The values of a request that a procedure or a call takes.
pub(crate) use caller::asked;
