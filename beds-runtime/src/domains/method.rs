//! The end of a hand-written method that panics, or exceeds its deadline. Its own request is told, with the known facts
//! about its effect. No other request is affected.

use std::{any::Any, panic::AssertUnwindSafe, time::Duration};

use beds_core::{Context, Error, Outcome, Result};
use beds_protocol::Lane;
use futures_util::FutureExt as _;
use tokio::time::timeout_at;
use tracing::error;

use super::failed;

/// How long a hand-written method may exceed the deadline. By then a database has reported the result of its part, and
/// the method passes that on.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// What a client has to do to learn the effect of a write.
const CHECK: &str = "its writes before that stay: look at the records before you send it again";

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

/// The error for a method that did not end in time. Its writes stay. Only the method knows which they are.
fn cut_off(lane: Lane) -> Error {
    match lane {
        Lane::Read => Error::deadline(),
        Lane::Write => Error::unknown_effect("the method did not end by the deadline"),
    }
}

/// The error for a method that panicked. The reason goes to the log, not to the client.
fn panicked(cx: &Context, lane: Lane, panic: &(dyn Any + Send)) -> Error {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    error!(request_id = &*cx.request_id, "a method panicked: {}", said.unwrap_or("it gave no reason"));
    match lane {
        Lane::Read => failed(),
        Lane::Write => Error { hint: Some(CHECK.to_owned()), ..failed() },
    }
}
