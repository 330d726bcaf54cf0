//! Warns of patterns that are valid, but hardly match any intended text.

mod invalid;

pub(super) use invalid::invalid;

use super::Cx;
use crate::{
    diagnostic::fields as diagnostics,
    span::{Span, Spanned},
};

/// Warns of a pattern that is valid, but hardly matches any intended text.
pub(super) fn check(pattern: &Spanned<String>, cx: &mut Cx<'_>) {
    let Spanned { value, span } = pattern;
    if value.is_empty() {
        cx.errors.push(diagnostics::odd_pattern(
            *span,
            "an empty pattern matches only the empty string",
            "no text but \"\" is valid",
            "remove `pattern`, or write one for the whole string, such as `[A-Z0-9-]+`",
            None,
        ));
        return;
    }
    if let Some((delimiter, inner, flags)) = delimited(value) {
        let kept: String = flags.chars().filter(|flag| "imsx".contains(*flag)).collect();
        let right = if kept.is_empty() { inner.to_owned() } else { format!("(?{kept}){inner}") };
        cx.errors.push(diagnostics::odd_pattern(
            *span,
            &format!("{delimiter} are part of the pattern"),
            &format!("only text with {} is valid", delimiter.replace("the ", "these ")),
            &format!("write `{right}`: a pattern has no delimiters, and its flags come first"),
            Some(&right),
        ));
    } else if let Some(class) = posix_class(value) {
        let right = format!("[{class}]");
        cx.errors.push(diagnostics::odd_pattern(
            *span,
            &format!("`{class}` alone is a list of these letters"),
            "one bracket is missing",
            &format!("write `{}`", value.replacen(class, &right, 1)),
            Some(&value.replacen(class, &right, 1)),
        ));
    } else if value.contains('%') && !value.contains(['[', '(', '\\', '+', '*', '{', '^', '$', '.']) {
        let right = value.replace('%', ".*").replace('_', ".");
        cx.errors.push(diagnostics::odd_pattern(
            *span,
            "`%` is not a wildcard in a pattern",
            "only text with this `%` is valid",
            &format!("write `{right}`: a pattern is a regular expression, not a pattern of `like`"),
            None,
        ));
    }
}

/// A POSIX class, `[:alpha:]`, without brackets of its own around it.
fn posix_class(pattern: &str) -> Option<&str> {
    let start = pattern.find("[:")?;
    let length = pattern[start..].find(":]")? + 2;
    let class = &pattern[start..start + length];
    let is_name = class[2..length - 2].chars().all(|letter| letter.is_ascii_lowercase());
    (is_name && length > 4 && !pattern[..start].contains('[')).then_some(class)
}

/// The delimiters of another language, with the text between them and the flags after them.
pub(super) fn delimited(pattern: &str) -> Option<(&'static str, &str, &str)> {
    [('/', "the slashes"), ('#', "the `#`"), ('~', "the `~`"), ('@', "the `@`")].into_iter().find_map(
        |(sign, name)| {
            let (inner, flags) = pattern.strip_prefix(sign)?.rsplit_once(sign)?;
            // Slashes are hardly ever part of the text. The other signs may be.
            let is_meant = sign == '/' || !flags.is_empty() || inner.starts_with('^');
            let are_flags = flags.chars().all(|flag| "gimsuxyADUX".contains(flag));
            (is_meant && are_flags && !inner.is_empty()).then_some((name, inner, flags))
        },
    )
}

/// Warns of a pattern that only matches texts longer or shorter than the field allows.
pub(super) fn check_length(pattern: &str, span: Span, (min, max): (u32, u32), cx: &mut Cx<'_>) {
    // These lengths are in bytes. For ASCII texts they are also in characters.
    let Ok(hir) = regex_syntax::parse(pattern) else { return };
    let properties = hir.properties();
    let is_too_long =
        pattern.is_ascii() && properties.minimum_len().is_some_and(|least| least > max as usize);
    let is_too_short = properties.maximum_len().is_some_and(|most| most < min as usize);
    if is_too_long || is_too_short {
        let (word, key) =
            if is_too_long { ("longer than `max`", "max") } else { ("shorter than `min`", "min") };
        cx.errors.push(diagnostics::odd_pattern(
            span,
            &format!("every text that matches is {word} allows"),
            "no text is valid",
            &format!("change the pattern, or `{key}`"),
            None,
        ));
    }
}
