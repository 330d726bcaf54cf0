//! Jobs: work that takes longer than a request. [`Kind`] is what a kind of them does, [`Worker`] works at them on a node, and
//! [`add`] and [`control`] are what is behind calls of templates.
//!
//! A job is leased by one node at a time. It goes on in chunks, each of which leaves a checkpoint; a chunk that is done twice changes
//! nothing. So a node may die at any moment, and another goes on from the checkpoint once the lease has ended.

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
pub(crate) use kept::{json, read};
pub use kind::{Job, Kind, Next, Reject, Step};
pub use settings::Jobs;
pub(crate) use worker::may_pass;
pub use worker::{Base, Worker};

use crate::ask;

/// What functions that start jobs find among the node's extensions.
#[derive(Debug)]
pub struct Desk {
    /// The domains that jobs may be about.
    pub catalogue: Arc<Catalogue>,
    /// Hears that a job was started, so that this node looks for it at once.
    pub started: Arc<Notify>,
}

/// What a job is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// To stop until it is resumed.
    Pause,
    /// To go on.
    Resume,
    /// To end.
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

/// What a job is about, where that makes a difference to others: the records that it moves between two places. Of those that
/// are about the same, one begins when the other has ended: each would take what the other takes away for deleted by a
/// client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    places: String,
}

impl About {
    /// One that moves records between two templates, in either direction.
    #[must_use]
    pub fn moving(one: &str, other: &str) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self { places: format!("{first} {second}") }
    }

    /// The argument that says so to the database.
    fn argument(about: Option<&Self>) -> (&'static str, Json) {
        ("about", about.map_or(Json::Null, |about| about.places.as_str().into()))
    }
}

#[derive(Deserialize)]
struct Added {
    id: Option<Uuid>,
    /// The job that is in its way.
    other: Option<Uuid>,
}

#[derive(Deserialize)]
struct Controlled {
    state: String,
}

/// Keeps a new job of a kind, which goes on in the caller's name; gives its id.
///
/// # Errors
/// `conflict` where another job is in its way; what the database says; `too_large` where the arguments are.
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
        (None, None) => return Err(Error::internal("the call `add` gives no job")),
    };
    if let Ok(desk) = cx.extensions.get::<Desk>() {
        desk.started.notify_one();
    }
    Ok(id)
}

/// Tells a job what the caller wants of it; gives its state.
///
/// # Errors
/// `not_found` where the caller does not see it; `conflict` where it has ended.
pub async fn control<J: NamasteCore>(cx: &Context, id: Uuid, control: Control) -> Result<String> {
    // In the caller's name: what it does not reach does not exist.
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
