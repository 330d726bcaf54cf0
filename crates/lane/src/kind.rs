//! [`Kind`]: jobs of one client that are alike stand in one line, and are measured together.

use crate::job::Job;

/// A job of this size does not stand in one line with smaller ones.
const LARGE: u64 = 16;

/// Jobs of one client that are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    kind: usize,
    group: Option<usize>,
    is_large: bool,
}

impl Kind {
    pub(crate) fn of<J: Job>(job: &J) -> Self {
        Self { kind: job.kind(), group: job.group(), is_large: u64::from(job.size()) > LARGE }
    }

    /// The same, of jobs that run by themselves.
    pub(crate) const fn alone(self) -> Self {
        Self { group: None, ..self }
    }

    /// The group that jobs of it run in together. A large one has none: it runs by itself.
    pub(crate) const fn shared_group(self) -> Option<usize> {
        if self.is_large { None } else { self.group }
    }

    /// Whether jobs of it share a statement: one takes about as long as many.
    pub(crate) const fn is_shared<J: Job>(self) -> bool {
        self.shared_group().is_some() && J::GROUP_TIME.is_none()
    }

    /// Under which number it is measured: large ones apart.
    pub(crate) const fn measured(self) -> usize {
        self.kind.wrapping_mul(2).wrapping_add(self.is_large as usize)
    }
}

/// What the time of a job is measured by: its kind, and how much of it there is.
pub(crate) fn measure<J: Job>(job: &J) -> (usize, u64) {
    let kind = Kind::of(job);
    (kind.measured(), if kind.is_shared::<J>() { 1 } else { job.size().into() })
}

/// The same for jobs that run together.
pub(crate) fn measure_all<'a, J: Job>(jobs: impl Iterator<Item = &'a J>) -> Vec<(usize, u64)> {
    let mut jobs = jobs.peekable();
    let is_shared = jobs.peek().is_some_and(|job| Kind::of(*job).is_shared::<J>());
    jobs.take(if is_shared { 1 } else { usize::MAX }).map(measure).collect()
}
