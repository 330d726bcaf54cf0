//! Services, brokers, lanes, queues and headers: the fixed names of the bus.

use crate::names::names;

/// The durable topic exchange to which every request is published.
pub const EXCHANGE: &str = "beds";
/// Exchange and queue of what could not be answered.
pub const DEAD: &str = "beds.dead";
/// The default exchange, which routes a reply to the queue it names.
pub const DEFAULT_EXCHANGE: &str = "";
/// The `content_type` of requests and replies.
pub const CONTENT_TYPE: &str = "application/json";

/// Names of AMQP headers.
pub mod header {
    /// Request: the moment after which no answer is wanted, in Unix milliseconds.
    pub const DEADLINE: &str = "beds-deadline";
    /// Request: the session's token.
    pub const SESSION: &str = "beds-session";
    /// Request: the fingerprint of the template that the client was built for. Reply: of the one that answered.
    pub const TEMPLATE_HASH: &str = "beds-template-hash";
    /// Request: the W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
    /// Reply: `ok`, or the error code.
    pub const STATUS: &str = "beds-status";
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
    /// Dead letter: the node that gave it up.
    pub const DEAD_NODE: &str = "beds-dead-node";
    /// Dead letter: the content header as it came, of a message whose properties cannot be read.
    pub const DEAD_PROPERTIES: &str = "beds-dead-properties";
    /// Dead letter: when, as RFC 3339 in UTC.
    pub const DEAD_AT: &str = "beds-dead-at";
    /// On a dead letter: the names of the client's headers that were too long to be kept, with commas between.
    pub const DEAD_HEADERS_DROPPED: &str = "beds-dead-headers-dropped";
}

names! {
    /// What kind of work an operation is, and so which queue of its service it waits in.
    Lane:
    /// Changes nothing, and is worthless after its deadline.
    Read = "read",
    /// Changes records, and is never lost.
    Write = "write",
}

names! {
    /// A group of brokers that a node hosts or not.
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

names! {
    /// One queue and a pool of tasks on it. Its name is its queue's name without `beds.`.
    Broker:
    /// rBroker: reads of applications.
    AppRead = "app_server.r",
    /// wBroker: writes of applications.
    AppWrite = "app_server.w",
    /// mBroker: migration jobs.
    AppJobs = "app_server.m",
    /// adminBrokerIn: writes to admin templates, commands to nodes.
    AdminIn = "admin.in",
    /// adminBrokerOut: reads of admin templates, the fleet.
    AdminOut = "admin.out",
    /// adminLogsBroker: log events of all nodes.
    AdminLogs = "admin.logs",
    /// adminSyslogBroker: syslog messages.
    AdminSyslog = "admin.syslog",
    /// adminGraphBroker: metric samples and series.
    AdminGraph = "admin.graph",
    /// whBroker: the warehouse.
    SegundoWarehouse = "segundo.wh",
    /// cBroker: cool storage.
    SegundoCool = "segundo.c",
    /// uBroker: users.
    TerceroUsers = "tercero.u",
    /// sBroker: sessions.
    TerceroSessions = "tercero.s",
}

impl Broker {
    /// The broker's queue.
    #[must_use]
    pub const fn queue(self) -> &'static str {
        match self {
            Self::AppRead => "beds.app_server.r",
            Self::AppWrite => "beds.app_server.w",
            Self::AppJobs => "beds.app_server.m",
            Self::AdminIn => "beds.admin.in",
            Self::AdminOut => "beds.admin.out",
            Self::AdminLogs => "beds.admin.logs",
            Self::AdminSyslog => "beds.admin.syslog",
            Self::AdminGraph => "beds.admin.graph",
            Self::SegundoWarehouse => "beds.segundo.wh",
            Self::SegundoCool => "beds.segundo.c",
            Self::TerceroUsers => "beds.tercero.u",
            Self::TerceroSessions => "beds.tercero.s",
        }
    }

    /// The service that hosts the broker.
    #[must_use]
    pub const fn service(self) -> Service {
        match self {
            Self::AppRead | Self::AppWrite | Self::AppJobs => Service::AppServer,
            Self::AdminIn | Self::AdminOut | Self::AdminLogs | Self::AdminSyslog | Self::AdminGraph => {
                Service::Admin
            }
            Self::SegundoWarehouse | Self::SegundoCool => Service::Segundo,
            Self::TerceroUsers | Self::TerceroSessions => Service::Tercero,
        }
    }

    /// Whether the queue holds what nodes tell of themselves: log events, metric samples.
    #[must_use]
    pub const fn is_ingest(self) -> bool {
        matches!(self, Self::AdminLogs | Self::AdminSyslog | Self::AdminGraph)
    }

    /// Whether the queue holds nothing but reads, which need not survive a restart of RabbitMQ.
    #[must_use]
    pub const fn is_read_only(self) -> bool {
        matches!(self, Self::AppRead | Self::AdminOut)
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

    /// The placement that a template's `service` and `broker` ask for; `None` when the service has no such
    /// broker for templates, or has several and none is named. [`Placement::brokers`] lists the choices.
    #[must_use]
    pub fn of(service: Service, broker: Option<&str>) -> Option<Self> {
        let (read, write) = match (service, broker) {
            (Service::AppServer, None) => (Broker::AppRead, Broker::AppWrite),
            (Service::Admin, None) => (Broker::AdminOut, Broker::AdminIn),
            (Service::Admin, Some("logs")) => (Broker::AdminOut, Broker::AdminLogs),
            (Service::Admin, Some("syslog")) => (Broker::AdminOut, Broker::AdminSyslog),
            (Service::Admin, Some("graph")) => (Broker::AdminGraph, Broker::AdminGraph),
            (Service::Segundo, Some("wh")) => (Broker::SegundoWarehouse, Broker::SegundoWarehouse),
            (Service::Segundo, Some("c")) => (Broker::SegundoCool, Broker::SegundoCool),
            (Service::Tercero, Some("u")) => (Broker::TerceroUsers, Broker::TerceroUsers),
            (Service::Tercero, Some("s")) => (Broker::TerceroSessions, Broker::TerceroSessions),
            (Service::AppServer | Service::Admin | Service::Segundo | Service::Tercero, _) => return None,
        };
        Some(Self { read, write })
    }

    /// What a template of this service may write as `broker`.
    #[must_use]
    pub const fn brokers(service: Service) -> &'static [&'static str] {
        match service {
            Service::AppServer => &[],
            Service::Admin => &["logs", "syslog", "graph"],
            Service::Segundo => &["wh", "c"],
            Service::Tercero => &["u", "s"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_named_after_its_queue_and_service() {
        for &broker in Broker::ALL {
            assert_eq!(broker.queue(), format!("beds.{}", broker.as_str()));
            assert!(broker.as_str().starts_with(broker.service().as_str()));
            assert_eq!(Broker::from_name(broker.as_str()), Some(broker));
        }
    }

    #[test]
    fn every_listed_broker_places_a_template() {
        for &service in Service::ALL {
            for name in Placement::brokers(service) {
                let placement = Placement::of(service, Some(name)).unwrap();
                assert_eq!(placement.write.service(), service);
            }
            assert_eq!(Placement::of(service, Some("nosuch")), None);
        }
    }
}
