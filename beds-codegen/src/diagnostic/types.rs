//! Mistakes about types: types under foreign names, and keys that a type does not have.

use beds_protocol::{Engine, TypeName, shown};

use super::Diagnostic;
use crate::{
    code::Code,
    foreign::{self, Foreign},
    front::Front,
    names,
    part::{self, Form, Place},
    span::Span,
};

/// The context of an unknown type, so that a machine can replace it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'a> {
    /// The part that has the type.
    pub(crate) place: Place,
    /// The form in which the type is written.
    pub(crate) form: Form,
    /// The keys beside the type.
    pub(crate) given: &'a [Beside],
    /// The front in which it is written.
    pub(crate) front: Front,
}

/// A key beside a type.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    pub(crate) key: &'static str,
    pub(crate) span: Span,
    /// Its value in written form; `None` if it is not compared.
    pub(crate) text: Option<String>,
}

/// The meaning of an unknown type in its context.
#[derive(Debug)]
pub(crate) struct Meaning<'a> {
    /// The type, with the keys that are not yet beside it.
    pub(crate) ty: Foreign,
    /// Keys that the type implies with other values than those written beside it.
    contradictions: Vec<((&'static str, String), &'a Beside)>,
    /// Whether `values` stand beside a text.
    was_set: bool,
}

/// The further changes that the corrected type requires.
#[derive(Debug, Default)]
pub(crate) struct Consequences {
    /// The further reports about the field.
    pub(crate) reports: Vec<Diagnostic>,
    /// The changes in other places.
    pub(crate) elsewhere: Vec<String>,
}

impl<'a> Meaning<'a> {
    /// The meaning of a name in this context; `None` if it is unknown.
    pub(crate) fn of(name: &str, written: Written<'a>, engine: Option<Engine>) -> Option<Self> {
        let mut ty = foreign::translate(name)?;
        if ty.ty == TypeName::ObjectId && engine == Some(Engine::MariaDb) {
            ty = Foreign::object_id_text();
        }
        let beside = |key: &str| written.given.iter().find(|given| given.key == key);
        if ty.ty == TypeName::Uuid && beside("generated").is_some() {
            (ty.is_sure, ty.note) = (true, None);
        }
        if beside("version").is_some_and(|given| given.text.as_deref() == Some("true")) {
            ty = ty.of_version();
        }
        let was_set = ty.ty == TypeName::String && beside("values").is_some();
        ty.keys.retain(|(key, _)| written.place.may_have(key));
        let contradicted = |(key, value): &(&'static str, String)| {
            let is_true = |key: &str| beside(key).filter(|given| given.text.as_deref() == Some("true"));
            let differs = |given: &&Beside| {
                let text = given.text.as_deref();
                text.is_some_and(|text| !is_same(value, text) && !is_within(ty.ty, key, value, text))
            };
            let other = beside(key).filter(differs);
            let rival = match *key {
                "required" => is_true("nullable"),
                "nullable" => is_true("required").or_else(|| is_true("key")),
                "default" => is_true("required").or_else(|| beside("generated")),
                "generated" => is_true("required").or_else(|| beside("default")),
                _ => None,
            };
            other.or(rival).map(|given| ((*key, value.clone()), given))
        };
        let contradictions: Vec<_> = ty.keys.iter().filter_map(contradicted).collect();
        // The source of a new value is given only once.
        let is_said = |key: &str| match key {
            "required" | "default" | "generated" => {
                ["required", "default", "generated"].iter().any(|key| beside(key).is_some())
            }
            key => beside(key).is_some(),
        };
        let is_contradicted = |key: &str| contradictions.iter().any(|((other, _), _)| *other == key);
        ty.keys.retain(|(key, _)| !is_said(key) && !is_contradicted(key));
        Some(Self { ty, contradictions, was_set })
    }
}

/// Whether two constants are equal in different forms: to a column `0` is `false`, and `"5.00"` is 5.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |text: &str| match text.trim_matches('"') {
        "false" => "0".to_owned(),
        "true" => "1".to_owned(),
        text => text.to_owned(),
    };
    let (one, other) = (plain(one), plain(other));
    let is_one_number = |one: f64, other: f64| one.total_cmp(&other).is_eq();
    one == other || matches!((one.parse(), other.parse()), (Ok(one), Ok(other)) if is_one_number(one, other))
}

/// Whether a bound of values is narrower than the type's own bound, which may be intended.
fn is_within(ty: TypeName, key: &str, of_type: &str, given: &str) -> bool {
    let is_number = matches!(ty, TypeName::Int | TypeName::Float | TypeName::Decimal);
    let number = |text: &str| text.trim_matches('"').parse::<f64>().ok();
    match (number(of_type), number(given)) {
        (Some(of_type), Some(given)) if is_number && key == "min" => given >= of_type,
        (Some(of_type), Some(given)) if is_number && key == "max" => given <= of_type,
        _ => false,
    }
}

/// An unknown type.
pub(crate) fn unknown_type(span: Span, name: &str, engine: Option<Engine>) -> Diagnostic {
    let is_known = move |name: &&TypeName| match name {
        TypeName::ObjectId => engine != Some(Engine::MariaDb),
        _ => true,
    };
    let known = TypeName::ALL.iter().filter(is_known).map(|name| name.as_str());
    let is_near = beds_protocol::nearest(name, known.clone()).is_some();
    if let Some((word, ty)) = foreign::nearest(name).filter(|_| !is_near) {
        return no_such_type(span, name)
            .help(format!("did you mean `{word}`? write `{}` instead", ty.value()));
    }
    no_such_type(span, name).suggest(name, known, "the types are")
}

fn no_such_type(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnknownType, format!("unknown type {}", shown(name))).at(span, "no such type")
}

/// A foreign type, with its name here.
pub(crate) fn foreign_type(
    span: Span,
    name: &str,
    meaning: &Meaning<'_>,
    written: Written<'_>,
    consequences: &Consequences,
) -> Diagnostic {
    let Written { form, front, .. } = written;
    let Meaning { ty, contradictions, was_set } = meaning;
    let beside = ty.pairs(if form == Form::Section { "\n" } else { ", " });
    let (said, right) = match form {
        _ if front != Front::Template => {
            let keys = ty.attribute();
            (keys.clone(), keys.strip_prefix("type = ").unwrap_or(&keys).to_owned())
        }
        Form::Short => (ty.value(), ty.value()),
        Form::Inline | Form::Section => {
            (ty.pairs(", "), beside.strip_prefix("type = ").unwrap_or(&beside).to_owned())
        }
    };
    let mut diagnostic = no_such_type(span, name).help(format!("write `{said}` instead"));
    if let Some(note) = ty.note {
        diagnostic = diagnostic.help(note);
    }
    for ((key, value), given) in contradictions {
        let Beside { key: other, span, text } = given;
        let text = text.as_deref().unwrap_or("…");
        diagnostic = diagnostic.near(*span, "this contradicts it").help(format!(
            "{} means `{key} = {value}`, but `{other} = {text}` is beside it: keep the right one",
            shown(name)
        ));
    }
    if *was_set {
        return diagnostic.help("remove `values`, which belongs to `enum`, or make it a `list` with `items = { type = \"enum\", values = [\"…\"] }`");
    }
    for Diagnostic { message, help, .. } in &consequences.reports {
        diagnostic = diagnostic.help(format!("with it, {message}: {}", help.join("; ")));
    }
    let is_alone = consequences.reports.iter().all(|report| report.fix.is_some());
    for elsewhere in &consequences.elsewhere {
        diagnostic = diagnostic.help(elsewhere);
    }
    if ty.is_sure && contradictions.is_empty() && is_alone && consequences.elsewhere.is_empty() {
        return diagnostic.fix(span, right);
    }
    diagnostic
}

/// The name of a type used as a key. `right` replaces it at `place`.
pub(crate) fn type_as_key(span: Span, name: &str, word: &str, place: Span, right: &str) -> Diagnostic {
    let said = right.replace('\n', ", ");
    let rest = if place == span { " = …" } else { "" };
    Diagnostic::error(Code::MissingKey, format!("`type` is missing in {}", shown(name)))
        .at(span, format!("{} is a type, not a key", shown(word)))
        .help(format!("write `{said}{rest}` in place of `{word} = …`"))
        .fix(place, right)
}

/// Keys of one field that belong to other types.
pub(crate) fn keys_not_of_type(keys: &[(&str, Span)], ty: TypeName) -> Diagnostic {
    let all = names::sentence(keys.iter().map(|(key, _)| *key));
    let first = keys.first().map_or("", |(key, _)| *key);
    let mut diagnostic = Diagnostic::error(Code::KeyNotOfType, format!("the type `{ty}` has no {all}"));
    for (_, span) in keys {
        diagnostic = diagnostic.at(*span, format!("not for `{ty}`"));
    }
    let has = |key: &str| keys.iter().any(|(known, _)| *known == key);
    let help = match ty {
        TypeName::List if has("values") => {
            "write `items = { type = \"enum\", values = [\"…\"] }` for a list of such values, or make the type `enum`".to_owned()
        }
        TypeName::List if has("fields") => "write `items = { type = \"object\", fields = { … } }`".to_owned(),
        TypeName::List if has("precision") || has("scale") => {
            "write it into `items`, `items = { type = \"decimal\", precision = 12, scale = 2 }`".to_owned()
        }
        TypeName::List if has("min") || has("pattern") => {
            "write it into `items`, `items = { type = \"string\", … }`, if it applies to each item".to_owned()
        }
        TypeName::Object if has("items") => "make the type `list`, or write `fields` for the members".to_owned(),
        TypeName::Int if has("scale") => "make the type `decimal`".to_owned(),
        TypeName::Int | TypeName::Float if has("precision") => {
            "make the type `decimal` with `precision` and `scale`, or remove them".to_owned()
        }
        TypeName::Int | TypeName::Float | TypeName::Decimal if has("values") => {
            "write `min` and `max`; or make the type `enum`, whose values are texts, `values = [\"1\", \"2\"]`".to_owned()
        }
        _ if has("values") => "make the type `enum`, or remove `values`".to_owned(),
        _ => {
            let owners = part::types_of(first).unwrap_or_default();
            let owners = names::sentence(owners.iter().map(|ty| ty.as_str()));
            format!("change the type, or remove {all}: `{first}` is for {owners}")
        }
    };
    diagnostic.help(help)
}
