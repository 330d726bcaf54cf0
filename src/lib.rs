//! The domains of this node, generated from `templates/*_rec.toml`, and their static factory.
//!
//! A project of one's own is this file, a `main.rs` of a few lines, a `build.rs` of one, and templates.

/// One module and one struct a template; [`domains::Domains`] is the factory over them.
pub mod domains {
    include!(concat!(env!("OUT_DIR"), "/beds.rs"));
}
