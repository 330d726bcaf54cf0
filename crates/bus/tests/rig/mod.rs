//! What the tests of the broker pool share: a RabbitMQ of their own, a pool with a service that counts what it is asked,
//! and clients.

#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy.toml allows it in test functions only")]
#![allow(dead_code, unreachable_pub, reason = "each test program takes what it needs")]

mod clock;
pub mod poison;
mod probe;
mod pulse;

use std::{sync::Arc, time::Duration};

use beds_bus::{
    Amqp, BrokerPool, Connection, Endpoint, Hosting, Name, Pool, Properties, Publisher, Replies, Server,
    Status, Timeouts,
};
use beds_core::{
    event::Event,
    meter::{Samples, Value},
    service::Service,
    settings::{Millis, SecretUrl, Urls},
};
use beds_devstack::Stack;
use beds_protocol::{Broker, Service as Hosted, header, topology::EXCHANGE, value::DateTime};
use lapin::{
    ConnectionProperties,
    options::{QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};
use tokio::{sync::watch, time::timeout};

#[allow(unused_imports, reason = "as with what is dead")]
pub use clock::Clock;
pub use probe::Probe;
#[allow(unused_imports, reason = "as with what is dead")]
pub use pulse::Pulse;

/// How long anything that must happen may take on a slow, busy machine.
pub const PATIENCE: Duration = Duration::from_mins(2);
pub const WRITES: &str = "beds.app_server.w";
pub const READS: &str = "beds.app_server.r";

/// A client of the bus by the crate's own lower half.
pub struct Client {
    pub publisher: Publisher,
    pub replies: Replies,
    _connection: Connection,
}

impl Client {
    pub async fn connect(url: &str) -> Self {
        let timeouts = Timeouts { connect: PATIENCE, answer: PATIENCE };
        let connection = Connection::open(&Endpoint::parse(url).unwrap(), "test", timeouts).await.unwrap();
        let publisher = Publisher::open(&connection).await.unwrap();
        let replies = Replies::open(&connection).await.unwrap();
        Self { publisher, replies, _connection: connection }
    }

    pub async fn send(&self, key: &str, id: &str, reply: bool) {
        self.send_body(key, id, reply, id.as_bytes()).await;
    }

    pub async fn send_body(&self, key: &str, id: &str, reply: bool, body: &[u8]) {
        let to = reply.then(|| self.replies.queue().clone());
        self.send_to(key, id, to, body).await;
    }

    pub async fn send_to(&self, key: &str, id: &str, reply_to: Option<Name>, body: &[u8]) {
        let mut properties = Properties::json().message_id(name(id)).correlation_id(name(id)).persistent();
        if let Some(queue) = reply_to {
            properties = properties.reply_to(queue);
        }
        self.publisher.put(EXCHANGE, name(key), properties, body).await.unwrap();
    }

    /// Sends itself a message, and waits until it has come.
    pub async fn hear_itself(&mut self) {
        let to = self.replies.queue().clone();
        self.publisher.put("", to, Properties::json(), b"").await.unwrap();
        self.replies.next().await.unwrap();
    }

    /// The next reply: whose it is, its status, its body.
    pub async fn next_reply(&mut self) -> (String, String, Vec<u8>) {
        let message = timeout(PATIENCE, self.replies.next()).await.unwrap().unwrap();
        let id = message.correlation_id().unwrap().to_owned();
        let status = message.header(header::STATUS).unwrap().into_owned();
        (id, status, message.into_body())
    }
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// What a test works with. The servers end after it.
pub struct Rig {
    pub probe: Arc<Probe>,
    pub gate: watch::Sender<bool>,
    pub pool: Option<BrokerPool>,
    pub client: Client,
    pub stack: Arc<Stack>,
}

/// A private RabbitMQ.
pub async fn rabbitmq() -> Arc<Stack> {
    blocking(|| Arc::new(Stack::builder().ignore_environment().rabbitmq().start().unwrap())).await
}

impl Rig {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With a configuration that is changed.
    pub async fn with(change: impl FnOnce(&mut Amqp)) -> Self {
        Self::on(rabbitmq().await, 1, change).await
    }

    /// On a RabbitMQ that is there, with so many instances of each broker.
    pub async fn on(stack: Arc<Stack>, instances: u16, change: impl FnOnce(&mut Amqp)) -> Self {
        let url = stack.amqp_url();
        let (gate, open) = watch::channel(false);
        let probe = Arc::new(Probe::new(open));
        let mut amqp = Amqp {
            url: Urls(vec![SecretUrl::new(&url)]),
            backoff_max_ms: Millis(500),
            topology_check_ms: Millis(300),
            ..Amqp::default()
        };
        change(&mut amqp);
        let of = |broker| (broker, Pool { instances, prefetch: 64 });
        let hosting = Hosting {
            services: Vec::new(),
            rest: Arc::clone(&probe) as Arc<dyn Service>,
            brokers: vec![of(Broker::AppWrite), of(Broker::AppRead), of(Broker::AdminIn)],
            drain_timeout: PATIENCE,
            slow_after: Duration::ZERO,
            tracer: None,
        };
        let pool = BrokerPool::start(vec![Server { amqp, services: Hosted::ALL.to_vec() }], "n1", hosting);
        let serving = async { pool.status().wait_for(|status| *status == Status::Serving).await.map(drop) };
        timeout(PATIENCE, serving).await.unwrap().unwrap();
        Self { probe, gate, pool: Some(pool), client: Client::connect(&url).await, stack }
    }

    /// Gives commands to RabbitMQ as its operator.
    pub async fn control(&self, arguments: &[&str]) -> String {
        control(&self.stack, arguments).await
    }

    /// A connection that publishes nothing, which no alarm blocks.
    pub async fn connection(&self) -> lapin::Connection {
        lapin::Connection::connect(&self.stack.amqp_url(), ConnectionProperties::default()).await.unwrap()
    }

    /// How many messages wait in a queue, those that are with a consumer apart; none where there is no queue.
    pub async fn waiting(&self, queue: &str) -> u32 {
        let connection = self.connection().await;
        let channel = connection.create_channel().await.unwrap();
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let asked = channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        asked.map(|queue| queue.message_count()).unwrap_or_default()
    }

    /// Whether a queue exists.
    pub async fn has_queue(&self, queue: &str) -> bool {
        let connection = self.connection().await;
        let channel = connection.create_channel().await.unwrap();
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        channel.queue_declare(queue.into(), options, FieldTable::default()).await.is_ok()
    }

    /// Deletes a queue.
    pub async fn delete_queue(&self, queue: &str) {
        let connection = self.connection().await;
        let channel = connection.create_channel().await.unwrap();
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    }

    /// How often a request was handled.
    pub fn asked_for(&self, id: &str) -> u32 {
        self.probe.asked().get(id).copied().unwrap_or_default()
    }

    /// Whether `id` was handled more than once, of all that were.
    pub fn doubled(&self) -> Vec<(String, u32)> {
        self.probe.asked().into_iter().filter(|(_, times)| *times > 1).collect()
    }

    /// Waits until a condition holds.
    pub async fn eventually(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let wait = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(PATIENCE, wait).await.is_err() {
            let log = self.stack.rabbitmq().log_tail(20);
            let status = self.pool.as_ref().map(|pool| pool.status().borrow().clone());
            panic!("never happened: {what}; {status:?}; {:?}\n{log}", self.probe.asked());
        }
    }

    /// Stops the pool. What it had not acknowledged would be back in its queue.
    pub async fn ends_with_nothing_left(mut self) {
        let pool = self.pool.take().unwrap();
        pool.shutdown().await;
        for queue in [WRITES, READS, "beds.admin.in"] {
            assert_eq!(self.waiting(queue).await, 0, "{queue}");
        }
    }

    pub async fn next_reply(&mut self) -> (String, String, Vec<u8>) {
        self.client.next_reply().await
    }
}

/// What the pool has counted of this name, over all queues.
pub fn counted(pool: &BrokerPool, name: &str) -> usize {
    let mut samples = Samples::default();
    pool.source().collect(&mut samples);
    let (_, of_name) = samples.families().find(|(family, _)| family.name == name).unwrap();
    let number = |value: &Value| match value {
        Value::Number(number) => *number,
        Value::Histogram(_) => panic!("{name} is a histogram"),
    };
    let all: f64 = of_name.iter().map(|sample| number(&sample.value)).sum();
    format!("{all:.0}").parse().unwrap()
}

/// An event of this routing key.
pub fn event(routing_key: &str) -> Event {
    Event {
        id: uuid::Uuid::now_v7(),
        routing_key: routing_key.to_owned(),
        subject: None,
        template_hash: String::new(),
        traceparent: None,
        at: DateTime::default(),
        body: "{}".to_owned(),
    }
}

/// Gives commands to a RabbitMQ as its operator.
pub async fn control(stack: &Arc<Stack>, arguments: &[&str]) -> String {
    let stack = Arc::clone(stack);
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        stack.rabbitmq().control(&arguments).unwrap()
    })
    .await
}

/// Sets a value of RabbitMQ's configuration.
pub async fn set(stack: &Arc<Stack>, key: &str, value: u64) {
    control(stack, &["eval", &format!("application:set_env(rabbit, {key}, {value}).")]).await;
}

pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
