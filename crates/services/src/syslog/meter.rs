//! [`Meter`]: the counters of listeners.

use beds_core::meter::{Counter, Family, Gauge, Samples, Source};

static RECEIVED: Family =
    Family::counter("beds_syslog_received_total", "Messages that were received, by transport.");
static LOST: Family = Family::counter(
    "beds_syslog_lost_total",
    "Messages by UDP that were lost because the queue of the node, or the socket before it, was full.",
);
static MALFORMED: Family = Family::counter(
    "beds_syslog_malformed_total",
    "Messages that could not be parsed, and were stored unchanged.",
);
static CONNECTIONS: Family = Family::gauge("beds_syslog_connections", "Connections of senders.");
static REFUSED: Family = Family::counter(
    "beds_syslog_connections_refused_total",
    "Connections that were closed at once, because there were too many or the sender could not prove its identity.",
);

/// The counters of a node's listeners.
#[derive(Debug, Default)]
pub struct Meter {
    pub(super) udp: Counter,
    pub(super) tcp: Counter,
    pub(super) tls: Counter,
    pub(super) lost: Counter,
    /// The drops of the UDP socket, as the system counts them.
    pub(super) dropped: Gauge,
    pub(super) malformed: Counter,
    pub(super) connections: Gauge,
    pub(super) refused: Counter,
}

impl Meter {
    /// How many UDP messages were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.get() + self.dropped.get()
    }
}

impl Source for Meter {
    fn collect(&self, samples: &mut Samples) {
        for (by, counter) in [("udp", &self.udp), ("tcp", &self.tcp), ("tls", &self.tls)] {
            samples.count(&RECEIVED, &[("by", by)], counter.get());
        }
        samples.count(&LOST, &[("at", "queue")], self.lost.get());
        samples.count(&LOST, &[("at", "socket")], self.dropped.get());
        samples.count(&MALFORMED, &[], self.malformed.get());
        samples.count(&CONNECTIONS, &[], self.connections.get());
        samples.count(&REFUSED, &[], self.refused.get());
    }
}
