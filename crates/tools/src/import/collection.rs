//! What clients may write in a collection: everything, if its validator accepts what the node writes, or nothing.

use beds_core::inspect::{Asks, Column, Evidence, ITEMS, Kind, Relation, RelationKind, Rule};
use beds_protocol::shown;

use super::{
    domain::{Domain, Object},
    fields::is_unwritable,
    types::is_nameable,
};
use crate::forms::{one_form, shown_alike};

/// A collection whose validator refuses what does not match is written through that validator.
pub(super) fn offer(domain: &mut Domain, relation: &Relation) {
    if relation.kind != RelationKind::Collection {
        return;
    }
    if let Some(locale) = &relation.collation {
        domain.notes.push(format!(
            "its collation {} compares texts: a key or a filter may find other texts than the given one",
            shown(locale)
        ));
    }
    let why = match relation.evidence {
        Evidence::Validator { strict } => {
            unwritable(domain, relation).or_else(|| (!strict).then(|| "its validator only warns".to_owned()))
        }
        Evidence::Sample { .. } | Evidence::Declared => Some(format!(
            "it has no validator; with one, add create = {{ collection = \"{}\" }}",
            relation.name
        )),
    };
    if let Some(why) = why {
        domain.notes.push(format!("read only: {why}"));
        return;
    }
    let collection = || Some(Object::Collection(relation.name.clone()));
    domain.create = collection();
    if !domain.key().is_empty() {
        if domain.fields.iter().any(|field| !field.key && field.is_settable()) {
            domain.update = collection();
        }
        domain.delete = collection();
    }
    for field in domain.fields.iter_mut().filter(|field| field.key) {
        if let Some(why) = shown_alike(relation, &field.column.name, field.ty.name) {
            let form = one_form(field.ty.name);
            field.notes.push(format!(
                "{why}: a key that records share is `conflict`; let the validator accept only \"{form}\""
            ));
        }
    }
}

/// Why the node cannot write its records.
fn unwritable(domain: &Domain, relation: &Relation) -> Option<String> {
    let columns: Vec<&Column> = domain.fields.iter().map(|field| &field.column).collect();
    let hidden = columns.iter().find_map(|column| hidden(&column.kind, &column.name));
    let refused = || relation.rules.iter().find_map(|rule| refused(&columns, rule));
    let needed = || columns.iter().find(|column| is_unwritable(column) && !column.nullable);
    let of_needed = |column: &&Column| {
        format!("its validator requires {}, whose types no value on the wire becomes", shown(&column.name))
    };
    refused().or_else(|| needed().map(of_needed)).or(hidden)
}

/// The member that an update of the object in a column would lose.
fn hidden(kind: &Kind, place: &str) -> Option<String> {
    match kind {
        Kind::List(item) => hidden(item, place),
        Kind::Object(members) => {
            let unnamed = members.iter().find(|member| !is_nameable(member));
            let of = |member: &Column| {
                let (member, object) = (shown(&member.name), shown(place));
                format!("a write of {object} would lose its member {member}, which a template cannot name")
            };
            let is_any_named = members.iter().any(is_nameable);
            let within = || {
                members.iter().find_map(|member| hidden(&member.kind, &format!("{place}.{}", member.name)))
            };
            unnamed.filter(|_| is_any_named).map(of).or_else(within)
        }
        _ => None,
    }
}

/// What a rule of a validator is about.
enum Reached<'k> {
    /// The document, or an object in it.
    Members(Vec<&'k Column>),
    Value(&'k Kind),
}

/// Why a rule refuses what the node writes.
fn refused(columns: &[&Column], rule: &Rule) -> Option<String> {
    let name = shown(rule.path.join(".").replace(&format!(".{ITEMS}"), ITEMS));
    let (of, is_document) = (format!(" in {name}"), rule.path.is_empty());
    let of = if is_document { "" } else { of.as_str() };
    match (reached(columns, &rule.path)?, &rule.asks) {
        (Reached::Members(_), Asks::Types(types))
            if is_document && !types.iter().any(|name| name == "object") =>
        {
            Some("its validator takes no document".to_owned())
        }
        (Reached::Members(members), Asks::Required(member)) if !(is_document && member == "_id") => {
            let member_name = shown(member);
            match members.iter().find(|column| column.name == *member) {
                None => Some(format!("its validator requires {member_name}{of}, which no template can give")),
                Some(column) if column.nullable => Some(format!(
                    "its validator requires {member_name}{of}, which by another part of it may be null or absent"
                )),
                Some(_) => None,
            }
        }
        (Reached::Members(members), Asks::Only(names)) => {
            let is_listed = |name: &str| names.iter().any(|listed| listed == name);
            if is_document && !is_listed("_id") {
                return Some("its validator forbids `_id`, which each document has".to_owned());
            }
            let forbidden = members.iter().find(|column| !is_listed(&column.name))?;
            Some(format!("its validator forbids {}{of}", shown(&forbidden.name)))
        }
        (Reached::Value(Kind::Int { .. }), Asks::Types(types))
            if !types.iter().any(|name| name == "long" || name == "number") =>
        {
            Some(format!(
                "its validator accepts {name} as int only, and the node writes long: let it accept [\"int\", \"long\"]"
            ))
        }
        (Reached::Value(Kind::String { .. } | Kind::Text { .. }), Asks::OneOf { texts, .. })
            if texts.is_empty() =>
        {
            Some(format!("its validator takes no string in {name}: none is in its enum"))
        }
        _ => None,
    }
}

/// What the fields have at a path.
fn reached<'k>(columns: &[&'k Column], path: &[String]) -> Option<Reached<'k>> {
    let Some((first, mut rest)) = path.split_first() else { return Some(Reached::Members(columns.to_vec())) };
    let mut kind = &columns.iter().find(|column| column.name == *first)?.kind;
    while let Some((step, after)) = rest.split_first() {
        kind = match kind {
            Kind::List(item) if step == ITEMS => item,
            Kind::Object(members) => {
                &members.iter().find(|member| is_nameable(member) && member.name == *step)?.kind
            }
            _ => return None,
        };
        rest = after;
    }
    Some(match kind {
        Kind::Object(members) => {
            Reached::Members(members.iter().filter(|member| is_nameable(member)).collect())
        }
        kind => Reached::Value(kind),
    })
}
