//! The files of an encrypted link, for a URL of the command line.

use std::{path::PathBuf, sync::Arc};

use beds_core::settings::Tls;

/// What the section `[tls]` has for URLs of the configuration.
#[derive(Debug, clap::Args)]
pub(super) struct TlsFiles {
    /// Authorities that a server's certificate may be of, besides those of the machine: certificates in PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// A certificate of one's own, in PEM
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// Its key, in PEM
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
}

impl TlsFiles {
    /// In the form that the adapters take.
    pub(super) fn files(&self) -> Arc<Tls> {
        let Self { ca_file, cert_file, key_file } = self;
        Arc::new(Tls { ca_file: ca_file.clone(), cert_file: cert_file.clone(), key_file: key_file.clone() })
    }
}
