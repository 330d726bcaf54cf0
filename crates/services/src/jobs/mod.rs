//! Jobs: work that takes longer than a request. A [`Kind`] defines the work, a [`Worker`] runs it on a node, and
//! [`add`] and [`control`] implement calls of templates.
//!
//! One node at a time leases a job. The job runs in chunks, each of which leaves a checkpoint. A chunk that runs twice
//! changes nothing the second time. So a node may die at any moment, and another continues from the checkpoint after
//! the lease has ended.

mod catalogue;
mod due;
mod kept;
mod kind;
mod pace;
mod settings;
mod store;
mod worker;

use std::sync::Arc;

use beds_core::{Error, NamasteCore, Result, context::Context};
use beds_protocol::{ErrorCode, FetchRequest, Json, Record};
use serde::Deserialize;
use tokio::sync::Notify;
use uuid::Uuid;

pub use catalogue::{Catalogue, Dispatch};
pub use due::{Due, Starter};
pub(crate) use kept::{is_zero, json, read};
pub use kind::{Job, Kind, Next, Reject, Step};
pub use settings::Jobs;
pub(crate) use worker::may_pass;
pub use worker::{Base, Worker};

use crate::ask;

/// What functions that start jobs need, among the node's extensions.
#[derive(Debug)]
pub struct Desk {
    /// The domains that jobs can work on.
    pub catalogue: Arc<Catalogue>,
    /// Notified when a job starts, so that this node looks for it at once.
    pub started: Arc<Notify>,
}

/// A command to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Stop until it is resumed.
    Pause,
    /// Continue.
    Resume,
    /// End.
    Cancel,
}

impl Control {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
        }
    }
}

/// The records that a job moves between two places, if it excludes other jobs. Of two jobs about the same records, one
/// begins when the other has ended: otherwise each would mistake the other's deletions for those of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    places: String,
}

impl About {
    /// The records of a move between two templates, in either direction.
    #[must_use]
    pub fn moving(one: &str, other: &str) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self { places: format!("{first} {second}") }
    }

    /// The argument that passes it to the database.
    fn argument(about: Option<&Self>) -> (&'static str, Json) {
        ("about", about.map_or(Json::Null, |about| about.places.as_str().into()))
    }
}

#[derive(Deserialize)]
struct Added {
    id: Option<Uuid>,
    /// The conflicting job.
    other: Option<Uuid>,
}

#[derive(Deserialize)]
struct Controlled {
    state: String,
}

/// Stores a new job of a kind, which runs in the caller's name. Returns its id.
///
/// # Errors
/// `conflict` with a conflicting job; the errors of the database; `too_large` if the arguments are.
pub async fn add<J: NamasteCore>(
    cx: &Context,
    kind: &'static str,
    arguments: Json,
    about: Option<&About>,
) -> Result<Uuid> {
    let caller = cx.caller();
    let text = |text: Option<&str>| text.map_or(Json::Null, Json::from);
    let args = [
        ("kind", Json::from(kind)),
        ("arguments", arguments),
        About::argument(about),
        ("started_by", text(caller.user.as_deref())),
        ("roles", Json::Array(caller.roles.iter().map(|role| Json::from(&**role)).collect())),
        ("session", text(caller.session.as_deref())),
    ];
    let Added { id, other } = ask::call::<J, _>(&cx.trusted(), "add", Record::from(args)).await?;
    let id = match (id, other) {
        (Some(id), _) => id,
        (None, Some(other)) => {
            let places = about.map(|about| about.places.replace(' ', "` and `")).unwrap_or_default();
            let message = format!("the job {other} moves records between `{places}`, and has not ended");
            return Err(Error::new(ErrorCode::Conflict, message).hint("wait until it has, or cancel it"));
        }
        (None, None) => return Err(Error::internal("the call `add` returns no job")),
    };
    if let Ok(desk) = cx.extensions.get::<Desk>() {
        desk.started.notify_one();
    }
    Ok(id)
}

/// Sends a job a command of the caller. Returns the job's state.
///
/// # Errors
/// `not_found` if the caller does not see the job; `conflict` if it has ended.
pub async fn control<J: NamasteCore>(cx: &Context, id: Uuid, control: Control) -> Result<String> {
    // In the caller's name: a job beyond the caller's reach counts as missing.
    cx.run(J::fetch(cx, FetchRequest::by_key(id.to_string()))).await?;
    let args = [("id", Json::from(id.to_string())), ("what", control.as_str().into())];
    let told = ask::call::<J, Controlled>(&cx.trusted(), "control", Record::from(args)).await;
    let Controlled { state } = told.map_err(|error| match error.code {
        ErrorCode::RejectedByDatabase => Error::new(ErrorCode::Conflict, error.message),
        _ => error,
    })?;
    if let Ok(desk) = cx.extensions.get::<Desk>() {
        desk.started.notify_one();
    }
    Ok(state)
}
