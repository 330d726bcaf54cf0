//! The result of an expression for a record.

use std::collections::{BTreeMap, HashMap};

use beds_core::spec::{Domain, Field};
use beds_protocol::{Json, value::Date};

use super::{
    canonical,
    expression::{Case, Expression, Part},
    shape::{fitted, loses},
};

/// The values of looked-up records, by expression and by the text of the value that finds the record.
pub(super) type Found = HashMap<(usize, Vec<u8>), Json>;

/// A source record.
pub(super) struct Source<'a> {
    pub(super) domain: &'static Domain,
    pub(super) members: &'a beds_protocol::Record,
}

impl Source<'_> {
    pub(super) fn get(&self, field: usize) -> &Json {
        static NULL: Json = Json::Null;
        self.members.get(self.domain.fields[field].name).unwrap_or(&NULL)
    }
}

/// The value that a field gets, or the end of the sentence "the field …".
pub(super) fn value(
    index: usize,
    expression: &Expression,
    to: &'static Field,
    source: &Source<'_>,
    found: &Found,
) -> Result<Json, String> {
    let value = match expression {
        Expression::Constant(json) => return Ok(json.clone()),
        Expression::Field(from) => source.get(*from).clone(),
        Expression::Enum { from, values, other } => {
            return of_enum(source.get(*from), values, other.as_ref());
        }
        Expression::Split { from, at, part } => match source.get(*from) {
            Json::String(text) => split(text, at, *part),
            _ => Json::Null,
        },
        Expression::Join { from, with } => {
            let texts = from.iter().filter_map(|field| plain(source.get(*field)));
            let texts: Vec<_> = texts.collect();
            if texts.is_empty() { Json::Null } else { texts.join(with).into() }
        }
        Expression::Case { from, case } => match (source.get(*from), case) {
            (Json::String(text), Case::Upper) => text.to_uppercase().into(),
            (Json::String(text), Case::Lower) => text.to_lowercase().into(),
            _ => Json::Null,
        },
        Expression::Date { from, part } => match source.get(*from) {
            Json::String(text) => date(text, *part)
                .ok_or_else(|| "cannot be taken from a value that is not a date".to_owned())?,
            _ => Json::Null,
        },
        Expression::LookUp { from, look_up } => {
            let by = source.get(*from);
            if by.is_null() {
                return Ok(look_up.other.clone().unwrap_or_default());
            }
            let by = fitted(by.clone(), &look_up.by.ty);
            match found.get(&(index, canonical::of_json(&by))) {
                Some(value) => value.clone(),
                None => match &look_up.other {
                    Some(other) => return Ok(other.clone()),
                    None => {
                        return Err(format!(
                            "cannot be looked up: `{}` has no such record",
                            look_up.domain.name
                        ));
                    }
                },
            }
        }
    };
    let value = fitted(value, &to.ty);
    match loses(&value, &to.ty) {
        None => Ok(value),
        Some(reason) => Err(reason.to_owned()),
    }
}

fn of_enum(value: &Json, values: &BTreeMap<String, Json>, other: Option<&Json>) -> Result<Json, String> {
    let Some(text) = plain(value) else { return Ok(Json::Null) };
    match (values.get(&text), other) {
        (Some(json), _) | (None, Some(json)) => Ok(json.clone()),
        (None, None) => Err("has no value for that of the record: `enum` does not name it".to_owned()),
    }
}

/// The text of a scalar value on the wire.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn split(text: &str, at: &str, part: Option<i64>) -> Json {
    let parts: Vec<&str> = text.split(at).collect();
    let Some(part) = part else {
        return Json::Array(parts.into_iter().map(Json::from).collect());
    };
    let from_end =
        || usize::try_from(part.unsigned_abs()).ok().and_then(|back| parts.len().checked_sub(back));
    let index = if part < 0 { from_end() } else { usize::try_from(part).ok() };
    index.and_then(|index| parts.get(index)).map_or(Json::Null, |part| Json::from(*part))
}

/// A part of a moment, a date or a time in its wire form.
fn date(text: &str, part: Part) -> Option<Json> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (Some(day), Some(time.trim_end_matches('Z'))),
        None if text.contains(':') => (None, Some(text)),
        None => (Some(text), None),
    };
    let number = |text: Option<&str>, place: usize, sign: char| -> Option<Json> {
        let digits = text?.split(sign).nth(place)?;
        let whole = digits.split('.').next()?;
        whole.parse::<i64>().ok().map(Json::from)
    };
    match part {
        Part::Year => number(day, 0, '-'),
        Part::Month => number(day, 1, '-'),
        Part::Day => number(day, 2, '-'),
        Part::Hour => number(time, 0, ':'),
        Part::Minute => number(time, 1, ':'),
        Part::Second => number(time, 2, ':'),
        Part::Weekday => {
            let Date(date) = day?.parse().ok()?;
            Some(i64::from(date.weekday().number_from_monday()).into())
        }
        Part::Date => day.map(Json::from),
        Part::Time => time.map(Json::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: Option<Json>) -> String {
        json.map_or("none".to_owned(), |json| serde_json::to_string(&json).unwrap())
    }

    #[test]
    fn parts_are_of_the_form_on_the_wire() {
        let moment = "2026-03-01T07:05:09.25Z";
        for (text, part, expected) in [
            (moment, Part::Year, "2026"),
            (moment, Part::Month, "3"),
            (moment, Part::Day, "1"),
            (moment, Part::Weekday, "7"),
            (moment, Part::Hour, "7"),
            (moment, Part::Minute, "5"),
            (moment, Part::Second, "9"),
            (moment, Part::Date, r#""2026-03-01""#),
            (moment, Part::Time, r#""07:05:09.25""#),
            ("2026-03-02", Part::Weekday, "1"),
            ("2026-03-02", Part::Hour, "none"),
            ("23:59:58", Part::Second, "58"),
            ("23:59:58", Part::Year, "none"),
            ("nonsense", Part::Year, "none"),
        ] {
            assert_eq!(shown(date(text, part)), expected, "{text} {part:?}");
        }
    }

    #[test]
    fn a_text_has_parts_from_both_ends() {
        for (part, expected) in [
            (Some(0), r#""a""#),
            (Some(2), r#""c""#),
            (Some(3), "null"),
            (Some(-1), r#""c""#),
            (Some(-3), r#""a""#),
            (Some(-4), "null"),
            (Some(i64::MIN), "null"),
            (None, r#"["a","b","c"]"#),
        ] {
            assert_eq!(shown(Some(split("a, b, c", ", ", part))), expected, "{part:?}");
        }
    }

    #[test]
    fn a_value_that_no_entry_names_is_no_other() {
        let values =
            BTreeMap::from([("true".to_owned(), Json::from("yes")), ("7".to_owned(), Json::from("seven"))]);
        assert_eq!(of_enum(&Json::Bool(true), &values, None), Ok(Json::from("yes")));
        assert_eq!(of_enum(&Json::from(7), &values, None), Ok(Json::from("seven")));
        assert_eq!(of_enum(&Json::Null, &values, Some(&Json::from("x"))), Ok(Json::Null));
        assert!(of_enum(&Json::from("other"), &values, None).is_err());
        assert_eq!(of_enum(&Json::from("other"), &values, Some(&Json::Null)), Ok(Json::Null));
    }
}
