//! The broker pool on a real RabbitMQ, with a service that counts what it is asked.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use beds_bus::{Amqp, BrokerPool, Connection, Endpoint, Hosting, Name, Pool, Properties, Publisher, Replies};
use beds_bus::{Exchange, Status, Timeouts};
use beds_core::{
    error::Error,
    service::{Incoming, Reply, Service, Verdict},
    settings::{Millis, SecretUrl, Urls},
};
use beds_devstack::Stack;
use beds_protocol::{
    Broker, ErrorCode, header,
    topology::{DEAD, EXCHANGE},
};
use futures_util::{FutureExt as _, future::BoxFuture};
use lapin::{
    BasicProperties, ConnectionProperties, ExchangeKind,
    options::{
        BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::FieldTable,
};
use tokio::{sync::watch, time::timeout};

const PATIENCE: Duration = Duration::from_secs(30);

/// Does as the operation says, and counts how often it is asked, by the request's id.
struct Probe {
    asked: Mutex<BTreeMap<String, u32>>,
    /// Whether requests may end.
    open: watch::Receiver<bool>,
    /// Whether what `probe.away` needs is away.
    is_away: AtomicBool,
}

impl Probe {
    fn asked(&self) -> BTreeMap<String, u32> {
        self.asked.lock().unwrap().clone()
    }
}

impl Service for Probe {
    fn keys(&self) -> Vec<(Broker, String)> {
        ["reply", "done", "retry", "dead", "away"]
            .map(|name| (Broker::AppWrite, format!("probe.{name}")))
            .into()
    }

    fn accepts(&self, template: &str) -> bool {
        template == "probe"
    }

    fn handle<'a>(&'a self, incoming: Incoming<'a>) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let times = {
                let mut asked = self.asked.lock().unwrap();
                let times = asked.entry(incoming.request_id.to_owned()).or_default();
                *times += 1;
                *times
            };
            let is_away = incoming.routing_key == "probe.away" && self.is_away.load(Ordering::Relaxed);
            if !is_away {
                self.open.clone().wait_for(|open| *open).await.unwrap();
            }
            let error = || Error::new(ErrorCode::Unavailable, "not now");
            match incoming.routing_key {
                "probe.reply" => Verdict::Reply(Reply::ok(Some("hash"), incoming.body.to_vec())),
                "probe.away" if is_away => Verdict::Retry(error()),
                "probe.retry" if times < 3 => Verdict::Retry(error()),
                "probe.dead" => Verdict::Dead(error()),
                _ => Verdict::Done,
            }
        })
    }

    fn shown<'a>(&self, _: &str, _: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(b"masked")
    }
}

/// A client of the bus by the crate's own lower half.
struct Client {
    publisher: Publisher,
    replies: Replies,
    _connection: Connection,
}

impl Client {
    async fn connect(url: &str) -> Self {
        let timeouts = Timeouts { connect: PATIENCE, answer: PATIENCE };
        let connection = Connection::open(&Endpoint::parse(url).unwrap(), "test", timeouts).await.unwrap();
        let publisher = Publisher::open(&connection).await.unwrap();
        let replies = Replies::open(&connection).await.unwrap();
        Self { publisher, replies, _connection: connection }
    }

    async fn send(&self, key: &str, id: &str, reply: bool) {
        let mut properties = Properties::json().message_id(name(id)).correlation_id(name(id)).persistent();
        if reply {
            properties = properties.reply_to(self.replies.queue().clone());
        }
        self.publisher.put(EXCHANGE, name(key), properties, id.as_bytes()).await.unwrap();
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// What a test works with. The servers end after it.
struct Rig {
    probe: Arc<Probe>,
    gate: watch::Sender<bool>,
    pool: Option<BrokerPool>,
    client: Client,
    stack: Arc<Stack>,
}

impl Rig {
    async fn start() -> Self {
        Self::by(Exchange::Topic).await
    }

    async fn by(exchange: Exchange) -> Self {
        let stack = blocking(|| Stack::builder().ignore_environment().rabbitmq().start().unwrap()).await;
        let url = stack.amqp_url();
        let (gate, open) = watch::channel(false);
        let probe = Arc::new(Probe { asked: Mutex::default(), open, is_away: AtomicBool::new(false) });
        let amqp = Amqp {
            url: Urls(vec![SecretUrl::new(&url)]),
            // Short, so that a wait of twice as long shows what has no deadline.
            confirm_timeout_ms: Millis(1_500),
            topology_check_ms: Millis(300),
            exchange,
            ..Amqp::default()
        };
        let hosting = Hosting {
            services: Vec::new(),
            rest: Arc::clone(&probe) as Arc<dyn Service>,
            brokers: vec![(Broker::AppWrite, Pool { instances: 1, prefetch: 64 })],
            drain_timeout: PATIENCE,
            slow_after: Duration::ZERO,
            tracer: None,
        };
        let pool = BrokerPool::start(amqp, "n1", hosting);
        let serving = async { pool.status().wait_for(|status| *status == Status::Serving).await.map(drop) };
        timeout(PATIENCE, serving).await.unwrap().unwrap();
        Self { probe, gate, pool: Some(pool), client: Client::connect(&url).await, stack: Arc::new(stack) }
    }

    /// Gives commands to RabbitMQ as its operator.
    async fn control(&self, arguments: &'static [&'static str]) -> String {
        let stack = Arc::clone(&self.stack);
        blocking(move || stack.rabbitmq().control(arguments).unwrap()).await
    }

    /// How many messages wait in a queue, those that are with a consumer apart.
    async fn waiting(&self, queue: &str) -> u32 {
        let url = self.stack.amqp_url();
        // A connection that publishes nothing, which no alarm blocks.
        let connection = lapin::Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap().message_count()
    }

    /// How often a request was handled.
    fn asked_for(&self, id: &str) -> u32 {
        self.probe.asked().get(id).copied().unwrap_or_default()
    }

    /// Whether a queue exists.
    async fn has_queue(&self, queue: &str) -> bool {
        let url = self.stack.amqp_url();
        let connection = lapin::Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        channel.queue_declare(queue.into(), options, FieldTable::default()).await.is_ok()
    }

    async fn eventually(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let wait = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let log = self.stack.rabbitmq().log_tail(20);
        assert!(
            timeout(PATIENCE, wait).await.is_ok(),
            "never happened: {what}; {:?}\n{log}",
            self.probe.asked()
        );
    }

    /// Stops the pool. What it had not acknowledged would be back in its queue.
    async fn ends_with_nothing_left(mut self) {
        let pool = self.pool.take().unwrap();
        pool.shutdown().await;
        assert_eq!(self.waiting("beds.app_server.w").await, 0);
    }

    async fn next_reply(&mut self) -> (String, String, Vec<u8>) {
        let message = timeout(PATIENCE, self.client.replies.next()).await.unwrap().unwrap();
        let id = message.correlation_id().unwrap().to_owned();
        let status = message.header(header::STATUS).unwrap().into_owned();
        (id, status, message.into_body())
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_becomes_a_reply_an_acknowledgement_another_try_or_a_dead_letter() {
    let mut rig = Rig::start().await;
    rig.gate.send_replace(true);
    rig.client.send("probe.reply", "r", true).await;
    assert_eq!(rig.next_reply().await, ("r".into(), "ok".into(), b"r".into()));
    // Where nobody listens, a reply is no more than an acknowledgement.
    for (key, id) in [("probe.reply", "q"), ("probe.done", "d"), ("probe.retry", "t"), ("probe.dead", "x")] {
        rig.client.send(key, id, false).await;
    }
    let expected =
        [("d", 1), ("q", 1), ("r", 1), ("t", 3), ("x", 1)].map(|(id, times)| (id.to_owned(), times));
    rig.eventually("all are asked", async || rig.probe.asked() == expected.clone().into()).await;
    rig.eventually("what cannot be done is dead", async || rig.waiting("beds.dead").await == 1).await;
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_exchange_serves_and_comes_back_as_it_was() {
    let mut rig = Rig::by(Exchange::Direct).await;
    rig.gate.send_replace(true);
    let listed = rig.control(&["list_exchanges", "name", "type", "--silent"]).await;
    assert!(listed.lines().any(|line| line == "beds\tdirect"), "{listed}");
    rig.client.send("probe.reply", "a", true).await;
    assert_eq!(rig.next_reply().await.0, "a");
    let connection = lapin::Connection::connect(&rig.stack.amqp_url(), ConnectionProperties::default()).await;
    let channel = connection.unwrap().create_channel().await.unwrap();
    channel.exchange_delete(EXCHANGE.into(), ExchangeDeleteOptions::default()).await.unwrap();
    rig.eventually("it is declared again", async || {
        rig.control(&["list_exchanges", "name", "type", "--silent"]).await.contains("beds\tdirect")
    })
    .await;
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_rabbitmq_takes_no_messages_nothing_times_out_and_nothing_is_done_twice() {
    let mut rig = Rig::start().await;
    let ids: Vec<String> = (0..30).map(|n| format!("{n:02}")).collect();
    for (n, id) in ids.iter().enumerate() {
        let key = ["probe.reply", "probe.dead", "probe.done"][n % 3];
        rig.client.send(key, id, n % 3 == 0).await;
    }
    rig.eventually("all are asked", async || rig.probe.asked().len() == ids.len()).await;

    rig.control(&["set_vm_memory_high_watermark", "0.00001"]).await;
    rig.gate.send_replace(true);
    // A session that takes a wait for a failure would be over by then.
    let mut status = rig.pool.as_ref().unwrap().status();
    status.mark_unchanged();
    assert!(timeout(Duration::from_secs(5), status.changed()).await.is_err(), "{:?}", *status.borrow());
    // RabbitMQ takes the message with which it begins to block.
    let mut answered = Vec::new();
    while let Some(reply) = rig.client.replies.next().now_or_never() {
        answered.push(reply.unwrap().correlation_id().unwrap().to_owned());
    }
    assert!(
        answered.len() < 5 && rig.waiting("beds.dead").await < 5,
        "the alarm holds nothing up: {answered:?}"
    );

    rig.control(&["set_vm_memory_high_watermark", "absolute", "2GB"]).await;
    while answered.len() < 10 {
        answered.push(rig.next_reply().await.0);
    }
    answered.sort();
    assert_eq!(answered, ids.iter().step_by(3).cloned().collect::<Vec<_>>());
    rig.eventually("what cannot be done is dead", async || rig.waiting("beds.dead").await == 10).await;
    assert!(!status.has_changed().unwrap());
    let probe = Arc::clone(&rig.probe);
    rig.ends_with_nothing_left().await;
    assert!(probe.asked().values().all(|times| *times == 1), "{:?}", probe.asked());
}

/// Whether a mandatory request finds a queue, on a channel of its own, which RabbitMQ closes where there is no exchange.
async fn is_routed(connection: &lapin::Connection) -> bool {
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let properties = BasicProperties::default();
    let published = channel.basic_publish(EXCHANGE.into(), "probe.done".into(), options, b"{}", properties);
    let Ok(confirm) = published.await else { return false };
    confirm.await.is_ok_and(|confirmation| confirmation.take_message().is_none())
}

#[tokio::test(flavor = "multi_thread")]
async fn topology_that_vanishes_is_declared_again_and_readiness_tells_what_cannot_be() {
    let rig = Rig::start().await;
    rig.gate.send_replace(true);
    let url = rig.stack.amqp_url();
    let connection = lapin::Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let none = FieldTable::default;
    let channel = connection.create_channel().await.unwrap();
    let status = rig.pool.as_ref().unwrap().status();
    let app = "beds.app_server.w";

    // A binding.
    channel.queue_unbind(app.into(), EXCHANGE.into(), "probe.done".into(), none()).await.unwrap();
    assert!(!is_routed(&connection).await);
    rig.eventually("the binding is back", async || is_routed(&connection).await).await;

    // The exchanges, and the binding of the dead letters with theirs.
    for exchange in [EXCHANGE, DEAD] {
        channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await.unwrap();
    }
    assert!(!is_routed(&connection).await);
    rig.eventually("the exchange is back", async || is_routed(&connection).await).await;
    let client = Client::connect(&url).await;
    client.send("probe.dead", "late", false).await;
    rig.eventually("dead letters have a place again", async || rig.waiting(DEAD).await == 1).await;

    // The queue of the dead letters.
    channel.queue_delete(DEAD.into(), QueueDeleteOptions::default()).await.unwrap();
    client.send("probe.dead", "later", false).await;
    rig.eventually("their queue is back", async || rig.asked_for("later") > 0 && rig.has_queue(DEAD).await)
        .await;

    // What cannot be declared again is told, and so is its end.
    channel.exchange_delete(EXCHANGE.into(), ExchangeDeleteOptions::default()).await.unwrap();
    let other = ExchangeDeclareOptions::default();
    channel.exchange_declare(EXCHANGE.into(), ExchangeKind::Fanout, other, none()).await.unwrap();
    rig.eventually("it is told", async || {
        let (Status::Unrouted(why) | Status::Connecting(why)) = &*status.borrow() else { return false };
        why.contains("inequivalent arg 'type'")
    })
    .await;
    channel.exchange_delete(EXCHANGE.into(), ExchangeDeleteOptions::default()).await.unwrap();
    rig.eventually("it serves again", async || *status.borrow() == Status::Serving).await;
    assert!(is_routed(&connection).await);
}

/// Ends all connections of a pool, as the end of its node does.
async fn lose_connections(rig: &Rig) {
    let mut status = rig.pool.as_ref().unwrap().status();
    status.mark_unchanged();
    rig.control(&["close_all_connections", "a test"]).await;
    timeout(PATIENCE, status.changed()).await.unwrap().unwrap();
    let serving = status.wait_for(|status| *status == Status::Serving);
    timeout(PATIENCE, serving).await.unwrap().unwrap();
}

const WAITING: &str = "beds.app_server.w.wait.node";
const ALONE: &str = "beds.app_server.w.alone";

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_holds_nothing_up_and_is_done_however_often_the_node_ends() {
    const COUNT: usize = 200;
    let mut rig = Rig::start().await;
    rig.gate.send_replace(true);
    rig.probe.is_away.store(true, Ordering::Relaxed);
    for number in 0..COUNT {
        rig.client.send("probe.away", &format!("w{number}"), false).await;
    }
    // There are more of them than the node takes at a time.
    rig.client.send("probe.reply", "r", true).await;
    assert_eq!(rig.next_reply().await.0, "r");
    let most = u32::try_from(COUNT).unwrap() - 1;
    rig.eventually("it waits aside", async || rig.waiting(WAITING).await >= most).await;
    for _ in 0..25 {
        lose_connections(&rig).await;
    }
    rig.client = Client::connect(&rig.stack.amqp_url()).await;
    let before = rig.probe.asked();
    rig.probe.is_away.store(false, Ordering::Relaxed);
    rig.eventually("all is done", async || {
        let asked = rig.probe.asked();
        let again = asked.iter().filter(|(id, times)| before.get(*id).is_some_and(|before| before < *times));
        again.count() == COUNT && rig.waiting(WAITING).await + rig.waiting(ALONE).await == 0
    })
    .await;
    assert_eq!(rig.waiting(DEAD).await, 0);
    rig.ends_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_with_a_node_that_ended_again_and_again_is_done_in_the_end() {
    const COUNT: usize = 40;
    let mut rig = Rig::start().await;
    for number in 0..COUNT {
        rig.client.send("probe.done", &format!("d{number}"), false).await;
    }
    for _ in 0..8 {
        // It has what it takes, and does not come to an end with it.
        rig.eventually("it is taken", async || rig.waiting("beds.app_server.w").await == 0).await;
        lose_connections(&rig).await;
    }
    rig.gate.send_replace(true);
    rig.client = Client::connect(&rig.stack.amqp_url()).await;
    rig.eventually("all is done", async || {
        let queues =
            rig.control(&["list_queues", "--silent", "--no-table-headers", "name", "messages"]).await;
        queues.lines().filter(|line| line.starts_with("beds.")).all(|line| line.trim_end().ends_with("\t0"))
    })
    .await;
    assert_eq!(rig.probe.asked().len(), COUNT);
    rig.ends_with_nothing_left().await;
}
