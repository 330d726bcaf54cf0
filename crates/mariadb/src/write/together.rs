//! The items of an atomic batch, one after another in one transaction. It goes the way of any other write: one claim,
//! one reply, one commit.

use std::borrow::Cow;

use beds_core::{
    Error, Outcome,
    event::Told,
    items::Items,
    plan::{self, Action, Item, Plan},
    spec::Domain,
};
use beds_protocol::ErrorCode;
use sqlx::MySqlConnection;

use super::{
    Applied, Write,
    lasting::{calls, commits},
    told,
};
use crate::{
    fault::{Fault, classify, is_without_transactions},
    objects,
    read::Read,
    session::Session,
};

/// Refuses items that cannot be rolled back with the others, before anything runs.
///
/// # Errors
/// `bad_request`, naming the item.
pub(crate) fn check(items: &[Item]) -> Result<(), Error> {
    for (index, item) in items.iter().enumerate() {
        let Item::Plan(Plan { domain, action, .. }) = item else { continue };
        check_one(domain, action).map_err(|error| error.of_item(index))?;
    }
    Ok(())
}

fn check_one(domain: &'static Domain, action: &Action) -> Result<(), Error> {
    let refused = |message: &str| {
        Err(Error::new(ErrorCode::BadRequest, message)
            .hint("send the batch as \"ordered\", or without this item"))
    };
    match action {
        // Outside a read-only transaction, nothing keeps such a call from writing.
        Action::Read(plan::Read::Call(_)) => refused("a call that reads cannot be part of an atomic batch"),
        Action::Write(write) if commits(objects(domain)?, write) => {
            refused("its object commits by itself, so it cannot be part of an atomic batch")
        }
        Action::Read(_) | Action::Write(_) => objects(domain).map(drop),
    }
}

/// Runs all items within the transaction that is open in the session. The flag says whether there are events. The
/// events and audit entries of an item are stored before the next item runs: if that one ends the transaction, they
/// remain or vanish together with their item.
pub(super) async fn run(
    write: &Write,
    items: &[Item],
    session: &mut Session,
) -> Result<(Outcome, bool), Fault> {
    // This comes after the claim: a duplicate has its reply, whatever the node has learned since.
    learn(write, items, &mut session.connection).await?;
    write.tables.check(items).map_err(Fault::Refused)?;
    let (mut done, mut has_events) = (Items::default(), false);
    for (index, item) in items.iter().enumerate() {
        let added = match item {
            Item::Known(outcome) => done.push(outcome, write.reply_bytes_max),
            Item::Plan(plan) => {
                let applied = run_one(write, plan, &mut session.connection).await;
                let applied = applied.map_err(|fault| of_item(fault, index))?;
                let is_call = matches!(plan.action, Action::Write(plan::Write::Call(_)));
                if is_call && index + 1 < items.len() {
                    leaves_nothing(session, plan.domain).await.map_err(|fault| of_item(fault, index))?;
                }
                has_events |= !applied.told.events.is_empty();
                told::store(&mut session.connection, &applied.told, plan.domain).await?;
                done.push(&applied.outcome, write.reply_bytes_max)
            }
        };
        added.map_err(Fault::Refused)?;
    }
    Ok((done.finish(), has_events))
}

/// Asks whether the tables behind the items have transactions, if no write has shown it yet. Only a call's own run
/// shows what it writes into.
async fn learn(write: &Write, items: &[Item], connection: &mut MySqlConnection) -> Result<(), Fault> {
    for item in items {
        let Item::Plan(Plan { domain, action: Action::Write(one), .. }) = item else { continue };
        let objects = objects(domain).map_err(Fault::Refused)?;
        let (calls, tables) = (calls(objects, one), &write.tables);
        let is_known = tables.are_plain(&calls) || tables.are_lasting(&calls);
        let (Some(source), false, false) = (objects.read, is_known, matches!(one, plan::Write::Call(_)))
        else {
            continue;
        };
        if is_without_transactions(connection, source.name).await == Some(true) {
            tables.kept_rows(&calls, None, domain);
        }
    }
    Ok(())
}

/// Refuses a call that has left something that the later items would see. Later requests never see it.
async fn leaves_nothing(session: &mut Session, domain: &'static Domain) -> Result<(), Fault> {
    if session.leaves_nothing().await.map_err(|error| classify(&error, domain))? {
        return Ok(());
    }
    let message = "the call left something in its session that later items would see: a variable, a lock, or a \
                   temporary table";
    Err(Fault::Refused(
        Error::new(ErrorCode::BadRequest, message)
            .hint("send the batch as \"ordered\", or this call as its last item or by itself"),
    ))
}

async fn run_one(write: &Write, plan: &Plan, connection: &mut MySqlConnection) -> Result<Applied, Fault> {
    let domain = plan.domain;
    let objects = objects(domain).map_err(Fault::Refused)?;
    let applied = match &plan.action {
        Action::Write(one) => write.apply_one((domain, objects, &plan.scope), one, connection, None).await?,
        Action::Read(read) => {
            let jobs =
                Read::of(domain, objects, (read.clone(), &plan.scope), write.reply_bytes_max, &write.known);
            let (job, count) = jobs.map_err(Fault::Refused)?;
            let outcome = job.apply(connection).await?.one().map_err(Fault::Refused)?;
            let outcome = match count {
                Some(count) => {
                    let counted = count.apply(connection).await?.one().map_err(Fault::Refused)?;
                    Outcome { count: counted.count, ..outcome }
                }
                None => outcome,
            };
            Applied { outcome, told: Told::default() }
        }
    };
    if let Some(unshown) = &applied.outcome.unshown {
        tracing::warn!(template = domain.name, "{unshown}");
    }
    Ok(applied)
}

/// The item that failed is named.
fn of_item(fault: Fault, index: usize) -> Fault {
    match fault {
        Fault::Refused(error) => Fault::Refused(error.of_item(index)),
        Fault::Abandoned(error) => Fault::Abandoned(error.of_item(index)),
        Fault::Deadlock | Fault::Lost(_) => fault,
    }
}

/// The outcome of a write as its ledger row keeps it. For a batch that is too long, it keeps the keys of the items.
pub(super) fn kept<'o>(write: &plan::Write, outcome: &'o Outcome) -> Cow<'o, Outcome> {
    let plan::Write::All(items) = write else { return Cow::Borrowed(outcome) };
    beds_core::ledger::kept_items(outcome, written(items))
}

/// The outcome of a write that can no longer be taken back: it is cut to the room there is, and not refused for its
/// length.
pub(super) fn fitting(write: &Write, outcome: Outcome) -> Outcome {
    let bytes_max = write.reply_bytes_max;
    match &write.write {
        plan::Write::All(items) => beds_core::ledger::fitting_items(outcome, written(items), bytes_max),
        _ => outcome.fitting_of(write.domain, bytes_max),
    }
}

/// The domains of a batch's items; `None` for an item that writes nothing.
fn written(items: &[Item]) -> impl Iterator<Item = Option<&'static Domain>> {
    items.iter().map(|item| match item {
        Item::Plan(Plan { domain, action: Action::Write(_), .. }) => Some(*domain),
        Item::Plan(_) | Item::Known(_) => None,
    })
}
