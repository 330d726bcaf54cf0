//! [`Judged`]: the rights that `[access]` of a domain gives to a caller's roles.

use beds_protocol::Operation;

use super::caller::Standing;
use crate::spec::{ANY_KNOWN, ANYONE, Access, Domain, Row};

/// No role may do anything: for a domain without `[access]`, on a node that closes such domains.
static CLOSED: Access = Access { grants: &[], rows: &[], fields: &[] };

/// What a domain's access says of some roles.
#[derive(Debug)]
pub struct Judged<'a> {
    access: &'static Access,
    /// Whether the caller is known.
    is_known: bool,
    /// The caller's own roles.
    own: &'a [Box<str>],
}

impl<'a> Judged<'a> {
    /// The rights of a caller. `None` if the caller may do everything: the domain is open, or the node itself asks.
    #[must_use]
    pub fn of(standing: &'a Standing, domain: &'static Domain) -> Option<Self> {
        if standing.is_trusted {
            return None;
        }
        let access = match &domain.access {
            Some(access) => access,
            None if standing.rules.opens_undeclared => return None,
            None => &CLOSED,
        };
        let caller = &*standing.caller;
        Some(Self { access, is_known: caller.user.is_some(), own: &caller.roles })
    }

    /// The rights of a role, by its name.
    #[must_use]
    pub fn of_role(role: &'a [Box<str>; 1], access: &'static Access) -> Self {
        match &*role[0] {
            ANYONE => Self { access, is_known: false, own: &[] },
            ANY_KNOWN => Self { access, is_known: true, own: &[] },
            _ => Self { access, is_known: true, own: role },
        }
    }

    fn has(&self, role: &str) -> bool {
        match role {
            ANYONE => true,
            ANY_KNOWN => self.is_known,
            role => self.own.iter().any(|own| **own == *role),
        }
    }

    /// The roles of the caller that may do an operation. A description is for all who may do any operation.
    #[must_use]
    pub fn granted(&self, operation: Operation<'_>) -> Vec<&'static str> {
        let own = |roles: &'static [&'static str]| roles.iter().copied().filter(|role| self.has(role));
        if operation != Operation::Describe {
            return own(self.access.roles(operation)).collect();
        }
        let mut all: Vec<&str> = self.access.grants.iter().flat_map(|grant| own(grant.roles)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The rows that these roles reach, by role. `None` if one of the roles reaches all rows.
    #[must_use]
    pub fn rows(&self, roles: &[&str]) -> Option<Vec<&'static [Row]>> {
        let of =
            |role: &&str| self.access.rows.iter().find(|rows| *rows.role == **role).map(|rows| rows.rows);
        roles.iter().map(of).collect()
    }

    /// The fields that none of these roles sees, and the fields that they see but do not set.
    #[must_use]
    pub fn fields(&self, roles: &[&str]) -> (Vec<usize>, Vec<usize>) {
        let of = |role: &str| self.access.fields.iter().find(|fields| fields.role == role);
        let Some((first, others)) = roles.split_first() else { return (Vec::new(), Vec::new()) };
        let Some(first) = of(first) else { return (Vec::new(), Vec::new()) };
        let is_hidden =
            |role: &str, field: usize| of(role).is_some_and(|rules| rules.hidden.contains(&field));
        let is_barred = |role: &str, field: usize| {
            of(role).is_some_and(|rules| rules.hidden.contains(&field) || rules.readonly.contains(&field))
        };
        let hidden = first.hidden.iter().copied();
        let hidden: Vec<usize> =
            hidden.filter(|field| others.iter().all(|role| is_hidden(role, *field))).collect();
        let barred = first.hidden.iter().chain(first.readonly).copied();
        let readonly = barred
            .filter(|field| !hidden.contains(field) && others.iter().all(|role| is_barred(role, *field)));
        let readonly = readonly.collect();
        (hidden, readonly)
    }
}
