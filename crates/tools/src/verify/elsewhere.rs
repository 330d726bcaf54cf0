//! Effects of an operation's procedure that the operation does not ask for: on another table, with other values, on
//! more records.

use super::{Findings, Severity, base::Base, place};
use crate::{
    import,
    routine::{
        Token, Values, at_top, changes_duplicates, declared, has_dynamic, is_into, outside, several_rows,
        statements, tokens, written,
    },
};
use beds_core::{
    inspect::{Catalogue, Column, Parameter, RelationKind, Routine, same_word},
    spec::{Object, Usage},
};
use beds_protocol::shown;

/// Functions that return their argument, or another value if it is null.
const KEEPING: [&str; 8] = ["cast", "coalesce", "convert", "if", "ifnull", "nullif", "nvl", "nvl2"];

/// Reports such effects of create, update, upsert and delete, if the text can be seen.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    if matches!(object.usage, Usage::Read | Usage::Call(_)) {
        return;
    }
    let Some(body) = routine.body.as_deref() else { return };
    let text = tokens(body, routine.mode);
    hidden(object, routine, &text, findings);
    let Some(base) = Base::behind(findings.domain, catalogue) else { return };
    others_emptied(object, routine, &base, catalogue, findings);
    empties(object, routine, &text, &base, catalogue, findings);
    writes_another(object, routine, &base, catalogue, findings);
    if has_dynamic(&text) {
        let message = format!(
            "it is not proved that {} changes only the record of the key: it runs a statement that it builds as a text",
            shown(&routine.name)
        );
        findings.warning(place(object.usage), message).hint("write the statement in the routine itself");
    }
    otherwise_compared(object, routine, &text, &base, findings);
    if matches!(object.usage, Usage::Create | Usage::Upsert) {
        creates(object, routine, &text, &base, catalogue, findings);
    }
    if object.usage == Usage::Upsert {
        does_half(routine, &text, &base, catalogue, findings);
    }
}

/// A variable of the text with the name of a parameter.
fn hidden(object: &Object, routine: &Routine, text: &[Token], findings: &mut Findings<'_>) {
    let declared = declared(text);
    for (parameter, _) in object.of_fields(&routine.parameters).zip(object.args) {
        if !declared.iter().any(|name| same_word(name, &parameter.name)) {
            continue;
        }
        // In an inner block the variable may hide the parameter from only a part of the text.
        let blocks = text.iter().filter(|token| token.is("begin")).count();
        let severity = if blocks == 1 { Severity::Error } else { Severity::Warning };
        let message = format!(
            "{} declares a variable {}, which hides its parameter: the given value is lost",
            shown(&routine.name),
            shown(&parameter.name)
        );
        findings.push(severity, place(object.usage), message).hint("give the variable a name of its own");
    }
}

/// A text that deletes all records of its table, or of another table, by `truncate`.
fn empties(
    object: &Object,
    routine: &Routine,
    text: &[Token],
    base: &Base<'_>,
    catalogue: &Catalogue,
    findings: &mut Findings<'_>,
) {
    let truncated = |at: usize| {
        let rest = text.get(at + 1..)?;
        rest.get(usize::from(rest.first()?.is("table")))?.name()
    };
    let places = (0..text.len()).filter(|at| text[*at].is("truncate"));
    for name in places.filter_map(truncated) {
        let routine = shown(&routine.name);
        if catalogue.is_one_name(name, &base.table.name) {
            let message = format!("{routine} deletes all records: it truncates the table");
            findings
                .error(place(object.usage), message)
                .hint("let it find the record by `=` with a parameter for each column of the key");
        } else if catalogue.relation_named(name).is_some() {
            let message = format!("{routine} deletes all records of {}: it truncates it", shown(name));
            findings
                .warning(place(object.usage), message)
                .hint("let it delete what belongs to the record; an object for all records must be a call");
        }
    }
}

/// A statement without a condition, on all records of another known table.
fn others_emptied(
    object: &Object,
    routine: &Routine,
    base: &Base<'_>,
    catalogue: &Catalogue,
    findings: &mut Findings<'_>,
) {
    for reach in import::reaches(routine, catalogue) {
        let is_base = catalogue.is_one_name(&reach.table, &base.table.name);
        let is_known = catalogue.relation_named(&reach.table).is_some();
        if is_base || !is_known || reach.ways.is_some() || reach.is_crossed {
            continue;
        }
        let does = if reach.deletes { "deletes" } else { "changes" };
        let message = format!(
            "{} {does} all records of {}: no condition says which",
            shown(&routine.name),
            shown(&reach.table)
        );
        findings
            .warning(place(object.usage), message)
            .hint("give it a condition; an object for all records must be a call");
    }
}

/// A text that never writes into the table behind the relation that is read.
fn writes_another(
    object: &Object,
    routine: &Routine,
    base: &Base<'_>,
    catalogue: &Catalogue,
    findings: &mut Findings<'_>,
) {
    let written = written(routine, catalogue);
    let is_base = |name: &String| catalogue.is_one_name(name, &base.table.name);
    let is_view = |name: &String| {
        catalogue.relation_named(name).is_some_and(|relation| relation.kind != RelationKind::Table)
    };
    let is_joined = || {
        let mut reaches = written.routines.iter().flat_map(|one| import::reaches(one, catalogue));
        reaches.any(|reach| is_base(&reach.table) || is_view(&reach.table))
    };
    if !written.is_all
        || base.table.kind != RelationKind::Table
        || written.tables.iter().any(|name| is_base(name) || is_view(name))
        || is_joined()
    {
        return;
    }
    let (routine, table) = (shown(&routine.name), shown(&base.table.name));
    if written.tables.is_empty() {
        let message = format!("{routine} writes nothing, and the answer is `ok`");
        if !written.refuses {
            findings.warning(place(object.usage), message).hint(format!("let it write into {table}"));
        }
        return;
    }
    let is_table = |name: &String| catalogue.relation_named(name).is_some();
    let severity = if written.tables.iter().all(is_table) { Severity::Error } else { Severity::Warning };
    let names: Vec<String> = written.tables.iter().map(shown).collect();
    let message =
        format!("{routine} writes into {}, and never into {table}, which `read` shows", names.join(", "));
    findings.push(severity, place(object.usage), message).hint(format!("let it write into {table}"));
}

/// An upsert that only creates records, or only changes them.
fn does_half(
    routine: &Routine,
    text: &[Token],
    base: &Base<'_>,
    catalogue: &Catalogue,
    findings: &mut Findings<'_>,
) {
    let writes = statements(text);
    let is_any = |verbs: &[&str]| {
        let is = |statement: &&[Token]| verbs.iter().any(|verb| statement[0].is(verb));
        writes.iter().any(is)
    };
    let is_seen = !has_dynamic(text) && !text.iter().any(|token| token.is("call"));
    if !is_seen || !writes.iter().any(|statement| is_into(statement, &base.table.name, catalogue)) {
        return;
    }
    let creates = is_any(&["insert", "replace"]);
    let changes = is_any(&["update", "replace", "delete"])
        || writes.iter().any(|statement| changes_duplicates(statement));
    let (what, hint) = match (creates, changes) {
        (true, false) => (
            "only inserts: each record that is there already is refused",
            "add `on duplicate key update`; `beds ddl` writes such a procedure",
        ),
        (false, true) => (
            "inserts nothing: a record that is not there is not created",
            "add an insert; `beds ddl` writes such a procedure",
        ),
        _ => return,
    };
    findings.error(place(Usage::Upsert), format!("{} {what}", shown(&routine.name))).hint(hint);
}

/// A condition that compares the key by other rules than the column's. It may find a neighbouring record.
fn otherwise_compared(
    object: &Object,
    routine: &Routine,
    text: &[Token],
    base: &Base<'_>,
    findings: &mut Findings<'_>,
) {
    let domain = findings.domain;
    let parameters = object.of_fields(&routine.parameters).zip(object.args);
    let keys = parameters.filter(|(_, index)| domain.key.contains(index)).filter_map(|(parameter, index)| {
        let column = base.column(domain.fields[*index].column)?;
        // Numbers and dates have no collation.
        Some((parameter, column, column.collation.as_deref()?))
    });
    let keys: Vec<_> = keys.collect();
    let conditions = statements(text).into_iter().filter_map(condition_of);
    for three in conditions.flat_map(|condition| condition.windows(3)) {
        let (Some(name), true, Some(collation)) = (three[0].name(), three[1].is("collate"), three[2].name())
        else {
            continue;
        };
        let is_of = |parameter: &Parameter, column: &Column| {
            same_word(name, &parameter.name) || same_word(name, &column.name)
        };
        let Some((_, column, own)) = keys.iter().find(|(parameter, column, _)| is_of(parameter, column))
        else {
            continue;
        };
        if !same_word(own, collation) && !is_finer(collation, own) {
            let message = format!(
                "{} compares {} by the rules of `{collation}`, not by those of the column, `{own}`: it finds other records than that \
                 of the key",
                shown(&routine.name),
                shown(&column.name)
            );
            findings.warning(place(object.usage), message).hint("take `collate` out of its condition");
        }
    }
}

/// Whether texts that are equal under `collation` are also equal under `than`: each byte counts, and so do trailing
/// spaces if they do under `than`.
fn is_finer(collation: &str, than: &str) -> bool {
    let (collation, than) = (collation.to_ascii_lowercase(), than.to_ascii_lowercase());
    collation.ends_with("_bin") && (collation.contains("nopad") || !than.contains("nopad"))
}

/// The tokens after `where` in an update or a delete. If there is no `where`, the tokens after the `on` that joins its
/// tables.
fn condition_of(statement: &[Token]) -> Option<&[Token]> {
    statement.first().filter(|verb| verb.is("update") || verb.is("delete"))?;
    let from = |word: &str| at_top(statement, 0, |token| token.is(word));
    let from = [from("where"), from("on")].into_iter().find(|at| *at < statement.len())?;
    let rest = &statement[from..];
    Some(&rest[..at_top(rest, 0, |token| token.is("order") || token.is("limit"))])
}

/// An insert of more than one record, or of another key.
fn creates(
    object: &Object,
    routine: &Routine,
    text: &[Token],
    base: &Base<'_>,
    catalogue: &Catalogue,
    findings: &mut Findings<'_>,
) {
    let domain = findings.domain;
    let is_here = |statement: &[Token]| is_into(statement, &base.table.name, catalogue);
    if statements(text).into_iter().any(|statement| is_here(statement) && several_rows(statement)) {
        let message = format!(
            "{} creates more than one record of {}: its `values` has several",
            shown(&routine.name),
            shown(&base.table.name)
        );
        findings
            .warning(place(object.usage), message)
            .hint("let it insert the one record; an object that inserts others as well must be a call");
    }
    let of_table: Vec<&str> = base.table.columns.iter().map(|column| column.name.as_str()).collect();
    let parameters = routine.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let values = Values::of(text, parameters, &of_table);
    let arguments = object.of_fields(&routine.parameters).zip(object.args);
    for (parameter, index) in arguments.filter(|(_, index)| domain.key.contains(index)) {
        let Some(own) = base.name(domain.fields[*index].column) else { continue };
        let is_computed = |value: &[Token]| {
            let has =
                value.iter().any(|token| token.name().is_some_and(|name| same_word(name, &parameter.name)));
            let is_sign = |token: &Token| ['+', '-', '*', '/', '%'].iter().any(|mark| token.is_mark(*mark));
            let is_function = |at: usize, token: &Token| {
                let is_kept = KEEPING.iter().any(|name| token.is(name));
                token.name().is_some() && !is_kept && value.get(at + 1).is_some_and(|next| next.is_mark('('))
            };
            has && outside(value).any(|(at, token)| is_sign(token) || is_function(at, token))
        };
        let mut stored = values.all.iter().filter(|stored| !stored.changes() && is_here(stored.statement));
        if stored.any(|stored| same_word(&stored.column, own) && is_computed(values.given(stored))) {
            let message = format!(
                "{} gives the record another key than the client's: it computes {}, and the reply has the values that \
                 were sent",
                shown(&routine.name),
                shown(own)
            );
            findings
                .warning(place(object.usage), message)
                .hint("let it store the parameter as it is; or give the key back, and name it in `returns`");
        }
    }
}
