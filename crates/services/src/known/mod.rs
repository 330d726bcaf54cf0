//! How a node knows sessions: by their tokens, from the database, and for a while from memory.

mod cache;
mod check;
mod token;

pub use self::{cache::Forget, check::SessionCheck};

pub(crate) use self::token::Token;
