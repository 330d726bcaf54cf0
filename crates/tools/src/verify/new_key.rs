//! Whether the procedure of a create tells the key that the database gave the new record. `last_insert_id()` tells what
//! the counter of the last insert gave, and 0 if it gave nothing.

use super::{Findings, Severity, base::Base, place};
use crate::routine::{Sets, Token, is_into, setters, statements, tokens};
use beds_core::{
    inspect::{Catalogue, Column, Relation, Routine, Supplied},
    spec::{Generated, Object, Usage},
};
use beds_protocol::shown;

/// What a client sees of a key that the procedure does not tell.
const OTHER: &str = "the reply shows another record, or none";

/// Reports a `last_insert_id()` that is not the key of the new record.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let (Usage::Create, Some(body)) = (object.usage, routine.body.as_deref()) else { return };
    let Some(base) = Base::behind(domain, catalogue) else { return };
    let text = tokens(body, routine.mode);
    let Some(asked) = asked(&text) else { return };
    let fields = domain.key.iter().map(|&index| &domain.fields[index]);
    for field in fields.filter(|field| field.generated == Some(Generated::Database)) {
        let Some(column) = base.column(field.column) else { continue };
        untold(object, routine, column, (base.table, catalogue), findings);
    }
    if let Some(other) = counted_last(&text[..asked], base.table, catalogue) {
        let message = format!(
            "{} asks for `last_insert_id()` after it writes into {}: that is the number of {}, not of {}, so {OTHER}",
            shown(&routine.name),
            shown(&other.name),
            shown(&other.name),
            shown(&base.table.name)
        );
        let hint = format!(
            "keep `last_insert_id()` in a variable directly after the insert into {}",
            shown(&base.table.name)
        );
        findings.push(Severity::Warning, place(object.usage), message).hint(hint);
    }
}

/// Reports a column of the key whose new value does not come from its counter.
fn untold(
    object: &Object,
    routine: &Routine,
    column: &Column,
    (table, catalogue): (&Relation, &Catalogue),
    findings: &mut Findings<'_>,
) {
    let name = shown(&column.name);
    let (severity, why) = match setters(table, column, "insert", catalogue).next() {
        Some((trigger, Sets::Always)) => {
            (Severity::Error, format!("the trigger {} gives {name} its value", shown(trigger)))
        }
        Some((trigger, Sets::Maybe)) => {
            (Severity::Warning, format!("the trigger {} may give {name} another value", shown(trigger)))
        }
        None if column.default != Supplied::Counter => {
            (Severity::Warning, format!("{name} is no AUTO_INCREMENT column"))
        }
        None => return,
    };
    let message = format!(
        "`last_insert_id()` in {} does not tell the key of the new record, since {why}: {OTHER}",
        shown(&routine.name)
    );
    let hint = format!("give the key back by `insert … returning {}`", column.name);
    findings.push(severity, place(object.usage), message).hint(hint);
}

/// Where a text asks for the number that a counter gave; `None` if it gives a key back in another way, or sets what
/// `last_insert_id()` tells.
fn asked(text: &[Token]) -> Option<usize> {
    let is_call = |at: &usize| {
        text[*at].is("last_insert_id") && text.get(*at + 1).is_some_and(|token| token.is_mark('('))
    };
    let is_asking = |at: &usize| text.get(*at + 2).is_some_and(|token| token.is_mark(')'));
    let is_told = text.iter().any(|token| token.is("returning"))
        || (0..text.len()).filter(is_call).any(|at| !is_asking(&at));
    (0..text.len()).rev().filter(is_call).find(is_asking).filter(|_| !is_told)
}

/// The other table with a counter into which the last insert of a text writes.
fn counted_last<'c>(text: &[Token], table: &Relation, catalogue: &'c Catalogue) -> Option<&'c Relation> {
    let is_insert = |statement: &&[Token]| statement[0].is("insert") || statement[0].is("replace");
    let last = statements(text).into_iter().rfind(is_insert)?;
    let has_counter =
        |other: &&Relation| other.columns.iter().any(|column| column.default == Supplied::Counter);
    let others = catalogue.relations.iter().filter(|other| other.name != table.name);
    others.filter(has_counter).find(|other| is_into(last, &other.name, catalogue))
}
