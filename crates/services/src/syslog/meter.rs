//! [`Meter`]: the counters of listeners.

use beds_core::meter::{Counter, Family, Gauge, Samples, Source};

static RECEIVED: Family =
    Family::counter("beds_syslog_received_total", "Messages that came, by the way that they came.");
static LOST: Family = Family::counter(
    "beds_syslog_lost_total",
    "Messages by UDP that found no place: in the queue of the node, or in the socket before it.",
);
static MALFORMED: Family = Family::counter(
    "beds_syslog_malformed_total",
    "Messages that could not be read, and were kept as they came.",
);
static CONNECTIONS: Family = Family::gauge("beds_syslog_connections", "Connections of senders.");
static REFUSED: Family = Family::counter(
    "beds_syslog_connections_refused_total",
    "Connections that were closed at once: there were too many, or the sender could not prove who it is.",
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
