//! The CPU time that processes have used, from `/proc`.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Linux counts CPU time in hundredths of a second, whatever the kernel's timer frequency is.
const TICK: Duration = Duration::from_millis(10);
/// Fields of `/proc/PID/stat` after the name: parent, user time, system time.
const PARENT: usize = 1;
const USER: usize = 11;
const SYSTEM: usize = 12;

/// The CPU time of a process, of all its threads together.
pub(crate) fn used(pid: u32) -> Result<Duration> {
    let fields = fields(pid)?;
    Ok(TICK * (fields.get(USER)? + fields.get(SYSTEM)?))
}

/// The CPU time of this process.
pub(crate) fn own() -> Result<Duration> {
    used(std::process::id())
}

/// A server: one process, or several that one process has started.
#[derive(Debug, Clone)]
pub(crate) struct Family(Vec<u32>);

impl Family {
    /// The process with this id, and its descendants.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let mut parents = HashMap::new();
        for entry in std::fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            // The process may have ended meanwhile.
            if let Ok(fields) = fields(pid) {
                parents.insert(pid, fields.get(PARENT)?);
            }
        }
        let mut family = vec![pid];
        let mut index = 0;
        while let Some(&parent) = family.get(index) {
            family.extend(parents.iter().filter(|(_, its)| **its == parent).map(|(pid, _)| *pid));
            index += 1;
        }
        Ok(Self(family))
    }

    /// The CPU time so far, without that of processes that have ended.
    pub(crate) fn used(&self) -> Duration {
        self.0.iter().filter_map(|pid| used(*pid).ok()).sum()
    }
}

struct Fields(Vec<String>);

fn fields(pid: u32) -> Result<Fields> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may contain spaces. The text after it starts with the third field.
    let (_, fields) = text.rsplit_once(')').context("unreadable process statistics")?;
    Ok(Fields(fields.split_whitespace().map(str::to_owned).collect()))
}

impl Fields {
    fn get(&self, index: usize) -> Result<u32> {
        Ok(self.0.get(index).context("unreadable process statistics")?.parse()?)
    }
}
