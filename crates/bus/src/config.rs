//! The sections of the configuration that the bus takes.

use std::path::PathBuf;

use beds_core::{
    __serde::Deserialize,
    section,
    settings::{Millis, Tls, Urls},
};
use lapin::ExchangeKind;

/// How RabbitMQ finds the queue of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(crate = "beds_core::__serde", rename_all = "snake_case")]
pub enum Exchange {
    /// By the words of its routing key: RabbitMQ can limit by them what a user may publish.
    #[default]
    Topic,
    /// By its routing key as a whole, which costs RabbitMQ less.
    Direct,
}

impl From<Exchange> for ExchangeKind {
    fn from(exchange: Exchange) -> Self {
        match exchange {
            Exchange::Topic => Self::Topic,
            Exchange::Direct => Self::Direct,
        }
    }
}

/// How RabbitMQ keeps the queues that hold nothing but reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(crate = "beds_core::__serde", rename_all = "snake_case")]
pub enum ReadQueues {
    /// On one server. While that is down, nobody can use them.
    #[default]
    Durable,
    /// On one server. Where that dies, they are gone with it and declared again on another.
    Transient,
    /// On several servers, as those of writes are.
    Quorum,
}

section! {
    /// `[amqp]`
    Amqp {
        /// `amqp://user:password@host:port/vhost`, or `amqps://`; or a list of them, the endpoints of a cluster, which
        /// are tried in turn.
        url: Urls = Urls::default(),
        /// A file with the password, instead of one in the URL.
        pass_file: Option<PathBuf> = None,
        /// What links are encrypted with, before what `[tls]` says.
        tls: Tls = Tls::default(),
        /// How long connecting may take.
        connect_timeout_ms: Millis = Millis(10_000),
        /// How long RabbitMQ may take to answer a declaration or to confirm a message.
        confirm_timeout_ms: Millis = Millis(30_000),
        /// AMQP heartbeat; a dead broker is noticed after two.
        heartbeat_s: u16 = 10,
        /// First wait between attempts to connect.
        backoff_min_ms: Millis = Millis(100),
        /// Longest wait between attempts to connect.
        backoff_max_ms: Millis = Millis(4_000),
        /// Queues that a `reply_to` may name, besides `amq.gen-*` and `amq.rabbitmq.reply-to.*`: prefixes.
        reply_to_prefixes: Vec<String> = Vec::new(),
        /// The type of the exchange `beds`.
        exchange: Exchange = Exchange::Topic,
        /// How RabbitMQ keeps the queues of reads.
        read_queues: ReadQueues = ReadQueues::Durable,
        /// How often exchanges, queues and bindings are declared again, in case that one has vanished.
        topology_check_ms: Millis = Millis(10_000),
        /// How many messages a queue holds before RabbitMQ refuses more.
        queue_length_max: u32 = 1_000_000,
        /// How many times RabbitMQ delivers a write before it becomes a dead letter.
        delivery_attempts_max: u32 = 20,
    }
}

section! {
    /// `[brokers.<service>.<broker>]`
    Pool {
        /// Consumers on the queue, each with a channel of its own.
        instances: u16 = 4,
        /// Requests that one instance works on at a time; at most 2,000, which is a quorum queue's bound.
        prefetch: u16 = 256,
    }
}
