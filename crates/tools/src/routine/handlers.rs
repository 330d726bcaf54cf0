//! The handlers that a text declares: the conditions that they catch, and the statements that they run.

use super::Token;
use beds_core::inspect::same_word;

/// What a handler catches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Catches {
    /// Warnings, or the end of a cursor.
    Nothing,
    /// A state. The value of a string is not kept, so the state may be one that is not an error.
    Maybe,
    Errors,
}

/// A handler of a text.
#[derive(Debug)]
pub(crate) struct Handler<'t> {
    pub(crate) catches: Catches,
    pub(crate) body: &'t [Token],
}

/// The error number of "no data", which a cursor raises at its end.
const NO_DATA: &str = "1329";

/// Each `declare … handler for … statement`.
pub(crate) fn handlers(tokens: &[Token]) -> Vec<Handler<'_>> {
    let is_one = |at: &usize| {
        tokens[*at].is("handler") && tokens.get(at + 1).is_some_and(|token| token.is("for")) && *at >= 2
    };
    let declared = (0..tokens.len()).filter(is_one).filter(|at| tokens[at - 2].is("declare"));
    declared
        .map(|at| {
            let (mut next, mut catches) = (at + 2, Catches::Nothing);
            loop {
                let (one, after) = caught(tokens, next);
                catches = catches.max(one);
                next = after;
                if !tokens.get(next).is_some_and(|token| token.is_mark(',')) {
                    break;
                }
                next += 1;
            }
            Handler { catches, body: statement(tokens.get(next..).unwrap_or_default()) }
        })
        .collect()
}

/// What the condition of a handler at this place catches, and the place after it.
fn caught(tokens: &[Token], at: usize) -> (Catches, usize) {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    if is(at, "not") || is(at, "sqlwarning") {
        return (Catches::Nothing, at + 1 + usize::from(is(at, "not")));
    }
    if is(at, "sqlstate") {
        return (Catches::Maybe, at + 2 + usize::from(is(at + 1, "value")));
    }
    let Some(token) = tokens.get(at) else { return (Catches::Nothing, at + 1) };
    if is(at, "sqlexception") || token.is_number() {
        return (if is(at, NO_DATA) { Catches::Nothing } else { Catches::Errors }, at + 1);
    }
    // `declare name condition for …`
    let names = |at: &usize| {
        *at > 0
            && tokens[*at].is("condition")
            && tokens[at - 1].name().zip(token.name()).is_some_and(|(one, other)| same_word(one, other))
    };
    let of_name = (0..tokens.len()).find(names);
    let catches = match of_name.and_then(|at| tokens.get(at + 2)) {
        Some(token) if token.is(NO_DATA) => Catches::Nothing,
        Some(token) if token.is_number() => Catches::Errors,
        _ => Catches::Maybe,
    };
    (catches, at + 1)
}

/// The statement that begins here: a block to its end, or everything before `;`.
fn statement(tokens: &[Token]) -> &[Token] {
    const BLOCKS: [&str; 6] = ["begin", "if", "case", "loop", "while", "repeat"];
    let opens = |at: usize| BLOCKS.iter().any(|word| tokens[at].is(word));
    let mut depth = 0_usize;
    for at in 0..tokens.len() {
        let is_end_of = at > 0 && tokens[at - 1].is("end");
        // `if(…)` is a function.
        let is_function = tokens.get(at + 1).is_some_and(|next| next.is_mark('(')) && !is_first(tokens, at);
        if opens(at) && !is_end_of && !is_function {
            depth += 1;
        } else if tokens[at].is("end") {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 && (tokens[at].is_mark(';') || tokens[at].is("end")) {
            return &tokens[..at];
        }
    }
    tokens
}

/// Whether a statement begins at this place.
fn is_first(tokens: &[Token], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| super::statements::opens(&tokens[before]))
}

#[cfg(test)]
mod tests {
    use beds_core::inspect::SqlMode;

    use super::*;
    use crate::routine::tokens;

    #[test]
    fn a_handler_is_read_with_what_it_does() {
        for (body, expected) in [
            ("begin declare continue handler for not found set done = 1; end", "Nothing 4"),
            ("begin declare exit handler for sqlexception begin end; select 1; end", "Errors 1"),
            ("begin declare exit handler for 1062, sqlwarning select 1; end", "Errors 2"),
            ("begin declare exit handler for not found, sqlstate value '23000' resignal; end", "Maybe 1"),
            (
                "begin declare dup condition for 1062; declare exit handler for dup \
                 begin if (a) then set b = if(a, 1, 2); end if; end; end",
                "Errors 21",
            ),
            ("begin declare exit handler for 1329 begin end; end", "Nothing 1"),
            ("begin declare c cursor for select 1; end", ""),
        ] {
            let tokens = tokens(body, SqlMode::default());
            let shown = |handler: &Handler<'_>| format!("{:?} {}", handler.catches, handler.body.len());
            let all: Vec<String> = handlers(&tokens).iter().map(shown).collect();
            assert_eq!(all.join(", "), expected, "{body}");
        }
    }
}
