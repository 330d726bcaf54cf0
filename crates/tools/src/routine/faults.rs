//! What is wrong with what a routine stands on: its definer, and the tables and procedures that its text names.

use std::collections::BTreeSet;

use beds_core::inspect::{Catalogue, Routine, RoutineKind};
use beds_protocol::shown;

use super::{
    rights,
    tokens::{Token, tokens},
    uses::{Need, Use, uses},
};
use crate::severity::Severity;

/// How many routines that call each other are followed.
const CALLED_MAX: usize = 200;

/// What is wrong with what a routine stands on.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Fault {
    fn new(severity: Severity, message: String, hint: impl Into<String>) -> Self {
        Self { severity, message, hint: Some(hint.into()) }
    }
}

/// Why each call of a routine fails, as far as it can be seen.
pub(crate) fn broken(routine: &Routine, catalogue: &Catalogue) -> Option<String> {
    let is_error = |fault: &Fault| fault.severity == Severity::Error;
    faults(routine, false, catalogue).into_iter().find(is_error).map(|fault| fault.message)
}

/// The first table without transactions that a routine, or one that it calls, writes into, and its engine.
pub(crate) fn loose(routine: &Routine, catalogue: &Catalogue) -> Option<(String, String)> {
    followed(routine, catalogue).into_iter().find_map(|(_, used)| {
        let mut writes = used.iter().filter(|used| used.need.writes());
        writes.find_map(|used| loose_table(&used.name, catalogue))
    })
}

/// A routine and those that it calls, as far as they change what does not fit: each that was made without a strict SQL
/// mode, the first in any case, what it calls where it writes.
pub(crate) fn lax<'c>(routine: &'c Routine, catalogue: &'c Catalogue) -> Vec<&'c Routine> {
    let is_first = |one: &Routine| one.kind == routine.kind && one.name == routine.name;
    let all = followed(routine, catalogue).into_iter();
    all.filter(|(one, uses)| {
        !one.mode.strict && (is_first(one) || uses.iter().any(|used| used.need.writes()))
    })
    .map(|(one, _)| one)
    .collect()
}

/// What is wrong with a routine and those that it calls; `is_whole` is whether all that they write must be in one
/// transaction.
pub(crate) fn faults(routine: &Routine, is_whole: bool, catalogue: &Catalogue) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (routine, uses) in followed(routine, catalogue) {
        faults.extend(definer(routine, catalogue));
        for used in &uses {
            if used.need == Need::Execute {
                if catalogue.routine(RoutineKind::Procedure, &used.name).is_none() {
                    faults.push(missing(routine, used, catalogue));
                }
                continue;
            }
            faults.extend(table(routine, used, catalogue));
            if is_whole && used.need.writes() {
                faults.extend(transactional(routine, used, catalogue));
            }
        }
    }
    faults
}

/// A routine and those that it calls, each with what it uses of this database.
fn followed<'c>(routine: &'c Routine, catalogue: &'c Catalogue) -> Vec<(&'c Routine, Vec<Use>)> {
    let mut open = vec![routine];
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut followed = Vec::new();
    while let Some(routine) = open.pop() {
        if seen.len() == CALLED_MAX || !seen.insert(routine.name.to_lowercase()) {
            continue;
        }
        let tokens = routine.body.as_deref().map(|body| tokens(body, routine.mode)).unwrap_or_default();
        let is_here = |used: &Use| {
            let schema = used.schema.as_deref();
            schema.is_none_or(|schema| catalogue.is_one_name(schema, &catalogue.database))
        };
        let uses: Vec<Use> = uses(&tokens).into_iter().filter(is_here).collect();
        let called = uses.iter().filter(|used| used.need == Need::Execute);
        open.extend(called.filter_map(|used| catalogue.routine(RoutineKind::Procedure, &used.name)));
        let names = tokens.iter().filter_map(Token::name);
        open.extend(names.filter_map(|name| catalogue.routine(RoutineKind::Function, name)));
        followed.push((routine, uses));
    }
    followed
}

/// A definer who does not exist: each call fails.
fn definer(routine: &Routine, catalogue: &Catalogue) -> Option<Fault> {
    // A role has no host.
    let definer = routine.definer.as_ref().filter(|definer| !definer.ends_with('@'))?;
    match &catalogue.accounts {
        Some(accounts) if !accounts.contains(definer) => Some(Fault::new(
            Severity::Error,
            format!(
                "the definer of {}, {definer}, does not exist: each call fails",
                shown(&routine.name),
                definer = shown(definer)
            ),
            "create the account, or create the routine again as another one",
        )),
        None if *definer != catalogue.grants.user => Some(Fault::new(
            Severity::Note,
            format!(
                "whether the definer of {}, {definer}, exists is not shown to {}",
                shown(&routine.name),
                shown(&catalogue.grants.user),
                definer = shown(definer)
            ),
            "verify once as a user who may read mysql.user",
        )),
        Some(_) | None => None,
    }
}

fn table(routine: &Routine, used: &Use, catalogue: &Catalogue) -> Vec<Fault> {
    let Some(relation) = catalogue.relation_named(&used.name) else {
        let is_other = catalogue.others.iter().any(|(name, _)| catalogue.is_one_name(name, &used.name));
        return if is_other { Vec::new() } else { vec![missing(routine, used, catalogue)] };
    };
    let mut faults = Vec::new();
    if let Some(broken) = &relation.broken {
        let message = format!(
            "{} uses {}, which nobody can read: {broken}",
            shown(&routine.name),
            shown(&relation.name)
        );
        faults.push(Fault { severity: Severity::Error, message, hint: None });
    }
    // Whoever calls it needs the rights himself.
    if routine.definer.is_none() && rights::lacks_on(&relation.name, used.need.privilege(), catalogue) {
        let message = format!(
            "{} runs with the rights of {}, who has no {} on {}",
            shown(&routine.name),
            shown(&catalogue.grants.user),
            used.need.privilege(),
            shown(&relation.name)
        );
        let hint = "grant it, or create the routine with `sql security definer`";
        faults.push(Fault::new(Severity::Error, message, hint));
    }
    faults
}

/// A table that keeps what it was given when its transaction is taken back, and its engine.
pub(crate) fn loose_table(name: &str, catalogue: &Catalogue) -> Option<(String, String)> {
    let relation = catalogue.relation_named(name)?;
    let behind = relation.picks.iter().map(|(table, _)| table).chain(&relation.uses);
    let mut tables =
        std::iter::once(relation).chain(behind.filter_map(|name| catalogue.relation_named(name)));
    tables.find_map(|table| {
        let storage = table.storage.as_ref().filter(|storage| !storage.transactional)?;
        Some((table.name.clone(), storage.name.clone()))
    })
}

fn transactional(routine: &Routine, used: &Use, catalogue: &Catalogue) -> Option<Fault> {
    let (table, engine) = loose_table(&used.name, catalogue)?;
    let message = format!(
        "{} writes into {table}, whose engine {engine} has no transactions: a write may happen twice, or in part",
        shown(&routine.name),
        table = shown(&table)
    );
    let hint = format!(
        "`alter table {table} engine = innodb`; or say `once = false` in the template, and publish none of its events"
    );
    Some(Fault::new(Severity::Error, message, hint))
}

/// Names are listed for those who have some right on what they name: others cannot tell what is missing.
fn missing(routine: &Routine, used: &Use, catalogue: &Catalogue) -> Fault {
    let what = if used.need == Need::Execute { "procedure" } else { "table or view" };
    let message =
        format!("{} uses the {what} {}, which is not there", shown(&routine.name), shown(&used.name));
    if rights::sees_all(used.need.privilege(), catalogue) {
        Fault::new(Severity::Error, message, "create it, or correct the routine")
    } else if routine.definer.is_none() {
        // Whoever calls it needs the rights himself: what he has no right on fails as well.
        let hint = format!("or {}, with whose rights it runs, has none on it", shown(&catalogue.grants.user));
        Fault::new(Severity::Error, message, hint)
    } else {
        let hint = format!("or {} may not see it: it has no right on it", shown(&catalogue.grants.user));
        Fault::new(Severity::Warning, message, hint)
    }
}
