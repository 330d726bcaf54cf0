//! Compares what a domain writes to a collection with the collection's validator.

use super::{
    Findings,
    validator::{self, stored_as, takes},
};
use crate::forms::{one_form, shown_alike};
use beds_core::{
    inspect::{Each, Index, Relation},
    spec::{Object, Type, Usage},
};
use beds_protocol::shown;

/// Compares the written values with the collection and its validator.
pub(super) fn check(object: &Object, relation: &Relation, findings: &mut Findings<'_>) {
    let is_recorded = findings.domain.is_recorded();
    if let Some(storage) = relation.storage.as_ref().filter(|storage| is_recorded && !storage.transactional) {
        let message = format!(
            "{} is {}, into which no transaction writes: such a request is refused",
            shown(&relation.name),
            storage.name
        );
        findings
            .error(super::place(object.usage), message)
            .hint("say `once = false` in the template, and neither publish nor audit its changes");
    }
    check_forms(relation, findings);
    check_collation(relation, findings);
    if object.usage != Usage::Delete {
        validator::check(object, relation, findings);
    }
    if object.usage == Usage::Create {
        check_expiry(relation, findings);
    }
}

/// Whether clients may see the same key for two records of the collection.
fn check_forms(relation: &Relation, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    for &key in domain.key {
        let field = &domain.fields[key];
        let Some(why) = shown_alike(relation, field.column, field.ty.name()) else { continue };
        let place = format!("field {}", field.name);
        if !findings.has(&place, &why) {
            let form = one_form(field.ty.name());
            findings.warning(place, why).hint(format!(
                "let the validator accept only \"{form}\"; until then a key that records share is `conflict`"
            ));
        }
    }
}

/// Whether the collection treats different texts as equal.
pub(super) fn check_collation(relation: &Relation, findings: &mut Findings<'_>) {
    let Some(locale) = &relation.collation else { return };
    let message = format!(
        "{} compares texts by the collation {}: a key or a filter may find other texts than the given one",
        shown(&relation.name),
        shown(locale)
    );
    if !findings.has("objects", &message) {
        findings
            .warning("objects", message)
            .hint("make the collection anew without a collation, and give one to the indexes that need it");
    }
}

/// Checks that a view shows each document once. Also checks that it shows under its own name each member that is written
/// or is part of the key.
pub(super) fn check_view(place: &str, relation: &Relation, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let Some(shows) = &relation.shows else { return };
    let name = shown(&relation.name);
    let is_of_document = |key: &usize| shows.source(domain.fields[*key].column).is_some();
    if shows.each == Each::Several && !domain.key.is_empty() && domain.key.iter().all(is_of_document) {
        let message = format!("{name} shows a document once for each item of a list: records share a key");
        findings
            .warning(place, message)
            .hint("remove the `$unwind` from the view, or add a field that tells the items apart to the key");
    }
    let Some((collection, _)) = &relation.picks else { return };
    let is_write = |usage| matches!(usage, Usage::Create | Usage::Update | Usage::Upsert | Usage::Delete);
    let is_written_to = |object: &Object| is_write(object.usage) && object.name == *collection;
    if !domain.database_objects().iter().any(is_written_to) {
        return;
    }
    for (index, field) in domain.fields.iter().enumerate() {
        let is_used = domain.key.contains(&index) || findings.is_stored(index);
        let other = shows.source(field.column).filter(|source| is_used && *source != field.column);
        if let Some(other) = other {
            let collection = shown(collection);
            let message = format!(
                "{name} shows {} of {collection} as {}, and a write to {collection} is about its {}",
                shown(other),
                shown(field.column),
                shown(field.column)
            );
            findings.error(format!("field {}", field.name), message).hint(
                "let the view show each member under its own name, and write that name as the field's `column`",
            );
        }
    }
}

/// Checks that the server deletes expired records, and no others.
fn check_expiry(relation: &Relation, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let name = shown(&relation.name);
    let expiring = |index: &&Index| index.expires_s.is_some() && index.columns.len() == 1;
    let Some(lifecycle) = domain.lifecycle else {
        for index in relation.indexes.iter().filter(expiring) {
            let message =
                format!("{name} has the index {}, by which MongoDB deletes records", shown(&index.name));
            findings
                .warning("lifecycle", message)
                .hint("say so in the template, `[lifecycle] ttl = \"…\"`, or drop the index");
        }
        return;
    };
    let field = &domain.fields[lifecycle.by];
    let ttl_s = u64::from(lifecycle.ttl_s);
    let found: Vec<&Index> = relation.indexes.iter().filter(expiring).collect();
    if found.is_empty() {
        let message = format!("{name} has no index by which MongoDB deletes what is older than {ttl_s} s");
        findings.error("lifecycle", message).hint("make the index that `bedsc ddl` prints");
    }
    let is_named = |index: &&Index| {
        index.expires_s == Some(ttl_s) && index.columns.iter().all(|column| column == field.column)
    };
    let (named, others): (Vec<&Index>, Vec<&Index>) = found.into_iter().partition(is_named);
    if let (Some(partial), false) = (named.first(), named.iter().any(|index| is_covered(&field.ty, index))) {
        let message = format!(
            "the index {} of {name} deletes some of the records only: it has a `partialFilterExpression`",
            shown(&partial.name)
        );
        findings.error("lifecycle", message).hint("drop it, and make the one that `bedsc ddl` prints");
    }
    for index in others {
        let after = index.expires_s.unwrap_or_default();
        let message = format!(
            "the index {} of {name} deletes by {} after {after} s, and the template says by {} after {ttl_s} s",
            shown(&index.name),
            shown(index.columns.join(", ")),
            shown(field.column),
        );
        findings.error("lifecycle", message).hint(format!(
            "change it by collMod with expireAfterSeconds {ttl_s}, or drop it and make the one that `bedsc ddl` prints"
        ));
    }
}

/// Whether an index covers all values of a field of this type, in full.
pub(super) fn is_covered(ty: &Type, index: &Index) -> bool {
    let takes = |stored: &str| takes(&index.only, stored);
    index.whole || (!index.only.is_empty() && stored_as(ty).is_some_and(takes))
}
