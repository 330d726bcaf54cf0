//! What the template compiler knows about a domain, as constant data.
//!
//! Generated code builds these values with `const` functions, in statics; the runtime reads them. Nothing here
//! depends on an engine: the engine's own part, such as SQL fragments, is in its adapter's `spec` module.

mod objects;

use std::sync::OnceLock;

use beds_protocol::{Lane, Placement};
use regex::Regex;

pub use objects::{Object, ObjectKind, Usage};

/// One data domain.
#[derive(Debug)]
pub struct Domain {
    /// Wire name, such as `product`.
    pub name: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// Fingerprint of what the template promises, 16 hexadecimal digits.
    pub hash: &'static str,
    /// Where its operations are routed.
    pub placement: Placement,
    /// The engine behind it.
    pub engine: Engine,
    /// The name that the configuration maps to servers.
    pub database: &'static str,
    /// All fields, in the template's order. Other members refer to them by index.
    pub fields: &'static [Field],
    /// The fields of the key; none for a domain without one.
    pub key: &'static [usize],
    /// The field that counts changes, for optimistic locking.
    pub version: Option<usize>,
    /// The operations that the template declares objects for.
    pub operations: Operations,
    /// What a fetch may filter and sort by, and how much it returns.
    pub fetch: Fetch,
    /// Named calls.
    pub calls: &'static [Call],
    /// The database objects behind all of it.
    pub objects: &'static [Object],
    /// The rendered answer to `describe`, filled on first use.
    pub(crate) description_json: OnceLock<Vec<u8>>,
}

/// The engines that BEDS has adapters for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// MariaDB, or MySQL.
    MariaDb,
    /// MongoDB, or what speaks its wire protocol.
    MongoDb,
}

/// Which operations a domain offers besides `describe` and its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operations {
    /// `fetch` and `count`.
    pub read: bool,
    /// `create`.
    pub create: bool,
    /// `update`.
    pub update: bool,
    /// `delete`.
    pub delete: bool,
}

/// What a fetch may do.
#[derive(Debug, Clone, Copy)]
pub struct Fetch {
    /// The fields that `where` may name.
    pub filter: &'static [usize],
    /// The fields that `sort` may name.
    pub sort: &'static [usize],
    /// How many records a fetch returns when it does not say.
    pub limit_default: u32,
    /// How many it may ask for.
    pub limit_max: u32,
}

impl Domain {
    /// A domain without fields or operations; the other constructors add them.
    #[must_use]
    pub const fn new(name: &'static str, description: &'static str, hash: &'static str) -> Self {
        Self {
            name,
            description,
            hash,
            placement: Placement {
                read: beds_protocol::Broker::AppRead,
                write: beds_protocol::Broker::AppWrite,
            },
            engine: Engine::MariaDb,
            database: "",
            fields: &[],
            key: &[],
            version: None,
            operations: Operations { read: false, create: false, update: false, delete: false },
            fetch: Fetch { filter: &[], sort: &[], limit_default: 50, limit_max: 500 },
            calls: &[],
            objects: &[],
            description_json: OnceLock::new(),
        }
    }
}

macro_rules! with {
    ($type:ident: $($(#[$doc:meta])* $name:ident($($arg:ident: $argtype:ty),*) => $($field:ident).+ = $value:expr;)*) => {
        impl $type { $(
            $(#[$doc])*
            #[must_use]
            pub const fn $name(mut self $(, $arg: $argtype)*) -> Self {
                self.$($field).+ = $value;
                self
            }
        )* }
    };
}

with! { Domain:
    /// Routes its operations to these brokers.
    placed(read: beds_protocol::Broker, write: beds_protocol::Broker) => placement = Placement { read, write };
    /// Sets the fields.
    fields(fields: &'static [Field]) => fields = fields;
    /// Sets the fields of the key.
    key(key: &'static [usize]) => key = key;
    /// Sets the version field.
    version(field: usize) => version = Some(field);
    /// Sets what a fetch may do.
    fetch(filter: &'static [usize], sort: &'static [usize], default: u32, max: u32) =>
        fetch = Fetch { filter, sort, limit_default: default, limit_max: max };
    /// Offers `fetch` and `count`.
    reads() => operations.read = true;
    /// Offers `create`.
    creates() => operations.create = true;
    /// Offers `update`.
    updates() => operations.update = true;
    /// Offers `delete`.
    deletes() => operations.delete = true;
    /// Sets the named calls.
    calls(calls: &'static [Call]) => calls = calls;
    /// Sets the database objects.
    objects(objects: &'static [Object]) => objects = objects;
}

impl Domain {
    /// Puts the domain in a MariaDB database.
    #[must_use]
    pub const fn mariadb(mut self, database: &'static str) -> Self {
        self.engine = Engine::MariaDb;
        self.database = database;
        self
    }

    /// Puts the domain in a MongoDB database.
    #[must_use]
    pub const fn mongodb(mut self, database: &'static str) -> Self {
        self.engine = Engine::MongoDb;
        self.database = database;
        self
    }

    /// The field with this wire name, and its index.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// The call with this name.
    #[must_use]
    pub fn call(&self, name: &str) -> Option<&'static Call> {
        self.calls.iter().find(|call| call.name == name)
    }
}

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

/// Who fills a generated field, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// The node, with a random UUID.
    UuidV4,
    /// The node, with a UUID that sorts by time.
    UuidV7,
    /// The node, with the moment of the request.
    Now,
    /// The database: an auto-increment key, a column default, a trigger.
    Database,
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

/// A regular expression that a whole string must match. The compiler has checked that it is one.
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

    /// Whether the whole text matches. A source that is no regular expression matches nothing.
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
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int { .. } | Self::UInt { .. } => "int",
            Self::Float { .. } => "float",
            Self::Decimal { .. } => "decimal",
            Self::String { .. } => "string",
            Self::Text { .. } => "text",
            Self::Bytes { .. } => "bytes",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::Enum { .. } => "enum",
            Self::Json => "json",
            Self::List { .. } => "list",
            Self::Object { .. } => "object",
            Self::ObjectId => "object_id",
        }
    }
}

/// A named call: a procedure, a function or a pipeline.
#[derive(Debug)]
pub struct Call {
    /// Wire name: the routing key is `<template>.call.<name>`.
    pub name: &'static str,
    /// What it does, for people.
    pub description: &'static str,
    /// Which queue it waits in.
    pub lane: Lane,
    /// Its parameters, in the database object's order.
    pub args: &'static [Arg],
    /// What it gives back.
    pub returns: Returns,
}

/// A parameter of a call.
#[derive(Debug)]
pub struct Arg {
    /// Name, type and bounds.
    pub field: Field,
    /// Which way its value goes.
    pub mode: ArgMode,
}

/// Which way the value of a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgMode {
    /// From the client.
    In,
    /// To the client.
    Out,
    /// Both ways.
    InOut,
}

/// What a call gives back as `data`.
#[derive(Debug)]
pub enum Returns {
    /// Nothing: result sets are not read.
    Nothing,
    /// One value.
    Scalar(Type),
    /// The rows of the first result set, each with these fields by position.
    Rows(&'static [Field]),
    /// Every result set as it comes, each row an object by column name.
    AsItComes,
}
