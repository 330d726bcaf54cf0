//! [`Fault`]: how a job fails.

use beds_core::Error;

/// Why a job, or a group of jobs, failed.
#[derive(Debug)]
pub enum Fault {
    /// It failed and left nothing behind; the connection is good. A group is run one by one then.
    Refused(Error),
    /// The connection is gone. A job that was not past its gate is run again on another one; the effect of one that was is
    /// unknown.
    Lost(String),
    /// It failed in a way that leaves the connection out of step: the connection is discarded.
    Abandoned(Error),
}
