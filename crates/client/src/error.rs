//! [`ClientError`]: every way in which a request can fail for its caller.

use std::time::Duration;

use beds_protocol::{ErrorBody, ErrorCode};

/// Why a request got no answer, or not the one asked for.
///
/// Errors never contain the URL of the bus, since it may hold a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The URL of the bus cannot be read.
    #[error("the URL of the bus is invalid: {0}")]
    Url(String),
    /// RabbitMQ did not accept the first connection.
    #[error("no connection to RabbitMQ: {0}")]
    Connect(String),
    /// The connection was lost while the request was in flight, or did not return in time. It is unknown whether a
    /// write took effect: send it again with the same message id.
    #[error("the connection to RabbitMQ is lost: {0}")]
    Disconnected(String),
    /// No answer came in time. It is unknown whether a write took effect: send it again with the same message id.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// RabbitMQ returned the request: no queue takes it.
    #[error(
        "no running node serves `{routing_key}`: the template or the operation does not exist, \
         or no node that hosts its service is up"
    )]
    Unroutable {
        /// The request's routing key, `<template>.<operation>`.
        routing_key: String,
    },
    /// RabbitMQ refused the request: the queue is full, or RabbitMQ could not store it.
    #[error("RabbitMQ refused `{routing_key}`: its queue is full or cannot store it; try again later")]
    Overflow {
        /// The request's routing key, `<template>.<operation>`.
        routing_key: String,
    },
    /// RabbitMQ does not allow the request: its user may not publish this routing key, or claims to be another user, or
    /// the message is too long. A repetition is not allowed either.
    #[error("RabbitMQ forbids `{routing_key}`: {reason}")]
    Forbidden {
        /// The request's routing key, `<template>.<operation>`.
        routing_key: String,
        /// What RabbitMQ said.
        reason: String,
    },
    /// The node answered with an error.
    #[error("{0}")]
    Refused(Box<ErrorBody>),
    /// The request cannot be sent as it is.
    #[error("the request is invalid: {0}")]
    Request(String),
    /// The reply is not the one asked for: its JSON does not fit the type.
    #[error("the reply cannot be read: {0}")]
    Decode(serde_json::Error),
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

impl ClientError {
    /// The node's error code, if a node answered.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(body) => Some(body.code),
            _ => None,
        }
    }

    /// Whether the same request may succeed later. Retry a write only with the same message id.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Disconnected(_)
            | Self::Timeout(_)
            | Self::Unroutable { .. }
            | Self::Overflow { .. } => true,
            Self::Refused(body) => body.retryable,
            Self::Url(_) | Self::Forbidden { .. } | Self::Request(_) | Self::Decode(_) | Self::Closed => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unroutable_request_is_explained_and_may_be_retried() {
        let error = ClientError::Unroutable { routing_key: "product.fetsh".into() };
        assert!(error.to_string().contains("no running node serves `product.fetsh`"));
        assert!(error.is_retryable());
        assert_eq!(error.code(), None);
    }
}
