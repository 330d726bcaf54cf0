//! Whether the writes of a domain can be once. They cannot if a table behind them has no transactions.

use beds_core::inspect::{Catalogue, RelationKind, RoutineKind};
use beds_protocol::Lane;
use beds_protocol::shown;

use super::domain::{Domain, Object};
use crate::routine;

/// Why the writes of a domain cannot be once.
pub(super) fn loose(domain: &Domain, catalogue: &Catalogue) -> Option<String> {
    let said = |(table, engine): (String, String)| {
        format!(
            "{table} has the engine {engine}, which has no transactions: a write that is sent again is done again",
            table = shown(&table)
        )
    };
    let objects = [(&domain.create, "INSERT"), (&domain.update, "UPDATE"), (&domain.delete, "DELETE")];
    let written = objects.into_iter().filter_map(|(object, event)| match object {
        Some(Object::Procedure { name, .. }) => Some((name.as_str(), event)),
        Some(Object::Collection(_)) | None => None,
    });
    let mut writes = written.map(|(name, event)| {
        match (catalogue.routine(RoutineKind::Procedure, name), &domain.source) {
            (Some(routine), _) => routine::loose(routine, catalogue),
            // A proposed procedure writes only into the table, and runs its triggers.
            (None, Some((RelationKind::Table, table))) => {
                let relation = catalogue.relation_named(table);
                let triggers = relation.into_iter().flat_map(|relation| &relation.triggers);
                let mut set_off = triggers.filter(|trigger| trigger.is_on(event));
                routine::loose_table(table, catalogue)
                    .or_else(|| set_off.find_map(|trigger| routine::loose(&trigger.routine, catalogue)))
            }
            (None, _) => None,
        }
    });
    let called = domain.calls.iter().filter(|call| call.lane == Lane::Write && !call.commits);
    let mut calls = called.filter_map(|call| {
        catalogue.routine(call.kind, &call.routine).and_then(|routine| routine::loose(routine, catalogue))
    });
    writes.find_map(|found| found).or_else(|| calls.next()).map(said)
}
