//! [`Samples`]: the present counts, by family and labels, for any exporter.

use super::histogram::{Histogram, Snapshot};

/// A counted quantity, with one sample for each set of its labels.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name, such as `beds_request_seconds`.
    pub name: &'static str,
    /// The kind of its numbers.
    pub kind: Kind,
    /// Its meaning, in a sentence.
    pub help: &'static str,
}

/// The kind of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// How often, since the start.
    Counter,
    /// How many, now.
    Gauge,
    /// How large, each time.
    Histogram,
}

impl Family {
    /// A family of counters.
    #[must_use]
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Counter, help }
    }

    /// A family of gauges.
    #[must_use]
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, help }
    }

    /// A family of histograms.
    #[must_use]
    pub const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Histogram, help }
    }
}

/// One number, or one histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What the sample belongs to.
    pub labels: Vec<(&'static str, String)>,
    /// What it is.
    pub value: Value,
}

/// What a sample is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a counter or a gauge.
    Number(f64),
    /// Of a histogram.
    Histogram(Snapshot),
}

/// The present counts.
#[derive(Debug, Default)]
pub struct Samples {
    families: Vec<(&'static Family, Vec<Sample>)>,
}

impl Samples {
    /// Shows a family, even if it has no sample.
    pub fn family(&mut self, family: &'static Family) -> &mut Vec<Sample> {
        let known = self.families.iter().position(|(known, _)| known.name == family.name);
        let place = known.unwrap_or_else(|| {
            self.families.push((family, Vec::new()));
            self.families.len() - 1
        });
        &mut self.families[place].1
    }

    /// A number with these labels.
    pub fn number(&mut self, family: &'static Family, labels: &[(&'static str, &str)], number: f64) {
        self.family(family).push(Sample { labels: owned(labels), value: Value::Number(number) });
    }

    /// A count with these labels.
    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 a count is rounded")]
    pub fn count(&mut self, family: &'static Family, labels: &[(&'static str, &str)], count: u64) {
        self.number(family, labels, count as f64);
    }

    /// A histogram with these labels.
    pub fn histogram(
        &mut self,
        family: &'static Family,
        labels: &[(&'static str, &str)],
        histogram: &Histogram,
    ) {
        let value = Value::Histogram(histogram.snapshot());
        self.family(family).push(Sample { labels: owned(labels), value });
    }

    /// The families, each with its samples, in the order in which they came.
    pub fn families(&self) -> impl Iterator<Item = (&'static Family, &[Sample])> {
        self.families.iter().map(|(family, samples)| (*family, samples.as_slice()))
    }
}

fn owned(labels: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}
