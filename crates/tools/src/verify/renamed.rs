//! Whether a record gets the key that the client names: no trigger sets it, and no procedure changes the parameter
//! first.

use super::{Findings, Severity, base::Base, place};
use crate::routine::{Sets, handed_over, sets, setters, tokens};
use beds_core::{
    inspect::{Catalogue, Column, Relation, Routine},
    spec::{Generated, Object, Usage},
};
use beds_protocol::shown;

/// Reports a column of the key that gets another value than the client gives.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let Some(base) = Base::behind(domain, catalogue) else { return };
    let events: &[&str] = match object.usage {
        Usage::Create => &["insert"],
        Usage::Update => &["update"],
        Usage::Upsert => &["insert", "update"],
        Usage::Delete => &[],
        Usage::Read | Usage::Call(_) => return,
    };
    for index in domain.key {
        let field = &domain.fields[*index];
        let Some(column) = base.column(field.column) else { continue };
        let is_generated = field.generated == Some(Generated::Database);
        for event in events.iter().filter(|event| !(is_generated && **event == "insert")) {
            triggered(object, event, column, (base.table, catalogue), findings);
        }
        let parameter = object.of_fields(&routine.parameters).zip(object.args).find(|(_, of)| *of == index);
        if let (Some((parameter, _)), Some(body)) = (parameter, routine.body.as_deref()) {
            let text = tokens(body, routine.mode);
            let set = sets(&text, &[&parameter.name], &[]);
            let Some(how) = set.or_else(|| handed_over(&text, &[&parameter.name], catalogue)) else {
                continue;
            };
            let message = format!(
                "{} {} another value to its parameter {}, which is part of the key: it is not the requested record",
                shown(&routine.name),
                gives(how),
                shown(&parameter.name)
            );
            findings
                .push(severity(how), place(object.usage), message)
                .hint("let it leave the parameters of the key as they are");
        }
    }
}

/// Reports a trigger that sets a column of the key.
fn triggered(
    object: &Object,
    event: &str,
    column: &Column,
    (table, catalogue): (&Relation, &Catalogue),
    findings: &mut Findings<'_>,
) {
    for (name, how) in setters(table, column, event, catalogue) {
        let message = format!(
            "the trigger {} of {} {} another value to {}, which is part of the key",
            shown(name),
            shown(&table.name),
            gives(how),
            shown(&column.name)
        );
        let (what, hint) = if event == "insert" {
            (
                "the reply shows the record of the key that was sent, which is another record",
                "write generated = \"database\" for the field, let `create` not take it and give it back (`insert … returning`), \
                 and name it in `returns`; or let the trigger fill in only what is null",
            )
        } else {
            ("the record is not found again", "let the trigger leave the key as it is")
        };
        findings.push(severity(how), place(object.usage), format!("{message}: {what}")).hint(hint);
    }
}

const fn severity(how: Sets) -> Severity {
    match how {
        Sets::Always => Severity::Error,
        Sets::Maybe => Severity::Warning,
    }
}

const fn gives(how: Sets) -> &'static str {
    match how {
        Sets::Always => "gives",
        Sets::Maybe => "may give",
    }
}
