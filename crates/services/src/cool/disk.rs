//! [`Disk`]: access to the shared filesystem for jobs and requests, in threads of its own and within deadlines.
//!
//! A filesystem whose server is away may never answer. Its thread is then left alone. The number of threads is limited:
//! once all hang, callers get the error that the filesystem does not answer.

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use beds_core::{Error, Result as Done};
use beds_protocol::ErrorCode;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout_at,
};
use uuid::Uuid;

use crate::archive::{self, Damage, Fault, FaultKind, identity};

/// How many threads may wait for the filesystem at the same time.
const THREADS_MAX: usize = 8;
/// The part of a deadline that is reserved for the error that the filesystem does not answer.
const MARGIN: Duration = Duration::from_millis(500);
/// The folder of archives.
const FOLDER: &str = "cool";

/// The shared filesystem.
pub struct Disk {
    path: PathBuf,
    threads: Arc<Semaphore>,
    /// Work that takes longer than a chunk, by its job.
    long: Mutex<HashMap<Uuid, Long>>,
}

/// The result of the check of a whole archive.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) records: u64,
    pub(super) segments: u64,
    pub(super) bytes: u64,
    pub(super) bytes_stored: u64,
    pub(super) damages: Vec<Damage>,
}

/// Work that goes on from chunk to chunk.
struct Long {
    /// How much it has read, and how much of that was seen.
    read: Arc<AtomicU64>,
    seen: u64,
    end: oneshot::Receiver<Result<Checked, Fault>>,
}

/// Why work with files has failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// An error of the filesystem.
    Fault(Fault),
    /// Something else.
    Error(Error),
}

/// The result of work with files.
pub(super) type Tried<T> = Result<T, Trouble>;

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Error(error) => error,
            Trouble::Fault(fault) if fault.passes() => Self::new(ErrorCode::Unavailable, fault.to_string()),
            Trouble::Fault(fault) => Self::internal(fault.to_string()),
        }
    }
}

impl Trouble {
    /// What somebody has to repair before the job can go on; `None` if it may go on by itself, or cannot go on.
    pub(super) fn to_mend(&self) -> Option<String> {
        match self {
            Self::Fault(fault) => match fault.kind {
                FaultKind::Full | FaultKind::ReadOnly | FaultKind::Denied | FaultKind::Missing => {
                    Some(fault.to_string())
                }
                FaultKind::Damaged(_)
                | FaultKind::Unknown(_)
                | FaultKind::NoRecord(_)
                | FaultKind::Other(_) => None,
            },
            Self::Error(_) => None,
        }
    }
}

impl Disk {
    /// The filesystem at this path.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path, threads: Arc::new(Semaphore::new(THREADS_MAX)), long: Mutex::default() }
    }

    /// Runs work with files, in the folder of archives.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce(&Path) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Trouble> {
        self.on(deadline, None, move |folder, _| work(folder)).await
    }

    /// The same as [`Self::run`], on the filesystem that was seen before, if one was.
    async fn on<T: Send + 'static>(
        &self,
        deadline: Instant,
        before: Option<Uuid>,
        work: impl FnOnce(&Path, Uuid) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Trouble> {
        let until = until(deadline);
        let permit = self.permit(until).await?;
        let path = self.path.clone();
        let telling = begin(permit, move || within(&path, before, work))?;
        match timeout_at(until.into(), telling).await {
            Ok(Ok(result)) => Ok(result?),
            Ok(Err(_)) => Err(ended().into()),
            Err(_) => Err(self.silent().into()),
        }
    }

    /// Runs work with the files of a job that may take longer than a chunk. `None` while it runs: the next chunk asks
    /// again.
    pub(super) async fn long(
        &self,
        job: Uuid,
        deadline: Instant,
        work: impl FnOnce(&Path, &AtomicU64) -> Result<Checked, Fault> + Send + 'static,
    ) -> Result<Option<Checked>, Trouble> {
        let until = until(deadline);
        let under_way = self.under_way().remove(&job);
        let mut long = if let Some(long) = under_way {
            long
        } else {
            let permit = self.permit(until).await?;
            let (path, read) = (self.path.clone(), Arc::new(AtomicU64::new(0)));
            let counted = Arc::clone(&read);
            let end = begin(permit, move || within(&path, None, |folder, _| work(folder, &counted)))?;
            Long { read, seen: 0, end }
        };
        match timeout_at(until.into(), &mut long.end).await {
            Ok(Ok(result)) => Ok(Some(result?)),
            Ok(Err(_)) => Err(ended().into()),
            Err(_) => {
                let read = long.read.load(Ordering::Relaxed);
                let is_silent = std::mem::replace(&mut long.seen, read) == read;
                let mut all = self.under_way();
                // Removes the work of jobs that were cancelled, or that another node has.
                all.retain(|_, long| long.end.is_empty() && !long.end.is_terminated());
                all.insert(job, long);
                if is_silent { Err(self.silent().into()) } else { Ok(None) }
            }
        }
    }

    /// The identity of the filesystem; an error if another one was seen before.
    pub(super) async fn identity(&self, deadline: Instant, before: Option<Uuid>) -> Result<Uuid, Trouble> {
        self.on(deadline, before, |_, identity| Ok(identity)).await
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Long>> {
        // No panic can leave the map inconsistent.
        self.long.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn permit(&self, until: Instant) -> Done<OwnedSemaphorePermit> {
        match timeout_at(until.into(), Arc::clone(&self.threads).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(self.silent()),
        }
    }

    fn silent(&self) -> Error {
        let message = format!("the shared filesystem {} does not answer in time", self.path.display());
        Error::new(ErrorCode::Unavailable, message).hint("look whether its server is up")
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The folder of archives, and the identity of its filesystem. If the filesystem is not mounted, the folder has no
/// identity, and nothing is written into it.
fn mounted(path: &Path, before: Option<Uuid>) -> Result<(PathBuf, Uuid), Fault> {
    let identity = identity(path)?;
    if let Some(before) = before.filter(|before| *before != identity) {
        let what = format!("another filesystem is mounted: it is {identity}, and the job began on {before}");
        return Err(Fault::of(path)(io::Error::other(what)));
    }
    Ok((path.join(FOLDER), identity))
}

/// Works in the folder of archives. A file that is missing while the filesystem is mounted was removed by somebody, and
/// does not come back by itself: it is damage.
fn within<T>(
    path: &Path,
    before: Option<Uuid>,
    work: impl FnOnce(&Path, Uuid) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let (folder, seen) = mounted(path, before)?;
    work(&folder, seen).map_err(|fault| match fault.kind {
        FaultKind::Missing if mounted(path, Some(seen)).is_ok() && !fault.path.exists() => {
            Fault::damaged(&fault.path, "it is not there")
        }
        _ => fault,
    })
}

fn until(deadline: Instant) -> Instant {
    deadline.checked_sub(MARGIN).unwrap_or(deadline)
}

/// Begins work in a thread of its own, which holds this permit until it ends.
fn begin<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Done<oneshot::Receiver<T>> {
    let working = archive::begin("archives", move || {
        let result = work();
        drop(permit);
        result
    });
    working.map_err(|error| {
        Error::new(ErrorCode::Unavailable, format!("the node has no thread for files: {error}"))
    })
}

fn ended() -> Error {
    Error::internal("the work with files ended without an answer")
}
