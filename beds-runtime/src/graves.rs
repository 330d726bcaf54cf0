//! Access of the node's functions to the dead letters on the RabbitMQ servers of the configuration.

mod letter;

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use beds_bus::{Amqp, BusError, DeadLetter, DeadLetters};
use beds_core::{Error, Result as Done, spec::Domain};
use beds_protocol::{ErrorCode, Json, Service};
use beds_services::letters::{Deed, Fate, Filter, Graves, Letters, Told, Waiting};
use futures_util::future::{BoxFuture, try_join_all};
use tokio::time::{timeout, timeout_at};

pub(crate) use self::letter::Letter;
use crate::config::Config;

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
        let late = |_| format!("no answer within {} ms", ASKED_FOR.as_millis());
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
                Deed::Replay { dry_run } => dealt(letters, &held, &letter, true, dry_run).await?,
                Deed::Drop { dry_run } => dealt(letters, &held, &letter, false, dry_run).await?,
            });
        }
        Ok(told)
    }
}

/// Replays or drops a letter. Returns its fate.
async fn dealt(
    letters: &DeadLetters,
    held: &DeadLetter,
    letter: &Letter,
    is_replay: bool,
    dry_run: bool,
) -> Done<Json> {
    let (_, note) = if is_replay { letter.replay() } else { ("", None) };
    let outcome = match (is_replay, dry_run) {
        (true, false) => "replayed",
        (false, false) => "dropped",
        (true, true) => "would_be_replayed",
        (false, true) => "would_be_dropped",
    };
    let fate = |outcome: &str, note: Option<&str>| {
        let fate = Fate { id: &letter.id, routing_key: &letter.routing_key, outcome, note };
        serde_json::to_value(&fate).map(Json::from).map_err(|error| Error::internal(error.to_string()))
    };
    if is_replay && letter.obstacle.is_some() {
        return fate("stays", note);
    }
    if dry_run {
        return fate(outcome, note);
    }
    let done = if is_replay { letters.replay(held).await } else { letters.remove(held).await };
    match done {
        Ok(()) => fate(outcome, note),
        Err(error @ (BusError::Unroutable | BusError::Refused)) => fate("stays", Some(&error.to_string())),
        Err(BusError::Forbidden(reason)) => fate("stays", Some(&forbidden(&reason))),
        Err(error) => Err(unavailable(&error)),
    }
}

/// The message if RabbitMQ does not allow a letter to be sent again.
pub(crate) fn forbidden(reason: &str) -> String {
    format!(
        "RabbitMQ refuses it: {reason}; to replay requests of other users the account needs the tag `impersonator`"
    )
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

    fn count(&self) -> BoxFuture<'_, Result<Vec<Waiting>, String>> {
        let own =
            self.own.iter().map(|(amqp, services)| (services.first().map(|service| service.as_str()), amqp));
        let all = std::iter::once((None, &self.common)).chain(own);
        let each = all.map(|(service, amqp)| async move {
            let named = |why: String| match service {
                Some(name) => format!("on the RabbitMQ of `{name}`: {why}"),
                None => why,
            };
            Ok((service, self.on(amqp).await.map_err(named)?))
        });
        Box::pin(try_join_all(each))
    }
}
