//! A model of a domain, written by a person or a program: structured data, not a script. The renderers decide what it
//! becomes.
//!
//! [`schema`] is the JSON Schema of a model. [`read`] reads a model from a file or from a language model's answer, and
//! reports every mistake.

mod before;
mod check;
mod shape;
mod shapes;

use beds_protocol::{ArgMode, Engine, Generated, Lane, TypeName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::before::{Becomes, Before};
use crate::{fault::Faults, json};

/// The longest model that is read, in bytes.
pub const MODEL_BYTES_MAX: usize = 1 << 20;

/// A domain with its entities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Model {
    pub name: String,
    pub description: String,
    pub engine: Engine,
    pub database: String,
    pub entities: Vec<Entity>,
    #[serde(default)]
    pub relations: Vec<Relation>,
    #[serde(default)]
    pub risks: Vec<String>,
    #[serde(default)]
    pub questions: Vec<String>,
}

/// A kind of records. It becomes one template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Entity {
    pub name: String,
    pub description: String,
    pub fields: Vec<Field>,
    pub operations: Vec<Operation>,
    pub many: Option<u32>,
    #[serde(default)]
    pub filters: Vec<String>,
    #[serde(default)]
    pub sorts: Vec<String>,
    pub limit: Option<Limit>,
    #[serde(default)]
    pub calls: Vec<Call>,
    pub access: Option<Access>,
    pub events: Option<Events>,
    #[serde(default)]
    pub reason: String,
}

/// What clients may do with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they are the operations of the wire")]
pub enum Operation {
    Fetch,
    Create,
    Update,
    Upsert,
    Delete,
}

impl Operation {
    /// The name of the operation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
        }
    }
}

/// How many records a reply has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Limit {
    pub default: u32,
    pub max: u32,
}

/// A type with its bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Kind {
    #[serde(rename = "type")]
    pub ty: TypeName,
    pub min: Option<Constant>,
    pub max: Option<Constant>,
    #[serde(default)]
    pub unsigned: bool,
    pub precision: Option<u32>,
    pub scale: Option<u32>,
    pub pattern: Option<String>,
    pub values: Option<Vec<String>>,
    pub items: Option<Box<Kind>>,
    pub members: Option<Vec<Part>>,
    #[serde(default)]
    pub nullable: bool,
}

/// A bound, a default or another constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "they are JSON's")]
pub enum Constant {
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
}

/// A member of an object, or a column of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Part {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(flatten)]
    pub kind: Kind,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub sensitive: bool,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Field {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(flatten)]
    pub kind: Kind,
    #[serde(default)]
    pub key: bool,
    pub generated: Option<Generated>,
    #[serde(default)]
    pub required: bool,
    pub default: Option<Constant>,
    #[serde(default)]
    pub unique: bool,
    #[serde(default)]
    pub immutable: bool,
    #[serde(default)]
    pub version: bool,
    #[serde(default)]
    pub sensitive: bool,
    pub before: Option<Before>,
    #[serde(default)]
    pub reason: String,
}

/// Any other operation of the database on an entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Call {
    pub name: String,
    pub description: String,
    pub lane: Lane,
    pub args: Vec<Arg>,
    pub rows: Option<Vec<Part>>,
    pub body: Option<String>,
    pub pipeline: Option<String>,
    #[serde(default)]
    pub reason: String,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Arg {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(flatten)]
    pub kind: Kind,
    pub mode: Option<ArgMode>,
    pub default: Option<Constant>,
    #[serde(default)]
    pub sensitive: bool,
}

/// Who may do what with an entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Access {
    pub grants: Vec<Grant>,
    #[serde(default)]
    pub rows: Vec<RoleRows>,
    #[serde(default)]
    pub fields: Vec<RoleFields>,
}

/// The roles that may do something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Grant {
    pub operation: String,
    pub roles: Vec<String>,
}

/// A condition on the records that a role reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct RoleRows {
    pub role: String,
    pub field: String,
    pub values: Vec<Constant>,
}

/// The fields that a role may not see, or may not set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct RoleFields {
    pub role: String,
    #[serde(default)]
    pub hidden: Vec<String>,
    #[serde(default)]
    pub readonly: Vec<String>,
}

/// The changes that are published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Events {
    pub publish: Vec<String>,
    #[serde(default)]
    pub fields: Vec<String>,
}

/// A field that holds the key of another entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Relation {
    pub from: String,
    pub field: String,
    pub to: String,
    pub on_delete: Option<OnDelete>,
    #[serde(default)]
    pub reason: String,
}

/// What happens to records if the record that they refer to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the schema describes the words")]
pub enum OnDelete {
    Restrict,
    Cascade,
    SetNull,
}

impl Model {
    /// The entity with a name, and its place.
    #[must_use]
    pub fn entity(&self, name: &str) -> Option<(usize, &Entity)> {
        self.entities.iter().enumerate().find(|(_, entity)| entity.name == name)
    }

    /// The model as it is stored: JSON with one layout, so that the same model always has the same bytes.
    #[must_use]
    pub fn text(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        json::without_empty(&mut value);
        format!("{value:#}\n")
    }
}

impl Constant {
    /// The constant in JSON.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Bool(value) => json!(value),
            Self::Number(value) => json!(value),
            Self::Text(value) => json!(value),
        }
    }
}

impl Entity {
    /// The fields of the key.
    pub fn key(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.key)
    }

    /// Whether clients may do this operation.
    #[must_use]
    pub fn offers(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }
}

/// The JSON Schema of a model.
#[must_use]
pub fn schema() -> Value {
    let mut schema = shape::schema(&shapes::MODEL);
    schema["title"] = "A domain of BEDS: its entities, and what clients may do with them".into();
    schema
}

/// Reads a model.
///
/// # Errors
/// Every fault, with its path and a remedy. If the structure is wrong, the meaning is not checked.
pub fn read(bytes: &[u8]) -> Result<Model, Faults> {
    let mut faults = Faults::default();
    let Some(mut value) = json::parse(bytes, MODEL_BYTES_MAX, &mut faults) else { return Err(faults) };
    shape::check(&value, &shapes::MODEL, &mut faults);
    faults.none_or()?;
    json::without_nulls(&mut value);
    let model: Model = serde_json::from_value(value).map_err(|error| {
        let mut faults = Faults::default();
        faults.add("", format!("this is not a model: {error}"), "compare it with the schema");
        faults
    })?;
    let mut faults = Faults::default();
    check::check(&model, &mut faults);
    faults.none_or()?;
    Ok(model)
}
