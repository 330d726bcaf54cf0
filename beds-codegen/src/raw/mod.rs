//! Stage 3: every written leaf with its position, without interpretation.
//!
//! Both fronts build a [`RawTemplate`]: [`from_template`] from a template's file, [`from_struct`] from a struct with
//! attributes. The stage that checks it is [`crate::validate`].

mod access;
mod hint;
mod keys;
mod language;
mod lost;
mod read;
mod stray;
mod typed_key;

pub use access::{RawAccess, RawRoleFields, RawRoleRows};
pub use language::language;
pub(crate) use read::field;
pub use read::{Struct, from_struct, from_template};

pub use crate::part::Form;
use crate::{
    front::{Front, Whole},
    span::{Span, Spanned},
    tree::Scalar,
};

/// An optional leaf.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Given<T> {
    /// It is not written.
    #[default]
    Absent,
    /// It is written, but of the wrong kind, which is reported already.
    Broken,
    /// It is written.
    Is(Entry<T>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    /// The position of the key.
    pub key: Span,
    /// The value.
    pub value: Spanned<T>,
}

impl<T: PartialEq> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> Given<T> {
    /// The value, if there is a usable one.
    pub const fn get(&self) -> Option<&Spanned<T>> {
        match self {
            Self::Is(entry) => Some(&entry.value),
            Self::Absent | Self::Broken => None,
        }
    }

    /// The key with its value, if there is a usable one.
    pub(crate) const fn entry(&self) -> Option<&Entry<T>> {
        match self {
            Self::Is(entry) => Some(entry),
            Self::Absent | Self::Broken => None,
        }
    }

    /// This, or the other if this is absent.
    fn or(self, other: Self) -> Self {
        if self.is_absent() { other } else { self }
    }

    /// The position of the key.
    pub const fn key(&self) -> Option<Span> {
        match self {
            Self::Is(entry) => Some(entry.key),
            Self::Absent | Self::Broken => None,
        }
    }

    /// Whether the key is not written at all.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether the key is written, with a value that was refused.
    pub const fn is_broken(&self) -> bool {
        matches!(self, Self::Broken)
    }
}

impl Given<bool> {
    /// Whether it is written and true.
    pub fn is_true(&self) -> bool {
        self.get().is_some_and(|flag| flag.value)
    }
}

/// Names in a list.
pub type Names = Vec<Spanned<String>>;

/// A whole template.
#[derive(Debug, Clone)]
pub struct RawTemplate {
    /// The form in which it is written.
    pub front: Front,
    /// The target of a mistake without a position.
    pub whole: Whole,
    /// `[template]`
    pub header: Given<RawHeader>,
    /// `[fields]`
    pub fields: Given<Vec<RawField>>,
    /// `[objects]`
    pub objects: Given<RawObjects>,
    /// `[fetch]`
    pub fetch: Given<RawFetch>,
    /// `[events]`
    pub events: Given<RawEvents>,
    /// `[lifecycle]`
    pub lifecycle: Given<RawLifecycle>,
    /// `[audit]`
    pub audit: Given<RawAudit>,
    /// `[access]`
    pub access: Given<RawAccess>,
    /// `[calls.*]`
    pub calls: Given<Vec<RawCall>>,
}

/// `[template]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawHeader {
    /// The wire name.
    pub name: Given<String>,
    /// What the domain is.
    pub description: Given<String>,
    /// The service that serves it.
    pub service: Given<String>,
    /// The broker, where the service has several.
    pub broker: Given<String>,
    /// The engine.
    pub engine: Given<String>,
    /// The database.
    pub database: Given<String>,
    /// Whether a repeated write is done only once.
    pub once: Given<bool>,
    /// The fingerprints of earlier versions whose clients are served.
    pub compatible_with: Given<Names>,
    /// The codes of the warnings that are allowed here.
    pub allow: Given<Names>,
    /// The Rust module of the functions behind its calls.
    pub module: Given<String>,
}

/// A field, an argument, a member of an object, an item of a list, a column of a row: any part with a type.
#[derive(Debug, Clone, PartialEq)]
pub struct RawField {
    /// The name, and where it is written.
    pub name: Spanned<String>,
    /// Whether it is neither a table nor a type's name, which is reported already.
    pub is_broken: bool,
    /// How it is written.
    pub form: Form,
    /// `type`
    pub ty: Given<String>,
    /// `description`
    pub description: Given<String>,
    /// `column`
    pub column: Given<String>,
    /// `generated`
    pub generated: Given<String>,
    /// `mode`
    pub mode: Given<String>,
    /// `key`
    pub key: Given<bool>,
    /// `required`
    pub required: Given<bool>,
    /// `nullable`
    pub nullable: Given<bool>,
    /// `unique`
    pub unique: Given<bool>,
    /// `immutable`
    pub immutable: Given<bool>,
    /// `version`
    pub version: Given<bool>,
    /// `sensitive`
    pub sensitive: Given<bool>,
    /// `unsigned`
    pub unsigned: Given<bool>,
    /// `default`
    pub default: Given<Scalar>,
    /// `min`
    pub min: Given<Scalar>,
    /// `max`
    pub max: Given<Scalar>,
    /// `pattern`
    pub pattern: Given<String>,
    /// `values`
    pub values: Given<Names>,
    /// `precision`
    pub precision: Given<i128>,
    /// `scale`
    pub scale: Given<i128>,
    /// `items`
    pub items: Given<Box<RawField>>,
    /// `fields`
    pub fields: Given<Vec<RawField>>,
}

/// `[objects]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawObjects {
    /// `read`
    pub read: Given<RawObject>,
    /// `create`
    pub create: Given<RawObject>,
    /// `update`
    pub update: Given<RawObject>,
    /// `upsert`
    pub upsert: Given<RawObject>,
    /// `delete`
    pub delete: Given<RawObject>,
}

/// The database object behind one operation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawObject {
    /// `view`
    pub view: Given<String>,
    /// `table`
    pub table: Given<String>,
    /// `collection`
    pub collection: Given<String>,
    /// `procedure`
    pub procedure: Given<String>,
    /// `args`
    pub args: Given<Names>,
    /// `returns`
    pub returns: Given<Names>,
    /// `commits`
    pub commits: Given<bool>,
    /// `many`
    pub many: Given<i128>,
}

/// `[fetch]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawFetch {
    /// `filter`
    pub filter: Given<Names>,
    /// `sort`
    pub sort: Given<Names>,
    /// `limit`
    pub limit: Given<RawLimit>,
}

/// `limit`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawLimit {
    /// `default`
    pub default: Given<i128>,
    /// `max`
    pub max: Given<i128>,
}

/// `[events]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawEvents {
    /// `publish`
    pub publish: Given<Names>,
    /// `fields`
    pub fields: Given<Names>,
}

/// `[lifecycle]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawLifecycle {
    /// `ttl`
    pub ttl: Given<String>,
    /// `by`
    pub by: Given<String>,
    /// `purge`
    pub purge: Given<String>,
    /// `warehouse`
    pub warehouse: Given<RawAge>,
    /// `cool`
    pub cool: Given<RawAge>,
}

/// `warehouse` or `cool` in `[lifecycle]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawAge {
    /// `after`
    pub after: Given<String>,
    /// `by`
    pub by: Given<String>,
    /// `to`, of `warehouse` alone
    pub to: Given<String>,
}

/// `[audit]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawAudit {
    /// `operations`
    pub operations: Given<Names>,
}

/// `[calls.NAME]`
#[derive(Debug, Clone, PartialEq)]
pub struct RawCall {
    /// The name, and where it is written. It is empty for a call whose header is missing.
    pub name: Spanned<String>,
    /// Whether it is not a table, which is reported already.
    pub is_broken: bool,
    /// `description`
    pub description: Given<String>,
    /// `procedure`
    pub procedure: Given<String>,
    /// `function`
    pub function: Given<String>,
    /// `pipeline`
    pub pipeline: Given<String>,
    /// `method`
    pub method: Given<String>,
    /// `on`
    pub on: Given<String>,
    /// `lane`
    pub lane: Given<String>,
    /// `args`
    pub args: Given<Vec<RawField>>,
    /// `returns`
    pub returns: Given<RawReturns>,
    /// `commits`
    pub commits: Given<bool>,
}

/// `returns` of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum RawReturns {
    /// A word.
    Word(String),
    /// `{ rows = { … } }`
    Rows(Vec<RawField>),
    /// `{ type = … }`
    Scalar(Box<RawField>),
}

impl RawField {
    /// A field without any keys yet.
    #[must_use]
    pub fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            is_broken: false,
            form: Form::Inline,
            ty: Given::Absent,
            description: Given::Absent,
            column: Given::Absent,
            generated: Given::Absent,
            mode: Given::Absent,
            key: Given::Absent,
            required: Given::Absent,
            nullable: Given::Absent,
            unique: Given::Absent,
            immutable: Given::Absent,
            version: Given::Absent,
            sensitive: Given::Absent,
            unsigned: Given::Absent,
            default: Given::Absent,
            min: Given::Absent,
            max: Given::Absent,
            pattern: Given::Absent,
            values: Given::Absent,
            precision: Given::Absent,
            scale: Given::Absent,
            items: Given::Absent,
            fields: Given::Absent,
        }
    }

    /// This field with the type of another, and with the keys beside that type which this field lacks.
    pub(crate) fn over(self, other: Self) -> Self {
        Self {
            name: self.name,
            is_broken: self.is_broken || other.is_broken,
            form: self.form,
            ty: other.ty,
            description: self.description.or(other.description),
            column: self.column.or(other.column),
            generated: self.generated.or(other.generated),
            mode: self.mode.or(other.mode),
            key: self.key.or(other.key),
            required: self.required.or(other.required),
            nullable: self.nullable.or(other.nullable),
            unique: self.unique.or(other.unique),
            immutable: self.immutable.or(other.immutable),
            version: self.version.or(other.version),
            sensitive: self.sensitive.or(other.sensitive),
            unsigned: self.unsigned.or(other.unsigned),
            default: self.default.or(other.default),
            min: self.min.or(other.min),
            max: self.max.or(other.max),
            pattern: self.pattern.or(other.pattern),
            values: self.values.or(other.values),
            precision: self.precision.or(other.precision),
            scale: self.scale.or(other.scale),
            items: self.items.or(other.items),
            fields: self.fields.or(other.fields),
        }
    }
}

impl RawCall {
    /// A call without any keys yet.
    #[must_use]
    pub fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            is_broken: false,
            description: Given::Absent,
            procedure: Given::Absent,
            function: Given::Absent,
            pipeline: Given::Absent,
            method: Given::Absent,
            on: Given::Absent,
            lane: Given::Absent,
            args: Given::Absent,
            returns: Given::Absent,
            commits: Given::Absent,
        }
    }
}
