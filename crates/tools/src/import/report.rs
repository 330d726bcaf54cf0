//! The result for each relation and its routines, for the DBA who reads it.

use std::fmt::{self, Display, Formatter};

use beds_protocol::Lane;
use beds_protocol::shown;

use super::domain::{Domain, Object};
use beds_core::inspect::{Catalogue, RoutineKind};

/// The result for one relation and its routines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The template's file.
    pub file: String,
    /// The source, such as "table `film`".
    pub source: String,
    /// The operations, each with its object.
    pub operations: Vec<String>,
    /// The calls, each with its lane. Each also says why it is not an operation, or why it is not in the lane that it
    /// declares.
    pub calls: Vec<String>,
    /// Values that clients get as null although they are not null: each kind with its columns.
    pub nulls: Vec<String>,
}

impl Display for Imported {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}: {}: {}", self.file, self.source, self.operations.join(", "))?;
        for call in &self.calls {
            writeln!(f, "    call {call}")?;
        }
        for nulls in &self.nulls {
            writeln!(f, "    null to clients: {nulls}")?;
        }
        Ok(())
    }
}

/// The report on a domain's relation and routines.
pub(super) fn imported(domain: &Domain, file: &str, catalogue: &Catalogue) -> Imported {
    let source = match &domain.source {
        Some((kind, name)) => format!("{} {name}", kind.as_str(), name = shown(name)),
        None => "procedures and functions of no single table".to_owned(),
    };
    let by = |object: &Object| match object {
        Object::Collection(_) => String::new(),
        Object::Procedure { name, .. } if catalogue.routine(RoutineKind::Procedure, name).is_none() => {
            format!(" by {name} (proposed)", name = shown(name))
        }
        Object::Procedure { name, .. } => format!(" by {name}", name = shown(name)),
    };
    let mut operations = Vec::new();
    if domain.source.is_some() {
        operations.push("fetch".to_owned());
    }
    let writes = [("create", &domain.create), ("update", &domain.update), ("delete", &domain.delete)];
    for (operation, object) in writes {
        operations.extend(object.iter().map(|object| format!("{operation}{}", by(object))));
    }
    if !domain.calls.is_empty() {
        operations.push(format!(
            "{} {}",
            domain.calls.len(),
            if domain.calls.len() == 1 { "call" } else { "calls" }
        ));
    }
    let calls = domain.calls.iter().map(|call| {
        let lane = match call.lane {
            Lane::Read => "read",
            Lane::Write => "write",
        };
        let notes =
            if call.notes.is_empty() { String::new() } else { format!(": {}", call.notes.join("; ")) };
        format!("{} ({lane}){notes}", shown(&call.routine))
    });
    Imported { file: file.to_owned(), source, operations, calls: calls.collect(), nulls: domain.nulls() }
}
