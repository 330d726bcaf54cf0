//! The time zones that a text of SQL names.

/// The names that a text gives to `convert_tz`, in the order of the text, each once.
#[must_use]
pub fn zones(text: &str) -> Vec<String> {
    const CALL: &str = "convert_tz";
    let text = without_comments(text);
    let lower = text.to_ascii_lowercase();
    let mut zones: Vec<String> = Vec::new();
    for (at, _) in lower.match_indices(CALL) {
        let rest = text[at + CALL.len()..].trim_start();
        let arguments = rest.strip_prefix('(').map(arguments).unwrap_or_default();
        for zone in arguments.iter().skip(1).filter_map(|argument| literal(argument)) {
            if !zones.contains(&zone) {
                zones.push(zone);
            }
        }
    }
    zones
}

/// The text with a blank for each comment. What is in `/*! … */` and `/*M! … */` stays, because MariaDB runs it.
fn without_comments(text: &str) -> String {
    let (mut rest, mut kept) = (text, String::with_capacity(text.len()));
    while let Some(letter) = rest.chars().next() {
        let end = match letter {
            '\'' | '"' | '`' => end_of_quoted(rest, letter),
            _ => letter.len_utf8(),
        };
        if let Some(comment) = end_of_comment(rest) {
            kept.push(' ');
            rest = &rest[comment..];
        } else {
            kept.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    kept
}

/// Where the comment ends with which a text begins, if it begins with one.
fn end_of_comment(text: &str) -> Option<usize> {
    let after = |end: &str| text[2..].find(end).map_or(text.len(), |at| 2 + at + end.len());
    let is_line = text.strip_prefix("--").is_some_and(|rest| {
        rest.chars().next().is_none_or(|letter| letter == ' ' || letter.is_ascii_control())
    });
    if is_line || text.starts_with('#') {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let is_run = text.starts_with("/*!") || text.starts_with("/*M!");
    (text.starts_with("/*") && !is_run).then(|| after("*/"))
}

/// Where the string or the name ends with which a text begins. A `\` escapes the next letter of a string.
fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return at + quote.len_utf8();
        }
        if letter == '\\' && quote != '`' {
            letters.next();
        }
    }
    text.len()
}

/// The arguments of a call, from behind its parenthesis on.
fn arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut from, mut found) = (0_usize, None, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '`' | '\'' | '"') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => {
                found.push(text[from..at].trim());
                return found;
            }
            (None, ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.push(text[from..at].trim());
                from = at + 1;
            }
            (Some(_) | None, _) => {}
        }
    }
    Vec::new()
}

/// The text of a literal, with or without the name of its character set in front: `_utf8mb4'UTC'`.
fn literal(argument: &str) -> Option<String> {
    let open = argument.find(['\'', '"'])?;
    let (introducer, quoted) = argument.split_at(open);
    let is_plain = introducer.is_empty()
        || (introducer.starts_with('_')
            && introducer.trim_end().chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let quote = quoted.chars().next()?;
    let inner = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    (is_plain && !inner.contains([quote, '\\'])).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::zones;

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
            assert_eq!(zones(text), expected, "{text}");
        }
    }
}
