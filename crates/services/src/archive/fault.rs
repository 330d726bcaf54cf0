//! [`Fault`]: why an archive cannot be written or read.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Why an archive cannot be written or read, and of which file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct Fault {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum FaultKind {
    /// No space is left, or the quota is used up. The work goes on once there is space.
    Full,
    /// The filesystem takes no writes.
    ReadOnly,
    /// The node's user lacks the permission.
    Denied,
    /// The file is missing: the filesystem is not mounted, or somebody has removed the file.
    Missing,
    /// The content is not the one that was written.
    Damaged(String),
    /// A later version has written the file.
    Unknown(String),
    /// A text to be written is not a record.
    NoRecord(String),
    /// Another error of the operating system.
    Other(io::Error),
}

impl Fault {
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), kind: FaultKind::Damaged(what.into()) }
    }

    pub(super) fn no_record(path: &Path, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), kind: FaultKind::NoRecord(what.into()) }
    }

    /// The fault for an error of the operating system.
    pub(crate) fn of(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |error| {
            let kind = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                    FaultKind::Full
                }
                io::ErrorKind::ReadOnlyFilesystem => FaultKind::ReadOnly,
                io::ErrorKind::PermissionDenied => FaultKind::Denied,
                io::ErrorKind::NotFound
                | io::ErrorKind::StaleNetworkFileHandle
                | io::ErrorKind::NotADirectory => FaultKind::Missing,
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                    FaultKind::Damaged(error.to_string())
                }
                _ => FaultKind::Other(error),
            };
            Self { path: path.clone(), kind }
        }
    }

    /// Whether the work goes on by itself once somebody has repaired the filesystem: no written data is wrong.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self.kind {
            FaultKind::Full
            | FaultKind::ReadOnly
            | FaultKind::Denied
            | FaultKind::Missing
            | FaultKind::Other(_) => true,
            FaultKind::Damaged(_) | FaultKind::Unknown(_) | FaultKind::NoRecord(_) => false,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the filesystem is full"),
            Self::ReadOnly => f.write_str("the filesystem is read-only"),
            Self::Denied => f.write_str("the user of the node has no right to it"),
            Self::Missing => f.write_str("it is not there; is the filesystem mounted?"),
            Self::Damaged(what) => write!(f, "it is damaged: {what}"),
            Self::Unknown(what) | Self::NoRecord(what) => f.write_str(what),
            Self::Other(error) => write!(f, "{error}"),
        }
    }
}
