//! [`Point`]: an element of a series, and [`Wanted`]: the points that a request asks for.

use beds_protocol::value::DateTime;
use serde::{Deserialize, Serialize};

/// The points that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name of the metric.
    pub name: String,
    /// The node; `None` for all nodes together.
    pub node: Option<String>,
    /// The beginning.
    pub from: DateTime,
    /// The end.
    pub to: DateTime,
    /// The length of a point in seconds.
    pub step: Option<i64>,
}

/// The values of a metric in the time that a point covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The beginning of the point.
    pub at: DateTime,
    /// The least value.
    pub min: f64,
    /// The average of all samples.
    pub avg: f64,
    /// The greatest value.
    pub max: f64,
    /// The number of samples.
    pub count: i64,
}
