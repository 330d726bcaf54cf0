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

/// How long a closing connection may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How many routing keys are remembered as allowed.
const PROVEN_MAX: usize = 1_024;

/// From this length on RabbitMQ may find a message too long: its `max_message_size` is 16 MiB or more unless somebody set
/// it.
const LONG: usize = 1 << 20;

/// What requests need of a connection.
///
/// RabbitMQ closes a channel over a message that it forbids, and forgets what else is on its way there. So a request
/// that may be forbidden has a channel for itself while it is published: the first of each routing key, and every long
/// one.
#[derive(Debug)]
pub(crate) struct Session {
    /// Counts the connections of a client.
    pub(crate) generation: u64,
    /// It belongs to the [`Link`], and ends with it.
    connection: Weak<Connection>,
    /// Where requests with an answer are published.
    requests: Mutex<Publisher>,
    /// Where requests without an answer are published. They have a channel of their own, since a returned message
    /// comes with whichever receipt is next: see [`crate::confirms`].
    sends: Mutex<Publisher>,
    /// Where one request at a time is published that may be forbidden.
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
    /// It expects an answer.
    Request,
    /// It expects none.
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
            // While it waited, another of its key may have passed.
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
            // What was allowed is not any more.
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

    /// Opens a channel again that RabbitMQ has closed.
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

    /// Closes the connection, politely if that is quick.
    pub(crate) async fn close(self) {
        // What fails here is closed already.
        let _ = self.connection.close(CLOSE_TIMEOUT, "bye").await;
    }
}

/// What went wrong, and where.
fn named(endpoint: &Endpoint, error: &BusError) -> String {
    let (place, said) = (format!("{endpoint:?}"), error.to_string());
    if said.contains(&place) { said } else { format!("{place}: {said}") }
}

/// What a user needs that may have no reply queue, such as that of a node.
fn of_reply_queue(error: BusError) -> BusError {
    match error {
        BusError::Forbidden(said) => BusError::Forbidden(format!(
            "{said}; a client has a queue for replies, whose name RabbitMQ gives: with `rabbitmqctl set_permissions`, give \
             its user `^amq\\.gen-.*$` to configure and to read, or log in as another"
        )),
        error => error,
    }
}
