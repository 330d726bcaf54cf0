//! Converts patterns of validators, as far as a template has them.

/// The longest pattern that is converted.
const LEN_MAX: usize = 500;

/// The same pattern for a template, if both surely mean the same. A template's pattern is for the whole text, so a
/// pattern for a part of the text has no counterpart.
pub(super) fn whole(pattern: &str) -> Option<&str> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let mut chars = inner.chars().peekable();
    let mut depth = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '\\' if !chars.next().is_some_and(|c| "dws.\\-+*?()[]{}|".contains(c)) => return None,
            '\\' => {}
            '(' => {
                depth += 1;
                if chars.next_if_eq(&'?').is_some() && chars.next() != Some(':') {
                    return None;
                }
            }
            ')' => depth = depth.checked_sub(1)?,
            // Outside of parentheses, `|` would leave one end of the text open.
            '|' if depth == 0 => return None,
            '[' => {
                chars.next_if_eq(&'^');
                // A class that begins with `]`, or has a class inside, can be read in more than one way.
                let mut is_empty = true;
                loop {
                    match chars.next()? {
                        ']' if !is_empty => break,
                        '\\' if chars.next().is_some_and(|c| "dws.\\-+*?()[]{}|".contains(c)) => {}
                        c if c.is_ascii_alphanumeric() || "-_. ,:;@#%=!+*?/()".contains(c) => {}
                        _ => return None,
                    }
                    is_empty = false;
                }
            }
            '{' => {
                let mut count = 0;
                while chars.next_if(|c| c.is_ascii_digit() || *c == ',').is_some() {
                    count += 1;
                }
                if count == 0 || chars.next() != Some('}') {
                    return None;
                }
            }
            c if c.is_ascii_alphanumeric() || " _-.,:;@#%=!/|+*?".contains(c) => {}
            _ => return None,
        }
    }
    (depth == 0 && !inner.is_empty() && inner.len() <= LEN_MAX).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_taken_over_where_both_mean_the_same() {
        for (asked, expected) in [
            ("^[A-Z]{2}[0-9]+$", Some("[A-Z]{2}[0-9]+")),
            ("^(?:a|b)\\.c$", Some("(?:a|b)\\.c")),
            ("^[^@ ]+@[^@ ]+$", Some("[^@ ]+@[^@ ]+")),
            ("^a|b$", None),
            ("[A-Z]", None),
            ("^[A-Z]", None),
            ("^(?=a)b$", None),
            ("^(a)\\1$", None),
            ("^a$b$", None),
            ("^[]a]$", None),
            ("^[[:alpha:]]$", None),
            ("^(a$", None),
            ("^a{,$", None),
            ("^a\\$", None),
            ("^$", None),
        ] {
            assert_eq!(whole(asked), expected, "{asked}");
        }
    }
}
