//! How a node finds sessions: by their tokens, in the database, and for a while in memory.

mod cache;
mod check;
mod token;

pub use self::{cache::Forget, check::SessionCheck};

pub(crate) use self::token::Token;
