//! `[access]`: who may do what.

use beds_protocol::RequestValue;

use super::Literal;

/// Who may do what. Anything not listed is forbidden.
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    /// The roles of each operation, in the order of the operations and then of the calls.
    pub grants: Vec<(Granted, Vec<String>)>,
    /// The records that a role reaches, in the order they are written.
    pub rows: Vec<RoleRows>,
    /// The fields that a role does not see, or set.
    pub fields: Vec<RoleFields>,
}

impl Access {
    /// The roles that may do an operation. A role that may fetch may also count, unless `count` is listed.
    #[must_use]
    pub fn roles(&self, operation: &Granted) -> &[String] {
        let of = |wanted: &Granted| self.grants.iter().find(|(granted, _)| granted == wanted);
        let found = of(operation).or_else(|| of(&Granted::Fetch).filter(|_| *operation == Granted::Count));
        found.map_or(&[], |(_, roles)| roles)
    }
}

/// What a role may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// `fetch`, and `count` unless it is written.
    Fetch,
    /// `count`
    Count,
    /// `create`
    Create,
    /// `update`
    Update,
    /// `upsert`
    Upsert,
    /// `delete`
    Delete,
    /// A call.
    Call(String),
}

impl Granted {
    /// The operation as in routing keys.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Fetch => "fetch".to_owned(),
            Self::Count => "count".to_owned(),
            Self::Create => "create".to_owned(),
            Self::Update => "update".to_owned(),
            Self::Upsert => "upsert".to_owned(),
            Self::Delete => "delete".to_owned(),
            Self::Call(name) => format!("call.{name}"),
        }
    }
}

/// The records that a role reaches: all conditions hold.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleRows {
    /// The role.
    pub role: String,
    /// Each field with its allowed values.
    pub rows: Vec<(usize, Vec<Wanted>)>,
}

/// A value that a field must have.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// A constant.
    Is(Literal),
    /// A value of the request.
    Asked(RequestValue),
}

/// The fields that a role does not see, or does not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFields {
    /// The role.
    pub role: String,
    /// It does not see these.
    pub hidden: Vec<usize>,
    /// It sees these, and does not set them.
    pub readonly: Vec<usize>,
}
