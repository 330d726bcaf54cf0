//! The time and the place of the measurements.

use std::fs::read_to_string;

use serde::Serialize;
use time::OffsetDateTime;

/// The machine, and the day.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// In UTC.
    pub(crate) date: String,
    pub(crate) processor: String,
    /// The cores that this process may use.
    pub(crate) cores: usize,
    pub(crate) memory_mib: u64,
    pub(crate) kernel: String,
}

impl Machine {
    /// This machine, now.
    pub(crate) fn here() -> Self {
        let value = |file: &str, name: &str| {
            let text = read_to_string(file).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let memory = value("/proc/meminfo", "MemTotal");
        let kib = memory.and_then(|memory| memory.split_whitespace().next()?.parse::<u64>().ok());
        let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            date: OffsetDateTime::now_utc().date().to_string(),
            processor: value("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: kib.unwrap_or_default() / 1024,
            kernel: kernel.trim().to_owned(),
        }
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        let Self { date, processor, cores, memory_mib, kernel } = self;
        // As on the label of the module: the system reserves some of the memory.
        let gib = memory_mib.div_ceil(1024);
        format!("{date}, {cores} cores of {processor}, {gib} GiB, Linux {kernel}")
    }
}
