//! The service of a node without its servers, and the conditions that must hold for every input.

use std::sync::Arc;

use beds::domains::Domains as Templates;
use beds_bus::probe;
use beds_core::{
    Error, Factory as _, Outcome, Result, Runner,
    plan::{Action, Bounds, Plan, Read},
    service::{Service as _, Verdict},
    settings::Limits,
    spec::{Call, Domain, Routine},
};
use beds_protocol::{ErrorCode, Reply};
use beds_runtime::domains::Domains;
use futures_util::future::BoxFuture;
use tokio::runtime::Runtime;

use crate::target::Case;

/// A frame of RabbitMQ, which must have room for all properties of a message.
const FRAME_BYTES: usize = 128 << 10;
/// The largest error: 100 mistakes, with 400 characters each.
const ERROR_BYTES_MAX: usize = 512 << 10;

/// Databases that do every plan at once.
#[derive(Debug)]
struct Databases;

impl Runner for Databases {
    fn run(&self, plan: Plan, _: Bounds) -> BoxFuture<'_, Result> {
        let outcome = match plan.action {
            Action::Read(Read::Count { .. }) => Outcome::count(1),
            Action::Read(Read::Many(_)) => Outcome::data(b"[]".to_vec()),
            _ => Outcome::data(b"{}".to_vec()),
        };
        Box::pin(async { Ok(outcome) })
    }
}

/// Whether the calls of a domain have functions behind them. The functions need databases with meaningful answers.
fn needs_servers(domain: &Domain) -> bool {
    let is_method = |call: &Call| matches!(call.routine, Routine::Method);
    domain.calls.iter().any(is_method)
}

/// A node without servers.
#[derive(Debug)]
pub struct Node {
    runtime: Runtime,
    service: Domains<Templates>,
    /// The domains of its templates.
    pub domains: Vec<&'static Domain>,
}

/// How cases ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Replies that say `ok`.
    pub ok: u64,
    /// Replies with an error.
    pub refused: u64,
    /// Dead letters.
    pub dead: u64,
    /// Cases without a waiting client: done, or retried later.
    pub silent: u64,
    /// Messages that the bus moves to the dead letters without reading them.
    pub unreadable: u64,
}

impl Node {
    /// A node with the domains of `templates/`.
    ///
    /// # Errors
    /// When the runtime cannot start.
    pub fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let mut domains = Templates::domains();
        domains.retain(|domain| !needs_servers(domain));
        let service = Domains::new(domains.clone(), Arc::new(Databases), Limits::default());
        Ok(Self { runtime, service, domains })
    }

    /// Handles a case, and counts its result.
    ///
    /// # Errors
    /// The condition that does not hold.
    pub fn handle(&self, case: Case, counts: &mut Counts) -> std::result::Result<(), String> {
        let Case { broker, routing_key, properties, body } = case;
        let (shown, key) = (body.clone(), routing_key.clone());
        let handled = probe::deliver(broker, &routing_key, &properties, body, |incoming| {
            self.runtime.block_on(self.service.handle(incoming))
        });
        // The body as the log and the dead letters show it.
        let _ = self.service.shown(&key, &shown);
        let Some(handled) = handled else {
            counts.unreadable += 1;
            return Ok(());
        };
        if handled.properties_bytes >= FRAME_BYTES {
            return Err(format!("properties of {} bytes", handled.properties_bytes));
        }
        match handled.verdict {
            Verdict::Reply(reply) => {
                let is_ok = well_formed(reply.status, &reply.body)?;
                counts.ok += u64::from(is_ok);
                counts.refused += u64::from(!is_ok);
                Ok(())
            }
            other if handled.wants_reply => Err(format!("no reply but {other:?}")),
            Verdict::Dead(error) => {
                counts.dead += 1;
                ours_is_no_fault(&error)
            }
            Verdict::Retry(error) => {
                counts.silent += 1;
                ours_is_no_fault(&error)
            }
            Verdict::Done => {
                counts.silent += 1;
                Ok(())
            }
        }
    }
}

/// A panic becomes `internal`, and so would a defect that was noticed.
fn ours_is_no_fault(error: &Error) -> std::result::Result<(), String> {
    if error.code == ErrorCode::Internal { Err(format!("{error:?}")) } else { Ok(()) }
}

/// Checks the form of a reply, and returns whether it says `ok`.
fn well_formed(status: &str, body: &[u8]) -> std::result::Result<bool, String> {
    let wrong = |what: &str| Err(format!("{what}: {}", String::from_utf8_lossy(body)));
    let Ok(reply) = serde_json::from_slice::<Reply>(body) else { return wrong("the reply is none") };
    if !is_whole(&reply) {
        return wrong("the reply contradicts itself, or blames the node");
    }
    match &reply.error {
        None if status == "ok" => Ok(true),
        Some(error) if error.code.as_str() != status => wrong("the status is another"),
        Some(_) if body.len() > ERROR_BYTES_MAX => wrong("the error is too long"),
        Some(_) => Ok(false),
        None => wrong("the status is another"),
    }
}

fn is_whole(reply: &Reply) -> bool {
    let is_whole_error = |error: &beds_protocol::ErrorBody| {
        !error.message.is_empty() && error.code != ErrorCode::Internal && error.details.len() <= 100
    };
    reply.ok == reply.error.is_none()
        && reply.error.as_ref().is_none_or(is_whole_error)
        && reply.items.iter().flatten().all(is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_must_not_be_is_found() {
        let error =
            r#"{"ok":false,"error":{"code":"not_found","message":"no","retryable":false,"request_id":"r"}}"#;
        assert_eq!(well_formed("ok", br#"{"ok":true,"data":1}"#), Ok(true));
        assert_eq!(well_formed("not_found", error.as_bytes()), Ok(false));
        let item = format!(r#"{{"ok":true,"items":[{error},{{"ok":false}}]}}"#);
        let blamed = error.replace("not_found", "internal");
        for (status, body) in [
            ("ok", ""),
            ("ok", "{}"),
            ("ok", r#"{"ok":true}{}"#),
            ("ok", r#"{"ok":false}"#),
            ("conflict", error),
            ("ok", error),
            ("ok", &item),
            ("internal", &blamed),
        ] {
            assert!(well_formed(status, body.as_bytes()).is_err(), "{status} {body}");
        }
    }
}
