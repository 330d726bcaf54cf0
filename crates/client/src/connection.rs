//! One connection to RabbitMQ: its channels and its reply queue.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex as StdMutex, PoisonError, Weak},
    time::Duration,
};

use beds_bus::{
    BusError, Connection, Endpoint, Name, Properties, Publisher, Receipt, Replies, Timeouts, first_of,
};
use beds_protocol::topology::EXCHANGE;
use tokio::{sync::Mutex, time::timeout};

use crate::config::Config;

/// How long the closing of a connection may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How many routing keys are remembered as allowed.
const PROVEN_MAX: usize = 1_024;

/// RabbitMQ may refuse messages of this length or more as too long. Its `max_message_size` is 16 MiB or more, unless
/// somebody has set it.
const LONG: usize = 1 << 20;

/// The part of a connection that requests use.
///
/// RabbitMQ closes a channel over a forbidden message, and drops the other messages in flight on it. So a request that
/// may be forbidden has a channel for itself while it is published: the first of each routing key, and every long one.
#[derive(Debug)]
pub(crate) struct Session {
    /// Counts the connections of a client.
    pub(crate) generation: u64,
    /// Owned by the [`Link`], and ends with it.
    connection: Weak<Connection>,
    /// Publishes requests with an answer.
    requests: Mutex<Publisher>,
    /// Publishes requests without an answer. They have a channel of their own, because a returned message comes with
    /// the next receipt: see [`crate::confirms`].
    sends: Mutex<Publisher>,
    /// Publishes requests that may be forbidden, one at a time.
    trial: Mutex<Publisher>,
    /// The routing keys that RabbitMQ has let pass.
    proven: StdMutex<HashSet<String>>,
    /// The queue of replies.
    pub(crate) reply_to: Name,
}

/// A connection, and what arrives on it.
#[derive(Debug)]
pub(crate) struct Link {
    connection: Arc<Connection>,
    pub(crate) replies: Replies,
    pub(crate) session: Arc<Session>,
}

/// Which of the two publishing channels a request takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane {
    /// For requests that expect an answer.
    Request,
    /// For requests that expect none.
    Send,
}

impl Session {
    /// Publishes to the exchange of BEDS and waits until RabbitMQ has confirmed.
    pub(crate) async fn publish(
        &self,
        lane: Lane,
        routing_key: Name,
        body: &[u8],
        properties: Properties,
    ) -> Result<Receipt, BusError> {
        let is_long = body.len() >= LONG;
        if is_long || !self.is_proven(&routing_key) {
            let mut trial = self.trial.lock().await;
            // During the wait, another request with the same key may have passed.
            if is_long || !self.is_proven(&routing_key) {
                self.reopen(&mut trial).await?;
                let receipt = trial.publish(EXCHANGE, routing_key.clone(), properties, body).await?;
                self.prove(&routing_key);
                return Ok(receipt);
            }
        }
        let publisher = match lane {
            Lane::Request => self.publisher(&self.requests).await?,
            Lane::Send => self.publisher(&self.sends).await?,
        };
        let receipt = publisher.publish(EXCHANGE, routing_key, properties, body).await;
        if let Err(BusError::Forbidden(_) | BusError::Missing(_)) = receipt {
            // A key that was allowed may be forbidden now.
            self.keys().clear();
        }
        receipt
    }

    /// A publisher whose channel is open.
    async fn publisher(&self, publisher: &Mutex<Publisher>) -> Result<Publisher, BusError> {
        let mut publisher = publisher.lock().await;
        self.reopen(&mut publisher).await?;
        Ok(publisher.clone())
    }

    /// Opens a channel again after RabbitMQ has closed it.
    async fn reopen(&self, publisher: &mut Publisher) -> Result<(), BusError> {
        if publisher.is_open() {
            return Ok(());
        }
        match self.connection.upgrade().filter(|connection| connection.is_open()) {
            Some(connection) => *publisher = Publisher::open(&connection).await?,
            None => return Err(BusError::NotSent("it is closed".to_owned())),
        }
        Ok(())
    }

    fn is_proven(&self, routing_key: &Name) -> bool {
        self.keys().contains(routing_key.as_str())
    }

    fn prove(&self, routing_key: &Name) {
        let mut proven = self.keys();
        if proven.len() >= PROVEN_MAX {
            proven.clear();
        }
        proven.insert(routing_key.as_str().to_owned());
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// Connects to the first of the endpoints that answers, each within the configured time.
    pub(crate) async fn open(
        endpoints: &[Endpoint],
        config: &Config,
        generation: u64,
    ) -> Result<Self, String> {
        let limit = config.connect_timeout;
        first_of(endpoints, "no endpoint is named".to_owned(), |endpoint| async move {
            match timeout(limit, Self::attempt(endpoint, config, generation)).await {
                Ok(Ok(link)) => Ok(link),
                Ok(Err(error)) => Err(named(endpoint, &error)),
                Err(_) => Err(format!("{endpoint:?}: no answer within {limit:?}")),
            }
        })
        .await
    }

    async fn attempt(endpoint: &Endpoint, config: &Config, generation: u64) -> Result<Self, BusError> {
        let timeouts = Timeouts { connect: config.connect_timeout, answer: config.connect_timeout };
        let connection = Arc::new(Connection::open(endpoint, &config.name, timeouts).await?);
        let replies = Replies::open(&connection).await.map_err(of_reply_queue)?;
        let session = Arc::new(Session {
            generation,
            connection: Arc::downgrade(&connection),
            requests: Mutex::new(Publisher::open(&connection).await?),
            sends: Mutex::new(Publisher::open(&connection).await?),
            trial: Mutex::new(Publisher::open(&connection).await?),
            proven: StdMutex::default(),
            reply_to: replies.queue().clone(),
        });
        Ok(Self { connection, replies, session })
    }

    /// Closes the connection, with a handshake if that is quick.
    pub(crate) async fn close(self) {
        // If this fails, the connection is closed already.
        let _ = self.connection.close(CLOSE_TIMEOUT, "bye").await;
    }
}

/// The error, with the endpoint where it happened.
fn named(endpoint: &Endpoint, error: &BusError) -> String {
    let (place, said) = (format!("{endpoint:?}"), error.to_string());
    if said.contains(&place) { said } else { format!("{place}: {said}") }
}

/// Adds what a user needs in order to have a reply queue. Some users may not have one, such as that of a node.
fn of_reply_queue(error: BusError) -> BusError {
    match error {
        BusError::Forbidden(said) => BusError::Forbidden(format!(
            "{said}; a client needs a queue for replies, which RabbitMQ names: with `rabbitmqctl set_permissions`, \
             give its user `^amq\\.gen-.*$` to configure and to read, or log in as another user"
        )),
        error => error,
    }
}
