//! Encrypted links: their files, and how well a link is protected.

use core::net::IpAddr;
use std::path::PathBuf;

crate::section! {
    /// `[tls]`, and the sections `tls` of single servers, which come before it key by key. What a link is encrypted with;
    /// whether it is, its URL says.
    Tls {
        /// Certificates in PEM: authorities that are trusted besides those of the machine.
        ca_file: Option<PathBuf> = None,
        /// Certificates in PEM: the node's own, and those between it and its authority.
        cert_file: Option<PathBuf> = None,
        /// The key of the node's own certificate, in PEM, not encrypted.
        key_file: Option<PathBuf> = None,
    }
}

impl Tls {
    /// These files. For a file that is not named, the one of `common`. A certificate and its key go together.
    #[must_use]
    pub fn over(&self, common: &Self) -> Self {
        let identity = if self.cert_file.is_some() || self.key_file.is_some() { self } else { common };
        Self {
            ca_file: self.ca_file.clone().or_else(|| common.ca_file.clone()),
            cert_file: identity.cert_file.clone(),
            key_file: identity.key_file.clone(),
        }
    }

    /// The node's own certificate and its key.
    #[must_use]
    pub fn identity(&self) -> Option<(&PathBuf, &PathBuf)> {
        self.cert_file.as_ref().zip(self.key_file.as_ref())
    }
}

/// How well a link is protected, according to its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It does not leave the machine.
    Local,
    /// Anybody on the way can read and change what it carries.
    Plain,
    /// It is encrypted, but whoever answers is accepted as the server.
    Unverified,
    /// It is encrypted, and the server proves its identity.
    Verified,
}

/// Whether a host is this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_own_files_come_first_and_a_certificate_comes_with_its_key() {
        let file = |name: &str| Some(PathBuf::from(name));
        let common = Tls { ca_file: file("ca"), cert_file: file("cert"), key_file: file("key") };
        let own = Tls { ca_file: file("own"), ..Tls::default() }.over(&common);
        assert_eq!((own.ca_file, own.cert_file, own.key_file), (file("own"), file("cert"), file("key")));
        let own = Tls { cert_file: file("other"), ..Tls::default() }.over(&common);
        assert_eq!((own.ca_file, own.cert_file, own.key_file), (file("ca"), file("other"), None));
        assert!(Tls::default().over(&Tls::default()).identity().is_none());
    }

    #[test]
    fn this_machine_has_several_names() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "localhost.example", "10.0.0.1", "::2", "0.0.0.0"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
