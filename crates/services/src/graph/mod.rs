//! Graph: what nodes count of themselves, as series and as pictures.
//!
//! [`Sampler`] makes a sample of what has been counted since the last one; [`series`] and [`chart`] are behind the calls of the
//! template `metric`, [`Upkeep`] takes away what is too old. The domain's own calls, `add`, `points` and `purge`, do the rest.

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
