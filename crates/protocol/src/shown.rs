//! Names in messages.

use crate::one_line::OneLine;

/// A name as messages show it, whatever its origin: on one line, in backticks. A name that contains a backtick stands
/// in double quotes. So nobody takes it for several names.
#[must_use]
pub fn shown(name: impl AsRef<str>) -> String {
    let name = OneLine(name.as_ref()).to_string();
    if name.contains('`') { format!("\"{}\"", name.replace('"', "\\\"")) } else { format!("`{name}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one() {
        for (name, expected) in [
            ("country", "`country`"),
            ("a.b", "`a.b`"),
            ("`.`", "\"`.`\""),
            ("a`\"", "\"a`\\\"\""),
            ("a\n\u{1b}[31m", "`a\\n\\u{1b}[31m`"),
        ] {
            assert_eq!(shown(name), expected);
        }
    }
}
