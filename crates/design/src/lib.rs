//! Objects from a description. A model says, as structured data and not as a script, what a domain has and what clients
//! may do with it. Only objects that are rendered from a model, proved, and signed by a DBA run in a database.
//!
//! | module | takes | gives |
//! | --- | --- | --- |
//! | [`model`] | JSON of anybody | a [`model::Model`], or every fault with its path |
//! | [`gate`] | what a model wrote itself: bodies of procedures, pipelines | the same, written anew from what was understood, or why not |
//! | [`render`] | a model | templates, objects, grants: always the same bytes |
//! | [`plan`] | a model, and the templates whose place it takes | migrations of the old records |
//! | [`converse`] | a wish in words | a model, from an endpoint that is asked until the gates let an answer through |
//! | [`proposal`] | a model and what is known of it | a folder with a hash over every byte |
//! | [`boundary`] | a folder, and a DBA's key | a signature; and back, the proposal that may be run |
//!
//! The crate opens no connection to a database and knows no driver. It depends only on the template compiler.

pub mod boundary;
pub mod converse;
pub mod fault;
pub mod gate;
mod json;
pub mod model;
mod names;
pub mod plan;
pub mod proposal;
pub mod render;

pub use fault::{Fault, Faults};
