//! What a routine stores: the columns into which it puts a parameter unchanged.

use super::{
    Token,
    parentheses::{at_top, inside, outside, split},
    statements::{changes_duplicates, is_into, statement_before},
};
use beds_core::inspect::Catalogue;

/// A column, and the value that a statement assigns to it.
#[derive(Debug)]
pub(crate) struct Assignment<'t> {
    /// The statement, up to the name of its table.
    pub(crate) statement: &'t [Token],
    /// The qualifier of the column in an update: a table or its alias.
    qualifier: Option<String>,
    pub(crate) column: String,
    pub(crate) value: &'t [Token],
}

impl Assignment<'_> {
    /// Whether the value is exactly this parameter.
    pub(crate) fn is_of(&self, parameter: &str) -> bool {
        self.value.len() == 1 && self.value[0].name().is_some_and(|name| name.eq_ignore_ascii_case(parameter))
    }

    /// Whether the column belongs to this table, as far as the text says. In an update of several tables the qualifier
    /// decides.
    pub(crate) fn is_into(&self, table: &str, catalogue: &Catalogue) -> bool {
        let is_qualified = |qualifier: &String| {
            let name = |at: usize| self.statement.get(at).and_then(Token::name);
            let called = |at: usize| {
                let is_as = self.statement.get(at + 1).is_some_and(|token| token.is("as"));
                name(at).is_some_and(|name| catalogue.is_one_name(name, table))
                    && [at, at + 1 + usize::from(is_as)]
                        .into_iter()
                        .any(|at| name(at).is_some_and(|name| catalogue.is_one_name(name, qualifier)))
            };
            self.changes() && (0..self.statement.len()).any(called)
        };
        is_into(self.statement, table, catalogue) || self.qualifier.as_ref().is_some_and(is_qualified)
    }

    /// Whether the assignment changes an existing record: in an `update`, or after `on duplicate key update`.
    pub(crate) fn changes(&self) -> bool {
        let is = |token: Option<&Token>, word: &str| token.is_some_and(|token| token.is(word));
        is(self.statement.first(), "update") || is(self.statement.last(), "key")
    }

    /// Whether the assignment is a statement `set`, which assigns to a variable.
    pub(crate) const fn sets_variable(&self) -> bool {
        self.statement.is_empty()
    }
}

/// What each statement of a text stores. If an insert names no columns, they are `of_table`.
pub(crate) fn assignments<'t>(tokens: &'t [Token], of_table: &[&str]) -> Vec<Assignment<'t>> {
    let plain = |statement, column, value| Assignment { statement, qualifier: None, column, value };
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
        let statement = || statement_before(tokens, at);
        // In `values(column)` the word is a function.
        if (is(at, "values") || is(at, "value")) && inserts(statement()) {
            let stored = inserted(tokens, at, of_table).into_iter();
            found.extend(stored.map(|(column, value)| plain(statement(), column, value)));
        }
        if is(at, "select") {
            let stored = selected(tokens, at, statement(), of_table).into_iter();
            found.extend(stored.map(|(column, value)| plain(statement(), column, value)));
        }
        if is(at, "set") || (is(at, "update") && at > 0 && is(at - 1, "key")) {
            let stored = assigned(&tokens[at + 1..]).into_iter();
            found.extend(stored.map(|Item { qualifier, column, value }| Assignment {
                statement: statement(),
                qualifier,
                column,
                value,
            }));
        }
    }
    found
}

/// Whether this is the beginning of an insert, and not its part that changes an existing record.
fn inserts(head: &[Token]) -> bool {
    head.iter().any(|token| token.is("insert") || token.is("replace")) && !changes_duplicates(head)
}

/// The columns that get exactly this parameter, in any statement of the text.
pub(crate) fn stores(tokens: &[Token], parameter: &str, of_table: &[&str]) -> Vec<String> {
    let stored = assignments(tokens, of_table).into_iter();
    stored.filter(|stored| stored.is_of(parameter)).map(|stored| stored.column).collect()
}

/// `column = value`, with the qualifier of the column.
struct Item<'t> {
    qualifier: Option<String>,
    column: String,
    value: &'t [Token],
}

/// `column = value, …`, to the end of the list.
fn assigned(tokens: &[Token]) -> Vec<Item<'_>> {
    const ENDS: [&str; 6] = ["where", "on", "order", "limit", "returning", "end"];
    let ends = |token: &Token| token.is_mark(';') || ENDS.iter().any(|word| token.is(word));
    split(&tokens[..at_top(tokens, 0, ends)]).into_iter().filter_map(item).collect()
}

/// `t.column = value` or `column := value`.
fn item(tokens: &[Token]) -> Option<Item<'_>> {
    let equals = tokens.iter().position(|token| token.is_mark('='))?;
    let names: Vec<&str> = tokens[..equals].iter().filter_map(Token::name).collect();
    let (column, before) = names.split_last()?;
    Some(Item {
        qualifier: before.last().map(|name| (*name).to_owned()),
        column: (*column).to_owned(),
        value: &tokens[equals + 1..],
    })
}

/// What an update sets, each column with its qualifier: `t.a = 1, b = 2`.
pub(crate) fn assigned_to(tokens: &[Token]) -> Vec<(Option<String>, String)> {
    assigned(tokens).into_iter().map(|item| (item.qualifier, item.column)).collect()
}

/// `(column, …) values (value, …)`; `at` is the place of `values`.
fn inserted<'t>(tokens: &'t [Token], at: usize, of_table: &[&str]) -> Vec<(String, &'t [Token])> {
    let named = match at.checked_sub(1).map(|before| &tokens[before]) {
        Some(Token::Mark(')')) => {
            let open = tokens[..at].iter().rposition(|token| token.is_mark('('));
            let names = open.map(|open| split(&tokens[open + 1..at - 1])).unwrap_or_default();
            names.into_iter().map(|name| name.last().and_then(Token::name).map(str::to_owned)).collect()
        }
        Some(token) if token.name().is_some() => {
            of_table.iter().map(|name| Some((*name).to_owned())).collect::<Vec<_>>()
        }
        _ => return Vec::new(),
    };
    let values = inside(tokens, at + 1).map(split).unwrap_or_default();
    named.into_iter().zip(values).filter_map(|(column, value)| Some((column?, value))).collect()
}

/// `insert into t (column, …) select value, …`; `at` is the place of `select`.
fn selected<'t>(
    tokens: &'t [Token],
    at: usize,
    head: &[Token],
    of_table: &[&str],
) -> Vec<(String, &'t [Token])> {
    const ENDS: [&str; 9] = ["from", "where", "union", "group", "having", "order", "limit", "on", "end"];
    let is_insert = head.first().is_some_and(|verb| verb.is("insert") || verb.is("replace"));
    let is_query = |token: &Token| ["select", "values", "value", "set"].iter().any(|word| token.is(word));
    let marks = |mark| head.iter().filter(|token| token.is_mark(mark)).count();
    if !is_insert || head.iter().any(is_query) || marks('(') != marks(')') {
        return Vec::new();
    }
    let names = match head.iter().position(|token| token.is_mark('(')) {
        Some(open) => {
            let names = split(inside(head, open).unwrap_or_default()).into_iter();
            names.map(|name| name.last().and_then(Token::name).map(str::to_owned)).collect()
        }
        None => of_table.iter().map(|name| Some((*name).to_owned())).collect::<Vec<_>>(),
    };
    let rest = &tokens[at + 1..];
    let first = rest.iter().take_while(|token| token.is("all") || token.is("distinct")).count();
    let rest = &rest[..rest.iter().position(|token| token.is_mark(';')).unwrap_or(rest.len())];
    let end = outside(rest).find(|(_, token)| ENDS.iter().any(|word| token.is(word)));
    let values = split(&rest[first..end.map_or(rest.len(), |(at, _)| at)]).into_iter();
    let unnamed =
        |value: &'t [Token]| &value[..value.iter().position(|token| token.is("as")).unwrap_or(value.len())];
    names.into_iter().zip(values).filter_map(|(column, value)| Some((column?, unnamed(value)))).collect()
}

#[cfg(test)]
mod tests {
    use beds_core::inspect::SqlMode;

    use super::*;
    use crate::routine::tokens;

    #[test]
    fn a_parameter_is_followed_into_the_columns_that_keep_it_as_it_is() {
        for (body, columns) in [
            ("insert into t (a, b) values (p_a, p_b)", vec!["b"]),
            ("insert into t (a, `b`, c) values (f(p_b, 1), p_b, coalesce(p_b, 0))", vec!["b"]),
            ("insert into t values (p_a, p_b)", vec!["y"]),
            ("insert into t set a = p_a, b = p_b;", vec!["b"]),
            ("update t set a = p_b + 1, t.b = p_b, c = if(p_b > 1, p_b, 0) where id = p_b", vec!["b"]),
            (
                "insert into t (a) values (p_a) on duplicate key update a = values(a), b = p_b; select p_b",
                vec!["b"],
            ),
            ("insert into t (a, b) select p_a, p_b from dual", vec!["b"]),
            ("insert into t select p_a, p_b as y where p_a not in (select b, p_b from t)", vec!["y"]),
            ("insert into t (a, b) select upper(p_b), (select p_b) from u; select p_b", vec![]),
            ("delete from t where b = p_b", vec![]),
            ("begin update t set b = upper(p_b) where id = 1; end", vec![]),
            (
                "update t set a = case when c then 1 else 2 end, d = (select 1 from u where e = 1), b := p_b limit 1",
                vec!["b"],
            ),
        ] {
            assert_eq!(stores(&tokens(body, SqlMode::default()), "P_B", &["x", "y"]), columns, "{body}");
        }
    }
}
