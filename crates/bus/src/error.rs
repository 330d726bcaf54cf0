//! [`BusError`]: why something on the bus did not succeed.

use std::time::Duration;

/// Why something on the bus did not succeed. It never shows a URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// RabbitMQ refused, or the connection to it is lost.
    #[error("{0}")]
    Amqp(String),
    /// No answer in time.
    #[error("{what}: no answer within {} ms", .after.as_millis())]
    Late {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        after: Duration,
    },
    /// RabbitMQ did not take a message: its queue is full.
    #[error("RabbitMQ refused a message: its queue is full")]
    Refused,
    /// No queue takes a message: nobody serves it yet.
    #[error("no queue takes a message")]
    Unroutable,
    /// A message whose properties the library beneath cannot read; it ends the connection.
    #[error("a message cannot be read")]
    Unreadable,
    /// Something else; the text says what.
    #[error("{0}")]
    Other(String),
}

impl From<lapin::Error> for BusError {
    fn from(error: lapin::Error) -> Self {
        match error.kind() {
            lapin::ErrorKind::ParsingError(_) => Self::Unreadable,
            _ => Self::Amqp(error.to_string()),
        }
    }
}
