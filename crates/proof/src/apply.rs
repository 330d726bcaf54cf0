//! Applies an approved proposal to a database. The statements that the signature covers run in their order, and only if
//! none of their objects exists yet: the proofs began with such a database.

use beds_codegen::propose::Thing;
use beds_core::inspect::{Catalogue, RoutineKind};
use beds_design::{boundary::Approved, render::Statement};
use beds_protocol::tables::{AUDIT, TABLES, Table};
use beds_tools::own;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::hand::{Hand, Place, literal, told};

/// What happens with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It runs.
    Run,
    /// Nothing runs: a table of the node's own exists, and is as it must be.
    Leave,
}

/// The steps that will run.
#[derive(Debug)]
pub struct Plan<'a> {
    approved: &'a Approved,
    place: Place,
    steps: Vec<(Statement, Deed)>,
}

/// A plan that stopped before its end.
#[derive(Debug)]
pub struct Stopped {
    /// What stopped it, and why.
    pub reason: String,
    /// The objects that exist by now, in the order in which they were made.
    pub stands: Vec<String>,
    /// The steps that did not run.
    pub missing: Vec<String>,
}

/// Inspects a database, and lists what would run there.
///
/// # Errors
/// When the database cannot be inspected, or is not as it was before the proofs: an object with one of the names
/// exists.
pub async fn plan<'a>(approved: &'a Approved, place: &Place) -> Result<Plan<'a>, String> {
    let statements = approved.statements();
    let names: Vec<String> = statements.iter().map(|statement| statement.name.clone()).collect();
    let catalogue = match place.look(names).await {
        Ok(catalogue) => catalogue,
        // MongoDB does not show an empty database. A database of MariaDB must exist: whoever makes it decides its
        // character set.
        Err(unseen) if unseen.is_absent && matches!(place, Place::MongoDb(..)) => empty_of_documents(),
        Err(unseen) => return Err(told(&unseen)),
    };
    fits(&catalogue)?;
    let (mut steps, mut there) = (Vec::new(), Vec::new());
    for statement in statements {
        let own = TABLES.into_iter().find(|table| table.name == statement.name);
        match (is_there(&catalogue, &statement), own) {
            (false, _) => steps.push((statement, Deed::Run)),
            (true, Some(table)) => match wrong(table, &catalogue) {
                None => steps.push((statement, Deed::Leave)),
                Some(wrong) => there.push(format!("{} is there, and {wrong}", statement.what())),
            },
            (true, None) => there.push(format!("{} is there", statement.what())),
        }
    }
    there.dedup();
    if there.is_empty() {
        return Ok(Plan { approved, place: place.clone(), steps });
    }
    Err(format!(
        "the database is not what the proofs began with: {}; make a proposal anew, or clear what is in the way",
        there.join("; ")
    ))
}

fn empty_of_documents() -> Catalogue {
    Catalogue { documents: true, ..Catalogue::default() }
}

/// Makes sure that the database has the properties of the scratch database which objects do not show until they are
/// used.
fn fits(catalogue: &Catalogue) -> Result<(), String> {
    let set = catalogue.collation.split('_').next().unwrap_or_default();
    if catalogue.lacks_transactions {
        Err("the server has no transactions: run MongoDB as a replica set, then apply again".to_owned())
    } else if !catalogue.documents && !matches!(set, "utf8mb4" | "uca1400") {
        Err(format!(
            "the database has the character set {set}, which cannot hold every text: run `alter database {} character \
             set utf8mb4`, then apply again",
            catalogue.database
        ))
    } else {
        Ok(())
    }
}

/// Whether an object with the name that a statement creates exists. Tables, views and collections share their names.
fn is_there(catalogue: &Catalogue, statement: &Statement) -> bool {
    let name = &statement.name;
    match statement.thing {
        Thing::Table | Thing::View | Thing::Collection => {
            catalogue.relation_named(name).is_some()
                || catalogue.others.iter().any(|(other, _)| other == name)
        }
        Thing::Procedure => catalogue.routine(RoutineKind::Procedure, name).is_some(),
        Thing::Function => catalogue.routine(RoutineKind::Function, name).is_some(),
    }
}

/// What is wrong with a table of the node's own.
fn wrong(table: &Table, catalogue: &Catalogue) -> Option<String> {
    let relation = catalogue.relation_named(table.name)?;
    let (mends, beyond) = own::mends(table, relation, catalogue);
    let first = beyond.into_iter().next();
    first.or_else(|| (!mends.is_empty()).then(|| "not as a node needs it: `beds ddl` tells".to_owned()))
}

impl Plan<'_> {
    /// The steps, in the order in which they run.
    #[must_use]
    pub fn steps(&self) -> &[(Statement, Deed)] {
        &self.steps
    }

    /// Runs the steps, reports each one before it runs, and writes each one into the audit.
    ///
    /// # Errors
    /// What stopped it, and which objects exist by now.
    pub async fn run(&self, mut watch: impl FnMut(usize, &Statement)) -> Result<(), Stopped> {
        let todo: Vec<&Statement> =
            self.steps.iter().filter(|(_, deed)| *deed == Deed::Run).map(|(step, _)| step).collect();
        let mut hand = match self.place.connect().await {
            Ok(hand) => hand,
            Err(reason) => {
                return Err(stopped(format!("the database cannot be reached: {reason}"), &todo, 0));
            }
        };
        let mut ended = Ok(());
        for (number, step) in todo.iter().enumerate() {
            watch(number + 1, step);
            let done = match hand.run(&step.text).await {
                Ok(()) => self.told(&mut hand, "apply", number + 1, &step.what()).await.map_err(|reason| {
                    // The object exists, and the audit has no entry for it.
                    stopped(
                        format!("{} exists, but the audit refuses the entry: {reason}", step.what()),
                        &todo,
                        number + 1,
                    )
                }),
                Err(reason) => Err(stopped(format!("{}: {reason}", step.what()), &todo, number)),
            };
            if let Err(mut stopped) = done {
                // If this connection accepts no more entries, the server may have run the step without an answer.
                if self.told(&mut hand, "stop", number + 1, &stopped.reason).await.is_err() {
                    self.look_after(&todo, number, &mut stopped).await;
                }
                ended = Err(stopped);
                break;
            }
        }
        if ended.is_ok() {
            let told = self.told(&mut hand, "applied", todo.len(), "the whole").await;
            ended = told.map_err(|reason| {
                stopped(
                    format!("all objects exist, but the audit refuses the last entry: {reason}"),
                    &todo,
                    todo.len(),
                )
            });
        }
        hand.close().await;
        ended
    }

    /// Checks on a new connection whether a step with an unknown outcome was done.
    async fn look_after(&self, todo: &[&Statement], number: usize, stopped: &mut Stopped) {
        let Some(step) = todo.get(number).filter(|_| stopped.stands.len() == number) else { return };
        // An object from an earlier step exists in any case.
        let is_first = todo.iter().take(number).all(|before| before.name != step.name);
        let seen = self.place.look(vec![step.name.clone()]).await;
        match seen.map(|catalogue| is_first.then(|| is_there(&catalogue, step))) {
            Ok(Some(false)) => {}
            Ok(Some(true)) => {
                stopped.reason.push_str("; it was done all the same");
                stopped.stands.push(step.what());
                stopped.missing.remove(0);
            }
            Ok(None) | Err(_) => {
                stopped
                    .reason
                    .push_str("; whether it was done is not known: look for it before you apply again");
            }
        }
    }

    /// Writes an entry of the audit.
    async fn told(&self, hand: &mut Hand, operation: &str, step: usize, what: &str) -> Result<(), String> {
        let approval = self.approved.approval();
        let what: String = what.chars().take(300).collect();
        let record = json!({ "proposal": approval.hash, "step": step, "what": what }).to_string();
        let (id, at) =
            (Uuid::now_v7().to_string(), OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000);
        let name = &self.approved.model().name;
        match hand {
            Hand::MariaDb(dba) => {
                let texts = [&id, &approval.approver, name, &format!("design.{operation}"), &record]
                    .map(|text| literal(text));
                let [id, user, template, operation, record] = texts;
                let entry = format!(
                    "insert into `{}` (`id`, `at`, `user`, `amqp_user`, `template`, `operation`, `record`) values \
                     ({id}, utc_timestamp(3), {user}, current_user(), {template}, {operation}, {record})",
                    AUDIT.name
                );
                dba.run(&entry).await
            }
            Hand::MongoDb(dba) => {
                let entry = json!({
                    "insert": AUDIT.name,
                    "documents": [{
                        "_id": id,
                        "at": { "$date": { "$numberLong": at.to_string() } },
                        "user": approval.approver,
                        "template": name,
                        "operation": format!("design.{operation}"),
                        "record": record,
                    }],
                    "writeConcern": { "w": "majority" },
                });
                dba.run(&entry.to_string()).await.map(drop)
            }
        }
    }
}

fn stopped(reason: String, todo: &[&Statement], done: usize) -> Stopped {
    let what = |steps: &[&Statement]| steps.iter().map(|step| step.what()).collect();
    let (stands, missing) = todo.split_at(done.min(todo.len()));
    Stopped { reason, stands: what(stands), missing: what(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_differs_from_the_scratch_database_has_its_own_remedy() {
        let maria = |collation: &str| Catalogue {
            database: "library".to_owned(),
            collation: collation.to_owned(),
            ..Catalogue::default()
        };
        assert_eq!(fits(&maria("utf8mb4_general_ci")), Ok(()));
        assert_eq!(fits(&maria("uca1400_ai_ci")), Ok(()));
        assert_eq!(
            fits(&maria("latin1_swedish_ci")),
            Err("the database has the character set latin1, which cannot hold every text: run `alter database \
                 library character set utf8mb4`, then apply again"
                .to_owned())
        );
        assert_eq!(fits(&empty_of_documents()), Ok(()));
        let alone = Catalogue { lacks_transactions: true, ..empty_of_documents() };
        assert!(fits(&alone).is_err_and(|error| error.contains("replica set, then apply again")));
    }
}
