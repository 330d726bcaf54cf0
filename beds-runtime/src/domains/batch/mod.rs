//! Batches: many requests to the templates of one service in one message. Each item is planned and answered as a request
//! by itself.
//!
//! A `parallel` or `ordered` batch claims its `message_id` before any item runs, and its items have claims of their own, so
//! that a batch which comes again repeats nothing; an `atomic` batch is one job with one claim.

mod atomic;
mod replies;
mod whole;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use beds_core::{
    Context, Error, Factory, Outcome, Request, Result,
    address::Address,
    entry::{self, Destination},
    service::Incoming,
    spec::Domain,
    stages,
    validate::Errors,
};
use beds_protocol::{BatchItem, BatchKey, BatchRequest, Broker, ErrorCode, Lane, Mode, Service};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::{sync::SemaphorePermit, time::timeout_at};

use self::{replies::Replies, whole::Unclaimed};
use super::{Domains, body, meters::Of};

/// How many items of one batch are worked on at a time: as many look-ups as share a statement.
const AT_ONCE: usize = 128;

/// The routing keys of the batches that these domains may be part of.
pub(super) fn keys(served: &[&'static Domain]) -> impl Iterator<Item = (Broker, String)> {
    let is_served = |key: &BatchKey| {
        let offers = |domain: &&Domain| domain.operations().any(|(_, lane)| lane == key.lane);
        served.iter().filter(|domain| service(domain) == key.service).any(offers)
    };
    let keys = Service::ALL
        .iter()
        .flat_map(|&service| Lane::ALL.iter().map(move |&lane| BatchKey { service, lane }));
    let keys: Vec<BatchKey> = keys.filter(is_served).collect();
    keys.into_iter().map(|key| (key.broker(), key.to_string()))
}

/// Answers a batch: the body of the reply, and where the databases are that it has written into.
pub(super) async fn answer<F: Factory>(
    domains: &Domains<F>,
    key: BatchKey,
    incoming: &Incoming<'_>,
) -> Result<(Vec<u8>, Option<String>)> {
    let name = format!("{}.batch", key.service);
    let to = Destination { name: &name, broker: key.broker(), lane: key.lane, hash: None, earlier: &[] };
    let deadline = entry::admit(incoming, &to, &domains.limits)?;
    let _place = domains.long(super::BATCH, incoming, deadline).await?;
    // What the items hold that is not where it belongs may be sensitive.
    let BatchRequest { mode, items } = entry::read(incoming.body, true)?;
    let mode = allowed(key, mode, incoming)?;
    bound(&items, domains.limits.batch_items_max)?;
    let batch = Batch { domains, key, cx: domains.context(incoming, key.lane, deadline)? };
    let outcome = match mode {
        Mode::Parallel => batch.parallel(&items).await?.finish(incoming.wants_reply),
        Mode::Ordered => batch.ordered(&items).await?.finish(incoming.wants_reply),
        Mode::Atomic => atomic::answer(&batch, &items).await,
    }?;
    Ok((outcome.encode(), batch.cx.positions.told()))
}

/// The mode of a batch. Reads need not say it; of writes it decides what is done when one of them fails, so that nobody
/// should have to guess it.
fn allowed(key: BatchKey, mode: Option<Mode>, incoming: &Incoming<'_>) -> Result<Mode> {
    let bad = |message: String, hint: &str| Err(Error::new(ErrorCode::BadRequest, message).hint(hint));
    match (mode, key.lane) {
        (None, Lane::Read) => Ok(Mode::Parallel),
        (None, Lane::Write) => bad(
            "a batch of writes has no `mode`".to_owned(),
            "say \"parallel\" (each by itself), \"ordered\" (one after another, up to the first that fails) or \
             \"atomic\" (all or none, in one database)",
        ),
        (Some(Mode::Atomic), Lane::Read) => bad(
            "a batch of reads cannot be `atomic`: it changes nothing".to_owned(),
            "leave `mode` out, or publish the batch as a batch of writes, which takes reads too",
        ),
        // Those that were done would be done again with those that are tried again.
        (Some(Mode::Parallel | Mode::Ordered), Lane::Write)
            if !incoming.wants_reply && incoming.message_id.is_none() =>
        {
            bad(
                "a batch of writes without a `reply_to` needs a `message_id`".to_owned(),
                "give it one, so that no item is done twice when others are tried again",
            )
        }
        (Some(mode), _) => Ok(mode),
    }
}

fn bound(items: &[BatchItem<'_>], most: usize) -> Result<()> {
    let count = items.len();
    if count == 0 {
        let mut errors = Errors::default();
        errors.push("items", "must have at least one item");
        return errors.or(());
    }
    if count > most {
        let message = format!("the batch has {count} items; the limit is {most}");
        return Err(Error::new(ErrorCode::TooLarge, message).hint("split it into several batches"));
    }
    Ok(())
}

/// The service of a domain.
fn service(domain: &Domain) -> Service {
    domain.placement.read.service()
}

/// A batch under way.
struct Batch<'a, F> {
    domains: &'a Domains<F>,
    key: BatchKey,
    cx: Context,
}

/// An item, and of whom it asks.
struct Asked<'a, T> {
    item: &'a BatchItem<'a>,
    address: Result<Address<T>>,
}

/// What an item asks.
fn decoded<T>(item: &BatchItem<'_>, address: &Address<T>) -> Result<Request> {
    let body = item.body.map(|body| body.get().as_bytes()).unwrap_or_default();
    body::decode(address.domain, address.target, body)
}

/// What an item came to, and of which domain it is, if it got that far.
struct Done {
    address: Option<(&'static Domain, Lane)>,
    result: Result<Outcome>,
}

impl<F: Factory> Batch<'_, F> {
    /// Answers each item by itself.
    async fn parallel(&self, items: &[BatchItem<'_>]) -> Result<Replies> {
        let mut replies = self.replies(items)?;
        let asked = &self.addressed(items);
        let unclaimed = &whole::claim(self, asked).await?;
        // A future of an item is some KiB: in a box, its way into the stream copies none of them.
        let running = (0..items.len()).map(|index| Box::pin(self.run(index, &asked[index], unclaimed)));
        let running = stream::iter(running);
        let mut done = running.buffered(AT_ONCE);
        while let Some(Done { address, result }) = done.next().await {
            replies.push(address, result);
        }
        Ok(replies)
    }

    /// Answers one after another, up to the first that fails.
    async fn ordered(&self, items: &[BatchItem<'_>]) -> Result<Replies> {
        let mut replies = self.replies(items)?;
        let asked = self.addressed(items);
        let unclaimed = whole::claim(self, &asked).await?;
        for (index, asked) in asked.iter().enumerate() {
            let Done { address, result } = self.run(index, asked, &unclaimed).await;
            if !replies.push(address, result) {
                replies.stop();
                break;
            }
        }
        Ok(replies)
    }

    fn replies(&self, items: &[BatchItem<'_>]) -> Result<Replies> {
        Replies::new(&self.cx.request_id, items.len(), self.cx.limits.reply_bytes_max)
    }

    fn addressed<'i>(&self, items: &'i [BatchItem<'i>]) -> Vec<Asked<'i, F::Template>> {
        items.iter().map(|item| Asked { item, address: self.address(item) }).collect()
    }

    /// Answers an item as if it were a request by itself.
    async fn run(&self, index: usize, asked: &Asked<'_, F::Template>, unclaimed: &Unclaimed) -> Done {
        let since = Instant::now();
        let (of, result) = match &asked.address {
            Ok(address) => {
                let answered = AssertUnwindSafe(self.answer(index, asked.item, address, unclaimed));
                let result = answered.catch_unwind().await.unwrap_or_else(|_| Err(super::failed()));
                (Some(address), result)
            }
            Err(error) => (None, Err(error.clone())),
        };
        let operation = |address: &Address<F::Template>| {
            Of::Domain(address.domain, stages::Asked::Operation(address.target.operation()))
        };
        let code = result.as_ref().err().map(|error| error.code);
        self.domains.meters.item(of.map(operation).as_ref(), code, since.elapsed());
        Done { address: of.map(|address| (address.domain, address.lane)), result }
    }

    async fn answer(
        &self,
        index: usize,
        item: &BatchItem<'_>,
        address: &Address<F::Template>,
        unclaimed: &Unclaimed,
    ) -> Result<Outcome> {
        // A batch has no more items than claims tell apart.
        let place = u16::try_from(index).unwrap_or(u16::MAX);
        let claims = self.cx.claims.as_ref().map(|claims| Arc::new(claims.of_item(place)));
        let cx = Context { claims, asker: self.cx.asker.part(), ..self.cx.clone() };
        let Address { template, domain, lane, .. } = *address;
        let request = decoded(item, address)?;
        unclaimed.check(domain, lane)?;
        let _permit = self.permit(domain, lane).await?;
        let outcome = super::perform(&cx, lane, F::dispatch(template, &cx, request)).await?;
        super::tell_unshown(&outcome, domain, &cx.request_id);
        Ok(outcome)
    }

    /// Waits until fewer items of all batches are worked on in the database.
    async fn permit(&self, domain: &Domain, lane: Lane) -> Result<Option<SemaphorePermit<'_>>> {
        let Some(places) = self.domains.places.get(&(domain.home(), lane)) else { return Ok(None) };
        // Most need not wait, and a timer costs more than a place.
        if let Ok(permit) = places.try_acquire() {
            return Ok(Some(permit));
        }
        let permit = timeout_at(self.cx.deadline.into(), places.acquire()).await;
        // The semaphore is never closed.
        permit.map(std::result::Result::ok).map_err(|_| Error::deadline())
    }

    /// Of whom an item asks.
    fn address(&self, item: &BatchItem<'_>) -> Result<Address<F::Template>> {
        let address = Address::of_item::<F>(item)?;
        let domain = address.domain;
        let is_served = self.domains.served.iter().any(|served| std::ptr::eq(*served, domain));
        let elsewhere = |message: String, key: BatchKey| {
            Err(Error::new(ErrorCode::BadRequest, message).hint(format!("send it in a batch to `{key}`")))
        };
        let (name, its) = (domain.name, service(domain));
        if !is_served {
            return Err(Error::unknown_template(name));
        }
        if its != self.key.service {
            let message = format!("the template `{name}` is not of the service `{}`", self.key.service);
            return elsewhere(message, BatchKey { service: its, ..self.key });
        }
        if address.lane == Lane::Write && self.key.lane == Lane::Read {
            let message = format!("`{name}.{}` writes, and this is a batch of reads", item.op);
            return elsewhere(message, BatchKey { lane: Lane::Write, ..self.key });
        }
        Ok(address)
    }
}
