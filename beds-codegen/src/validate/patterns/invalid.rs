//! Patterns that are no regular expressions here: the reason, and what to write.

use regex_syntax::ast::{ErrorKind, Span};

/// The mistake in a pattern.
pub(in crate::validate) struct Invalid {
    /// Why it is refused.
    pub(in crate::validate) why: String,
    /// What to do; `None` if that is unknown.
    pub(in crate::validate) help: Option<String>,
}

/// Why the crate that matches patterns refuses a pattern.
pub(in crate::validate) fn invalid(pattern: &str, error: &regex::Error) -> Invalid {
    if let regex::Error::CompiledTooBig(_) = error {
        return Invalid {
            why: "it is too large".to_owned(),
            help: Some(
                "write smaller numbers in its { }, which multiply if nested; `max` bounds the length of the text"
                    .to_owned(),
            ),
        };
    }
    let text = error.to_string();
    let why = text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
    Invalid { why, help: remedy(pattern) }
}

fn remedy(pattern: &str) -> Option<String> {
    let error = match regex_syntax::parse(pattern).err()? {
        regex_syntax::Error::Parse(error) => error,
        regex_syntax::Error::Translate(error) => {
            return matches!(
                error.kind(),
                regex_syntax::hir::ErrorKind::UnicodePropertyNotFound
                    | regex_syntax::hir::ErrorKind::UnicodePropertyValueNotFound
            )
            .then(|| "write a property of Unicode, such as `\\p{L}`, `\\p{Lu}` or `\\p{Greek}`".to_owned());
        }
        _ => return None,
    };
    let at = error.span();
    let inside = pattern.get(at.start.offset..at.end.offset).unwrap_or_default();
    let instead = |right: &str| right_pattern(pattern, at, right);
    let escaped = || instead(&format!("\\{inside}"));
    let say = |help: &str| Some(help.to_owned());
    match error.kind() {
        ErrorKind::RepetitionMissing => glob(pattern)
            .map(|right| {
                format!("write `{right}`: a pattern is a regular expression, not a pattern of file names")
            })
            .or_else(|| {
                let right = escaped().or_else(|| without_braces(pattern))?;
                Some(format!("write `{right}` for the sign itself"))
            }),
        ErrorKind::EscapeUnrecognized => escape(pattern, at, inside),
        ErrorKind::EscapeUnexpectedEof => Some(format!("write `{pattern}\\` for the sign `\\` itself")),
        ErrorKind::UnsupportedLookAround => say(
            "look-ahead and look-behind are not supported: remove it, bound the length by `min` and `max`, and let the procedure refuse the rest",
        ),
        ErrorKind::UnsupportedBackreference => {
            say("back-references are not supported: remove it, and let the procedure compare the two parts")
        }
        ErrorKind::RepetitionCountInvalid | ErrorKind::ClassRangeInvalid => {
            Some(format!("write `{}`", instead(&turned(inside)?)?))
        }
        ErrorKind::RepetitionCountDecimalEmpty if pattern.get(at.start.offset..)?.starts_with(',') => {
            Some(format!("write `{}`", with(pattern, at.start.offset, "0")?))
        }
        ErrorKind::RepetitionCountDecimalEmpty | ErrorKind::RepetitionCountUnclosed => {
            let brace = pattern.get(..=at.start.offset)?.rfind('{')?;
            Some(format!("write `{}` for the sign itself", with(pattern, brace, "\\")?))
        }
        ErrorKind::ClassRangeLiteral => say("write the `-` as the last sign in [ ] for the sign itself"),
        ErrorKind::GroupUnclosed => say("close it with `)`, or write `\\(` for the sign itself"),
        ErrorKind::GroupUnopened => say("open it with `(`, or write `\\)` for the sign itself"),
        ErrorKind::ClassUnclosed => say("close it with `]`, or write `\\[` for the sign itself"),
        ErrorKind::GroupNameDuplicate { .. } => say("a group needs no name here: write `( )`"),
        ErrorKind::FlagUnrecognized => flag(pattern, at),
        ErrorKind::NestLimitExceeded(_) => say("write it with fewer nested groups"),
        _ => None,
    }
}

/// The pattern with a part replaced, if the result is a pattern.
fn right_pattern(pattern: &str, at: &Span, right: &str) -> Option<String> {
    let right = format!("{}{right}{}", pattern.get(..at.start.offset)?, pattern.get(at.end.offset..)?);
    regex::Regex::new(&right).is_ok().then_some(right)
}

/// The pattern with an insertion, if the result is a pattern.
fn with(pattern: &str, at: usize, more: &str) -> Option<String> {
    let right = format!("{}{more}{}", pattern.get(..at)?, pattern.get(at..)?);
    regex::Regex::new(&right).is_ok().then_some(right)
}

/// The pattern with all braces escaped, if the result is a pattern.
fn without_braces(pattern: &str) -> Option<String> {
    let right = pattern.replace('{', "\\{").replace('}', "\\}");
    regex::Regex::new(&right).is_ok().then_some(right)
}

/// A pattern for file names, as a regular expression.
fn glob(pattern: &str) -> Option<String> {
    let is_glob = pattern.contains(['.', '*'])
        && pattern.chars().all(|letter| letter.is_alphanumeric() || "._-*?".contains(letter));
    is_glob.then(|| pattern.replace('.', "\\.").replace('*', ".*").replace('?', "."))
}

/// The advice for an escape of another language.
fn escape(pattern: &str, at: &Span, written: &str) -> Option<String> {
    let right = match written {
        "\\Z" | "\\G" => {
            let right = right_pattern(pattern, at, "")?;
            return Some(format!("write `{right}`: a pattern matches the whole string by itself"));
        }
        "\\h" => "[ \\t]",
        "\\H" => "[^ \\t]",
        "\\R" => "(?:\\r\\n|\\n|\\r)",
        "\\e" => "\\x1B",
        "\\i" => "[A-Za-z_:]",
        "\\Q" => {
            let (_, quoted) = pattern.split_once("\\Q")?;
            let quoted = quoted.split("\\E").next()?;
            let whole = [&format!("\\Q{quoted}\\E"), &format!("\\Q{quoted}")]
                .into_iter()
                .find(|whole| pattern.contains(*whole))?
                .clone();
            let right = pattern.replacen(&whole, &regex_syntax::escape(quoted), 1);
            return regex::Regex::new(&right).is_ok().then(|| format!("write `{right}`"));
        }
        _ => {
            return Some(format!(
                "write `{}` for the letter itself, or a class such as `[A-Z]`",
                written.get(1..)?
            ));
        }
    };
    Some(format!("write `{}`", right_pattern(pattern, at, right)?))
}

/// The advice for a group of another language.
fn flag(pattern: &str, at: &Span) -> Option<String> {
    let sign = pattern.get(at.start.offset..)?.chars().next()?;
    let open = pattern.get(..at.start.offset)?.rfind("(?")?;
    let right = match sign {
        '>' | '|' => right_pattern(pattern, at, ":")?,
        '#' => {
            let end = open + pattern.get(open..)?.find(')')? + 1;
            let right = format!("{}{}", pattern.get(..open)?, pattern.get(end..)?);
            regex::Regex::new(&right).ok().map(|_| right)?
        }
        _ => return Some("the flags are `i`, `m`, `s`, `x`, `u`, `U` and `R`, as in `(?i)`".to_owned()),
    };
    Some(format!("write `{right}`"))
}

/// A range with its ends exchanged, put right: `z-a`, `{3,1}`.
fn turned(range: &str) -> Option<String> {
    let (open, rest) = match range.strip_prefix('{') {
        Some(rest) => ("{", rest.strip_suffix('}')?),
        None => ("", range),
    };
    let sign = if open.is_empty() { '-' } else { ',' };
    let (first, last) = rest.split_once(sign)?;
    let close = if open.is_empty() { "" } else { "}" };
    Some(format!("{open}{}{sign}{}{close}", last.trim(), first.trim()))
}

#[cfg(test)]
mod tests {
    use super::remedy;

    #[test]
    fn what_is_to_be_written_is_a_pattern() {
        for (written, right) in [
            ("*.txt", ".*\\.txt"),
            ("+49", "\\+49"),
            ("[a-z]+\\Z", "[a-z]+"),
            ("\\h+", "[ \\t]+"),
            ("\\Qa.b\\E", "a\\.b"),
            ("a{3,1}", "a{1,3}"),
            ("[z-a]", "[a-z]"),
            ("a{,3}", "a{0,3}"),
            ("(?>a)b", "(?:a)b"),
            ("(?#note)a", "a"),
            ("a\\", "a\\\\"),
            ("{{name}}", "\\{\\{name\\}\\}"),
        ] {
            let help = remedy(written).unwrap_or_default();
            assert!(help.contains(&format!("`{right}`")), "{written}: {help}");
        }
        for written in ["(?=a)b", "(a)\\1", "\\p{Foo}", "(a", "a)", "[a", "(?P<a>b)(?P<a>c)", "(?k)a"] {
            assert!(remedy(written).is_some(), "{written}");
        }
    }
}
