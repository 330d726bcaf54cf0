//! Texts that a routine returns, of columns whose characters Unicode lacks in part. The node marks such columns of a
//! view, but no result of a routine: MariaDB sends `?` for such a character, and says nothing of it.

use super::{Findings, place};
use crate::routine::{Token, at_top, opens, outside, tokens, uses};
use beds_core::{
    inspect::{Catalogue, Routine},
    spec::{ArgMode, Object, Returns, Type, Usage},
};
use beds_protocol::shown;

/// Notes the first such column that the text of a routine selects for its result.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let Some(body) = routine.body.as_deref() else { return };
    let text = tokens(body, routine.mode);
    let selected = selected(&text, seen(object, findings));
    let used = uses(&text).into_iter().filter(|used| used.schema.is_none());
    let relations = used.filter_map(|used| catalogue.relation_named(&used.name));
    let columns =
        relations.flat_map(|relation| relation.columns.iter().map(move |column| (relation, column)));
    for (relation, column) in columns {
        let set = column.collation.as_deref().and_then(|collation| collation.split('_').next());
        let is_selected = || selected.iter().any(|list| names(list, &column.name));
        let Some(set) = set.filter(|set| !beds_mariadb::is_whole(set) && is_selected()) else {
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

/// What a client sees of the texts that a routine selects.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// Result sets may have texts.
    results: bool,
    /// Variables may reach the client: as an `OUT` argument, or as a result.
    variables: bool,
}

fn seen(object: &Object, findings: &Findings<'_>) -> Seen {
    let domain = findings.domain;
    let is_text = |ty: &Type| matches!(ty, Type::String { .. } | Type::Text { .. } | Type::Enum { .. });
    let Usage::Call(name) = object.usage else {
        let returns = object.returns.iter().any(|&field| is_text(&domain.fields[field].ty));
        return Seen { results: returns, variables: returns };
    };
    let Some(call) = domain.calls.iter().find(|call| call.name == name) else { return Seen::default() };
    let is_given = call.args.iter().any(|arg| arg.mode != ArgMode::In && is_text(&arg.field.ty));
    let declared = match call.returns {
        Returns::Nothing | Returns::AsItComes => false,
        Returns::Scalar(ref ty) => is_text(ty),
        Returns::Rows(fields) => fields.iter().any(|field| is_text(&field.ty)),
    };
    Seen { results: declared || matches!(call.returns, Returns::AsItComes), variables: declared || is_given }
}

/// What stands between `select` and `from`, in each query whose result a client may see.
fn selected(text: &[Token], seen: Seen) -> Vec<&[Token]> {
    let mut found = Vec::new();
    for statement in text.split(|token| token.is_mark(';')) {
        let begins = |at: &usize| *at == 0 || opens(&statement[*at - 1]);
        let of_first =
            |at: usize| ["select", "with", "return", "set"].iter().any(|word| statement[at].is(word));
        let Some(first) = (0..statement.len()).filter(begins).find(|at| of_first(*at)) else { continue };
        let query = &statement[first..];
        let is_variable = ["return", "set"].iter().any(|word| query[0].is(word))
            || outside(query).any(|(_, token)| token.is("into"));
        let is_seen = if is_variable { seen.variables } else { seen.results };
        if is_seen {
            let selects = (0..query.len()).filter(|at| query[*at].is("select"));
            found.extend(selects.map(|at| &query[at..at_top(query, at, ends)]));
        }
    }
    found
}

/// Whether the list of a query ends here.
fn ends(token: &Token) -> bool {
    token.is_mark(')') || ["from", "into", "union"].iter().any(|word| token.is(word))
}

/// Whether a list names a column, or all columns.
fn names(list: &[Token], column: &str) -> bool {
    let is_all = |two: &[Token]| (two[0].is("select") || two[0].is_mark('.')) && two[1].is_mark('*');
    list.iter().any(|token| token.name().is_some_and(|name| name.eq_ignore_ascii_case(column)))
        || list.windows(2).any(is_all)
}
