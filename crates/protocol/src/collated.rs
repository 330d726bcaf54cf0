//! What texts are one to a database, by one rule for the compiler and the importer.

/// What most collations of MariaDB take a text for: without case, accents, and blanks at its end.
#[must_use]
pub fn collated(text: &str) -> String {
    text.trim_end_matches(' ').to_lowercase().chars().map(without_accent).collect()
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
    }
}
