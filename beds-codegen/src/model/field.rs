//! Fields and their types.

use beds_protocol::{Generated, TypeName};
use proc_macro2::Ident;

/// A field, an argument, a member, an item, a column of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Wire name.
    pub name: String,
    /// The name as a Rust identifier.
    pub ident: Ident,
    /// Name in the database.
    pub column: String,
    /// What it is, for people.
    pub description: String,
    /// What its values are.
    pub ty: Type,
    /// Where the value of a new record comes from.
    pub supply: Supply,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether it is part of the key.
    pub is_key: bool,
    /// Whether `update` must not change it.
    pub immutable: bool,
    /// Whether no two records share a value.
    pub unique: bool,
    /// Whether its value is masked in logs, errors and dead letters.
    pub sensitive: bool,
}

/// Where the value of a new record's field comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Supply {
    /// The client must give it.
    Required,
    /// The client may give it.
    Optional,
    /// The client may give it. The default is this.
    Default(Literal),
    /// It is generated, and the client may not give it.
    Generated(Generated),
    /// The database counts it up.
    Version,
}

/// A constant, in wire form where JSON lacks its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A value that is a string on the wire.
    Text(String),
}

/// A type with inclusive bounds on its values.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the members are the keys of the template language")]
pub enum Type {
    /// `true` or `false`
    Bool,
    /// A signed integer.
    Int { min: i64, max: i64 },
    /// An unsigned integer.
    UInt { min: u64, max: u64 },
    /// A floating-point number.
    Float { min: f64, max: f64 },
    /// An exact decimal; `precision` digits in all, `scale` of them after the point.
    Decimal { precision: u8, scale: u8, min: Option<String>, max: Option<String> },
    /// A short string; lengths in characters.
    String { min: u32, max: u32, pattern: Option<String> },
    /// A long string; lengths in characters.
    Text { min: u32, max: u32 },
    /// Bytes; length in bytes.
    Bytes { max: u32 },
    /// A UUID.
    Uuid,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A moment.
    DateTime,
    /// One of some strings.
    Enum { values: Vec<String> },
    /// Any JSON.
    Json,
    /// At most `max` values, each like `item`.
    List { item: Box<Field>, max: u32 },
    /// An object with these members.
    Object { fields: Vec<Field> },
    /// A MongoDB `ObjectId`.
    ObjectId,
}

impl Type {
    /// The type's name in templates.
    #[must_use]
    pub const fn type_name(&self) -> TypeName {
        match self {
            Self::Bool => TypeName::Bool,
            Self::Int { .. } | Self::UInt { .. } => TypeName::Int,
            Self::Float { .. } => TypeName::Float,
            Self::Decimal { .. } => TypeName::Decimal,
            Self::String { .. } => TypeName::String,
            Self::Text { .. } => TypeName::Text,
            Self::Bytes { .. } => TypeName::Bytes,
            Self::Uuid => TypeName::Uuid,
            Self::Date => TypeName::Date,
            Self::Time => TypeName::Time,
            Self::DateTime => TypeName::DateTime,
            Self::Enum { .. } => TypeName::Enum,
            Self::Json => TypeName::Json,
            Self::List { .. } => TypeName::List,
            Self::Object { .. } => TypeName::Object,
            Self::ObjectId => TypeName::ObjectId,
        }
    }

    /// [`Self::type_name`] as text.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.type_name().as_str()
    }

    /// Whether it can be filtered, sorted, unique, and part of a key.
    #[must_use]
    pub const fn is_indexable(&self) -> bool {
        self.type_name().is_indexable()
    }
}
