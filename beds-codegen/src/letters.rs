//! Letters that are not what they seem: such that nobody sees, such that look like others, such that collations take for
//! others.

/// The name of a character that looks like a blank, or like nothing, and is neither for TOML.
pub(crate) fn invisible_name(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{a0}' => "a no-break space",
        '\u{202f}' => "a narrow no-break space",
        '\u{2007}' => "a figure space",
        '\u{2000}'..='\u{200a}' | '\u{3000}' | '\u{1680}' | '\u{205f}' => "a wide space",
        '\u{200b}' => "a zero-width space",
        '\u{200c}' | '\u{200d}' | '\u{2060}' => "a zero-width joiner",
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "a mark of writing direction"
        }
        '\u{feff}' => "a byte order mark",
        '\u{ad}' => "a soft hyphen",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "a line separator",
        '\u{0}' => "a NUL character",
        '\r' => "a lone carriage return",
        '\u{7f}' | '\u{1}'..='\u{8}' | '\u{b}'..='\u{1f}' => "a control character",
        _ => return None,
    })
}

/// The first letter of a text that nobody sees: its name, and its number.
pub(crate) fn first_invisible(text: &str) -> Option<(&'static str, u32)> {
    text.chars().find_map(|letter| match letter {
        '\n' | '\t' => Some(("a control character", u32::from(letter))),
        letter => invisible_name(letter).map(|name| (name, u32::from(letter))),
    })
}

/// A character of a text that nobody sees there, or that is no letter by itself: its name, and its number. Joiners belong to
/// the letters of some scripts.
pub(crate) fn unseen_in_word(text: &str) -> Option<(&'static str, u32)> {
    let letters: Vec<char> = text.chars().collect();
    let is_ascii = |at: usize| letters.get(at).is_some_and(char::is_ascii_alphanumeric);
    letters.iter().enumerate().find_map(|(at, letter)| {
        let is_at_ascii = at.checked_sub(1).is_some_and(is_ascii) || is_ascii(at + 1);
        let name = match letter {
            '\u{200c}' | '\u{200d}' if !is_at_ascii => None,
            '\u{300}'..='\u{36f}' => Some("an accent by itself"),
            letter => invisible_name(*letter),
        };
        name.map(|name| (name, u32::from(*letter)))
    })
}

/// The script of a letter that looks like one of ASCII in a word that has letters of ASCII, with the letter.
pub(crate) fn mixed(text: &str) -> Option<(&'static str, char)> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| word.chars().any(|letter| letter.is_ascii_alphabetic())).find_map(|word| {
        let is_twin = |letter: char| {
            // Few Greek letters do, and others stand in units such as `kΩ`.
            !matches!(letter, '\u{370}'..='\u{3ff}') || "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοντυρκι".contains(letter)
        };
        first_lookalike(word).filter(|(_, letter)| is_twin(*letter))
    })
}

/// What a character is called that looks like a comma or a semicolon, and is neither.
pub(crate) fn mark_name(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{37e}' => "a Greek question mark",
        '\u{ff1b}' => "a full-width semicolon",
        '\u{61b}' => "an Arabic semicolon",
        '\u{ff0c}' => "a full-width comma",
        '\u{60c}' => "an Arabic comma",
        '\u{3001}' => "an ideographic comma",
        '\u{201a}' => "a low quotation mark",
        _ => return None,
    })
}

/// The script of the first letter that looks like one of ASCII and is of another script, with the letter.
pub(crate) fn first_lookalike(text: &str) -> Option<(&'static str, char)> {
    text.chars().find_map(|letter| match letter {
        '\u{400}'..='\u{52f}' => Some(("Cyrillic", letter)),
        '\u{370}'..='\u{3ff}' => Some(("Greek", letter)),
        '\u{ff01}'..='\u{ff5e}' => Some(("full-width", letter)),
        _ => None,
    })
}

/// A name in ASCII for one in another script, as people transcribe it.
pub(crate) fn ascii(key: &str) -> String {
    let mut out = String::new();
    for letter in key.chars() {
        match letter {
            'ä' => out.push_str("ae"),
            'ö' | 'ø' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'å' | 'á' | 'à' | 'â' | 'ã' => out.push('a'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'í' | 'ì' | 'î' | 'ï' => out.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' => out.push('o'),
            'ú' | 'ù' | 'û' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            letter if letter.is_ascii() => out.push(letter),
            _ => out.push('_'),
        }
    }
    out
}

/// The same for a name that is one of Latin letters throughout.
pub(crate) fn transcribed(key: &str) -> Option<String> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let out = ascii(&key.to_lowercase());
    // What has no transcription becomes `_`, and is for people to name.
    let is_whole = out.matches('_').count() == key.matches('_').count();
    (is_whole && !key.is_ascii() && out.chars().all(is_word)).then_some(out)
}
