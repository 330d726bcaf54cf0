//! The common part of load generator and services: a connection, and a way to report errors.

use anyhow::{Context as _, Result};
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, Consumer};

/// Channels of the load generator, and of each service.
pub(crate) const CHANNELS: u16 = 4;
/// How many deliveries a channel of a service processes at a time.
pub(crate) const PREFETCH: u16 = 256;

/// Connects, with the driver's defaults.
pub(crate) async fn connect(url: &str) -> Result<Connection> {
    Connection::connect(url, ConnectionProperties::default()).await.context("cannot connect to RabbitMQ")
}

/// Consumes from a queue.
pub(crate) async fn consume(channel: &Channel, queue: &str, no_ack: bool) -> Result<Consumer> {
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions { no_ack, ..BasicConsumeOptions::default() };
    Ok(channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?)
}
