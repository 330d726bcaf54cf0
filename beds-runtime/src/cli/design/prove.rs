//! `beds design prove`: the gates that need servers. These are scratch servers, never servers that a node uses.

use std::{
    fs,
    net::ToSocketAddrs as _,
    path::{Path, PathBuf},
};

use beds_core::settings::{Parts, SecretUrl};
use beds_design::{
    converse::{Format, Samples},
    plan::Old,
    proposal::{self, Proposal},
};
use beds_proof::{
    Sample, Servers, Sources,
    prove::{self, Settings},
};

use super::sign;
use crate::config::Design;

/// Arguments of `beds design prove`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the proposal, which nobody has approved yet
    folder: PathBuf,
    #[command(flatten)]
    how: How,
    /// The sample data that the proposal was made with; several times for several files
    #[arg(long, value_name = "FILE")]
    samples: Vec<PathBuf>,
    /// Prove it, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// How something is proved.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct How {
    /// How many records filters and sorts are tried among [default: 100000, or what the configuration says]
    #[arg(long, value_name = "N")]
    records: Option<u32>,
}

impl How {
    /// The settings of proofs, from options and configuration.
    pub(super) fn settings(&self, design: &Design, real: &[SecretUrl]) -> Result<Settings, String> {
        let servers = Servers {
            amqp: design.scratch_amqp.clone(),
            mariadb: design.scratch_mariadb.clone(),
            mongodb: design.scratch_mongodb.clone(),
        };
        for (key, url, port) in [
            ("scratch_amqp", &servers.amqp, 5672),
            ("scratch_mariadb", &servers.mariadb, 3306),
            ("scratch_mongodb", &servers.mongodb, 27017),
        ] {
            if let Some(url) = url {
                apart(key, (url, port), real)?;
            }
        }
        let sources = Sources::find(design.sources.as_deref(), design.target.as_deref())?;
        Ok(Settings {
            servers,
            sources,
            records: self.records.unwrap_or(design.records).into(),
            samples: Vec::new(),
            old: Old::new(),
        })
    }
}

/// Refuses a scratch server that the configuration also names for nodes, under whatever name.
fn apart(key: &str, (url, port): (&SecretUrl, u16), real: &[SecretUrl]) -> Result<(), String> {
    let own = addresses(url, port).map_err(|reason| format!("[design] {key}: {reason}"))?;
    for other in real {
        // A URL that cannot be read cannot be compared: it may be the same server.
        let others = addresses(other, port).map_err(|reason| format!("{}: {reason}", other.redacted()))?;
        if let Some(same) = own.iter().find(|address| others.contains(address)) {
            return Err(format!(
                "[design] {key} is the server {same} of {}, which nodes use: proofs never run on a server with real \
                 data",
                other.redacted()
            ));
        }
    }
    Ok(())
}

/// The target of a URL: its hosts as written, and their resolved addresses.
fn addresses(url: &SecretUrl, port: u16) -> Result<Vec<String>, String> {
    let parts = Parts::read(url.expose())?;
    let mut all = Vec::new();
    for host in parts.hosts()? {
        let port = match host.port {
            Some(port) => port,
            // A scheme with TLS has another default port.
            None if parts.scheme == "amqps" => 5671,
            None if parts.scheme == "amqp" => 5672,
            None if parts.scheme.starts_with("mongodb") => 27017,
            None if parts.scheme == "mysql" || parts.scheme == "mariadb" => 3306,
            None => port,
        };
        let name = host.name.to_ascii_lowercase();
        all.push(format!("{name}:{port}"));
        if let Ok(found) = (name.as_str(), port).to_socket_addrs() {
            all.extend(found.map(|address| {
                let ip = if address.ip().is_loopback() {
                    "127.0.0.1".to_owned()
                } else {
                    address.ip().to_string()
                };
                format!("{ip}:{port}")
            }));
        }
    }
    Ok(all)
}

/// Proves the proposal in a folder.
pub(super) async fn run(args: &Args, design: &Design, real: &[SecretUrl]) -> Result<(), String> {
    let (proposal, approval) = proposal::read(&args.folder).map_err(|flaw| flaw.to_string())?;
    if approval.is_some() {
        return Err("it is approved: its proofs are signed already".to_owned());
    }
    let mut settings = args.how.settings(design, real)?;
    for path in &args.samples {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if !proposal.manifest.has_sample(&bytes) {
            return Err(format!("{} is not sample data of this proposal", path.display()));
        }
        settings.samples.push(sample(&path.file_name().unwrap_or_default().to_string_lossy(), &bytes)?);
    }
    let proved = proved(proposal, &settings).await?;
    sign::told(&proved);
    if args.dry_run {
        anstream::println!("nothing was written");
    } else {
        replace(&args.folder, &proved)?;
        anstream::println!("wrote {}", args.folder.display());
    }
    settled(&proved)
}

/// Sample data from an input file.
pub(super) fn sample(name: &str, bytes: &[u8]) -> Result<Sample, String> {
    let format = Format::of(name).ok_or_else(|| format!("{name}: samples are .csv, .json or .ndjson"))?;
    let read = Samples::read(name, bytes, format).map_err(|error| error.0)?;
    Ok(Sample { name: name.to_owned(), records: read.records().to_vec() })
}

/// The proposal with the results of its proofs.
pub(super) async fn proved(proposal: Proposal, settings: &Settings) -> Result<Proposal, String> {
    let (model, rendered) = proposal.rendered().map_err(|wrong| wrong.join("; "))?;
    let watch = |line: &str| anstream::eprintln!("  {line}");
    let proofs = prove::prove(&model, &rendered, settings, watch).await?;
    let proofs = proofs.into_iter().map(|proved| (proved.proof, proved.report)).collect();
    proposal.proved(proofs).map_err(|wrong| wrong.join("; "))
}

/// Checks that all required proofs have passed.
pub(super) fn settled(proposal: &Proposal) -> Result<(), String> {
    match proposal.manifest.proofs.iter().find(|proof| !proof.passed) {
        Some(failed) => Err(format!("the proof `{}` failed", failed.gate.as_str())),
        None => Ok(()),
    }
}

/// Replaces an existing proposal as a whole, or not at all.
fn replace(folder: &Path, proposal: &Proposal) -> Result<(), String> {
    let beside = |end: &str| {
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push(end);
        folder.with_file_name(name)
    };
    let (new, old) = (beside(".proved"), beside(".before"));
    for left in [&new, &old] {
        if left.exists() {
            return Err(format!(
                "{} is left over from another proof: look at it, and remove it",
                left.display()
            ));
        }
    }
    proposal::write(proposal, &new).map_err(|flaw| flaw.to_string())?;
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::rename(folder, &old).map_err(wrong)?;
    fs::rename(&new, folder).map_err(wrong)?;
    fs::remove_dir_all(&old).map_err(|error| format!("{}: {error}", old.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_server_is_none_that_nodes_work_with() {
        let real = [
            SecretUrl::new("mysql://beds@db.invalid/shop"),
            SecretUrl::new("mongodb://localhost/?tls=false"),
        ];
        let said = |url: &str, port| apart("scratch", (&SecretUrl::new(url), port), &real);
        assert!(said("mysql://root@DB.invalid:3306", 3306).is_err());
        assert!(said("mysql://root:x@db.invalid/other", 3306).is_err());
        assert!(said("mongodb://127.0.0.1", 27017).is_err());
        assert!(said("mongodb://scratch.invalid,127.0.0.1:27017", 27017).is_err());
        assert_eq!(said("mysql://root@db.invalid:3307", 3306), Ok(()));
        assert_eq!(said("mongodb://127.0.0.1:27018", 27017), Ok(()));
    }
}
