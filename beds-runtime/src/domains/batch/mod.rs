//! Batches: many requests to the templates of one service in one message. Each item is planned and answered like a
//! request of its own.
//!
//! A `parallel` or `ordered` batch claims its `message_id` before any item runs, and each of its items has its own
//! claim. So a repeated batch repeats no write. An `atomic` batch is one job with one claim.

mod atomic;
mod parts;
mod replies;
mod whole;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use beds_core::{
    Context, Error, Factory, Outcome, Request, Result, Work,
    address::Address,
    entry::{self, Destination},
    plan::Bounds,
    service::Incoming,
    spec::Domain,
    stages,
    validate::Errors,
    value::Value,
};
use beds_protocol::{BatchItem, BatchKey, BatchRequest, Broker, ErrorCode, Lane, Mode, Service};
use futures_util::{FutureExt as _, StreamExt as _, future::join_all, stream};
use tokio::{sync::SemaphorePermit, time::timeout_at};
use tracing::Instrument as _;

use self::{
    parts::{LookUps, Part},
    replies::Replies,
    whole::Unclaimed,
};
use super::{Domains, body, meters::Of};

/// The hint for a batch whose reply has no room for its items, and that may have been done when its reply had room.
const SPLIT_ONCE: &str = "split it into several batches, unless one with this `message_id` was sent before: what it \
     has done remains";

/// How many parts of one batch run at a time.
const AT_ONCE: usize = 128;

/// The routing keys of the batches that can have requests to these domains.
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

/// Answers a batch: the body of the reply, and the position of the databases that it has written to.
pub(super) async fn answer<F: Factory>(
    domains: &Domains<F>,
    key: BatchKey,
    incoming: &Incoming<'_>,
) -> Result<(Vec<u8>, Option<String>)> {
    let name = format!("{}.batch", key.service);
    let to = Destination { name: &name, broker: key.broker(), lane: key.lane, hash: None, earlier: &[] };
    let deadline = entry::admit(incoming, &to, &domains.limits)?;
    let _place = domains.long(super::BATCH, incoming, deadline).await?;
    // The items may hold sensitive data in wrong places.
    let BatchRequest { mode, items } = entry::read(incoming.body, true)?;
    let mode = allowed(key, mode, incoming)?;
    bound(&items, domains.limits.batch_items_max)?;
    let batch = Batch { domains, key, cx: domains.context(incoming, key.lane, deadline).await? };
    let outcome = match mode {
        Mode::Parallel => batch.parallel(&items).await?.finish(incoming.wants_reply),
        Mode::Ordered => batch.ordered(&items).await?.finish(incoming.wants_reply),
        Mode::Atomic => atomic::answer(&batch, &items).await,
    }?;
    Ok((outcome.encode(), batch.cx.positions.told()))
}

/// The mode of a batch. A batch of reads may omit it. For writes it decides what happens when one of them fails, so a
/// batch of writes must state it.
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
        // A retry of the whole batch would do its completed writes again.
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

/// A running batch.
struct Batch<'a, F> {
    domains: &'a Domains<F>,
    key: BatchKey,
    cx: Context,
}

/// An item with its address.
struct Asked<'a, T> {
    item: &'a BatchItem<'a>,
    address: Result<Address<T>>,
}

/// The request of an item.
fn decoded<T>(item: &BatchItem<'_>, address: &Address<T>) -> Result<Request> {
    let body = item.body.map(|body| body.get().as_bytes()).unwrap_or_default();
    body::decode(address.domain, address.target, body)
}

/// The result of an item, and its domain, if it was determined.
struct Done {
    address: Option<(&'static Domain, Lane)>,
    result: Result<Outcome>,
}

impl<F: Factory> Batch<'_, F> {
    /// Answers all items in parallel.
    async fn parallel(&self, items: &[BatchItem<'_>]) -> Result<Replies> {
        let mut replies = self.replies(items)?;
        let asked = &self.addressed(items);
        let unclaimed = &whole::claim(self, asked).await?;
        // The future of a part has some KiB. In a box, it moves into the stream without a copy.
        let running = parts::of(self, asked).into_iter();
        let running = stream::iter(running.map(|part| Box::pin(self.run_part(part, asked, unclaimed))));
        let mut running = running.buffered(AT_ONCE);
        // The results that came before those of earlier items.
        let mut early: Vec<Option<Done>> = items.iter().map(|_| None).collect();
        let mut next = 0;
        while let Some(part) = running.next().await {
            for (place, done) in part {
                early[place] = Some(done);
            }
            while let Some(Done { address, result }) = early.get_mut(next).and_then(Option::take) {
                replies.push(address, result);
                next += 1;
            }
        }
        Ok(replies)
    }

    async fn run_part(
        &self,
        part: Part,
        asked: &[Asked<'_, F::Template>],
        unclaimed: &Unclaimed,
    ) -> Vec<(usize, Done)> {
        match part {
            Part::One(place, work) => {
                vec![(place, self.run(place, &asked[place], work, unclaimed).await)]
            }
            Part::LookUps(LookUps { domain, places, keys }) => {
                let since = Instant::now();
                let answers = AssertUnwindSafe(self.look_up(domain, keys)).catch_unwind().await;
                match answers.unwrap_or_else(|_| Err(super::failed())) {
                    Ok(answers) if answers.len() == places.len() => {
                        let done = |(place, result): (usize, Result<Outcome>)| {
                            if let (Ok(outcome), Ok(address)) = (&result, &asked[place].address) {
                                super::tell_unshown(outcome, address.domain, &self.cx.request_id);
                            }
                            (place, self.done(&asked[place], result, since))
                        };
                        places.into_iter().zip(answers).map(done).collect()
                    }
                    // All had to wait in vain, and would again.
                    Err(error) if error.retryable || error.code == ErrorCode::DeadlineExceeded => {
                        let done =
                            |place: usize| (place, self.done(&asked[place], Err(error.clone()), since));
                        places.into_iter().map(done).collect()
                    }
                    // One of the look-ups may have caused it.
                    Ok(_) | Err(_) => {
                        let one = async |place: usize| {
                            (place, self.run(place, &asked[place], None, unclaimed).await)
                        };
                        join_all(places.into_iter().map(one)).await
                    }
                }
            }
        }
    }

    async fn look_up(&self, domain: &'static Domain, keys: Vec<Value>) -> Result<Vec<Result<Outcome>>> {
        let _permit = self.permit(domain, Lane::Read, keys.len()).await?;
        let bounds = Bounds { asker: self.cx.asker.part(), ..self.cx.bounds() };
        let found = self.cx.runner.look_up(domain, keys, bounds);
        found.instrument(super::span(&self.cx)).await
    }

    /// Answers items one after another, up to the first that fails.
    async fn ordered(&self, items: &[BatchItem<'_>]) -> Result<Replies> {
        let mut replies = self.replies(items)?;
        let asked = self.addressed(items);
        let unclaimed = whole::claim(self, &asked).await?;
        for (index, asked) in asked.iter().enumerate() {
            let Done { address, result } = self.run(index, asked, None, &unclaimed).await;
            if !replies.push(address, result) {
                replies.stop();
                break;
            }
        }
        Ok(replies)
    }

    fn replies(&self, items: &[BatchItem<'_>]) -> Result<Replies> {
        let replies = Replies::new(&self.cx.request_id, items.len(), self.cx.limits.reply_bytes_max);
        replies.map_err(|error| match self.cx.claims {
            // The stored reply may be longer than the present limit.
            Some(_) => error.hint(SPLIT_ONCE),
            None => error,
        })
    }

    fn addressed<'i>(&self, items: &'i [BatchItem<'i>]) -> Vec<Asked<'i, F::Template>> {
        items.iter().map(|item| Asked { item, address: self.address(item) }).collect()
    }

    /// Answers an item like a request of its own. `work` may be known already.
    async fn run(
        &self,
        place: usize,
        asked: &Asked<'_, F::Template>,
        work: Option<Result<Work>>,
        unclaimed: &Unclaimed,
    ) -> Done {
        let since = Instant::now();
        let result = match &asked.address {
            Ok(address) => {
                let answered = AssertUnwindSafe(self.answer(place, asked.item, address, work, unclaimed));
                answered.catch_unwind().await.unwrap_or_else(|_| Err(super::failed()))
            }
            Err(error) => Err(error.clone()),
        };
        self.done(asked, result, since)
    }

    /// The result of an item that began at this moment.
    fn done(&self, asked: &Asked<'_, F::Template>, result: Result<Outcome>, since: Instant) -> Done {
        let address = asked.address.as_ref().ok();
        let of = address
            .map(|address| Of::Domain(address.domain, stages::Asked::Operation(address.target.operation())));
        let code = result.as_ref().err().map(|error| error.code);
        self.domains.meters.item(of.as_ref(), code, since.elapsed());
        Done { address: address.map(|address| (address.domain, address.lane)), result }
    }

    async fn answer(
        &self,
        place: usize,
        item: &BatchItem<'_>,
        address: &Address<F::Template>,
        work: Option<Result<Work>>,
        unclaimed: &Unclaimed,
    ) -> Result<Outcome> {
        let cx = self.context(place);
        let Address { template, domain, lane, .. } = *address;
        let work = match work {
            Some(work) => work?,
            None => F::dispatch(template, &cx, decoded(item, address)?)?,
        };
        unclaimed.check(domain, lane)?;
        let _permit = self.permit(domain, lane, 1).await?;
        // This future has some KiB. Items that wait for their permit do not hold it.
        let outcome = Box::pin(super::perform(&cx, lane, Ok(work))).await?;
        super::tell_unshown(&outcome, domain, &cx.request_id);
        Ok(outcome)
    }

    /// The context of an item.
    fn context(&self, place: usize) -> Context {
        // A batch has no more items than claims can distinguish.
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        let claims = self.cx.claims.as_ref().map(|claims| Arc::new(claims.of_item(place)));
        Context { claims, asker: self.cx.asker.part(), ..self.cx.clone() }
    }

    /// Waits until this many more items, of all batches, may run in the database.
    async fn permit(&self, domain: &Domain, lane: Lane, items: usize) -> Result<Option<SemaphorePermit<'_>>> {
        let Some(places) = self.domains.places.get(&(domain.home(), lane)) else { return Ok(None) };
        let items = u32::try_from(items).unwrap_or(u32::MAX);
        // Most items need not wait, and a timer costs more than taking a permit.
        if let Ok(permit) = places.try_acquire_many(items) {
            return Ok(Some(permit));
        }
        let permit = timeout_at(self.cx.deadline.into(), places.acquire_many(items)).await;
        // The semaphore is never closed.
        permit.map(std::result::Result::ok).map_err(|_| Error::deadline())
    }

    /// The address of an item.
    fn address(&self, item: &BatchItem<'_>) -> Result<Address<F::Template>> {
        let address = self.domains.address_of_item(item, self.key.service)?;
        let domain = address.domain;
        let elsewhere = |message: String, key: BatchKey| {
            Err(Error::new(ErrorCode::BadRequest, message).hint(format!("send it in a batch to `{key}`")))
        };
        let (name, its) = (domain.name, service(domain));
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
