//! From a text to values.

mod ends;

use std::ops::Range;

use super::{
    Json, Member, Mistake, Node, lexer,
    mistake::{foreign, no_name, no_value, word, yaml},
    placeholder,
};
use crate::span::{FileId, Span, Spanned};

/// How deep values may be nested: MongoDB accepts documents of a hundred levels.
const DEPTH_MAX: usize = 100;

/// Parses a text that is one value.
pub(crate) fn parse(text: &str, file: FileId) -> Result<Node, Box<Mistake>> {
    parse_as(text, file, false)
}

/// Parses a text. `is_trial` is whether it is the result of a fix, whose own mistakes are only counted.
fn parse_as(text: &str, file: FileId, is_trial: bool) -> Result<Node, Box<Mistake>> {
    // A byte order mark is not part of the text, as in a template.
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parser = Parser { text, file, is_trial, at: start };
    parser.blanks();
    if parser.at == text.len() {
        return Err(Mistake::new(
            start..text.len(),
            "the pipeline's file is empty",
            "nothing here",
            "write the list of its stages, such as [{ \"$match\": {} }]",
        ));
    }
    if let Some(mistake) = yaml(text, parser.at) {
        return Err(mistake);
    }
    let value = parser.value(0)?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(parser.after_the_end(&value.value));
    }
    Ok(value)
}

struct Parser<'t> {
    text: &'t str,
    file: FileId,
    is_trial: bool,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span { file: self.file, start: range.start, end: range.end }
    }

    /// The position of the next character.
    fn here(&self) -> Range<usize> {
        self.at..self.at + self.rest().chars().next().map_or(0, char::len_utf8)
    }

    fn value(&mut self, depth: usize) -> Result<Node, Box<Mistake>> {
        let start = self.at;
        if depth > DEPTH_MAX {
            let help = format!("MongoDB takes at most {DEPTH_MAX} levels");
            return Err(Mistake::new(self.here(), "the values are nested too deeply", "too deep", help));
        }
        let value = match self.peek() {
            Some(b'[') => self.list(depth)?,
            Some(b'{') => self.object(depth)?,
            Some(b'"') => {
                let (text, end) = lexer::string(self.text, start)?;
                self.at = end;
                Json::Text(text)
            }
            Some(b'-' | b'0'..=b'9') if !self.rest().starts_with("--") => {
                self.at = lexer::number(self.text, start)?;
                Json::Number(self.text[start..self.at].to_owned())
            }
            _ => self.constant()?,
        };
        Ok(Spanned::new(value, self.span(start..self.at)))
    }

    fn constant(&mut self) -> Result<Json, Box<Mistake>> {
        let length = word(self.rest());
        let value = match &self.rest()[..length] {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            "null" => Json::Null,
            _ => {
                let placeholder = placeholder::value(self.text, self.at);
                return Err(placeholder.unwrap_or_else(|| no_value(self.text, self.at)));
            }
        };
        self.at += length;
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Json, Box<Mistake>> {
        let open = self.at;
        let mut items = Vec::new();
        self.at += 1;
        self.blanks();
        if !self.closes(b']', open, None)? {
            loop {
                items.push(self.value(depth + 1)?);
                if self.next(b']', open)? {
                    break;
                }
            }
        }
        Ok(Json::List(items))
    }

    fn object(&mut self, depth: usize) -> Result<Json, Box<Mistake>> {
        let open = self.at;
        let mut members: Vec<Member> = Vec::new();
        self.at += 1;
        self.blanks();
        if !self.closes(b'}', open, None)? {
            loop {
                let member = self.member(depth, open)?;
                if let Some(first) = members.iter().find(|known| known.name.value == member.name.value) {
                    let Span { start, end, .. } = member.name.span;
                    let message = format!("the member \"{}\" is written twice", first.name.value);
                    let help =
                        "keep one of them; conditions on one field are joined in one object, or with `$and`";
                    return Err(Mistake::new(start..end, message, "again", help)
                        .near(first.name.span.range(), "first here"));
                }
                members.push(member);
                if self.next(b'}', open)? {
                    break;
                }
            }
        }
        Ok(Json::Object(members))
    }

    fn member(&mut self, depth: usize, open: usize) -> Result<Member, Box<Mistake>> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => {}
            None => return Err(self.unclosed(open)),
            Some(next) => {
                return Err(match placeholder::braced(self.text, start) {
                    Some(placeholder) => placeholder,
                    None if matches!(next, b'{' | b'[') && self.is_line_behind_comma(start) => {
                        self.unclosed_before(open, start)
                    }
                    None => no_name(self.text, start),
                });
            }
        }
        let (name, end) = lexer::string(self.text, start)?;
        let name = Spanned::new(name, self.span(start..end));
        self.at = end;
        self.blanks();
        if self.peek() != Some(b':') {
            if self.at == self.text.len() {
                return Err(self.unclosed(open));
            }
            let message = format!("`:` is missing after the name \"{}\"", name.value);
            let help = "write a colon between the name of a member and its value";
            return Err(foreign(self.text, self.at).unwrap_or_else(|| {
                Mistake::new(self.here(), message, "expected `:` here", help)
                    .near(start..end, "after this name")
            }));
        }
        self.at += 1;
        self.blanks();
        if self.at == self.text.len() {
            return Err(self.unclosed(open));
        }
        let value = self.value(depth + 1)?;
        Ok(Member { name, value })
    }

    /// Moves behind the comma after an entry. Returns whether the bracket is closed instead.
    fn next(&mut self, close: u8, open: usize) -> Result<bool, Box<Mistake>> {
        let end = self.at;
        self.blanks();
        if self.closes(close, open, None)? {
            return Ok(true);
        }
        if self.peek() != Some(b',') {
            return Err(foreign(self.text, self.at).unwrap_or_else(|| self.no_comma(end)));
        }
        let comma = self.at;
        self.at += 1;
        self.blanks();
        self.closes(close, open, Some(comma))
    }

    /// Whether the bracket is closed here, where that is allowed: not after a comma.
    fn closes(&mut self, close: u8, open: usize, comma: Option<usize>) -> Result<bool, Box<Mistake>> {
        match self.peek() {
            None => Err(self.unclosed(open)),
            Some(byte) if byte == close => {
                let Some(comma) = comma else {
                    self.at += 1;
                    return Ok(true);
                };
                Err(Mistake::new(
                    comma..comma + 1,
                    "there is a comma after the last entry",
                    "nothing follows this comma",
                    "remove the comma",
                )
                .fix(comma..comma + 1, ""))
            }
            Some(byte @ (b']' | b'}')) => {
                let (wrong, right) = (char::from(byte), char::from(close));
                let message = format!("found `{wrong}` where `{right}` must close the bracket");
                let help = format!("write `{right}`, or open the bracket that `{wrong}` closes");
                Err(Mistake::new(self.here(), message, "this closes another kind of bracket", help)
                    .near(open..open + 1, "opened here"))
            }
            Some(_) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Sources;

    fn parsed(text: &str) -> Result<Node, Box<Mistake>> {
        parse(text, Sources::default().add("a", text))
    }

    #[test]
    fn what_serde_takes_is_taken_and_nothing_else() {
        for text in [
            "[]",
            "{}",
            " [1, -2.5e3, 0] ",
            r#"{"a": [true, false, null], "b": {"c": "d"}}"#,
            r#"["\u0041\ud83d\ude00\n\"\\\/"]"#,
            "\u{feff}[]",
            "[[[[]]]]",
            r#"["ß", "😀"]"#,
        ] {
            let bare = text.trim_start_matches('\u{feff}');
            assert!(serde_json::from_str::<serde_json::Value>(bare).is_ok(), "{text}");
            assert!(parsed(text).is_ok(), "{text}: {:?}", parsed(text));
        }
        for text in [
            "",
            " ",
            "[",
            "{",
            "[1",
            "[1,",
            "[1,]",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,}",
            "[1}",
            "{]",
            "[01]",
            "[+1]",
            "[.5]",
            "[1.]",
            "[0x1]",
            "[1_0]",
            "[nul]",
            "[True]",
            "['a']",
            "{a:1}",
            "[\"a",
            "[\"a\nb\"]",
            "[\"\\d\"]",
            "[\"\\u12\"]",
            "[\"\\ud800\"]",
            "[\"\\ud800\\u0041\"]",
            "[1]]",
            "[1];",
            "[1] // x",
            "[/*",
            "/",
            "[1 2]",
            "[\u{a0}1]",
            "[\"\t\"]",
            "[:]",
            "[,1]",
            "{,}",
            "{\"a\" 1}",
            "\u{feff}",
            "[\"\\",
            "[\"\\u+123\"]",
        ] {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
            let mistake = parsed(text).expect_err(text);
            assert!(
                mistake.at.start <= mistake.at.end && mistake.at.end <= text.len(),
                "{text}: {mistake:?}"
            );
            assert!(
                text.is_char_boundary(mistake.at.start) && text.is_char_boundary(mistake.at.end),
                "{text}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = "[".repeat(10_000);
        assert_eq!(parsed(&text).unwrap_err().message, "the values are nested too deeply");
    }

    #[test]
    fn a_value_knows_its_place() {
        let text = "[ {\"a\": \"ß\"} ]";
        let Json::List(items) = parsed(text).unwrap().value else { panic!("no list") };
        let member = &items[0].value.members().unwrap()[0];
        assert_eq!(&text[member.value.span.range()], "\"ß\"");
        assert_eq!(&text[member.name.span.range()], "\"a\"");
    }
}
