//! The Rust functions behind the calls of the template `warehouse`, which names this file as its `module`. The
//! functions are those of the node, and the jobs are those of this project.

use beds_runtime::{
    Context, Result,
    protocol::Json,
    services::warehouse::{self, Asked, Wanted},
};
use uuid::Uuid;

use super::Job;

/// `warehouse.call.start`
///
/// # Errors
/// `validation_failed` with what is wrong with the request; `forbidden` if the caller lacks the rights on both
/// templates.
pub async fn start(
    cx: &Context,
    template: String,
    r#where: Option<Json>,
    chunk: Option<u32>,
    dry_run: Option<bool>,
) -> Result<Uuid> {
    warehouse::start::<Job>(cx, Asked { template, r#where, chunk, dry_run }).await
}

/// `warehouse.call.restore`
///
/// # Errors
/// As [`start`].
pub async fn restore(
    cx: &Context,
    template: String,
    r#where: Json,
    on_conflict: Option<String>,
    chunk: Option<u32>,
    dry_run: Option<bool>,
) -> Result<Uuid> {
    warehouse::restore::<Job>(cx, Wanted { template, r#where, on_conflict, chunk, dry_run }).await
}
