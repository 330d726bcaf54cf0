//! [`Client`]: sends requests and waits for their answers.

use std::{sync::Arc, time::Duration};

use beds_bus::{Endpoint, Name};
use beds_protocol::{Operation, Reply};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::{
    config::Config,
    confirms::{Keeper, Kept, Publication, Sent, Verdict, judge},
    connection::{Lane, Link, Session},
    error::ClientError,
    events::{Events, Subscription},
    pending::{Fate, Outcome, Pending},
    properties::{self, unix_ms},
    reply::{Answer, RawReply},
    request::Request,
    supervisor::{State, Supervisor},
};

/// A connection to the bus that carries many requests at a time and repairs itself.
///
/// Clones share the connection. It is closed when the last clone is dropped, or by [`Client::close`].
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoints: Arc<[Endpoint]>,
    config: Config,
    pending: Arc<Pending>,
    state: watch::Receiver<State>,
    slots: Arc<Semaphore>,
    keeper: mpsc::Sender<Kept>,
    user_id: Option<Name>,
    closing: CancellationToken,
    /// Ends the supervisor with the last clone.
    _ends: DropGuard,
}

impl Client {
    pub(crate) async fn start(
        endpoints: Arc<[Endpoint]>,
        config: Config,
        user_id: Option<Name>,
    ) -> Result<Self, ClientError> {
        let link = Link::open(&endpoints, &config, 0).await.map_err(ClientError::Connect)?;
        let pending = Arc::new(Pending::default());
        let (state, watched) = watch::channel(State::Connected(link.session.clone()));
        let closing = CancellationToken::new();
        let (keeper, incoming) = mpsc::channel(config.in_flight_max);
        tokio::spawn(Keeper::new(incoming, pending.clone()).run());
        let supervisor = Supervisor {
            endpoints: Arc::clone(&endpoints),
            config: config.clone(),
            pending: pending.clone(),
            state,
            closing: closing.clone(),
        };
        tokio::spawn(supervisor.run(link));
        Ok(Self(Arc::new(Inner {
            endpoints,
            pending,
            state: watched,
            slots: Arc::new(Semaphore::new(config.in_flight_max)),
            keeper,
            user_id,
            _ends: closing.clone().drop_guard(),
            closing,
            config,
        })))
    }

    /// Sends a request with a body of the caller's and waits for its reply.
    ///
    /// # Errors
    /// Every kind that [`ClientError`] names. An error reply is [`ClientError::Refused`].
    pub async fn request<B: Serialize + ?Sized>(
        &self,
        template: &str,
        operation: Operation<'_>,
        body: &B,
    ) -> Result<Reply, ClientError> {
        self.execute(Request::new(template, operation, body)).await
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn execute(&self, request: Request) -> Result<Reply, ClientError> {
        self.execute_raw(request).await?.reply()
    }

    /// Sends a request and waits for its reply, whose `data` is read as a `T`.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn execute_as<T: DeserializeOwned>(&self, request: Request) -> Result<Answer<T>, ClientError> {
        self.execute_raw(request).await?.answer()
    }

    /// Sends a request and waits for its reply. The reply is not decoded, so an error reply is a reply here.
    ///
    /// # Errors
    /// As [`Client::request`], except [`ClientError::Refused`] and [`ClientError::Decode`].
    pub async fn execute_raw(&self, request: Request) -> Result<RawReply, ClientError> {
        request.check()?;
        let timeout = request.timeout.unwrap_or(self.0.config.timeout);
        let deadline = Instant::now() + timeout.min(LONGEST);
        match timeout_at(deadline, self.exchange(request, deadline)).await {
            Ok(result) => result,
            Err(_) => Err(self.late(timeout)),
        }
    }

    /// Sends bytes with a routing key and waits for the reply, which is not decoded.
    ///
    /// # Errors
    /// As [`Client::execute_raw`].
    pub async fn request_raw(
        &self,
        routing_key: &str,
        body: impl Into<Vec<u8>>,
    ) -> Result<RawReply, ClientError> {
        self.execute_raw(Request::raw(routing_key, body)).await
    }

    /// Sends a request that wants no answer, and waits until RabbitMQ has it in a queue. If the wait ends early, the
    /// request may still be delivered.
    ///
    /// # Errors
    /// As [`Client::request`], except [`ClientError::Refused`] and [`ClientError::Decode`].
    pub async fn send(&self, request: Request) -> Result<(), ClientError> {
        request.check()?;
        let timeout = request.timeout.unwrap_or(self.0.config.timeout);
        let deadline = Instant::now() + timeout.min(LONGEST);
        match timeout_at(deadline, self.dispatch(request, deadline)).await {
            Ok(result) => result,
            Err(_) => Err(self.late(timeout)),
        }
    }

    /// Listens to events. A pattern, as in `client.events("note.*")`, listens in a queue that ends with the listener. A
    /// [`Subscription`] may name another queue. The events use a connection of their own, which outlives this client.
    ///
    /// # Errors
    /// [`ClientError::Request`] for a name that is too long; [`ClientError::Connect`] if RabbitMQ cannot be reached or
    /// refuses, or if no node has declared the exchange of events yet.
    pub async fn events(&self, subscription: impl Into<Subscription>) -> Result<Events, ClientError> {
        Events::open(Arc::clone(&self.0.endpoints), self.0.config.clone(), subscription.into()).await
    }

    /// Closes the connection of all clones. Requests in flight fail with [`ClientError::Disconnected`], later ones with
    /// [`ClientError::Closed`].
    pub async fn close(&self) {
        self.0.closing.cancel();
        // The supervisor bounds each of its steps, and drops its end of the channel when it ends.
        let mut state = self.0.state.clone();
        while state.changed().await.is_ok() {}
    }

    /// How many requests wait for an answer.
    pub fn in_flight(&self) -> usize {
        self.0.pending.len()
    }

    /// Publishes a request, and waits for its reply or its return.
    async fn exchange(&self, mut request: Request, deadline: Instant) -> Result<RawReply, ClientError> {
        let (key, body) = request.take_parts()?;
        let body = Arc::new(body);
        let mut gone = None;
        loop {
            let slot = self.slot().await?;
            let session = self.session(gone).await?;
            let generation = session.generation;
            let id = Uuid::now_v7();
            // The connection may end after the session was taken. Then the next session is used.
            let Some(mut waiting) = self.0.pending.register(generation, id) else {
                gone = Some(generation);
                continue;
            };
            let user = self.0.user_id.as_ref();
            let properties =
                properties::of(&request, id, (deadline, unix_ms()), user, Some(&session.reply_to));
            let (key, body) = (key.clone(), Arc::clone(&body));
            let publishing =
                Box::pin(async move { session.publish(Lane::Request, key, &body, properties).await });
            let publication = Publication::new(publishing, slot, &self.0.keeper);
            match self.answer(&mut waiting.outcome, publication, &request.routing_key).await {
                // Nothing has been sent, so it can be sent on the next connection.
                Err(Unanswered::NotSent) => gone = Some(generation),
                Err(Unanswered::For(error)) => return Err(error),
                Ok(reply) => return Ok(reply),
            }
        }
    }

    /// Waits for the reply to a request that is being published, or for its return.
    async fn answer(
        &self,
        outcome: &mut oneshot::Receiver<Outcome>,
        mut publication: Publication<'_>,
        routing_key: &str,
    ) -> Result<RawReply, Unanswered> {
        loop {
            tokio::select! {
                biased;
                outcome = &mut *outcome => {
                    let outcome = outcome.unwrap_or(Err(Fate::Disconnected));
                    return outcome.map_err(|fate| Unanswered::For(fate.into_error(routing_key)));
                }
                receipt = &mut publication, if publication.is_open() => {
                    let (verdict, returned) = judge(receipt);
                    if let Some(id) = returned {
                        self.0.pending.settle(id, Err(Fate::Unroutable));
                    }
                    refused(verdict, routing_key)?;
                }
            }
        }
    }

    /// Has the keeper publish a request, and waits for its report.
    async fn dispatch(&self, mut request: Request, deadline: Instant) -> Result<(), ClientError> {
        let (key, body) = request.take_parts()?;
        let body = Arc::new(body);
        let routing_key = request.routing_key.as_str();
        let mut gone = None;
        loop {
            let slot = self.slot().await?;
            let session = self.session(gone).await?;
            let generation = session.generation;
            let id = Uuid::now_v7();
            let user = self.0.user_id.as_ref();
            let properties = properties::of(&request, id, (deadline, unix_ms()), user, None);
            let (key, body) = (key.clone(), Arc::clone(&body));
            let publishing =
                Box::pin(async move { session.publish(Lane::Send, key, &body, properties).await });
            let (to, sent) = oneshot::channel();
            let kept = Kept { id: Some((id, to)), publishing, slot };
            self.0.keeper.send(kept).await.map_err(|_| ClientError::Closed)?;
            let Sent { verdict, returned } = sent.await.map_err(|_| ClientError::Closed)?;
            if returned {
                return Err(ClientError::Unroutable { routing_key: routing_key.to_owned() });
            }
            match refused(verdict, routing_key) {
                Ok(()) => return Ok(()),
                Err(Unanswered::NotSent) => gone = Some(generation),
                Err(Unanswered::For(error)) => return Err(error),
            }
        }
    }

    async fn slot(&self) -> Result<OwnedSemaphorePermit, ClientError> {
        self.0.slots.clone().acquire_owned().await.map_err(|_| ClientError::Closed)
    }

    /// The session of the present connection. Waits for a connection if there is none, and for a later one than `gone`,
    /// if that is given.
    async fn session(&self, gone: Option<u64>) -> Result<Arc<Session>, ClientError> {
        let is_it = |state: &State| match state {
            State::Connected(session) => Some(session.generation) > gone,
            State::Reconnecting(_) => false,
            State::Closed => true,
        };
        let mut state = self.0.state.clone();
        match state.wait_for(is_it).await.as_deref() {
            Ok(State::Connected(session)) => Ok(session.clone()),
            Ok(State::Reconnecting(_) | State::Closed) | Err(_) => Err(ClientError::Closed),
        }
    }

    /// The error of a request that ran out of time.
    fn late(&self, timeout: Duration) -> ClientError {
        match &*self.0.state.borrow() {
            State::Connected(_) => ClientError::Timeout(timeout),
            State::Reconnecting(reason) => ClientError::Disconnected(reason.to_string()),
            State::Closed => ClientError::Closed,
        }
    }
}

/// The timeout of a request that waits without end. A caller may name a longer time than an `Instant` can hold.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 30);

/// Why a request has no answer on this connection.
enum Unanswered {
    /// The request was not sent: the connection was gone before.
    NotSent,
    /// The final error.
    For(ClientError),
}

/// The error of a request after RabbitMQ's verdict on its message; none if RabbitMQ has taken it.
fn refused(verdict: Verdict, routing_key: &str) -> Result<(), Unanswered> {
    let routing_key = || routing_key.to_owned();
    Err(Unanswered::For(match verdict {
        Verdict::Confirmed => return Ok(()),
        Verdict::NotSent => return Err(Unanswered::NotSent),
        Verdict::Refused => ClientError::Overflow { routing_key: routing_key() },
        Verdict::Forbidden(reason) => ClientError::Forbidden { routing_key: routing_key(), reason },
        Verdict::Unroutable => ClientError::Unroutable { routing_key: routing_key() },
        Verdict::Lost(reason) => ClientError::Disconnected(reason),
    }))
}
