//! The resources of a process, as Linux reports them (`man 5 proc`).

use std::{fs, io};

/// Resident memory, in bytes.
///
/// # Errors
/// When there is no such process.
pub fn resident(pid: u32) -> io::Result<u64> {
    bytes(pid, "VmRSS:")
}

/// The peak of resident memory, in bytes.
///
/// # Errors
/// When there is no such process.
pub fn resident_peak(pid: u32) -> io::Result<u64> {
    bytes(pid, "VmHWM:")
}

/// The number of threads.
///
/// # Errors
/// When there is no such process.
pub fn threads(pid: u32) -> io::Result<u64> {
    entries(pid, "task")
}

/// The number of file descriptors.
///
/// # Errors
/// When there is no such process, or it belongs to another user.
pub fn descriptors(pid: u32) -> io::Result<u64> {
    entries(pid, "fd")
}

/// Whether every thread of a process group is stopped, or has ended.
pub(crate) fn is_stopped(group: i32) -> bool {
    let pids =
        numbers("/proc").filter(|pid| stat(&format!("/proc/{pid}/stat")).is_some_and(|(_, of)| of == group));
    let mut threads = pids.flat_map(|pid| {
        let tasks = format!("/proc/{pid}/task");
        numbers(&tasks).map(move |thread| format!("{tasks}/{thread}/stat")).collect::<Vec<_>>()
    });
    threads.all(|path| stat(&path).is_none_or(|(state, _)| matches!(state, 'T' | 't' | 'Z' | 'X')))
}

/// The entries of a folder whose names are numbers.
fn numbers(folder: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// State and process group of a process, or of a thread. The name in front of them may contain any character.
fn stat(path: &str) -> Option<(char, i32)> {
    let text = fs::read_to_string(path).ok()?;
    let mut words = text.rsplit_once(')')?.1.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some((state, words.nth(1)?.parse().ok()?))
}

/// A line of the process's status, whose value is in KiB.
fn bytes(pid: u32, key: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let size = status
        .lines()
        .find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    // A process that has ended and was not waited for has no such line.
    size.map(|kib| kib << 10).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn entries(pid: u32, folder: &str) -> io::Result<u64> {
    Ok(fs::read_dir(format!("/proc/{pid}/{folder}"))?.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_holds_something() {
        let own = std::process::id();
        assert!(resident(own).unwrap() > 0 && resident_peak(own).unwrap() >= resident(own).unwrap());
        assert!(threads(own).unwrap() > 0 && descriptors(own).unwrap() > 0);
        assert!(resident(u32::MAX).is_err());
    }
}
