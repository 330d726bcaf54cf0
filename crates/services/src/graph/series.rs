//! The points of a metric between two moments.

use std::time::{Duration, SystemTime};

use beds_core::{NamasteCore, Result, context::Context};
use beds_protocol::{Json, Record, value::DateTime};

use super::{
    chart::draw,
    point::{Point, Wanted},
    sample::NAMES,
    settings::Graph,
};
use crate::ask::{self, invalid};

/// How many points a series has if the request does not say.
const POINTS: i64 = 1_440;
/// How many points a series may have.
const POINTS_MAX: i64 = 10_000;
/// The longest step of a point in seconds: a year.
const STEP_MAX: i64 = 31_622_400;
/// 9999-12-31T23:59:59Z, the last second that a moment can express.
const LAST_SECOND: u64 = 253_402_300_799;
/// The steps of the stored points, in seconds.
const KEPT: [i64; 3] = [10, 60, 3_600];

/// The points of a metric.
///
/// # Errors
/// `validation_failed` if the moments or the step do not fit together, or there is no metric of this name; the errors
/// of the database.
pub async fn series<D: NamasteCore>(cx: &Context, wanted: &Wanted) -> Result<Vec<Point>> {
    let step = step(wanted, cx.extensions.get()?, DateTime::now())?;
    points::<D>(cx, &whole(wanted, step), step).await
}

/// The points as a picture.
///
/// # Errors
/// As [`series`].
pub async fn chart<D: NamasteCore>(cx: &Context, wanted: &Wanted) -> Result<String> {
    let step = step(wanted, cx.extensions.get()?, DateTime::now())?;
    let wanted = whole(wanted, step);
    let points = points::<D>(cx, &wanted, step).await?;
    draw(&wanted, step, &points)
}

async fn points<D: NamasteCore>(cx: &Context, wanted: &Wanted, step: i64) -> Result<Vec<Point>> {
    let node = wanted.node.as_deref().map_or(Json::Null, Json::from);
    let args = [
        ("name", Json::from(wanted.name.as_str())),
        ("node", node),
        ("from", wanted.from.to_string().as_str().into()),
        ("to", wanted.to.to_string().as_str().into()),
        ("step", step.into()),
    ];
    let points = ask::rows::<D, Point>(&cx.trusted(), "points", Record::from(args)).await?;
    // Metrics of other versions may still be stored.
    if points.is_empty() && !NAMES.contains(&wanted.name.as_str()) {
        return Err(invalid("name", &format!("must be one of {}", NAMES.join(", "))));
    }
    Ok(points)
}

/// The step in seconds: the requested one, or one that does not give too many points. Either is raised to the finest
/// step that is still kept for the beginning.
fn step(wanted: &Wanted, settings: &Graph, now: DateTime) -> Result<i64> {
    let span = (wanted.to.0 - wanted.from.0).whole_seconds();
    if span <= 0 {
        return Err(invalid("to", "must be after `from`"));
    }
    let age = (now.0 - wanted.from.0).whole_seconds();
    let kept = [(10, settings.keep_10s_s), (60, settings.keep_1m_s), (3_600, settings.keep_1h_s)];
    let finest = kept.into_iter().find(|(_, keep)| age <= i64::from(*keep)).map_or(3_600, |(step, _)| step);
    let least = match wanted.step {
        Some(step) if span / step.max(1) > POINTS_MAX => {
            let reason = format!("must be at least {}: there would be too many points", up(span, POINTS_MAX));
            return Err(invalid("step", &reason));
        }
        Some(step) => step.max(finest),
        // The calendar spans more than the longest step allows: then there are more points.
        None => up(span, POINTS).min(STEP_MAX).max(finest),
    };
    // A point is made of whole stored points.
    let unit = KEPT.into_iter().rev().find(|unit| least >= *unit).unwrap_or(KEPT[0]);
    Ok(up(least, unit) * unit)
}

/// The range extended to whole points at both ends. A sample just after `from` must lie in a point, and the last point
/// must be as long as the others.
fn whole(wanted: &Wanted, step: i64) -> Wanted {
    // No sample is older than 1970.
    let second = |at: DateTime| u64::try_from(at.0.unix_timestamp()).unwrap_or(0);
    let step = u64::try_from(step).unwrap_or(1).max(1);
    let (from, to) = (second(wanted.from) / step * step, second(wanted.to).div_ceil(step) * step);
    let moment = |second| DateTime::from(SystemTime::UNIX_EPOCH + Duration::from_secs(second));
    Wanted {
        from: moment(from),
        to: if to <= LAST_SECOND { moment(to) } else { wanted.to },
        ..wanted.clone()
    }
}

/// Divided, and rounded up; both are positive.
const fn up(number: i64, by: i64) -> i64 {
    (number + by - 1) / by
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    fn step_of(from: &str, to: &str, given: Option<i64>) -> Result<i64> {
        let wanted =
            Wanted { name: "requests".into(), node: None, from: moment(from), to: moment(to), step: given };
        step(&wanted, &Graph::default(), moment("2026-03-01T00:00:00Z"))
    }

    #[test]
    fn a_point_stands_for_as_long_as_gives_not_too_many_of_them() {
        let (hour, day) = ("2026-02-28T23:00:00Z", "2026-02-28T00:00:00Z");
        let now = "2026-03-01T00:00:00Z";
        for (from, to, given, expected) in [
            (hour, now, None, 10),
            (day, now, None, 60),
            ("2026-02-22T00:00:00Z", now, None, 420),
            ("2025-03-01T00:00:00Z", now, None, 25_200),
            ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", None, STEP_MAX),
            // The original samples of that time are no longer kept.
            ("2026-02-01T00:00:00Z", "2026-02-01T00:10:00Z", None, 60),
            ("2025-02-01T00:00:00Z", "2025-02-01T00:10:00Z", Some(10), 3_600),
            (day, now, Some(10), 10),
            (day, now, Some(25), 30),
            (day, now, Some(61), 120),
            (day, now, Some(4_000), 7_200),
        ] {
            assert_eq!(step_of(from, to, given).unwrap(), expected, "{from} {to} {given:?}");
        }
    }

    #[test]
    fn points_are_whole_at_both_ends() {
        for (from, to, step, expected) in [
            (
                "2026-02-28T14:05:00Z",
                "2026-02-28T14:11:00Z",
                3_600,
                ["2026-02-28T14:00:00Z", "2026-02-28T15:00:00Z"],
            ),
            (
                "2026-02-28T14:05:30.5Z",
                "2026-02-28T14:06:00Z",
                60,
                ["2026-02-28T14:05:00Z", "2026-02-28T14:06:00Z"],
            ),
            (
                "2026-02-28T13:00:00Z",
                "2026-02-28T14:00:00Z",
                3_600,
                ["2026-02-28T13:00:00Z", "2026-02-28T14:00:00Z"],
            ),
            (
                "0001-01-01T00:00:00Z",
                "9999-12-31T23:59:59Z",
                3_600,
                ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
            ),
        ] {
            let wanted =
                Wanted { name: "x".into(), node: None, from: moment(from), to: moment(to), step: None };
            let whole = whole(&wanted, step);
            assert_eq!([whole.from.to_string(), whole.to.to_string()], expected, "{from} {to} {step}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let (day, now) = ("2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z");
        assert_eq!(step_of(now, day, None).unwrap_err().details[0].field, "args.to");
        assert_eq!(step_of(now, now, None).unwrap_err().details[0].field, "args.to");
        let error = step_of("2026-01-01T00:00:00Z", now, Some(10)).unwrap_err();
        assert_eq!(error.details[0].field, "args.step");
    }
}
