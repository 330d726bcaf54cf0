//! Keeps the connection up, and brings replies to the requests that wait for them.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use beds_protocol::header;
use futures_util::StreamExt as _;
use lapin::{Consumer, message::Delivery, types::AMQPValue, uri::AMQPUri};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    RawReply,
    builder::Config,
    connection::{Link, Session},
    pending::Pending,
};

/// The shortest pause between two attempts to connect.
const RECONNECT_MIN: Duration = Duration::from_millis(50);

/// Whether requests can be sent.
#[derive(Debug, Clone)]
pub(crate) enum State {
    /// They can, on this connection.
    Connected(Arc<Session>),
    /// Not now; why the last connection ended.
    Reconnecting(Arc<str>),
    /// Never again.
    Closed,
}

/// The task that owns the connection.
pub(crate) struct Supervisor {
    pub(crate) uri: AMQPUri,
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

    /// Hands out replies until there are no more, and says why.
    async fn serve(&self, replies: &mut Consumer) -> String {
        loop {
            match replies.next().await {
                Some(Ok(delivery)) => self.settle(delivery),
                Some(Err(error)) => return error.to_string(),
                None => return "the reply queue was cancelled".to_owned(),
            }
        }
    }

    fn settle(&self, delivery: Delivery) {
        let properties = &delivery.properties;
        let id = properties.correlation_id().as_ref().and_then(|id| id.as_str().parse().ok());
        // A reply without an id that this client gave is nobody's; one that came too late is dropped in settle.
        let Some(id) = id else { return };
        let text = |name: &str| match properties.headers().as_ref()?.inner().get(name)? {
            AMQPValue::LongString(text) => Some(text.to_string()),
            AMQPValue::ShortString(text) => Some(text.to_string()),
            _ => None,
        };
        let reply = RawReply {
            status: text(header::STATUS).unwrap_or_default(),
            template_hash: text(header::TEMPLATE_HASH),
            body: delivery.data,
        };
        self.pending.settle(id, Ok(reply));
    }

    async fn reconnect(&self, generation: u64) -> Link {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(RECONNECT_MIN)
            .with_max_delay(self.config.reconnect_max.max(RECONNECT_MIN))
            .with_jitter();
        // Without a limit on the attempts, the pauses never end; should they, they begin again.
        loop {
            for pause in backoff.without_max_times().build() {
                match Link::open(&self.uri, &self.config, generation).await {
                    Ok(link) => return link,
                    Err(error) => tracing::debug!(%error, ?pause, "cannot connect to RabbitMQ yet"),
                }
                tokio::time::sleep(pause).await;
            }
        }
    }
}
