//! What a lane and its connections share.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::{sync::Notify, time::timeout};

use crate::{
    job::Job,
    meter::Meter,
    queue::{QUICK, Queue, Taken, Ticket},
    settings::Settings,
};

/// What a lane and its connections share.
pub(crate) struct Shared<J: Job> {
    pub(crate) settings: Settings,
    queue: Mutex<Queue<J>>,
    /// Calls a connection to the queue.
    call: Notify,
    /// How many connections there are.
    pub(crate) connected: AtomicUsize,
    /// How many cannot be made.
    pub(crate) failing: AtomicUsize,
    pub(crate) meter: Meter,
    is_closed: AtomicBool,
}

impl<J: Job> Shared<J> {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            queue: Mutex::new(Queue::new(settings.requests_max)),
            settings,
            call: Notify::new(),
            connected: AtomicUsize::new(0),
            failing: AtomicUsize::new(0),
            meter: Meter::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// The queue. A panic elsewhere cannot leave it half changed.
    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue<J>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }

    /// Calls a connection that is free.
    pub(crate) fn call(&self) {
        self.call.notify_one();
    }

    /// Ends the connections.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.call.notify_waiters();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// The next jobs for a free connection, and whether the connection had to wait for them; `None` once the lane is
    /// dropped.
    pub(crate) async fn next(&self) -> Option<(Taken<J>, bool)> {
        let mut was_idle = false;
        loop {
            let called = self.call.notified();
            let mut called = std::pin::pin!(called);
            // Calls from here on are heard.
            called.as_mut().enable();
            if self.is_closed() {
                return None;
            }
            let taken = self.queue().take(self.connected(), &self.settings);
            if let Some(taken) = taken {
                return Some((taken, was_idle));
            }
            let _idle = Idle::new(self);
            was_idle = true;
            called.await;
        }
    }

    /// Puts jobs back in the queue.
    pub(crate) fn put_back(&self, tickets: impl Iterator<Item = Ticket<J>>) {
        for ticket in tickets {
            self.queue().put_back(ticket);
            self.call();
        }
    }
}

/// Counts a connection as idle.
struct Idle<'a, J: Job>(&'a Shared<J>);

impl<'a, J: Job> Idle<'a, J> {
    fn new(shared: &'a Shared<J>) -> Self {
        let mut queue = shared.queue();
        queue.idle += 1;
        if queue.idle >= shared.connected() {
            queue.forget();
        }
        drop(queue);
        Self(shared)
    }
}

impl<J: Job> Drop for Idle<'_, J> {
    fn drop(&mut self) {
        self.0.queue().idle -= 1;
    }
}

/// A place for long jobs. It is free again when this is dropped, also if a job panics.
pub(crate) struct Long<'a, J: Job>(Option<&'a Shared<J>>);

impl<'a, J: Job> Long<'a, J> {
    pub(crate) const fn new(shared: &'a Shared<J>, is_long: bool) -> Self {
        Self(if is_long { Some(shared) } else { None })
    }
}

impl<J: Job> Drop for Long<'_, J> {
    fn drop(&mut self) {
        if let Some(shared) = self.0 {
            shared.queue().ended_long();
            // The jobs that waited for the place may be the only ones in the queue.
            shared.call();
        }
    }
}

/// A place among the groups of one number that run at once. It is free again when this is dropped, also if a job
/// panics.
pub(crate) struct Place<'a, J: Job>(Option<(&'a Shared<J>, usize)>);

impl<'a, J: Job> Place<'a, J> {
    pub(crate) fn new(shared: &'a Shared<J>, group: Option<usize>) -> Self {
        Self(group.map(|group| (shared, group)))
    }

    /// Holds the place while jobs run, but only as long as they are quick.
    pub(crate) async fn hold<T>(self, running: impl Future<Output = T>) -> T {
        if self.0.is_none() {
            return running.await;
        }
        let mut running = std::pin::pin!(running);
        if let Ok(done) = timeout(QUICK, &mut running).await {
            return done;
        }
        drop(self);
        running.await
    }
}

impl<J: Job> Drop for Place<'_, J> {
    fn drop(&mut self) {
        if let Some((shared, group)) = self.0 {
            shared.queue().ended_group(group);
            shared.call();
        }
    }
}
