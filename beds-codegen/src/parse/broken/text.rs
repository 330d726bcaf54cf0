//! Pieces of text: their forms and their ends.

pub(super) fn is_bare(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')
}

/// Whether the text is a path of names without quotes.
pub(super) fn is_path(text: &str) -> bool {
    text.split('.').map(str::trim).all(|part| !part.is_empty() && part.chars().all(is_bare))
}

/// A path of names, whatever signs stand between them.
pub(super) fn path_of_words(text: &str) -> String {
    // If the text has a dot, a blank is part of a name.
    if text.contains('.') && text.chars().all(|letter| is_bare(letter) || matches!(letter, '.' | ' ')) {
        let parts = text.split('.').map(str::trim).filter(|part| !part.is_empty());
        return parts.map(|part| part.replace(' ', "_")).collect::<Vec<_>>().join(".");
    }
    let words = text.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-')));
    let words =
        words.filter(|word| !word.trim_matches('-').is_empty()).map(|word| word.trim_end_matches('-'));
    words.collect::<Vec<_>>().join(".")
}

/// Whether the text is a path of names, with or without quotes.
pub(super) fn is_quoted_path(text: &str) -> bool {
    text.split('.').map(str::trim).all(|part| {
        let inner = part.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\'']));
        inner.map_or_else(
            || !part.is_empty() && part.chars().all(is_bare),
            |inner| !inner.contains(['"', '\'']),
        )
    })
}

/// Whether a line is a key with any value.
pub(super) fn is_assignment(line: &str) -> bool {
    let key = line.split(['=', ':']).next().unwrap_or_default();
    key.len() < line.len() && is_quoted_path(key.trim())
}

/// Whether a line is a key with a TOML value.
pub(super) fn is_statement(line: &str) -> bool {
    toml::de::DeTable::parse(line).is_ok()
}

/// The key and the value of a line of YAML.
pub(super) fn pair_of_yaml(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.trim().split_once(':')?;
    let is_pair = !key.is_empty() && key.chars().all(is_bare) && value.starts_with([' ', '\t']);
    is_pair.then(|| (key, value.trim())).filter(|(_, value)| !value.is_empty())
}

/// The content of the parentheses that open here, on one line.
pub(super) fn inside_parentheses(rest: &str) -> Option<&str> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, letter) in rest.lines().next()?.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return rest.get(1..at);
        }
    }
    None
}

/// Whether a text begins with a key and its `=`.
pub(super) fn is_pair(rest: &str) -> bool {
    let length = rest.find(|letter| !is_bare(letter)).unwrap_or(rest.len());
    length > 0 && rest[length..].trim_start_matches(' ').starts_with('=')
}

/// The closing quotes for an opening quote that TOML does not have.
pub(super) const fn closing_quotes(quote: char) -> Option<&'static [char]> {
    match quote {
        '“' | '”' | '„' | '‟' | '″' => Some(&['”', '“', '"', '″']),
        '‘' | '’' | '‚' | '‛' | '′' => Some(&['’', '‘', '\'', '′']),
        '«' => Some(&['»']),
        '»' => Some(&['«', '»']),
        '‹' => Some(&['›']),
        '＂' => Some(&['＂', '"']),
        '＇' => Some(&['＇', '\'']),
        '`' | '´' => Some(&['`', '´', '\'', '"']),
        _ => None,
    }
}

/// The opening quote of the string that is closed before `end`, on the same line.
pub(super) fn opening(text: &str, end: usize) -> usize {
    let line = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let before = text[line..end].trim_end();
    let quote = before.chars().next_back().unwrap_or('"');
    let inner = &before[..before.len().saturating_sub(1)];
    line + inner.rfind(quote).unwrap_or(0)
}

/// The length of a string from after its first quote to its last; `None` if the line ends first.
pub(super) fn string_length(rest: &str, quote: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        if is_escaped {
            is_escaped = false;
        } else if byte == b'\\' && quote == "\"" {
            is_escaped = true;
        } else if Some(&byte) == quote.as_bytes().first() {
            return Some(at);
        }
    }
    None
}

/// The first escape that is invalid in TOML.
pub(super) fn bad_escape(inner: &str) -> Option<(usize, usize)> {
    let mut letters = inner.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter != '\\' {
            continue;
        }
        let (_, escaped) = letters.next()?;
        let digits = match escaped {
            'b' | 't' | 'n' | 'f' | 'r' | 'e' | '"' | '\\' => continue,
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => return Some((at, at + 1 + escaped.len_utf8())),
        };
        let code = inner.get(at + 2..at + 2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        if code.and_then(char::from_u32).is_none() {
            return Some((at, at + 2));
        }
    }
    None
}

/// Whether a word is a TOML value.
pub(super) fn is_value(word: &str) -> bool {
    // The parser accepts `0x` without a digit.
    let is_digitless = matches!(word.trim_start_matches(['+', '-']), "0x" | "0o" | "0b");
    !is_digitless && toml::de::DeTable::parse(&format!("x = {word}\n")).is_ok()
}

/// The whole number that ends at a position, but for blanks: where it begins and ends.
pub(super) fn number_before(text: &str, at: usize) -> Option<(usize, usize)> {
    let end = text[..at].trim_end().len();
    let start = text[..end].trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    let is_value = text[..start].trim_end().ends_with('=');
    (start < end && is_value).then_some((start, end))
}

/// The text up to the end of a value: a comma, a closing bracket, a comment, or the end of the line. In parentheses
/// only the end of the line counts.
pub(super) fn token(rest: &str) -> &str {
    let mut depth = 0_usize;
    let mut end = rest.len();
    for (at, letter) in rest.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            letter if letter.is_control() && letter != '\t' => {}
            ',' | ']' | '}' | '#' | '"' | '\'' | '=' | '{' | '[' if depth == 0 => {}
            _ => continue,
        }
        if !matches!(letter, '(' | ')') {
            end = at;
            break;
        }
    }
    let token = rest[..end].trim_end();
    // Before `=` is the key of the next entry, without a comma before it.
    if rest[end..].starts_with(['=', '"', '\'', '{', '[']) {
        return token.split([' ', '\t']).next().unwrap_or_default();
    }
    token
}

/// The length of a text with a closing quote but no opening quote.
pub(super) fn half_quoted(rest: &str) -> Option<usize> {
    let line = rest.lines().next().unwrap_or_default();
    let length = line.find(['"', '\''])?;
    let is_text =
        !line[..length].contains(['=', ',', '#', '{', '[', '}', ']']) && !line[..length].ends_with(' ');
    let behind = line[length + 1..].trim_start();
    (is_text && (behind.is_empty() || behind.starts_with([',', '}', ']', '#']))).then_some(length)
}

pub(super) fn boolean(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | ".true." => Some("true"),
        "false" | "no" | "off" | "n" | "f" | ".false." => Some("false"),
        _ => None,
    }
}
