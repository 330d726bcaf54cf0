//! `SHOW GRANTS` to plain grants.

use beds_core::inspect::{Grant, Granted};

/// The grant of a line of `SHOW GRANTS`, as it applies to a database; `None` if it gives no privilege on objects.
pub(super) fn grant(line: &str, database: &str) -> Option<Grant> {
    let rest = line.strip_prefix("GRANT ")?;
    // `GRANT role TO user` and `GRANT PROXY ON …` name no object.
    let (privileges, rest) = split_unquoted(rest, " ON ")?;
    let (target, who) = split_unquoted(rest, " TO ").unwrap_or((rest, ""));
    let is_public = who.split(' ').next() == Some("PUBLIC");
    let has_columns = privileges.contains('(');
    let mut privileges: Vec<String> = list(privileges)
        .into_iter()
        .map(|privilege| privilege.split('(').next().unwrap_or_default().trim().to_ascii_uppercase())
        .filter(|privilege| privilege != "USAGE" && privilege != "PROXY")
        .collect();
    // The right to give away rights is a privilege of its own. It is part of all privileges.
    if who.ends_with(" WITH GRANT OPTION")
        && !privileges.iter().any(|privilege| privilege == "ALL PRIVILEGES")
    {
        privileges.push("GRANT OPTION".to_owned());
    }
    if privileges.is_empty() {
        return None;
    }
    let (kind, target) = ["PROCEDURE ", "FUNCTION ", "PACKAGE BODY ", "PACKAGE ", "TABLE "]
        .iter()
        .find_map(|kind| target.strip_prefix(kind).map(|rest| (kind.trim(), rest)))
        .unwrap_or(("TABLE", target));
    let (schema, name) = split_unquoted(target, ".").unwrap_or((target, "*"));
    let on = match (schema, name) {
        ("*", _) => Granted::Server,
        (schema, name) if !matches_database(&unquoted(schema), database) => {
            Granted::Elsewhere(format!("{}.{}", unquoted(schema), unquoted(name)))
        }
        (_, "*") => Granted::Database,
        (_, name) => match kind {
            "PROCEDURE" => Granted::Procedure(unquoted(name)),
            "FUNCTION" => Granted::Function(unquoted(name)),
            "TABLE" if has_columns => Granted::Columns(unquoted(name)),
            "TABLE" => Granted::Relation(unquoted(name)),
            _ => Granted::Elsewhere(format!("{kind} {name}")),
        },
    };
    Some(Grant { privileges, on, is_public, written: line.to_owned() })
}

/// Splits at the first separator that stands outside of quotes.
fn split_unquoted<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        if c == '`' {
            quoted = !quoted;
        } else if !quoted && text[at..].starts_with(separator) {
            return Some((&text[..at], &text[at + separator.len()..]));
        }
    }
    None
}

/// Privileges, separated by commas that stand outside of parentheses.
fn list(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut items) = (0_usize, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                items.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    items.push(text[from..].trim());
    items
}

fn unquoted(name: &str) -> String {
    match name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) {
        Some(inner) => inner.replace("``", "`"),
        None => name.to_owned(),
    }
}

/// Whether a database is the one that a grant names: `%` and `_` are wildcards there unless escaped.
fn matches_database(pattern: &str, database: &str) -> bool {
    fn matches(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['\\', escaped, pattern @ ..], [c, text @ ..]) => escaped == c && matches(pattern, text),
            (['%', rest @ ..], _) => (0..=text.len()).any(|skip| matches(rest, &text[skip..])),
            (['_', pattern @ ..], [_, text @ ..]) => matches(pattern, text),
            ([p, pattern @ ..], [c, text @ ..]) => p.eq_ignore_ascii_case(c) && matches(pattern, text),
            _ => false,
        }
    }
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    matches(&chars(pattern), &chars(database))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_of_the_name_public_is_not_everybody() {
        let is_public = |line: &str| grant(line, "test_1").is_some_and(|grant| grant.is_public);
        assert!(is_public(r"GRANT SELECT, DROP ON `test\_%`.* TO PUBLIC"));
        assert!(is_public("GRANT SELECT ON `a`.`b` TO PUBLIC WITH GRANT OPTION"));
        assert!(!is_public("GRANT SELECT ON `a`.`b` TO `PUBLIC`@`%`"));
        let on = grant(r"GRANT SELECT ON `test\_%`.* TO PUBLIC", "test_1").map(|grant| grant.on);
        assert_eq!(on, Some(Granted::Database));
    }

    #[test]
    fn lines_of_show_grants() {
        let privileges =
            |line: &str| grant(line, "cat_alog").map(|grant| (grant.privileges.join("+"), grant.on));
        let some = |privileges: &str, on| Some((privileges.to_owned(), on));
        let cases = [
            ("GRANT USAGE ON *.* TO `n`@`%`", None),
            ("GRANT `role` TO `n`@`%`", None),
            (
                "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION",
                some("ALL PRIVILEGES", Granted::Server),
            ),
            ("GRANT USAGE ON *.* TO `n`@`%` WITH GRANT OPTION", some("GRANT OPTION", Granted::Server)),
            (
                "GRANT SELECT ON `cat_alog`.`t` TO `n`@`%` WITH GRANT OPTION",
                some("SELECT+GRANT OPTION", Granted::Relation("t".into())),
            ),
            (r"GRANT SELECT, EXECUTE ON `cat\_alog`.* TO `n`@`%`", some("SELECT+EXECUTE", Granted::Database)),
            ("GRANT SELECT ON `other`.* TO `n`@`%`", some("SELECT", Granted::Elsewhere("other.*".into()))),
            (
                "GRANT SELECT (`a`, `b`) ON `cat_alog`.`t` TO `n`@`%`",
                some("SELECT", Granted::Columns("t".into())),
            ),
            (
                "GRANT EXECUTE ON PROCEDURE `cat_alog`.`p` TO `n`@`%`",
                some("EXECUTE", Granted::Procedure("p".into())),
            ),
            (
                "GRANT SELECT ON `cat_alog`.`on to` TO `n`@`%`",
                some("SELECT", Granted::Relation("on to".into())),
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(privileges(line), expected, "{line}");
        }
    }
}
