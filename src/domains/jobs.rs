//! The Rust functions behind calls of the template `job`, which names this file as its `module`. The functions are
//! those of the node, and the objects are those of this project.

use beds_runtime::{
    Context, Result,
    services::jobs::{self, Control},
};
use uuid::Uuid;

use super::Job;

/// `job.call.pause`
///
/// # Errors
/// `not_found` if the caller does not see the job; `conflict` if it has ended.
pub async fn pause(cx: &Context, id: Uuid) -> Result<String> {
    jobs::control::<Job>(cx, id, Control::Pause).await
}

/// `job.call.resume`
///
/// # Errors
/// As [`pause`].
pub async fn resume(cx: &Context, id: Uuid) -> Result<String> {
    jobs::control::<Job>(cx, id, Control::Resume).await
}

/// `job.call.cancel`
///
/// # Errors
/// As [`pause`].
pub async fn cancel(cx: &Context, id: Uuid) -> Result<String> {
    jobs::control::<Job>(cx, id, Control::Cancel).await
}
