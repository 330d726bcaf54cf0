//! [`Long`]: limits how many long bodies are processed at a time.

use std::time::Instant;

use beds_core::{Error, Result};
use beds_protocol::ErrorCode;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout_at,
};

/// Longer bodies wait for their turn: they hold hundreds of records.
pub(super) const LONG_BYTES: usize = 64 << 10;
/// How many are processed at a time.
const AT_ONCE: usize = 4;
/// How many of them may wait, before further ones are refused.
const WAITING_MAX: usize = 64;

/// Places for requests with long bodies.
#[derive(Debug)]
pub(super) struct Long {
    places: Semaphore,
    waiting: Semaphore,
}

impl Default for Long {
    fn default() -> Self {
        Self { places: Semaphore::new(AT_ONCE), waiting: Semaphore::new(WAITING_MAX) }
    }
}

impl Long {
    /// Waits for a place.
    ///
    /// # Errors
    /// `overloaded` if too many wait, or the wait exceeds the deadline.
    pub(super) async fn place(&self, deadline: Instant) -> Result<SemaphorePermit<'_>> {
        let _waiting = self.waiting.try_acquire().map_err(|_| overloaded())?;
        match timeout_at(deadline.into(), self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(overloaded()),
        }
    }
}

fn overloaded() -> Error {
    Error::new(ErrorCode::Overloaded, "too many requests with long bodies wait")
        .hint("send fewer of them at a time, or smaller ones")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{FutureExt as _, future::join_all};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_are_worked_on_and_a_bounded_number_waits() {
        let long = Long::default();
        let deadline = (tokio::time::Instant::now() + Duration::from_secs(1)).into_std();
        let held = join_all((0..AT_ONCE).map(|_| long.place(deadline))).await;
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(long.place(deadline))).collect();
        assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()));
        assert_eq!(long.place(deadline).await.unwrap_err().code, ErrorCode::Overloaded);
        drop(held);
        assert!(waiting.remove(0).await.is_ok());
    }
}
