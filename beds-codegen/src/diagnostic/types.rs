//! Mistakes about types: such that are called otherwise here, and keys that they do not have.

use beds_protocol::{Engine, TypeName};

use super::Diagnostic;
use crate::{
    code::Code,
    foreign::{self, Foreign},
    front::Front,
    names,
    part::{self, Form, Place},
    span::Span,
};

/// How a type stands where it is unknown, so that a machine can replace it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'a> {
    /// What it is that has the type.
    pub(crate) place: Place,
    /// How it is written.
    pub(crate) form: Form,
    /// The keys beside it that are there already.
    pub(crate) given: &'a [&'static str],
    /// What it is written in.
    pub(crate) front: Front,
}

pub(crate) fn unknown_type(
    span: Span,
    name: &str,
    written: Written<'_>,
    engine: Option<Engine>,
) -> Diagnostic {
    let is_known = move |name: &&TypeName| match name {
        TypeName::ObjectId => engine != Some(Engine::MariaDb),
        _ => true,
    };
    let known = TypeName::ALL.iter().filter(is_known).map(|name| name.as_str());
    let diagnostic =
        Diagnostic::error(Code::UnknownType, format!("unknown type `{name}`")).at(span, "no such type");
    match foreign::translate(name) {
        Some(ty) => translated(diagnostic, span, ty, written, engine),
        None => diagnostic.suggest(name, known, "the types are"),
    }
}

/// Adds what a foreign type is called here.
fn translated(
    diagnostic: Diagnostic,
    span: Span,
    mut ty: Foreign,
    written: Written<'_>,
    engine: Option<Engine>,
) -> Diagnostic {
    let Written { place, form, given, front } = written;
    if ty.ty == TypeName::ObjectId && engine == Some(Engine::MariaDb) {
        ty = Foreign::object_id_text();
    }
    if ty.ty == TypeName::Uuid && given.contains(&"generated") {
        (ty.is_sure, ty.note) = (true, None);
    }
    let was_set = ty.ty == TypeName::String && given.contains(&"values");
    ty.keys.retain(|(key, _)| place.may_have(key) && !given.contains(key));
    let beside = ty.pairs(if form == Form::Section { "\n" } else { ", " });
    let (shown, right) = match form {
        _ if front != Front::Template => {
            let keys = ty.attribute();
            (keys.clone(), keys.strip_prefix("type = ").unwrap_or(&keys).to_owned())
        }
        Form::Short => (ty.value(), ty.value()),
        Form::Inline | Form::Section => {
            (ty.pairs(", "), beside.strip_prefix("type = ").unwrap_or(&beside).to_owned())
        }
    };
    let diagnostic = diagnostic.help(format!("write `{shown}`: this is how it is said here"));
    let diagnostic = match ty.note {
        Some(note) => diagnostic.help(note),
        None => diagnostic,
    };
    if was_set {
        return diagnostic.help("remove `values`, which an `enum` has, or make it a `list` with `items = { type = \"enum\", values = [\"…\"] }`");
    }
    if ty.is_sure { diagnostic.fix(span, right) } else { diagnostic }
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
        TypeName::List if has("min") || has("pattern") => {
            "write it into `items`, `items = { type = \"string\", … }`, if it is about each item".to_owned()
        }
        TypeName::Object if has("items") => "make the type `list`, or write `fields` for the members".to_owned(),
        TypeName::Int if has("scale") => "make the type `decimal`".to_owned(),
        TypeName::Int | TypeName::Float if has("precision") => {
            "make the type `decimal` with `precision` and `scale`, or remove them".to_owned()
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
