//! Writes that fail or are skipped, and still get the answer `ok`.

use super::{Findings, Severity, base::Base, place};
use crate::routine::{
    Catches, Token, at_top, handlers, has_dynamic, inside, is_conditional, is_into, statements, tokens,
};
use beds_core::{
    inspect::{Catalogue, Routine},
    spec::{Object, Usage},
};
use beds_protocol::shown;

/// Reports such writes of create, update, upsert and delete, if the text can be seen.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    if matches!(object.usage, Usage::Read | Usage::Call(_)) {
        return;
    }
    let Some(base) = Base::behind(findings.domain, catalogue) else { return };
    let Some(body) = routine.body.as_deref() else { return };
    let text = tokens(body, routine.mode);
    // A text that raises errors by itself reports its own failures.
    let refuses = text.iter().any(|token| token.is("signal") || token.is("resignal"));
    if refuses {
        return;
    }
    let is_base = |statement: &[Token]| is_into(statement, &base.table.name, catalogue);
    swallows(object, routine, &text, &is_base, findings);
    undoes(object, routine, &text, findings);
    if !has_dynamic(&text) && !text.iter().any(|token| token.is("call")) {
        creates_none(object, routine, &text, &is_base, findings);
    }
}

/// A handler that ignores errors of the database.
fn swallows(
    object: &Object,
    routine: &Routine,
    text: &[Token],
    is_base: &dyn Fn(&[Token]) -> bool,
    findings: &mut Findings<'_>,
) {
    let all = handlers(text);
    // A handler that writes the record in another way is checked in another place.
    let passes = all.iter().filter(|handler| !statements(handler.body).into_iter().any(is_base));
    let Some(catches) = passes.map(|handler| handler.catches).max() else { return };
    let blocks = |tokens: &[Token]| tokens.iter().filter(|token| token.is("begin")).count();
    let within: usize = all.iter().map(|handler| blocks(handler.body)).sum();
    // In an inner block the handler may be for another statement.
    let severity = match catches {
        Catches::Errors if blocks(text) - within == 1 => Severity::Error,
        Catches::Errors | Catches::Maybe => Severity::Warning,
        Catches::Nothing => return,
    };
    let message = format!(
        "{} has a handler that hides errors: a write that the database refuses is answered with `ok`",
        shown(&routine.name)
    );
    findings
        .push(severity, place(object.usage), message)
        .hint("end the handler with `resignal`, or remove it");
}

/// A rollback to a savepoint, outside of handlers, which are checked by themselves.
fn undoes(object: &Object, routine: &Routine, text: &[Token], findings: &mut Findings<'_>) {
    let rollbacks = |text: &[Token]| {
        let is_to = |rest: &[Token]| rest.first().is_some_and(|token| token.is("to"));
        let is_partial = |at: usize| {
            let rest = &text[at + 1..];
            is_to(rest) || (rest.first().is_some_and(|token| token.is("work")) && is_to(&rest[1..]))
        };
        (0..text.len()).filter(|at| text[*at].is("rollback") && is_partial(*at)).count()
    };
    let within: usize = handlers(text).iter().map(|handler| rollbacks(handler.body)).sum();
    if rollbacks(text) > within {
        let message = format!(
            "{} may take its write back by `rollback to savepoint`, and the answer does not say so",
            shown(&routine.name)
        );
        findings
            .warning(place(object.usage), message)
            .hint("refuse by `signal` after the rollback; the node then undoes the whole request");
    }
}

/// A create that may insert nothing.
fn creates_none(
    object: &Object,
    routine: &Routine,
    text: &[Token],
    is_base: &dyn Fn(&[Token]) -> bool,
    findings: &mut Findings<'_>,
) {
    let inserts: Vec<&[Token]> = statements(text)
        .into_iter()
        .filter(|statement| is_base(statement) && (statement[0].is("insert") || statement[0].is("replace")))
        .collect();
    let routine = shown(&routine.name);
    if matches!(object.usage, Usage::Create | Usage::Upsert) && inserts.iter().any(|one| is_of_query(one)) {
        let message = format!(
            "{routine} may create no record, or several, and the answer is `ok`: its insert takes the result of a query"
        );
        findings.warning(place(object.usage), message).hint(
            "let it insert the values of its parameters, or refuse by `signal` where `row_count()` is not 1",
        );
    }
    let [insert] = inserts[..] else { return };
    if object.usage == Usage::Create && is_conditional(text, insert) {
        let message = format!(
            "{routine} may create no record, and the answer is `ok`: its insert depends on a condition"
        );
        findings
            .warning(place(object.usage), message)
            .hint("let it insert in any case, so that a duplicate is a conflict, or refuse by `signal`");
    }
}

/// Whether an insert has as many rows as a query finds, which may not be one.
fn is_of_query(insert: &[Token]) -> bool {
    const AGGREGATES: [&str; 5] = ["max", "min", "count", "sum", "avg"];
    let select = at_top(insert, 0, |token| token.is("select"));
    let Some(query) = insert.get(select + 1..).filter(|query| !query.is_empty()) else { return false };
    let query = &query[..at_top(query, 0, |token| token.is("on"))];
    let place = |word: &str| at_top(query, 0, |token| token.is(word));
    let (from, is_filtered) = (place("from"), place("where") < query.len());
    let is_dual = query.get(from + 1).is_none_or(|table| table.is("dual"));
    let is_aggregate =
        |at: usize| AGGREGATES.iter().any(|name| query[at].is(name)) && inside(query, at + 1).is_some();
    let is_one = (0..from).any(is_aggregate) && place("group") == query.len();
    // Rows that a `union` adds are reported separately.
    !is_one && (is_filtered || !is_dual) && place("union") == query.len()
}
