//! The points of a metric as a picture.

use beds_core::{Error, Result};
use plotters::{coord::types::RangedCoordf64, prelude::*};

use super::point::{Point, Wanted};

const WIDTH: u32 = 900;
const HEIGHT: u32 = 320;
const FONT: &str = "sans-serif";
const LINE: RGBColor = RGBColor(0x1f, 0x77, 0xb4);
/// How many steps without a point interrupt the line.
const GAP_STEPS: f64 = 2.5;

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Failed = Box<dyn std::error::Error>;

/// Draws points: the average as a line, and the range from the least to the greatest value as an area.
pub(super) fn draw(wanted: &Wanted, step: i64, points: &[Point]) -> Result<String> {
    let mut svg = String::new();
    picture(&mut svg, wanted, step, points)
        .map_err(|error| Error::internal(format!("the picture cannot be drawn: {error}")))?;
    Ok(svg)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a calendar are far below 2^53")]
fn seconds(at: beds_protocol::value::DateTime) -> f64 {
    at.0.unix_timestamp() as f64
}

fn picture(
    svg: &mut String,
    wanted: &Wanted,
    step: i64,
    points: &[Point],
) -> std::result::Result<(), Failed> {
    let area = SVGBackend::with_string(svg, (WIDTH, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let of = wanted.node.as_deref().unwrap_or("all nodes");
    let title = text_of(&format!("{}, {of}, each point {}", wanted.name, length(step)));
    let least = points.iter().map(|point| point.min).fold(0.0, f64::min);
    let greatest = points.iter().map(|point| point.max).fold(0.0, f64::max);
    // If all values are 0, the axis still needs a length.
    let greatest = if greatest > least { least + (greatest - least) * 1.05 } else { least + 1.0 };
    let (from, to) = (seconds(wanted.from), seconds(wanted.to));
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 15))
        .margin(10)
        .x_label_area_size(24)
        .y_label_area_size(60)
        .build_cartesian_2d(from..to, least..greatest)?;
    let is_long = to - from > 3.0 * 86_400.0;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(8)
        .x_label_formatter(&|at| moment(*at, is_long))
        .y_label_formatter(&|value| short(*value))
        .draw()?;
    for part in parts(points, step) {
        lines(&mut chart, part)?;
    }
    if points.is_empty() {
        let style = (FONT, 14).into_font().color(&BLACK.mix(0.6));
        area.draw(&Text::new(
            "no samples",
            (i32::try_from(WIDTH / 2)? - 30, i32::try_from(HEIGHT / 2)?),
            style,
        ))?;
    }
    area.present()?;
    drop(chart);
    Ok(())
}

/// The characters of a foreign text that XML can hold. XML cannot represent the others.
fn text_of(text: &str) -> String {
    let is_held = |character: char| !character.is_control() && !matches!(character, '\u{fffe}' | '\u{ffff}');
    text.chars()
        .map(|character| if is_held(character) { character } else { char::REPLACEMENT_CHARACTER })
        .collect()
}

/// The points in parts, split where samples are missing.
fn parts(points: &[Point], step: i64) -> impl Iterator<Item = &[Point]> {
    let step = i32::try_from(step).map_or(f64::from(i32::MAX), f64::from);
    points.chunk_by(move |one, next| seconds(next.at) - seconds(one.at) <= step * GAP_STEPS)
}

fn lines(chart: &mut Chart<'_, '_>, part: &[Point]) -> std::result::Result<(), Failed> {
    let upper = part.iter().map(|point| (seconds(point.at), point.max));
    let lower = part.iter().rev().map(|point| (seconds(point.at), point.min));
    let area: Vec<(f64, f64)> = upper.chain(lower).collect();
    chart.draw_series(std::iter::once(Polygon::new(area, LINE.mix(0.2))))?;
    let line = part.iter().map(|point| (seconds(point.at), point.avg));
    chart.draw_series(LineSeries::new(line, LINE.stroke_width(1)))?;
    if let [only] = part {
        chart.draw_series(std::iter::once(Circle::new((seconds(only.at), only.avg), 2, LINE.filled())))?;
    }
    Ok(())
}

/// How long a step is, for people.
fn length(step: i64) -> String {
    match step {
        step if step % 86_400 == 0 => format!("{} d", step / 86_400),
        step if step % 3_600 == 0 => format!("{} h", step / 3_600),
        step if step % 60 == 0 => format!("{} min", step / 60),
        step => format!("{step} s"),
    }
}

/// A moment on the axis, in UTC.
fn moment(at: f64, is_long: bool) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between two moments of a calendar, and none is before 1970"
    )]
    let at = beds_protocol::value::DateTime::from(
        std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(at as u64),
    )
    .to_string();
    let part = if is_long { at.get(5..10) } else { at.get(11..16) };
    part.unwrap_or_default().to_owned()
}

/// A number on the axis.
fn short(value: f64) -> String {
    for (unit, sign) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if value.abs() >= unit {
            return format!("{:.1}{sign}", value / unit);
        }
    }
    if value.abs() >= 10.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            name: "requests<&>".into(),
            node: Some("\"n\"\0\u{1b}\u{85}\u{ffff}ü".into()),
            from: "2026-03-01T00:00:00Z".parse().unwrap(),
            to: "2026-03-02T00:00:00Z".parse().unwrap(),
            step: None,
        }
    }

    fn point(minute: u64, avg: f64) -> Point {
        let begin = std::time::SystemTime::from(wanted().from.0);
        let at = begin + std::time::Duration::from_mins(minute);
        Point { at: at.into(), min: avg / 2.0, avg, max: avg * 2.0, count: 6 }
    }

    #[test]
    fn a_picture_is_well_formed_whatever_it_shows() {
        let day: Vec<Point> = (0..1_440_u32).map(|minute| point(minute.into(), f64::from(minute))).collect();
        let gap = [point(1, 1.0), point(2, 2.0), point(500, -3.0)];
        let zero = [point(1, 0.0)];
        for points in [&day[..], &gap, &zero, &[]] {
            let svg = draw(&wanted(), 60, points).unwrap();
            assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
            assert!(!svg.contains("<&>") && !svg.contains("NaN"), "{svg}");
            let is_no_xml =
                |character: char| character != '\n' && (character.is_control() || character == '\u{ffff}');
            assert!(!svg.contains(is_no_xml) && svg.contains("\u{fffd}\u{fffd}\u{fffd}\u{fffd}ü"), "{svg}");
            assert_eq!(svg.contains("no samples"), points.is_empty());
            assert!(svg.len() < 200_000, "{}", svg.len());
        }
        assert_eq!(parts(&gap, 60).map(<[Point]>::len).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn numbers_of_the_axes_are_short() {
        let shown: Vec<_> = [0.0, 0.25, 12.4, 1_500.0, 2_000_000.0].map(short).into();
        assert_eq!(shown, ["0", "0.25", "12", "1.5k", "2.0M"]);
        assert_eq!([10, 60, 7_200, 86_400].map(length), ["10 s", "1 min", "2 h", "1 d"]);
    }
}
