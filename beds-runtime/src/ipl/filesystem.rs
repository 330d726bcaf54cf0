//! The shared filesystem of nodes that host `segundo`. It holds the archives.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use beds_protocol::Service;
use beds_services::{
    archive::{self, Fault, FaultKind, Filesystem},
    fleet::Fleet,
};
use tokio::time::timeout;
use tracing::warn;
use uuid::Uuid;

use super::{Check, Failure, Step};
use crate::config::{Config, Environment};

/// The failure of a node that needs a shared filesystem but has none configured.
#[must_use]
pub(crate) fn missing(config: &Config) -> Option<Failure> {
    let is_needed = config.node.services.contains(&Service::Segundo);
    (is_needed && config.shared_filesystem.path.is_none()).then(|| Failure {
        step: Step::Configuration,
        reason: "shared_filesystem.path is missing: this node hosts `segundo`, which keeps archives there".into(),
        hint: "name the folder that all nodes see which host `segundo`, in the configuration or as BEDS__SHARED_FILESYSTEM__PATH"
            .into(),
    })
}

/// Checks the filesystem of a node that needs one. Returns the identity of the filesystem.
pub(crate) async fn check(config: &Config) -> Option<(Check, Option<Uuid>)> {
    if !config.node.services.contains(&Service::Segundo) {
        return None;
    }
    let path = config.shared_filesystem.path.as_deref()?;
    let begun = Instant::now();
    let limit = config.node.ipl_timeout_ms.duration();
    let found = probe(path, config.shared_filesystem.free_bytes_min, limit).await;
    let identity = found.as_ref().ok().map(|found| found.identity);
    let (outcome, instead) = match found {
        Ok(Filesystem { identity, free_bytes }) => {
            (Ok(format!("{} MiB are free; it is {identity}", free_bytes >> 20)), None)
        }
        Err((reason, hint)) => (Err(reason), Some(hint)),
    };
    let what = format!("shared filesystem {}", path.display());
    Some((
        Check { step: Step::Filesystem, what, database: None, took: begun.elapsed(), outcome, instead },
        identity,
    ))
}

/// A filesystem whose server is away may never answer. So the probe runs in a thread, which is then left alone: a task
/// would keep the process from ending.
async fn probe(path: &Path, free_bytes_min: u64, limit: Duration) -> Result<Filesystem, (String, String)> {
    let folder = path.to_owned();
    let finding = archive::begin("filesystem", move || archive::probe(&folder, free_bytes_min))
        .map_err(|error| (error.to_string(), "give the node more threads".to_owned()))?;
    match timeout(limit, finding).await {
        Ok(Ok(found)) => found.map_err(|fault| (fault.to_string(), hint(&fault, free_bytes_min))),
        Ok(Err(_)) => Err(("the check ended without an answer".to_owned(), "report this".to_owned())),
        Err(_) => Err((
            format!("it did not answer within {} ms", limit.as_millis()),
            "its server is away or hangs: `stat` on the folder hangs as well".to_owned(),
        )),
    }
}

/// The advice for a fault.
fn hint(fault: &Fault, free_bytes_min: u64) -> String {
    match &fault.kind {
        FaultKind::Missing => "mount it, or correct shared_filesystem.path".to_owned(),
        FaultKind::ReadOnly => "mount it with `rw`".to_owned(),
        FaultKind::Denied => {
            format!("give the user of the node ({}) the folder: `chown`, and `chmod u+rwx`", user())
        }
        FaultKind::Full => format!(
            "make room: fewer than {free_bytes_min} bytes are free, which shared_filesystem.free_bytes_min asks for"
        ),
        FaultKind::Damaged(_) | FaultKind::Unknown(_) | FaultKind::NoRecord(_) | FaultKind::Other(_) => {
            "a folder is needed in which files can be written, synced, linked, read and removed".to_owned()
        }
    }
}

/// The id of the user that the node runs as.
fn user() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:"))
        .and_then(|ids| ids.split_whitespace().nth(1));
    format!("uid {}", uid.unwrap_or("unknown"))
}

/// Compares the node's filesystem with those of the other nodes.
///
/// # Errors
/// Outside of `dev`, if another node uses another filesystem.
pub(crate) async fn compare(config: &Config, fleet: &Fleet, environment: Environment) -> Result<(), Failure> {
    let until = Instant::now() + config.node.ipl_timeout_ms.duration();
    let other = match fleet.other_filesystem(until).await {
        Ok(None) => return Ok(()),
        Ok(Some(other)) => other,
        Err(error) => {
            warn!("whether the other nodes use the same shared filesystem is not known: {error}");
            return Ok(());
        }
    };
    let path = config.shared_filesystem.path.as_deref().unwrap_or(Path::new(""));
    let failure = Failure {
        step: Step::Filesystem,
        reason: format!("{} is not shared: the node {other} uses another filesystem", path.display()),
        hint: "mount the same filesystem on both; the file `beds-filesystem` in it has the same content for both then"
            .into(),
    };
    if environment == Environment::Dev {
        warn!("{failure}");
        return Ok(());
    }
    Err(failure)
}
