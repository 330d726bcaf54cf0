//! Parameters whose values go into the column of another field.

use super::{Findings, Severity, base::Base, lost, part::Part};
use crate::{
    import,
    routine::{Token, Values, is_into, tokens},
};
use beds_core::{
    inspect::{Catalogue, Parameter, Routine, same_word},
    spec::{Domain, Object},
};
use beds_protocol::shown;

/// Reports a parameter that the text puts into the column of another field, if its own column cannot get any of it:
/// that column gets no value, or the value of another parameter.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let parts = Part::of(object.usage);
    if parts.is_empty() || routine.parameters.len() != object.arity() {
        return;
    }
    let Some(base) = Base::behind(findings.domain, catalogue) else { return };
    let Some(body) = routine.body.as_deref() else { return };
    let text = tokens(body, routine.mode);
    let of_table: Vec<&str> = base.table.columns.iter().map(|column| column.name.as_str()).collect();
    let parameters = routine.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let values = Values::of(&text, parameters, &of_table);
    lost::unused(object, routine, &text, findings);
    lost::replaced(object, routine, &text, findings);
    let is_base = |statement: &[Token]| is_into(statement, &base.table.name, catalogue);
    lost::overwritten(object, routine, (&text, &values), &is_base, &base, findings);
    for part in parts {
        lost::forgotten(object, routine, (*part, &text, &values), &base, findings);
        lost::null_kept(object, routine, (*part, &values), &base, findings);
        let of_part = values
            .all
            .iter()
            .filter(|stored| part.has(stored) && stored.is_into(&base.table.name, catalogue));
        let stored = of_part.map(|stored| Stored { column: &stored.column, value: values.given(stored) });
        let stored: Vec<_> = stored.collect();
        misplaced(object, routine, (*part, &stored, &values), &base, findings);
    }
}

/// The parameters that the text proves to belong to the fields of their arguments: it stores them in the columns of these
/// fields, or compares them with these columns, and has no other column for them.
pub(super) fn in_place<'r>(
    object: &'r Object,
    routine: &'r Routine,
    catalogue: &Catalogue,
    domain: &Domain,
) -> Vec<&'r str> {
    let (Some(base), Some(body)) = (Base::behind(domain, catalogue), routine.body.as_deref()) else {
        return Vec::new();
    };
    if routine.parameters.len() != object.arity() {
        return Vec::new();
    }
    let text = tokens(body, routine.mode);
    let of_table: Vec<&str> = base.table.columns.iter().map(|column| column.name.as_str()).collect();
    let parameters = routine.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let values = Values::of(&text, parameters, &of_table);
    let stored = values.all.iter().filter(|stored| stored.is_into(&base.table.name, catalogue));
    let stored = stored
        .filter_map(|stored| Some((stored.column.clone(), values.sole(values.given(stored))?.to_owned())));
    let reaches = import::reaches(routine, catalogue).into_iter();
    let of_base = reaches.filter(|reach| catalogue.is_one_name(&reach.table, &base.table.name));
    let found = of_base.flat_map(|reach| reach.ways.unwrap_or_default()).flat_map(|way| way.given);
    let pairs: Vec<(String, String)> = stored.chain(found).collect();
    let is_proved = |(parameter, index): &(&Parameter, &usize)| {
        let own = base.name(domain.fields[**index].column);
        let mut columns = pairs.iter().filter(|(_, of)| same_word(of, &parameter.name)).peekable();
        columns.peek().is_some() && columns.all(|(column, _)| own.is_some_and(|own| same_word(own, column)))
    };
    let arguments = object.of_fields(&routine.parameters).zip(object.args);
    arguments.filter(is_proved).map(|(parameter, _)| parameter.name.as_str()).collect()
}

/// A column and the value that it gets, as far as the value can be followed.
struct Stored<'s> {
    column: &'s str,
    value: &'s [Token],
}

fn misplaced(
    object: &Object,
    routine: &Routine,
    (part, stored, values): (Part, &[Stored<'_>], &Values<'_>),
    base: &Base<'_>,
    findings: &mut Findings<'_>,
) {
    let domain = findings.domain;
    let is_key = |index: &usize| part.has_key(object.usage) && domain.key.contains(index);
    let is_of = |stored: &Stored<'_>, parameter: &Parameter| {
        values.sole(stored.value).is_some_and(|name| same_word(name, &parameter.name))
    };
    let mentions = |stored: &Stored<'_>, parameter: &Parameter| {
        stored.value.iter().filter_map(Token::name).any(|name| same_word(name, &parameter.name))
    };
    for (parameter, index) in object.of_fields(&routine.parameters).zip(object.args) {
        let Some(own) = base.name(domain.fields[*index].column) else { continue };
        let is_other = |stored: &Stored<'_>| {
            !same_word(stored.column, own)
                || (!mentions(stored, parameter) && values.sole(stored.value).is_some())
        };
        if is_key(index) || !stored.iter().all(is_other) {
            continue;
        }
        let of_other = |stored: &&Stored<'_>| {
            let fields = domain.fields.iter().enumerate();
            let mut columns = fields.filter(|(other, _)| other != index && !is_key(other));
            columns
                .any(|(_, field)| base.name(field.column).is_some_and(|name| same_word(name, stored.column)))
        };
        let gets = stored.iter().filter(|stored| is_of(stored, parameter));
        let mut gets = gets.filter(|stored| !same_word(stored.column, own));
        let Some(other) = gets.find(of_other) else { continue };
        // A value that is made of the parameter may be intended, if no other value replaces it.
        let is_replaced = stored.iter().any(|stored| same_word(stored.column, own));
        let severity =
            if other.value.len() == 1 || is_replaced { Severity::Error } else { Severity::Warning };
        let message = format!(
            "parameter {} of {} goes into the column {}, not into {}",
            shown(&parameter.name),
            shown(&routine.name),
            shown(other.column),
            shown(own)
        );
        let hint = "put each parameter into the column of its field, or list the arguments in the order that is meant";
        part.report((severity, object.usage), message, hint, findings);
    }
}
