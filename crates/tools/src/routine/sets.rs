//! Whether a text assigns another value to a column of the row that a trigger runs for, or to a parameter.

use super::{
    Expr, Token, condition,
    parentheses::{inside, split},
    statements::{begins_condition, opens, statement_before},
    tokens,
    values::{FILLING, argument, case},
};
use beds_core::inspect::{Catalogue, Column, Direction, Relation, RoutineKind, same_word};

/// How surely a text assigns another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sets {
    /// Under a condition, or a value that is made of the previous one.
    Maybe,
    Always,
}

/// Whether a text gives another value to the variable or column with these words: `new.id` is `new`, `.`, `id`. To
/// replace a null is no change. To assign `kept`, if a text names it, is no change either. To replace a 0 or an empty
/// text is a change: a key may have that value.
pub(crate) fn sets(tokens: &[Token], target: &[&str], kept: &[&str]) -> Option<Sets> {
    // The condition of each open part. After `else` it is empty, since no condition of the text holds there.
    let mut inside: Vec<&[Token]> = Vec::new();
    let mut found = None;
    let (mut lists, mut depth) = (false, 0_usize);
    for at in 0..tokens.len() {
        let token = &tokens[at];
        let begins = at.checked_sub(1).is_none_or(|before| opens(&tokens[before]));
        if begins && begins_condition(token) {
            inside.push(&tokens[at + 1..]);
        }
        let is_else = at.checked_sub(1).is_some_and(|before| tokens[before].is_mark(';'));
        if let Some(last) = inside.last_mut().filter(|_| is_else) {
            if token.is("else") {
                *last = &[];
            } else if token.is("elseif") {
                *last = &tokens[at + 1..];
            }
        }
        if token.is("end") && tokens.get(at + 1).is_some_and(begins_condition) {
            inside.pop();
        }
        match token {
            Token::Mark(';') => (lists, depth) = (false, 0),
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_into = token.is("into")
            && !statement_before(tokens, at)
                .first()
                .is_some_and(|verb| verb.is("insert") || verb.is("replace"));
        lists |= is_into || (begins && token.is("set"));
        let is_item = (token.is("set") && begins) || is_into || (token.is_mark(',') && depth == 0);
        if !lists || !is_item || !is_here(tokens, at + 1, target) {
            continue;
        }
        let value = value(&tokens[at + 1 + target.len()..]);
        let is_filled = inside.iter().any(|asked| is_null(asked, target))
            || fills(value, target)
            || is_only(value, kept)
            || is_only(value, target);
        let is_made_of_it = (0..value.len()).any(|at| is_here(value, at, target));
        let sure = if inside.is_empty() && !is_made_of_it { Sets::Always } else { Sets::Maybe };
        if !is_filled {
            found = found.max(Some(sure));
        }
    }
    found
}

/// Whether a text passes what these words name to a procedure that may change it: `call norm(p)`, if that parameter is
/// `inout`.
pub(crate) fn handed_over(tokens: &[Token], target: &[&str], catalogue: &Catalogue) -> Option<Sets> {
    let is_changed = |at: usize| {
        let (name, open) = match tokens.get(at + 2) {
            Some(token) if token.is_mark('.') => (at + 3, at + 4),
            _ => (at + 1, at + 2),
        };
        let called = tokens.get(name).and_then(Token::name)?;
        let called = catalogue.routine(RoutineKind::Procedure, called)?;
        let mut given = called.parameters.iter().zip(inside(tokens, open).map(split)?);
        given.find(|(taken, given)| taken.direction != Direction::In && is_only(given, target))
    };
    let mut calls = (0..tokens.len()).filter(|at| tokens[*at].is("call"));
    calls.any(|at| is_changed(at).is_some()).then_some(Sets::Maybe)
}

/// The triggers before an event that assign a column another value than the statement does, each with how surely.
pub(crate) fn setters<'t>(
    table: &'t Relation,
    column: &Column,
    event: &str,
    catalogue: &'t Catalogue,
) -> impl Iterator<Item = (&'t str, Sets)> {
    let moment = format!("before {event}");
    let before = table.triggers.iter().filter(move |trigger| trigger.moment.eq_ignore_ascii_case(&moment));
    before.filter_map(|trigger| {
        let text = tokens(trigger.routine.body.as_deref()?, trigger.routine.mode);
        let new = ["new", ".", column.name.as_str()];
        let set = sets(&text, &new, &["old", ".", &column.name]);
        let how = set.or_else(|| handed_over(&text, &new, catalogue))?;
        Some((trigger.routine.name.as_str(), how))
    })
}

/// Whether these words stand at a place, and no further part of a name follows them.
fn is_here(tokens: &[Token], at: usize, words: &[&str]) -> bool {
    let is = |token: &Token, word: &str| match word {
        "." => token.is_mark('.'),
        word => token.name().is_some_and(|name| same_word(name, word)),
    };
    let is_whole = |part: &[Token]| part.iter().zip(words).all(|(token, word)| is(token, word));
    !words.is_empty()
        && tokens.get(at..at + words.len()).is_some_and(is_whole)
        && !tokens.get(at + words.len()).is_some_and(|token| token.is_mark('.') || token.is_mark('('))
}

fn is_only(value: &[Token], words: &[&str]) -> bool {
    value.len() == words.len() && is_here(value, 0, words)
}

/// The value after `=` or `:=`, up to its end. It is empty after `into`.
fn value(rest: &[Token]) -> &[Token] {
    let from = rest.iter().take_while(|token| token.is_mark(':')).count();
    if !rest.get(from).is_some_and(|token| token.is_mark('=')) {
        return &[];
    }
    let rest = &rest[from + 1..];
    let mut depth = 0_usize;
    for (at, token) in rest.iter().enumerate() {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.saturating_sub(1),
            Token::Mark(',' | ';') if depth == 0 => return &rest[..at],
            _ => {}
        }
    }
    rest
}

/// Whether a condition holds only if the value is null: `new.id is null`, alone or joined to others by `and`.
fn is_null(asked: &[Token], target: &[&str]) -> bool {
    fn holds(asked: &Expr, target: &[&str]) -> bool {
        match asked {
            Expr::All(parts) => parts.iter().any(|part| holds(part, target)),
            Expr::Null(value) => matches!(&**value, Expr::Name(names) if is_named(names, target)),
            _ => false,
        }
    }
    condition(asked, false).is_some_and(|(asked, _)| holds(&asked, target))
}

fn is_named(names: &[String], target: &[&str]) -> bool {
    let target: Vec<_> = target.iter().filter(|word| **word != ".").collect();
    names.len() == target.len() && names.iter().zip(target).all(|(name, word)| same_word(name, word))
}

/// `coalesce(new.id, …)`, `if(new.id is null, …, new.id)`, `case when new.id is null then … else new.id end`.
fn fills(value: &[Token], target: &[&str]) -> bool {
    let parts = |functions: &[&str]| argument(value, functions).map(split).unwrap_or_default();
    matches!(parts(&FILLING)[..], [first, ..] if is_only(first, target))
        || matches!(parts(&["if"])[..], [asked, _, other] if is_null(asked, target) && is_only(other, target))
        || case(value).is_some_and(|(asked, _, other)| is_null(asked, target) && is_only(other, target))
}

#[cfg(test)]
mod tests {
    use beds_core::inspect::SqlMode;

    use super::*;
    use crate::routine::tokens;

    #[test]
    fn what_is_set_is_told_from_what_is_filled_in() {
        use Sets::{Always, Maybe};
        for (body, expected) in [
            ("set new.id = (select ifnull(max(id), 0) + 1 from t)", Some(Always)),
            ("set NEW.`ID` := uuid()", Some(Always)),
            ("begin set new.a = f(1, new.id), new.id = 5; end", Some(Always)),
            ("begin select max(id) + 1, 2 into new.id, new.a from t; end", Some(Always)),
            ("begin if new.a > 1 then set new.id = 5; end if; end", Some(Maybe)),
            ("begin if new.a > 1 then set new.b = 5; end if; set new.id = 1; end", Some(Always)),
            ("set new.id = lower(new.id)", Some(Maybe)),
            ("begin if (new.id = 0) then set new.id = 7; end if; end", Some(Maybe)),
            ("begin if new.id is null or new.id = '' then set new.id = uuid(); end if; end", Some(Maybe)),
            ("begin if new.id is not null then set new.id = 7; end if; end", Some(Maybe)),
            ("begin if new.id is null then set new.a = 1; else set new.id = 7; end if; end", Some(Maybe)),
            (
                "begin if new.id is null then set new.a = 1; elseif new.a > 1 then set new.id = 7; end if; end",
                Some(Maybe),
            ),
            ("set new.id = if(new.id = '', uuid(), new.id)", Some(Maybe)),
            ("set new.id = if(new.id is null, uuid(), 'x')", Some(Maybe)),
            ("set new.id = coalesce(new.id + 1, 1)", Some(Maybe)),
            // The client's value is kept.
            ("set new.id = ifnull(new.id, uuid())", None),
            ("set new.id = if(new.id is null, uuid(), new.id)", None),
            ("set new.id = case when new.id is null then uuid() else new.id end", None),
            ("begin if new.id is null then set new.id = uuid(); end if; end", None),
            ("begin if (new.id is null) and new.a > 1 then set new.id = 7; end if; end", None),
            (
                "begin if new.a > 1 then set new.b = 1; elseif new.id is null then set new.id = 7; end if; end",
                None,
            ),
            (
                "begin if new.a > 1 then set new.b = 1; else if new.id is null then set new.id = 7; end if; end if; end",
                None,
            ),
            ("set new.id = old.id", None),
            // The column is only read, or it is another column.
            ("set new.a = new.id", None),
            ("begin if new.id = 5 then set new.a = 1; end if; end", None),
            ("insert into log (id, a) values (new.id, 1)", None),
            ("set new.id_2 = 1, other.id = 2", None),
        ] {
            let tokens = tokens(body, SqlMode::default());
            assert_eq!(sets(&tokens, &["new", ".", "id"], &["old", ".", "id"]), expected, "{body}");
        }
        let tokens = tokens("begin set p_id = p_id + 1; update t set p_id = 1; end", SqlMode::default());
        assert_eq!(sets(&tokens, &["p_id"], &[]), Some(Maybe));
    }
}
