//! The statements of a routine's text that write into a table.

use super::{Token, parentheses::inside};
use beds_core::inspect::Catalogue;

const VERBS: [&str; 4] = ["insert", "replace", "update", "delete"];

/// Each `insert`, `replace`, `update` and `delete` of a text, from its first word to its end.
pub(crate) fn statements(tokens: &[Token]) -> Vec<&[Token]> {
    let begins = |at: usize| {
        is_verb(&tokens[at])
            && (at.checked_sub(1).is_none_or(|at| opens(&tokens[at]))
                || handles(statement_before(tokens, at)))
    };
    let from_here = |at: usize| {
        let rest = &tokens[at..];
        &rest[..rest.iter().position(|token| token.is_mark(';')).unwrap_or(rest.len())]
    };
    (0..tokens.len()).filter(|at| begins(*at)).map(from_here).collect()
}

fn is_verb(token: &Token) -> bool {
    VERBS.iter().any(|verb| token.is(verb))
}

/// Whether the beginning of a declaration declares a handler, up to the statement that the handler runs.
fn handles(declaration: &[Token]) -> bool {
    declaration.first().is_some_and(|token| token.is("declare"))
        && declaration.iter().any(|token| token.is("handler"))
        && !declaration.iter().any(is_verb)
}

/// Whether a statement may follow this token.
pub(crate) fn opens(token: &Token) -> bool {
    const WORDS: [&str; 6] = ["begin", "then", "else", "do", "loop", "repeat"];
    token.is_mark(';') || token.is_mark(':') || WORDS.iter().any(|word| token.is(word))
}

/// The part of the statement at this place that is before it.
pub(super) fn statement_before(tokens: &[Token], at: usize) -> &[Token] {
    let before = &tokens[..at];
    &before[before.iter().rposition(opens).map_or(0, |at| at + 1)..]
}

/// Whether a statement of a text may be skipped: it stands under a condition, or after a `leave` that ends a block.
pub(crate) fn is_conditional(tokens: &[Token], statement: &[Token]) -> bool {
    let is_here = |at: &usize| tokens[*at..].as_ptr() == statement.as_ptr();
    let Some(place) = (0..tokens.len()).find(is_here) else { return false };
    let is_block = |label: &Token| {
        let named = |three: &[Token]| three[0] == *label && three[1].is_mark(':') && three[2].is("begin");
        tokens.windows(3).any(named)
    };
    let mut open = 0_usize;
    for (at, token) in tokens[..place].iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let is_end = before.is_some_and(|before| before.is("end"));
        if begins_condition(token) && is_end {
            open = open.saturating_sub(1);
        } else if begins_condition(token) && before.is_none_or(opens) {
            open += 1;
        }
        if token.is("leave") && tokens.get(at + 1).is_some_and(is_block) {
            return true;
        }
    }
    open > 0
}

/// Whether this token begins a part that runs under a condition. After `end`, it ends the part.
pub(super) fn begins_condition(token: &Token) -> bool {
    ["if", "case", "while", "loop", "repeat"].iter().any(|word| token.is(word))
}

/// Whether a statement writes only into this table.
pub(crate) fn is_into(statement: &[Token], table: &str, catalogue: &Catalogue) -> bool {
    target(statement).is_some_and(|(schema, name)| {
        schema.is_none_or(|schema| catalogue.is_one_name(schema, &catalogue.database))
            && catalogue.is_one_name(name, table)
    })
}

/// The one table that a statement writes into, with its schema if the text names it.
fn target(statement: &[Token]) -> Option<(Option<&str>, &str)> {
    let verb = statement.first().filter(|verb| VERBS.iter().any(|word| verb.is(word)))?;
    let after = modifiers(statement).count() + 1;
    if verb.is("delete") && !statement.get(after - 1).is_some_and(|token| token.is("from")) {
        return None;
    }
    let name = |at: usize| statement.get(at).and_then(Token::name);
    let (found, rest) = if statement.get(after + 1).is_some_and(|token| token.is_mark('.')) {
        ((name(after), name(after + 2)?), after + 3)
    } else {
        ((None, name(after)?), after + 1)
    };
    let is_more = |token: &Token| {
        token.is_mark(',') || ["join", "straight_join", "using"].iter().any(|word| token.is(word))
    };
    let mut tables = statement[rest.min(statement.len())..]
        .iter()
        .take_while(|token| !["set", "where"].iter().any(|word| token.is(word)));
    let is_one = !(verb.is("update") || verb.is("delete")) || !tables.any(is_more);
    is_one.then_some(found)
}

/// The words between the verb and the table.
fn modifiers(statement: &[Token]) -> impl Iterator<Item = &Token> {
    const WORDS: &[&str] =
        &["into", "from", "ignore", "low_priority", "delayed", "high_priority", "quick", "history"];
    statement.iter().skip(1).take_while(|token| WORDS.iter().any(|word| token.is(word)))
}

/// Whether a statement ignores rows that the database refuses.
pub(crate) fn ignores(statement: &[Token]) -> bool {
    modifiers(statement).any(|token| token.is("ignore"))
}

/// Whether an insert has several rows of values.
pub(crate) fn several_rows(statement: &[Token]) -> bool {
    let is_first = |two: &[Token]| (two[0].is("values") || two[0].is("value")) && two[1].is_mark('(');
    let Some(at) = statement.windows(2).position(is_first) else { return false };
    let row = inside(statement, at + 1);
    row.and_then(|row| statement.get(at + row.len() + 3)).is_some_and(|token| token.is_mark(','))
}

/// Whether an insert changes an existing record.
pub(crate) fn changes_duplicates(statement: &[Token]) -> bool {
    of_duplicates(statement).is_some()
}

/// The end of an insert, which says what it changes in an existing record.
pub(crate) fn of_duplicates(statement: &[Token]) -> Option<&[Token]> {
    let words = ["on", "duplicate", "key", "update"];
    let is_here = |four: &[Token]| four.iter().zip(words).all(|(token, word)| token.is(word));
    statement.windows(words.len()).position(is_here).map(|at| &statement[at..])
}

#[cfg(test)]
mod tests {
    use beds_core::inspect::SqlMode;

    use super::*;
    use crate::routine::tokens;

    #[test]
    fn statements_are_told_with_their_table() {
        let catalogue = Catalogue { database: "shop".into(), ..Catalogue::default() };
        for (body, expected) in [
            ("insert into t (a) values (insert(b, 1, 1, 'c'), replace(a, b, c))", "insert"),
            ("begin if p then replace shop.t set a = 1; else update u set a = 1; end if; end", "replace"),
            ("insert ignore into t (a) values (p); update ignore t x set a = 1", "insert! update!"),
            ("insert into t (a) values (p) on duplicate key update a = p", "insert+"),
            (
                "l: loop delete from t where a in (select a from t, u); end loop; select 1 for update",
                "delete",
            ),
            (
                "update t, u set t.a = 1; update t join u on 1 set t.a = 1; delete t from t; delete from s.t",
                "",
            ),
        ] {
            let tokens = tokens(body, SqlMode::default());
            let shown = |statement: &[Token]| {
                let verb = statement[0].name().unwrap_or_default().to_owned();
                let sign = if ignores(statement) { "!" } else { "" };
                verb + sign + if changes_duplicates(statement) { "+" } else { "" }
            };
            let of_table =
                statements(&tokens).into_iter().filter(|statement| is_into(statement, "t", &catalogue));
            assert_eq!(of_table.map(shown).collect::<Vec<_>>().join(" "), expected, "{body}");
        }
    }
}
