//! Which shared filesystem the node sees while it runs: it may be unmounted, or another may be mounted in its place.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use beds_protocol::Service;
use beds_services::{archive, fleet::BEAT};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tracing::{info, warn};
use uuid::Uuid;

use crate::config::Config;

/// How long the node waits for the filesystem's answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The path of the shared filesystem, for a node that hosts a service with data on it.
pub(crate) fn path(config: &Config) -> Option<PathBuf> {
    let is_needed = config.node.services.contains(&Service::Segundo);
    config.shared_filesystem.path.clone().filter(|_| is_needed)
}

/// Looks for the filesystem as often as the node reports its state, until nobody listens. The start has found `found`.
pub(crate) fn watch(config: &Config, found: Option<Uuid>) -> watch::Receiver<Option<Uuid>> {
    let (told, seen) = watch::channel(found);
    if let Some(path) = path(config) {
        tokio::spawn(async move {
            tokio::select! {
                () = look_for_ever(&path, &told) => {}
                () = told.closed() => {}
            }
        });
    }
    seen
}

async fn look_for_ever(path: &Path, told: &watch::Sender<Option<Uuid>>) {
    loop {
        sleep(BEAT).await;
        let folder = path.to_owned();
        let Ok(mut looking) = archive::begin("filesystem", move || archive::identity(&folder)) else {
            continue;
        };
        let looked = if let Ok(looked) = timeout(PATIENCE, &mut looking).await {
            looked
        } else {
            tell(told, Err(format!("{} does not answer", path.display())));
            // The next question waits for this answer: each unanswered question would hold a thread.
            looking.await
        };
        if let Ok(found) = looked {
            tell(told, found.map_err(|fault| fault.to_string()));
        }
    }
}

/// Reports what was found, if it differs from before.
fn tell(told: &watch::Sender<Option<Uuid>>, found: Result<Uuid, String>) {
    let seen = found.as_ref().ok().copied();
    if !told.send_if_modified(|before| std::mem::replace(before, seen) != seen) {
        return;
    }
    match found {
        Ok(identity) => info!(%identity, "the shared filesystem is there again"),
        Err(reason) => warn!("the shared filesystem is no longer there: {reason}"),
    }
}
