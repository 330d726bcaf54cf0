//! A part of a group: one write, or the creates in one domain, which run as one.

use beds_core::{
    event::Publication,
    plan::{self, Scope},
    value::Value,
};

use super::{
    Applied, Write,
    create::{self, Called, Create},
    declared,
    procedure::{Failed, Returned},
};
use crate::{
    columns::Column,
    fault::{Fault, classify},
    session::{Course, Session},
};

/// The result of a part, with the effects of its writes.
pub(super) enum Part {
    /// All ran.
    Ran(Vec<Applied>),
    /// One was refused; the index says which, if that is known. The effects of all of them are rolled back.
    Refused(Option<usize>),
    /// A refused write could not be rolled back.
    Stuck,
    /// The last of these has ended the transaction, and the rest of the part has not run. For a write without an effect
    /// here, nobody knows what it did.
    Ended(Vec<Option<Applied>>),
}

/// Runs the writes of a part, after a mark.
pub(super) async fn run(writes: &[&Write], session: &mut Session) -> Result<Part, Fault> {
    let done = match writes {
        [write] => write.apply_fenced(session).await.map(|applied| Part::Ran(vec![applied])),
        creates => create_all(creates, session).await,
    };
    match done {
        // If there are several, either none has run, or the written records cannot be shown.
        Err(Fault::Refused(_)) => {
            let index = (writes.len() == 1).then_some(0);
            let ended = || writes.iter().map(|_| None).collect();
            Ok(go_back(writes, index, session).await?.unwrap_or_else(|| Part::Ended(ended())))
        }
        done => done,
    }
}

/// Rolls back a part in which one write was refused; `None` if the transaction has already ended.
async fn go_back(
    writes: &[&Write],
    refused: Option<usize>,
    session: &mut Session,
) -> Result<Option<Part>, Fault> {
    let Some(Write { domain, .. }) = writes.first() else { return Ok(Some(Part::Stuck)) };
    Ok(match session.go_back().await.map_err(|error| classify(&error, domain))? {
        Course::Good => Some(Part::Refused(refused)),
        Course::Bad => Some(Part::Stuck),
        Course::Ended => None,
    })
}

/// The records of a create, and whether they are many.
fn records(write: &Write) -> (&[Vec<Value>], bool) {
    match &write.write {
        plan::Write::Create { records, many } => (records, *many),
        plan::Write::Update { .. }
        | plan::Write::Upsert { .. }
        | plan::Write::Delete { .. }
        | plan::Write::UpdateMany { .. }
        | plan::Write::DeleteMany(_)
        | plan::Write::Call(_)
        | plan::Write::All(_) => (&[], false),
    }
}

/// Runs creates in one domain as one create of all their records, up to the record that ends the transaction.
async fn create_all(writes: &[&Write], session: &mut Session) -> Result<Part, Fault> {
    let Some(Write { domain, objects, known, .. }) = writes.first() else { return Ok(Part::Ran(Vec::new())) };
    let procedure = declared(objects.create.as_ref())?;
    let (source, scope) = (objects.read.as_ref(), Scope::default());
    let create = Create { domain, source, procedure, scope: &scope, is_upsert: false, known, fence: None };
    let all: Vec<&[Value]> =
        writes.iter().flat_map(|write| records(write).0.iter().map(Vec::as_slice)).collect();
    let Called { calls, columns } = {
        let (connection, fence) = session.fenced();
        Create { fence: Some(fence), ..create }.call(connection, &all, false).await?
    };
    let refused = match calls.failed {
        None => calls.returned.iter().position(|returned| !returned.is_written()).map(Some),
        Some(Failed { index, fault: Fault::Refused(_) }) => Some(index),
        Some(Failed { fault, .. }) => return Err(fault),
    };
    let mut ran = writes;
    if let Some(index) = refused {
        let index = index.map(|index| owner(writes, index));
        if let Some(part) = go_back(writes, index, session).await? {
            return Ok(part);
        }
        ran = &writes[..index.map_or(writes.len(), |index| index + 1)];
    }
    let did = show(&create, ran, (&columns, calls.returned), session).await?;
    Ok(if refused.is_some() { Part::Ended(did) } else { Part::Ran(did.into_iter().flatten().collect()) })
}

/// Which write a record belongs to.
fn owner(writes: &[&Write], record: usize) -> usize {
    let ends = writes.iter().scan(0, |end, write| {
        *end += records(write).0.len();
        Some(*end)
    });
    ends.take_while(|end| *end <= record).count()
}

/// The effects of creates; `None` for a create that was not done completely.
async fn show(
    create: &Create<'_>,
    writes: &[&Write],
    (columns, returned): (&[Column], Vec<Returned>),
    session: &mut Session,
) -> Result<Vec<Option<Applied>>, Fault> {
    let (mut returned, mut created) = (returned.into_iter(), Vec::new());
    let mut is_whole = Vec::with_capacity(writes.len());
    for write in writes {
        let (records, _) = records(write);
        let before = created.len();
        created.extend(records.iter().map(Vec::as_slice).zip(returned.by_ref()));
        let own = &created[before..];
        is_whole.push(own.len() == records.len() && own.iter().all(|(_, returned)| returned.is_written()));
        if is_whole.last() == Some(&false) {
            created.truncate(before);
        }
    }
    let mut created = create.show(&mut session.connection, columns, created).await?.into_iter();
    let did = |(write, is_whole): (&&Write, bool)| {
        if !is_whole {
            return Ok(None);
        }
        let (records, many) = records(write);
        let outcome = create::outcome(created.by_ref().take(records.len()).collect(), many);
        let publication = Publication::of(create.domain, &write.write, &write.origin);
        // A created record need not be read again.
        let told = publication.map(|publication| publication.told(&outcome, None)).transpose();
        Ok(Some(Applied { outcome, told: told.map_err(Fault::Refused)?.unwrap_or_default() }))
    };
    writes.iter().zip(is_whole).map(did).collect()
}
