//! Mistakes where an entry, a bracket or the whole text should end.

use super::{
    super::mistake::{SWALLOWED, Swallowed, foreign},
    Json, Mistake, Parser, parse_as,
};
use crate::aggregation::STAGES;

impl Parser<'_> {
    pub(super) fn no_comma(&self, end: usize) -> Box<Mistake> {
        let before = self.text[..end].char_indices().next_back().map_or(0, |(at, _)| at);
        if let Some(open) = self.swallowed(end) {
            let Swallowed { message, label, near, help } = SWALLOWED;
            return Mistake::new(open..open + 1, message, label, help).near(end - 1..end, near);
        }
        match self.peek() {
            Some(b'+' | b'*' | b'/') => Mistake::new(
                self.here(),
                "JSON computes nothing",
                "not JSON",
                "write the result, or an operator such as {\"$add\": [1, 1]}",
            ),
            Some(b':') => Mistake::new(
                self.here(),
                "`:` is in a list",
                "a list has no names",
                "write an object in braces: { \"name\": value }",
            ),
            Some(b';') => Mistake::new(self.here(), "`;` is in place of a comma", "not JSON", "write `,`"),
            _ => Mistake::new(
                self.here(),
                "a comma is missing",
                "expected `,` before this",
                "write `,` between two entries",
            )
            .near(before..end, "after this entry")
            .fix(end..end, ","),
        }
    }

    /// Where a string begins that was not closed and so goes on to the opening quote of the next: text follows its end
    /// directly, and a comma or colon is the last in it.
    fn swallowed(&self, end: usize) -> Option<usize> {
        let is_glued = self.at == end && self.rest().starts_with(|letter: char| letter.is_alphanumeric());
        let inner = self.text[..end].strip_suffix('"').filter(|_| is_glued)?;
        let open = inner.rfind('"')?;
        inner[open + 1..].trim_end().ends_with([',', ':', '{', '[']).then_some(open)
    }

    pub(super) fn unclosed(&self, open: usize) -> Box<Mistake> {
        let bracket = &self.text[open..=open];
        let close = if bracket == "[" { "]" } else { "}" };
        let message = format!("`{bracket}` is never closed");
        Mistake::new(open..open + 1, message, "opened here", format!("close it with `{close}`"))
    }

    /// Whether a position is the beginning of a line, and the line before it ends with a comma.
    pub(super) fn is_line_behind_comma(&self, at: usize) -> bool {
        let before = self.text[..at].trim_end();
        before.ends_with(',') && self.text[before.len()..at].contains('\n')
    }

    /// An object that is not closed in front of the comma behind which another value begins.
    pub(super) fn unclosed_before(&self, open: usize, next: usize) -> Box<Mistake> {
        let comma = self.text[..next].trim_end().len() - 1;
        let mistake = Mistake::new(
            self.here(),
            "found a value where the name of a member is expected",
            "the object is still open here",
            "write the missing `}` before the comma above, or a name in double quotes before the value: \"name\": value",
        )
        .near(open..open + 1, "opened here");
        if !self.is_trial && self.is_stage(next) && self.is_right_with_brace(comma) {
            mistake.fix(comma..comma, "}")
        } else {
            mistake
        }
    }

    /// Whether an object with the name of a stage begins at a position.
    fn is_stage(&self, at: usize) -> bool {
        let name = self.text[at..].strip_prefix('{').map(str::trim_start);
        let name = name.and_then(|rest| rest.strip_prefix('"')?.split_once('"'));
        name.is_some_and(|(name, _)| STAGES.iter().any(|stage| stage.name == name))
    }

    /// Whether the text is JSON with a `}` at a position.
    fn is_right_with_brace(&self, at: usize) -> bool {
        let (before, behind) = self.text.split_at(at);
        parse_as(&format!("{before}}}{behind}"), self.file, true).is_ok()
    }

    pub(super) fn after_the_end(&self, value: &Json) -> Box<Mistake> {
        if let Some(mistake) = foreign(self.text, self.at) {
            return mistake;
        }
        let help = match (value, self.peek()) {
            (_, Some(b';')) => "remove the `;`",
            (Json::Object(_), Some(b',' | b'{')) => "put the stages into one list: [{ … }, { … }]",
            _ => "remove what follows; a file holds one pipeline",
        };
        let mistake = Mistake::new(
            self.here(),
            "something follows the end of the pipeline",
            "expected the end of the file",
            help,
        );
        if self.peek() == Some(b';') { mistake.fix(self.here(), "") } else { mistake }
    }
}
