//! The type-specific keys: bounds, lengths, digits, patterns, values.

use std::collections::HashMap;

use beds_protocol::{TypeName, value::Decimal};

use super::{Cx, converted, patterns, values};
use crate::{
    diagnostic::{fields as diagnostics, types},
    model::{Engine, Type},
    names::quoted,
    part,
    raw::{Entry, Given, RawField},
    span::{Span, Spanned},
    tree::Scalar,
};

/// The most digits of a decimal, and the most of them after the point, in MariaDB.
const PRECISION_MAX: u8 = 65;
const SCALE_MAX: u8 = 38;
/// The digits of MongoDB's Decimal128.
const PRECISION_MAX_MONGODB: u8 = 34;
const STRING_LEN_DEFAULT: u32 = 255;
const STRING_LEN_MAX: u32 = 65_535;
const TEXT_LEN_DEFAULT: u32 = 65_535;
const BYTES_LEN_DEFAULT: u32 = 65_535;
const LIST_LEN_DEFAULT: u32 = 100;
const LIST_LEN_MAX: u32 = 100_000;
const ENUM_VALUE_LEN_MAX: usize = 255;

/// Reports the keys of other types in one report: their common cause is the type.
pub(super) fn check_keys(raw: &RawField, ty: TypeName, cx: &mut Cx<'_>) {
    let keys = [
        ("min", raw.min.key()),
        ("max", raw.max.key()),
        ("pattern", raw.pattern.key()),
        ("values", raw.values.key()),
        ("precision", raw.precision.key()),
        ("scale", raw.scale.key()),
        ("unsigned", raw.unsigned.key()),
        ("items", raw.items.key()),
        ("fields", raw.fields.key()),
    ];
    let is_wrong = |key: &str| part::types_of(key).is_some_and(|types| !types.contains(&ty));
    let wrong: Vec<(&str, Span)> = keys
        .into_iter()
        .filter(|(key, _)| is_wrong(key))
        .filter_map(|(key, span)| Some((key, span?)))
        .collect();
    if !wrong.is_empty() {
        cx.errors.push(types::keys_not_of_type(&wrong, ty));
    }
}

/// The value of a bound: the default if it is absent, `None` if it is broken.
fn bound<T>(given: &Given<Scalar>, absent: T, read: impl FnOnce(&Spanned<Scalar>) -> Option<T>) -> Option<T> {
    match given {
        Given::Absent => Some(absent),
        Given::Broken => None,
        Given::Is(Entry { value, .. }) => read(value),
    }
}

fn crossed(raw: &RawField, is_crossed: bool, cx: &mut Cx<'_>) -> Option<()> {
    if let (true, Some(min), Some(max)) = (is_crossed, raw.min.get(), raw.max.get()) {
        cx.errors.push(diagnostics::bounds_crossed(min.span, max.span));
        return None;
    }
    Some(())
}

/// An integer within a range. Any other value is reported.
fn integer(
    value: &Spanned<Scalar>,
    key: &str,
    ty: &str,
    range: (i128, i128),
    cx: &mut Cx<'_>,
) -> Option<i128> {
    // A value that is not an integer, and would also be out of range, gets the range in the same report.
    let found = match value.value {
        Scalar::Int(number) => Some(number),
        _ => converted::as_integer(&value.value).filter(|number| !(range.0..=range.1).contains(number)),
    };
    match found {
        Some(number) if (range.0..=range.1).contains(&number) => Some(number),
        Some(number) => {
            let ends = (range.0.to_string(), range.1.to_string());
            let help = range_help(number, ty, cx.engine);
            cx.errors.push(diagnostics::bound_range(value.span, key, ty, (&ends.0, &ends.1), help));
            None
        }
        None => {
            let right = converted::as_integer(&value.value).or_else(|| converted::without_point(value));
            let right = right.map(|number| number.to_string());
            let diagnostic = diagnostics::bound_kind(value.span, key, ty, "an integer", value.value.kind());
            cx.errors.push(diagnostics::written_as(diagnostic, right));
            None
        }
    }
}

/// The advice for a number out of a type's range.
fn range_help(number: i128, ty: &str, engine: Option<Engine>) -> &'static str {
    match ty {
        "int" if number > 0 && engine != Some(Engine::MongoDb) && u64::try_from(number).is_ok() => {
            "add `unsigned = true` for a column `bigint unsigned`, or remove the bound"
        }
        "int" | "unsigned int" if number > 0 => {
            "remove the bound; for greater numbers, write a `decimal` with `scale = 0`, or a `string`"
        }
        "unsigned int" => "write 0 or more, or remove `unsigned`",
        "string" if number > u32::MAX.into() => "write at most 65535, or remove `max`",
        "string" if number > 0 => {
            "write at most 65535; or make the type `text`, which may be longer, and has no `pattern`"
        }
        _ => "",
    }
}

pub(super) fn int(raw: &RawField, cx: &mut Cx<'_>) -> Option<Type> {
    let (ty, least, greatest) = if raw.unsigned.is_true() {
        // MongoDB's integers are signed.
        let is_mongodb = cx.engine == Some(Engine::MongoDb);
        ("unsigned int", 0, if is_mongodb { i128::from(i64::MAX) } else { i128::from(u64::MAX) })
    } else {
        ("int", i128::from(i64::MIN), i128::from(i64::MAX))
    };
    let min = bound(&raw.min, least, |value| integer(value, "min", ty, (least, greatest), cx));
    let max = bound(&raw.max, greatest, |value| integer(value, "max", ty, (least, greatest), cx));
    let (min, max) = (min?, max?);
    crossed(raw, min > max, cx)?;
    Some(if raw.unsigned.is_true() {
        Type::UInt { min: u64::try_from(min).ok()?, max: u64::try_from(max).ok()? }
    } else {
        Type::Int { min: i64::try_from(min).ok()?, max: i64::try_from(max).ok()? }
    })
}

pub(super) fn float(raw: &RawField, cx: &mut Cx<'_>) -> Option<Type> {
    let mut number = |value: &Spanned<Scalar>, key| match value.value {
        Scalar::Float(number) if number.is_finite() => Some(number),
        Scalar::Float(_) => {
            cx.errors.push(diagnostics::bound_range(value.span, key, "float", ("-1.8e308", "1.8e308"), ""));
            None
        }
        #[expect(clippy::cast_precision_loss, reason = "the bound is that of a float, as near as one comes")]
        Scalar::Int(number) => Some(number as f64),
        _ => {
            let diagnostic =
                diagnostics::bound_kind(value.span, key, "float", "a number", value.value.kind());
            let right = converted::as_number(&value.value).map(|number| format!("{number:?}"));
            cx.errors.push(diagnostics::written_as(diagnostic, right));
            None
        }
    };
    let min = bound(&raw.min, f64::MIN, |value| number(value, "min"));
    let max = bound(&raw.max, f64::MAX, |value| number(value, "max"));
    let (min, max) = (min?, max?);
    crossed(raw, min > max, cx)?;
    Some(Type::Float { min, max })
}

pub(super) fn decimal(raw: &RawField, span: Span, cx: &mut Cx<'_>) -> Option<Type> {
    let missing = match (raw.precision.is_absent(), raw.scale.is_absent()) {
        (true, true) => Some("`precision` and `scale`"),
        (true, false) => Some("`precision`"),
        (false, true) => Some("`scale`"),
        (false, false) => None,
    };
    if let Some(missing) = missing {
        // A broken `precision` most likely says both.
        if raw.precision.is_broken() {
            return None;
        }
        cx.errors.push(diagnostics::decimal_digits(span, missing, cx.front));
        return None;
    }
    let (most, why) = match cx.engine {
        Some(Engine::MongoDb) => (PRECISION_MAX_MONGODB, "MongoDB keeps at most 34 digits"),
        Some(Engine::MariaDb) | None => (PRECISION_MAX, "MariaDB keeps at most 65 digits"),
    };
    let precision = digits(raw.precision.get()?, "precision", 1, most, why, cx)?;
    let why = if precision < SCALE_MAX {
        "not more than `precision`"
    } else {
        "MariaDB keeps at most 38 digits after the point"
    };
    let scale = digits(raw.scale.get()?, "scale", 0, precision.min(SCALE_MAX), why, cx)?;
    let min = bound(&raw.min, None, |value| decimal_bound(value, "min", precision, scale, cx).map(Some));
    let max = bound(&raw.max, None, |value| decimal_bound(value, "max", precision, scale, cx).map(Some));
    let (min, max) = (min?, max?);
    crossed(raw, matches!((&min, &max), (Some(min), Some(max)) if min > max), cx)?;
    let text = |bound: Option<Decimal>| bound.map(|bound| bound.to_string());
    Some(Type::Decimal { precision, scale, min: text(min), max: text(max) })
}

fn digits(value: &Spanned<i128>, key: &str, min: u8, max: u8, why: &str, cx: &mut Cx<'_>) -> Option<u8> {
    let digits = u8::try_from(value.value).ok().filter(|digits| (min..=max).contains(digits));
    if digits.is_none() {
        cx.errors.push(diagnostics::digits_range(value.span, key, value.value, i128::from(max), why));
    }
    digits
}

fn decimal_bound(
    value: &Spanned<Scalar>,
    key: &str,
    precision: u8,
    scale: u8,
    cx: &mut Cx<'_>,
) -> Option<Decimal> {
    let read = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => text.parse::<Decimal>().ok(),
        Scalar::Int(number) => number.to_string().parse().ok(),
        Scalar::Bool(_) | Scalar::Float(_) | Scalar::Moment(_) => None,
    };
    // A value in another form that has too many digits gets both reported at once.
    let right = converted::as_decimal(&value.value);
    let meant = right.as_ref().and_then(|right| right.parse::<Decimal>().ok());
    let too_long = meant.filter(|meant| !fits(meant, precision, scale));
    let Some(decimal) = read(&value.value).or(too_long) else {
        let found = if matches!(value.value, Scalar::Text(_)) { "this string" } else { value.value.kind() };
        let expected = "a string of digits such as \"0.50\", or an integer";
        let diagnostic = diagnostics::bound_kind(value.span, key, "decimal", expected, found);
        cx.errors.push(diagnostics::written_as(diagnostic, right.map(|right| quoted(&right))));
        return None;
    };
    let (_, fraction) = decimal.digits();
    if fraction > usize::from(scale) {
        cx.errors.push(diagnostics::bound_fraction(value.span, key, fraction, scale));
        return None;
    }
    if !fits(&decimal, precision, scale) {
        let (least, greatest) = (format!("-{}", greatest(precision, scale)), greatest(precision, scale));
        cx.errors.push(diagnostics::bound_range(value.span, key, "decimal", (&least, &greatest), ""));
        return None;
    }
    Some(decimal)
}

/// Whether a decimal fits the digits of its column.
pub(super) fn fits(decimal: &Decimal, precision: u8, scale: u8) -> bool {
    let (whole, fraction) = decimal.digits();
    whole <= usize::from(precision - scale) && fraction <= usize::from(scale)
}

/// The greatest value with these digits.
pub(super) fn greatest(precision: u8, scale: u8) -> String {
    let whole = "9".repeat(usize::from(precision - scale));
    let whole = if whole.is_empty() { "0" } else { &whole };
    if scale == 0 { whole.to_owned() } else { format!("{whole}.{}", "9".repeat(usize::from(scale))) }
}

/// The least and the greatest length.
fn lengths(raw: &RawField, ty: &str, absent_max: u32, limit: u32, cx: &mut Cx<'_>) -> Option<(u32, u32)> {
    let max = bound(&raw.max, i128::from(absent_max), |value| {
        integer(value, "max", ty, (1, i128::from(limit)), cx)
    });
    // Without a `max` of its own, `min` must stay within the default.
    let limit = if raw.max.is_absent() { absent_max } else { limit };
    let min = bound(&raw.min, 0, |value| integer(value, "min", ty, (0, i128::from(limit)), cx));
    let (min, max) = (min?, max?);
    crossed(raw, min > max, cx)?;
    Some((u32::try_from(min).ok()?, u32::try_from(max).ok()?))
}

pub(super) fn string(raw: &RawField, cx: &mut Cx<'_>) -> Option<Type> {
    let lengths = lengths(raw, "string", STRING_LEN_DEFAULT, STRING_LEN_MAX, cx);
    let pattern = match &raw.pattern {
        Given::Absent => None,
        Given::Broken => return None,
        Given::Is(entry) => {
            // The runtime matches whole strings. So its full expression is compiled here, and also the written pattern
            // alone.
            let source = &entry.value.value;
            let compiled =
                regex::Regex::new(source).and_then(|_| regex::Regex::new(&format!("^(?:{source})$")));
            if let Err(error) = compiled {
                let invalid = patterns::invalid(source, &error);
                let has_escapes =
                    source.contains('\\') || invalid.help.as_ref().is_some_and(|help| help.contains('\\'));
                let front = cx.front;
                cx.errors.push(diagnostics::bad_pattern(
                    entry.value.span,
                    &invalid.why,
                    invalid.help,
                    has_escapes.then_some(front),
                ));
                return None;
            }
            patterns::check(&entry.value, cx);
            Some(source.clone())
        }
    };
    let (min, max) = lengths?;
    if let (Some(pattern), Some(source)) = (&pattern, raw.pattern.get()) {
        patterns::check_length(pattern, source.span, (min, max), cx);
    }
    Some(Type::String { min, max, pattern })
}

pub(super) fn text(raw: &RawField, cx: &mut Cx<'_>) -> Option<Type> {
    let (min, max) = lengths(raw, "text", TEXT_LEN_DEFAULT, u32::MAX, cx)?;
    Some(Type::Text { min, max })
}

pub(super) fn bytes(raw: &RawField, cx: &mut Cx<'_>) -> Option<Type> {
    let range = (1, i128::from(u32::MAX));
    let max =
        bound(&raw.max, i128::from(BYTES_LEN_DEFAULT), |value| integer(value, "max", "bytes", range, cx))?;
    Some(Type::Bytes { max: u32::try_from(max).ok()? })
}

pub(super) fn list_max(raw: &RawField, cx: &mut Cx<'_>) -> Option<u32> {
    let range = (1, i128::from(LIST_LEN_MAX));
    let max =
        bound(&raw.max, i128::from(LIST_LEN_DEFAULT), |value| integer(value, "max", "list", range, cx))?;
    u32::try_from(max).ok()
}

pub(super) fn one_of(raw: &RawField, span: Span, cx: &mut Cx<'_>) -> Option<Type> {
    if raw.values.is_absent() || raw.values.get().is_some_and(|values| values.value.is_empty()) {
        cx.errors.push(diagnostics::enum_without_values(
            raw.values.get().map_or(span, |values| values.span),
            cx.front,
        ));
        return None;
    }
    let written = &raw.values.get()?.value;
    let mut seen: HashMap<&str, Span> = HashMap::new();
    let mut folded: HashMap<String, (Span, &str)> = HashMap::new();
    for Spanned { value, span } in written {
        if value.is_empty() {
            cx.errors.push(diagnostics::enum_value(*span, "may not be empty"));
        } else if value.chars().count() > ENUM_VALUE_LEN_MAX {
            cx.errors.push(diagnostics::enum_value(*span, "may not be longer than 255 characters"));
        }
        if let Some(first) = seen.insert(value, *span) {
            cx.errors.push(diagnostics::enum_value_twice(*span, first, value));
        } else if let Some((first, other)) = folded.insert(beds_protocol::collated(value), (*span, value))
            && cx.engine == Some(Engine::MariaDb)
        {
            let by =
                match (value.to_lowercase() == other.to_lowercase(), value.trim_end() == other.trim_end()) {
                    (true, _) => "case",
                    (false, true) => "blanks at its end",
                    (false, false) => "accents, case or blanks",
                };
            cx.errors.push(diagnostics::enum_case(*span, first, value, by));
        }
    }
    values::check(written, cx);
    Some(Type::Enum { values: written.iter().map(|value| value.value.clone()).collect() })
}
