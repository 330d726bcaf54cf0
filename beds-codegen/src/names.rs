//! Names: their lists in messages, and their conversion from wire names to Rust identifiers.

use std::borrow::Cow;

use beds_protocol::shown;
use proc_macro2::{Ident, Span};

/// The most characters that a wire name may have.
pub(crate) const NAME_LEN_MAX: usize = 64;

/// Whether a text is a Rust path: names separated by `::`.
pub(crate) fn is_rust_path(text: &str) -> bool {
    syn::parse_str::<syn::Path>(text).is_ok_and(|path| {
        path.leading_colon.is_none() && path.segments.iter().all(|segment| segment.arguments.is_none())
    })
}

/// Whether a Rust path is a single name, and so the name of a file.
pub(crate) fn is_rust_name(text: &str) -> bool {
    !text.contains("::")
}

/// The word for all names.
pub(crate) const ALL: &str = "*";

/// Whether a word means all names in another language.
pub(crate) fn is_all(word: &str) -> bool {
    matches!(word.trim().to_ascii_lowercase().as_str(), ALL | "all" | "any" | "every" | "everything")
}

/// The names as a list: `` `a`, `b` and `c` ``; at most 24 of them, then "…".
pub(crate) fn sentence<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    joined(names, "and")
}

/// The names as a choice: `` `a`, `b` or `c` ``.
pub(crate) fn choice<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    joined(names, "or")
}

fn joined<'a>(names: impl IntoIterator<Item = &'a str>, word: &str) -> String {
    const SHOWN_MAX: usize = 24;
    let mut quoted: Vec<String> = names.into_iter().map(shown).collect();
    if quoted.len() > SHOWN_MAX {
        quoted.truncate(SHOWN_MAX);
        return format!("{}, …", quoted.join(", "));
    }
    match quoted.pop() {
        None => "none".to_owned(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} {word} {last}", quoted.join(", ")),
    }
}

/// A text in quotes. Single quotes are used if double ones would interpret a part of it.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = !text.contains(['"', '\\']);
    if is_plain || text.contains('\'') {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        format!("'{text}'")
    }
}

/// A text with the passwords of addresses, `scheme://user:password@host`, replaced by stars. Its length stays the same.
pub(crate) fn without_password(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let rest = &text[start..];
        let authority = rest.find(|letter: char| letter.is_whitespace() || "/\"'`".contains(letter));
        let authority = &rest[..authority.unwrap_or(rest.len())];
        let Some((user, _)) = authority.rsplit_once('@') else { continue };
        let Some((name, password)) = user.split_once(':') else { continue };
        let from = start + name.len() + 1;
        out.to_mut().replace_range(from..from + password.len(), &"*".repeat(password.len()));
    }
    out
}

/// The only candidate that has the same beginning as the name, or contains the name as one of its words: `state` for
/// `status`, `amount` for `total_amount`.
pub(crate) fn kindred<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const SHARED_MIN: usize = 4;
    let folded = name.to_lowercase();
    let is_kindred = |candidate: &&str| {
        let other = candidate.to_lowercase();
        let shared = folded.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
        let holds = |outer: &str, inner: &str| {
            inner.len() >= SHARED_MIN && outer.split('_').any(|word| word == inner)
        };
        (shared >= SHARED_MIN && 3 * shared >= 2 * folded.chars().count())
            || holds(&other, &folded)
            || holds(&folded, &other)
    };
    let mut kindred = candidates.into_iter().filter(is_kindred);
    let first = kindred.next();
    first.filter(|_| kindred.next().is_none())
}

/// Whether a template's or call's name is `[a-z][a-z0-9_]*`.
pub(crate) fn is_lower_snake(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a field's name is `[A-Za-z_][A-Za-z0-9_]*` and holds a letter.
pub(crate) fn is_word(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().any(|c| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The likely intended name for a name that breaks the rules: lower case, other characters as `_`.
pub(crate) fn to_lower_snake(name: &str) -> Option<String> {
    // The author must choose the replacement of an `ö`.
    if !name.is_ascii() {
        return None;
    }
    let mut out = String::new();
    let mut previous_is_lower = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && previous_is_lower {
                out.push('_');
            }
            previous_is_lower = !c.is_ascii_uppercase();
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('_') && !out.is_empty() {
            out.push('_');
            previous_is_lower = false;
        }
    }
    let out = out.trim_end_matches('_').trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    (!out.is_empty()).then(|| out.chars().take(NAME_LEN_MAX).collect())
}

/// `order_line` as `OrderLine`.
pub(crate) fn upper_camel(name: &str) -> Ident {
    let mut out = String::new();
    for part in name.split('_') {
        let mut chars = part.chars();
        out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    identifier(&out)
}

/// `unit_price` as `UNIT_PRICE`.
pub(crate) fn screaming(name: &str) -> String {
    name.to_ascii_uppercase()
}

/// Rust's keywords, strict, reserved and of edition 2024, without the four that have no raw form.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// A word as an identifier: raw if it is a keyword, with `_` appended if Rust allows no raw form.
pub(crate) fn identifier(name: &str) -> Ident {
    match name {
        "self" | "Self" | "super" | "crate" => Ident::new(&format!("{name}_"), Span::call_site()),
        _ if KEYWORDS.contains(&name) => Ident::new_raw(name, Span::call_site()),
        _ => Ident::new(name, Span::call_site()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_become_identifiers() {
        for (name, camel, ident) in [
            ("product", "Product", "product"),
            ("order_line", "OrderLine", "order_line"),
            ("type", "Type", "r#type"),
            ("self", "Self_", "self_"),
        ] {
            assert_eq!(upper_camel(name).to_string(), camel);
            assert_eq!(identifier(name).to_string(), ident);
        }
    }

    #[test]
    fn kindred_names_are_one_or_none() {
        let fields = ["id", "status", "total_amount", "paid_at", "paid_by"];
        for (name, found) in
            [("state", Some("status")), ("amount", Some("total_amount")), ("paid", None), ("x", None)]
        {
            assert_eq!(kindred(name, fields), found, "{name}");
        }
    }

    #[test]
    fn guesses_are_names() {
        for (given, guess) in [
            ("Order-Line", Some("order_line")),
            ("orderLine", Some("order_line")),
            ("9", None),
            ("ß", None),
            ("_x", Some("x")),
        ] {
            assert_eq!(to_lower_snake(given).as_deref(), guess, "{given}");
        }
    }
}
