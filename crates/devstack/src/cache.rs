//! The user's cache folder. A built server program there outlives the clone that built it. Locks in the folder keep two
//! processes from building or installing the same thing at once.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;

use crate::{Error, Result};

/// `$XDG_CACHE_HOME/beds` or `~/.cache/beds`, created if it is missing.
///
/// # Errors
/// When neither `XDG_CACHE_HOME` nor `HOME` is set, or the folder cannot be created.
pub fn user_cache() -> Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base =
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache"))).ok_or_else(
            || Error::new("there is no cache folder").hint("set HOME or XDG_CACHE_HOME to an absolute path"),
        )?;
    let dir = base.join("beds");
    fs::create_dir_all(&dir).map_err(Error::io("cannot create the cache folder", &dir))?;
    Ok(dir)
}

/// Runs `work` while holding the lock `name` in the cache folder. Other processes (and threads) wait. If this process
/// has to wait, it calls `waiting` once. The lock ends with the process, however the process ends.
///
/// # Errors
/// When the lock file cannot be made, and whatever `work` returns.
pub fn exclusively<T>(name: &str, waiting: impl FnOnce(), work: impl FnOnce() -> Result<T>) -> Result<T> {
    let path = user_cache()?.join(format!("{name}.lock"));
    let file: File = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(Error::io("cannot open the lock file", &path))?;
    if file.try_lock().is_err() {
        waiting();
        file.lock().map_err(Error::io("cannot take the lock", &path))?;
    }
    let result = work();
    drop(file);
    result
}
