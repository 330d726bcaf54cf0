//! Texts that a routine returns, of columns whose characters Unicode lacks in part. The node marks such columns of a
//! view, but no result of a routine: MariaDB sends `?` for such a character, and says nothing of it.

use super::{Findings, place};
use crate::routine::{Token, tokens, uses};
use beds_core::{
    inspect::{Catalogue, Routine},
    spec::{Object, Returns, Type, Usage},
};
use beds_protocol::shown;

/// Notes the first such column that the text of a routine names.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let Some(body) = routine.body.as_deref().filter(|_| returns_text(object, findings)) else { return };
    let text = tokens(body, routine.mode);
    let used = uses(&text).into_iter().filter(|used| used.schema.is_none());
    let relations = used.filter_map(|used| catalogue.relation_named(&used.name));
    let columns =
        relations.flat_map(|relation| relation.columns.iter().map(move |column| (relation, column)));
    for (relation, column) in columns {
        let set = column.collation.as_deref().and_then(|collation| collation.split('_').next());
        let Some(set) = set.filter(|set| !beds_mariadb::is_whole(set) && names(&text, &column.name)) else {
            continue;
        };
        let message = format!(
            "{} may return {} of {}, which is in {set}: MariaDB sends `?` for each character that Unicode lacks",
            shown(&routine.name),
            shown(&column.name),
            shown(&relation.name)
        );
        findings.note(place(object.usage), message).hint("`fetch` says which texts have such characters");
        return;
    }
}

/// Whether a client sees a text that the routine returns.
fn returns_text(object: &Object, findings: &Findings<'_>) -> bool {
    let domain = findings.domain;
    let is_text = |ty: &Type| matches!(ty, Type::String { .. } | Type::Text { .. } | Type::Enum { .. });
    let call = |name: &str| domain.calls.iter().find(|call| call.name == name).map(|call| &call.returns);
    match object.usage {
        Usage::Call(name) => call(name).is_some_and(|returns| match returns {
            Returns::Nothing => false,
            Returns::Scalar(ty) => is_text(ty),
            Returns::Rows(fields) => fields.iter().any(|field| is_text(&field.ty)),
            Returns::AsItComes => true,
        }),
        _ => object.returns.iter().any(|&field| is_text(&domain.fields[field].ty)),
    }
}

/// Whether a text names a column, or all columns.
fn names(text: &[Token], column: &str) -> bool {
    let is_all = |two: &[Token]| (two[0].is("select") || two[0].is_mark('.')) && two[1].is_mark('*');
    text.iter().any(|token| token.name().is_some_and(|name| name.eq_ignore_ascii_case(column)))
        || text.windows(2).any(is_all)
}
