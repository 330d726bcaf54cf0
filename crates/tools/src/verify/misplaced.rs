//! Parameters whose values go into the column of another field, or nowhere.

use super::{Findings, Severity, base::Base, place};
use crate::routine::{Assignment, Token, assignments, is_into, is_used, tokens};
use beds_core::{
    inspect::{Catalogue, Parameter, Routine, same_word},
    spec::{Object, Usage},
};
use beds_protocol::shown;

/// Reports a parameter that the text puts into the column of another field, where nothing of it can be in its own: that
/// column gets no value, or that of another parameter.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    if !matches!(object.usage, Usage::Create | Usage::Update | Usage::Upsert)
        || routine.parameters.len() != object.arity()
    {
        return;
    }
    let domain = findings.domain;
    let Some(base) = Base::behind(domain, catalogue) else { return };
    let Some(body) = routine.body.as_deref() else { return };
    let text = tokens(body, routine.mode);
    unused(object, routine, &text, findings);
    let of_table: Vec<&str> = base.table.columns.iter().map(|column| column.name.as_str()).collect();
    let stored: Vec<Assignment<'_>> = assignments(&text, &of_table)
        .into_iter()
        .filter(|stored| is_into(stored.statement, &base.table.name, catalogue))
        .collect();
    let is_key = |index: &usize| object.usage == Usage::Update && domain.key.contains(index);
    for (parameter, index) in object.of_fields(&routine.parameters).zip(object.args) {
        let Some(own) = base.name(domain.fields[*index].column) else { continue };
        let is_other = |stored: &&Assignment<'_>| {
            !same_word(&stored.column, own)
                || (!stored.is_of(&parameter.name)
                    && routine.parameters.iter().any(|parameter| stored.is_of(&parameter.name)))
        };
        if is_key(index) || !stored.iter().all(|stored| is_other(&stored)) {
            continue;
        }
        let of_other = |stored: &&Assignment<'_>| {
            let fields = domain.fields.iter().enumerate();
            let mut columns = fields.filter(|(other, _)| other != index && !is_key(other));
            columns
                .any(|(_, field)| base.name(field.column).is_some_and(|name| same_word(name, &stored.column)))
        };
        let gets = stored.iter().filter(|stored| stored.is_of(&parameter.name));
        let mut gets = gets.filter(|stored| !same_word(&stored.column, own));
        if let Some(other) = gets.find(of_other) {
            let message = format!(
                "parameter {} of {} goes into the column {}, not into {}",
                shown(&parameter.name),
                shown(&routine.name),
                shown(&other.column),
                shown(own)
            );
            findings
                .error(place(object.usage), message)
                .hint("put each parameter into the column of its field, or list the arguments in the order that is meant");
        }
    }
}

/// Reports a parameter that the text does nothing with: what is given for it is lost.
fn unused(object: &Object, routine: &Routine, text: &[Token], findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let lost = |(parameter, index): &(&Parameter, &usize)| {
        // What finds the record is looked at where it is looked for.
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
    let is_lost = "what is given is lost, and the answer is `ok`";
    for (names, severity, what) in [
        (given, Severity::Error, is_lost),
        (versions, Severity::Error, "a change of an older version is not noticed"),
        (made, Severity::Warning, "what the node makes is lost"),
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
