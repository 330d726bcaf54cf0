//! Names in messages.

/// A name as messages show it: in backticks, or in double quotes where it has a backtick itself, so that nobody takes it for
/// several names.
#[must_use]
pub fn shown(name: impl AsRef<str>) -> String {
    let name = name.as_ref();
    if name.contains('`') { format!("\"{}\"", name.replace('"', "\\\"")) } else { format!("`{name}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one() {
        for (name, expected) in
            [("country", "`country`"), ("a.b", "`a.b`"), ("`.`", "\"`.`\""), ("a`\"", "\"a`\\\"\"")]
        {
            assert_eq!(shown(name), expected);
        }
    }
}
