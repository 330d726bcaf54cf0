//! `[access]`: who may do what in a domain, with which records and fields.

use beds_protocol::{Operation, RequestValue};

use super::Literal;

pub use beds_protocol::vocabulary::{ANY_KNOWN, ANYONE};

/// Who may do what. Anything that is not listed is forbidden to all.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    /// Which roles may do an operation.
    pub grants: &'static [Grant],
    /// The records that each role reaches. A role without an entry reaches all.
    pub rows: &'static [RoleRows],
    /// The fields that each role does not see, or does not set.
    pub fields: &'static [RoleFields],
}

/// Who may do an operation.
#[derive(Debug, Clone, Copy)]
pub struct Grant {
    /// The operation.
    pub operation: Operation<'static>,
    /// The roles: names, or [`ANY_KNOWN`], or [`ANYONE`].
    pub roles: &'static [&'static str],
}

/// The records that a role reaches: all conditions must hold.
#[derive(Debug, Clone, Copy)]
pub struct RoleRows {
    /// The role.
    pub role: &'static str,
    /// The conditions.
    pub rows: &'static [Row],
}

/// A field that has one of some values.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The field.
    pub field: usize,
    /// The values.
    pub any_of: &'static [Wanted],
}

/// A value that a field must have.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// Always the same.
    Is(Literal),
    /// A value of the request itself.
    Asked(RequestValue),
}

/// The fields that a role does not see, or does not set.
#[derive(Debug, Clone, Copy)]
pub struct RoleFields {
    /// The role.
    pub role: &'static str,
    /// The role does not see these, and does not filter, sort or set by them.
    pub hidden: &'static [usize],
    /// The role sees these, and does not set them.
    pub readonly: &'static [usize],
}

impl Access {
    /// The roles that may do an operation. Without an entry for `count`, the roles that may fetch may count.
    #[must_use]
    pub fn roles(&self, operation: Operation<'_>) -> &'static [&'static str] {
        let of = |wanted: Operation<'_>| self.grants.iter().find(|grant| grant.operation == wanted);
        let grant = match operation {
            Operation::Count => of(operation).or_else(|| of(Operation::Fetch)),
            _ => of(operation),
        };
        grant.map_or(&[], |grant| grant.roles)
    }

    /// Every named role, each once, in the order of the grants and then of rows and fields.
    #[must_use]
    pub fn named(&self) -> Vec<&'static str> {
        let granted = self.grants.iter().flat_map(|grant| grant.roles).copied();
        let rows = self.rows.iter().map(|rows| rows.role);
        let fields = self.fields.iter().map(|fields| fields.role);
        let mut named = Vec::new();
        for role in granted.chain(rows).chain(fields) {
            if !named.contains(&role) {
                named.push(role);
            }
        }
        named
    }
}
