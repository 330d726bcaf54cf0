//! The Rust function behind a call of the template `syslog`, which names this file as its `module`. The function is
//! that of the node, and the objects are those of this project.

use beds_runtime::{Context, Result, services::syslog};

use super::Syslog;

/// `syslog.call.ingest`
///
/// # Errors
/// The errors of the database. Nothing is stored then.
pub async fn ingest(cx: &Context, lines: Vec<String>, source: Option<String>) -> Result<i64> {
    syslog::ingest::<Syslog>(cx, &lines, source.as_deref()).await
}
