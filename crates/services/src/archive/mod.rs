//! Archives of records on a shared filesystem, which can be read without BEDS.
//!
//! An archive is a folder:
//!
//! - `000001.ndjson.zst`, `000002.ndjson.zst`, …: the segments. Each has one record a line, as the wire shows it.
//! - `manifest.json`: what is in them ([`Manifest`]).
//! - `BLAKE3SUMS`: the digests of all these files, as `b3sum --check BLAKE3SUMS` reads them.
//!
//! [`Writer`] makes one segment by segment, so that another node can go on where one has died. A folder without
//! `BLAKE3SUMS` is not finished. [`Archive`] reads what is finished, and nothing of it before its digest is compared.
//! [`probe`] tells whether a filesystem can have archives. Everything here waits for the filesystem: callers keep it off the threads that serve requests.

mod fault;
mod files;
mod filesystem;
mod key;
mod manifest;
mod reader;
mod writer;

pub use fault::{Fault, FaultKind};
pub use filesystem::{Filesystem, begin, identity, probe};
pub use key::Key;
pub use manifest::{About, Manifest, Segment};
pub use reader::{Archive, Damage, Scrubbed};
pub use writer::Writer;

#[cfg(test)]
mod tests;
