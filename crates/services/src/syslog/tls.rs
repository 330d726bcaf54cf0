//! [`Acceptor`]: accepts TLS connections of senders.

use std::{
    fmt, fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use beds_core::settings::Tls;
use rustls::{RootCertStore, ServerConfig, crypto::ring, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::TlsAcceptor;

/// The modification times of the files of a configuration.
type Written = Vec<Option<SystemTime>>;

/// Makes TLS acceptors from files that may change while the node runs.
pub(super) struct Acceptor {
    files: Tls,
    made: Mutex<(Written, TlsAcceptor)>,
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Acceptor {
    /// An acceptor from these files.
    ///
    /// # Errors
    /// If one of them cannot be read, or has another content. The error names the file.
    pub(super) fn new(files: Tls) -> io::Result<Self> {
        let written = written(&files);
        let made = TlsAcceptor::from(Arc::new(configuration(&files)?));
        Ok(Self { files, made: Mutex::new((written, made)) })
    }

    /// An acceptor from the present files, or from the previous ones if the present ones cannot be read.
    pub(super) fn current(&self) -> TlsAcceptor {
        let now = written(&self.files);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.0 != now {
            match configuration(&self.files) {
                Ok(configuration) => made.1 = TlsAcceptor::from(Arc::new(configuration)),
                Err(error) => tracing::warn!("syslog.tls keeps its current certificate: {error}"),
            }
            made.0 = now;
        }
        made.1.clone()
    }
}

/// Checks that a listener can be made from these files.
///
/// # Errors
/// If one of them cannot be read, or has another content. The error names the file.
pub fn check(files: &Tls) -> io::Result<()> {
    configuration(files).map(drop)
}

fn written(files: &Tls) -> Written {
    let files = [&files.cert_file, &files.key_file, &files.ca_file];
    let when = |path: &&Option<std::path::PathBuf>| fs::metadata(path.as_ref()?).ok()?.modified().ok();
    files.iter().map(when).collect()
}

fn configuration(files: &Tls) -> io::Result<ServerConfig> {
    let Some((certificate, key)) = files.identity() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no certificate is named"));
    };
    let pem = fs::read(key).map_err(|error| wrong(key, &error))?;
    let secret = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| wrong(key, &error))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(certificate, &error))?;
    let builder = match &files.ca_file {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(path)? {
                roots.add(authority).map_err(|error| wrong(path, &error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| wrong(path, &error))?)
        }
    };
    builder.with_single_cert(certificates(certificate)?, secret).map_err(|error| wrong(certificate, &error))
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let pem = fs::read(path).map_err(|error| wrong(path, &error))?;
    let read = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    match read.map_err(|error| wrong(path, &error))? {
        none if none.is_empty() => Err(wrong(path, &"it has no certificate")),
        certificates => Ok(certificates),
    }
}

fn wrong(path: &Path, error: &dyn fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {error}", path.display()))
}
