//! Updates and deletes that find no record for a request without `if_version`.

use super::{Findings, base::Base, place};
use crate::{
    import::{self, Found},
    routine::{Token, tokens},
};
use beds_core::{
    inspect::{Catalogue, Routine, same_word},
    spec::{Object, Usage},
};
use beds_protocol::shown;

/// Reports a procedure that compares the version with its parameter, and does not allow for a parameter that is null:
/// the node passes null where a request names no version.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let version = domain.version.filter(|_| matches!(object.usage, Usage::Update | Usage::Delete));
    let (Some(version), Some(base), Some(body)) =
        (version, Base::behind(domain, catalogue), routine.body.as_deref())
    else {
        return;
    };
    let mut arguments = object.of_fields(&routine.parameters).zip(object.args);
    let passed = arguments.find(|(_, index)| **index == version).map(|(parameter, _)| parameter);
    let column = base.column(domain.fields[version].column);
    let (Some(parameter), Some(column)) = (passed, column) else { return };
    let asks = |way: &Found| {
        way.given.iter().any(|(name, of)| same_word(name, &column.name) && same_word(of, &parameter.name))
    };
    let reaches = import::reaches(routine, catalogue).into_iter();
    let ways: Vec<Found> = reaches
        .filter(|reach| catalogue.is_one_name(&reach.table, &base.table.name))
        .flat_map(|reach| reach.ways.unwrap_or_default())
        .collect();
    // A parameter that the text uses otherwise as well may have another value by then.
    let text = tokens(body, routine.mode);
    let uses = text.iter().filter(|token| token.name().is_some_and(|name| same_word(name, &parameter.name)));
    // `(version = parameter) is not false` also holds for null.
    let is_lenient = |three: &[Token]| {
        three[0].is("is") && three[1].is("not") && (three[2].is("true") || three[2].is("false"))
    };
    if text.windows(3).any(is_lenient) {
        return;
    }
    if ways.is_empty() || !ways.iter().all(asks) || uses.count() != ways.len() {
        return;
    }
    let (name, version) = (shown(&parameter.name), shown(&column.name));
    let message = format!(
        "{} finds no record for a request without `if_version`: its parameter {name} is null then, and it compares {version} \
         with it",
        shown(&routine.name)
    );
    findings
        .error(place(object.usage), message)
        .hint(format!("write ({name} is null or {version} = {name})"));
}
