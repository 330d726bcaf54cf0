//! Whether what a model says of a field's source can be had from the old template, and fits the field.

use beds_codegen::model::{Domain, Field, Type};
use beds_protocol::{nearest, shown};

use super::fits;
use crate::{
    fault::Faults,
    model::{Becomes, Before, Constant},
};

/// The type of every text.
const ANY_TEXT: Type = Type::Text { min: 0, max: u32::MAX };
/// The parts of a date, and those of a time of day.
const OF_DATE: [&str; 4] = ["year", "month", "day", "weekday"];
const OF_TIME: [&str; 3] = ["hour", "minute", "second"];

/// Makes sure that a source which the model names is there, and that its values can be had in that way.
pub(super) fn judge(before: &Before, field: &Field, old: &Domain, path: &str, faults: &mut Faults) {
    let known = || old.fields.iter().map(|field| field.name.as_str());
    for name in before.sources().filter(|name| !known().any(|known| known == *name)) {
        let help = match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its fields are {}", known().map(shown).collect::<Vec<_>>().join(", ")),
        };
        faults.add(path, format!("the old template has no field {}", shown(name)), help);
    }
    let of = |name: &String| old.fields.iter().find(|field| field.name == *name);
    for source in before.join.iter().flatten().filter_map(of) {
        if fits::bars(&source.ty, &ANY_TEXT).is_some() {
            let message = format!("{} is a {}, and no text", shown(&source.name), source.ty.name());
            faults.add(format!("{path}.join"), message, "name fields that are written as texts");
        }
    }
    for (member, constant) in constants(before) {
        if let Some(reason) = unfit(constant, &field.ty) {
            let message = format!("{} {reason}", shown(constant.json().to_string()));
            faults.add(format!("{path}.{member}"), message, "write a value that the field may have");
        }
    }
    if let Some(source) = before.from.as_ref().and_then(of) {
        from(before, source, path, faults);
    }
    if let Some((message, help)) = result(before, field, before.from.as_ref().and_then(of)) {
        faults.add(path, message, help);
    }
}

/// The constants that a field may get.
fn constants(before: &Before) -> impl Iterator<Item = (&'static str, &Constant)> {
    let becomes = before.values.iter().flatten().map(|one| ("enum", &one.becomes));
    let constant = before.constant.iter().map(|constant| ("const", constant));
    constant.chain(becomes).chain(before.other.iter().map(|other| ("else", other)))
}

/// Why a constant is no value of a type: the end of a sentence.
fn unfit(constant: &Constant, ty: &Type) -> Option<String> {
    let fits = match (ty, constant) {
        (Type::Json, _)
        | (Type::Bool, Constant::Bool(_))
        | (Type::Decimal { .. }, Constant::Number(_) | Constant::Text(_))
        | (
            Type::Uuid | Type::Date | Type::Time | Type::DateTime | Type::Bytes { .. } | Type::ObjectId,
            Constant::Text(_),
        ) => true,
        (Type::Int { min, max }, Constant::Number(number)) => {
            number.as_i64().is_some_and(|number| (min..=max).contains(&&number))
        }
        (Type::UInt { min, max }, Constant::Number(number)) => {
            number.as_u64().is_some_and(|number| (min..=max).contains(&&number))
        }
        (Type::Float { min, max }, Constant::Number(number)) => {
            number.as_f64().is_some_and(|number| (min..=max).contains(&&number))
        }
        (Type::Enum { values }, Constant::Text(text)) => values.contains(text),
        (Type::String { min, max, .. } | Type::Text { min, max }, Constant::Text(text)) => {
            (*min as usize..=*max as usize).contains(&text.chars().count())
        }
        _ => false,
    };
    (!fits).then(|| match ty {
        Type::Enum { values } => format!("is not one of {}", values.join(", ")),
        other => format!("is no {} within the bounds of the field", other.name()),
    })
}

/// Makes sure that the values of an old field can be changed in the way that the model says.
fn from(before: &Before, source: &Field, path: &str, faults: &mut Faults) {
    let (name, ty) = (shown(&source.name), &source.ty);
    let is_text = matches!(ty, Type::String { .. } | Type::Text { .. } | Type::Enum { .. });
    if (before.case.is_some() || before.split.is_some()) && !is_text {
        let message = format!("{name} is a {}, and no text", ty.name());
        faults.add(format!("{path}.from"), message, "name a field that is a string, a text or an enum");
    }
    if let Some(part) = before.date.as_deref() {
        let parts: Vec<&str> = match ty {
            Type::DateTime => [&OF_DATE[..], &OF_TIME, &["date", "time"]].concat(),
            Type::Date => [&OF_DATE[..], &["date"]].concat(),
            Type::Time => [&OF_TIME[..], &["time"]].concat(),
            _ => Vec::new(),
        };
        if !parts.contains(&part) {
            let message = format!("{} is no part of {name}, which is a {}", shown(part), ty.name());
            let help = if parts.is_empty() {
                "name a field that is a datetime, a date or a time".to_owned()
            } else {
                format!("its parts are {}", parts.join(", "))
            };
            faults.add(format!("{path}.date"), message, help);
        }
    }
    if let Some(said) = &before.values {
        every_value(said, before.other.is_some(), source, path, faults);
    }
}

/// Makes sure that every value of an old field becomes one, and no other is named.
fn every_value(said: &[Becomes], has_else: bool, source: &Field, path: &str, faults: &mut Faults) {
    let (name, path) = (shown(&source.name), format!("{path}.enum"));
    let both = || ["true", "false"].map(str::to_owned).to_vec();
    let values = match &source.ty {
        Type::Enum { values } => values.clone(),
        Type::Bool => both(),
        Type::String { .. } | Type::Text { .. } | Type::Int { .. } | Type::UInt { .. } => {
            if !has_else {
                let message = format!("it does not say what becomes of the other values of {name}");
                faults.add(path, message, "add an \"else\"");
            }
            return;
        }
        other => {
            let message = format!("{name} is a {}, whose values cannot be listed", other.name());
            return faults.add(path, message, "name a field that is an enum, a bool, a text or an int");
        }
    };
    for one in said.iter().filter(|one| !values.contains(&one.value)) {
        let help = match nearest(&one.value, values.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its values are {}", values.join(", ")),
        };
        faults.add(path.clone(), format!("{} is not a value of {name}", shown(&one.value)), help);
    }
    let is_said = |value: &&String| said.iter().any(|one| one.value == **value);
    let missing: Vec<_> = values.iter().filter(|value| !is_said(value)).map(shown).collect();
    if !has_else && !missing.is_empty() {
        let message = format!("it does not say what becomes of {}", missing.join(", "));
        faults.add(path, message, "add them, or an \"else\"");
    }
}

/// Why the result of a source is no value of the field, and the remedy.
fn result(before: &Before, field: &Field, source: Option<&Field>) -> Option<(String, String)> {
    if before.unchanged().is_some() {
        let source = source?;
        let reason = fits::bars(&source.ty, &field.ty)?;
        let message = format!("{} of old records does not fit: {reason}", shown(&source.name));
        return Some((message, fits::remedy(source, &field.ty)));
    }
    let is_text = fits::bars(&ANY_TEXT, &field.ty).is_none();
    let (what, fits) = match before.date.as_deref() {
        Some("date") => ("a date", fits::bars(&Type::Date, &field.ty).is_none()),
        Some("time") => ("a time", fits::bars(&Type::Time, &field.ty).is_none()),
        Some(_) => ("an int", fits::bars(&Type::Int { min: 0, max: 9_999 }, &field.ty).is_none()),
        None if before.split.is_some() && before.part.is_none() => {
            let fits = match &field.ty {
                Type::List { item, .. } => fits::bars(&ANY_TEXT, &item.ty).is_none(),
                other => matches!(other, Type::Json),
            };
            ("a list of texts; a \"part\" gives one", fits)
        }
        None if before.split.is_some() || before.case.is_some() || before.join.is_some() => {
            ("a text", is_text)
        }
        None => return None,
    };
    (!fits).then(|| {
        let message =
            format!("the type of {} is {}, and it gets {what}", shown(&field.name), field.ty.name());
        (message, "write another source, or give the field another type".to_owned())
    })
}
