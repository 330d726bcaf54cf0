//! What a server has told the node, and when the log has said so: how long the node trusts it, and how long the log
//! stays silent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

/// After this time the node asks again.
pub(crate) const KEPT: Duration = Duration::from_mins(1);

/// What the server has told of parts of templates. Parts are constants, so each is identified by its place in memory.
#[derive(Debug)]
pub(crate) struct Answers<T>(RwLock<HashMap<usize, Answer<T>>>);

#[derive(Debug)]
struct Answer<T> {
    at: Instant,
    said: Arc<[T]>,
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> Answers<T> {
    /// What is known of a part, unless it is old.
    pub(crate) fn of<P>(&self, part: &'static P) -> Option<Arc<[T]>> {
        let answers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(&std::ptr::from_ref(part).addr())?;
        (answer.at.elapsed() < KEPT).then(|| Arc::clone(&answer.said))
    }

    /// Keeps the server's new answer.
    pub(crate) fn keep<P>(&self, part: &'static P, said: &Arc<[T]>) {
        let answer = Answer { at: Instant::now(), said: Arc::clone(said) };
        let mut answers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        answers.insert(std::ptr::from_ref(part).addr(), answer);
    }
}

/// A message that the log repeats only now and then.
#[derive(Debug, Default)]
pub(crate) struct NowAndThen(Mutex<Option<Instant>>);

impl NowAndThen {
    /// Whether the message is due. If so, it counts as sent.
    pub(crate) fn is_due(&self) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told.is_none_or(|told| told.elapsed() >= KEPT);
        if is_due {
            *told = Some(Instant::now());
        }
        is_due
    }
}
