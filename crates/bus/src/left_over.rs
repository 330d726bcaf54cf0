//! Messages that wait where no node takes them: in the queues of a service that has moved to another RabbitMQ.

use beds_core::service::Need;
use beds_protocol::{Broker, topology::QueueKind};
use lapin::{options::QueueDeclareOptions, types::FieldTable};

use crate::{
    config::Amqp,
    connection::{Connection, connect, within},
    error::BusError,
    hosting::{FOR_THE_DEAD, alone, waiting},
};

/// The queues of these brokers on a RabbitMQ that have messages, each with their number. `needs` are those for which
/// requests may wait.
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
    for queue in brokers.iter().flat_map(|&broker| queues(broker, needs)) {
        match messages(&connection, &queue).await? {
            0 => {}
            messages => found.push((queue, messages)),
        }
    }
    // The result is known by now, so a failure does not matter.
    let _ = connection.close(connection.limit(), "done").await;
    Ok(found)
}

/// The queues that a broker has or had.
fn queues(broker: Broker, needs: &[Need]) -> Vec<String> {
    let mut queues = vec![broker.queue().to_owned()];
    if broker.kind() == QueueKind::Quorum {
        queues.push(alone(broker));
        let needs = needs.iter().chain(&[Need::TEMPLATE, FOR_THE_DEAD]);
        queues.extend(needs.map(|&need| waiting(broker, need)));
    }
    queues
}

/// How many messages wait in a queue; none if it does not exist.
async fn messages(connection: &Connection, queue: &str) -> Result<u32, BusError> {
    // RabbitMQ closes a channel that asks for a queue which does not exist.
    let channel = connection.channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let asked = channel.queue_declare(queue.into(), passive, FieldTable::default());
    match within(connection.limit(), "counting messages", asked).await {
        Ok(queue) => {
            let closed = channel.close(200, "counted".into());
            within(connection.limit(), "closing a channel", closed).await?;
            Ok(queue.message_count())
        }
        Err(BusError::Missing(_)) => Ok(0),
        Err(error) => Err(error),
    }
}
