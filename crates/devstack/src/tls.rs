//! The TLS files of a server: certificates and keys.

use std::path::PathBuf;

/// The TLS files of a server, each in PEM.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// The certificate of the server.
    pub cert: PathBuf,
    /// The key of the certificate.
    pub key: PathBuf,
    /// The authority whose certificates clients must have, if they must have one. In MariaDB this is a requirement of
    /// single users: `REQUIRE X509`.
    pub client_ca: Option<PathBuf>,
}
