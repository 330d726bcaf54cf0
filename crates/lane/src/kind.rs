//! [`Kind`]: similar jobs of one client wait in one line, and are measured together.

use crate::job::Job;

/// A job that is larger than this waits in another line than smaller ones.
const LARGE: u64 = 16;

/// Similar jobs of one client.
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

    /// The same kind, for jobs that run by themselves.
    pub(crate) const fn alone(self) -> Self {
        Self { group: None, ..self }
    }

    /// The group in which jobs of this kind run together. A large job has none: it runs by itself.
    pub(crate) const fn shared_group(self) -> Option<usize> {
        if self.is_large { None } else { self.group }
    }

    /// Whether jobs of this kind share a statement: one job takes about as long as many.
    pub(crate) const fn is_shared<J: Job>(self) -> bool {
        self.shared_group().is_some() && J::GROUP_TIME.is_none()
    }

    /// The number under which the kind is measured. Large jobs are measured separately.
    pub(crate) const fn measured(self) -> usize {
        self.kind.wrapping_mul(2).wrapping_add(self.is_large as usize)
    }
}

/// The measure of a job: its kind and its size.
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
