//! The dead letters on the RabbitMQ servers that the configuration names, as functions of the node ask for them.

use std::time::Duration;

use beds_bus::{Amqp, BusError, DeadLetters};
use beds_protocol::Service;
use beds_services::health::{Graves, Letters, Waiting};
use futures_util::future::{BoxFuture, try_join_all};
use tokio::time::timeout;

use crate::config::Config;

/// How long one server is asked.
const ASKED_FOR: Duration = Duration::from_secs(5);

/// The servers.
#[derive(Debug)]
struct Servers {
    /// Each with a service that has it for itself; none for the common one.
    all: Vec<(Option<&'static str>, Amqp)>,
    name: String,
}

/// What a node of this name offers to functions.
pub(crate) fn letters(config: &Config, name: &str) -> Letters {
    let mut all = vec![(None, config.amqp.clone())];
    for service in Service::ALL {
        let amqp = config.amqp_of(*service);
        if !all.iter().any(|(_, known)| known == amqp) {
            all.push((Some(service.as_str()), amqp.clone()));
        }
    }
    Letters(Box::new(Servers { all, name: format!("{name} dead letters") }))
}

impl Servers {
    async fn on(&self, amqp: &Amqp) -> Result<u32, String> {
        let counting = async {
            let letters = DeadLetters::connect(amqp, &self.name).await?;
            let counted = letters.count().await;
            // What was counted is counted.
            let _ = letters.close().await;
            match counted {
                // No node has declared the queue yet.
                Err(BusError::Missing(_)) => Ok(0),
                counted => counted,
            }
        };
        let counted = timeout(ASKED_FOR, counting).await;
        let late = |_| format!("no answer within {} ms", ASKED_FOR.as_millis());
        counted.map_err(late)?.map_err(|error: BusError| error.to_string())
    }
}

impl Graves for Servers {
    fn count(&self) -> BoxFuture<'_, Result<Vec<Waiting>, String>> {
        let each = self.all.iter().map(|(service, amqp)| async { Ok((*service, self.on(amqp).await?)) });
        Box::pin(try_join_all(each))
    }
}
