//! [`ClientBuilder`]: how a client connects and how long it waits.

use std::time::Duration;

use beds_bus::{Endpoint, Name};
use beds_core::settings::{SecretUrl, Tls, Urls};

use crate::{client::Client, config::Config, error::ClientError};

/// The settings of a client. [`ClientBuilder::connect`] makes the client.
#[derive(Clone)]
pub struct ClientBuilder {
    url: String,
    tls: Tls,
    config: Config,
    user_id: Option<String>,
}

impl Client {
    /// Begins a client for the bus at this URL, such as `amqp://user:password@host:5672/vhost`, or `amqps://…` for TLS.
    /// For a cluster, give the URLs of its servers with commas between. The client tries them one after another, a
    /// second apart, until one answers.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url)
    }
}

impl std::fmt::Debug for ClientBuilder {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), tls: Tls::default(), config: Config::default(), user_id: None }
    }

    /// The certificates and keys of an `amqps://…` link, besides the authorities that the machine trusts. The files are
    /// read again for each connection.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// How long a request waits for its answer: 10 seconds unless set. This includes the wait for a free slot and for a
    /// lost connection. A single request may set its own timeout.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.config.timeout = timeout;
        self
    }

    /// How long one attempt to connect may take: 10 seconds unless set.
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout = timeout;
        self
    }

    /// How many requests may be in flight, at least 1: 1,024 unless set. Further requests wait for a free slot.
    #[must_use]
    pub fn in_flight_max(mut self, requests: usize) -> Self {
        self.config.in_flight_max = requests.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// AMQP heartbeat in seconds, at least 1: 10 unless set here or in the URL (`?heartbeat=5`). A dead RabbitMQ is
    /// noticed after two heartbeats.
    #[must_use]
    pub fn heartbeat(mut self, seconds: u16) -> Self {
        self.config.heartbeat = seconds.max(1);
        self
    }

    /// The longest pause between two attempts to connect again: 5 seconds unless set.
    #[must_use]
    pub const fn reconnect_max(mut self, pause: Duration) -> Self {
        self.config.reconnect_max = pause;
        self
    }

    /// Sets AMQP's `user_id` on every request. RabbitMQ refuses a `user_id` that is not the user of the connection, so
    /// a node can trust it.
    #[must_use]
    pub fn user_id(mut self, user: impl Into<String>) -> Self {
        self.user_id = Some(user.into());
        self
    }

    /// The name of the connection in RabbitMQ's listings: `beds-client` unless set.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// Connects. Must be called within a Tokio runtime with I/O and time enabled.
    ///
    /// Only the first connection can fail here. After that the client reconnects by itself.
    ///
    /// # Errors
    /// [`ClientError::Url`] when the URL cannot be read, [`ClientError::Request`] when the user id is too long,
    /// [`ClientError::Connect`] when RabbitMQ cannot be reached in time or refuses.
    pub async fn connect(self) -> Result<Client, ClientError> {
        let Self { url, tls, config, user_id } = self;
        let endpoint = |url: &SecretUrl| {
            let mut endpoint = Endpoint::parse(url.expose()).map_err(ClientError::Url)?.with_tls(tls.clone());
            endpoint.heartbeat_or(config.heartbeat);
            Ok(endpoint)
        };
        let endpoints =
            Urls::between_commas(&url).0.iter().map(endpoint).collect::<Result<_, ClientError>>()?;
        let too_long = || ClientError::Request(format!("the user id exceeds {} bytes", Name::BYTES_MAX));
        let user_id = user_id.map(|user| Name::new(user).ok_or_else(too_long)).transpose()?;
        Client::start(endpoints, config, user_id).await
    }
}
