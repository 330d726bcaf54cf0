//! The sections of the configuration that the bus takes.

use std::path::PathBuf;

use beds_core::{
    section,
    settings::{Millis, Tls, Urls},
};
use beds_protocol::topology::{Exchange, ReadQueues};

section! {
    /// `[amqp]`
    Amqp {
        /// `amqp://user:password@host:port/vhost`, or `amqps://`; or a list of them, the endpoints of a cluster, which
        /// are tried one after another, a second apart, until one answers.
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
