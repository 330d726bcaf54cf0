//! What a link to RabbitMQ is encrypted with.

use std::{fs, io, path::Path};

use beds_core::settings::Tls;
use lapin::tcp::{RustlsConnector, RustlsConnectorConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// Reads the files anew: they may have changed since the last connection.
///
/// # Errors
/// When one of them cannot be read, or holds something else; it names the file.
pub(crate) fn connector(tls: &Tls) -> io::Result<RustlsConnector> {
    let mut config = match (RustlsConnectorConfig::new_with_native_certs(), &tls.ca_file) {
        (Ok(config), _) => config,
        // A machine may trust nobody by itself.
        (Err(_), Some(_)) => RustlsConnectorConfig::default(),
        (Err(error), None) => return Err(error),
    };
    if let Some(path) = &tls.ca_file {
        config.add_parsable_certificates(certificates(path)?);
    }
    match tls.identity() {
        Some((certificate, key)) => {
            let of_key = |error| wrong(key, &error);
            let pem = fs::read(key).map_err(|error| wrong(key, &error))?;
            let secret = PrivateKeyDer::from_pem_slice(&pem).map_err(of_key)?;
            config.connector_with_single_cert(certificates(certificate)?, secret)
        }
        None => config.connector_with_no_client_auth(),
    }
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let pem = fs::read(path).map_err(|error| wrong(path, &error))?;
    let read = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    match read.map_err(|error| wrong(path, &error))? {
        none if none.is_empty() => Err(wrong(path, &"it has no certificate")),
        certificates => Ok(certificates),
    }
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {error}", path.display()))
}
