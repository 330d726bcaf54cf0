//! `[fields]`: the fields of a domain, and finding one by its name.

use std::collections::HashMap;

use super::{Cx, columns, types};
use crate::{
    diagnostic::{ErrorSink, fields as diagnostics, objects as object_diagnostics},
    model::Field,
    part::Place,
    raw::{Given, Names, RawField},
    span::{Span, Spanned},
};

/// The fields of a domain. A broken one keeps its place, so that indices hold and its name is known.
pub(super) struct Fields {
    slots: Vec<Slot>,
    /// Whether the whole section is unusable, so that no name can be judged.
    is_unknown: bool,
}

pub(super) struct Slot {
    pub(super) name: Spanned<String>,
    pub(super) field: Option<Field>,
    is_key: bool,
    is_version: bool,
}

pub(super) fn validate(raw: Given<Vec<RawField>>, cx: &mut Cx<'_>) -> Fields {
    let Given::Is(entry) = raw else { return Fields { slots: Vec::new(), is_unknown: true } };
    let raw = entry.value.value;
    check_versions(&raw, &mut cx.errors);
    columns::check_unique(&raw, false, cx);
    check_identifiers(&raw, &mut cx.errors);
    let slots: Vec<Slot> = raw
        .into_iter()
        .map(|field| Slot {
            is_key: field.key.is_true(),
            is_version: field.version.is_true(),
            name: field.name.clone(),
            field: types::field(field, Place::Field, 0, cx),
        })
        .collect();
    Fields { is_unknown: slots.is_empty(), slots }
}

fn check_versions(raw: &[RawField], errors: &mut ErrorSink<'_>) {
    let mut versions = raw.iter().filter(|field| field.version.is_true());
    if let Some(first) = versions.next() {
        for second in versions {
            errors.push(diagnostics::two_versions(second.name.span, first.name.span));
        }
    }
}

/// Reports names that are told apart on the wire but not in Rust.
fn check_identifiers(raw: &[RawField], errors: &mut ErrorSink<'_>) {
    let mut seen = HashMap::new();
    for field in raw {
        let rust = match field.name.value.as_str() {
            word @ ("self" | "Self" | "super" | "crate") => format!("{word}_"),
            word => word.to_owned(),
        };
        if let Some(first) = seen.insert(rust.clone(), field.name.span) {
            errors.push(diagnostics::identifier_taken(field.name.span, first, &rust));
        }
    }
}

impl Fields {
    /// The indices of the fields with these names. Unknown names and such that stand twice are reported.
    pub(super) fn indices(&self, names: &Names, list: &str, errors: &mut ErrorSink<'_>) -> Vec<usize> {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        let mut indices = Vec::with_capacity(names.len());
        for Spanned { value, span } in names {
            if let Some(first) = seen.get(value.as_str()) {
                errors.push(object_diagnostics::named_twice(*span, *first, value, list));
                continue;
            }
            seen.insert(value, *span);
            match self.slots.iter().position(|slot| slot.name.value == *value) {
                Some(index) => indices.push(index),
                None if self.is_unknown => {}
                None => errors.push(object_diagnostics::unknown_field(
                    *span,
                    value,
                    self.slots.iter().map(|slot| slot.name.value.as_str()),
                )),
            }
        }
        indices
    }

    /// All fields with their indices.
    pub(super) fn slots(&self) -> impl Iterator<Item = (usize, &Slot)> {
        self.slots.iter().enumerate()
    }

    pub(super) fn slot(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index)
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.is_unknown
    }

    pub(super) fn key(&self) -> Vec<usize> {
        self.slots().filter(|(_, slot)| slot.is_key).map(|(index, _)| index).collect()
    }

    pub(super) fn version(&self) -> Option<usize> {
        self.slots.iter().position(|slot| slot.is_version)
    }

    /// The valid fields, if all are.
    pub(super) fn into_list(self) -> Option<Vec<Field>> {
        self.slots.into_iter().map(|slot| slot.field).collect()
    }
}
