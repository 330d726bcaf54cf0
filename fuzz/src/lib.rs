//! Tries arbitrary bytes from clients, without servers: `cargo xtask fuzz`.
//!
//! A case is the bytes of a delivery. It goes the way of every delivery: through the envelope of the bus and the
//! service of the templates' domains, to databases that do every plan at once. Nothing may panic or hang. A client that
//! waits gets a reply in the form of the protocol. Every other case is done or becomes a dead letter. No answer blames
//! the node.
//!
//! - `json`: JSON as text, right and wrong; `properties`: those of a delivery, as RabbitMQ writes them; `requests`:
//!   bodies for the existing domains.
//! - [`Target`]: what is tried. Each case is made from a seed and a number, so that a failure can be repeated.
//! - [`Node`]: the service, and the conditions that must hold.
//! - [`run`]: many cases, each within its time.

mod json;
mod node;
mod properties;
mod requests;
mod run;
mod target;

pub use node::{Counts, Node};
pub use run::{Failure, run};
pub use target::{Case, Target};
