//! A string that a pattern matches, readable if possible: letters and digits in order, not at random.

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The preferred characters of a class, in this order, so that `[A-Z0-9]{6}` becomes `ABC123`.
const PREFERRED: &str = "ABC123abc456-_ .";
/// Numbers of extra repetitions to try, beyond the required ones.
const EXTRA: [u32; 8] = [2, 1, 0, 3, 5, 8, 13, 34];
/// The longest generated string: patterns can require any length.
const CHARS_MAX: usize = 4_096;

/// A string that the pattern matches as a whole, with a length in characters between `min` and `max`. `None` if none
/// was found; one may still exist.
pub(super) fn matching(pattern: &str, min: u32, max: u32) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let whole = Regex::new(&format!("^(?:{pattern})$")).ok()?;
    let fits = |text: &str| {
        let length = text.chars().count();
        (min as usize..=max as usize).contains(&length) && whole.is_match(text)
    };
    let extras = EXTRA.into_iter().chain([min, max.min(64)]);
    extras
        .flat_map(|extra| (0..3).map(move |branch| Choices { extra, branch }))
        .map(|choices| {
            let mut text = String::new();
            choices.write(&hir, &mut text);
            text
        })
        .find(|text| fits(text))
}

/// The choices where a pattern allows several.
struct Choices {
    /// How many repetitions above the minimum.
    extra: u32,
    /// Which alternative.
    branch: usize,
}

impl Choices {
    fn write(&self, hir: &Hir, out: &mut String) {
        if out.len() > CHARS_MAX {
            return;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => out.extend(member(class, out.chars().count())),
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or(u32::MAX);
                for _ in 0..repetition.min.saturating_add(self.extra).min(most).min(4_096) {
                    self.write(&repetition.sub, out);
                }
            }
            HirKind::Capture(capture) => self.write(&capture.sub, out),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.write(part, out)),
            HirKind::Alternation(parts) => {
                if let Some(part) = parts.get(self.branch.min(parts.len().saturating_sub(1))) {
                    self.write(part, out);
                }
            }
        }
    }
}

/// A character of a class, different at each position.
fn member(class: &Class, position: usize) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    let holds = |c: &char| ranges.iter().any(|(start, end)| (start..=end).contains(&c));
    let liked: Vec<char> = PREFERRED.chars().filter(holds).collect();
    let plain: Vec<char> = liked.iter().copied().filter(char::is_ascii_alphanumeric).collect();
    let from = if plain.is_empty() { liked } else { plain };
    if from.is_empty() {
        ranges.first().map(|(start, _)| *start)
    } else {
        from.get(position % from.len()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_matches() {
        for (pattern, min, max, expected) in [
            ("[A-Z0-9-]+", 0, 40, Some("ABC")),
            ("[A-Z]{2}", 2, 2, Some("AB")),
            ("[A-Z0-9]{6}", 0, 255, Some("ABC123")),
            (r"[^@\s]+@[^@\s]+\.[a-z]{2,}", 3, 200, None),
            (r"\d{4}-(0[1-9]|1[0-2])", 0, 10, None),
            ("(a|bb|ccc)", 2, 3, Some("bb")),
            ("x*", 30, 40, None),
            ("[ä-ü]+", 1, 9, None),
            ("(?i)yes|no", 0, 5, None),
        ] {
            let text = matching(pattern, min, max).unwrap();
            assert!(Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(&text), "{pattern}: {text}");
            if let Some(expected) = expected {
                assert_eq!(text, expected, "{pattern}");
            }
        }
        assert_eq!(matching("a{5}", 0, 4), None);
        assert_eq!(matching("a{1000}{1000}", 0, 9), None);
    }
}
