//! Which records the updates and deletes of a text find, as far as their conditions can be read.

mod found;
mod tables;

use self::{
    found::ways,
    tables::{Factor, Parts},
};
use crate::routine::{Expr, Token, condition, declared, statements, tokens};
use beds_core::inspect::{Catalogue, Routine, same_word};

pub(crate) use self::found::Found;

/// What the condition of a statement says of the records that it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The table, as the text names it.
    pub(crate) table: String,
    pub(crate) deletes: bool,
    /// The alternatives, joined by `or`; one of them is enough. `None` if there is no condition.
    pub(crate) ways: Option<Vec<Found>>,
    /// Whether the statement joins another table on a condition that is always true.
    pub(crate) is_crossed: bool,
}

/// What names mean in a statement that changes a table.
struct Names<'r> {
    routine: &'r Routine,
    catalogue: &'r Catalogue,
    /// The variables that the text declares.
    declared: &'r [String],
    table: &'r Factor,
}

/// What each update and delete of a text finds, for each table that it changes.
pub(crate) fn reaches(routine: &Routine, catalogue: &Catalogue) -> Vec<Reach> {
    let Some(body) = routine.body.as_deref() else { return Vec::new() };
    let tokens = tokens(body, routine.mode);
    let declared = declared(&tokens);
    let of = |statement| {
        let Some(parts) = Parts::of(statement) else { return Vec::new() };
        reached(&parts, &declared, routine, catalogue)
    };
    statements(&tokens).into_iter().flat_map(of).collect()
}

/// What one statement finds.
fn reached(parts: &Parts<'_>, declared: &[String], routine: &Routine, catalogue: &Catalogue) -> Vec<Reach> {
    let deletes = parts.deletes;
    let Some(factors) = &parts.factors else {
        let unread = |table: String| {
            let ways = Some(vec![Found::unread()]);
            Reach { table, deletes, ways, is_crossed: false }
        };
        return parts.named().into_iter().map(unread).collect();
    };
    let changed = factors.iter().filter(|factor| parts.changes(factor, factors, catalogue));
    let of = |table: &Factor| {
        let is_crossed = parts.is_crossed();
        let names = Names { routine, catalogue, declared, table };
        let mut read = parts.conditions.iter().map(|tokens| {
            let (condition, end) = condition(tokens, routine.mode.pipes_concat)?;
            (end == tokens.len()).then_some(condition)
        });
        let ways = (!parts.conditions.is_empty()).then(|| match read.try_fold(Vec::new(), push) {
            Some(all) => ways(&Expr::All(all), true, &names),
            None => vec![Found::unread()],
        });
        Reach { table: table.name.clone(), deletes, ways: ways.filter(|_| !is_crossed), is_crossed }
    };
    changed.map(of).collect()
}

fn push(mut all: Vec<Expr>, next: Option<Expr>) -> Option<Vec<Expr>> {
    all.push(next?);
    Some(all)
}

impl Names<'_> {
    /// The parameter that a bare name means, even if there is such a column.
    fn parameter(&self, name: &[String]) -> Option<String> {
        let [name] = name else { return None };
        let parameters = self.routine.parameters.iter().map(|parameter| &parameter.name);
        parameters.into_iter().find(|parameter| same_word(parameter, name)).cloned()
    }

    /// Whether the name is a variable of the text or of the session, which hides a parameter.
    fn is_variable(&self, name: &[String]) -> bool {
        let [name] = name else { return false };
        name.starts_with('@') || self.declared.iter().any(|declared| same_word(declared, name))
    }

    /// The column of the table that a name means. A bare name is a column only if no parameter and no variable has it.
    fn column(&self, name: &[String]) -> Option<String> {
        let is = |a: &String, b: &str| self.catalogue.is_one_name(a, b);
        let column = match name {
            [column] if self.parameter(name).is_none() && !self.is_variable(name) => column,
            [table, column] if is(table, self.table.called()) => column,
            [schema, table, column]
                if is(schema, &self.catalogue.database) && is(table, self.table.called()) =>
            {
                column
            }
            _ => return None,
        };
        let relation = self.catalogue.relation_named(&self.table.name)?;
        let known = relation.columns.iter().find(|known| same_word(&known.name, column))?;
        Some(known.name.clone())
    }
}

/// Whether the condition ends here and the statement goes on.
fn ends(token: &Token) -> bool {
    ["order", "limit", "returning"].iter().any(|word| token.is(word))
}
