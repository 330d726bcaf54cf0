//! The Rust functions behind the calls of the template `cool`, which names this file as its `module`. The functions are
//! those of the node, and the jobs are those of this project.

use beds_runtime::{
    Context, Result,
    protocol::Json,
    services::cool::{self, Asked, Found, Listed},
};
use uuid::Uuid;

use super::Job;

/// `cool.call.start`
///
/// # Errors
/// `validation_failed` with what is wrong with the request; `forbidden` if the caller lacks the rights on the template.
pub async fn start(
    cx: &Context,
    template: String,
    r#where: Option<Json>,
    mode: Option<String>,
    chunk: Option<u32>,
    dry_run: Option<bool>,
) -> Result<Uuid> {
    cool::start::<Job>(cx, Asked { template, r#where, mode, chunk, dry_run, is_due: false }).await
}

/// `cool.call.list`
///
/// # Errors
/// `forbidden` if the caller may not fetch all records of the template.
pub async fn list(cx: &Context, template: String) -> Result<Vec<Listed>> {
    cool::list(cx, &template).await
}

/// `cool.call.find`
///
/// # Errors
/// `not_found`; as [`list`].
pub async fn find(cx: &Context, archive: Option<Uuid>, template: String, key: Json) -> Result<Found> {
    cool::find(cx, archive, &template, &key).await
}

/// `cool.call.verify`
///
/// # Errors
/// As [`find`].
pub async fn verify(cx: &Context, archive: Uuid) -> Result<Uuid> {
    cool::verify::<Job>(cx, archive).await
}

/// `cool.call.restore`
///
/// # Errors
/// As [`start`] and [`find`].
pub async fn restore(
    cx: &Context,
    archive: Uuid,
    on_conflict: Option<String>,
    r#where: Option<Json>,
    chunk: Option<u32>,
    dry_run: Option<bool>,
) -> Result<Uuid> {
    cool::restore::<Job>(cx, archive, on_conflict, r#where, chunk, dry_run).await
}
