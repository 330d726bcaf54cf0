//! Which texts are equal to a database: one rule for the compiler and the importer.

use std::collections::BTreeSet;

/// The text as most collations of MariaDB compare it: without case, accents, and blanks at its end.
#[must_use]
pub fn collated(text: &str) -> String {
    text.trim_end_matches(' ').to_lowercase().chars().map(without_accent).collect()
}

/// Whether two of these values are equal to most collations.
#[must_use]
pub fn are_alike(values: &[String]) -> bool {
    let distinct: BTreeSet<String> = values.iter().map(|value| collated(value)).collect();
    distinct.len() < values.len()
}

fn without_accent(letter: char) -> char {
    const PLAIN: &[(&str, char)] = &[
        ("àáâãäåāăą", 'a'),
        ("çćĉċč", 'c'),
        ("ďđ", 'd'),
        ("èéêëēĕėęě", 'e'),
        ("ĝğġģ", 'g'),
        ("ìíîïĩīĭį", 'i'),
        ("ĺļľ", 'l'),
        ("ñńņň", 'n'),
        ("òóôõöōŏő", 'o'),
        ("ŕŗř", 'r'),
        ("śŝşš", 's'),
        ("ţť", 't'),
        ("ùúûüũūŭůűų", 'u'),
        ("ýÿŷ", 'y'),
        ("źżž", 'z'),
    ];
    PLAIN.iter().find(|(accented, _)| accented.contains(letter)).map_or(letter, |(_, plain)| *plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_blanks_at_the_end_tell_nothing_apart() {
        for text in ["Épée", "epee ", "EPEE"] {
            assert_eq!(collated(text), "epee", "{text}");
        }
        assert_ne!(collated(" epee"), collated("epee"));
        let alike = |values: [&str; 2]| are_alike(&values.map(str::to_owned));
        assert!(alike(["a", "Ä"]) && !alike(["a", "b"]));
    }
}
