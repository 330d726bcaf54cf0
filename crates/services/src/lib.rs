//! The work of BEDS that is not a plain domain's: the functions behind hand-written calls of the templates that are shipped,
//! and what those stand on.
//!
//! This crate names neither the bus nor a driver: what it needs of them, it is given.
//! - [`fleet`]: the nodes, as one of them knows them, and commands to them.
//! - [`node`]: the calls of the template `node`.

pub mod fleet;
pub mod node;
