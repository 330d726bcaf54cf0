//! [`probe`]: whether a folder is a filesystem that nodes can share.

use std::{fs, io, path::Path, thread};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    fault::{Fault, FaultKind},
    files,
};

/// The file that identifies a filesystem.
const IDENTITY: &str = "beds-filesystem";

/// Begins work in a thread of its own. A wait for a filesystem that never answers would keep a task, and the process,
/// from ending.
///
/// # Errors
/// If the system cannot start a thread.
pub fn begin<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (told, telling) = oneshot::channel();
    // The receiver may be gone.
    thread::Builder::new().name(name.into()).spawn(move || drop(told.send(work())))?;
    Ok(telling)
}

/// A filesystem that a node can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filesystem {
    /// The identity: nodes that share the filesystem read the same one.
    pub identity: Uuid,
    /// How many bytes the node may still write.
    pub free_bytes: u64,
}

/// Writes a file, syncs it, reads it back and removes it. The first node that does so gives the filesystem its identity.
///
/// # Errors
/// The reason why nodes cannot use it. A filesystem with fewer than `free_bytes_min` counts as full.
pub fn probe(folder: &Path, free_bytes_min: u64) -> Result<Filesystem, Fault> {
    let metadata = fs::metadata(folder).map_err(Fault::of(folder))?;
    if !metadata.is_dir() {
        return Err(Fault::of(folder)(io::Error::other("it is not a folder")));
    }
    let name = format!("beds-probe-{}", Uuid::new_v4().simple());
    let path = folder.join(&name);
    files::write_new(folder, &name, name.as_bytes())?;
    let read = files::read(&path);
    fs::remove_file(&path).map_err(Fault::of(&path))?;
    if read? != name.as_bytes() {
        return Err(Fault::damaged(&path, "the data that was read differs from the data that was written"));
    }
    let space = rustix::fs::statvfs(folder).map_err(|error| Fault::of(folder)(error.into()))?;
    let free_bytes = space.f_bavail.saturating_mul(space.f_frsize);
    if free_bytes < free_bytes_min {
        return Err(Fault { path: folder.to_owned(), kind: FaultKind::Full });
    }
    Ok(Filesystem { identity: given(folder)?, free_bytes })
}

/// The identity that the first node has written. Only one node can write it.
fn given(folder: &Path) -> Result<Uuid, Fault> {
    files::write_new(folder, IDENTITY, format!("{}\n", Uuid::new_v4()).as_bytes())?;
    identity(folder)
}

/// The identity of a folder's filesystem, given by the first probe.
///
/// # Errors
/// An error of the filesystem. A filesystem that is not mounted has no identity.
pub fn identity(folder: &Path) -> Result<Uuid, Fault> {
    let path = folder.join(IDENTITY);
    let text = files::read(&path)?;
    let text = String::from_utf8_lossy(&text);
    Uuid::parse_str(text.trim()).map_err(|_| {
        Fault::damaged(
            &path,
            "it has no UUID; remove it while no node runs, and the next node writes another",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_find_the_same_filesystem_and_leave_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let found: Vec<_> = std::thread::scope(|scope| {
            let probes: Vec<_> = (0..8).map(|_| scope.spawn(|| probe(folder.path(), 1).unwrap())).collect();
            probes.into_iter().map(|probe| probe.join().unwrap().identity).collect()
        });
        assert!(found.iter().all(|identity| *identity == found[0]), "{found:?}");
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [IDENTITY]);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(probe(other.path(), 1).unwrap().identity, found[0]);
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let fault = probe(&folder.path().join("absent"), 0).unwrap_err().to_string();
        assert!(fault.ends_with("absent: it is not there; is the filesystem mounted?"), "{fault}");
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(probe(&file, 0).unwrap_err().to_string().ends_with("file: it is not a folder"));
        assert!(matches!(probe(folder.path(), u64::MAX).unwrap_err().kind, FaultKind::Full));
        fs::write(folder.path().join(IDENTITY), "mine").unwrap();
        assert!(probe(folder.path(), 0).unwrap_err().to_string().contains("it has no UUID"));
        let fault = probe(Path::new("/proc"), 0).unwrap_err().to_string();
        assert!(fault.starts_with("/proc/beds-probe-"), "{fault}");
    }
}
