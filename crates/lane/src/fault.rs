//! [`Fault`]: how a job fails.

use beds_core::Error;

/// Why a job, or a group of jobs, failed.
#[derive(Debug)]
pub enum Fault {
    /// The job failed and left nothing behind. The connection is good. The members of a group then run one by one.
    Refused(Error),
    /// The connection is gone. A job that was not past its gate runs again on another connection. The effect of a job
    /// past its gate is unknown.
    Lost(String),
    /// The job failed and left the connection out of step. The connection is discarded.
    Abandoned(Error),
}
