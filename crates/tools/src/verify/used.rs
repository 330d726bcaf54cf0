//! What the objects of a domain stand on: the routines' tables and procedures, and the columns that they write.

use super::{Findings, place};
use crate::{
    keeps::{Kept, compares, keeps},
    routine::{Token, faults, tokens},
};
use beds_core::{
    inspect::{Catalogue, Column, Relation, RelationKind, Routine, RoutineKind, Supplied, same_word},
    spec::{Engine, Generated, Object, ObjectKind, Usage},
};

/// Reports what a routine, or one that it calls, names and nobody can use; `is_whole` is whether all that it writes must
/// be in one transaction.
pub(super) fn check(
    place: &str,
    routine: &Routine,
    is_whole: bool,
    catalogue: &Catalogue,
    findings: &mut Findings<'_>,
) {
    for fault in faults(routine, is_whole, catalogue) {
        findings.push(fault.severity, place, fault.message).hint = fault.hint;
    }
}

/// The table that the fields of a domain are columns of, and a field's column in it.
struct Base<'c> {
    table: &'c Relation,
    picks: Option<&'c [(String, String)]>,
}

impl<'c> Base<'c> {
    fn of(relation: &'c Relation, catalogue: &'c Catalogue) -> Option<Self> {
        match (&relation.picks, relation.kind) {
            (None, RelationKind::Table) => Some(Self { table: relation, picks: None }),
            (Some((table, columns)), _) => {
                let table = catalogue.relation(table).filter(|table| !table.columns.is_empty())?;
                Some(Self { table, picks: Some(columns) })
            }
            _ => None,
        }
    }

    fn column(&self, name: &str) -> Option<&'c Column> {
        let name = match self.picks {
            None => name,
            Some(picks) => &picks.iter().find(|(shown, _)| same_word(shown, name))?.1,
        };
        self.table.columns.iter().find(|column| same_word(&column.name, name))
    }
}

/// Reports columns of the table that must have a value, and get none from `create` or `upsert`.
pub(super) fn required(relation: &Relation, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    if domain.engine() != Engine::MariaDb {
        return;
    }
    let objects = domain.database_objects();
    let Some(base) = Base::of(relation, catalogue) else { return };
    let is_new = |object: &&Object| {
        matches!(object.usage, Usage::Create | Usage::Upsert) && object.kind == ObjectKind::Procedure
    };
    for create in objects.iter().filter(is_new) {
        given(create, &base, catalogue, findings);
    }
}

/// Reports columns that get no value from this procedure.
fn given(create: &Object, base: &Base<'_>, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let Some(routine) = catalogue.routine(RoutineKind::Procedure, create.name) else { return };
    let text = routine.body.as_deref().map(|body| tokens(body, routine.mode));
    for column in
        base.table.columns.iter().filter(|column| !column.nullable && column.default == Supplied::Nothing)
    {
        let is_of = |index: &usize| {
            base.column(domain.fields[*index].column).is_some_and(|other| other.name == column.name)
        };
        let field = (0..domain.fields.len()).find(is_of);
        let is_given = create.args.iter().any(is_of);
        let is_counted = field.is_some_and(|field| domain.version == Some(field));
        let is_said = field.is_some_and(|field| domain.fields[field].generated == Some(Generated::Database));
        let message = format!(
            "the column `{}` of `{}` may not be null and has no default, and `{}` gives it no value",
            column.name, base.table.name, routine.name
        );
        let hint = "give the column a default, or let the template pass it";
        let place = place(create.usage);
        match &text {
            _ if is_given => {}
            Some(text) if text.iter().filter_map(Token::name).any(|name| same_word(name, &column.name)) => {}
            Some(_) if base.table.triggers.is_empty() => {
                findings.error(place, message).hint(hint);
            }
            // Its text is not seen, and the template says that somebody fills it in.
            None if is_counted => {}
            None if is_said => {
                findings
                    .note(place, message)
                    .hint("verify as a user who may see its text: it may give it one");
            }
            Some(_) | None => {
                findings.warning(place, message).hint(hint);
            }
        }
    }
}

/// Reports parameters that do not keep what the columns keep: an update passes every field again, also those that the
/// client left out.
pub(super) fn kept(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let objects = domain.database_objects();
    let read = objects.iter().find(|object| object.usage == Usage::Read);
    let Some(base) = read.and_then(|read| Base::of(catalogue.relation_named(read.name)?, catalogue)) else {
        return;
    };
    if routine.parameters.len() != object.args.len() {
        return;
    }
    for (parameter, index) in routine.parameters.iter().zip(object.args) {
        let field = &domain.fields[*index];
        let Some(column) = base.column(field.column) else { continue };
        let is_passed = findings.is_written(*index) || domain.key.contains(index);
        let subject = format!("parameter `{}` of `{}`", parameter.name, routine.name);
        let of = format!("of the column `{}` (`{}`)", column.name, column.written);
        let is_key = domain.key.contains(index) && object.usage != Usage::Create;
        if let Some(Kept::Changed(how)) = is_key.then(|| compares(parameter, column)) {
            findings
                .error(place(object.usage), format!("{subject} {how}: it may find another record {of}"))
                .hint("declare the parameter with the character set and collation of the column");
        }
        match keeps(parameter, column) {
            Kept::Changed(how) if is_passed => {
                findings
                    .error(place(object.usage), format!("{subject} {how}: it changes values {of}"))
                    .hint(format!("declare the parameter as `{}`", column.written));
            }
            Kept::Refused(how) if is_passed => {
                findings
                    .warning(place(object.usage), format!("{subject} {how}: it refuses values {of}"))
                    .hint(format!("declare the parameter as `{}`", column.written));
            }
            Kept::Whole | Kept::Changed(_) | Kept::Refused(_) => {}
        }
    }
}
