//! Listeners of syslog. Received messages wait in their queue until they are published.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tracing::warn;

use beds_bus::Status;
use beds_core::{meter::Source, spec::Domain};
use beds_protocol::Service;
use beds_services::syslog::{Listening, Meter, Reader, listen};

use crate::{
    config::{Config, Environment},
    ipl::{Failure, Step},
    told::{self, Creates},
};

/// The template that takes the messages.
const TEMPLATE: &str = "syslog";

/// The parser of messages, by the configuration.
pub(crate) fn reader(config: &Config) -> Result<Reader, Failure> {
    Reader::new(&config.syslog).map_err(|error| failed(error.to_string()))
}

/// Opens the configured listeners. In `dev`, a node that cannot listen runs without them.
pub(crate) async fn open(
    config: &Config,
    name: &str,
    environment: Environment,
    (domains, status): (&[&'static Domain], watch::Receiver<Status>),
) -> Result<Option<Listeners>, Failure> {
    match Listeners::open(config, name, domains, status).await {
        Err(reason) if environment == Environment::Dev => {
            warn!("no syslog is taken: {reason}");
            Ok(None)
        }
        opened => opened.map_err(failed),
    }
}

/// The counters of the listeners; empty without listeners.
pub(crate) fn source(listeners: Option<&Listeners>) -> Arc<dyn Source> {
    listeners.map_or_else(Arc::<Meter>::default, |listeners| Arc::clone(&listeners.listening.meter))
}

fn failed(reason: String) -> Failure {
    Failure { step: Step::Brokers, reason, hint: "correct [syslog], or find out who listens there".into() }
}

/// The listeners of a node.
pub(crate) struct Listeners {
    listening: Listening,
    publishing: JoinHandle<()>,
}

impl Listeners {
    /// The listeners of a node that hosts `admin`; `None` if there is no address to listen on.
    async fn open(
        config: &Config,
        name: &str,
        domains: &[&'static Domain],
        status: watch::Receiver<Status>,
    ) -> Result<Option<Self>, String> {
        if !config.syslog.listens() {
            return Ok(None);
        }
        let is_there = domains.iter().any(|domain| domain.name == TEMPLATE);
        if !config.node.services.contains(&Service::Admin) || !is_there {
            warn!(
                "[syslog] has no effect: this node does not host the service admin, or has no template `syslog`"
            );
            return Ok(None);
        }
        let reader = Reader::new(&config.syslog).map_err(|error| error.to_string())?;
        let mut listening =
            listen(&config.syslog, &config.tls, reader).await.map_err(|error| error.to_string())?;
        let (_, none) = tokio::sync::mpsc::channel(1);
        let messages = std::mem::replace(&mut listening.messages, none);
        let to = (config.amqp_of(Service::Admin).clone(), format!("{name} syslog"));
        let creates = Creates::new(messages, &config.limits);
        let publishing = tokio::spawn(told::publish(to, "syslog.create", creates, status));
        Ok(Some(Self { listening, publishing }))
    }

    /// Stops receiving, and publishes the received messages, for at most this time.
    pub(crate) async fn close(mut self, within: Duration) {
        self.listening.stop().await;
        // The senders of the queue are dropped, so that the queue has an end.
        drop(self.listening);
        if timeout(within, self.publishing).await.is_err() {
            warn!("syslog messages that could not be published in time are lost");
        }
    }
}
