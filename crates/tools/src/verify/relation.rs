//! Compares fields with the columns of the relation that a domain reads.

use beds_protocol::nearest;
use beds_protocol::shown;

use super::{
    Findings, Severity,
    base::Base,
    documents, grants,
    types::{Against, Fit, fit},
    used,
    validator::is_always_stored,
};
use crate::{
    import::AllDeeds,
    keeps::bounded_by_bytes,
    routine::{LOAD_ZONES, unknown_zone},
};
use beds_core::{
    inspect::{Catalogue, Column, Evidence, Grant, Granted, Index, Kind, Relation, RelationKind, same_word},
    spec::{Engine, Field, Object, Type},
};

/// Compares the fields of a domain with the relation that it reads.
pub(super) fn check(object: &Object, relation: &Relation, all: &AllDeeds<'_>, findings: &mut Findings<'_>) {
    let (domain, catalogue) = (findings.domain, all.catalogue);
    let place = super::place(object.usage);
    // Without the right to read the relation, which is reported, the server says no more.
    let is_seen = grants::lacks(object, catalogue).is_none();
    if let Some(broken) = relation.broken.as_ref().filter(|_| is_seen) {
        let hint = match domain.engine() {
            Engine::MariaDb => {
                "repair the view: its definer must exist and have rights on all that the view uses; or the node's \
                 user must have them"
            }
            Engine::MongoDb => "create the collection, or make the view again on an existing one",
        };
        findings.error(&place, format!("nobody can read {}: {broken}", shown(&relation.name))).hint(hint);
    }
    for zone in relation.zones.iter().filter(|zone| catalogue.no_zones.contains(*zone)) {
        findings.warning(&place, unknown_zone(&shown(&relation.name), zone)).hint(LOAD_ZONES);
    }
    if let Some(writer) = all.writer_of(relation).filter(|_| relation.kind == RelationKind::View) {
        findings
            .error(
                &place,
                format!("{} runs {writer}, which may write: a fetch only reads", shown(&relation.name)),
            )
            .hint("read another view, or declare the function READS SQL DATA if it does not write");
    }
    let is_hidden = |field: &Field| relation.shows.as_ref().is_some_and(|shows| !shows.has(field.column));
    for field in domain.fields.iter().filter(|field| is_hidden(field)) {
        missing(field, relation, catalogue, findings);
    }
    if relation.columns.is_empty() {
        // A collection without a validator declares no members.
        if domain.engine() == Engine::MariaDb && relation.broken.is_none() {
            findings
                .error(&place, format!("the columns of {} cannot be seen", shown(&relation.name)))
                .hint("the user needs SELECT on it; a view may be broken: select from it");
        }
    } else {
        for (index, field) in domain.fields.iter().enumerate().filter(|(_, field)| !is_hidden(field)) {
            let is_it = |column: &&Column| catalogue.is_one_column(&column.name, field.column);
            match relation.columns.iter().find(is_it) {
                Some(column) => check_column(index, field, column, relation, findings),
                // Documents may have members that nothing declares, unless a validator forbids it.
                None if relation.evidence == Evidence::Declared || relation.closed => {
                    missing(field, relation, catalogue, findings);
                }
                None => {}
            }
        }
    }
    if relation.kind == RelationKind::View && domain.engine() == Engine::MariaDb {
        check_told(&place, relation, catalogue, findings);
    }
    if let Some(base) = Base::of(relation, catalogue) {
        check_key(&place, relation, &base, findings);
        check_unique(relation, &base, findings);
    }
    exchanged(&place, relation, catalogue, findings);
    documents::check_collation(relation, findings);
    documents::check_view(&place, relation, findings);
    used::required(relation, catalogue, findings);
}

/// Notes a view if nobody can tell whether it shows a key once: it joins tables, or computes a column of the key.
fn check_told(place: &str, relation: &Relation, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let key = || domain.key.iter().map(|index| &domain.fields[*index]);
    let is_computed = |field: &&Field, picks: &[(String, String)]| {
        let is_it = |name: &str| catalogue.is_one_column(name, field.column);
        relation.columns.iter().any(|column| is_it(&column.name))
            && !picks.iter().any(|(name, _)| is_it(name))
    };
    let why = match &relation.picks {
        None if domain.key.is_empty() => return,
        None => "is not of one table alone".to_owned(),
        Some((_, picks)) => {
            let Some(field) = key().find(|field| is_computed(field, picks)) else { return };
            format!("computes {}", shown(field.column))
        }
    };
    let names: Vec<&str> = key().map(|field| field.name).collect();
    let message = format!(
        "{} {why}, so that nobody can tell whether the key ({}) names one record of it",
        shown(&relation.name),
        names.join(", ")
    );
    findings.note(place, message).hint("make sure that no two records of the view have the same key");
}

/// Warns of columns of a view that have each other's names: `select a as b, b as a`. Other exchanges are visible only
/// to somebody who knows the earlier view.
fn exchanged(place: &str, relation: &Relation, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let Some((table, picks)) = &relation.picks else { return };
    let source = |shown: &str| {
        picks.iter().find(|(name, _)| catalogue.is_one_column(name, shown)).map(|(_, of)| of.as_str())
    };
    let mut told: Vec<&str> = Vec::new();
    for (name, _) in picks {
        // Follows each column to the column that has the name of its source, until the chain closes or ends.
        let mut ring = vec![name.as_str()];
        while let Some(next) = ring.last().copied().and_then(source) {
            if catalogue.is_one_column(next, name) || ring.len() > picks.len() {
                break;
            }
            ring.push(next);
        }
        let comes_back =
            ring.last().copied().and_then(source).is_some_and(|last| catalogue.is_one_column(last, name));
        let is_told = ring.iter().any(|one| told.iter().any(|known| catalogue.is_one_column(known, one)));
        if ring.len() < 2 || !comes_back || is_told {
            continue;
        }
        let names: Vec<String> = ring.iter().map(shown).collect();
        let message = format!(
            "{} shows columns of {} under each other's names: {}",
            shown(&relation.name),
            shown(table),
            names.join(", ")
        );
        findings
            .warning(place, message)
            .hint("let the view show each column under its own name, or under a new one");
        told.extend(ring);
    }
}

fn missing(field: &Field, relation: &Relation, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let kind = relation.kind.as_str();
    let told = relation.shows.iter().flat_map(|shows| &shows.named).map(|(name, _)| name.as_str());
    let names = relation.columns.iter().map(|column| column.name.as_str()).chain(told);
    let nearest = nearest(field.column, names);
    let message = format!("the {kind} {} has no column {}", shown(&relation.name), shown(field.column));
    // The server hides columns on which a user has no right.
    let is_part =
        |grant: &Grant| matches!(&grant.on, Granted::Columns(name) if same_word(name, &relation.name));
    let sees_a_part = catalogue.grants.list.iter().flatten().any(is_part);
    let is_loose = relation.evidence == Evidence::Validator { strict: false } && relation.shows.is_none();
    let severity = if is_loose { Severity::Warning } else { Severity::Error };
    findings.push(severity, format!("field {}", field.name), message).hint(match nearest {
        None if sees_a_part => format!(
            "or {user} may not see it: it has rights on some columns only; grant select on {name} to it, as `bedsc grants` does",
            user = shown(&catalogue.grants.user),
            name = shown(&relation.name)
        ),
        Some(name) if name == field.name => {
            format!("did you mean {name}? then remove `column`", name = shown(name))
        }
        Some(name) => format!("did you mean column = \"{name}\"?"),
        None => "add it to the database, or remove the field".to_owned(),
    });
}

fn check_column(
    index: usize,
    field: &Field,
    column: &Column,
    relation: &Relation,
    findings: &mut Findings<'_>,
) {
    let domain = findings.domain;
    let place = format!("field {}", field.name);
    // A view may show another form of a value than a procedure takes. The parameters of the procedure are checked
    // separately. A validator's conditions are checked where documents are written.
    let written = relation.kind == RelationKind::Table && findings.is_written(index);
    let subject = format!("the column {}", shown(&column.name));
    let fit = match fit(&column.kind, &field.ty, Against { engine: domain.engine(), written, shown: true }) {
        // If a validator only warns, documents may break its conditions.
        Fit::Wrong(why) if relation.evidence == (Evidence::Validator { strict: false }) => Fit::Doubt(why),
        fit => fit,
    };
    if fit == Fit::Fine && findings.is_written(index) {
        bytes(column, field, &place, &subject, findings);
    }
    findings.fit(fit, &place, &subject, &column.written);
    if let (true, Type::Bool, Kind::Flag { min, max } | Kind::Int { min, max }) =
        (domain.key.contains(&index), &field.ty, &column.kind)
    {
        let message =
            format!("{subject} may hold other numbers than 0 and 1: records that differ in it have one key");
        let hint = format!("write type = \"int\", min = {min}, max = {max}");
        findings.error(&place, message).hint(hint);
    }
    // A value that clients must give may be null in the database. Only one promise matters here: that no reader sees
    // null.
    let is_key = domain.key.contains(&index);
    if column.nullable
        && !field.nullable
        && !(is_key && relation.kind == RelationKind::View)
        && relation.evidence == Evidence::Declared
    {
        let message = format!("{subject} may be null, but the field may not");
        let hint = if is_key {
            "declare the column not null: it is part of the key"
        } else {
            "add nullable = true, or declare the column not null"
        };
        match relation.kind {
            // A page that ends at a null has no next page, and no key finds a null.
            RelationKind::View if domain.fetch.sort.contains(&index) => {
                findings.error(&place, message).hint("add nullable = true, or take it out of `sort`");
            }
            // MariaDB declares many expressions of views nullable that are never null.
            RelationKind::View => {
                findings.warning(&place, message).hint(hint);
            }
            RelationKind::Table | RelationKind::Collection => {
                findings.error(&place, message).hint(hint);
            }
        }
    }
}

fn check_key(place: &str, relation: &Relation, base: &Base<'_>, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let fields = domain.key.iter().map(|index| &domain.fields[*index]);
    // A column that a view computes may be unique by other means.
    let columns: Option<Vec<(&str, &Type)>> =
        fields.map(|field| Some((base.name(field.column)?, &field.ty))).collect();
    let Some(columns) = columns.filter(|columns| !columns.is_empty()) else { return };
    let is_unique = base.table.indexes.iter().any(|index| {
        let is_of_key = |column: &String| {
            columns.iter().any(|(key, ty)| {
                base.is_one(key, column) && (index.identifies || documents::is_covered(ty, index))
            })
        };
        // An expression has no column.
        index.unique && !index.columns.is_empty() && index.columns.iter().all(is_of_key)
    });
    if is_unique {
        return;
    }
    let names: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
    let message = format!(
        "the key ({}) is not unique in {}: two records may have it",
        names.join(", "),
        shown(&base.table.name)
    );
    // The key may be unique among the rows that the view selects.
    let severity = if relation.is_filtered { Severity::Warning } else { Severity::Error };
    findings.push(severity, place, message).hint("add a unique index, or choose another key");
}

fn check_unique(relation: &Relation, base: &Base<'_>, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    for (at, field) in domain.fields.iter().enumerate() {
        let Some(column) = base.name(field.column) else { continue };
        let is_alone = |index: &&Index| {
            index.unique
                && index.columns.len() == 1
                && base.is_one(&index.columns[0], column)
                && documents::is_covered(&field.ty, index)
        };
        let alone: Vec<&Index> = base.table.indexes.iter().filter(is_alone).collect();
        let is_key = domain.key == [at];
        let is_view = relation.kind == RelationKind::View;
        let place = format!("field {}", field.name);
        let table = shown(&base.table.name);
        if field.unique && alone.is_empty() {
            let message = format!("{table} has no unique index on {column}", column = shown(column));
            findings.warning(place, message).hint("add a unique index, or remove `unique`");
        } else if field.unique {
            let may_lack = findings.is_stored(at) && !is_always_stored(domain, at);
            if let Some(index) = alone.iter().find(|index| index.counts_null && may_lack) {
                let message = format!(
                    "the unique index {} of {table} takes one record without a value: the next one is a `conflict`",
                    shown(&index.name)
                );
                findings.warning(place, message).hint(
                    "drop it, and make the one that `bedsc ddl` prints, which has only the records with a value",
                );
            }
        } else if !alone.is_empty() && !is_key && !is_view && is_indexable(&field.ty) {
            let message = format!("an index of {table} keeps it unique, but the template does not say so");
            findings.warning(place, message).hint("add unique = true, so that clients know");
        }
    }
}

/// Whether a template may call a field of this type unique.
const fn is_indexable(ty: &Type) -> bool {
    !matches!(
        ty,
        Type::Text { .. } | Type::Bytes { .. } | Type::Json | Type::List { .. } | Type::Object { .. }
    )
}

/// Notes a text that the column may refuse: the column counts bytes, and a template can bound only characters.
fn bytes(column: &Column, field: &Field, place: &str, subject: &str, findings: &mut Findings<'_>) {
    let (Type::Text { max, .. } | Type::String { max, .. }) = &field.ty else { return };
    let Some((bytes, width)) = bounded_by_bytes(column) else { return };
    if u64::from(*max) * width as u64 > u64::from(bytes) {
        let why = format!(
            "{subject} keeps {bytes} bytes, which are fewer characters where those have up to {width} bytes"
        );
        findings
            .note(place, why)
            .hint(format!("nothing is wrong: texts of max = {} always fit", u64::from(bytes) / width as u64));
    }
}
