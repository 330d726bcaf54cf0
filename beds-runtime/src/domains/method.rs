//! What becomes of a hand-written method that does not end as it should: it panics, or goes on past its deadline. Its own
//! request hears of it, with what is known of its effect, and no other notices.

use std::{any::Any, panic::AssertUnwindSafe, time::Duration};

use beds_core::{Context, Error, Outcome, Result};
use beds_protocol::Lane;
use futures_util::FutureExt as _;
use tokio::time::timeout_at;
use tracing::error;

use super::failed;

/// How long a hand-written method may go on past the deadline: a database says by then what became of its part, and the
/// method passes that on.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// What a client does who wants to know what became of a write.
const CHECK: &str = "what it wrote before that stays: look at the records before you send it again";

/// The end of a method.
pub(super) async fn ended(
    cx: &Context,
    lane: Lane,
    running: impl Future<Output = Result<Outcome>>,
) -> Result<Outcome> {
    let limit = cx.deadline + GRACE;
    match timeout_at(limit.into(), AssertUnwindSafe(running).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(panicked(cx, lane, panic.as_ref())),
        Err(_) => Err(cut_off(lane)),
    }
}

/// What a request is answered with whose method did not end in time. What it wrote before stays; only the method knows.
fn cut_off(lane: Lane) -> Error {
    match lane {
        Lane::Read => Error::deadline(),
        Lane::Write => Error::unknown_effect("the method did not end by the deadline"),
    }
}

/// The same of one that panicked. The log is told why, the client is not.
fn panicked(cx: &Context, lane: Lane, panic: &(dyn Any + Send)) -> Error {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    error!(request_id = &*cx.request_id, "a method panicked: {}", said.unwrap_or("it gave no reason"));
    match lane {
        Lane::Read => failed(),
        Lane::Write => Error { hint: Some(CHECK.to_owned()), ..failed() },
    }
}
