//! Splits a text by its parentheses.

use super::Token;

/// The tokens outside of parentheses, each with its place.
pub(crate) fn outside(tokens: &[Token]) -> impl Iterator<Item = (usize, &Token)> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter(move |(_, token)| {
        depth = match token {
            Token::Mark('(') => depth + 1,
            Token::Mark(')') => depth.saturating_sub(1),
            _ => depth,
        };
        depth == 0
    })
}

/// The first place outside of parentheses and of `case … end` with such a token, or the end.
pub(crate) fn at_top(tokens: &[Token], from: usize, is: impl Fn(&Token) -> bool) -> usize {
    let mut depth = 0_usize;
    for (offset, token) in tokens[from..].iter().enumerate() {
        if depth == 0 && is(token) {
            return from + offset;
        }
        if token.is_mark('(') || token.is("case") {
            depth += 1;
        } else if token.is_mark(')') || token.is("end") {
            depth = depth.saturating_sub(1);
        }
    }
    tokens.len()
}

/// The tokens in the parentheses that open here.
pub(crate) fn inside(tokens: &[Token], at: usize) -> Option<&[Token]> {
    tokens.get(at).filter(|token| token.is_mark('('))?;
    let mut depth = 0_usize;
    for (offset, token) in tokens[at..].iter().enumerate() {
        if token.is_mark('(') {
            depth += 1;
        } else if token.is_mark(')') {
            depth -= 1;
            if depth == 0 {
                return Some(&tokens[at + 1..at + offset]);
            }
        }
    }
    None
}

/// The items of a list. Commas inside of parentheses do not separate items.
pub(super) fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut depth, mut from, mut items) = (0_usize, 0, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.saturating_sub(1),
            Token::Mark(',') if depth == 0 => {
                items.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    items.push(&tokens[from..]);
    items
}
