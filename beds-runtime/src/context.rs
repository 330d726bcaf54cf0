//! [`Context`]: what an operation knows of the request that it answers, besides the body.

use std::sync::Arc;

use beds_protocol::Lane;
use tokio::time::Instant;

use crate::{adapters::Engines, config::Limits};

/// The circumstances of one request.
#[derive(Debug, Clone)]
pub struct Context {
    /// The databases of the node.
    pub engines: Arc<Engines>,
    /// Bounds on what one request may ask.
    pub limits: Arc<Limits>,
    /// The moment after which no answer is wanted.
    pub deadline: Instant,
    /// Names the request in logs and error replies.
    pub request_id: String,
    /// Whether it came to a read or a write queue.
    pub lane: Lane,
}
