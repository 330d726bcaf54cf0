//! The files of `.beds/`, through which `up`, `reload` and `down` find each other.
//!
//! The running `up` holds a lock, which shows that it runs. Unlike a process id in a file, a lock cannot be stale.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::build::Profile;
use crate::drivers::Addresses;

/// The folder `.beds/` of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct State(PathBuf);

impl State {
    pub(crate) fn new(root: &Path) -> Result<Self> {
        let dir = root.join(".beds");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self(dir))
    }

    /// The folder itself.
    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }

    /// The servers' data and logs.
    pub(crate) fn stack(&self) -> PathBuf {
        self.0.join("stack")
    }

    /// The addresses of the servers, for other programs to read: `set -a; . .beds/stack.env`.
    pub(crate) fn env(&self) -> PathBuf {
        self.0.join("stack.env")
    }

    /// The output of the node.
    pub(crate) fn node_log(&self) -> PathBuf {
        self.0.join("node.log")
    }

    /// The output of the previous node, while a new one starts.
    pub(crate) fn old_node_log(&self) -> PathBuf {
        self.0.join("node-old.log")
    }

    /// The output of a node that did not become ready.
    pub(crate) fn failed_node_log(&self) -> PathBuf {
        self.0.join("node-failed.log")
    }

    /// The output of a detached `up`.
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

    /// Takes the lock for the one running `up`; none if another one holds it.
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

    /// Writes which process is the running `up`, and its build profile.
    pub(crate) fn write_pid(&self, profile: Profile) -> Result<()> {
        let text = format!("{}\n{}\n", std::process::id(), profile.folder());
        fs::write(self.pid_file(), text).context("cannot write .beds/up.pid")
    }

    fn read_pid(&self) -> Result<(i32, Profile)> {
        let path = self.pid_file();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut lines = text.lines();
        let pid = lines.next().and_then(|line| line.parse().ok());
        let profile = lines.next().and_then(Profile::from_folder);
        pid.zip(profile).with_context(|| format!("{} is not what `cargo xtask up` writes", path.display()))
    }

    /// The build profile of the running `up`.
    pub(crate) fn profile(&self) -> Result<Profile> {
        self.read_pid().map(|(_, profile)| profile)
    }

    /// The process id of the running `up`. It is verified that the process is an `up`.
    pub(crate) fn pid(&self) -> Result<i32> {
        let (pid, _) = self.read_pid()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        ensure!(
            is_up_command(&command),
            "process {pid} of {} is not `cargo xtask up`: it is left alone; find the right one with `ps`",
            self.pid_file().display()
        );
        Ok(pid)
    }

    /// Writes the servers' addresses.
    pub(crate) fn write_env(&self, addresses: &Addresses) -> Result<()> {
        let text: String = addresses.iter().map(|(name, url)| [name, "=", url, "\n"].concat()).collect();
        // Others wait for this file: it appears whole or not at all.
        let (path, draft) = (self.env(), self.env().with_extension("draft"));
        fs::write(&draft, text).with_context(|| format!("cannot write {}", draft.display()))?;
        fs::rename(&draft, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The servers' addresses; none while they start.
    pub(crate) fn read_env(&self) -> Result<Option<Addresses>> {
        let path = self.env();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(
                text.lines()
                    .filter_map(|line| line.split_once('='))
                    .map(|(name, url)| (name.to_owned(), url.to_owned()))
                    .collect(),
            )),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Removes the files that say that the stack is up.
    pub(crate) fn clear(&self) {
        for path in [self.env(), self.pid_file()] {
            // Usually the file does not exist.
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
    use crate::build::Profile;

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
        assert!(state.profile().is_err());
        state.write_pid(Profile::Release).unwrap(); // this test's own process, which is no `up`
        assert!(state.pid().unwrap_err().to_string().contains("left alone"));
        assert_eq!(state.profile().unwrap(), Profile::Release);
        let lock = state.lock().unwrap();
        assert!(lock.is_some());
        assert!(state.is_up().unwrap());
    }

    #[test]
    fn addresses_are_read_as_they_were_written() {
        let root = tempfile::tempdir().unwrap();
        let state = State::new(root.path()).unwrap();
        assert_eq!(state.read_env().unwrap(), None);
        // A value may contain the separator.
        let written = vec![("MONGODB_URL".to_owned(), "mongodb://h:1/?directConnection=true".to_owned())];
        state.write_env(&written).unwrap();
        assert_eq!(state.read_env().unwrap(), Some(written));
        state.clear();
        assert_eq!(state.read_env().unwrap(), None);
    }
}
