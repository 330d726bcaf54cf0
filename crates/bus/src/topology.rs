//! Exchange, queues and bindings, declared by every node that needs them: declaring is idempotent.

use beds_protocol::{
    Broker,
    topology::{DEAD, EVENTS, EXCHANGE, Exchange, NODES, QueueKind, ReadQueues},
};
use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, LongString},
};

use crate::{
    config::Amqp,
    connection::{Connection, within},
    error::BusError,
    hosting::{self, Shared},
};

/// A bound that no message reaches.
const DELIVERIES_MAX: i64 = i32::MAX as i64;

/// Declares again what has vanished, and gives the exchanges and queues that had. RabbitMQ does not tell whether a
/// binding exists, so each binding is declared again in silence.
pub(crate) async fn restore(connection: &Connection, shared: &Shared) -> Result<Vec<String>, BusError> {
    let mut missing = Vec::new();
    for exchange in [EXCHANGE, EVENTS, NODES, DEAD] {
        let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        let channel = connection.channel().await?;
        // RabbitMQ looks at the name alone.
        let asked =
            channel.exchange_declare(exchange.into(), ExchangeKind::Topic, passive, FieldTable::default());
        if !is_there(connection, &channel, asked).await? {
            missing.push(format!("the exchange `{exchange}`"));
        }
    }
    let brokers = shared.brokers.iter().map(|(broker, _)| *broker);
    let queues = brokers.flat_map(|broker| aside(shared, broker).chain([broker.queue().to_owned()]));
    for queue in queues.chain([DEAD.to_owned()]) {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let channel = connection.channel().await?;
        let asked = channel.queue_declare(queue.as_str().into(), passive, FieldTable::default());
        if !is_there(connection, &channel, asked).await? {
            missing.push(format!("the queue `{queue}`"));
        }
    }
    declare(connection, shared).await?;
    Ok(missing)
}

/// Whether the exchange or queue exists. If it does not, RabbitMQ closes the channel that asked.
async fn is_there<T>(
    connection: &Connection,
    channel: &Channel,
    asked: impl Future<Output = lapin::Result<T>>,
) -> Result<bool, BusError> {
    match within(connection.limit(), "looking for an exchange or a queue", asked).await {
        Ok(_) => {
            let closed = channel.close(200, "found".into());
            within(connection.limit(), "closing a channel", closed).await?;
            Ok(true)
        }
        Err(BusError::Missing(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Declares the queues of the node's brokers, and the exchanges and queues of events and dead letters.
pub(crate) async fn declare(connection: &Connection, shared: &Shared) -> Result<(), BusError> {
    let declaring = Declaring { channel: connection.channel().await?, amqp: &shared.amqp };
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let kind = match shared.amqp.exchange {
        Exchange::Topic => ExchangeKind::Topic,
        Exchange::Direct => ExchangeKind::Direct,
    };
    let exchanges = [
        (EXCHANGE, kind),
        (EVENTS, ExchangeKind::Topic),
        (NODES, ExchangeKind::Topic),
        (DEAD, ExchangeKind::Fanout),
    ];
    for (name, kind) in exchanges {
        let declared = declaring.channel.exchange_declare(name.into(), kind, durable, FieldTable::default());
        within(connection.limit(), "declaring an exchange", declared).await.map_err(|error| {
            let remedy = "delete it while no node runs, or configure amqp.exchange as it was";
            differs(&format!("exchange `{name}`"), error, remedy)
        })?;
    }
    let lasts = QueueDeclareOptions::durable();
    declaring.queue(DEAD, lasts, lasting(&shared.amqp)).await?;
    declaring.bind(DEAD, DEAD, "").await?;
    for (broker, _) in &shared.brokers {
        let options = QueueDeclareOptions { durable: is_durable(&shared.amqp, *broker), ..lasts };
        declaring.queue(broker.queue(), options, arguments(&shared.amqp, *broker)).await?;
        for queue in aside(shared, *broker) {
            declaring.queue(&queue, lasts, put_aside(&shared.amqp, queue == hosting::alone(*broker))).await?;
        }
        for key in shared.keys(*broker) {
            declaring.bind(broker.queue(), EXCHANGE, key).await?;
        }
    }
    let closed = declaring.channel.close(200, "declared".into());
    within(connection.limit(), "closing a channel", closed).await
}

/// Declares an exchange that a node listens to, whatever it serves: of messages between nodes, or of events.
pub(crate) async fn declare_heard(connection: &Connection, exchange: &'static str) -> Result<(), BusError> {
    let channel = connection.channel().await?;
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let declared =
        channel.exchange_declare(exchange.into(), ExchangeKind::Topic, durable, FieldTable::default());
    within(connection.limit(), "declaring an exchange", declared).await?;
    let closed = channel.close(200, "declared".into());
    within(connection.limit(), "closing a channel", closed).await
}

/// The queues of requests that wait for a need of the broker, and of messages that run alone.
fn aside(shared: &Shared, broker: Broker) -> impl Iterator<Item = String> {
    let needs = shared.needs(broker);
    let alone = (broker.kind() == QueueKind::Quorum).then(|| hosting::alone(broker));
    needs.into_iter().map(move |needs| hosting::waiting(broker, needs)).chain(alone)
}

struct Declaring<'a> {
    channel: Channel,
    amqp: &'a Amqp,
}

impl Declaring<'_> {
    async fn queue(
        &self,
        name: &str,
        options: QueueDeclareOptions,
        arguments: FieldTable,
    ) -> Result<(), BusError> {
        let limit = self.amqp.confirm_timeout_ms.duration();
        let declared = self.channel.queue_declare(name.into(), options, arguments);
        within(limit, "declaring a queue", declared).await.map(drop).map_err(|error| {
            let remedy = if name == DEAD {
                "configure amqp.queue_length_max as it was; if the queue comes from an older version, replay or drop \
                 its letters with `beds dead`, and delete it while no node runs"
            } else {
                "drain and delete it, or configure amqp.queue_length_max and amqp.read_queues as they were"
            };
            differs(&format!("queue `{name}`"), error, remedy)
        })
    }

    async fn bind(&self, queue: &str, exchange: &str, key: &str) -> Result<(), BusError> {
        let options = QueueBindOptions::default();
        let bound = self.channel.queue_bind(
            queue.into(),
            exchange.into(),
            key.into(),
            options,
            FieldTable::default(),
        );
        within(self.amqp.confirm_timeout_ms.duration(), "binding a queue", bound).await
    }
}

/// Names what cannot be declared, and the remedy if it exists with other properties.
fn differs(what: &str, error: BusError, remedy: &str) -> BusError {
    match error {
        BusError::Forbidden(said) if said.contains("inequivalent") => {
            BusError::Other(format!("{what}: {said}; {remedy}"))
        }
        BusError::Late { .. } => error,
        error => BusError::Other(format!("{what}: {error}")),
    }
}

/// The arguments of a broker's queue.
fn arguments(amqp: &Amqp, broker: Broker) -> FieldTable {
    let kind = match (broker.kind(), amqp.read_queues) {
        (QueueKind::Classic, ReadQueues::Durable | ReadQueues::Transient) => QueueKind::Classic,
        (QueueKind::Classic, ReadQueues::Quorum) | (QueueKind::Quorum, _) => QueueKind::Quorum,
    };
    let mut arguments = match kind {
        QueueKind::Classic => bounded(amqp),
        QueueKind::Quorum => lasting(amqp),
    };
    if broker.kind() == QueueKind::Quorum {
        arguments.insert("x-dead-letter-exchange".into(), text(DEAD));
    }
    arguments
}

/// Whether a broker's queue outlives its server.
fn is_durable(amqp: &Amqp, broker: Broker) -> bool {
    broker.kind() == QueueKind::Quorum || amqp.read_queues != ReadQueues::Transient
}

/// The arguments of a queue of requests that are put aside. Of all consumers of messages that run alone, one gets
/// messages.
fn put_aside(amqp: &Amqp, is_alone: bool) -> FieldTable {
    let mut arguments = lasting(amqp);
    if is_alone {
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    }
    arguments
}

/// The arguments of a quorum queue. The nodes decide how often a message may be delivered: RabbitMQ counts every lost
/// connection of whoever had the message, and each look at a dead letter. RabbitMQ 4 deletes a message after 20 of
/// them, unless the queue has another bound.
fn lasting(amqp: &Amqp) -> FieldTable {
    let mut arguments = bounded(amqp);
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERIES_MAX));
    arguments
}

/// The arguments of every queue.
fn bounded(amqp: &Amqp) -> FieldTable {
    let mut arguments = FieldTable::default();
    let length = i64::from(amqp.queue_length_max);
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(length));
    // A full queue refuses new messages; it never drops what it has accepted.
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_have_the_arguments_of_their_kind() {
        let amqp = Amqp::default();
        let names = |table: &FieldTable| {
            table.inner().keys().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&arguments(&amqp, Broker::AppRead)), ["x-max-length", "x-overflow"]);
        assert_eq!(
            names(&arguments(&amqp, Broker::AppWrite)),
            ["x-dead-letter-exchange", "x-delivery-limit", "x-max-length", "x-overflow", "x-queue-type"]
        );
        let of_reads = |read_queues| {
            let amqp = Amqp { read_queues, ..Amqp::default() };
            let durable = Broker::ALL.iter().filter(|broker| !is_durable(&amqp, **broker)).count();
            (names(&arguments(&amqp, Broker::AppRead)), durable)
        };
        assert_eq!(of_reads(ReadQueues::Transient), (names(&arguments(&amqp, Broker::AppRead)), 2));
        let quorum = ["x-delivery-limit", "x-max-length", "x-overflow", "x-queue-type"];
        assert_eq!(of_reads(ReadQueues::Quorum), (quorum.map(str::to_owned).to_vec(), 0));
        // The dead letters' own queue sends nothing on, and keeps what was looked at often.
        assert_eq!(names(&lasting(&amqp)), quorum);
    }
}
