//! The domains of this node, generated from `templates/*_rec.toml`, and their static factory.
//!
//! A project of your own consists of this file, a `main.rs` of a few lines, a `build.rs` of one line, and templates.

/// One module and one struct for each template. [`domains::Domains`] is the factory over them.
pub mod domains {
    include!(concat!(env!("OUT_DIR"), "/beds.rs"));
}
