//! Authorities and certificates, made for one test.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use crate::{Error, Result, ServerTls};

/// An authority, and the folder of its files.
#[derive(Debug)]
pub struct Authority {
    dir: PathBuf,
    name: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as files in PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub cert: PathBuf,
    /// The key, which only its owner may read.
    pub key: PathBuf,
}

impl Certificate {
    /// The TLS files of a server with this certificate. If there is an authority, the server asks clients for a
    /// certificate of it.
    #[must_use]
    pub fn of_server(&self, clients: Option<&Authority>) -> ServerTls {
        ServerTls { cert: self.cert.clone(), key: self.key.clone(), client_ca: clients.map(Authority::file) }
    }
}

fn failed(error: &rcgen::Error) -> Error {
    Error::new(format!("cannot make a certificate: {error}"))
}

impl Authority {
    /// An authority with this name. Its files are in this folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn new(dir: &Path, name: &str) -> Result<Self> {
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let mut params = CertificateParams::new(Vec::new()).map_err(|error| failed(&error))?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let own = params.self_signed(&key).map_err(|error| failed(&error))?;
        let authority = Self { dir: dir.to_owned(), name: name.to_owned(), issuer: Issuer::new(params, key) };
        write(&authority.file(), &own.pem())?;
        Ok(authority)
    }

    /// The authority's own certificate.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.dir.join(format!("{}.pem", self.name))
    }

    /// A certificate for these hosts, names or addresses, that is valid until the end of `last_year`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn certificate(&self, name: &str, hosts: &[&str], last_year: i32) -> Result<Certificate> {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let mut params = CertificateParams::new(hosts).map_err(|error| failed(&error))?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        let signed = params.signed_by(&key, &self.issuer).map_err(|error| failed(&error))?;
        let of = |kind: &str| self.dir.join(format!("{}-{name}.{kind}.pem", self.name));
        let certificate = Certificate { cert: of("cert"), key: of("key") };
        write(&certificate.cert, &signed.pem())?;
        write(&certificate.key, &key.serialize_pem())?;
        Ok(certificate)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o600)))
        .map_err(Error::io("cannot write a certificate", path))
}
