//! The items of an atomic batch, one after another in one transaction.

use std::{borrow::Cow, time::Duration};

use beds_core::{
    Error, Outcome, Result as Checked,
    event::{Publication, Told},
    items::Items,
    ledger,
    plan::{Action, Item, Origin, Plan, Read},
    spec::Domain,
};
use beds_protocol::ErrorCode;
use futures_util::future::{BoxFuture, FutureExt as _};
use mongodb::ClientSession;

use super::{Applied, Deed};
use crate::{fault::Failure, server::Connection};

/// The operations of the items.
#[derive(Debug)]
pub(crate) struct Together {
    parts: Vec<Part>,
    /// How long the reply may get.
    bytes_max: usize,
}

#[derive(Debug)]
enum Part {
    Known(Outcome),
    Deed(&'static Domain, Box<Deed>, Option<Publication>),
}

/// The error of an operation that cannot be part of an atomic batch, before anything runs.
pub(super) fn refused(what: &str) -> Error {
    let message = format!("{what} cannot be part of an atomic batch in a MongoDB database");
    Error::new(ErrorCode::BadRequest, message).hint("send the batch as \"ordered\", or without this item")
}

impl Together {
    /// How many items there are.
    pub(super) const fn size(&self) -> usize {
        self.parts.len()
    }

    pub(crate) fn new(items: Vec<Item>, origin: &Origin, bytes_max: usize) -> Checked<Self> {
        let part = |(index, item)| {
            let part = match item {
                Item::Known(outcome) => Ok(Part::Known(outcome)),
                Item::Plan(Plan { domain, action: Action::Write(write), scope, .. }) => {
                    Deed::new(domain, (write, &scope), origin, bytes_max)
                        .map(|(deed, publication)| Part::Deed(domain, Box::new(deed), publication))
                }
                Item::Plan(Plan { action: Action::Read(read), .. }) => Err(refused(match read {
                    Read::Count { most: Some(_), .. } => "a dry run, which is a read,",
                    _ => "a read",
                })),
            };
            part.map_err(|error: Error| error.of_item(index))
        };
        let parts = items.into_iter().enumerate().map(part).collect::<Checked<_>>()?;
        Ok(Self { parts, bytes_max })
    }

    /// Runs the items in the transaction of the session. The future is boxed, since an item runs as a write by itself.
    pub(super) fn apply<'a>(
        &'a self,
        connection: &'a Connection,
        mut session: Option<&'a mut ClientSession>,
        limit: Duration,
    ) -> BoxFuture<'a, Result<Applied, Failure>> {
        async move {
            let (mut done, mut told) = (Items::default(), Told::default());
            for (index, part) in self.parts.iter().enumerate() {
                match part {
                    Part::Known(outcome) => done.push(outcome, self.bytes_max)?,
                    Part::Deed(domain, deed, publication) => {
                        let applied = deed.apply(connection, session.as_deref_mut(), limit).await;
                        let applied =
                            applied.map_err(|failure| of_item(failure, index, domain, connection))?;
                        if let Some(publication) = publication {
                            told.extend(publication.told(&applied.outcome, applied.after.as_deref())?);
                        }
                        done.push(&applied.outcome, self.bytes_max)?;
                    }
                }
            }
            Ok(Applied { outcome: done.finish(), after: None, told })
        }
        .boxed()
    }

    /// Whether an item has such events or audit entries.
    pub(super) fn tells(&self, kind: fn(&Publication) -> bool) -> bool {
        let told = |part: &Part| matches!(part, Part::Deed(.., Some(publication)) if kind(publication));
        self.parts.iter().any(told)
    }

    pub(super) fn kept<'o>(&self, outcome: &'o Outcome) -> Cow<'o, Outcome> {
        let domains = self.parts.iter().map(|part| match part {
            Part::Deed(domain, ..) => Some(*domain),
            Part::Known(_) => None,
        });
        ledger::kept_items(outcome, domains)
    }
}

/// Names the item that failed. A failure after which the transaction may run again stays as it is.
fn of_item(failure: Failure, index: usize, domain: &Domain, connection: &Connection) -> Failure {
    if failure.is_definite() {
        Failure::Refused(failure.into_error(domain, &connection.name).of_item(index))
    } else {
        failure
    }
}
