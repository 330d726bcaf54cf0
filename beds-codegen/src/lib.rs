//! The BEDS template compiler: `templates/*_rec.toml` in, Rust that `beds_runtime` runs out.
//!
//! It works in ordered stages. Each is a module named after its verb, and imports go one way only, downwards:
//!
//! | stage | takes | gives |
//! | --- | --- | --- |
//! | [`load`] | folders and files | [`span::Sources`], every text that a report may point into |
//! | [`parse`] | one text | a [`tree::Table`]: keys and values with their places |
//! | [`raw`] | the tree | a [`raw::RawTemplate`]: what was written, leaf by leaf with its place |
//! | [`validate`] | the raw template | a [`model::Domain`]: what is valid; impossible states are absent from it |
//! | [`resolve`] | all domains | nothing but errors: what only shows when the templates are seen together |
//! | `functions` | all domains | errors of the same kind: calls whose Rust function is not there |
//! | [`emit`] | valid domains | Rust text; it cannot fail |
//!
//! [`mod@derive`] builds the same tree from a struct's attributes, so that hand-written domains go through the same
//! stages.
//!
//! Every stage adds its errors to one [`diagnostic::Errors`] and goes on, so that one run reports everything. A broken
//! part is marked as broken, and references to it are not reported: one mistake, one message.
//!
//! The crate knows names and shapes of database objects, never a database: it opens no connection and must not depend
//! on a driver or on the runtime. Start reading at [`Compiler`].

mod aggregation;
pub mod catalogue;
pub mod code;
mod compiler;
pub mod derive;
pub mod diagnostic;
pub mod diff;
mod duration;
pub mod emit;
mod expand;
mod explain;
mod fingerprint;
mod foreign;
pub mod front;
mod functions;
mod json;
mod letters;
pub mod load;
mod meant;
pub mod mend;
pub mod model;
mod names;
mod output;
pub mod parse;
mod part;
mod project;
pub mod propose;
pub mod raw;
pub mod report;
pub mod resolve;
pub mod span;
pub mod tree;
pub mod validate;

pub use code::Code;
pub use compiler::{Compiler, Output, RunError};
pub use expand::expand;
pub use explain::{Explanation, explain, explain_all};
pub use output::Generated;
pub use report::Report;
