//! The work of BEDS that is not a plain domain's: the functions behind hand-written calls of the templates that are shipped,
//! and what those stand on.
//!
//! - [`fleet`]: the nodes, as one of them knows them, and commands to them. [`node`]: the calls of the template `node`.
//! - [`catalogue`]: the call of the template `catalogue`, which tells what there is to ask for.
//! - [`letters`]: the calls of the template `dead`: what could not be answered.
//! - [`health`]: the call of the template `fleet` that judges all nodes.
//! - [`users`], [`sessions`]: what is behind the calls of the templates `user` and `session`, whichever objects those have.
//!   `passwords` hashes and compares, `ask` makes the calls of a domain; [`Tercero`] is the section of the configuration.
//! - [`graph`]: what nodes count of themselves, as series and as pictures.
//! - [`syslog`]: what senders of syslog say, by the network and over the bus.
//! - [`Purge`]: what becomes of records that are too old.
//! - [`jobs`]: work that takes longer than a request, and what works at it. [`migration`]: the jobs behind the template `migration`.
//! - [`archive`]: records in files that can be read without BEDS, and the filesystem that they are on. [`cool`]: the jobs and calls
//!   behind the template `cool`, which make archives, read them and put records back.
//! - [`warehouse`]: the jobs and calls behind the template `warehouse`, which move old records into another database and back.
//! - [`SessionCheck`], in `known`: knows sessions by their tokens, on every node.
//!
//! This crate names neither the bus nor a driver: what it needs of them, it is given.

mod accounts;
pub mod archive;
mod ask;
pub mod catalogue;
pub mod cool;
pub mod fleet;
pub mod graph;
pub mod health;
pub mod jobs;
mod known;
pub mod letters;
mod lifecycle;
pub mod migration;
pub mod node;
mod passwords;
pub mod sessions;
mod settings;
pub mod syslog;
pub mod users;
pub mod warehouse;

pub use accounts::Accounts;
pub use known::{Forget, SessionCheck};
pub use lifecycle::Purge;
pub use settings::{SharedFilesystem, Tercero};
