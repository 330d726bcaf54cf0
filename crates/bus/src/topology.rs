//! Exchange, queues and bindings, declared by every node that needs them: declaring is idempotent.

use beds_protocol::{
    Broker, Lane, Operation,
    topology::{DEAD, EXCHANGE},
};
use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, LongString},
};

use super::{
    Shared,
    connection::{BusError, within},
};
use crate::{describe, spec::Domain};

/// Whether any of the domains is routed to the broker.
pub(super) fn has_domains(broker: Broker, domains: &[&'static Domain]) -> bool {
    domains.iter().any(|domain| domain.placement.read == broker || domain.placement.write == broker)
}

/// Declares what the node's brokers consume, and where the dead letters go.
pub(super) async fn declare(channel: &Channel, shared: &Shared) -> Result<(), BusError> {
    let limit = shared.amqp.confirm_timeout_ms.duration();
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    for (name, kind) in [(EXCHANGE, ExchangeKind::Topic), (DEAD, ExchangeKind::Fanout)] {
        let declared = channel.exchange_declare(name.into(), kind, durable, FieldTable::default());
        within(limit, "declaring an exchange", declared).await?;
    }
    queue(channel, shared, DEAD, quorum(shared, false)).await?;
    bind(channel, shared, DEAD, DEAD, "").await?;
    for (broker, _) in &shared.brokers {
        let arguments = if broker.is_read_only() { classic(shared) } else { quorum(shared, true) };
        queue(channel, shared, broker.queue(), arguments).await?;
        for domain in &shared.domains {
            for key in keys(domain, *broker) {
                bind(channel, shared, broker.queue(), EXCHANGE, &key).await?;
            }
        }
    }
    Ok(())
}

/// The routing keys of a domain that belong in a broker's queue.
fn keys(domain: &'static Domain, broker: Broker) -> Vec<String> {
    let lane = |operation: &str| match operation.parse::<Operation>() {
        Ok(Operation::Call(name)) => domain.call(&name).map_or(Lane::Write, |call| call.lane),
        Ok(operation) => operation.lane().unwrap_or(Lane::Read),
        Err(_) => Lane::Read,
    };
    describe::operations(domain)
        .into_iter()
        .filter(|operation| domain.placement.broker(lane(operation)) == broker)
        .map(|operation| format!("{}.{operation}", domain.name))
        .collect()
}

async fn queue(
    channel: &Channel,
    shared: &Shared,
    name: &str,
    arguments: FieldTable,
) -> Result<(), BusError> {
    let limit = shared.amqp.confirm_timeout_ms.duration();
    let declared = channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments);
    within(limit, "declaring a queue", declared).await.map(drop).map_err(|error| {
        BusError::Other(format!(
            "queue `{name}`: {error}; where it exists with other arguments, drain and delete it, or configure \
             amqp.queue_length_max and amqp.delivery_attempts_max as they were"
        ))
    })
}

async fn bind(
    channel: &Channel,
    shared: &Shared,
    queue: &str,
    exchange: &str,
    key: &str,
) -> Result<(), BusError> {
    let bound = channel.queue_bind(
        queue.into(),
        exchange.into(),
        key.into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    within(shared.amqp.confirm_timeout_ms.duration(), "binding a queue", bound).await
}

/// A queue of reads: in memory, on one node, since a read outlives neither its deadline nor a restart.
fn classic(shared: &Shared) -> FieldTable {
    bounded(shared)
}

/// A queue that survives: replicated, and with a bound on deliveries, which RabbitMQ 3 does not have by itself.
fn quorum(shared: &Shared, dead_letters: bool) -> FieldTable {
    let mut arguments = bounded(shared);
    arguments.insert("x-queue-type".into(), text("quorum"));
    if dead_letters {
        let attempts = i64::from(shared.amqp.delivery_attempts_max);
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(attempts));
        arguments.insert("x-dead-letter-exchange".into(), text(DEAD));
    }
    arguments
}

fn bounded(shared: &Shared) -> FieldTable {
    let mut arguments = FieldTable::default();
    let length = i64::from(shared.amqp.queue_length_max);
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(length));
    // A full queue refuses what is new; it never drops what it has accepted.
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}
