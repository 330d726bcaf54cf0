//! Whether a text uses a parameter.

use super::Token;
use beds_core::inspect::same_word;

/// Whether the bare name of a parameter stands anywhere as a value. The target of a `set`, and a name in the column
/// list of an insert, is a column.
pub(crate) fn is_used(tokens: &[Token], parameter: &str) -> bool {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.saturating_sub(1),
            Token::Mark(';') => depth = 0,
            _ => {}
        }
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let after = tokens.get(at + 1);
        let is_mark = |token: Option<&Token>, marks: &[char]| {
            token.is_some_and(|token| marks.iter().any(|mark| token.is_mark(*mark)))
        };
        let is_named = token.name().is_some_and(|name| same_word(name, parameter));
        let is_bare = !is_mark(before, &['.']) && !is_mark(after, &['.', '(']);
        let is_target = is_mark(after, &['='])
            && before.is_some_and(|token| {
                token.is("set") || token.is("update") || (depth == 0 && token.is_mark(','))
            });
        if is_named && is_bare && !is_target && !is_listed(tokens, at) {
            return true;
        }
    }
    false
}

/// Whether the name stands in the column list of an insert: in parentheses right after the table.
fn is_listed(tokens: &[Token], at: usize) -> bool {
    let is_plain = |token: &Token| token.name().is_some() || token.is_mark(',') || token.is_mark('.');
    let Some(open) = tokens[..at].iter().rposition(|token| !is_plain(token)) else { return false };
    if !tokens[open].is_mark('(') {
        return false;
    }
    // The table may have a schema before it, and `into` may be missing.
    let head = &tokens[open.saturating_sub(5)..open];
    let verbs = ["insert", "replace", "into"];
    let verb = head.iter().rposition(|token| verbs.iter().any(|verb| token.is(verb)));
    verb.is_some_and(|verb| {
        let table = &head[verb + 1..];
        !table.is_empty()
            && table.iter().all(|token| token.name().is_some() || token.is_mark('.'))
            && !table.iter().any(|token| ["values", "value", "select"].iter().any(|word| token.is(word)))
    })
}

/// The variables that a text declares: `declare a, b int`, `for row in`. Conditions, cursors and handlers are not
/// variables.
pub(crate) fn declared(tokens: &[Token]) -> Vec<String> {
    let mut declared = Vec::new();
    let name = |at: usize| tokens.get(at).and_then(Token::name);
    let is = |at: usize, words: &[&str]| {
        tokens.get(at).is_some_and(|token| words.iter().any(|word| token.is(word)))
    };
    for at in 0..tokens.len() {
        if is(at, &["declare"]) && !is(at + 2, &["cursor", "condition", "handler"]) {
            let mut next = at + 1;
            while let Some(name) = name(next) {
                declared.push(name.to_owned());
                if !tokens.get(next + 1).is_some_and(|token| token.is_mark(',')) {
                    break;
                }
                next += 2;
            }
        }
        if is(at, &["for"]) && is(at + 2, &["in"]) {
            declared.extend(name(at + 1).map(str::to_owned));
        }
    }
    declared
}

#[cfg(test)]
mod tests {
    use beds_core::inspect::SqlMode;

    use super::*;
    use crate::routine::tokens;

    #[test]
    fn a_parameter_is_used_where_it_is_a_value() {
        for (body, expected) in [
            ("update t set a = p where id = 1", true),
            ("update t set p = p where id = 1", true),
            ("insert into t (a, p) values (1, P)", true),
            ("insert t values (p)", true),
            ("call other(1, p)", true),
            ("begin if p is null then signal sqlstate '45000'; end if; end", true),
            ("update t set a = 1, b = if(a, p = 1, 2)", true),
            ("update t set a = 5 where id = 1", false),
            ("update t set a = t.p, p = 1, b = p(3) where id = 1", false),
            ("insert into s.t (a, p, b) values (1, 2, 3)", false),
            ("insert into t (a) values (1) on duplicate key update p = 1", false),
            ("", false),
        ] {
            assert_eq!(is_used(&tokens(body, SqlMode::default()), "p"), expected, "{body}");
        }
    }
}
