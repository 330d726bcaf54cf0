//! Graph: the metrics of nodes, as series and as pictures.
//!
//! [`Sampler`] makes a sample of the counts since the last sample. [`series`] and [`chart`] implement the calls of the
//! template `metric`. [`Upkeep`] deletes old samples. The domain's own calls, `add`, `points` and `purge`, do the rest.

mod chart;
mod point;
mod sample;
mod series;
mod settings;
mod upkeep;

pub use point::{Point, Wanted};
pub use sample::{EVERY, NAMES, Sample, Sampler, Taken};
pub use series::{chart, series};
pub use settings::Graph;
pub use upkeep::Upkeep;
