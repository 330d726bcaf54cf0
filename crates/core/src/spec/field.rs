//! Fields, their types with the bounds on their values, and what fills them.

use std::sync::OnceLock;

use beds_protocol::Generated;

use beds_protocol::TypeName;
use regex::Regex;

/// One field of a domain, an argument of a call, or a member of an object.
#[derive(Debug)]
pub struct Field {
    /// Wire name.
    pub name: &'static str,
    /// Name in the database.
    pub column: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// What its values are.
    pub ty: Type,
    /// Whether `create` must give it.
    pub required: bool,
    /// Whether its value may be null.
    pub nullable: bool,
    /// Whether `update` must not change it.
    pub immutable: bool,
    /// Whether no two records share a value.
    pub unique: bool,
    /// Whether its value is masked in logs, errors and dead letters.
    pub sensitive: bool,
    /// The value that `create` takes when none is given.
    pub default: Option<Literal>,
    /// Who generates its value, if it is generated. A client may not give it then.
    pub generated: Option<Generated>,
}

impl Field {
    /// A field without any of the optional properties.
    #[must_use]
    pub const fn new(name: &'static str, column: &'static str, ty: Type) -> Self {
        Self {
            name,
            column,
            description: "",
            ty,
            required: false,
            nullable: false,
            immutable: false,
            unique: false,
            sensitive: false,
            default: None,
            generated: None,
        }
    }
}

with! { Field:
    /// Says what it is.
    described(description: &'static str) => description = description;
    /// `create` must give it.
    required() => required = true;
    /// It may be null.
    nullable() => nullable = true;
    /// `update` must not change it.
    immutable() => immutable = true;
    /// No two records share a value.
    unique() => unique = true;
    /// Its value is masked.
    sensitive() => sensitive = true;
    /// Its value when none is given.
    default(value: Literal) => default = Some(value);
    /// It is generated.
    generated(by: Generated) => generated = Some(by);
}

/// A constant value in a template. Values of types that JSON lacks are in their wire form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Literal {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Everything that is a string on the wire.
    Text(&'static str),
}

/// The type of a field, with the bounds on its values.
#[derive(Debug)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A 64-bit signed integer, bounds inclusive.
    Int {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A 64-bit unsigned integer, bounds inclusive: for columns whose values exceed the signed range.
    UInt {
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
    },
    /// A 64-bit floating-point number, bounds inclusive.
    Float {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// An exact decimal number, a string on the wire.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
        /// Least value, in wire form.
        min: Option<&'static str>,
        /// Greatest value, in wire form.
        max: Option<&'static str>,
    },
    /// A short string, indexable; lengths in characters.
    String {
        /// Least length.
        min: u32,
        /// Greatest length.
        max: u32,
        /// What the whole string must match.
        pattern: Option<Pattern>,
    },
    /// A long string, not filterable; lengths in characters.
    Text {
        /// Least length.
        min: u32,
        /// Greatest length.
        max: u32,
    },
    /// Bytes, base64 on the wire.
    Bytes {
        /// Greatest length in bytes.
        max: u32,
    },
    /// A UUID, as text on the wire.
    Uuid,
    /// A calendar date, `YYYY-MM-DD`.
    Date,
    /// A time of day, `HH:MM:SS[.ffffff]`.
    Time,
    /// A moment, RFC 3339 in UTC.
    DateTime,
    /// One of some strings.
    Enum {
        /// The strings.
        values: &'static [&'static str],
    },
    /// Any JSON.
    Json,
    /// An array of values of one type.
    List {
        /// The type of each.
        item: &'static Field,
        /// How many at most.
        max: u32,
    },
    /// An object with these members.
    Object {
        /// The members.
        fields: &'static [Field],
    },
    /// A MongoDB `ObjectId`, 24 hexadecimal digits on the wire.
    ObjectId,
}

/// A regular expression that a whole string must match. The compiler has checked its syntax.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern in the syntax of the `regex` crate.
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self { source, regex: OnceLock::new() }
    }

    /// The pattern as the template has it.
    #[must_use]
    pub const fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the whole text matches. An invalid regular expression matches nothing.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let compile = || Regex::new(&format!("^(?:{})$", self.source)).ok();
        self.regex.get_or_init(compile).as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl Type {
    /// Any 64-bit signed integer.
    pub const INT: Self = Self::Int { min: i64::MIN, max: i64::MAX };
    /// Any finite number.
    pub const FLOAT: Self = Self::Float { min: f64::MIN, max: f64::MAX };

    /// A signed integer within bounds.
    #[must_use]
    pub const fn int(min: i64, max: i64) -> Self {
        Self::Int { min, max }
    }

    /// An unsigned integer within bounds.
    #[must_use]
    pub const fn uint(min: u64, max: u64) -> Self {
        Self::UInt { min, max }
    }

    /// A number within bounds.
    #[must_use]
    pub const fn float(min: f64, max: f64) -> Self {
        Self::Float { min, max }
    }

    /// A decimal within bounds.
    #[must_use]
    pub const fn decimal(
        precision: u8,
        scale: u8,
        min: Option<&'static str>,
        max: Option<&'static str>,
    ) -> Self {
        Self::Decimal { precision, scale, min, max }
    }

    /// A string within length bounds.
    #[must_use]
    pub const fn string(min: u32, max: u32) -> Self {
        Self::String { min, max, pattern: None }
    }

    /// A string within length bounds that matches a pattern.
    #[must_use]
    pub const fn matching(min: u32, max: u32, pattern: &'static str) -> Self {
        Self::String { min, max, pattern: Some(Pattern::new(pattern)) }
    }

    /// A long string within length bounds.
    #[must_use]
    pub const fn text(min: u32, max: u32) -> Self {
        Self::Text { min, max }
    }

    /// Bytes, at most this many.
    #[must_use]
    pub const fn bytes(max: u32) -> Self {
        Self::Bytes { max }
    }

    /// One of these strings.
    #[must_use]
    pub const fn one_of(values: &'static [&'static str]) -> Self {
        Self::Enum { values }
    }

    /// At most `max` values, each like `item`.
    #[must_use]
    pub const fn list(item: &'static Field, max: u32) -> Self {
        Self::List { item, max }
    }

    /// An object with these members.
    #[must_use]
    pub const fn object(fields: &'static [Field]) -> Self {
        Self::Object { fields }
    }

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
}
