//! Types in the forms of programming languages: unions, literals, generic types, paths, lengths in other brackets.

use beds_protocol::TypeName;

use super::{Foreign, translate};
use crate::names::quoted;

/// Words for a missing value.
const NOTHING: [&str; 4] = ["null", "none", "undefined", "nil"];

/// The meaning of a type in such a form; `None` for a type in the form of SQL.
pub(super) fn rewritten(written: &str) -> Option<Foreign> {
    union(written)
        .or_else(|| literal(written))
        .or_else(|| of_python(written))
        .or_else(|| without_path(written))
        .or_else(|| sized(written))
}

fn any(written: &str) -> Option<Foreign> {
    let written = written.trim();
    TypeName::from_name(written).map(Foreign::new).or_else(|| translate(written))
}

fn unquoted(word: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| {
        let inner = word.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    })
}

fn is_bare(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}

/// An enum of these words.
fn one_of(words: &[&str]) -> Option<Foreign> {
    let plain: Vec<&str> = words.iter().map(|word| unquoted(word).unwrap_or(word)).collect();
    let values: Vec<String> = plain.iter().map(|word| quoted(word)).collect();
    let ty = Foreign::new(TypeName::Enum).key("values", format_args!("[{}]", values.join(", ")));
    if words.iter().all(|word| unquoted(word).is_some()) {
        return Some(ty);
    }
    let are_words = words.iter().all(|word| is_bare(word) && any(word).is_none());
    are_words.then(|| ty.unsure("`values` are texts; see that each is one that the column has"))
}

/// `string | null`, `'a' | 'b'`.
fn union(written: &str) -> Option<Foreign> {
    let parts: Vec<&str> = written.split('|').map(str::trim).collect();
    let is_nothing = |part: &&str| NOTHING.contains(&part.to_ascii_lowercase().as_str());
    let others: Vec<&str> = parts.iter().filter(|part| !is_nothing(part)).copied().collect();
    if parts.len() < 2 || others.is_empty() {
        return None;
    }
    let ty = match others.as_slice() {
        [one] => any(one)?,
        several => one_of(several)?,
    };
    Some(if others.len() < parts.len() { ty.key("nullable", true) } else { ty })
}

/// `Literal['a', 'b']`, `enum[a, b]`, `enum: a, b`.
fn literal(written: &str) -> Option<Foreign> {
    let name = written.find(['[', ':', '{', '<']).map(|end| &written[..end])?;
    if !matches!(name.trim().to_ascii_lowercase().as_str(), "literal" | "enum" | "oneof" | "choice") {
        return None;
    }
    let inner = written[name.len() + 1..].trim().trim_end_matches([']', '}', '>']);
    let words: Vec<&str> = inner.split([',', '|']).map(str::trim).collect();
    one_of(&words)
}

/// `Optional[int]`, `list[int]`, `dict[str, int]`.
fn of_python(written: &str) -> Option<Foreign> {
    let (outer, inner) = written.strip_suffix(']')?.split_once('[')?;
    let inner = inner.trim();
    let starts_with_digit = inner.starts_with(|letter: char| letter.is_ascii_digit());
    if inner.is_empty() || starts_with_digit {
        return None;
    }
    match outer.trim().to_ascii_lowercase().as_str() {
        "optional" => Some(any(inner)?.key("nullable", true)),
        "list" | "sequence" | "set" | "tuple" | "array" | "iterable" => super::wrapped(inner, "list<"),
        "dict" | "mapping" | "map" | "record" => Some(Foreign::new(TypeName::Json)),
        _ => None,
    }
}

/// `chrono::DateTime<Utc>`, `uuid::Uuid`.
fn without_path(written: &str) -> Option<Foreign> {
    let outer = written.split('<').next()?;
    let (path, name) = outer.rsplit_once("::")?;
    let is_path = path.split("::").all(is_bare);
    is_path.then(|| any(&format!("{name}{}", &written[outer.len()..])))?
}

/// `varchar 20`, `string[40]`, `decimal 10 2`.
fn sized(written: &str) -> Option<Foreign> {
    let end = written.find(|letter: char| !letter.is_ascii_alphabetic())?;
    let (name, rest) = written.split_at(end);
    let numbers: Vec<&str> = rest
        .trim_matches([' ', '[', ']', '{', '}', '<', '>', ':'])
        .split([' ', ',', ':'])
        .filter(|part| !part.is_empty())
        .collect();
    let is_number = |part: &&str| part.chars().all(|letter| letter.is_ascii_digit());
    if numbers.is_empty()
        || !numbers.iter().all(is_number)
        || rest.starts_with(|letter: char| letter.is_ascii_digit())
    {
        return None;
    }
    let ty = translate(&format!("{name}({})", numbers.join(",")))?;
    Some(ty.unsure("the numbers look like its length or its digits"))
}

/// A misspelt word of another language: `interger`.
pub(crate) fn nearest(written: &str) -> Option<(&'static str, Foreign)> {
    const WORDS: [&str; 18] = [
        "integer",
        "bigint",
        "smallint",
        "boolean",
        "varchar",
        "character",
        "timestamp",
        "numeric",
        "double",
        "binary",
        "varbinary",
        "longtext",
        "mediumtext",
        "longblob",
        "number",
        "guid",
        "array",
        "float64",
    ];
    let near = beds_protocol::nearest(written, WORDS)?;
    Some((near, any(near)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail so")]
mod tests {
    use super::super::translate;

    #[test]
    fn shapes_of_programming_languages_are_translated() {
        for (written, right, is_sure) in [
            ("string | null", "{ type = \"string\", nullable = true }", true),
            ("null|string", "{ type = \"string\", nullable = true }", true),
            ("'a' | 'b'", "{ type = \"enum\", values = [\"a\", \"b\"] }", true),
            ("new|open", "{ type = \"enum\", values = [\"new\", \"open\"] }", false),
            ("Literal['a', 'b']", "{ type = \"enum\", values = [\"a\", \"b\"] }", true),
            ("enum[a,b]", "{ type = \"enum\", values = [\"a\", \"b\"] }", false),
            ("enum:a|b", "{ type = \"enum\", values = [\"a\", \"b\"] }", false),
            ("Optional[int]", "{ type = \"int\", nullable = true }", true),
            ("list[int]", "{ type = \"list\", items = \"int\" }", true),
            ("dict[str, int]", "\"json\"", true),
            ("uuid::Uuid", "\"uuid\"", true),
            ("chrono::DateTime<Utc>", "\"datetime\"", true),
            ("varchar 20", "{ type = \"string\", max = 20 }", false),
            ("string[40]", "{ type = \"string\", max = 40 }", false),
            ("decimal 10 2", "{ type = \"decimal\", precision = 10, scale = 2 }", false),
        ] {
            let ty = translate(written).unwrap();
            assert_eq!((ty.value().as_str(), ty.is_sure), (right, is_sure), "{written}");
        }
        for unknown in ["string | int", "a |", "Union[int, str]", "int 1..10", "x[40]"] {
            assert!(translate(unknown).is_none_or(|ty| !ty.is_sure), "{unknown}");
        }
    }
}
