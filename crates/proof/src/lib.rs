//! Proofs of a proposal on scratch servers, and the application of an approved proposal to a database.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`prove`] | runs the gates that need servers, in their order |
//! | `scratch` | servers and a database that nothing real is on |
//! | `node` | builds a node with the proposal's templates, and runs it |
//! | `conformance` | asks that node over AMQP what its templates promise |
//! | `samples` | has that node create what was handed in |
//! | `plans` | how filters and sorts are answered among many records |
//! | `migration` | old records that a plan carries over |
//! | `back` | what goes back to a language model of a gate that it did not pass |
//! | [`apply`] | runs what a DBA signed, where nothing of it is there yet |
//!
//! The crate must never run a statement in a real database without an [`beds_design::boundary::Approved`].

pub mod apply;
mod asking;
mod back;
mod conformance;
mod fill;
mod grants;
mod hand;
mod migration;
mod node;
mod plans;
pub mod prove;
mod samples;
mod scratch;
mod value;
mod world;

pub use hand::Place;
pub use node::Sources;
pub use samples::Sample;
pub use scratch::Servers;
