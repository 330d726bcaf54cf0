//! RabbitMQ's verdict on a published request: confirmed, refused, or returned because no queue takes it.
//!
//! A returned message comes with the *next* receipt, which may be that of another message: see [`Receipt`]. So a return
//! is matched by the correlation id that it carries, never by its receipt.
//!
//! A receipt that nobody awaits stays in memory. So if the caller of a request goes away, its publication is handed to
//! the [`Keeper`], one task per client, together with the request's slot. The slot is free only when RabbitMQ has
//! answered. That bounds the unconfirmed messages, also while RabbitMQ blocks publishers.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use beds_bus::{BusError, Receipt};
use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use uuid::Uuid;

use crate::pending::{Fate, Pending};

/// Publishes one message and resolves when RabbitMQ has confirmed it.
pub(crate) type Publishing = Pin<Box<dyn Future<Output = Result<Receipt, BusError>> + Send>>;

/// RabbitMQ's verdict on a message, without the question whether the message was returned.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Taken, unless it was returned.
    Confirmed,
    /// RabbitMQ sent a `nack`.
    Refused,
    /// Not allowed.
    Forbidden(String),
    /// There is no exchange to take it.
    Unroutable,
    /// The message was not sent: the connection was gone before.
    NotSent,
    /// No verdict: the connection is gone.
    Lost(String),
}

/// Splits a receipt into the verdict on its own message, and the id of the message that was returned with it. The two
/// may be different messages.
pub(crate) fn judge(receipt: Result<Receipt, BusError>) -> (Verdict, Option<Uuid>) {
    match receipt {
        Ok(Receipt { taken, returned }) => {
            let id = returned.and_then(|message| message.correlation_id?.as_str().parse().ok());
            (if taken { Verdict::Confirmed } else { Verdict::Refused }, id)
        }
        Err(BusError::Forbidden(reason)) => (Verdict::Forbidden(reason), None),
        // No connection can carry this message.
        Err(error @ (BusError::TooLong | BusError::TooLarge { .. })) => {
            (Verdict::Forbidden(error.to_string()), None)
        }
        Err(BusError::Missing(_)) => (Verdict::Unroutable, None),
        Err(BusError::NotSent(_)) => (Verdict::NotSent, None),
        Err(error) => (Verdict::Lost(error.to_string()), None),
    }
}

/// The publication of a request whose caller waits. If the caller goes away before RabbitMQ has confirmed, the keeper
/// takes over.
pub(crate) struct Publication<'a> {
    publishing: Option<Publishing>,
    slot: Option<OwnedSemaphorePermit>,
    keeper: &'a mpsc::Sender<Kept>,
}

impl<'a> Publication<'a> {
    pub(crate) const fn new(
        publishing: Publishing,
        slot: OwnedSemaphorePermit,
        keeper: &'a mpsc::Sender<Kept>,
    ) -> Self {
        Self { publishing: Some(publishing), slot: Some(slot), keeper }
    }

    /// Whether RabbitMQ has not answered yet.
    pub(crate) const fn is_open(&self) -> bool {
        self.publishing.is_some()
    }
}

impl Future for Publication<'_> {
    type Output = Result<Receipt, BusError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(publishing) = self.publishing.as_mut() else { return Poll::Pending };
        let result = publishing.as_mut().poll(cx);
        if result.is_ready() {
            self.publishing = None;
        }
        result
    }
}

impl Drop for Publication<'_> {
    fn drop(&mut self) {
        if let (Some(publishing), Some(slot)) = (self.publishing.take(), self.slot.take()) {
            // The channel has room for as many as there are slots. So sending fails only when the client itself is
            // gone.
            let _ = self.keeper.try_send(Kept { id: None, publishing, slot });
        }
    }
}

/// A publication for the keeper.
pub(crate) struct Kept {
    /// Its correlation id and its caller, if a caller waits.
    pub(crate) id: Option<(Uuid, oneshot::Sender<Sent>)>,
    pub(crate) publishing: Publishing,
    pub(crate) slot: OwnedSemaphorePermit,
}

/// The end of a request without an answer: RabbitMQ's verdict, and whether the message was returned.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) verdict: Verdict,
    pub(crate) returned: bool,
}

/// Awaits the receipts of publications.
pub(crate) struct Keeper {
    incoming: mpsc::Receiver<Kept>,
    pending: Arc<Pending>,
    reports: HashMap<Uuid, Report>,
}

struct Report {
    to: oneshot::Sender<Sent>,
    returned: bool,
}

type Ended = (Option<Uuid>, Result<Receipt, BusError>);

impl Keeper {
    pub(crate) fn new(incoming: mpsc::Receiver<Kept>, pending: Arc<Pending>) -> Self {
        Self { incoming, pending, reports: HashMap::new() }
    }

    /// Runs until the client is gone and no publication is open.
    pub(crate) async fn run(mut self) {
        let mut publishing = FuturesUnordered::new();
        let mut open = true;
        while open || !publishing.is_empty() {
            tokio::select! {
                kept = self.incoming.recv(), if open => match kept {
                    None => open = false,
                    Some(Kept { id, publishing: future, slot }) => {
                        let id = id.map(|(id, to)| {
                            self.reports.insert(id, Report { to, returned: false });
                            id
                        });
                        publishing.push(async move {
                            let result = future.await;
                            drop(slot);
                            (id, result)
                        });
                    }
                },
                Some(ended) = publishing.next(), if !publishing.is_empty() => {
                    let mut batch = vec![ended];
                    // A receipt that carries the return of a later message resolves before that message's own receipt.
                    // So all resolved receipts are taken before any is reported, to match the two.
                    while let Some(Some(ended)) = publishing.next().now_or_never() {
                        batch.push(ended);
                    }
                    self.report(batch);
                }
            }
        }
    }

    fn report(&mut self, batch: Vec<Ended>) {
        let judged: Vec<_> = batch
            .into_iter()
            .map(|(id, result)| {
                let (verdict, returned) = judge(result);
                if let Some(returned) = returned {
                    match self.reports.get_mut(&returned) {
                        Some(report) => report.returned = true,
                        None => self.pending.settle(returned, Err(Fate::Unroutable)),
                    }
                }
                (id, verdict)
            })
            .collect();
        for (id, verdict) in judged {
            let Some(Report { to, returned }) = id.and_then(|id| self.reports.remove(&id)) else { continue };
            // The caller may have gone.
            let _ = to.send(Sent { verdict, returned });
        }
    }
}

#[cfg(test)]
mod tests {
    use beds_bus::{Name, Returned};

    use super::*;

    #[test]
    fn a_receipt_speaks_of_its_own_message_and_of_the_one_that_came_back() {
        let id = Uuid::now_v7();
        let back = |id: &str| Some(Returned { correlation_id: Name::new(id) });
        for (taken, returned, expected) in [
            (true, None, None),
            (false, None, None),
            (true, back(&id.to_string()), Some(id)),
            (true, back("x"), None),
        ] {
            let (verdict, id) = judge(Ok(Receipt { taken, returned }));
            assert_eq!((matches!(verdict, Verdict::Confirmed), id), (taken, expected));
            assert_eq!(matches!(verdict, Verdict::Refused), !taken);
        }
        for never in [BusError::TooLong, BusError::TooLarge { max: 1 }] {
            assert!(matches!(judge(Err(never)).0, Verdict::Forbidden(_)));
        }
        let (verdict, id) = judge(Err(BusError::Other("gone".to_owned())));
        assert!(matches!(verdict, Verdict::Lost(reason) if reason == "gone") && id.is_none());
    }
}
