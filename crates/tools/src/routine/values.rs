//! What a text stores, as far as its values can be followed: through variables, `values(column)` and guards of a value.

use super::{
    Assignment, Token, assignments, declared,
    parentheses::{inside, split},
    statements::statement_before,
};
use beds_core::inspect::same_word;

/// How many steps a value is followed at most.
const STEPS_MAX: usize = 8;

/// Functions that return their first argument, or the second if the first is null.
pub(super) const FILLING: [&str; 3] = ["coalesce", "ifnull", "nvl"];

/// What a text stores.
pub(crate) struct Values<'t> {
    tokens: &'t [Token],
    declared: Vec<String>,
    parameters: Vec<&'t str>,
    pub(crate) all: Vec<Assignment<'t>>,
}

impl<'t> Values<'t> {
    /// If an insert names no columns, they are `of_table`.
    pub(crate) fn of(tokens: &'t [Token], parameters: Vec<&'t str>, of_table: &[&str]) -> Self {
        Self { tokens, declared: declared(tokens), parameters, all: assignments(tokens, of_table) }
    }

    /// The value that a column gets. A variable with only one value is replaced by that value, and `values(column)` by
    /// the value of the insert. Of `if(…, value, column)` and `coalesce(value, column)`, it is `value`.
    pub(crate) fn given(&self, stored: &Assignment<'t>) -> &'t [Token] {
        let mut value = stored.value;
        for _ in 0..STEPS_MAX {
            let next = self
                .of_insert(value, stored)
                .or_else(|| self.of_variable(value))
                .or_else(|| self.guarded(value, &stored.column));
            let Some(next) = next else { break };
            value = next;
        }
        value
    }

    /// Whether a column keeps its value if the new one is null: `coalesce(value, column)`,
    /// `if(value is null, column, value)`, `case when value is null then column else value end`.
    pub(crate) fn keeps_for_null(&self, stored: &Assignment<'t>) -> bool {
        let is_itself = |value: &[Token]| self.is_column(value, &stored.column);
        let parts = |functions: &[&str]| argument(stored.value, functions).map(split).unwrap_or_default();
        let is_null = |asked: &[Token]| matches!(asked, [_, is, null] if is.is("is") && null.is("null"));
        matches!(parts(&FILLING)[..], [_, second] if is_itself(second))
            || matches!(parts(&["if"])[..], [asked, first, _] if is_null(asked) && is_itself(first))
            || case(stored.value).is_some_and(|(asked, then, _)| is_null(asked) && is_itself(then))
    }

    /// `values(column)`: the value that the insert of the same statement gives the column.
    fn of_insert(&self, value: &'t [Token], stored: &Assignment<'t>) -> Option<&'t [Token]> {
        let inner = argument(value, &["values", "value"])?;
        let name = inner.last().and_then(Token::name)?;
        let is_insert = |one: &&Assignment<'t>| {
            !one.changes() && !one.statement.is_empty() && one.statement.as_ptr() == stored.statement.as_ptr()
        };
        let mut inserted = self.all.iter().filter(is_insert);
        inserted.find(|one| same_word(&one.column, name)).map(|one| one.value)
    }

    /// The value of a variable that is assigned at only one place.
    fn of_variable(&self, value: &'t [Token]) -> Option<&'t [Token]> {
        let [token] = value else { return None };
        let name = token.name()?;
        let is_variable =
            name.starts_with('@') || self.declared.iter().any(|declared| same_word(declared, name));
        let is_named =
            |tokens: &[Token]| tokens.iter().filter_map(Token::name).any(|other| same_word(other, name));
        // `select … into v`, `fetch c into v`, `call p(v)`
        let is_filled = |at: usize| {
            let statement = statement_before(self.tokens, at);
            let is_insert = statement.first().is_some_and(|verb| verb.is("insert") || verb.is("replace"));
            let rest = &self.tokens[at..];
            let end = rest.iter().position(|token| token.is_mark(';')).unwrap_or(rest.len());
            !is_insert && is_named(&rest[..end])
        };
        let is_into = |at: &usize| self.tokens[*at].is("into") || self.tokens[*at].is("call");
        if !is_variable || (0..self.tokens.len()).filter(is_into).any(is_filled) {
            return None;
        }
        let is_set = |one: &&Assignment<'t>| one.sets_variable() && same_word(&one.column, name);
        let defaults = self.defaults().filter(|(names, _)| is_named(names)).map(|(_, value)| value);
        let mut given = self.all.iter().filter(is_set).map(|one| one.value).chain(defaults);
        let first = given.next()?;
        given.next().is_none().then_some(first)
    }

    /// `declare a, b int default value`: the words before `default`, and the value.
    fn defaults(&self) -> impl Iterator<Item = (&'t [Token], &'t [Token])> {
        let tokens = self.tokens;
        let places = (0..tokens.len()).filter(|at| tokens[*at].is("default"));
        places.filter_map(move |at| {
            let before = statement_before(tokens, at);
            before.first().filter(|verb| verb.is("declare"))?;
            let rest = &tokens[at + 1..];
            Some((before, &rest[..rest.iter().position(|token| token.is_mark(';')).unwrap_or(rest.len())]))
        })
    }

    /// The value inside an expression that only guards it, or that leaves the column as it is if there is no value.
    fn guarded(&self, value: &'t [Token], column: &str) -> Option<&'t [Token]> {
        let is_itself = |value: &[Token]| self.is_column(value, column);
        if let Some(inner) = inside(value, 0).filter(|inner| inner.len() + 2 == value.len()) {
            return Some(inner).filter(|inner| split(inner).len() == 1);
        }
        if let Some(inner) = argument(value, &FILLING) {
            return match split(inner)[..] {
                [first, second] if is_itself(second) => Some(first),
                _ => None,
            };
        }
        if let Some(inner) = argument(value, &["if"]) {
            return match split(inner)[..] {
                [_, first, second] if is_itself(second) => Some(first),
                [_, first, second] if is_itself(first) => Some(second),
                _ => None,
            };
        }
        let (_, then, other) = case(value)?;
        match (is_itself(then), is_itself(other)) {
            (false, true) => Some(then),
            (true, false) => Some(other),
            _ => None,
        }
    }

    /// Whether a value is exactly this column. The column may be qualified.
    pub(crate) fn is_column(&self, value: &[Token], column: &str) -> bool {
        let is_name = |token: &Token| token.name().is_some() || token.is_mark('.');
        // A bare name that a parameter has is the parameter.
        let is_parameter = value.len() == 1 && self.sole(value).is_some();
        !is_parameter
            && value.len() <= 5
            && value.iter().all(is_name)
            && value.last().and_then(Token::name).is_some_and(|name| same_word(name, column))
    }

    /// The only parameter in a value.
    pub(crate) fn sole(&self, value: &[Token]) -> Option<&'t str> {
        let is_function = |at: usize| value.get(at + 1).is_some_and(|next| next.is_mark('('));
        let is_qualified = |at: usize| {
            let is_dot = |at: usize| value.get(at).is_some_and(|token| token.is_mark('.'));
            is_dot(at + 1) || at.checked_sub(1).is_some_and(is_dot)
        };
        let mut names =
            (0..value.len()).filter(|at| !is_function(*at) && !is_qualified(*at)).filter_map(|at| {
                let name = value[at].name()?;
                self.parameters.iter().find(|parameter| same_word(parameter, name)).copied()
            });
        let first = names.next()?;
        names.all(|name| name == first).then_some(first)
    }
}

/// The three parts of `case when asked then one else other end`.
pub(super) fn case(value: &[Token]) -> Option<(&[Token], &[Token], &[Token])> {
    let (_, rest) = value.split_first().filter(|(first, _)| first.is("case"))?;
    let place = |word: &str| {
        let mut places = (0..rest.len()).filter(|at| rest[*at].is(word));
        let place = places.next()?;
        places.next().is_none().then_some(place)
    };
    let (when, then, other, end) = (place("when")?, place("then")?, place("else")?, place("end")?);
    let is_all = when == 0 && end + 1 == rest.len();
    is_all.then_some(())?;
    Some((rest.get(1..then)?, rest.get(then + 1..other)?, rest.get(other + 1..end)?))
}

/// The text in the parentheses of a call of one of these functions, if the value is only that call.
pub(super) fn argument<'t>(value: &'t [Token], functions: &[&str]) -> Option<&'t [Token]> {
    value.first().filter(|token| functions.iter().any(|name| token.is(name)))?;
    inside(value, 1).filter(|inner| inner.len() + 3 == value.len())
}

#[cfg(test)]
mod tests {
    use beds_core::inspect::SqlMode;

    use super::*;
    use crate::routine::tokens;

    #[test]
    fn a_value_is_followed_to_what_it_is() {
        for (body, expected) in [
            ("update t set a = p", "p"),
            ("update t set a := ((p))", "p"),
            ("update t set a = coalesce(p, t.a)", "p"),
            ("update t set a = if(id = k, p, a)", "p"),
            ("update t set a = if(p is null, a, p)", "p"),
            ("update t set a = case when id = k then p else a end", "p"),
            ("update t set a = case when p is null then a else p end", "p"),
            ("begin declare v int default p; update t set a = v; end", "p"),
            ("begin declare v int; set v = p; update t set a = ifnull(v, a); end", "p"),
            ("begin set @v := p; update t set a = @v; end", "p"),
            ("insert into t (b, a) values (p, q) on duplicate key update a = values(b)", "p"),
            ("insert into t (b) select p from dual on duplicate key update a = value(t.b)", "p"),
            ("insert into t set b = p on duplicate key update a = if(id = k, values(b), a)", "p"),
            // Values that are not followed.
            ("update t set a = coalesce(p, 0)", "coalesce ( p , 0 )"),
            ("begin declare v int; set v = p; set v = q; update t set a = v; end", "v"),
            ("begin declare v int default p; select b into v from t; update t set a = v; end", "v"),
            ("begin declare v int default p; call other(v); update t set a = v; end", "v"),
            ("insert into t (b) values (p); update t set a = values(b)", "values ( b )"),
        ] {
            let tokens = tokens(body, SqlMode::default());
            let values = Values::of(&tokens, vec!["p", "q", "k"], &[]);
            let last = values.all.iter().rfind(|one| one.column == "a").unwrap();
            let shown = |token: &Token| match token {
                Token::Word(word) | Token::Name(word) => word.clone(),
                Token::Text(_) => "'".to_owned(),
                Token::Mark(mark) => mark.to_string(),
                Token::Unended => "…".to_owned(),
            };
            let given: Vec<String> = values.given(last).iter().map(shown).collect();
            assert_eq!(given.join(" "), expected, "{body}");
        }
    }
}
