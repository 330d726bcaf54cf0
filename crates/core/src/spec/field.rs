//! The fields of a domain, and what fills them.

use beds_protocol::Generated;

use super::Type;

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
    /// Who fills it when it is generated; a client may not give it then.
    pub generated: Option<Generated>,
}

impl Field {
    /// A field that is neither required, nullable, nor anything else.
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
