//! Whether the procedure of a create tells the key that the database gave the new record. `last_insert_id()` tells what
//! the counter of the last insert gave, and 0 if it gave nothing.

use std::ops::Range;

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
    let told = object.returns.iter().filter(|index| domain.key.contains(index));
    let made = told.map(|&index| &domain.fields[index]);
    let made = made.filter(|field| field.generated == Some(Generated::Database));
    let columns: Vec<&Column> = made.filter_map(|field| base.column(field.column)).collect();
    let text = tokens(body, routine.mode);
    let asking = asking(&text);
    let Some(&last) = asking.last().filter(|_| !columns.is_empty()) else { return };
    // The node knows the record by one certain column.
    let doubts = columns.into_iter().map(|column| Some((column, doubt(column, base.table, catalogue)?)));
    for (column, (severity, why)) in doubts.collect::<Option<Vec<_>>>().unwrap_or_default() {
        let message = format!(
            "`last_insert_id()` in {} does not tell the key of the new record, since {why}: {OTHER}",
            shown(&routine.name)
        );
        let hint = format!("give the key back by `insert … returning {}`", column.name);
        findings.push(severity, place(object.usage), message).hint(hint);
    }
    if let Some(other) = counted_last(&text[..last], &asking, base.table, catalogue) {
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

/// Why the new value of a column does not come from its counter, if it does not.
fn doubt(column: &Column, table: &Relation, catalogue: &Catalogue) -> Option<(Severity, String)> {
    let name = shown(&column.name);
    match setters(table, column, "insert", catalogue).next() {
        Some((trigger, Sets::Always)) => {
            Some((Severity::Error, format!("the trigger {} gives {name} its value", shown(trigger))))
        }
        Some((trigger, Sets::Maybe)) => {
            Some((Severity::Warning, format!("the trigger {} may give {name} another value", shown(trigger))))
        }
        None if column.default != Supplied::Counter => {
            Some((Severity::Warning, format!("{name} is not an AUTO_INCREMENT column")))
        }
        None => None,
    }
}

/// Where a text asks for the number that a counter gave; nowhere if it gives a key back in another way, or sets what
/// `last_insert_id()` tells. A number that a statement writes into a table does not count.
fn asking(text: &[Token]) -> Vec<usize> {
    let is_call = |at: &usize| {
        text[*at].is("last_insert_id") && text.get(*at + 1).is_some_and(|token| token.is_mark('('))
    };
    let is_asking = |at: &usize| text.get(*at + 2).is_some_and(|token| token.is_mark(')'));
    let is_told = text.iter().any(|token| token.is("returning"))
        || (0..text.len()).filter(is_call).any(|at| !is_asking(&at));
    if is_told {
        return Vec::new();
    }
    let writes = statements(text);
    let is_written = |at: &usize| writes.iter().any(|statement| range(text, statement).contains(at));
    (0..text.len()).filter(is_call).filter(|at| !is_written(at)).collect()
}

/// The places of a statement in its text.
fn range(text: &[Token], statement: &[Token]) -> Range<usize> {
    let begin = (0..text.len()).find(|at| text[*at..].as_ptr() == statement.as_ptr()).unwrap_or(text.len());
    begin..begin + statement.len()
}

/// The other table whose counter gave the last number, if the text wrote into the table before, and did not ask
/// between the two.
fn counted_last<'c>(
    text: &[Token],
    asking: &[usize],
    table: &Relation,
    catalogue: &'c Catalogue,
) -> Option<&'c Relation> {
    let is_insert = |statement: &&[Token]| statement[0].is("insert") || statement[0].is("replace");
    let inserts: Vec<&[Token]> = statements(text).into_iter().filter(is_insert).collect();
    let (last, before) = inserts.split_last()?;
    let of_table = before.iter().rfind(|statement| is_into(statement, &table.name, catalogue))?;
    let between = range(text, of_table).end..range(text, last).start;
    if asking.iter().any(|at| between.contains(at)) {
        return None;
    }
    let names = |column: &Column| {
        last.iter().any(|token| token.name().is_some_and(|name| name.eq_ignore_ascii_case(&column.name)))
    };
    // A number that the statement itself gives is no number of the counter.
    let counts = |column: &Column| column.default == Supplied::Counter && !names(column);
    let mut others = catalogue.relations.iter().filter(|other| other.name != table.name);
    others.find(|other| other.columns.iter().any(counts) && is_into(last, &other.name, catalogue))
}
