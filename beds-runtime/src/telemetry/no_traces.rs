//! Replaces traces if the node is built without them.

use std::sync::Arc;

use beds_core::stages::Tracer;
use tracing::Subscriber;
use tracing_subscriber::{Layer, layer::Identity};

use crate::config::Telemetry;

/// There are no traces.
#[derive(Debug)]
pub(crate) enum Traces {}

impl Traces {
    pub(crate) fn open(config: &Telemetry, _: &str) -> Result<Option<Self>, String> {
        match config.endpoint {
            None => Ok(None),
            Some(_) => {
                Err("telemetry.endpoint: this node is built without the feature `otlp` of beds-runtime"
                    .to_owned())
            }
        }
    }

    pub(crate) fn layer<S: Subscriber>(&self) -> impl Layer<S> + Send + Sync + use<S> {
        Identity::new()
    }

    pub(crate) fn tracer(&self) -> Arc<dyn Tracer> {
        match *self {}
    }

    pub(crate) fn shutdown(&self) {}
}
