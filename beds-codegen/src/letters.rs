//! Deceptive letters: invisible ones, letters that look like others, and letters that collations treat as others.

/// The name of a character that looks like a blank, or is invisible, and is no blank for TOML.
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

/// The first invisible letter of a text: its name and its number.
pub(crate) fn first_invisible(text: &str) -> Option<(&'static str, u32)> {
    text.chars().find_map(|letter| match letter {
        '\n' | '\t' => Some(("a control character", u32::from(letter))),
        letter => invisible_name(letter).map(|name| (name, u32::from(letter))),
    })
}

/// A character that is invisible in a text, or is not a letter by itself: its name and its number. Joiners are valid in
/// words of some scripts.
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

/// The script of a letter that looks like an ASCII letter in a word that has ASCII letters, with the letter.
pub(crate) fn mixed(text: &str) -> Option<(&'static str, char)> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| word.chars().any(|letter| letter.is_ascii_alphabetic())).find_map(|word| {
        let is_twin = |letter: char| {
            // Few Greek letters look like ASCII letters, and others are used in units such as `kΩ`.
            !matches!(letter, '\u{370}'..='\u{3ff}') || "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοντυρκι".contains(letter)
        };
        first_lookalike(word).filter(|(_, letter)| is_twin(*letter))
    })
}

/// The name of a character that looks like a comma or a semicolon, but is neither.
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

/// The script of the first letter that looks like an ASCII letter but belongs to another script, with the letter.
pub(crate) fn first_lookalike(text: &str) -> Option<(&'static str, char)> {
    text.chars().find_map(|letter| match letter {
        '\u{400}'..='\u{52f}' => Some(("Cyrillic", letter)),
        '\u{370}'..='\u{3ff}' => Some(("Greek", letter)),
        '\u{ff01}'..='\u{ff5e}' => Some(("full-width", letter)),
        _ => None,
    })
}

/// A common ASCII transcription of a name in another script.
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

/// The same for a name that consists of Latin letters.
pub(crate) fn transcribed(key: &str) -> Option<String> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let out = ascii(&key.to_lowercase());
    // A letter without a transcription becomes `_`, and the author must choose a name.
    let is_whole = out.matches('_').count() == key.matches('_').count();
    (is_whole && !key.is_ascii() && out.chars().all(is_word)).then_some(out)
}
