//! A lane: some held connections to one database, and a bounded queue of jobs that they run.
//!
//! The queue is fair, and admits a job only if it can end in time: see `queue`.
//!
//! A connection belongs to one task for as long as it lives. So nothing pings it, checks it out or returns it, and a
//! job costs its own round trips and no more. The task is the place for supervision, deadlines and groups. Supervision
//! drops a connection at its fault, and makes a new one with backoff, without end. Jobs of a group that wait together
//! run together.
//!
//! The crate knows neither engine nor statement. [`Connect`] makes a connection, and a [`Job`] uses it. At a [`Gate`]
//! the job says that it can no longer be taken back. [`Lane`] brings them together.

mod fault;
mod gate;
mod job;
mod kind;
mod lane;
mod meter;
mod pace;
mod queue;
mod settings;
mod shared;
mod worker;

pub use fault::Fault;
pub use gate::Gate;
pub use job::{Connect, Fate, Job, Member};
pub use lane::Lane;
pub use settings::Settings;
