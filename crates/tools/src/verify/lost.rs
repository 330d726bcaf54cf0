//! Parameters whose values go nowhere: what a client gives for them is lost.

use super::{Findings, Severity, base::Base, part::Part, place};
use crate::routine::{Token, Values, has_dynamic, is_used};
use beds_core::{
    inspect::{Parameter, Routine, same_word},
    spec::{Domain, Object, Usage},
};
use beds_protocol::shown;

/// Reports a parameter that the text does nothing with: what is given for it is lost.
pub(super) fn unused(object: &Object, routine: &Routine, text: &[Token], findings: &mut Findings<'_>) {
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

/// Reports a parameter that the text asks for something, and whose column it does not set: of a record that is new, or of one that
/// is there.
pub(super) fn forgotten(
    object: &Object,
    routine: &Routine,
    (part, text, values): (Part, &[Token], &Values<'_>),
    base: &Base<'_>,
    findings: &mut Findings<'_>,
) {
    let of_part: Vec<_> =
        values.all.iter().filter(|stored| part.has(stored) && !stored.sets_variable()).collect();
    // What another routine does with it, and what is added to a new record by an update, is not seen here.
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
    for (parameter, index) in object.of_fields(&routine.parameters).zip(object.args) {
        let Some(own) = base.name(domain.fields[*index].column).filter(|_| is_client(*index)) else {
            continue;
        };
        let mentions = |value: &[Token]| {
            value.iter().filter_map(Token::name).any(|name| same_word(name, &parameter.name))
        };
        let mut sets = of_part.iter().filter(|stored| same_word(&stored.column, own)).peekable();
        let is_set = sets.peek().is_some();
        let is_kept = is_set && sets.all(|stored| values.is_column(stored.value, own));
        let is_stored = of_part.iter().any(|stored| mentions(values.given(stored)))
            || values.all.iter().any(|stored| stored.sets_variable() && mentions(stored.value));
        // What is used nowhere is reported as such.
        if (is_set && !is_kept) || is_stored || !is_used(text, &parameter.name) {
            continue;
        }
        let severity = if is_kept { Severity::Note } else { Severity::Error };
        let message = format!(
            "what is given for parameter {} of {} is lost, and the answer is `ok`: it does not go into the column {}",
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

/// Whether an update changes a field, as far as there is one.
fn updates(domain: &Domain, index: usize) -> bool {
    let objects = domain.database_objects();
    let update = objects.iter().find(|object| object.usage == Usage::Update);
    update.is_none_or(|update| update.args.contains(&index))
}
