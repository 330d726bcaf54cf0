//! The value of a field of `to`: a source field, a constant, or a conversion. Expressions are read from the request,
//! and their types are checked.

mod kinds;

use std::{collections::BTreeMap, slice};

use beds_core::{
    carry::{May, constant},
    context::Context,
    spec::{Domain, Field, Type},
    validate::Errors,
};
use beds_protocol::{Json, Record, nearest, shown};

use super::shape::{Shape, bars};
use crate::jobs::Catalogue;

/// The origin of a value.
#[derive(Debug)]
pub(super) enum Expression {
    /// A field, unchanged.
    Field(usize),
    /// A constant.
    Constant(Json),
    /// A replacement for each value of a field.
    Enum { from: usize, values: BTreeMap<String, Json>, other: Option<Json> },
    /// The parts of a text, or one of them, counted from 0 or from the end.
    Split { from: usize, at: String, part: Option<i64> },
    /// Texts, concatenated.
    Join { from: Vec<usize>, with: String },
    /// A text in upper or lower case.
    Case { from: usize, case: Case },
    /// A part of a moment, a date or a time.
    Date { from: usize, part: Part },
    /// A value from a record of another template.
    LookUp { from: usize, look_up: LookUp },
}

impl Expression {
    /// The source fields of the expression.
    pub(super) fn sources(&self) -> &[usize] {
        match self {
            Self::Constant(_) => &[],
            Self::Join { from, .. } => from,
            Self::Field(from)
            | Self::Enum { from, .. }
            | Self::Split { from, .. }
            | Self::Case { from, .. }
            | Self::Date { from, .. }
            | Self::LookUp { from, .. } => slice::from_ref(from),
        }
    }
}

/// Upper or lower case.
#[derive(Debug, Clone, Copy)]
pub(super) enum Case {
    Upper,
    Lower,
}

/// A part of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    Month,
    Day,
    Weekday,
    Hour,
    Minute,
    Second,
    Date,
    Time,
}

const PARTS: &[(&str, Part)] = &[
    ("year", Part::Year),
    ("month", Part::Month),
    ("day", Part::Day),
    ("weekday", Part::Weekday),
    ("hour", Part::Hour),
    ("minute", Part::Minute),
    ("second", Part::Second),
    ("date", Part::Date),
    ("time", Part::Time),
];

/// A record of another template, and the field to take from it.
#[derive(Debug)]
pub(super) struct LookUp {
    pub(super) domain: &'static Domain,
    pub(super) by: &'static Field,
    pub(super) give: &'static Field,
    pub(super) other: Option<Json>,
}

/// The members that each kind of expression may have besides `from`.
const KEYS: &[(&str, &[&str])] = &[
    ("const", &["const"]),
    ("enum", &["from", "enum", "else"]),
    ("split", &["from", "split", "part"]),
    ("join", &["join", "with"]),
    ("case", &["from", "case"]),
    ("date", &["from", "date"]),
    ("lookup", &["from", "lookup", "by", "give", "else"]),
    ("from", &["from"]),
];

/// Reads the expressions of one migration.
pub(super) struct Reader<'a> {
    pub(super) cx: &'a Context,
    pub(super) catalogue: &'a Catalogue,
    pub(super) from: &'a May,
    pub(super) template: &'static str,
}

impl Reader<'_> {
    /// The expression of a field. `None` if it is invalid: then `errors` has the reasons.
    pub(super) fn read(&self, to: &'static Field, json: &Json, errors: &mut Errors) -> Option<Expression> {
        let path = format!("args.map.{}", to.name);
        let members = match json {
            Json::String(name) => {
                let (from, field) = self.field(name, &path, errors)?;
                fits(Shape::Of(&field.ty), to, &path, errors)?;
                return Some(Expression::Field(from));
            }
            Json::Object(members) => members,
            _ => {
                errors.push(path, "must be the name of a field, or an object such as {\"const\": …}");
                return None;
            }
        };
        let Some((kind, keys)) = KEYS.iter().find(|(kind, _)| members.get(kind).is_some()) else {
            let kinds: Vec<_> = KEYS.iter().map(|(kind, _)| *kind).collect();
            errors.push(path, format!("must have one of {}", kinds.join(", ")));
            return None;
        };
        let before = errors.count();
        for name in members.keys().filter(|name| !keys.contains(name)) {
            let near = nearest(name, KEYS.iter().flat_map(|(_, keys)| keys.iter().copied()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            errors.push(format!("{path}.{name}"), format!("is unknown beside `{kind}`{near}"));
        }
        let expression = self.of_kind(kind, to, members, &path, errors);
        expression.filter(|_| errors.count() == before)
    }

    fn of_kind(
        &self,
        kind: &str,
        to: &'static Field,
        members: &Record,
        path: &str,
        errors: &mut Errors,
    ) -> Option<Expression> {
        match kind {
            "const" => {
                let json = members.get("const")?.clone();
                is_constant(to, &json, format!("{path}.const"), errors)?;
                Some(Expression::Constant(json))
            }
            "enum" => self.of_enum(to, members, path, errors),
            "split" => {
                let from = self.text(members, path, errors);
                let at = text(members, "split", path, errors).filter(|at| {
                    if at.is_empty() {
                        errors.push(format!("{path}.split"), "must not be empty");
                    }
                    !at.is_empty()
                });
                let part = match members.get("part") {
                    None => None,
                    Some(json) => Some(json.as_i64().or_else(|| {
                        errors.push(
                            format!("{path}.part"),
                            "must be an integer: 0 is the first part, -1 the last",
                        );
                        None
                    })?),
                };
                fits(if part.is_some() { Shape::Text } else { Shape::Texts }, to, path, errors)?;
                Some(Expression::Split { from: from?, at: at?.to_owned(), part })
            }
            "join" => {
                let with = members.get("with").map_or(Some(""), Json::as_str);
                if with.is_none() {
                    errors.push(format!("{path}.with"), "must be a text");
                }
                let path_of = format!("{path}.join");
                let Some(Json::Array(names)) = members.get("join") else {
                    errors.push(path_of, "must be a list of fields");
                    return None;
                };
                if names.is_empty() {
                    errors.push(&path_of, "must name at least one field");
                }
                let from: Vec<_> = names
                    .iter()
                    .filter_map(|name| {
                        if name.as_str().is_none() {
                            errors.push(&path_of, "must be a list of names");
                        }
                        self.field(name.as_str()?, &path_of, errors)
                    })
                    .collect();
                for (_, field) in &from {
                    // A value that is a text on the wire counts as a text here.
                    if bars(Shape::Of(&field.ty), &ANY_TEXT).is_some() {
                        let reason = format!("names `{}`, which is a {}", field.name, field.ty.name());
                        errors.push(&path_of, reason);
                    }
                }
                fits(Shape::Text, to, path, errors)?;
                let from = from.into_iter().map(|(index, _)| index).collect();
                Some(Expression::Join { from, with: with?.to_owned() })
            }
            "case" => {
                let from = self.text(members, path, errors);
                let case = match text(members, "case", path, errors)? {
                    "upper" => Case::Upper,
                    "lower" => Case::Lower,
                    _ => {
                        errors.push(format!("{path}.case"), "must be upper or lower");
                        return None;
                    }
                };
                fits(Shape::Text, to, path, errors)?;
                Some(Expression::Case { from: from?, case })
            }
            "date" => self.of_date(to, members, path, errors),
            "lookup" => self.of_look_up(to, members, path, errors),
            _ => {
                let (from, field) = self.source(members, path, errors)?;
                fits(Shape::Of(&field.ty), to, path, errors)?;
                Some(Expression::Field(from))
            }
        }
    }

    /// The field that `from` names.
    fn source(&self, members: &Record, path: &str, errors: &mut Errors) -> Option<(usize, &'static Field)> {
        let name = text(members, "from", path, errors)?;
        self.field(name, &format!("{path}.from"), errors)
    }

    /// The same field, which must be a text.
    fn text(&self, members: &Record, path: &str, errors: &mut Errors) -> Option<usize> {
        let (index, field) = self.source(members, path, errors)?;
        if matches!(field.ty, Type::String { .. } | Type::Text { .. } | Type::Enum { .. }) {
            return Some(index);
        }
        let reason = format!("names `{}`, which is a {}, not a text", field.name, field.ty.name());
        errors.push(format!("{path}.from"), reason);
        None
    }

    fn field(&self, name: &str, path: &str, errors: &mut Errors) -> Option<(usize, &'static Field)> {
        let found = self.from.sees(name);
        if found.is_none() {
            unknown(path.to_owned(), name, self.from, self.template, errors);
        }
        found
    }
}

/// The type that accepts every text.
static ANY_TEXT: Type = Type::text(0, u32::MAX);

pub(super) fn unknown(path: String, name: &str, may: &May, template: &str, errors: &mut Errors) {
    let near = nearest(name, may.seen().map(|(_, field)| field.name));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    errors.push(path, format!("names {}, which is not a field of `{template}`{near}", shown(name)));
}

fn text<'a>(members: &'a Record, key: &str, path: &str, errors: &mut Errors) -> Option<&'a str> {
    let found = members.get(key).and_then(Json::as_str);
    if found.is_none() {
        let reason = if members.get(key).is_some() { "must be a text" } else { "is required" };
        errors.push(format!("{path}.{key}"), reason);
    }
    found
}

/// Whether a constant is valid for the field.
fn is_constant(to: &'static Field, json: &Json, path: String, errors: &mut Errors) -> Option<()> {
    match constant(to, json) {
        Ok(_) => Some(()),
        Err(reason) => {
            // The path names the field already.
            let reason = reason.trim_start_matches(&format!("`{}` ", to.name)).to_owned();
            errors.push(path, reason);
            None
        }
    }
}

fn fits(shape: Shape, to: &'static Field, path: &str, errors: &mut Errors) -> Option<()> {
    match bars(shape, &to.ty) {
        None => Some(()),
        Some(reason) => {
            errors.push(path, reason);
            None
        }
    }
}

/// For each field of `to`, the visible field of `from` with the same name.
pub(super) fn of_same_names(
    from: &May,
    to: &May,
    errors: &mut Errors,
) -> Vec<(usize, &'static Field, Expression)> {
    let mut all = Vec::new();
    for (index, field) in to.seen().filter(|(index, _)| to.bars(*index).is_none()) {
        let Some((source, same)) = from.sees(field.name) else { continue };
        match bars(Shape::Of(&same.ty), &field.ty) {
            None => all.push((index, field, Expression::Field(source))),
            Some(reason) => {
                errors.push(format!("args.map.{}", field.name), format!("is left out, and {reason}"));
            }
        }
    }
    all
}
