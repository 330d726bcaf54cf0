//! The work of BEDS beyond plain domains: the functions behind hand-written calls of the templates that are shipped,
//! and their foundations.
//!
//! - [`fleet`]: one node's view of all nodes, and commands to them. [`node`]: the calls of the template `node`.
//! - [`catalogue`]: the call of the template `catalogue`, which lists the templates that a caller can use.
//! - [`letters`]: the calls of the template `dead`, for requests that could not be answered.
//! - [`health`]: the call of the template `fleet` that judges all nodes.
//! - [`users`], [`sessions`]: the functions behind the calls of the templates `user` and `session`, whichever objects
//!   those have. `passwords` hashes and compares, `ask` makes the calls of a domain, [`Tercero`] is the section of the
//!   configuration.
//! - [`graph`]: the metrics of nodes, as series and as pictures.
//! - [`syslog`]: the messages of syslog senders, from the network and over the bus.
//! - [`Purge`]: deletes records that are too old.
//! - [`jobs`]: work that takes longer than a request, and its workers. [`migration`]: the jobs behind the template
//!   `migration`.
//! - [`archive`]: records in files that can be read without BEDS, and the filesystem of those files. [`cool`]: the jobs
//!   and calls behind the template `cool`, which make archives, read them and restore records.
//! - [`warehouse`]: the jobs and calls behind the template `warehouse`, which move old records into another database and back.
//! - [`SessionCheck`], in `known`: finds sessions by their tokens, on every node.
//!
//! This crate names neither the bus nor a driver: the node passes in what it needs of them.

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
