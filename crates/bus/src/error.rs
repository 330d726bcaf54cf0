//! [`BusError`]: why something on the bus did not succeed.

use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPSoftError};

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
    /// RabbitMQ does not allow it. The channel is gone, and the same thing is refused again.
    #[error("{0}")]
    Forbidden(String),
    /// The exchange or the queue is not there. The channel is gone.
    #[error("{0}")]
    Missing(String),
    /// Nothing was sent, since the channel is gone.
    #[error("{0}")]
    NotSent(String),
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
            lapin::ErrorKind::ProtocolError(refusal) => {
                let said = refusal.get_message().as_str().to_owned();
                match refusal.kind() {
                    AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED | AMQPSoftError::PRECONDITIONFAILED) => {
                        Self::Forbidden(said)
                    }
                    AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Self::Missing(said),
                    AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => Self::Amqp(said),
                }
            }
            // What went wrong on the way says it by itself.
            lapin::ErrorKind::IOError(error) => Self::Amqp(error.to_string()),
            lapin::ErrorKind::InvalidConnectionState(_) | lapin::ErrorKind::InvalidChannelState(..) => {
                Self::Amqp("it is closed".to_owned())
            }
            _ => Self::Amqp(error.to_string()),
        }
    }
}
