//! Services, brokers, lanes, queues and headers: the fixed names of the bus.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::names::names;

/// The durable topic exchange to which every request is published.
pub const EXCHANGE: &str = "beds";
/// The durable topic exchange to which changes are published.
pub const EVENTS: &str = "beds.events";
/// The durable topic exchange over which the nodes of a fleet speak to each other.
pub const NODES: &str = "beds.nodes";
/// Exchange and queue of messages that could not be answered.
pub const DEAD: &str = "beds.dead";
/// The default exchange, which routes a reply to the queue it names.
pub const DEFAULT_EXCHANGE: &str = "";
/// The `content_type` of requests and replies.
pub const CONTENT_TYPE: &str = "application/json";

/// Names of AMQP headers.
pub mod header {
    /// Request: the deadline, after which no answer is wanted, in Unix milliseconds.
    pub const DEADLINE: &str = "beds-deadline";
    /// Request: the session's token.
    pub const SESSION: &str = "beds-session";
    /// Request: the fingerprint of the template that the client was built for. Reply: the fingerprint of the template
    /// that answered. Event: the fingerprint of the template whose record changed.
    pub const TEMPLATE_HASH: &str = "beds-template-hash";
    /// Request: the W3C trace context. Event: the context of the request that made the change.
    pub const TRACEPARENT: &str = "traceparent";
    /// Request: the position that the databases must have reached for the read: `beds-position` of an earlier reply.
    pub const AFTER: &str = "beds-after";
    /// Reply to a write: the position that its databases have reached.
    pub const POSITION: &str = "beds-position";
    /// Reply: `ok`, or the error code.
    pub const STATUS: &str = "beds-status";
    /// RabbitMQ's own account of a message that it made a dead letter.
    pub const DEATH: &str = "x-death";
    /// How the names of all headers begin that tell something of a dead letter.
    pub const DEAD_PREFIX: &str = "beds-dead-";
    /// Dead letter: the error code.
    pub const DEAD_CODE: &str = "beds-dead-code";
    /// Dead letter: what was wrong, in a sentence.
    pub const DEAD_REASON: &str = "beds-dead-reason";
    /// Dead letter: the queue it was taken from.
    pub const DEAD_QUEUE: &str = "beds-dead-queue";
    /// Dead letter: the exchange it was published to.
    pub const DEAD_EXCHANGE: &str = "beds-dead-exchange";
    /// Dead letter: the routing key it was published with.
    pub const DEAD_ROUTING_KEY: &str = "beds-dead-routing-key";
    /// Dead letter: the node that gave up the message.
    pub const DEAD_NODE: &str = "beds-dead-node";
    /// Dead letter: the request's id, as in the node's log.
    pub const DEAD_REQUEST_ID: &str = "beds-dead-request-id";
    /// Dead letter: the raw content header, if the message's properties cannot be read.
    pub const DEAD_PROPERTIES: &str = "beds-dead-properties";
    /// Dead letter: the user for whom RabbitMQ vouched.
    pub const DEAD_USER: &str = "beds-dead-user";
    /// Dead letter: `true` if sensitive values were masked in its body. Such a letter cannot be replayed.
    pub const DEAD_MASKED: &str = "beds-dead-masked";
    /// Dead letter: how many bytes its body had, if RabbitMQ takes fewer and the rest was cut off.
    pub const DEAD_BODY_BYTES: &str = "beds-dead-body-bytes";
    /// Dead letter: when the node gave it up, as RFC 3339 in UTC.
    pub const DEAD_AT: &str = "beds-dead-at";
    /// On a request that a node has put aside: its routing key.
    pub const ASIDE_KEY: &str = "beds-aside-key";
    /// On a request that a node has put aside: the exchange that it was published to.
    pub const ASIDE_EXCHANGE: &str = "beds-aside-exchange";
    /// On a request that a node has put aside: its user.
    pub const ASIDE_USER: &str = "beds-aside-user";
    /// On a request that a node has put aside for another node: since when it waits for one, in Unix milliseconds.
    pub const ASIDE_SOUGHT: &str = "beds-aside-sought";
    /// Dead letter: the names of the client's headers that were too long to keep, with commas between.
    pub const DEAD_HEADERS_DROPPED: &str = "beds-dead-headers-dropped";
}

names! {
    /// The kind of work of an operation. It decides in which queue of its service the operation waits.
    Lane:
    /// Changes nothing, and is worthless after its deadline.
    Read = "read",
    /// Changes records, and is never lost.
    Write = "write",
}

names! {
    /// How RabbitMQ finds the queue of a request.
    Exchange:
    /// By the words of its routing key. RabbitMQ can limit by them what a user may publish.
    Topic = "topic",
    /// By its whole routing key, which costs RabbitMQ less.
    Direct = "direct",
}

names! {
    /// How RabbitMQ keeps the queues that hold only reads.
    ReadQueues:
    /// On one server. While that server is down, nobody can use them.
    Durable = "durable",
    /// On one server. If that server dies, the queues are gone with it, and declared again on another.
    Transient = "transient",
    /// On several servers, like the queues of writes.
    Quorum = "quorum",
}

names! {
    /// A group of brokers. A node hosts the whole group or none of it.
    Service:
    /// Data domains of applications.
    AppServer = "app_server",
    /// Commands to nodes, the fleet, logs, metrics.
    Admin = "admin",
    /// Warehouse and cool storage.
    Segundo = "segundo",
    /// Users and sessions.
    Tercero = "tercero",
}

/// How RabbitMQ keeps a broker's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueueKind {
    /// In memory, on one RabbitMQ node. Only for reads, which outlive neither their deadline nor a restart.
    Classic,
    /// On disk, and replicated if RabbitMQ is a cluster. For everything that must not be lost.
    Quorum,
}

/// The properties of a broker.
struct Row {
    queue: &'static str,
    service: Service,
    kind: QueueKind,
    lanes: &'static [Lane],
    ingest: bool,
    /// The name that a template writes as `broker` to be routed here.
    domains: Domains,
}

/// Whether a broker takes the domains of templates, and which.
enum Domains {
    /// The domains of its service that name no broker.
    Unnamed,
    /// The domains that name this broker.
    Named(&'static str),
}

const READ: &[Lane] = &[Lane::Read];
const WRITE: &[Lane] = &[Lane::Write];
const BOTH: &[Lane] = &[Lane::Read, Lane::Write];

/// The one table of the brokers: the enum, and the row of each.
macro_rules! brokers {
    ($(
        $(#[$doc:meta])*
        $variant:ident = $name:literal: $service:ident, $kind:ident, $lanes:ident, ingest: $ingest:literal,
        domains: $domains:expr;
    )*) => {
        names! {
            /// One queue and a pool of tasks on it. Its name is its queue's name without `beds.`.
            Broker:
            $($(#[$doc])* $variant = $name,)*
        }

        impl Broker {
            const fn row(self) -> &'static Row {
                match self { $(Self::$variant => &Row {
                    queue: concat!("beds.", $name),
                    service: Service::$service,
                    kind: QueueKind::$kind,
                    lanes: $lanes,
                    ingest: $ingest,
                    domains: $domains,
                },)* }
            }
        }
    };
}

brokers! {
    /// rBroker: reads of applications.
    AppRead = "app_server.r": AppServer, Classic, READ, ingest: false, domains: Domains::Unnamed;
    /// wBroker: writes of applications.
    AppWrite = "app_server.w": AppServer, Quorum, WRITE, ingest: false, domains: Domains::Unnamed;
    /// mBroker: migration jobs.
    AppJobs = "app_server.m": AppServer, Quorum, BOTH, ingest: false, domains: Domains::Named("m");
    /// adminBrokerIn: writes to admin templates, commands to nodes.
    AdminIn = "admin.in": Admin, Quorum, WRITE, ingest: false, domains: Domains::Unnamed;
    /// adminBrokerOut: reads of admin templates, the fleet.
    AdminOut = "admin.out": Admin, Classic, READ, ingest: false, domains: Domains::Unnamed;
    /// adminLogsBroker: log events of all nodes.
    AdminLogs = "admin.logs": Admin, Quorum, WRITE, ingest: true, domains: Domains::Named("logs");
    /// adminSyslogBroker: syslog messages.
    AdminSyslog = "admin.syslog": Admin, Quorum, WRITE, ingest: true, domains: Domains::Named("syslog");
    /// adminGraphBroker: metric samples and series.
    AdminGraph = "admin.graph": Admin, Quorum, BOTH, ingest: true, domains: Domains::Named("graph");
    /// whBroker: the warehouse.
    SegundoWarehouse = "segundo.wh": Segundo, Quorum, BOTH, ingest: false, domains: Domains::Named("wh");
    /// cBroker: cool storage.
    SegundoCool = "segundo.c": Segundo, Quorum, BOTH, ingest: false, domains: Domains::Named("c");
    /// uBroker: users.
    TerceroUsers = "tercero.u": Tercero, Quorum, BOTH, ingest: false, domains: Domains::Named("u");
    /// sBroker: sessions.
    TerceroSessions = "tercero.s": Tercero, Quorum, BOTH, ingest: false, domains: Domains::Named("s");
}

impl Broker {
    /// The broker's queue.
    #[must_use]
    pub const fn queue(self) -> &'static str {
        self.row().queue
    }

    /// The service that hosts the broker.
    #[must_use]
    pub const fn service(self) -> Service {
        self.row().service
    }

    /// How RabbitMQ keeps the queue.
    #[must_use]
    pub const fn kind(self) -> QueueKind {
        self.row().kind
    }

    /// The lanes whose requests wait in the queue.
    #[must_use]
    pub const fn lanes(self) -> &'static [Lane] {
        self.row().lanes
    }

    /// The broker in whose queue batches of a service wait.
    pub(crate) fn of_batches(service: Service, lane: Lane) -> Self {
        let takes = |broker: &Self| {
            let Row { service: its, lanes, .. } = broker.row();
            *its == service && lanes.contains(&lane)
        };
        Self::ALL.iter().copied().find(takes).unwrap_or(Self::AppRead)
    }

    /// Whether commands to nodes wait in the queue. A draining node keeps consuming such a queue: otherwise nobody
    /// could tell it to resume.
    #[must_use]
    pub const fn hears_commands(self) -> bool {
        matches!(self, Self::AdminIn)
    }

    /// The name that the broker has within its service: `r` of `app_server.r`.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        self.as_str().trim_start_matches(self.service().as_str()).trim_start_matches('.')
    }

    /// Whether the queue holds the nodes' own data: log events, metric samples.
    #[must_use]
    pub const fn is_ingest(self) -> bool {
        self.row().ingest
    }
}

/// Where the operations of a template are routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Placement {
    /// The broker of reads.
    pub read: Broker,
    /// The broker of writes.
    pub write: Broker,
}

impl Placement {
    /// The broker of a lane.
    #[must_use]
    pub const fn broker(self, lane: Lane) -> Broker {
        match lane {
            Lane::Read => self.read,
            Lane::Write => self.write,
        }
    }

    /// The placement that a template's `service` and `broker` ask for. `None` if the service has no such broker for
    /// templates, or has several and none is named. [`Placement::brokers`] lists the choices.
    #[must_use]
    pub fn of(service: Service, broker: Option<&str>) -> Option<Self> {
        let find = |name: Option<&str>, lane: Lane| {
            let mut of_service = Broker::ALL.iter().copied().filter(|broker| broker.service() == service);
            of_service.find(|broker| {
                let Row { domains, lanes, .. } = broker.row();
                let takes = match domains {
                    Domains::Unnamed => name.is_none(),
                    Domains::Named(its) => name == Some(its),
                };
                takes && lanes.contains(&lane)
            })
        };
        let write = find(broker, Lane::Write)?;
        // A broker that takes no reads leaves them to the broker for templates that name none.
        let read = find(broker, Lane::Read).or_else(|| find(None, Lane::Read))?;
        Some(Self { read, write })
    }

    /// What a template of this service may write as `broker`.
    #[must_use]
    pub fn brokers(service: Service) -> &'static [&'static str] {
        static NAMES: LazyLock<BTreeMap<Service, Vec<&'static str>>> = LazyLock::new(|| {
            let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for broker in Broker::ALL {
                if let Domains::Named(name) = broker.row().domains {
                    names.entry(broker.service()).or_default().push(name);
                }
            }
            names
        });
        NAMES.get(&service).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_named_after_its_queue_and_service() {
        for &broker in Broker::ALL {
            assert_eq!(broker.queue(), format!("beds.{}", broker.as_str()));
            assert!(broker.as_str().starts_with(&format!("{}.", broker.service().as_str())));
            assert_eq!(Broker::from_name(broker.as_str()), Some(broker));
        }
    }

    #[test]
    fn a_queue_is_in_memory_only_where_it_holds_nothing_but_reads() {
        for &broker in Broker::ALL {
            let reads_only = broker.lanes() == [Lane::Read];
            assert_eq!(broker.kind() == QueueKind::Classic, reads_only, "{broker:?}");
            assert!(!broker.is_ingest() || broker.lanes().contains(&Lane::Write), "{broker:?}");
        }
    }

    #[test]
    fn templates_are_placed_as_the_contract_says() {
        for (service, broker, expected) in [
            (Service::AppServer, None, Some((Broker::AppRead, Broker::AppWrite))),
            (Service::AppServer, Some("m"), Some((Broker::AppJobs, Broker::AppJobs))),
            (Service::Admin, None, Some((Broker::AdminOut, Broker::AdminIn))),
            (Service::Admin, Some("logs"), Some((Broker::AdminOut, Broker::AdminLogs))),
            (Service::Admin, Some("syslog"), Some((Broker::AdminOut, Broker::AdminSyslog))),
            (Service::Admin, Some("graph"), Some((Broker::AdminGraph, Broker::AdminGraph))),
            (Service::Segundo, None, None),
            (Service::Segundo, Some("wh"), Some((Broker::SegundoWarehouse, Broker::SegundoWarehouse))),
            (Service::Segundo, Some("c"), Some((Broker::SegundoCool, Broker::SegundoCool))),
            (Service::Tercero, None, None),
            (Service::Tercero, Some("u"), Some((Broker::TerceroUsers, Broker::TerceroUsers))),
            (Service::Tercero, Some("s"), Some((Broker::TerceroSessions, Broker::TerceroSessions))),
            (Service::Tercero, Some("wh"), None),
        ] {
            let expected = expected.map(|(read, write)| Placement { read, write });
            assert_eq!(Placement::of(service, broker), expected, "{service:?} {broker:?}");
        }
        assert_eq!(Placement::brokers(Service::Admin), ["logs", "syslog", "graph"]);
        assert_eq!(Placement::brokers(Service::AppServer), ["m"]);
    }

    #[test]
    fn a_placement_names_brokers_that_take_its_lanes() {
        for &service in Service::ALL {
            let names = Placement::brokers(service).iter().map(|name| Some(*name));
            for name in names.chain([None]) {
                let Some(placement) = Placement::of(service, name) else {
                    assert_eq!(name, None, "{service:?}");
                    continue;
                };
                for lane in [Lane::Read, Lane::Write] {
                    assert_eq!(placement.broker(lane).service(), service);
                    assert!(placement.broker(lane).lanes().contains(&lane), "{placement:?}");
                }
            }
        }
    }
}
