//! Values that MongoDB may hold in two forms which the wire shows in the same way. A filter finds both forms.
//!
//! A day is text, or, if others wrote it, the date of a moment on that day. A decimal number is a Decimal128, or, if
//! others wrote it, a double: 0.1 as a double is shown as "0.1", but no Decimal128 is equal to it.

use std::cmp::Ordering;

use beds_core::{query::Comparison, value::Value};
use mongodb::bson::{Bson, DateTime, Document, RawBsonRef, doc};

use crate::shown::number;

const DAY_MS: i64 = 86_400_000;

/// The beginning of a day, in milliseconds since 1970.
pub(super) fn day(value: &Value) -> Option<i64> {
    let Value::Date(date) = value else { return None };
    Some(date.0.midnight().assume_utc().unix_timestamp() * 1_000)
}

/// The last moment of a day. The next day may be after the year 9999, which the server does not know.
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

/// The only double whose shown form may compare differently with a decimal number: the one nearest to the number.
///
/// A double is shown by its shortest digits, and compared by all of its digits: 2 to the 60th is shown as
/// "1152921504606847000".
pub(super) struct Double {
    value: f64,
    /// How its shown form compares with the decimal number; `None` if it is shown as null.
    shown: Option<Ordering>,
}

/// The double that needs its own condition beside this decimal number; `None` if it compares as it is shown.
pub(super) fn double(value: &Value) -> Option<Double> {
    let Value::Decimal(decimal) = value else { return None };
    let value: f64 = decimal.as_str().parse().ok().filter(|double: &f64| double.is_finite())?;
    let compared = number::exact(value)?.partial_cmp(decimal);
    let shown = number::decimal(RawBsonRef::Double(value)).and_then(|shown| shown.partial_cmp(decimal));
    let is_plain = compared == Some(Ordering::Equal) && shown == compared;
    (!is_plain).then_some(Double { value, shown })
}

impl Double {
    /// Whether it is shown as the decimal number.
    pub(super) fn is_alike(&self) -> bool {
        self.shown == Some(Ordering::Equal)
    }

    /// Whether its shown form satisfies the comparison.
    fn is_found(&self, comparison: Comparison) -> bool {
        match (comparison, self.shown) {
            (Comparison::Eq, _) => self.is_alike(),
            (Comparison::Ne, _) => !self.is_alike(),
            (_, None) => false,
            (Comparison::Lt, Some(shown)) => shown.is_lt(),
            (Comparison::Lte, Some(shown)) => shown.is_le(),
            (Comparison::Gte, Some(shown)) => shown.is_ge(),
            (Comparison::Gt, Some(shown)) => shown.is_gt(),
        }
    }
}

/// A condition on the decimal number by an operator, and on the double by its shown form.
pub(super) fn compared_with_double(
    column: &str,
    comparison: Comparison,
    (operator, decimal): (&str, Bson),
    double: &Double,
) -> Document {
    let is_it = doc! { "$eq": double.value, "$type": "double" };
    if double.is_found(comparison) {
        doc! { "$or": [{ column: { operator: decimal } }, { column: is_it }] }
    } else {
        doc! { column: { operator: decimal, "$not": is_it } }
    }
}

/// Any of these values, none of them days, as alternatives.
pub(super) fn among(column: &str, values: impl Iterator<Item = (Bson, Option<Double>)>) -> Vec<Document> {
    let (mut plain, mut doubles, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for (value, double) in values {
        match double {
            Some(double) if !double.is_alike() => others.push(value),
            double => {
                plain.push(value);
                doubles.extend(double.map(|double| Bson::Double(double.value)));
            }
        }
    }
    let mut all = Vec::new();
    if !doubles.is_empty() {
        all.push(doc! { column: { "$in": doubles, "$type": "double" } });
    }
    if !others.is_empty() {
        all.push(doc! { column: { "$in": others, "$not": { "$type": "double" } } });
    }
    if !plain.is_empty() || all.is_empty() {
        all.insert(0, doc! { column: { "$in": plain } });
    }
    all
}

/// Whether the wire may show records with this value in the same way though they differ in the database.
pub(super) fn has_two_forms(value: &Value) -> bool {
    day(value).is_some() || double(value).is_some_and(|double| double.is_alike())
}
