//! The files of `.beds/`, by which `up` and `down` know of each other.
//!
//! A lock that the running `up` holds tells whether there is one: unlike a process id in a file, it cannot be
//! stale.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The folder `.beds/` of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct State(PathBuf);

impl State {
    pub(crate) fn new(root: &Path) -> Result<Self> {
        let dir = root.join(".beds");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self(dir))
    }

    /// The servers' data and logs.
    pub(crate) fn stack(&self) -> PathBuf {
        self.0.join("stack")
    }

    /// The addresses of the servers, for other programs to read: `set -a; . .beds/stack.env`.
    pub(crate) fn env(&self) -> PathBuf {
        self.0.join("stack.env")
    }

    /// What the node prints.
    pub(crate) fn node_log(&self) -> PathBuf {
        self.0.join("node.log")
    }

    /// What a detached `up` prints.
    pub(crate) fn up_log(&self) -> PathBuf {
        self.0.join("up.log")
    }

    fn pid_file(&self) -> PathBuf {
        self.0.join("up.pid")
    }

    fn lock_file(&self) -> Result<File> {
        let path = self.0.join("up.lock");
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))
    }

    /// Takes the lock, as the one `up`; none if another holds it.
    pub(crate) fn lock(&self) -> Result<Option<File>> {
        let file = self.lock_file()?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).context("cannot lock .beds/up.lock"),
        }
    }

    /// Whether an `up` runs.
    pub(crate) fn is_up(&self) -> Result<bool> {
        Ok(self.lock()?.is_none())
    }

    pub(crate) fn write_pid(&self) -> Result<()> {
        fs::write(self.pid_file(), format!("{}\n", std::process::id())).context("cannot write .beds/up.pid")
    }

    /// The process id of the running `up`, verified to be one.
    pub(crate) fn pid(&self) -> Result<i32> {
        let path = self.pid_file();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let pid: i32 =
            text.trim().parse().with_context(|| format!("{} holds no process id", path.display()))?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        ensure!(
            is_up_command(&command),
            "process {pid} of {} is not `cargo xtask up`: it is left alone; find the right one with `ps`",
            path.display()
        );
        Ok(pid)
    }

    /// Removes what says that the stack is up.
    pub(crate) fn clear(&self) {
        for path in [self.env(), self.pid_file()] {
            // Mostly it is not there.
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether a `/proc/PID/cmdline` is that of `xtask up`.
fn is_up_command(cmdline: &[u8]) -> bool {
    let mut words = cmdline.split(|byte| *byte == 0);
    let program = words.next().unwrap_or_default();
    program.ends_with(b"xtask") && words.next() == Some(b"up")
}

#[cfg(test)]
mod tests {
    use super::{State, is_up_command};

    #[test]
    fn only_xtask_up_is_taken_for_it() {
        assert!(is_up_command(b"target/debug/xtask\0up\0--detach\0"));
        assert!(!is_up_command(b"target/debug/xtask\0test\0"));
        assert!(!is_up_command(b"/usr/bin/vim\0up\0"));
        assert!(!is_up_command(b""));
    }

    #[test]
    fn a_stale_pid_file_is_not_believed() {
        let root = tempfile::tempdir().unwrap();
        let state = State::new(root.path()).unwrap();
        assert!(!state.is_up().unwrap());
        state.write_pid().unwrap(); // this test's own process, which is no `up`
        assert!(state.pid().unwrap_err().to_string().contains("left alone"));
        let lock = state.lock().unwrap();
        assert!(lock.is_some());
        assert!(state.is_up().unwrap());
    }
}
