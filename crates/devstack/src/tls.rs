//! What a server has TLS with: files of certificates and keys.

use std::path::PathBuf;

/// The files of a server that has TLS, each in PEM.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// Its certificate.
    pub cert: PathBuf,
    /// The key of it.
    pub key: PathBuf,
    /// The authority whose certificates clients must have, where they must have one. MariaDB asks single users for it:
    /// `REQUIRE X509`.
    pub client_ca: Option<PathBuf>,
}
