//! Validates requests against their domain, and makes plans of them. An error lists every mistake.
//!
//! Every name in a request is looked up in the template here. Later code sees only field indices and values. Generated
//! code calls one of these functions for each operation that a template offers.

mod call;
mod declared;
mod describe;
mod filter;
mod finite;
mod method;
mod read;
mod twice;
mod which;
mod write;

pub use call::call;
pub use describe::describe;
pub use method::{Arguments, gives, method};
pub use read::{count, fetch};
pub use twice::refuse_same_key;
pub(crate) use write::procedure;
pub use write::{create, delete, update, upsert};
