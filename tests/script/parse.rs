//! The text of a case, in pieces that can be joined again with other replies.

use std::fmt;

/// A case as it is written.
#[derive(Debug)]
pub(crate) struct Script {
    templates: Vec<String>,
    pub(super) pieces: Vec<Piece>,
    /// The text after the last reply.
    rest: String,
}

/// A step, with the text before and after it.
#[derive(Debug)]
pub(super) struct Piece {
    /// The lines of the step, with all lines before it that belong to no other step.
    source: String,
    pub(super) action: Action,
    /// The expected lines.
    expected: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Action {
    Request(Request),
    /// A request that is sent for each row.
    Pattern(Request),
    Row(String),
    Sql(String),
}

/// A request with its placeholders.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) attributes: Vec<(String, String)>,
    /// Routing key and body.
    pub(super) text: String,
}

impl Request {
    /// Whether each row is another request.
    fn is_pattern(&self) -> bool {
        ["{row}", "{field}"].iter().any(|hole| self.text.contains(hole))
    }

    /// This pattern for a row.
    pub(super) fn of_row(&self, row: &str) -> Self {
        let field = row.split('"').nth(1).unwrap_or_default();
        let fill = |text: &str| text.replace("{row}", row).replace("{field}", field);
        let attributes = self.attributes.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        Self { attributes, text: fill(&self.text) }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

const ATTRIBUTES: [&str; 8] =
    ["exchange", "reply_to", "content_type", "content_encoding", "message_id", "show", "hide", "list"];

impl Script {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self { templates: Vec::new(), pieces: Vec::new(), rest: String::new() };
        let mut attributes = Vec::new();
        let mut lines = text.split_inclusive('\n').enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let wrong = |what: &str| format!("line {}: {what}: {line}", number + 1);
            let bare = line.trim_end_matches('\n');
            if let Some(reply) = bare.strip_prefix('<') {
                let piece = script.pieces.last_mut().filter(|_| script.rest.is_empty());
                piece.ok_or_else(|| wrong("a reply to nothing"))?.expected.push(format!("<{reply}"));
                continue;
            }
            script.rest += line;
            let action = if let Some(names) = bare.strip_prefix("for ") {
                script.templates = names.split(',').map(|name| name.trim().to_owned()).collect();
                continue;
            } else if let Some(attribute) = bare.strip_prefix("@ ") {
                let (name, value) = attribute.split_once(':').ok_or_else(|| wrong("no `:`"))?;
                if !ATTRIBUTES.contains(&name) && !name.starts_with("header ") {
                    return Err(wrong("no such attribute"));
                }
                attributes.push((name.to_owned(), value.trim().to_owned()));
                continue;
            } else if let Some(begin) = bare.strip_prefix("> ") {
                let mut text = begin.to_owned();
                while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with(">  ")) {
                    script.rest += more;
                    text += "\n";
                    text += more.trim_end_matches('\n').trim_start_matches(">  ");
                }
                let request = Request { attributes: std::mem::take(&mut attributes), text };
                if request.is_pattern() { Action::Pattern(request) } else { Action::Request(request) }
            } else if let Some(row) = bare.strip_prefix("- ") {
                Action::Row(row.to_owned())
            } else if let Some(sql) = bare.strip_prefix("sql> ") {
                Action::Sql(sql.to_owned())
            } else if bare.is_empty() || bare.starts_with('#') {
                continue;
            } else {
                return Err(wrong("neither #, for, @, >, -, sql> nor <"));
            };
            let source = std::mem::take(&mut script.rest);
            script.pieces.push(Piece { source, action, expected: Vec::new() });
        }
        if attributes.is_empty() { Ok(script) } else { Err("an attribute of nothing, at the end".into()) }
    }

    /// Whether several templates must answer alike.
    pub(super) fn is_shared(&self) -> bool {
        self.templates.len() > 1
    }

    /// The templates for which it is played; one empty name if the case names its own.
    pub(super) fn templates(&self) -> impl Iterator<Item = &str> {
        let none = self.templates.is_empty().then_some("");
        none.into_iter().chain(self.templates.iter().map(String::as_str))
    }

    /// The text with these replies, one list for each piece.
    pub(super) fn with(&self, found: &[Vec<String>]) -> String {
        let mut text = String::new();
        for (piece, lines) in self.pieces.iter().zip(found) {
            text += &piece.source;
            for line in lines {
                text += line;
                text += "\n";
            }
        }
        text + &self.rest
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected: Vec<_> = self.pieces.iter().map(|piece| piece.expected.clone()).collect();
        f.write_str(&self.with(&expected))
    }
}
