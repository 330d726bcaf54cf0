//! What any bytes of a client become, without servers: `cargo xtask fuzz`.
//!
//! A case is the bytes of a delivery. It goes the way of every delivery, through the envelope of the bus and the service
//! of the templates' domains, to databases that do every plan at once. Nothing may panic or hang; whoever waits gets a
//! reply of the protocol's form, the rest is done or a dead letter, and no answer blames the node.
//!
//! - `json`: JSON as text, right and wrong; `properties`: those of a delivery, as RabbitMQ writes them; `requests`:
//!   bodies for the domains there are.
//! - [`Target`]: what is tried. Each case is made of a seed and a number, so that a failure can be tried again.
//! - [`Node`]: the service, and what must hold.
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
