//! Types under foreign names, and the further changes that the translated type requires in other places. Advice that
//! leads to the next report would be useless.

use beds_protocol::TypeName;

use super::{check_flags, supply, ty as type_of};
use crate::{
    diagnostic::{
        Diagnostic, Errors, Severity,
        types::{self as diagnostics, Beside, Consequences, Meaning, Written},
    },
    foreign::Foreign,
    front::Front,
    names::{self, quoted},
    parse,
    part::{Form, Place},
    raw::{self, Given, Names, RawField},
    span::{Sources, Span, Spanned},
    validate::{
        Cx,
        filled::{filled, has},
    },
};

/// Reports a field type that is unknown here.
pub(super) fn report(raw: &RawField, name: &Spanned<String>, place: Place, depth: usize, cx: &mut Cx<'_>) {
    let given = beside(raw);
    let written = Written { place, form: raw.form, given: &given, front: cx.front };
    let diagnostic = match Meaning::of(&name.value, written, cx.engine) {
        None => diagnostics::unknown_type(name.span, &name.value, cx.engine),
        Some(meaning) => {
            let reports = reports(raw, &meaning.ty, place, depth, cx);
            let elsewhere = if place == Place::Field {
                let listed = listed(&raw.name.value, meaning.ty.ty, cx);
                filled_by_type(raw, &meaning.ty, cx).into_iter().chain(listed).collect()
            } else {
                Vec::new()
            };
            let consequences = Consequences { reports, elsewhere };
            diagnostics::foreign_type(name.span, &name.value, &meaning, written, &consequences)
        }
    };
    cx.errors.push(diagnostic);
}

/// The keys beside the type that a translated type may also set.
fn beside(raw: &RawField) -> Vec<Beside> {
    let flags = [
        ("key", &raw.key),
        ("required", &raw.required),
        ("nullable", &raw.nullable),
        ("unique", &raw.unique),
        ("unsigned", &raw.unsigned),
        ("version", &raw.version),
    ];
    let texts = [
        ("description", &raw.description),
        ("generated", &raw.generated),
        ("mode", &raw.mode),
        ("pattern", &raw.pattern),
    ];
    let constants = [("default", &raw.default), ("min", &raw.min), ("max", &raw.max)];
    let numbers = [("precision", &raw.precision), ("scale", &raw.scale)];
    let mut all = Vec::new();
    let name = raw.name.span;
    all.extend(flags.map(|(key, given)| shown(key, given, name, |flag| Some(flag.to_string()))));
    all.extend(texts.map(|(key, given)| shown(key, given, name, |text| Some(quoted(text)))));
    all.extend(constants.map(|(key, given)| shown(key, given, name, |scalar| Some(scalar.written()))));
    all.extend(numbers.map(|(key, given)| shown(key, given, name, |number| Some(number.to_string()))));
    all.push(shown("values", &raw.values, name, |values| Some(list(values))));
    all.push(shown("items", &raw.items, name, |item| match (item.form, item.ty.get()) {
        (Form::Short, Some(ty)) => Some(quoted(&ty.value)),
        _ => None,
    }));
    all.push(shown("fields", &raw.fields, name, |_| None));
    all.into_iter().flatten().collect()
}

/// A key and its value, unless it is absent. A broken value counts as one that cannot be compared.
fn shown<T>(
    key: &'static str,
    given: &Given<T>,
    name: Span,
    text: impl FnOnce(&T) -> Option<String>,
) -> Option<Beside> {
    let text = given.get().and_then(|value| text(&value.value));
    (!given.is_absent()).then(|| Beside { key, span: given.key().unwrap_or(name), text })
}

fn list(names: &Names) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(&name.value)).collect();
    format!("[{}]", names.join(", "))
}

/// The reports that the field would get with this type.
fn reports(raw: &RawField, ty: &Foreign, place: Place, depth: usize, cx: &mut Cx<'_>) -> Vec<Diagnostic> {
    let mut errors = Errors::default();
    let mut sources = Sources::default();
    if let Some(written) = as_written(raw, ty, place, &mut sources) {
        let mut cx = Cx { sources: &mut sources, errors: errors.sink(), ..cx.part() };
        if let Some(ty) = type_of(&written, place, depth, &mut cx) {
            supply(&written, &ty, place, &mut cx);
            check_flags(&written, &ty, &mut cx);
        }
    }
    errors.into_vec().into_iter().filter(|found| found.severity == Severity::Error).collect()
}

/// The lists of `[fetch]` that name a field of a type that cannot be filtered or sorted by.
fn listed(name: &str, ty: TypeName, cx: &Cx<'_>) -> Option<String> {
    let fetch = &cx.fetch.filter(|_| !ty.is_indexable())?.value.value;
    let lists = [("filter", &fetch.filter), ("sort", &fetch.sort)];
    let lists: Vec<&str> =
        lists.into_iter().filter(|(_, names)| has(names, name)).map(|(list, _)| list).collect();
    (!lists.is_empty()).then(|| {
        format!("remove `{name}` from {}: no fetch filters or sorts by a `{ty}`", names::sentence(lists))
    })
}

/// The field with a type, in the form that the advice shows; `None` if the advice is only a hint.
fn as_written(raw: &RawField, ty: &Foreign, place: Place, sources: &mut Sources) -> Option<RawField> {
    let file = sources.add("", format!("field = {{ {} }}\n", ty.pairs(", ")));
    let mut errors = Errors::default();
    let entry = parse::parse(file, sources, &mut errors.sink())?.entries.pop()?;
    let new = raw::field(entry.key, entry.value, place, Front::Template, &mut errors.sink());
    errors.into_vec().is_empty().then(|| raw.clone().over(new))
}

/// The same for a field whose type says that the database fills it.
fn filled_by_type(raw: &RawField, ty: &Foreign, cx: &Cx<'_>) -> Option<String> {
    let is_filled = ty.keys.iter().any(|(key, _)| *key == "generated");
    let is_key = raw.key.is_true() || ty.keys.iter().any(|(key, value)| *key == "key" && value == "true");
    filled(raw, is_key, cx).filter(|_| is_filled)
}
