//! [`BusError`]: why something on the bus did not succeed.

use std::{fmt, time::Duration};

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
        /// The operation that had no answer.
        what: &'static str,
        /// For how long.
        after: Duration,
    },
    /// RabbitMQ did not take a message: its queue is full.
    #[error("RabbitMQ refused a message: its queue is full")]
    Refused,
    /// No queue takes a message: its broker is not served yet.
    #[error("no queue takes a message")]
    Unroutable,
    /// RabbitMQ does not allow the operation. The channel is gone, and a second try is refused again.
    #[error("{0}")]
    Forbidden(String),
    /// RabbitMQ takes no message as large as this one: its `max_message_size`. The channel is gone.
    #[error("RabbitMQ takes no message of more than {max} bytes (its max_message_size)")]
    TooLarge {
        /// How many bytes a message may have.
        max: usize,
    },
    /// Its properties do not fit into a frame. Nothing was sent.
    #[error("the properties of a message do not fit into a frame")]
    TooLong,
    /// The exchange or the queue is missing. The channel is gone.
    #[error("{0}")]
    Missing(String),
    /// Nothing was sent, since the channel is gone.
    #[error("{0}")]
    NotSent(String),
    /// The library beneath cannot read the properties of a message. The message ends the connection.
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
                    AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED)
                        if let Some(max) = size_max(&said) =>
                    {
                        Self::TooLarge { max }
                    }
                    AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED | AMQPSoftError::PRECONDITIONFAILED) => {
                        Self::Forbidden(said)
                    }
                    AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Self::Missing(said),
                    AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => Self::Amqp(said),
                }
            }
            // The error of the link explains itself.
            lapin::ErrorKind::IOError(error) => Self::Amqp(error.to_string()),
            lapin::ErrorKind::InvalidConnectionState(_) | lapin::ErrorKind::InvalidChannelState(..) => {
                Self::Amqp("it is closed".to_owned())
            }
            _ => Self::Amqp(error.to_string()),
        }
    }
}

/// What RabbitMQ says of a message that is too large: "message size 307234 is larger than configured max size 262144".
fn size_max(said: &str) -> Option<usize> {
    let (_, max) = said.split_once("larger than configured max size ")?;
    max.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
}

/// Shows an error with a remedy for the operator.
pub(crate) struct Told<'a>(pub(crate) &'a BusError);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.0.to_string();
        match remedy(&said) {
            Some(remedy) => write!(f, "{}; {remedy}", said.trim_end_matches('.')),
            None => f.write_str(&said),
        }
    }
}

/// The remedy for an operator, by RabbitMQ's words. AMQP has one code for several reasons.
fn remedy(said: &str) -> Option<&'static str> {
    const REMEDIES: [(&str, &str); 7] = [
        (
            "Login was refused",
            "correct user and password in the node's configuration, or make the user: rabbitmqctl add_user, set_permissions",
        ),
        ("access to vhost", "give the user rights in the virtual host: rabbitmqctl set_permissions"),
        (
            "access to topic",
            "give the user the right to these routing keys: rabbitmqctl set_topic_permissions",
        ),
        (
            "refused for user",
            "give the user its rights: rabbitmqctl set_permissions; see deploy/privileges.md",
        ),
        (
            "vhost ",
            "make the virtual host, and give the user rights in it: rabbitmqctl add_vhost, set_permissions",
        ),
        (
            "delivery acknowledgement",
            "a request took longer than RabbitMQ's consumer_timeout, and is delivered again: raise consumer_timeout, \
             or find what is slow",
        ),
        ("max_message_size", "raise max_message_size, or lower limits.reply_bytes_max"),
    ];
    REMEDIES.iter().find(|(words, _)| said.contains(words)).map(|(_, remedy)| *remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rabbitmq_says_of_a_size_is_understood() {
        let said = "PRECONDITION_FAILED - message size 307234 is larger than configured max size 262144";
        assert_eq!(size_max(said), Some(262_144));
        assert_eq!(size_max("PRECONDITION_FAILED - unknown delivery tag 80"), None);
    }

    #[test]
    fn an_operator_is_told_what_to_do() {
        let told = |said: &str| Told(&BusError::Forbidden(said.to_owned())).to_string();
        for (said, remedy) in [
            ("ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'node'", "privileges.md"),
            (
                "ACCESS_REFUSED - access to topic 'a.b' in exchange 'e' in vhost '/' refused for user 'node'",
                "set_topic_permissions",
            ),
            ("NOT_ALLOWED - access to vhost 'shop' refused for user 'node'", "in the virtual host"),
            ("NOT_ALLOWED - vhost shop not found", "add_vhost"),
            ("ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN", "add_user"),
            ("PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out", "consumer_timeout"),
        ] {
            assert!(told(said).starts_with(said) && told(said).contains(remedy), "{}", told(said));
        }
        assert_eq!(Told(&BusError::Unroutable).to_string(), "no queue takes a message");
        assert!(Told(&BusError::TooLarge { max: 7 }).to_string().ends_with("reply_bytes_max"));
    }
}
