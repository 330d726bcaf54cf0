//! The time zones that a text of SQL names.

use super::{SqlMode, Token, tokens};

/// The names that a text gives to `convert_tz`, in the order of the text, each once.
#[must_use]
pub fn zones(text: &str, mode: SqlMode) -> Vec<String> {
    let tokens = tokens(text, mode);
    let mut zones: Vec<String> = Vec::new();
    for (at, called) in tokens.windows(2).enumerate() {
        if !(called[0].is("convert_tz") && called[1].is_mark('(')) {
            continue;
        }
        for zone in arguments(&tokens[at + 2..]).into_iter().skip(1).filter_map(literal) {
            if !zones.contains(zone) {
                zones.push(zone.clone());
            }
        }
    }
    zones
}

/// The arguments of a call, from behind its parenthesis on; none if it does not end.
fn arguments(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut depth, mut from, mut found) = (0_usize, 0, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        let ends = match token {
            Token::Mark('(') => {
                depth += 1;
                continue;
            }
            Token::Mark(')') if depth > 0 => {
                depth -= 1;
                continue;
            }
            Token::Mark(')') => true,
            Token::Mark(',') if depth == 0 => false,
            _ => continue,
        };
        found.push(&tokens[from..at]);
        if ends {
            return found;
        }
        from = at + 1;
    }
    Vec::new()
}

/// The text of a literal, with or without the name of its character set in front: `_utf8mb4'UTC'`.
fn literal(argument: &[Token]) -> Option<&String> {
    match argument {
        [Token::Text(text)] => Some(text),
        [Token::Word(set), Token::Text(text)] if set.starts_with('_') => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::zones;
    use crate::inspect::SqlMode;

    #[test]
    fn the_literals_of_a_conversion_are_its_zones() {
        for (text, expected) in [
            ("select convert_tz(a, 'Europe/Berlin', 'UTC')", vec!["Europe/Berlin", "UTC"]),
            ("set x = CONVERT_TZ ( f(a, ')'), _utf8mb4'UTC', \"Asia/Tokyo\" )", vec!["UTC", "Asia/Tokyo"]),
            ("convert_tz(a, p_zone, 'UTC'), convert_tz(b, 'UTC', concat('a', 'b'))", vec!["UTC"]),
            ("convert_tz(convert_tz(a, 'X', 'Y'), 'Y', @@session.time_zone)", vec!["Y", "X"]),
            ("select `convert_tz` from t; convert_tz(a, 'UTC'", vec![]),
            ("-- convert_tz(a, 'X', 'Y')\nset b = 1; # convert_tz(a, 'X', 'Y')", vec![]),
            (
                "/* it's convert_tz(a, 'X', 'Y') */ select convert_tz(a, /* 'Z' */ 'UTC', 'W')",
                vec!["UTC", "W"],
            ),
            ("set a = '-- it\\'s #', b = convert_tz(a, '/*', '*/')", vec!["/*", "*/"]),
            ("/*M!100100 set b = convert_tz(a, 'X', 'Y') */", vec!["X", "Y"]),
        ] {
            assert_eq!(zones(text, SqlMode::default()), expected, "{text}");
        }
    }
}
