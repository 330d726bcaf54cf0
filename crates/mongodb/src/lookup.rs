//! Records by key: one, or many by one query.
//!
//! A lookup that finds all connections busy waits in a group with others of the same collection, and the next
//! free connection asks for all of them at once: no lookup is held back for company, and the busier the
//! database, the larger the groups.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mongodb::bson::{Bson, doc, raw::RawDocument};
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::{Instant, timeout_at},
};

use super::{Database, Handle, convert, fault::Fault, filter, spec::Source};
use crate::{
    adapters::lookup::{KEYS_MAX, Lookup, is_exact},
    core,
    error::Error,
    spec::Domain,
    value::Value,
};

/// A record as JSON, where there is one.
type Record = Option<Vec<u8>>;

/// What waits for a connection, by source. There are only as many sources as templates.
#[derive(Debug, Default)]
pub(super) struct Lookups(Mutex<HashMap<usize, Vec<Ticket>>>);

#[derive(Debug)]
struct Ticket {
    key: Value,
    deadline: Instant,
    reply: oneshot::Sender<core::Result<Record>>,
}

impl Lookups {
    /// The groups; a panic elsewhere leaves them as they are, which is whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Vec<Ticket>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn group(source: &'static Source) -> usize {
    std::ptr::from_ref(source).addr()
}

impl Database {
    /// The record with this key, of one field.
    ///
    /// # Errors
    /// `overloaded` when too many wait; what the database answers.
    pub(super) async fn look_up(
        self: &Arc<Self>,
        domain: &'static Domain,
        source: &'static Source,
        key: Value,
        deadline: Instant,
    ) -> core::Result<Record> {
        // A key that this engine cannot express must not fail those that are asked for with it.
        filter::key(domain, std::slice::from_ref(&key))
            .map_err(|fault| fault.into_error(domain, &self.name))?;
        let (reply, answer) = oneshot::channel();
        let is_first = {
            let mut groups = self.lookups.lock();
            let waiting = groups.entry(group(source)).or_default();
            if waiting.len() >= self.config.queue_max {
                return Err(self.overloaded());
            }
            waiting.push(Ticket { key, deadline, reply });
            waiting.len() == 1
        };
        // The first of a group waits for a connection on behalf of all that come until there is one. A task of
        // its own: a requester may be dropped, and the driver's futures must not be.
        if is_first {
            tokio::spawn(Arc::clone(self).serve(domain, source));
        }
        match timeout_at(deadline, answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(Error::internal("the lookup failed unexpectedly"))),
            Err(_) => Err(self.late()),
        }
    }

    /// Answers a group, some keys at a time, until none waits.
    async fn serve(self: Arc<Self>, domain: &'static Domain, source: &'static Source) {
        let Some(permit) = self.permit_for(source).await else { return };
        let (tickets, is_more) = {
            let mut groups = self.lookups.lock();
            let waiting = groups.entry(group(source)).or_default();
            let taken: Vec<Ticket> = waiting.drain(..waiting.len().min(usize::from(KEYS_MAX))).collect();
            (taken, !waiting.is_empty())
        };
        if is_more {
            tokio::spawn(Arc::clone(&self).again(domain, source));
        }
        self.answer(domain, source, tickets).await;
        drop(permit);
    }

    /// Breaks the circle of types between a task and the one that it starts.
    fn again(
        self: Arc<Self>,
        domain: &'static Domain,
        source: &'static Source,
    ) -> impl Future<Output = ()> + Send {
        self.serve(domain, source)
    }

    /// A connection for the group; none once nobody waits for it any more.
    async fn permit_for(&self, source: &'static Source) -> Option<OwnedSemaphorePermit> {
        loop {
            let deadline = {
                let mut groups = self.lookups.lock();
                let waiting = groups.entry(group(source)).or_default();
                waiting.retain(|ticket| !ticket.reply.is_closed());
                waiting.iter().map(|ticket| ticket.deadline).max()?
            };
            if let Ok(permit) = timeout_at(deadline, Arc::clone(&self.permits).acquire_owned()).await {
                return permit.ok();
            }
        }
    }

    async fn answer(&self, domain: &'static Domain, source: &'static Source, mut tickets: Vec<Ticket>) {
        tickets.retain(|ticket| !ticket.reply.is_closed());
        let Some(deadline) = tickets.iter().map(|ticket| ticket.deadline).max() else { return };
        let answers = match self.handle(deadline).await {
            Ok(handle) => {
                let keys: Vec<&Value> = tickets.iter().map(|ticket| &ticket.key).collect();
                let own = |fault: Fault| fault.into_error(domain, &self.name);
                match keys.as_slice() {
                    [key] => {
                        let fields: Vec<usize> = (0..domain.fields.len()).collect();
                        let key = std::slice::from_ref(*key);
                        one(&handle, domain, source, key, &fields).await.map(|record| vec![Ok(record)])
                    }
                    keys => many(&handle, domain, source, keys, own).await,
                }
                .map_err(own)
            }
            Err(error) => Err(error),
        };
        match answers {
            Ok(answers) => {
                for (ticket, answer) in tickets.into_iter().zip(answers) {
                    // The requester may have gone; its answer is not wanted then.
                    let _ = ticket.reply.send(answer);
                }
            }
            Err(error) => {
                for ticket in tickets {
                    let _ = ticket.reply.send(Err(error.clone()));
                }
            }
        }
    }
}

/// The record with this key, with these fields.
pub(super) async fn one(
    handle: &Handle,
    domain: &'static Domain,
    source: &'static Source,
    key: &[Value],
    fields: &[usize],
) -> Result<Record, Fault> {
    let found = handle
        .collection(source.name)
        .find_one(filter::key(domain, key)?)
        .projection(filter::projection(domain, fields))
        .max_time(handle.budget)
        .await?;
    found.map(|document| record(&document, domain, fields)).transpose()
}

/// The records with these keys, of one field, in their order; each succeeds or fails by itself.
async fn many(
    handle: &Handle,
    domain: &'static Domain,
    source: &'static Source,
    keys: &[&Value],
    own: impl Fn(Fault) -> Error,
) -> Result<Vec<core::Result<Record>>, Fault> {
    let &[field] = domain.key else {
        return Err(Fault::Refused(Error::internal("only a key of one field can be looked up with others")));
    };
    let field = &domain.fields[field];
    let fields: Vec<usize> = (0..domain.fields.len()).collect();
    let mut lookup = Lookup::new(keys);
    let mut is_complete = is_exact(&field.ty);
    let wanted = lookup.keys().iter().map(|key| filter::bound(domain, domain.key[0], key));
    let wanted = wanted.collect::<Result<Vec<Bson>, Fault>>()?;
    // All records in the first answer, and the cursor's end with them; the server's default is 101 records.
    let batch = u32::from(KEYS_MAX) + 1;
    let mut cursor = handle
        .collection(source.name)
        .find(doc! { field.column: { "$in": wanted } })
        .projection(filter::projection(domain, &fields))
        .max_time(handle.budget)
        .batch_size(batch)
        .await?;
    while cursor.advance().await? {
        let document = cursor.current();
        let Ok(key) = convert::field_value(document, field) else {
            is_complete = false;
            continue;
        };
        lookup.answer(&key, &record(document, domain, &fields).map(Some).map_err(&own));
    }
    if !is_complete {
        for key in lookup.unanswered() {
            let record = one(handle, domain, source, std::slice::from_ref(key), &fields).await;
            lookup.answer(key, &record.map_err(&own));
        }
    }
    Ok(lookup.finish().into_iter().map(|answer| answer.unwrap_or(Ok(None))).collect())
}

fn record(document: &RawDocument, domain: &'static Domain, fields: &[usize]) -> Result<Vec<u8>, Fault> {
    let mut json = Vec::with_capacity(256);
    convert::write_document(document, domain, fields.iter().copied(), &mut json).map_err(Fault::Disagrees)?;
    Ok(json)
}
