//! Files that exist completely or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::{fs::OFlags, io::Errno};

use super::fault::Fault;

/// The prefix of the names of unfinished files.
const UNFINISHED: &str = ".unfinished-";
/// The longest file that is read whole, in bytes: 256 MiB. A segment is far shorter.
const BYTES_MAX: u64 = 256 << 20;

/// Whether a file of a folder is the rest of an unfinished write.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED)
}

/// Writes a file that does not exist yet, and syncs it. An existing file stays as it is. Returns whether it wrote.
///
/// # Errors
/// An error of the filesystem. No part of the file stays.
pub(super) fn write_new(folder: &Path, name: &str, content: &[u8]) -> Result<bool, Fault> {
    let (unfinished, path) = (unfinished(folder, name), folder.join(name));
    let written = write_and_link(&unfinished, &path, content);
    // If the removal fails, the file only takes space, and `Writer::finish` tries again.
    let _ = fs::remove_file(&unfinished);
    match written {
        Ok(()) => sync_folder(folder).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Fault::of(&path)(error)),
    }
}

/// A hard link fails if the name exists, also on network filesystems, where another node may do the same.
fn write_and_link(unfinished: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::hard_link(unfinished, path).map_err(|error| match Errno::from_io_error(&error) {
        // The file itself was written, so no permission is missing.
        Some(Errno::PERM | Errno::NOTSUP | Errno::NOSYS) => io::Error::other(
            "the filesystem makes no hard links; use one that does, such as ext4, XFS or NFS",
        ),
        _ => error,
    })
}

/// A name that no other process has, on this node or another.
fn unfinished(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{UNFINISHED}{}-{name}", uuid::Uuid::new_v4().simple()))
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Fault> {
    let opened = open(folder, OFlags::DIRECTORY).map_err(Fault::of(folder))?;
    opened.sync_all().map_err(Fault::of(folder))
}

/// Opens a file or folder to read it, without waiting: opening a pipe otherwise waits for a writer.
fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = (flags | OFlags::NONBLOCK).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Reads a whole file. It does not open a pipe or a device: that may have any effect.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    if !fs::metadata(path).map_err(Fault::of(path))?.is_file() {
        return Err(Fault::damaged(path, "it is not a file"));
    }
    let file = open(path, OFlags::empty()).map_err(Fault::of(path))?;
    let mut content = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut content).map_err(Fault::of(path))?;
    if content.len() as u64 > BYTES_MAX {
        return Err(Fault::damaged(path, format!("it has more than {BYTES_MAX} bytes")));
    }
    Ok(content)
}

/// The digest of a file's content, as `b3sum` prints it.
pub(super) fn digest(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}
