//! The Rust functions behind the calls of the template `dead`: the dead letters, listed, shown, replayed and dropped.
//!
//! The node has access to them ([`Graves`]), since that takes the bus. `[access]` of the template says who may use the
//! calls.

use std::{fmt, time::Instant};

use beds_core::{Error, Result, context::Context};
use beds_protocol::{ErrorCode, Json, Service};
use futures_util::future::BoxFuture;
use serde::Serialize;
use tracing::info;

use crate::ask;

/// Why RabbitMQ itself dead-letters a message, in the words of its header `x-death`.
const BY_RABBITMQ: [&str; 4] = ["delivery_limit", "expired", "maxlen", "rejected"];

/// How many letters a list has if the request does not say.
const LIMIT: u32 = 100;

/// How many dead letters wait on a server, and the service of that server; `None` for the common one.
pub type Waiting = (Option<&'static str>, u32);

/// Requests that wait where no node takes them: their service has moved to another RabbitMQ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOver {
    /// The service.
    pub service: Service,
    /// Their queue.
    pub queue: String,
    /// How many there are.
    pub messages: u32,
    /// A service that lives on the RabbitMQ of the queue; `None` for the common one.
    pub on: Option<&'static str>,
}

impl fmt::Display for LeftOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, queue, messages, on } = self;
        let what = if *messages == 1 { "message waits" } else { "messages wait" };
        write!(f, "{messages} {what} in `{queue}` on the ")?;
        match on {
            Some(on) => write!(f, "RabbitMQ of `{on}`")?,
            None => f.write_str("common RabbitMQ")?,
        }
        write!(f, ", but the service `{}` is on another RabbitMQ, so no node takes them", service.as_str())
    }
}

/// Which letters are meant: those that match every condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Their ids, or prefixes of ids; all letters if empty.
    pub ids: Vec<String>,
    /// The first word of their routing keys.
    pub template: Option<String>,
    /// The error code.
    pub code: Option<String>,
    /// A part of the reason.
    pub reason: Option<String>,
    /// How many seconds they have been dead at least.
    pub older_s: Option<u64>,
    /// How many seconds they have been dead at most.
    pub newer_s: Option<u64>,
}

impl Filter {
    /// Parses the code of dead letters: an error code, or RabbitMQ's word if it dead-lettered the message itself.
    ///
    /// # Errors
    /// For an unknown code, the list of codes.
    pub fn code(text: &str) -> std::result::Result<String, String> {
        let all = || ErrorCode::ALL.iter().map(|code| code.as_str()).chain(BY_RABBITMQ);
        if all().any(|code| code == text) {
            return Ok(text.to_owned());
        }
        Err(format!("must be one of {}", all().collect::<Vec<_>>().join(", ")))
    }

    /// Whether there is no condition: all letters are meant.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let Self { ids, template, code, reason, older_s, newer_s } = self;
        ids.is_empty()
            && template.is_none()
            && code.is_none()
            && reason.is_none()
            && older_s.is_none()
            && newer_s.is_none()
    }
}

/// An action on letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// List at most this many, without their bodies.
    List(u32),
    /// Show them.
    Show,
    /// Send them again, or report which would be sent.
    Replay {
        /// Whether it is only reported.
        dry_run: bool,
    },
    /// Remove them, or report which would be removed.
    Drop {
        /// Whether it is only reported.
        dry_run: bool,
    },
}

/// The result of an action.
#[derive(Debug, Default, Serialize)]
pub struct Told {
    /// The letters that are meant: the known facts about each, or its fate.
    pub letters: Vec<Json>,
    /// How many letters there are.
    pub waiting: u32,
    /// How many of them were examined.
    pub looked_at: u32,
}

/// The fate of a letter.
#[derive(Debug, Serialize)]
pub struct Fate<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its routing key.
    pub routing_key: &'a str,
    /// `replayed`, `dropped`, or `stays`; with a dry run `would_be_replayed`, `would_be_dropped`, or `stays`.
    pub outcome: &'a str,
    /// Why it stays, or a remark on a replay.
    pub note: Option<&'a str>,
}

/// Access to the dead letters on the RabbitMQ servers of the node.
pub trait Graves: fmt::Debug + Send + Sync + 'static {
    /// How many wait on each server.
    ///
    /// # Errors
    /// Why a server cannot be asked.
    fn count(&self) -> BoxFuture<'_, std::result::Result<Vec<Waiting>, String>>;

    /// The requests that no node takes, on all of these servers.
    ///
    /// # Errors
    /// Why a server cannot be asked.
    fn left_over(&self) -> BoxFuture<'_, std::result::Result<Vec<LeftOver>, String>>;

    /// Runs an action on the letters on the RabbitMQ of this service, until the deadline.
    ///
    /// # Errors
    /// Why the letters cannot be reached, or not be sent.
    fn act(
        &self,
        service: Option<Service>,
        filter: Filter,
        deed: Deed,
        deadline: Instant,
    ) -> BoxFuture<'_, Result<Told>>;
}

/// The access to letters, as the node offers it to functions.
#[derive(Debug)]
pub struct Letters(pub Box<dyn Graves>);

/// `dead.call.list`
///
/// # Errors
/// `unavailable` if RabbitMQ is; `validation_failed` if there is no such code.
#[expect(clippy::too_many_arguments, reason = "they are those of the call")]
pub async fn list(
    cx: &Context,
    service: Option<String>,
    template: Option<String>,
    code: Option<String>,
    reason: Option<String>,
    older_s: Option<u32>,
    newer_s: Option<u32>,
    limit: Option<u32>,
) -> Result<Told> {
    let filter = filter(Vec::new(), template, code, reason, older_s, newer_s)?;
    act(cx, service, filter, Deed::List(limit.unwrap_or(LIMIT))).await
}

/// `dead.call.show`
///
/// # Errors
/// `not_found`; `deadline_exceeded` if some letters were not examined; as [`list`].
pub async fn show(cx: &Context, service: Option<String>, id: String) -> Result<Json> {
    let filter = Filter { ids: vec![id], ..Filter::default() };
    let told = act(cx, service, filter, Deed::Show).await?;
    let Told { mut letters, waiting, looked_at } = told;
    if letters.len() > 1 {
        let message = format!("{} dead letters have ids that begin like this", letters.len());
        return Err(Error::new(ErrorCode::ValidationFailed, message).hint("give more of the id"));
    }
    letters.pop().ok_or_else(|| {
        let error = |code| Error::new(code, format!("none of {looked_at} dead letters has this id"));
        if looked_at < waiting {
            let hint = format!("there are {waiting}: give the request more time");
            return error(ErrorCode::DeadlineExceeded).hint(hint);
        }
        error(ErrorCode::NotFound)
    })
}

/// `dead.call.replay`
///
/// # Errors
/// `validation_failed` without any condition; as [`list`].
#[expect(clippy::too_many_arguments, reason = "they are those of the call")]
pub async fn replay(
    cx: &Context,
    service: Option<String>,
    ids: Option<Vec<String>>,
    template: Option<String>,
    code: Option<String>,
    reason: Option<String>,
    older_s: Option<u32>,
    newer_s: Option<u32>,
    all: Option<bool>,
    dry_run: Option<bool>,
) -> Result<Told> {
    let filter = filter(ids.unwrap_or_default(), template, code, reason, older_s, newer_s)?;
    work_off(cx, service, (filter, all), Deed::Replay { dry_run: dry_run.unwrap_or(false) }).await
}

/// `dead.call.drop`
///
/// # Errors
/// As [`replay`].
#[expect(clippy::too_many_arguments, reason = "they are those of the call")]
pub async fn drop(
    cx: &Context,
    service: Option<String>,
    ids: Option<Vec<String>>,
    template: Option<String>,
    code: Option<String>,
    reason: Option<String>,
    older_s: Option<u32>,
    newer_s: Option<u32>,
    all: Option<bool>,
    dry_run: Option<bool>,
) -> Result<Told> {
    let filter = filter(ids.unwrap_or_default(), template, code, reason, older_s, newer_s)?;
    work_off(cx, service, (filter, all), Deed::Drop { dry_run: dry_run.unwrap_or(false) }).await
}

fn filter(
    ids: Vec<String>,
    template: Option<String>,
    code: Option<String>,
    reason: Option<String>,
    older_s: Option<u32>,
    newer_s: Option<u32>,
) -> Result<Filter> {
    let (older_s, newer_s) = (older_s.map(u64::from), newer_s.map(u64::from));
    let code = code.map(|code| Filter::code(&code)).transpose().map_err(|why| ask::invalid("code", &why))?;
    Ok(Filter { ids, template, code, reason, older_s, newer_s })
}

/// Runs an action on chosen letters, possibly on all.
async fn work_off(
    cx: &Context,
    service: Option<String>,
    (filter, all): (Filter, Option<bool>),
    deed: Deed,
) -> Result<Told> {
    if filter.is_empty() && all != Some(true) {
        let reason = "must be true where no `ids`, `template`, `code`, `reason`, `older_s` or `newer_s` chooses letters";
        return Err(ask::invalid("all", reason));
    }
    let told = act(cx, service, filter, deed).await?;
    if matches!(deed, Deed::Replay { dry_run: false } | Deed::Drop { dry_run: false }) {
        let (count, user) = (told.letters.len(), cx.caller().user.as_deref().unwrap_or_default());
        info!(count, user, "dead letters were processed: {deed:?}");
    }
    Ok(told)
}

async fn act(cx: &Context, service: Option<String>, filter: Filter, deed: Deed) -> Result<Told> {
    let service = service.as_deref().and_then(Service::from_name);
    cx.extensions.get::<Letters>()?.0.act(service, filter, deed, cx.deadline).await
}
