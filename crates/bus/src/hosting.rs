//! [`Hosting`]: what a pool serves; and which service a request is for.

use std::{sync::Arc, time::Duration};

use beds_core::{
    meter::{Samples, Source},
    service::{Need, Service},
    stages::Tracer,
};
use beds_protocol::{
    Broker, Service as Hosted,
    topology::{DEAD, QueueKind},
};
use tokio::sync::{Notify, RwLock, watch};

use crate::{
    config::{Amqp, Pool},
    connection::{Connection, Endpoint},
    direct::Servers,
    error::BusError,
    meter::Meter,
    outlet::Sizes,
    slow::Slow,
    status::Board,
};

/// A RabbitMQ, and the services that live there.
#[derive(Debug, Clone)]
pub struct Server {
    /// How it is reached.
    pub amqp: Amqp,
    /// The services whose queues are there.
    pub services: Vec<Hosted>,
}

/// What a pool serves.
#[derive(Clone)]
pub struct Hosting {
    /// The services, in the order in which they are asked whether a request is theirs.
    pub services: Vec<Arc<dyn Service>>,
    /// The service of all other requests. It answers `unknown_template` where there is no such template.
    pub rest: Arc<dyn Service>,
    /// The brokers that this node hosts. A broker for which no service has a routing key stays closed.
    pub brokers: Vec<(Broker, Pool)>,
    /// How long a pool that stops waits for the requests it has taken.
    pub drain_timeout: Duration,
    /// From this duration on a request is slow, and reported in the log; never if it is zero.
    pub slow_after: Duration,
    /// Traces requests, if tracing is on.
    pub tracer: Option<Arc<dyn Tracer>>,
}

impl Hosting {
    /// The brokers that are open: those of services on one of these servers, for which a service has a routing key.
    pub(crate) fn open(&self, servers: &[Server]) -> Vec<(Broker, Pool)> {
        let keys = self.keys();
        let is_open = |(broker, _): &&(Broker, Pool)| {
            servers.iter().any(|server| server.services.contains(&broker.service()))
                && keys.iter().any(|(of, _)| of == broker)
        };
        self.brokers.iter().filter(is_open).cloned().collect()
    }

    fn keys(&self) -> Vec<(Broker, String)> {
        self.services.iter().chain([&self.rest]).flat_map(|service| service.keys()).collect()
    }
}

/// Whether RabbitMQ lets replies be published, as far as is known.
#[derive(Debug, Clone, Copy)]
struct Replies {
    are_allowed: bool,
    /// How often RabbitMQ has refused them.
    refusals: u64,
}

/// The part of a pool on one server, shared by all that work there.
pub(crate) struct Shared {
    pub(crate) amqp: Amqp,
    pub(crate) node: String,
    /// The open brokers, each with the pool that it is to have.
    pub(crate) brokers: Vec<(Broker, watch::Sender<Pool>)>,
    /// The routing keys of the services, each with its broker.
    keys: Vec<(Broker, String)>,
    services: Vec<Arc<dyn Service>>,
    rest: Arc<dyn Service>,
    pub(crate) drain_timeout: Duration,
    /// Whether the brokers are to drain, and take no more until they are to resume.
    pub(crate) drains: watch::Sender<bool>,
    /// The users as which the node logs in.
    pub(crate) users: Vec<String>,
    /// Each request holds this while it is handled. A message that runs alone holds it exclusively.
    pub(crate) alone: RwLock<()>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) slow: Slow,
    pub(crate) tracer: Option<Arc<dyn Tracer>>,
    /// The connection for confirmed messages, while there is one.
    pub(crate) publishing: watch::Sender<Option<Arc<Connection>>>,
    pub(crate) sizes: Sizes,
    pub(crate) servers: Servers,
    pub(crate) board: Board,
    /// Whether dead letters have a place in their queue.
    dead_have_a_place: watch::Sender<bool>,
    replies: watch::Sender<Replies>,
    /// Something of the topology may be gone.
    pub(crate) vanished: Notify,
    /// How often the topology has been checked.
    pub(crate) times_looked_after: watch::Sender<u64>,
}

/// The need of a request that has no place among the dead letters.
pub(crate) const FOR_THE_DEAD: Need = Need::Other(DEAD);

impl Shared {
    /// The part of the hosting that lives on a server.
    pub(crate) fn new(server: &Server, node: &str, hosting: &Hosting, meter: &Arc<Meter>) -> Self {
        let (amqp, brokers) = (server.amqp.clone(), hosting.open(std::slice::from_ref(server)));
        let Hosting { services, rest, brokers: _, drain_timeout, slow_after, tracer } = hosting.clone();
        let mut keys = hosting.keys();
        keys.retain(|(of, _)| brokers.iter().any(|(broker, _)| broker == of));
        let endpoints = amqp.url.0.iter().filter_map(|url| Endpoint::parse(url.expose()).ok());
        let users = endpoints.map(|endpoint| endpoint.user().to_owned()).collect();
        Self {
            users,
            alone: RwLock::default(),
            amqp,
            node: node.to_owned(),
            meter: Arc::clone(meter),
            slow: Slow::new(slow_after),
            publishing: watch::Sender::new(None),
            sizes: Sizes::new(),
            servers: Servers::default(),
            board: Board::new(&brokers),
            dead_have_a_place: watch::Sender::new(true),
            replies: watch::Sender::new(Replies { are_allowed: true, refusals: 0 }),
            vanished: Notify::new(),
            times_looked_after: watch::Sender::new(0),
            brokers: brokers.into_iter().map(|(broker, pool)| (broker, watch::Sender::new(pool))).collect(),
            keys,
            services,
            rest,
            drain_timeout,
            drains: watch::Sender::new(false),
            tracer,
        }
    }

    /// Gives a broker another pool, where it is open.
    pub(crate) fn resize(&self, broker: Broker, pool: &Pool) {
        let Some((_, now)) = self.brokers.iter().find(|(of, _)| *of == broker) else { return };
        self.board.resize(broker, pool);
        self.meter.queue(broker).inspect(|queue| queue.resize(pool));
        now.send_if_modified(|now| {
            let is_new = now != pool;
            now.clone_from(pool);
            is_new
        });
    }

    /// The routing keys whose requests wait in a broker's queue.
    pub(crate) fn keys(&self, broker: Broker) -> impl Iterator<Item = &str> {
        self.keys.iter().filter(move |(of, _)| *of == broker).map(|(_, key)| key.as_str())
    }

    /// Whether requests with this routing key wait in one of its queues.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.keys.iter().any(|(_, known)| known == key)
    }

    /// The needs for which requests of a broker may wait. Reads wait for nothing.
    pub(crate) fn needs(&self, broker: Broker) -> Vec<Need> {
        if broker.kind() == QueueKind::Classic {
            return Vec::new();
        }
        let mut needs: Vec<_> = self.keys(broker).map(|key| self.service(key).needs(key)).collect();
        needs.sort_unstable();
        needs.dedup();
        needs.extend([Need::TEMPLATE, FOR_THE_DEAD]);
        needs
    }

    /// Tells whether dead letters have a place.
    pub(crate) fn the_dead_have_a_place(&self, now: bool) {
        self.dead_have_a_place.send_if_modified(|known| std::mem::replace(known, now) != now);
    }

    /// Waits until it is known that dead letters have no place.
    pub(crate) async fn until_the_dead_have_no_place(&self) {
        // The sender is here.
        let _ = self.dead_have_a_place.subscribe().wait_for(|there| !there).await;
    }

    /// RabbitMQ has refused a reply, or said that it would.
    pub(crate) fn a_reply_was_forbidden(&self) {
        self.replies
            .send_modify(|known| *known = Replies { are_allowed: false, refusals: known.refusals + 1 });
    }

    /// What [`Shared::replies_are_allowed`] takes, from before RabbitMQ is asked.
    pub(crate) fn replies_are_asked_for(&self) -> u64 {
        self.replies.borrow().refusals
    }

    /// RabbitMQ has said that replies are allowed. An answer that is older than the last refusal counts for nothing:
    /// the refused instance asks again.
    pub(crate) fn replies_are_allowed(&self, asked: u64) {
        self.replies.send_if_modified(|known| {
            let is_news = known.refusals == asked && !known.are_allowed;
            known.are_allowed |= is_news;
            is_news
        });
    }

    pub(crate) fn replies_are_forbidden(&self) -> bool {
        !self.replies.borrow().are_allowed
    }

    /// Waits while replies are known to be forbidden: a request that cannot be answered must not run.
    pub(crate) async fn until_replies_are_allowed(&self) {
        if self.replies_are_forbidden() {
            // The sender is here.
            let _ = self.replies.subscribe().wait_for(|replies| replies.are_allowed).await;
        }
    }

    /// Has the topology checked, and waits until it is complete.
    pub(crate) async fn looked_after(&self) {
        let mut looked_after = self.times_looked_after.subscribe();
        self.vanished.notify_one();
        // The sender is here.
        let _ = looked_after.changed().await;
    }

    /// Has the topology checked at once, if an error says that a part of it is gone.
    pub(crate) fn may_have_vanished(&self, error: &BusError) {
        if let BusError::Missing(_) | BusError::Unroutable = error {
            self.vanished.notify_one();
        }
    }

    /// The service of a request.
    pub(crate) fn service(&self, routing_key: &str) -> &dyn Service {
        let template = routing_key.split_once('.').map_or(routing_key, |(template, _)| template);
        let own = self.services.iter().find(|service| service.accepts(template));
        own.unwrap_or(&self.rest).as_ref()
    }
}

/// The queue of requests that wait for a need of a broker.
pub(crate) fn waiting(broker: Broker, needs: Need) -> String {
    format!("{}.wait.{needs}", broker.queue())
}

/// The queue of messages that run alone.
pub(crate) fn alone(broker: Broker) -> String {
    format!("{}.alone", broker.queue())
}

/// What a pool and its services count.
pub(crate) struct Counted {
    pub(crate) meter: Arc<Meter>,
    pub(crate) services: Vec<Arc<dyn Service>>,
}

impl Source for Counted {
    fn collect(&self, samples: &mut Samples) {
        self.meter.collect(samples);
        for service in &self.services {
            service.collect(samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use beds_core::service::{Incoming, Verdict};
    use beds_protocol::Engine;
    use futures_util::future::BoxFuture;

    use super::*;

    /// A service of one template, which is identified by its name.
    struct Of(&'static str, Vec<(Broker, &'static str)>);

    impl Service for Of {
        fn keys(&self) -> Vec<(Broker, String)> {
            self.1.iter().map(|(broker, key)| (*broker, (*key).to_owned())).collect()
        }

        fn accepts(&self, template: &str) -> bool {
            template == self.0
        }

        fn handle<'a>(&'a self, _: Incoming<'a>) -> BoxFuture<'a, Verdict> {
            Box::pin(std::future::ready(Verdict::Done))
        }

        fn shown<'a>(&self, _: &str, _: &'a [u8]) -> Cow<'a, [u8]> {
            Cow::Owned(self.0.into())
        }
    }

    fn shared() -> Shared {
        let node = Of("node", vec![(Broker::AdminIn, "node.call.ping")]);
        let job = Of("job", vec![(Broker::AppJobs, "job.fetch")]);
        let domains = Of(
            "note",
            vec![
                (Broker::AppRead, "note.fetch"),
                (Broker::AppWrite, "note.create"),
                (Broker::AppRead, "note.count"),
            ],
        );
        let hosting = Hosting {
            services: vec![Arc::new(node), Arc::new(job)],
            rest: Arc::new(domains),
            brokers: [Broker::AppRead, Broker::AppWrite, Broker::AdminIn, Broker::AdminOut]
                .map(|broker| (broker, Pool::default()))
                .into(),
            drain_timeout: Duration::ZERO,
            slow_after: Duration::ZERO,
            tracer: None,
        };
        let server = Server { amqp: Amqp::default(), services: Hosted::ALL.to_vec() };
        let meter = Arc::new(Meter::new(&hosting.open(std::slice::from_ref(&server))));
        Shared::new(&server, "n", &hosting, &meter)
    }

    #[test]
    fn a_request_goes_to_the_service_of_its_template() {
        let shared = shared();
        for (routing_key, expected) in [
            ("node.call.ping", "node"),
            ("node.nosuch", "node"),
            ("node", "node"),
            ("job.fetch", "job"),
            ("note.fetch", "note"),
            ("nodes.fetch", "note"),
            ("nosuch.fetch", "note"),
            ("", "note"),
        ] {
            let shown = shared.service(routing_key).shown(routing_key, b"").into_owned();
            assert_eq!(String::from_utf8(shown).unwrap(), expected, "{routing_key}");
        }
    }

    #[test]
    fn an_answer_that_a_refusal_has_overtaken_allows_no_reply() {
        let shared = shared();
        let asked = shared.replies_are_asked_for();
        shared.a_reply_was_forbidden();
        shared.replies_are_allowed(asked);
        assert!(shared.replies_are_forbidden());
        let asked = shared.replies_are_asked_for();
        shared.replies_are_allowed(asked);
        assert!(!shared.replies_are_forbidden());
    }

    #[test]
    fn a_broker_is_open_where_it_is_hosted_and_a_service_has_keys_for_it() {
        let shared = shared();
        let open: Vec<_> = shared.brokers.iter().map(|(broker, _)| *broker).collect();
        assert_eq!(open, [Broker::AppRead, Broker::AppWrite, Broker::AdminIn]);
    }

    #[test]
    fn a_queue_of_what_waits_names_engine_and_database() {
        let of = |need| waiting(Broker::AppWrite, need);
        assert_eq!(of(Need::Other("batch")), "beds.app_server.w.wait.batch");
        assert_eq!(of(Need::Database(Engine::MariaDb, "catalog")), "beds.app_server.w.wait.mariadb.catalog");
        assert_eq!(of(Need::Database(Engine::MongoDb, "catalog")), "beds.app_server.w.wait.mongodb.catalog");
    }

    #[test]
    fn a_queue_is_bound_by_the_keys_of_its_broker() {
        let shared = shared();
        let keys = |broker| shared.keys(broker).collect::<Vec<_>>();
        assert_eq!(keys(Broker::AppRead), ["note.fetch", "note.count"]);
        assert_eq!(keys(Broker::AdminIn), ["node.call.ping"]);
        assert_eq!(keys(Broker::AdminOut), [""; 0]);
    }
}
