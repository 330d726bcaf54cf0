//! The time zones that a text of SQL names.

/// The names that a text gives to `convert_tz`, in the order of the text, each once.
#[must_use]
pub fn zones(text: &str) -> Vec<String> {
    const CALL: &str = "convert_tz";
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
        ] {
            assert_eq!(zones(text), expected, "{text}");
        }
    }
}
