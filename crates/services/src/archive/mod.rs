//! Archives of records on a shared filesystem, which can be read without BEDS.
//!
//! An archive is a folder:
//!
//! - `000001.ndjson.zst`, `000002.ndjson.zst`, …: the segments. Each line is one record, in its form on the wire.
//! - `manifest.json`: the list of the segments ([`Manifest`]).
//! - `BLAKE3SUMS`: the digests of all these files, as `b3sum --check BLAKE3SUMS` reads them.
//!
//! [`Writer`] makes an archive segment by segment, so that another node can continue after a node died. A folder
//! without `BLAKE3SUMS` is not finished. [`Archive`] reads finished archives only, and checks the digest of each file
//! before using its content. [`probe`] checks whether a filesystem can hold archives. All functions here block on the
//! filesystem: callers keep them off the threads that serve requests.

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
