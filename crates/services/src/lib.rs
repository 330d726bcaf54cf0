//! The services of BEDS beside the plain domains, and the functions behind those of its own domains.
//!
//! - [`NodeService`]: a [`beds_core::service::Service`] that the broker pool serves as it does the templates' domains.
//! - [`users`], [`sessions`]: what is behind the calls of the templates `user` and `session`, whichever objects those have.
//!   `passwords` hashes and compares, `ask` makes the calls of a domain; [`Tercero`] is the section of the configuration.
//! - [`SessionCheck`], in `known`: knows sessions by their tokens, on every node.
//!
//! This crate names neither the bus nor a driver: a service is given what it needs when it is made.

mod accounts;
mod ask;
mod known;
mod node;
mod passwords;
pub mod sessions;
mod settings;
pub mod users;

pub use accounts::Accounts;
pub use known::{Forget, SessionCheck};
pub use node::NodeService;
pub use settings::Tercero;
