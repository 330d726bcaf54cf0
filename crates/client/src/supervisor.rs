//! Keeps the connection up, and brings replies to the requests that wait for them.

use std::{borrow::Cow, sync::Arc, time::Duration};

use beds_bus::{Endpoint, Message, Replies};
use beds_core::backoff::Backoff;
use beds_protocol::header;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    config::Config,
    connection::{Link, Session},
    pending::Pending,
    reply::RawReply,
};

/// The shortest pause between two attempts to connect.
const RECONNECT_MIN: Duration = Duration::from_millis(50);

/// Whether requests can be sent.
#[derive(Debug, Clone)]
pub(crate) enum State {
    /// Requests can be sent, on this connection.
    Connected(Arc<Session>),
    /// Requests wait. Holds why the last connection ended.
    Reconnecting(Arc<str>),
    /// Requests can never be sent again.
    Closed,
}

/// The task that owns the connection.
pub(crate) struct Supervisor {
    pub(crate) endpoints: Arc<[Endpoint]>,
    pub(crate) config: Config,
    pub(crate) pending: Arc<Pending>,
    pub(crate) state: watch::Sender<State>,
    pub(crate) closing: CancellationToken,
}

impl Supervisor {
    /// Runs until the client is closed or dropped.
    pub(crate) async fn run(self, mut link: Link) {
        loop {
            let lost = tokio::select! {
                reason = self.serve(&mut link.replies) => Some(reason),
                () = self.closing.cancelled() => None,
            };
            let generation = link.session.generation + 1;
            self.state.send_replace(match &lost {
                Some(reason) => State::Reconnecting(reason.as_str().into()),
                None => State::Closed,
            });
            self.pending.begin(generation);
            link.close().await;
            let Some(reason) = lost else { return };
            tracing::warn!(%reason, "connection to RabbitMQ lost; connecting again");
            let next = tokio::select! {
                next = self.reconnect(generation) => next,
                () = self.closing.cancelled() => {
                    self.state.send_replace(State::Closed);
                    return;
                }
            };
            tracing::info!("connected to RabbitMQ again");
            self.state.send_replace(State::Connected(next.session.clone()));
            link = next;
        }
    }

    /// Delivers replies until the replies end, and returns why they ended.
    async fn serve(&self, replies: &mut Replies) -> String {
        loop {
            match replies.next().await {
                Ok(message) => self.settle(message),
                Err(error) => return error.to_string(),
            }
        }
    }

    fn settle(&self, message: Message) {
        let id = message.correlation_id().and_then(|id| id.parse::<Uuid>().ok());
        // A reply without an id of this client is ignored. `settle` drops one that came too late.
        let Some(id) = id else { return };
        let text = |name| message.header(name).map(Cow::into_owned);
        let (status, template_hash) = (text(header::STATUS), text(header::TEMPLATE_HASH));
        let (status, position) = (status.unwrap_or_default(), text(header::POSITION));
        let reply = RawReply { status, template_hash, position, body: message.into_body() };
        self.pending.settle(id, Ok(reply));
    }

    async fn reconnect(&self, generation: u64) -> Link {
        let mut backoff = Backoff::new(RECONNECT_MIN, self.config.reconnect_max.max(RECONNECT_MIN));
        loop {
            match Link::open(&self.endpoints, &self.config, generation).await {
                Ok(link) => return link,
                Err(error) => {
                    let pause = backoff.pause();
                    tracing::debug!(%error, ?pause, "cannot connect to RabbitMQ yet");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}
