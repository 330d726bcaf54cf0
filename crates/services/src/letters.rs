//! The Rust functions behind the calls of the template `dead`: the dead letters, listed, shown, replayed and dropped.
//!
//! What has hold of them is the node's ([`Graves`]), since it takes the bus; who may do it says `[access]` of the template.

use std::{fmt, time::Instant};

use beds_core::{Error, Result, context::Context};
use beds_protocol::{ErrorCode, Json, Service};
use futures_util::future::BoxFuture;
use serde::Serialize;
use tracing::info;

use crate::ask;

/// Why RabbitMQ gives a message up by itself, in the words of its header `x-death`.
const BY_RABBITMQ: [&str; 4] = ["delivery_limit", "expired", "maxlen", "rejected"];

/// How many letters a list has where it does not say.
const LIMIT: u32 = 100;

/// How many dead letters wait on a server, and the service that has it; none of the common one.
pub type Waiting = (Option<&'static str>, u32);

/// Which letters are meant: those for which all holds that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Their ids, or how those begin; all where there is none.
    pub ids: Vec<String>,
    /// What stands first in their routing keys.
    pub template: Option<String>,
    /// The error code.
    pub code: Option<String>,
    /// A part of the reason.
    pub reason: Option<String>,
    /// How many seconds they are dead at least.
    pub older_s: Option<u64>,
    /// How many seconds they are dead at most.
    pub newer_s: Option<u64>,
}

impl Filter {
    /// Reads the code of dead letters: an error code, or RabbitMQ's word where it gave a message up by itself.
    ///
    /// # Errors
    /// Where it is none, which codes there are.
    pub fn code(text: &str) -> std::result::Result<String, String> {
        let all = || ErrorCode::ALL.iter().map(|code| code.as_str()).chain(BY_RABBITMQ);
        if all().any(|code| code == text) {
            return Ok(text.to_owned());
        }
        Err(format!("must be one of {}", all().collect::<Vec<_>>().join(", ")))
    }

    /// Whether it chooses none: all letters are meant.
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

/// What is done with letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// So many are listed, without their bodies.
    List(u32),
    /// They are shown.
    Show,
    /// They are sent again, or it is told which would be.
    Replay {
        /// Whether it is only told.
        dry_run: bool,
    },
    /// They are removed, or it is told which would be.
    Drop {
        /// Whether it is only told.
        dry_run: bool,
    },
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Told {
    /// The letters that are meant: what there is to know of each, or what became of it.
    pub letters: Vec<Json>,
    /// How many letters there are.
    pub waiting: u32,
    /// How many of them were looked at.
    pub looked_at: u32,
}

/// What became of a letter.
#[derive(Debug, Serialize)]
pub struct Fate<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it asked for.
    pub routing_key: &'a str,
    /// `replayed`, `dropped`, or `stays`; with a dry run `would_be_replayed`, `would_be_dropped`, or `stays`.
    pub outcome: &'a str,
    /// Why it stays, or what is to be known of a replay.
    pub note: Option<&'a str>,
}

/// What knows the dead letters on the RabbitMQ servers of the node.
pub trait Graves: fmt::Debug + Send + Sync + 'static {
    /// How many wait on each server.
    ///
    /// # Errors
    /// Why one cannot be asked.
    fn count(&self) -> BoxFuture<'_, std::result::Result<Vec<Waiting>, String>>;

    /// Does something with letters, those on the RabbitMQ of this service, until the deadline.
    ///
    /// # Errors
    /// Why they cannot be reached, or not be sent.
    fn act(
        &self,
        service: Option<Service>,
        filter: Filter,
        deed: Deed,
        deadline: Instant,
    ) -> BoxFuture<'_, Result<Told>>;
}

/// The same, as the node offers it to functions.
#[derive(Debug)]
pub struct Letters(pub Box<dyn Graves>);

/// `dead.call.list`
///
/// # Errors
/// `unavailable` where RabbitMQ is; `validation_failed` where there is no such code.
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
/// `not_found`; `deadline_exceeded` where some were not looked at; as [`list`].
pub async fn show(cx: &Context, service: Option<String>, id: String) -> Result<Json> {
    let filter = Filter { ids: vec![id], ..Filter::default() };
    let told = act(cx, service, filter, Deed::Show).await?;
    let Told { mut letters, waiting, looked_at } = told;
    if letters.len() > 1 {
        let message = format!("{} dead letters have ids that begin so", letters.len());
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
/// `validation_failed` where nothing chooses; as [`list`].
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

/// Works letters off that somebody has chosen, be it all of them.
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
        info!(count, user, "dead letters were worked off: {deed:?}");
    }
    Ok(told)
}

async fn act(cx: &Context, service: Option<String>, filter: Filter, deed: Deed) -> Result<Told> {
    let service = service.as_deref().and_then(Service::from_name);
    cx.extensions.get::<Letters>()?.0.act(service, filter, deed, cx.deadline).await
}
