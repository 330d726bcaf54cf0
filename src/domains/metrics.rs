//! The Rust functions behind calls of the template `metric`, which names this file as its `module`: the node's own, on this
//! project's objects.

use beds_runtime::{
    Context, Result,
    protocol::value::DateTime,
    services::graph::{self, Point, Wanted},
};

use super::Metric;

/// `metric.call.series`
///
/// # Errors
/// `validation_failed` where the moments or the step do not fit together, or nothing of this name is counted.
pub async fn series(
    cx: &Context,
    name: String,
    node: Option<String>,
    from: DateTime,
    to: DateTime,
    step: Option<i64>,
) -> Result<Vec<Point>> {
    graph::series::<Metric>(cx, &Wanted { name, node, from, to, step }).await
}

/// `metric.call.chart`
///
/// # Errors
/// As [`series`].
pub async fn chart(
    cx: &Context,
    name: String,
    node: Option<String>,
    from: DateTime,
    to: DateTime,
    step: Option<i64>,
) -> Result<String> {
    graph::chart::<Metric>(cx, &Wanted { name, node, from, to, step }).await
}
