//! The written keys and values, each with its position, without interpretation.
//!
//! Both fronts produce this tree: [`crate::parse`] from a template, [`crate::derive`] from attributes. [`crate::raw`]
//! reads it without knowing which front it came from.

use crate::{names::quoted, span::Spanned};

/// A value and its position.
pub type Node = Spanned<Value>;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A constant.
    Scalar(Scalar),
    /// Values in brackets.
    List(Vec<Node>),
    /// Keys with values.
    Table(Table),
    /// An unusable value, which is reported already.
    Broken,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// An integer of any reasonable size.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// A string.
    Text(String),
    /// TOML's own dates and times, as written.
    Moment(String),
}

impl Scalar {
    /// What kind of value it is, with its article.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a string",
            Self::Moment(_) => "a date or time",
        }
    }

    /// The constant in the form of a template.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Bool(flag) => flag.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => format!("{number:?}"),
            Self::Text(text) => quoted(text),
            Self::Moment(text) => text.clone(),
        }
    }
}

/// Keys with their values, in written order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The entries, without duplicate keys.
    pub entries: Vec<Entry>,
    /// Whether some entries could not be read, which is reported already. An absent key may be among them.
    pub is_partial: bool,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Spanned<String>,
    /// The value.
    pub value: Node,
}

impl Table {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.key.value == key).map(|entry| &entry.value)
    }

    /// The table that is the value of a key.
    pub(crate) fn table_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.entries.iter_mut().find(|entry| entry.key.value == key).and_then(|entry| {
            match &mut entry.value.value {
                Value::Table(table) => Some(table),
                Value::Scalar(_) | Value::List(_) | Value::Broken => None,
            }
        })
    }
}

impl Value {
    /// The value in the form of a template.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Scalar(scalar) => scalar.written(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(|item| item.value.written()).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Table(_) | Self::Broken => "…".to_owned(),
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Scalar(Scalar::Text(text)) => Some(text),
            Self::Scalar(_) | Self::List(_) | Self::Table(_) | Self::Broken => None,
        }
    }
}
