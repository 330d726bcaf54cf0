//! What a procedure does with an existing record, and with a new one.

use super::{Findings, Severity, place};
use crate::routine::Assignment;
use beds_core::spec::Usage;

/// A part of a procedure's effect. An upsert has two parts, and each is judged separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The whole of a create or an update.
    Whole,
    /// What an upsert stores of a new record.
    New,
    /// What an upsert changes in an existing record.
    There,
}

impl Part {
    pub(super) const fn of(usage: Usage) -> &'static [Self] {
        match usage {
            Usage::Create | Usage::Update => &[Self::Whole],
            Usage::Upsert => &[Self::New, Self::There],
            Usage::Read | Usage::Delete | Usage::Call(_) => &[],
        }
    }

    pub(super) fn has(self, stored: &Assignment<'_>) -> bool {
        match self {
            Self::Whole => true,
            Self::New => !stored.changes(),
            Self::There => stored.changes(),
        }
    }

    /// Whether the record already has its key when this part writes it.
    pub(super) fn has_key(self, usage: Usage) -> bool {
        self == Self::There || usage == Usage::Update
    }

    /// Reports a finding for the records of this part. A finding about both parts is reported once.
    pub(super) fn report(
        self,
        (severity, usage): (Severity, Usage),
        message: String,
        hint: &str,
        findings: &mut Findings<'_>,
    ) {
        const NEW: &str = " where the record is new";
        let place = place(usage);
        let of_new = format!("{message}{NEW}");
        if self == Self::There
            && let Some(finding) =
                findings.list.iter_mut().find(|finding| finding.place == place && finding.message == of_new)
        {
            finding.message = message;
            return;
        }
        let when = match self {
            Self::Whole => "",
            Self::New => NEW,
            Self::There => " where the record is there already",
        };
        findings.push(severity, place, format!("{message}{when}")).hint(hint);
    }
}
