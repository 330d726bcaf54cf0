//! The node's own tables: that they exist, as the node uses them, on a server with the features that they need.

use beds_core::{
    inspect::Catalogue,
    spec::{Domain, Engine},
};
use beds_protocol::shown;
use beds_protocol::tables::{Right, Role, Table};

use super::{Finding, Severity};
use crate::{own, routine::lacks_on};

/// Findings on the node's own tables. All faults of a table are one finding.
pub(super) fn check(domains: &[&'static Domain], catalogue: &Catalogue) -> Vec<Finding> {
    let Some(first) = domains.first() else { return Vec::new() };
    let mut tables: Vec<&'static Table> = domains.iter().flat_map(|domain| domain.tables()).collect();
    tables.sort_unstable_by_key(|table| table.role);
    tables.dedup_by_key(|table| table.role);
    let found = |severity: Severity, place: &str, message: String, hint: String| Finding {
        template: None,
        database: first.database.to_owned(),
        severity,
        place: place.to_owned(),
        message,
        hint: Some(hint),
    };
    let finding = |place: &str, message, hint| found(Severity::Error, place, message, hint);
    let mut findings = Vec::new();
    if let Some(table) = tables.first().filter(|_| catalogue.lacks_transactions) {
        let message = format!(
            "the server of the database {} has no transactions: writes that must happen once, or are published or \
             audited, are refused",
            shown(&catalogue.database)
        );
        let hint = format!("run MongoDB as a replica set (one member is enough); {}", unless(table));
        findings.push(finding("transactions", message, hint));
    }
    for table in tables {
        let judged = judge(table, first.engine(), catalogue);
        findings.extend(judged.map(|(message, hint)| finding(table.title, message, hint)));
        let excess = excess(table, first.engine(), catalogue);
        findings.extend(excess.map(|(message, hint)| found(Severity::Warning, "grants", message, hint)));
        let doubts = catalogue.relation_named(table.name).map(own::doubts).unwrap_or_default();
        findings.extend(doubts.into_iter().map(|(doubt, hint)| Finding {
            severity: Severity::Warning,
            ..finding(table.title, format!("{}: {doubt}", shown(table.name)), hint.to_owned())
        }));
    }
    findings
}

/// What to change so that a table is not needed.
const fn unless(table: &Table) -> &'static str {
    match table.role {
        Role::Ledger => "or say `once = false` in each template whose writes may happen twice",
        Role::Events => "or take `[events]` out of the templates",
        Role::Audit => "or take `[audit]` out of the templates",
    }
}

/// Privileges of the node's user on rows that are only added.
fn excess(table: &Table, engine: Engine, catalogue: &Catalogue) -> Option<(String, String)> {
    let is_known = catalogue.grants.list.is_some() && catalogue.relation_named(table.name).is_some();
    if !table.is_append_only() || !is_known {
        return None;
    }
    let changes = [Right::Update, Right::Delete].map(|right| right.of(engine));
    let given: Vec<&str> =
        changes.into_iter().filter(|right| !lacks_on(table.name, right, catalogue)).collect();
    let message = format!(
        "{}: {} has {} on it, but rows may only be added to it",
        shown(table.name),
        shown(&catalogue.grants.user),
        given.join(", ")
    );
    let hint =
        "revoke them: an attacker who controls a node could change the rows that it has written".to_owned();
    (!given.is_empty()).then_some((message, hint))
}

/// What is wrong with a table, if anything, and what to do about it.
fn judge(table: &Table, engine: Engine, catalogue: &Catalogue) -> Option<(String, String)> {
    let name = table.name;
    let lacks: Vec<&str> = {
        let rights = table.rights.iter().map(|right| right.of(engine));
        rights.filter(|right| lacks_on(name, right, catalogue)).collect()
    };
    let Some(relation) = catalogue.relation_named(name) else {
        let what = if catalogue.documents { "collection" } else { "table" };
        let unseen = if lacks.is_empty() {
            String::new()
        } else {
            format!(", or {} may not see it: it has no {}", shown(&catalogue.grants.user), lacks.join(", "))
        };
        let consequence = match table.role {
            Role::Ledger => "a write that is sent again with its message_id is done again",
            Role::Events => "a write that is published is refused",
            Role::Audit => "a write that is audited is refused",
        };
        let message = format!(
            "there is no {what} {name} in the database {}{unseen}: {consequence}",
            shown(&catalogue.database),
            name = shown(name)
        );
        let hint =
            format!("`bedsc ddl --ledger` writes it, and `bedsc grants` the rights; {}", unless(table));
        return Some((message, hint));
    };
    let faults = own::faults(table, relation, catalogue);
    let has_faults = !faults.is_empty();
    let mut wrong: Vec<String> = faults.into_iter().map(|fault| fault.what).collect();
    let mut remedies = Vec::new();
    if has_faults {
        remedies.push("`beds ddl` writes the repair, for the DBA to run");
    }
    if !lacks.is_empty() {
        wrong.push(format!("{} has no {} on it", shown(&catalogue.grants.user), lacks.join(", ")));
        remedies.push("`bedsc grants` writes the rights");
    }
    (!wrong.is_empty())
        .then(|| (format!("{name}: {}", wrong.join("; "), name = shown(name)), remedies.join("; ")))
}
