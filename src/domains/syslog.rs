//! The Rust function behind a call of the template `syslog`, which names this file as its `module`: the node's own, on this
//! project's objects.

use beds_runtime::{Context, Result, services::syslog};

use super::Syslog;

/// `syslog.call.ingest`
///
/// # Errors
/// What the database says; then nothing is kept.
pub async fn ingest(cx: &Context, lines: Vec<String>, source: Option<String>) -> Result<i64> {
    syslog::ingest::<Syslog>(cx, &lines, source.as_deref()).await
}
