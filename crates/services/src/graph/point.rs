//! [`Point`]: what a series is made of, and [`Wanted`]: which are wanted.

use beds_protocol::value::DateTime;
use serde::{Deserialize, Serialize};

/// Which points are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What is counted.
    pub name: String,
    /// Of which node; of all together where it is none.
    pub node: Option<String>,
    /// Since when.
    pub from: DateTime,
    /// Until when.
    pub to: DateTime,
    /// For how many seconds a point stands.
    pub step: Option<i64>,
}

/// What was counted in the time for which a point stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Since when.
    pub at: DateTime,
    /// The least.
    pub min: f64,
    /// The average of all samples.
    pub avg: f64,
    /// The greatest.
    pub max: f64,
    /// How many samples there are of it.
    pub count: i64,
}
