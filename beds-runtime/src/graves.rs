//! Access of the node's functions to the dead letters on the RabbitMQ servers of the configuration.

mod letter;

use std::{
    fmt::Display,
    sync::Arc,
    time::{Duration, Instant},
};

use beds_bus::{Amqp, BusError, DeadLetter, DeadLetters, left_over};
use beds_core::{Error, Result as Done, service::Need, spec::Domain};
use beds_protocol::{Broker, ErrorCode, Json, Service};
use beds_services::letters::{Deed, Fate, Filter, Graves, LeftOver, Letters, Told, Waiting};
use futures_util::future::{BoxFuture, try_join_all};
use tokio::time::{error::Elapsed, timeout, timeout_at};
use tracing::{info, warn};

pub(crate) use self::letter::Letter;
use crate::{
    config::Config,
    domains::{BATCH, need},
};

/// The part of a deadline that is reserved for the reply.
const MARGIN: Duration = Duration::from_secs(1);

/// How long to wait for one server.
const ASKED_FOR: Duration = Duration::from_secs(5);

/// How many letters one request can process.
const LETTERS_MAX: usize = 10_000;

/// The servers.
#[derive(Debug)]
struct Servers {
    common: Amqp,
    /// The servers of single services, each with its services.
    own: Vec<(Amqp, Vec<Service>)>,
    domains: Vec<&'static Domain>,
    name: String,
}

/// The access to dead letters that a node of this name offers to functions.
pub(crate) fn letters(config: &Config, domains: &[&'static Domain], name: &str) -> Letters {
    let mut own: Vec<(Amqp, Vec<Service>)> = Vec::new();
    for service in Service::ALL.iter().copied() {
        let amqp = config.amqp_of(service);
        match own.iter_mut().find(|(known, _)| known == amqp) {
            Some((_, services)) => services.push(service),
            None if *amqp == config.amqp => {}
            None => own.push((amqp.clone(), vec![service])),
        }
    }
    let (common, domains, name) = (config.amqp.clone(), domains.to_vec(), format!("{name} dead letters"));
    Letters(Box::new(Servers { common, own, domains, name }))
}

impl Servers {
    /// Each server with the services that live there, and its name: that of a service, `None` for the common one.
    fn places(&self) -> impl Iterator<Item = (Option<&'static str>, &Amqp, Vec<Service>)> {
        let moved: Vec<Service> = self.own.iter().flat_map(|(_, services)| services).copied().collect();
        let stay = Service::ALL.iter().copied().filter(|service| !moved.contains(service)).collect();
        let own = self.own.iter().map(|(amqp, services)| {
            (services.first().map(|service| service.as_str()), amqp, services.clone())
        });
        std::iter::once((None, &self.common, stay)).chain(own)
    }

    /// What requests may wait for.
    fn needs(&self) -> Vec<Need> {
        let mut needs: Vec<_> = self.domains.iter().map(|domain| need(domain)).chain([BATCH]).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    /// The requests on a server to services that do not live there.
    async fn left_over_on(
        &self,
        on: Option<&'static str>,
        amqp: &Amqp,
        services: &[Service],
    ) -> Result<Vec<LeftOver>, String> {
        let moved = Broker::ALL.iter().copied().filter(|of| !services.contains(&of.service()));
        let (moved, needs): (Vec<Broker>, _) = (moved.collect(), self.needs());
        let found = timeout(ASKED_FOR, left_over(amqp, &self.name, &moved, &needs)).await;
        let found = found.map_err(late)?.map_err(|error| error.to_string())?;
        let of = |queue: &str| moved.iter().find(|of| queue.starts_with(of.queue()));
        let found = found.into_iter().filter_map(|(queue, messages)| {
            Some(LeftOver { service: of(&queue)?.service(), queue, messages, on })
        });
        Ok(found.collect())
    }

    async fn on(&self, amqp: &Amqp) -> Result<u32, String> {
        let counting = async {
            let letters = DeadLetters::connect(amqp, &self.name).await?;
            let counted = letters.count().await;
            // The count is known by now, so a failure does not matter.
            let _ = letters.close().await;
            match counted {
                // No node has declared the queue yet.
                Err(BusError::Missing(_)) => Ok(0),
                counted => counted,
            }
        };
        let counted = timeout(ASKED_FOR, counting).await;
        counted.map_err(late)?.map_err(|error: BusError| error.to_string())
    }

    async fn work(
        &self,
        service: Option<Service>,
        filter: &Filter,
        deed: Deed,
        deadline: Instant,
    ) -> Done<Told> {
        let is_of =
            |(_, services): &&(Amqp, Vec<Service>)| service.is_some_and(|name| services.contains(&name));
        let amqp = self.own.iter().find(is_of).map_or(&self.common, |(amqp, _)| amqp);
        let connected = timeout_at(deadline.into(), DeadLetters::connect(amqp, &self.name)).await;
        let letters = connected
            .map_err(|_| unavailable(&"RabbitMQ does not answer"))?
            .map_err(|error| unavailable(&error))?;
        let told = self.each(&letters, filter, deed, deadline).await;
        // Letters that are still held return to the queue in any case.
        let _ = letters.close().await;
        told
    }

    async fn each(
        &self,
        letters: &DeadLetters,
        filter: &Filter,
        deed: Deed,
        deadline: Instant,
    ) -> Done<Told> {
        let mut told = Told::default();
        told.waiting = match letters.count().await {
            // No node has declared the queue yet.
            Err(BusError::Missing(_)) => return Ok(told),
            counted => counted.map_err(|error| unavailable(&error))?,
        };
        let is_over = |told: &Told| match deed {
            Deed::List(limit) => told.letters.len() >= limit as usize,
            Deed::Show | Deed::Replay { .. } | Deed::Drop { .. } => told.letters.len() >= LETTERS_MAX,
        };
        // Letters that arrive meanwhile are left for the next run.
        while told.looked_at < told.waiting && !is_over(&told) && Instant::now() < deadline {
            let Some(held) = letters.next().await.map_err(|error| unavailable(&error))? else { break };
            told.looked_at += 1;
            let letter = Letter::of(&held, &self.domains);
            if !letter.is_of(filter) {
                continue;
            }
            told.letters.push(match deed {
                Deed::List(_) => letter.json(false),
                Deed::Show => letter.json(true),
                Deed::Replay { dry_run } => dealt(letters, (&held, &letter), true, dry_run).await?,
                Deed::Drop { dry_run } => dealt(letters, (&held, &letter), false, dry_run).await?,
            });
        }
        Ok(told)
    }
}

/// Logs once which requests no node takes.
pub(crate) async fn tell_left_over(letters: Arc<Letters>) {
    match letters.0.left_over().await {
        Ok(found) => {
            for found in found {
                warn!(
                    queue = found.queue,
                    "{found}; docs/operations.md says how to work them off (\"A service moves\")"
                );
            }
        }
        Err(why) => info!("the queues of services that have moved to another RabbitMQ are not known: {why}"),
    }
}

fn late(_: Elapsed) -> String {
    format!("no answer within {} ms", ASKED_FOR.as_millis())
}

fn named(service: Option<&str>, why: &str) -> String {
    match service {
        Some(name) => format!("on the RabbitMQ of `{name}`: {why}"),
        None => why.to_owned(),
    }
}

/// How a letter that was to be replayed or dropped ends.
pub(crate) enum End {
    /// It has left the queue.
    Done,
    /// It would leave the queue: this is a dry run.
    Would,
    /// It stays in the queue, for this reason.
    Stays(String),
}

/// Replays or drops a letter.
///
/// # Errors
/// Those after which no further letter can be handled.
pub(crate) async fn deal(
    letters: &DeadLetters,
    (held, letter): (&DeadLetter, &Letter),
    is_replay: bool,
    dry_run: bool,
) -> Result<End, BusError> {
    if let Some(obstacle) = letter.obstacle.as_ref().filter(|_| is_replay) {
        return Ok(End::Stays(obstacle.clone()));
    }
    if dry_run {
        return Ok(End::Would);
    }
    let done = if is_replay { letters.replay(held).await } else { letters.remove(held).await };
    match done {
        Ok(()) => Ok(End::Done),
        Err(error @ (BusError::Unroutable | BusError::Refused)) => Ok(End::Stays(error.to_string())),
        Err(BusError::Forbidden(reason)) => Ok(End::Stays(format!(
            "RabbitMQ refuses it: {reason}; to replay requests of other users the account needs the tag `impersonator`"
        ))),
        Err(error) => Err(error),
    }
}

/// Replays or drops a letter. Returns its fate.
async fn dealt(
    letters: &DeadLetters,
    (held, letter): (&DeadLetter, &Letter),
    is_replay: bool,
    dry_run: bool,
) -> Done<Json> {
    let end = deal(letters, (held, letter), is_replay, dry_run).await.map_err(|error| unavailable(&error))?;
    let (outcome, note) = match (end, is_replay) {
        (End::Done, true) => ("replayed", letter::caution(held, true)),
        (End::Done, false) => ("dropped", None),
        (End::Would, true) => ("would_be_replayed", letter.caution.clone()),
        (End::Would, false) => ("would_be_dropped", None),
        (End::Stays(why), _) => ("stays", Some(why)),
    };
    let note = note.as_deref();
    let fate = Fate { id: &letter.id, routing_key: &letter.routing_key, outcome, note };
    serde_json::to_value(&fate).map(Json::from).map_err(|error| Error::internal(error.to_string()))
}

fn unavailable(error: &impl Display) -> Error {
    Error::new(ErrorCode::Unavailable, format!("the dead letters cannot be processed: {error}"))
}

impl Graves for Servers {
    fn act(
        &self,
        service: Option<Service>,
        filter: Filter,
        deed: Deed,
        deadline: Instant,
    ) -> BoxFuture<'_, Done<Told>> {
        let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        Box::pin(async move { self.work(service, &filter, deed, until).await })
    }

    fn left_over(&self) -> BoxFuture<'_, Result<Vec<LeftOver>, String>> {
        let places = self.places().filter(|_| !self.own.is_empty());
        let each = places.map(|(on, amqp, services)| async move {
            self.left_over_on(on, amqp, &services).await.map_err(|why| named(on, &why))
        });
        let all = try_join_all(each);
        Box::pin(async { Ok(all.await?.into_iter().flatten().collect()) })
    }

    fn count(&self) -> BoxFuture<'_, Result<Vec<Waiting>, String>> {
        let each = self.places().map(|(service, amqp, _)| async move {
            Ok((service, self.on(amqp).await.map_err(|why| named(service, &why))?))
        });
        Box::pin(try_join_all(each))
    }
}
