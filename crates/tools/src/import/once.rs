//! Whether the writes of a domain can be once: not where a table behind them has no transactions.

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
    let objects = [&domain.create, &domain.update, &domain.delete].into_iter().flatten();
    let written = objects.filter_map(|object| match object {
        Object::Procedure { name, .. } => Some(name.as_str()),
        Object::Collection(_) => None,
    });
    let mut writes =
        written.map(|name| match (catalogue.routine(RoutineKind::Procedure, name), &domain.source) {
            (Some(routine), _) => routine::loose(routine, catalogue),
            // One that is proposed writes into the table alone.
            (None, Some((RelationKind::Table, table))) => routine::loose_table(table, catalogue),
            (None, _) => None,
        });
    let called = domain.calls.iter().filter(|call| call.lane == Lane::Write && !call.commits);
    let mut calls = called.filter_map(|call| {
        catalogue.routine(call.kind, &call.routine).and_then(|routine| routine::loose(routine, catalogue))
    });
    writes.find_map(|found| found).or_else(|| calls.next()).map(said)
}
