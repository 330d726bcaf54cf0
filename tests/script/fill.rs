//! Placeholders: names that a case writes in braces, and the texts that replace them.

use std::collections::BTreeMap;

use serde_json::Value;

/// The values of the placeholders while a case is played.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By the name without braces.
    values: BTreeMap<String, String>,
    records: u32,
    counts: BTreeMap<&'static str, usize>,
}

impl Names {
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The name of a value that the node made: its existing name, or the next one of its kind.
    pub(super) fn of_made(&mut self, kind: &'static str, value: &str) -> String {
        let known = self.values.iter().find(|(name, known)| *known == value && name.as_str() != kind);
        if let Some((name, _)) = known {
            return name.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let name = format!("{kind}{count}");
        self.set(kind, value);
        self.set(&name, value);
        name
    }

    /// A text with its placeholders filled in, as bytes.
    pub(super) fn fill(&mut self, text: &str) -> Vec<u8> {
        let mut filled = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            filled.extend_from_slice(&rest.as_bytes()[..at]);
            rest = &rest[at..];
            if let Some((bytes, length)) = self.placeholder(rest) {
                filled.extend(bytes);
                rest = &rest[length..];
            } else {
                filled.push(b'{');
                rest = &rest[1..];
            }
        }
        filled.extend_from_slice(rest.as_bytes());
        filled
    }

    /// A text with its placeholders filled in.
    pub(super) fn fill_text(&mut self, text: &str) -> String {
        String::from_utf8(self.fill(text)).unwrap()
    }

    /// The value of the placeholder with which a text begins, and the placeholder's length.
    fn placeholder(&mut self, text: &str) -> Option<(Vec<u8>, usize)> {
        if text.starts_with("{\"") {
            return self.repeated(text);
        }
        if text.starts_with("{base64url ") {
            let end = matching(text)?;
            let bytes = self.fill(&text["{base64url ".len()..end]);
            return Some((base64url(&bytes).into_bytes(), end + 1));
        }
        let end = text.find('}')?;
        let name = &text[1..end];
        if name.starts_with("0x") {
            let digits: String = name.split(' ').map(|part| part.trim_start_matches("0x")).collect();
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            return Some(((0..digits.len()).step_by(2).map(byte).collect(), end + 1));
        }
        if name == "new" {
            self.records += 1;
            return Some((format!("{}-{}", self.values["s"], self.records).into_bytes(), end + 1));
        }
        let value = self.get(name)?.as_bytes().to_vec();
        Some((value, end + 1))
    }

    /// `{"x"*400}`
    fn repeated(&mut self, text: &str) -> Option<(Vec<u8>, usize)> {
        let mut stream = serde_json::Deserializer::from_str(&text[1..]).into_iter::<Value>();
        let Some(Ok(Value::String(unit))) = stream.next() else { return None };
        let after = 1 + stream.byte_offset();
        let end = text[after..].find('}')? + after;
        let count: usize = text[after..end].strip_prefix('*')?.parse().ok()?;
        Some((self.fill(&unit).repeat(count), end + 1))
    }
}

/// The place where the brace with which a text begins is closed.
fn matching(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.char_indices().find_map(|(at, character)| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(at)
    })
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
