//! [`Jobs`]: what the configuration says of jobs.

use beds_core::{section, settings::Millis};

section! {
    /// `[jobs]`
    Jobs {
        /// How many jobs a node works at, at the same time; 0: none.
        at_once: u32 = 2,
        /// How many records a chunk has, unless the job says otherwise.
        chunk: u32 = 500,
        /// For how many seconds a node has a job, until it says that it still works at it: after that time another goes on with the
        /// job of a node that died.
        lease_s: u32 = 30,
        /// How often a node looks for jobs that are due.
        poll_ms: Millis = Millis(1_000),
        /// How many records a second a job works on at most; 0: as many as it can.
        records_per_s: u32 = 0,
        /// How many records a job may reject before it fails.
        rejects_max: u32 = 10_000,
        /// After how many seconds a job is tried again that pauses because something is to be mended, such as a full disk; 0: when
        /// somebody resumes it.
        resume_s: u32 = 60,
        /// How often records that are due by `[lifecycle]` go elsewhere: the seconds between two jobs of a template.
        lifecycle_every_s: u32 = 86_400,
        /// How many seconds a job is remembered that has ended.
        keep_s: u32 = 2_592_000,
    }
}
