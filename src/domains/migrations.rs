//! The Rust functions behind the calls of the template `migration`, which names this file as its `module`. The
//! functions are those of the node, and the jobs are those of this project.

use beds_runtime::{
    Context, Result,
    protocol::Json,
    services::migration::{self, Asked},
};
use uuid::Uuid;

use super::Job;

/// `migration.call.start`
///
/// # Errors
/// `validation_failed` with everything that is wrong with the request; `forbidden` if the caller lacks the rights on
/// both templates.
#[expect(clippy::too_many_arguments, reason = "one for each argument of the call")]
pub async fn start(
    cx: &Context,
    from: String,
    to: String,
    r#where: Option<Json>,
    map: Option<Json>,
    mode: Option<String>,
    on_conflict: Option<String>,
    chunk: Option<u32>,
    dry_run: Option<bool>,
    rejects_of: Option<Uuid>,
) -> Result<Uuid> {
    let asked = Asked { from, to, r#where, map, mode, on_conflict, chunk, dry_run, rejects_of };
    migration::start::<Job>(cx, asked).await
}

/// `migration.call.retry`
///
/// # Errors
/// `not_found` if the caller does not see the job; the errors of [`start`].
pub async fn retry(cx: &Context, id: Uuid, on_conflict: Option<String>) -> Result<Uuid> {
    migration::retry::<Job>(cx, id, on_conflict).await
}
