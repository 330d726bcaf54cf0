//! Messages that wait where no node takes them: in the queues of a service that has moved to another RabbitMQ.

use beds_core::service::Need;
use beds_protocol::{Broker, topology::QueueKind};
use lapin::{Queue, options::QueueDeclareOptions, types::FieldTable};

use crate::{
    config::Amqp,
    connection::{Connection, connect, within},
    error::BusError,
    hosting::{FOR_THE_DEAD, alone, waiting},
};

/// The queues of these brokers on a RabbitMQ that have messages, each with their number. A broker from whose queue a
/// node takes requests is left out. `needs` are those for which requests may wait.
///
/// # Errors
/// When RabbitMQ cannot be asked.
pub async fn left_over(
    config: &Amqp,
    name: &str,
    brokers: &[Broker],
    needs: &[Need],
) -> Result<Vec<(String, u32)>, BusError> {
    let connection = connect(config, name).await?;
    let mut found = Vec::new();
    for &broker in brokers {
        // Most brokers never were here, and then none of their queues is asked for.
        let Some(own) = ask(&connection, broker.queue()).await? else { continue };
        if own.consumer_count() > 0 {
            continue;
        }
        found.push((broker.queue().to_owned(), own.message_count()));
        for queue in beside(broker, needs) {
            let messages = ask(&connection, &queue).await?.map_or(0, |queue| queue.message_count());
            found.push((queue, messages));
        }
    }
    found.retain(|(_, messages)| *messages > 0);
    // The result is known by now, so a failure does not matter.
    let _ = connection.close(connection.limit(), "done").await;
    Ok(found)
}

/// The queues that a broker has or had beside its own.
fn beside(broker: Broker, needs: &[Need]) -> Vec<String> {
    match broker.kind() {
        QueueKind::Classic => Vec::new(),
        QueueKind::Quorum => {
            let needs = needs.iter().chain(&[Need::TEMPLATE, FOR_THE_DEAD]);
            std::iter::once(alone(broker)).chain(needs.map(|&need| waiting(broker, need))).collect()
        }
    }
}

/// The state of a queue; `None` if it does not exist.
async fn ask(connection: &Connection, queue: &str) -> Result<Option<Queue>, BusError> {
    // RabbitMQ closes a channel that asks for a queue which does not exist.
    let channel = connection.channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let asked = channel.queue_declare(queue.into(), passive, FieldTable::default());
    match within(connection.limit(), "counting messages", asked).await {
        Ok(queue) => {
            let closed = channel.close(200, "counted".into());
            within(connection.limit(), "closing a channel", closed).await?;
            Ok(Some(queue))
        }
        Err(BusError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
