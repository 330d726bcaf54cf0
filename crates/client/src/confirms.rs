//! What RabbitMQ says about a published request: confirmed, refused, or returned since nothing takes it.
//!
//! A returned message comes with whichever receipt is *next*, which may be that of another message: see [`Receipt`].
//! So it is matched by the correlation id that it carries, never by the receipt that it came with.
//!
//! A receipt that nobody awaits stays in memory. So the publication of a request whose caller went
//! away is handed to the [`Keeper`], one task a client, together with the request's slot: the slot is free only
//! when RabbitMQ has answered, which bounds what is unconfirmed, also while RabbitMQ blocks publishers.

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

/// What RabbitMQ said of a message, the question of a return apart.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Taken, unless it was returned.
    Confirmed,
    /// Taken back.
    Refused,
    /// Not allowed.
    Forbidden(String),
    /// There is no exchange to take it.
    Unroutable,
    /// It never came there: the connection was gone before.
    NotSent,
    /// Nothing: the connection is gone.
    Lost(String),
}

/// Splits a receipt into the verdict on its own message, and the id of the message that was returned with it, which
/// may be another's.
pub(crate) fn judge(receipt: Result<Receipt, BusError>) -> (Verdict, Option<Uuid>) {
    match receipt {
        Ok(Receipt { taken, returned }) => {
            let id = returned.and_then(|message| message.correlation_id?.as_str().parse().ok());
            (if taken { Verdict::Confirmed } else { Verdict::Refused }, id)
        }
        Err(BusError::Forbidden(reason)) => (Verdict::Forbidden(reason), None),
        // No connection takes it.
        Err(error @ (BusError::TooLong | BusError::TooLarge { .. })) => {
            (Verdict::Forbidden(error.to_string()), None)
        }
        Err(BusError::Missing(_)) => (Verdict::Unroutable, None),
        Err(BusError::NotSent(_)) => (Verdict::NotSent, None),
        Err(error) => (Verdict::Lost(error.to_string()), None),
    }
}

/// The publication of a request whose caller waits. When the caller goes away before RabbitMQ has confirmed, the
/// keeper takes over.
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
            // There is room for as many as there are slots; it fails only when the client itself is gone.
            let _ = self.keeper.try_send(Kept { id: None, publishing, slot });
        }
    }
}

/// A publication for the keeper.
pub(crate) struct Kept {
    /// Its correlation id and who wants to know, where somebody does.
    pub(crate) id: Option<(Uuid, oneshot::Sender<Sent>)>,
    pub(crate) publishing: Publishing,
    pub(crate) slot: OwnedSemaphorePermit,
}

/// What became of a request without an answer: what RabbitMQ said of it, and whether it came back.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) verdict: Verdict,
    pub(crate) returned: bool,
}

/// Sees publications to their end.
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

    /// Runs until the client is gone and nothing is left to see to.
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
                    // A receipt that took the return of a later message was resolved before that message's
                    // own: taking all that are resolved before reporting any puts the two together.
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
