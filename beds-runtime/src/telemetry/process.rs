//! [`Process`]: the node's use of its machine, under the names that Prometheus has for every process.

use std::time::SystemTime;

use beds_core::meter::{Family, Samples, Source};
use procfs::{
    WithCurrentSystemInfo as _,
    process::{LimitValue, Process as Procfs},
};

static INFO: Family = Family::gauge("beds_info", "1; the version of the node.");
static CPU: Family = Family::counter("process_cpu_seconds_total", "Processor time that was used.");
static MEMORY: Family = Family::gauge("process_resident_memory_bytes", "Resident memory.");
static VIRTUAL: Family = Family::gauge("process_virtual_memory_bytes", "Virtual memory.");
static FDS: Family = Family::gauge("process_open_fds", "Open files and sockets.");
static FDS_MAX: Family = Family::gauge("process_max_fds", "The most files and sockets that may be open.");
static THREADS: Family = Family::gauge("process_threads", "Threads.");
static STARTED: Family =
    Family::gauge("process_start_time_seconds", "When the process was started, in Unix seconds.");
static TASKS: Family = Family::gauge("beds_runtime_tasks", "Tasks of the runtime that have not ended.");
static READY_TASKS: Family =
    Family::gauge("beds_runtime_queue", "Tasks that are ready to run and wait for a thread.");

/// The process of the node.
#[derive(Debug)]
pub(crate) struct Process {
    started: SystemTime,
    runtime: tokio::runtime::Handle,
}

impl Process {
    /// This process. Must be called within the node's Tokio runtime.
    pub(crate) fn new() -> Self {
        Self { started: SystemTime::now(), runtime: tokio::runtime::Handle::current() }
    }

    /// The data of the system; `None` if it is not available, as in a container without `/proc`.
    fn system(samples: &mut Samples) -> Option<()> {
        let process = Procfs::myself().ok()?;
        let stat = process.stat().ok()?;
        let memory = stat.rss_bytes().get();
        // Ticks have 32 bits and are fractions of a second, so the conversion is exact.
        #[expect(clippy::cast_precision_loss, reason = "2^53 ticks are three million years")]
        let cpu = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
        samples.number(&CPU, &[], cpu);
        samples.count(&MEMORY, &[], memory);
        samples.count(&VIRTUAL, &[], stat.vsize);
        samples.count(&THREADS, &[], stat.num_threads.unsigned_abs());
        samples.count(&FDS, &[], process.fd_count().ok()? as u64);
        if let LimitValue::Value(most) = process.limits().ok()?.max_open_files.soft_limit {
            samples.count(&FDS_MAX, &[], most);
        }
        Some(())
    }
}

impl Source for Process {
    fn collect(&self, samples: &mut Samples) {
        samples.count(&INFO, &[("version", env!("CARGO_PKG_VERSION"))], 1);
        for family in [&CPU, &MEMORY, &VIRTUAL, &THREADS, &FDS, &FDS_MAX] {
            samples.family(family);
        }
        let _ = Self::system(samples);
        let started = self.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        samples.number(&STARTED, &[], started.as_secs_f64());
        let runtime = self.runtime.metrics();
        samples.count(&TASKS, &[], runtime.num_alive_tasks() as u64);
        samples.count(&READY_TASKS, &[], runtime.global_queue_depth() as u64);
    }
}
