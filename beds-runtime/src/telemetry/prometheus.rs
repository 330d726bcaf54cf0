//! The text format of Prometheus, version 0.0.4.

use std::fmt::{self, Display, Formatter, Write as _};

use beds_core::meter::{Family, Kind, Sample, Samples, Value};

/// The type of the text.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All families, each with its samples.
pub(crate) fn text(samples: &Samples) -> String {
    let mut text = String::with_capacity(64 * 1024);
    for (family, samples) in samples.families() {
        // Writing into a string does not fail.
        let _ = write_family(&mut text, family, samples);
    }
    text
}

fn write_family(text: &mut String, family: &Family, samples: &[Sample]) -> fmt::Result {
    let Family { name, kind, help } = family;
    let kind = match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
    for Sample { labels, value } in samples {
        match value {
            Value::Number(number) => writeln!(text, "{name}{} {number}", Labels(labels, None))?,
            Value::Histogram(histogram) => {
                for (bound, count) in &histogram.buckets {
                    writeln!(text, "{name}_bucket{} {count}", Labels(labels, Some(*bound)))?;
                }
                let all = Labels(labels, Some(f64::INFINITY));
                writeln!(text, "{name}_bucket{all} {}", histogram.count)?;
                writeln!(text, "{name}_sum{} {}", Labels(labels, None), histogram.sum)?;
                writeln!(text, "{name}_count{} {}", Labels(labels, None), histogram.count)?;
            }
        }
    }
    Ok(())
}

/// The labels of a sample, and the upper bound of a bucket.
struct Labels<'a>(&'a [(&'static str, String)], Option<f64>);

impl Display for Labels<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(labels, bound) = self;
        if labels.is_empty() && bound.is_none() {
            return Ok(());
        }
        let mut sign = '{';
        for (name, value) in *labels {
            write!(f, "{sign}{name}=\"")?;
            for letter in value.chars() {
                match letter {
                    '\\' => f.write_str("\\\\")?,
                    '"' => f.write_str("\\\"")?,
                    '\n' => f.write_str("\\n")?,
                    other => f.write_char(other)?,
                }
            }
            f.write_char('"')?;
            sign = ',';
        }
        match bound {
            Some(bound) if bound.is_infinite() => write!(f, "{sign}le=\"+Inf\"}}"),
            Some(bound) => write!(f, "{sign}le=\"{bound}\"}}"),
            None => f.write_char('}'),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use beds_core::meter::Histogram;

    use super::*;

    static COUNTER: Family = Family::counter("a_total", "What a is.");
    static TIMES: Family = Family::histogram("b_seconds", "What b is.");

    #[test]
    fn families_are_shown_as_prometheus_reads_them() {
        let times = Histogram::seconds();
        times.took(Duration::from_millis(2));
        let mut samples = Samples::default();
        samples.histogram(&TIMES, &[("of", "x")], &times);
        samples.count(&COUNTER, &[], 3);
        samples.count(&COUNTER, &[("name", "say \"\\\n")], 4);
        let text = text(&samples);
        assert!(
            text.starts_with(
                "# HELP b_seconds What b is.\n# TYPE b_seconds histogram\nb_seconds_bucket{of=\"x\",le=\"0.0001\"} 0\n"
            ),
            "{text}"
        );
        let end = "b_seconds_bucket{of=\"x\",le=\"+Inf\"} 1\nb_seconds_sum{of=\"x\"} 0.002\n\
            b_seconds_count{of=\"x\"} 1\n# HELP a_total What a is.\n# TYPE a_total counter\na_total 3\n\
            a_total{name=\"say \\\"\\\\\\n\"} 4\n";
        assert!(text.ends_with(end), "{text}");
        assert!(text.contains("b_seconds_bucket{of=\"x\",le=\"0.0025\"} 1\n"), "{text}");
    }
}
