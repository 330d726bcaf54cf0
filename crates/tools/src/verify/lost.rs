//! Parameters whose values are not stored: the value that a client gives is lost.

use super::{Findings, Severity, base::Base, part::Part, place};
use crate::routine::{
    Assignment, Sets, Token, Values, has_dynamic, is_conditional, is_used, sets, statements,
};
use beds_core::{
    inspect::{Parameter, Routine, same_word},
    spec::{Domain, Object, Usage},
};
use beds_protocol::shown;

/// Reports a parameter that the text does not use: its value is lost.
pub(super) fn unused(object: &Object, routine: &Routine, text: &[Token], findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let lost = |(parameter, index): &(&Parameter, &usize)| {
        // Parameters that find the record are checked in another place (`reach`).
        let finds = object.usage == Usage::Update && domain.key.contains(index);
        !finds && !is_used(text, &parameter.name)
    };
    let (mut given, mut made, mut versions) = (Vec::new(), Vec::new(), Vec::new());
    for (parameter, index) in object.of_fields(&routine.parameters).zip(object.args).filter(lost) {
        let names = if domain.version == Some(*index) {
            &mut versions
        } else if domain.fields[*index].generated.is_some() {
            &mut made
        } else {
            &mut given
        };
        names.push(shown(&parameter.name));
    }
    let is_lost = "the given value is lost, and the answer is `ok`";
    for (names, severity, what) in [
        (given, Severity::Error, is_lost),
        (versions, Severity::Error, "a change of an older version is not noticed"),
        (made, Severity::Warning, "the value that the node makes is lost"),
    ] {
        let (s, are) = if names.len() == 1 { ("", "is") } else { ("s", "are") };
        let message = format!(
            "parameter{s} {} of {} {are} used nowhere: {what}",
            names.join(", "),
            shown(&routine.name)
        );
        if !names.is_empty() {
            findings.push(severity, place(object.usage), message).hint(
                "let the procedure put it into its column, or take it out of `args` and of the parameters",
            );
        }
    }
}

/// Reports a parameter that the text only reads, and whose column it does not set: in a new record, or in an existing
/// one.
pub(super) fn forgotten(
    object: &Object,
    routine: &Routine,
    (part, text, values): (Part, &[Token], &Values<'_>),
    base: &Base<'_>,
    findings: &mut Findings<'_>,
) {
    let of_part: Vec<_> =
        values.all.iter().filter(|stored| part.has(stored) && !stored.sets_variable()).collect();
    // Not visible here: what another routine does with the parameter, and what an update adds to a new record.
    let is_elsewhere = has_dynamic(text) || text.iter().any(|token| token.is("call"));
    let is_added_to = part == Part::New
        && values.all.iter().any(|stored| stored.statement.first().is_some_and(|verb| verb.is("update")));
    if of_part.is_empty() || is_elsewhere || is_added_to {
        return;
    }
    let domain = findings.domain;
    let is_client = |index: usize| {
        let field = &domain.fields[index];
        let is_kept = part == Part::There && (field.immutable || !updates(domain, index));
        let is_key = part.has_key(object.usage) && domain.key.contains(&index);
        field.generated.is_none() && domain.version != Some(index) && !is_kept && !is_key
    };
    let is_of_key = |name: &str| {
        let mut arguments = object.of_fields(&routine.parameters).zip(object.args);
        arguments.any(|(parameter, index)| domain.key.contains(index) && same_word(&parameter.name, name))
    };
    for (parameter, index) in object.of_fields(&routine.parameters).zip(object.args) {
        let Some(own) = base.name(domain.fields[*index].column).filter(|_| is_client(*index)) else {
            continue;
        };
        let mentions = |value: &[Token]| {
            value.iter().filter_map(Token::name).any(|name| same_word(name, &parameter.name))
        };
        let sets: Vec<_> = of_part.iter().filter(|stored| same_word(&stored.column, own)).collect();
        let is_kept = !sets.is_empty() && sets.iter().all(|stored| values.is_column(stored.value, own));
        // The parameter itself is not stored: its column gets the value of another parameter.
        let is_of_other =
            sets.iter().all(|stored| values.sole(values.given(stored)).is_some_and(|name| !is_of_key(name)));
        let is_stored = of_part.iter().any(|stored| mentions(values.given(stored)))
            || values.all.iter().any(|stored| stored.sets_variable() && mentions(stored.value));
        // A parameter that is not used at all is reported separately.
        if !(is_kept || is_of_other) || is_stored || !is_used(text, &parameter.name) {
            continue;
        }
        let severity = if is_kept { Severity::Note } else { Severity::Error };
        let message = format!(
            "the value given for parameter {} of {} is lost, and the answer is `ok`: it does not go into the column {}",
            shown(&parameter.name),
            shown(&routine.name),
            shown(own)
        );
        let hint = match part {
            Part::There => {
                "set the column there as well; or write immutable = true in the template, where it is to stay as it was created"
            }
            Part::Whole | Part::New => "let the procedure put it into its column",
        };
        part.report((severity, object.usage), message, hint, findings);
    }
}

/// Reports a parameter whose column keeps its value if a client gives null.
pub(super) fn null_kept(
    object: &Object,
    routine: &Routine,
    (part, values): (Part, &Values<'_>),
    base: &Base<'_>,
    findings: &mut Findings<'_>,
) {
    let domain = findings.domain;
    for (parameter, index) in object.of_fields(&routine.parameters).zip(object.args) {
        let field = &domain.fields[*index];
        let Some(column) = base.column(field.column).filter(|column| field.nullable && column.nullable)
        else {
            continue;
        };
        let keeps = values.all.iter().any(|stored| {
            let is_own =
                || values.sole(values.given(stored)).is_some_and(|name| same_word(name, &parameter.name));
            part.has(stored)
                && stored.changes()
                && same_word(&stored.column, &column.name)
                && values.keeps_for_null(stored)
                && is_own()
        });
        if keeps {
            let message = format!(
                "a null that is given for parameter {} of {} is lost, and the answer is `ok`: the column {} stays as it was",
                shown(&parameter.name),
                shown(&routine.name),
                shown(&column.name)
            );
            let hint = "set the column to the parameter: what a client leaves out of an update is passed with its \
                 stored value";
            part.report((Severity::Warning, object.usage), message, hint, findings);
        }
    }
}

/// Reports a column to which a later statement assigns another value than its parameter.
pub(super) fn overwritten(
    object: &Object,
    routine: &Routine,
    (text, values): (&[Token], &Values<'_>),
    is_base: &dyn Fn(&[Token]) -> bool,
    base: &Base<'_>,
    findings: &mut Findings<'_>,
) {
    let domain = findings.domain;
    let has = |tokens: &[Token], name: &str| {
        tokens.iter().filter_map(Token::name).any(|other| same_word(other, name))
    };
    let arguments = || object.of_fields(&routine.parameters).zip(object.args);
    // Under a condition the last statement is not known. A statement on another record does not count.
    let is_of_record = |update: &[Token]| {
        let of_key = arguments().filter(|(_, index)| domain.key.contains(index));
        !is_conditional(text, update) && of_key.into_iter().all(|(parameter, _)| has(update, &parameter.name))
    };
    let updates: Vec<&[Token]> = statements(text)
        .into_iter()
        .filter(|statement| statement[0].is("update") && is_base(statement) && is_of_record(statement))
        .collect();
    let is_update =
        |stored: &Assignment<'_>| updates.iter().any(|update| update.as_ptr() == stored.statement.as_ptr());
    for (parameter, index) in arguments().filter(|(_, index)| domain.version != Some(**index)) {
        let Some(own) = base.name(domain.fields[*index].column) else { continue };
        let of_own =
            values.all.iter().filter(|stored| same_word(&stored.column, own) && is_base(stored.statement));
        let mut of_own = of_own.rev();
        let Some(last) = of_own.next().filter(|last| is_update(last)) else { continue };
        let is_made = |stored: &Assignment<'_>| has(values.given(stored), &parameter.name);
        if !is_made(last)
            && !has(last.value, own)
            && of_own.any(|stored| stored.statement.as_ptr() != last.statement.as_ptr() && is_made(stored))
        {
            let message = format!(
                "{} gives the column {} another value after that of its parameter {}: the given value is lost",
                shown(&routine.name),
                shown(own),
                shown(&parameter.name)
            );
            findings
                .warning(place(object.usage), message)
                .hint("let one statement set the column, to the parameter");
        }
    }
}

/// Reports a parameter that is assigned another value before it is used.
pub(super) fn replaced(object: &Object, routine: &Routine, text: &[Token], findings: &mut Findings<'_>) {
    let domain = findings.domain;
    for (parameter, index) in object.of_fields(&routine.parameters).zip(object.args) {
        let is_it = |token: &Token| token.name().is_some_and(|name| same_word(name, &parameter.name));
        let first = text.iter().position(is_it).and_then(|at| at.checked_sub(1));
        let is_target = first.is_some_and(|before| text[before].is("set") || text[before].is("into"));
        // A parameter of the key is reported separately.
        let is_plain = !domain.key.contains(index) && domain.fields[*index].generated.is_none();
        if is_plain && is_target && sets(text, &[&parameter.name], &[]) == Some(Sets::Always) {
            let message = format!(
                "{} gives another value to its parameter {}: the given value is lost, and the answer is `ok`",
                shown(&routine.name),
                shown(&parameter.name)
            );
            findings.error(place(object.usage), message).hint(
                "let it keep the given value, or take the field out of `args` and the parameter out of the \
                 procedure",
            );
        }
    }
}

/// Whether the update changes a field, if there is an update.
fn updates(domain: &Domain, index: usize) -> bool {
    let objects = domain.database_objects();
    let update = objects.iter().find(|object| object.usage == Usage::Update);
    update.is_none_or(|update| update.args.contains(&index))
}
