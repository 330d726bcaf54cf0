//! A lane: some held connections to one database, and a bounded queue of jobs that they run.
//!
//! The queue is fair, and lets in what can be done in its time: see `queue`.
//!
//! A connection belongs to one task for as long as it lives, so nothing pings it, checks it out or returns it, and a
//! job costs its own round trips and no more. The task is the place for supervision (a fault of the connection drops
//! it, and it is made anew with backoff, for ever), for deadlines, and for groups: jobs that wait together run together.
//!
//! The crate knows neither engine nor statement. [`Connect`] makes a connection, a [`Job`] uses it, a [`Gate`] is
//! where a job says that it can no longer be taken back, and [`Lane`] brings them together.

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
