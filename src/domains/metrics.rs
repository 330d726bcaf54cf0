//! The Rust functions behind calls of the template `metric`, which names this file as its `module`. The functions are
//! those of the node, and the objects are those of this project.

use beds_runtime::{
    Context, Result,
    protocol::value::DateTime,
    services::graph::{self, Point, Wanted},
};

use super::Metric;

/// `metric.call.series`
///
/// # Errors
/// `validation_failed` if the times and the step do not fit together, or no metric has this name.
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
