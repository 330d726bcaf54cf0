//! The meaning of a comparison with a value that the column cannot have.

use beds_core::{query::Comparison, value::Value};

use crate::{cell::short, meaning::is_year};

/// The comparison that takes its place.
pub(super) enum Becomes {
    Comparison(Comparison, Value),
    /// It holds for every value, but not for null.
    NotNull,
    /// It holds for every value, and for null.
    True,
    False,
}

/// The same comparison with a shortened value, which may be below the value itself. No value of the server is between
/// the two.
pub(super) fn between(comparison: Comparison, is_below: bool, cut: Value) -> Becomes {
    let comparison = match comparison {
        Comparison::Eq => return Becomes::False,
        Comparison::Ne => return Becomes::True,
        Comparison::Lt | Comparison::Lte if is_below => Comparison::Lte,
        Comparison::Lt | Comparison::Lte => Comparison::Lt,
        Comparison::Gt | Comparison::Gte if is_below => Comparison::Gt,
        Comparison::Gt | Comparison::Gte => Comparison::Gte,
    };
    Becomes::Comparison(comparison, cut)
}

/// The same comparison with a year that a YEAR can keep: the server would take 2 for 2002.
pub(super) fn year(comparison: Comparison, number: f64) -> Becomes {
    let below = if number >= 1901.0 {
        Some(number.floor().min(2155.0))
    } else if number >= 0.0 {
        Some(0.0)
    } else {
        None
    };
    let above = if number > 2155.0 {
        None
    } else if number > 0.0 {
        Some(number.ceil().max(1901.0))
    } else {
        Some(0.0)
    };
    let with = |year: Option<f64>, otherwise| match year {
        Some(year) => Becomes::Comparison(comparison, Value::Float(year)),
        None => otherwise,
    };
    match comparison {
        Comparison::Eq if !is_year(number) => Becomes::False,
        Comparison::Ne if !is_year(number) => Becomes::True,
        Comparison::Eq | Comparison::Ne => with(Some(number), Becomes::False),
        Comparison::Lt => with(above, Becomes::NotNull),
        Comparison::Gte => with(above, Becomes::False),
        Comparison::Gt => with(below, Becomes::NotNull),
        Comparison::Lte => with(below, Becomes::False),
    }
}

/// A number as a decimal. The server compares a rounded column with decimals as it shows both, but with a double as the
/// double that it is. Its decimals have no more digits before the point.
pub(super) fn exact(number: f64) -> Value {
    let decimal = if number.abs() < WHOLE_MAX { number.to_string().parse().ok() } else { None };
    decimal.map_or(Value::Float(number), Value::Decimal)
}

/// The least number with more digits than a DECIMAL(65,38) has before its point.
const WHOLE_MAX: f64 = 1e27;

/// The double that compares with the double of a FLOAT as the number compares with the shown value of the FLOAT.
pub(super) fn single(number: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, reason = "the nearest one is meant")]
    let nearest = number as f32;
    if !nearest.is_finite() {
        return number;
    }
    let (shown, stored) = (short(nearest), f64::from(nearest));
    if number > shown {
        stored.next_up()
    } else if number < shown {
        stored.next_down()
    } else {
        stored
    }
}
