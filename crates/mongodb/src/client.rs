//! The driver's client: its material, and the driver's reports about its servers.
//!
//! The driver keeps a password for as long as a client lives, and reads the files of a link for each server it finds.
//! So a changed password or certificate takes another client.

use std::{
    fs, io,
    os::fd::{AsRawFd as _, OwnedFd},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use beds_core::settings::{Link, MONGODB, SecretUrl, Tls};
use beds_protocol::shown;
use mongodb::{
    Client, ServerType,
    error::{Error, ErrorKind},
    event::{
        EventHandler,
        sdam::{SdamEvent, ServerHeartbeatSucceededEvent},
    },
    options::{ClientOptions, Tls as Encryption, TlsOptions},
};
use nix::sys::memfd::{MFdFlags, memfd_create};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::sync::Notify;

/// The present material of a client: everything that may change.
pub(crate) struct Material {
    url: SecretUrl,
    /// The contents of the files of its link, if it has any.
    link: Option<Files>,
}

/// The contents of the files of a link, each in PEM.
#[derive(Default, PartialEq)]
struct Files {
    authorities: Vec<u8>,
    identity: Vec<u8>,
}

impl PartialEq for Material {
    fn eq(&self, other: &Self) -> bool {
        self.url.expose() == other.url.expose() && self.link == other.link
    }
}

impl Material {
    /// Reads password and files.
    ///
    /// # Errors
    /// What cannot be read, in a sentence without secrets.
    pub(crate) fn read(url: &SecretUrl) -> Result<Self, String> {
        let url = url.current()?;
        let link = match MONGODB.link(&url) {
            Link::Verified | Link::Unverified => Some(Files::read(url.tls())?),
            Link::Local | Link::Plain => None,
        };
        Ok(Self { url, link })
    }

    /// Whether the link is encrypted.
    pub(crate) const fn is_encrypted(&self) -> bool {
        self.link.is_some()
    }

    /// A client whose driver reports about its servers to `heard`.
    pub(crate) async fn client(
        &self,
        timeout: Duration,
        connections: u32,
        heard: Arc<Heard>,
    ) -> mongodb::error::Result<Client> {
        let mut options = ClientOptions::parse(self.url.expose()).await?;
        options.app_name.get_or_insert_with(|| "beds".to_owned());
        options.max_pool_size.get_or_insert(connections);
        options.connect_timeout.get_or_insert(timeout);
        // The driver's default is 30 s, longer than most requests may take.
        options.server_selection_timeout.get_or_insert(timeout);
        let mut held = Vec::new();
        if let (Some(files), Some(Encryption::Enabled(tls))) = (&self.link, &mut options.tls) {
            held = files.give(tls)?;
        }
        heard.expects(options.repl_set_name.clone());
        options.sdam_event_handler = Some(EventHandler::callback(move |event| {
            // The driver opens the files as long as it finds servers. This handler lives as long, and holds them.
            let _ = &held;
            heard.hear(&event);
        }));
        Client::with_options(options)
    }
}

impl Files {
    fn read(tls: &Tls) -> Result<Self, String> {
        let mut files = Self::default();
        if let Some(path) = &tls.ca_file {
            files.authorities = read(path, |pem| CertificateDer::from_pem_slice(pem).map(drop))?;
        }
        if let Some((certificate, key)) = tls.identity() {
            files.identity = read(certificate, |pem| CertificateDer::from_pem_slice(pem).map(drop))?;
            files.identity.push(b'\n');
            files.identity.extend(read(key, |pem| PrivateKeyDer::from_pem_slice(pem).map(drop))?);
        }
        Ok(files)
    }

    /// Gives the driver the files it wants: one with all authorities, one with certificate and key. They are in memory
    /// alone, so that the key lies only where its owner has put it.
    fn give(&self, tls: &mut TlsOptions) -> io::Result<Vec<OwnedFd>> {
        let mut held = Vec::new();
        // By itself the driver trusts the authorities that it was built with, not those of the machine.
        let machine = rustls_native_certs::load_native_certs();
        let mut authorities: Vec<u8> =
            machine.certs.iter().flat_map(|certificate| pem(certificate)).collect();
        authorities.extend(&self.authorities);
        tls.ca_file_path = Some(in_memory(&authorities, &mut held)?);
        if !self.identity.is_empty() {
            tls.cert_key_file_path = Some(in_memory(&self.identity, &mut held)?);
        }
        Ok(held)
    }
}

/// A file that must hold something in PEM.
fn read(
    path: &Path,
    holds: impl Fn(&[u8]) -> Result<(), rustls_pki_types::pem::Error>,
) -> Result<Vec<u8>, String> {
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    holds(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text)
}

fn pem(certificate: &CertificateDer<'_>) -> Vec<u8> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};

    let mut text = b"-----BEGIN CERTIFICATE-----\n".to_vec();
    for line in BASE64_STANDARD.encode(certificate).as_bytes().chunks(64) {
        text.extend(line);
        text.push(b'\n');
    }
    text.extend(b"-----END CERTIFICATE-----\n");
    text
}

/// A file without a place on any disk. Its path is valid for as long as its handle exists.
fn in_memory(content: &[u8], held: &mut Vec<OwnedFd>) -> io::Result<PathBuf> {
    let handle = memfd_create("beds", MFdFlags::MFD_CLOEXEC)?;
    io::Write::write_all(&mut fs::File::from(handle.try_clone()?), content)?;
    let path = format!("/proc/self/fd/{}", handle.as_raw_fd()).into();
    held.push(handle);
    Ok(path)
}

/// The driver's reports about the servers of one client.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Whether no server answers.
    is_lost: AtomicBool,
    /// Whether a server could not be reached since the last check.
    has_failed: AtomicBool,
    /// Why a server could not be reached, the last time.
    failure: Mutex<Option<Error>>,
    /// The replica set that the URL names.
    expected: OnceLock<String>,
    /// Why a server that answered is not part of it. The driver forgets such a server.
    another: Mutex<Option<String>>,
    failed: Notify,
}

impl Heard {
    fn hear(&self, event: &SdamEvent) {
        match event {
            SdamEvent::TopologyDescriptionChanged(change) => {
                let servers = change.new_description.servers();
                let answers = servers.values().any(|server| server.server_type() != ServerType::Unknown);
                self.is_lost.store(!answers, Ordering::Relaxed);
            }
            SdamEvent::ServerHeartbeatSucceeded(succeeded) => self.compare(succeeded),
            SdamEvent::ServerHeartbeatFailed(failed) => {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed.failure.clone());
                self.doubt();
                self.failed.notify_one();
            }
            _ => {}
        }
    }

    /// Notes which replica set the URL names, if any.
    fn expects(&self, set: Option<String>) {
        if let Some(set) = set {
            let _ = self.expected.set(set);
        }
    }

    /// Compares the set of a server that answers with that of the URL.
    fn compare(&self, succeeded: &ServerHeartbeatSucceededEvent) {
        let Some(expected) = self.expected.get() else { return };
        let found = succeeded.reply.get_str("setName").ok();
        let is = match found {
            Some(found) if found == expected => return,
            Some(found) => format!("belongs to the replica set {}", shown(found)),
            None => "belongs to no replica set".to_owned(),
        };
        let server = shown(succeeded.server_address.to_string());
        let reason = format!("{server} {is}, but `replicaSet` in the URL is {}", shown(expected));
        *self.another.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    /// Why no server is found though one answers: it is not part of the replica set that the URL names.
    pub(crate) fn another_set(&self) -> Option<String> {
        self.another.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the driver may know a server that answers.
    pub(crate) fn is_reachable(&self) -> bool {
        !self.is_lost.load(Ordering::Relaxed)
    }

    /// Whether a server could not be reached: the client's material may be old.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    pub(crate) fn doubt(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn forget_failure(&self) {
        self.has_failed.store(false, Ordering::Relaxed);
    }

    /// Why a server could not be reached, the last time; `None` for a mere timeout.
    pub(crate) fn failure(&self) -> Option<String> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let is_late = |kind: &ErrorKind| matches!(kind, ErrorKind::Io(error) if error.kind() == io::ErrorKind::TimedOut);
        failure.as_ref().filter(|error| !is_late(&error.kind)).map(|error| error.kind.to_string())
    }

    /// Waits until an encrypted link fails for a reason that no waiting mends.
    pub(crate) async fn refusal(&self) -> String {
        loop {
            self.failed.notified().await;
            let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(error) = failure.filter(is_of_tls) {
                return error.kind.to_string();
            }
        }
    }
}

/// Whether the link could not be encrypted, or a certificate was not accepted.
fn is_of_tls(error: &Error) -> bool {
    match error.kind.as_ref() {
        ErrorKind::InvalidTlsConfig { .. } => true,
        // Errors of a TLS library arrive as invalid data.
        ErrorKind::Io(error) => {
            error.kind() == io::ErrorKind::InvalidData || error.to_string().contains("tls")
        }
        _ => false,
    }
}
