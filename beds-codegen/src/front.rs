//! The two ways to write a domain, and their forms in messages: a template says `items = { type = "string" }` where an
//! attribute says `items(type = "string")`.

use crate::span::{FileId, Span};

/// The form in which a part of a domain is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// A template file.
    Template,
    /// `#[beds(…)]` of a struct or a field.
    Attributes,
    /// The parentheses of a key inside `#[beds(…)]`.
    Parentheses,
}

/// The whole that a message refers to if it has no position of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// A template: the file itself.
    File(FileId),
    /// A struct: its name.
    Struct(Span),
}

/// A value in an example.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Example<'a> {
    /// A literal, which has the same form in both.
    Is(&'a str),
    /// True, which in an attribute is the key alone.
    Yes,
    /// Keys with their values.
    Keys(&'a [(&'a str, Self)]),
    /// Keys that the example leaves open.
    Any,
}

impl Front {
    /// The form inside a value.
    #[must_use]
    pub(crate) const fn inside(self) -> Self {
        match self {
            Self::Template => Self::Template,
            Self::Attributes | Self::Parentheses => Self::Parentheses,
        }
    }

    /// A key with its value.
    pub(crate) fn key(self, key: &str, value: Example<'_>) -> String {
        match (self, value) {
            (_, Example::Is(literal)) => format!("{key} = {literal}"),
            (Self::Template, Example::Yes) => format!("{key} = true"),
            (Self::Attributes | Self::Parentheses, Example::Yes) => key.to_owned(),
            (Self::Template, Example::Any | Example::Keys(_)) => format!("{key} = {}", self.keys(value)),
            (Self::Attributes | Self::Parentheses, Example::Any | Example::Keys(_)) => {
                format!("{key}{}", self.keys(value))
            }
        }
    }

    fn keys(self, value: Example<'_>) -> String {
        let inner = match value {
            Example::Keys(keys) => {
                keys.iter().map(|(key, value)| self.key(key, *value)).collect::<Vec<_>>().join(", ")
            }
            Example::Is(_) | Example::Yes | Example::Any => "…".to_owned(),
        };
        match self {
            Self::Template => format!("{{ {inner} }}"),
            Self::Attributes | Self::Parentheses => format!("({inner})"),
        }
    }

    /// The text to write, in backquotes: bare keys, or an attribute around them if they need one.
    pub(crate) fn write(self, keys: &str) -> String {
        match self {
            Self::Template | Self::Parentheses => format!("`{keys}`"),
            Self::Attributes => format!("`#[beds({keys})]`"),
        }
    }

    /// [`Self::write`] for one key.
    pub(crate) fn write_key(self, key: &str, value: Example<'_>) -> String {
        self.write(&self.key(key, value))
    }

    /// The text to write into a section, in backquotes, and where.
    pub(crate) fn write_into(self, section: &str, key: &str, value: Example<'_>) -> String {
        let text = self.key(key, value);
        match self {
            Self::Template => format!("`{text}` to `[{section}]`"),
            // The keys of these two sections stand directly in the attribute.
            Self::Attributes | Self::Parentheses if matches!(section, "template" | "objects") => {
                format!("`#[beds({text})]` to the struct")
            }
            Self::Attributes | Self::Parentheses => format!("`#[beds({section}({text}))]` to the struct"),
        }
    }

    /// A section, in backquotes.
    pub(crate) fn section(self, name: &str) -> String {
        match (self, name) {
            (Self::Template, _) => format!("`[{name}]`"),
            (Self::Attributes | Self::Parentheses, "template" | "objects") => "`#[beds(…)]`".to_owned(),
            (Self::Attributes | Self::Parentheses, _) => format!("`{name}(…)`"),
        }
    }

    /// The form of a table as a value.
    pub(crate) fn table(self, key: &str, example: Example<'_>) -> String {
        match self {
            Self::Template => format!("a table such as {}", self.keys(example)),
            Self::Attributes | Self::Parentheses => {
                format!("keys in parentheses, such as `{}`", self.key(key, example))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Example::*, *};

    #[test]
    fn each_front_has_its_own_spelling() {
        let items = Keys(&[("type", Is("\"string\"")), ("key", Yes), ("rows", Any)]);
        for (front, expected) in [
            (Front::Template, "`items = { type = \"string\", key = true, rows = { … } }`"),
            (Front::Attributes, "`#[beds(items(type = \"string\", key, rows(…)))]`"),
            (Front::Parentheses, "`items(type = \"string\", key, rows(…))`"),
        ] {
            assert_eq!(front.write_key("items", items), expected);
        }
        assert_eq!(Front::Template.inside(), Front::Template);
        assert_eq!(Front::Attributes.inside(), Front::Parentheses);
    }
}
