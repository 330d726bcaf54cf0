//! [`Syslog`]: what the configuration says of syslog.

use std::{net::SocketAddr, path::PathBuf};

use beds_core::{section, settings::Tls};
use chrono_tz::Tz;

/// How many bytes of a message a record holds: the limit of `raw` in the template.
pub(super) const LINE_BYTES_MOST: usize = 65_536;

section! {
    /// `[syslog]`
    Syslog {
        /// Where messages are taken by UDP; nowhere where it is absent.
        udp: Option<SocketAddr> = None,
        /// Where messages are taken by TCP.
        tcp: Option<SocketAddr> = None,
        /// Where messages are taken by TLS.
        tls: Option<SocketAddr> = None,
        /// The certificate that the listener shows, in PEM; that of `[tls]` where it is absent.
        cert_file: Option<PathBuf> = None,
        /// Its key.
        key_file: Option<PathBuf> = None,
        /// Authorities of which senders must have a certificate; none is asked for where it is absent.
        client_ca_file: Option<PathBuf> = None,
        /// The time zone of what senders say without one, such as `Europe/Berlin`.
        zone: String = "UTC".into(),
        /// How many bytes of a message are kept.
        line_bytes_max: u32 = 16_384,
        /// How many connections there may be.
        connections_max: u32 = 1_000,
        /// After how many seconds without a byte a connection is closed.
        idle_s: u32 = 3_600,
        /// How many messages wait to be published. Then connections wait, and what comes by UDP is lost and counted.
        queue_max: u32 = 20_000,
    }
}

impl Syslog {
    /// Whether there is an address to listen on.
    #[must_use]
    pub const fn listens(&self) -> bool {
        self.udp.is_some() || self.tcp.is_some() || self.tls.is_some()
    }

    /// The certificate of the listener: its own, or the one for all links of the node.
    #[must_use]
    pub fn identity(&self, common: &Tls) -> Tls {
        let own = Tls { cert_file: self.cert_file.clone(), key_file: self.key_file.clone(), ca_file: None };
        Tls { ca_file: self.client_ca_file.clone(), ..own.over(common) }
    }

    /// The contradiction in this section, if there is one.
    #[must_use]
    pub fn contradiction(&self, common: &Tls) -> Option<String> {
        if self.zone.parse::<Tz>().is_err() {
            return Some(format!(
                "syslog.zone is `{}`: it must be the name of a time zone, such as `UTC` or `Europe/Berlin`",
                self.zone
            ));
        }
        if self.cert_file.is_some() != self.key_file.is_some() {
            return Some("syslog.cert_file and syslog.key_file belong together: name both".to_owned());
        }
        if self.tls.is_some() && self.identity(common).identity().is_none() {
            return Some(
                "syslog.tls needs a certificate: name it by syslog.cert_file and syslog.key_file".to_owned(),
            );
        }
        None
    }
}
