//! Values that MongoDB may hold in two forms which the wire shows alike: a filter finds both.
//!
//! A day is text, and where others wrote it the date of a moment on it. A decimal number is a Decimal128, and where others
//! wrote it a double: 0.1 as a double is shown as "0.1", and yet no Decimal128 is equal to it.

use beds_core::{query::Comparison, value::Value};
use mongodb::bson::{Bson, DateTime, Document, doc};

const DAY_MS: i64 = 86_400_000;
/// Doubles of that many digits without a fraction are exact.
const EXACT_DIGITS_MAX: usize = 15;

/// The beginning of a day, in milliseconds since 1970.
pub(super) fn day(value: &Value) -> Option<i64> {
    let Value::Date(date) = value else { return None };
    Some(date.0.midnight().assume_utc().unix_timestamp() * 1_000)
}

/// The last moment of a day: the next day may be none that the server knows, after the year 9999.
fn last(day: i64) -> DateTime {
    DateTime::from_millis(day + DAY_MS - 1)
}

/// The moments of a day.
pub(super) fn on_day(column: &str, day: i64) -> Document {
    doc! { column: { "$gte": DateTime::from_millis(day), "$lte": last(day) } }
}

/// A day as text, or any moment on it.
pub(super) fn compared_by_day(column: &str, comparison: Comparison, text: &Bson, day: i64) -> Document {
    let (begin, last) = (DateTime::from_millis(day), last(day));
    let either = |text: Document, moment: Document| doc! { "$or": [{ column: text }, { column: moment }] };
    match comparison {
        Comparison::Eq => doc! { "$or": [{ column: { "$eq": text } }, on_day(column, day)] },
        Comparison::Ne => doc! { "$nor": [{ column: { "$eq": text } }, on_day(column, day)] },
        Comparison::Lt => either(doc! { "$lt": text }, doc! { "$lt": begin }),
        Comparison::Lte => either(doc! { "$lte": text }, doc! { "$lte": last }),
        Comparison::Gte => either(doc! { "$gte": text }, doc! { "$gte": begin }),
        Comparison::Gt => either(doc! { "$gt": text }, doc! { "$gt": last }),
    }
}

/// The double that is shown as this decimal number, where it may not be equal to it.
pub(super) fn double(value: &Value) -> Option<Bson> {
    let Value::Decimal(decimal) = value else { return None };
    let text = decimal.as_str();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_exact = fraction.bytes().all(|digit| digit == b'0') && whole.len() <= EXACT_DIGITS_MAX;
    text.parse().ok().filter(|double: &f64| !is_exact && double.is_finite()).map(Bson::Double)
}

/// A decimal number, or the double that is shown like it.
pub(super) fn compared_with_double(
    column: &str,
    comparison: Comparison,
    decimal: Bson,
    double: Bson,
) -> Document {
    let or_double = |test: Document| doc! { "$or": [{ column: test }, { column: { "$eq": &double } }] };
    match comparison {
        Comparison::Eq => doc! { column: { "$in": [decimal, double] } },
        Comparison::Ne => doc! { column: { "$nin": [decimal, double] } },
        Comparison::Lt => doc! { column: { "$lt": decimal, "$ne": double } },
        Comparison::Lte => or_double(doc! { "$lte": decimal }),
        Comparison::Gte => or_double(doc! { "$gte": decimal }),
        Comparison::Gt => doc! { column: { "$gt": decimal, "$ne": double } },
    }
}
