//! `[audit]`: the changes that are audited.

use super::{
    Cx,
    changes::{self, Offered},
    fields::Fields,
};
use crate::{
    diagnostic::changes::Purpose,
    model::Change,
    raw::{Given, RawAudit},
};

/// The audited operations. Invalid entries are reported.
pub(super) fn validate(
    raw: &Given<RawAudit>,
    offered: &Offered<'_>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) -> Vec<Change> {
    let Given::Is(entry) = raw else { return Vec::new() };
    let RawAudit { operations } = &entry.value.value;
    let listed = changes::listed(operations, (Purpose::Audit, entry.key), offered, cx).unwrap_or_default();
    changes::check_key(Purpose::Audit, &listed, fields, cx);
    listed.into_iter().map(|(operation, _)| operation).collect()
}
