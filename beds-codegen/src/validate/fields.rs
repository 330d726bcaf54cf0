//! `[fields]`: the fields of a domain, and their lookup by name.

use std::collections::HashMap;

use super::{Cx, columns, types};
use crate::{
    diagnostic::{Diagnostic, ErrorSink, fields as diagnostics, objects as object_diagnostics},
    meant::is_condition,
    model::{Field, Generated, Supply, Type},
    names,
    part::Place,
    raw::{Given, Names, RawField},
    span::{Span, Spanned},
};

/// The fields of a domain. A broken field keeps its place, so that indices stay valid and its name is known.
pub(super) struct Fields {
    slots: Vec<Slot>,
    /// Whether the whole section is unusable, so that no name can be checked.
    is_unknown: bool,
}

pub(super) struct Slot {
    pub(super) name: Spanned<String>,
    pub(super) field: Option<Field>,
    /// The column, if it is written.
    column: Option<String>,
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
            column: field.column.get().map(|column| column.value.clone()),
            // A broken flag was most likely meant to be set.
            is_key: field.key.is_true() || field.key.is_broken(),
            is_version: field.version.is_true() || field.version.is_broken(),
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

/// Reports names that differ on the wire but not in Rust.
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

/// Whether a name is a placeholder of a statement: `?`, `:id`, `$1`, `%s`, `{id}`.
fn is_placeholder(name: &str) -> bool {
    let name = name.trim();
    matches!(name, "?" | "%s" | "%d" | "{}")
        || name.starts_with([':', '$', '?'])
        || (name.starts_with("%(") && name.ends_with('s'))
        || (name.starts_with('{') && name.ends_with('}'))
}

impl Fields {
    /// The indices of the fields with these names. Unknown and duplicate names are reported. Names with a direction are
    /// joined in one report, because they come from one habit.
    pub(super) fn indices(&self, names: &Names, list: &str, errors: &mut ErrorSink<'_>) -> Vec<usize> {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        let mut indices = Vec::with_capacity(names.len());
        let mut directed: Vec<(&str, Span)> = Vec::new();
        let mut placeholders: Vec<(&str, Span)> = Vec::new();
        for Spanned { value, span } in names {
            if is_placeholder(value) || self.is_parameter(value) {
                placeholders.push((value, *span));
                continue;
            }
            if let Some(first) = seen.get(value.as_str()) {
                errors.push(object_diagnostics::named_twice(*span, *first, value, list));
                continue;
            }
            seen.insert(value, *span);
            match self.slots.iter().position(|slot| slot.name.value == *value) {
                Some(index) => indices.push(index),
                None if self.is_unknown => {}
                None if self.directed(value).is_some() => directed.push((value, *span)),
                None if self.is_of_no_name(value) => {}
                None => {
                    let listed = names.iter().map(|name| name.value.as_str());
                    errors.push(self.unknown(value, *span, list).unless_listed(listed));
                }
            }
        }
        if let Some((name, _)) = directed.first() {
            let plain = self.directed(name).unwrap_or(name);
            let is_sort = list == "sort";
            errors.push(object_diagnostics::directed(&directed, plain, is_sort));
        }
        if !placeholders.is_empty() && !self.is_unknown {
            let fields = self.slots.iter().map(|slot| slot.name.value.as_str());
            errors.push(object_diagnostics::placeholders(&placeholders, list, fields));
        }
        indices
    }

    /// Whether a name most likely means a field whose own name is invalid, which is reported: `floor` for `floor-no`.
    fn is_of_no_name(&self, name: &str) -> bool {
        let (fields, broken): (Vec<&str>, Vec<&str>) =
            self.slots.iter().map(|slot| slot.name.value.as_str()).partition(|name| names::is_word(name));
        let is_typo = beds_protocol::nearest(name, fields).is_some();
        !broken.is_empty() && names::is_word(name) && !is_typo
    }

    /// The field of a name with a direction: `-created_at`, `amount desc`.
    fn directed<'n>(&self, name: &'n str) -> Option<&'n str> {
        let folded = name.trim();
        let plain = folded.strip_prefix(['-', '+']).unwrap_or(folded);
        let plain = plain.split([' ', ':', ',']).next().unwrap_or(plain);
        let is_direction = |word: &str| {
            matches!(word.trim().to_ascii_lowercase().as_str(), "" | "asc" | "desc" | "1" | "-1")
        };
        let start = folded.len() - folded.trim_start_matches(['-', '+']).len() + plain.len();
        let rest = folded.get(start..).unwrap_or_default().trim_start_matches([' ', ':', ',']);
        (plain != name && is_direction(rest) && self.slots.iter().any(|slot| slot.name.value == plain))
            .then_some(plain)
    }

    fn unknown(&self, name: &str, span: Span, list: &str) -> Diagnostic {
        if names::is_all(name) {
            let suits = |field: &Field| match list {
                "filter" | "sort" => field.ty.is_indexable(),
                "returns" => {
                    matches!(field.supply, Supply::Generated(Generated::Database) | Supply::Version)
                }
                _ => !field.sensitive,
            };
            let all = self.slots.iter().filter(|slot| slot.field.as_ref().is_none_or(suits));
            return object_diagnostics::wildcard(span, list, all.map(|slot| slot.name.value.as_str()));
        }
        let parts: Vec<&str> = name.split([',', ';']).map(str::trim).collect();
        if parts.len() > 1 && parts.iter().all(|part| self.slots.iter().any(|slot| slot.name.value == *part))
        {
            return object_diagnostics::names_in_one(span, &parts);
        }
        let whole = name.split_once(['.', '[']).and_then(|(whole, _)| {
            let slot = self.slots.iter().find(|slot| slot.name.value == whole)?;
            let field = slot.field.as_ref()?;
            matches!(field.ty, Type::Object { .. } | Type::List { .. } | Type::Json).then_some(slot)
        });
        if let Some(slot) = whole {
            return object_diagnostics::part_of_field(span, (name, list), &slot.name.value, slot.name.span);
        }
        let first = name.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next();
        let is_of_field = self.slots.iter().any(|slot| Some(slot.name.value.as_str()) == first);
        if list == "filter" && is_condition(name) && !is_of_field {
            return object_diagnostics::condition(span, name);
        }
        if let Some(slot) = self.version().and_then(|index| self.slot(index))
            && list == "args"
            && matches!(name, "if_version" | "version" | "row_version" | "rowversion" | "etag")
        {
            return object_diagnostics::version_of_request(span, name, &slot.name.value, slot.name.span);
        }
        let of_column = self.slots.iter().find(|slot| slot.column.as_deref() == Some(name));
        match of_column {
            Some(slot) => object_diagnostics::column_for_field(span, name, &slot.name.value, slot.name.span),
            None => object_diagnostics::unknown_field(
                span,
                name,
                self.slots.iter().map(|slot| slot.name.value.as_str()),
            ),
        }
    }

    /// All fields with their indices.
    pub(super) fn slots(&self) -> impl Iterator<Item = (usize, &Slot)> {
        self.slots.iter().enumerate()
    }

    pub(super) fn slot(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index)
    }

    /// Whether the name is a field with T-SQL's sign of a parameter before it, `@name`.
    pub(super) fn is_parameter(&self, name: &str) -> bool {
        let field = name.strip_prefix('@');
        field.is_some_and(|field| self.slots.iter().any(|slot| slot.name.value == field))
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.is_unknown
    }

    pub(super) fn key(&self) -> Vec<usize> {
        self.slots().filter(|(_, slot)| slot.is_key).map(|(index, _)| index).collect()
    }

    pub(super) fn version(&self) -> Option<usize> {
        let mut versions = self.slots.iter().enumerate().filter(|(_, slot)| slot.is_version);
        // If there are two, which is reported, the intended one is unknown.
        let first = versions.next();
        first.filter(|_| versions.next().is_none()).map(|(index, _)| index)
    }

    /// Whether a field is broken. It may be part of the key.
    pub(super) fn has_broken(&self) -> bool {
        self.slots.iter().any(|slot| slot.field.is_none())
    }

    pub(super) fn is_version(&self, index: usize) -> bool {
        self.slots.get(index).is_some_and(|slot| slot.is_version)
    }

    /// The fields, if all are valid.
    pub(super) fn into_list(self) -> Option<Vec<Field>> {
        self.slots.into_iter().map(|slot| slot.field).collect()
    }
}
