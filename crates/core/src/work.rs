//! [`Work`]: the result of an operation.

use std::{cell::Cell, future::poll_fn, pin::pin};

use futures_util::future::BoxFuture;

use crate::{
    error::{Error, Result},
    outcome::Outcome,
    plan::Plan,
};

/// How deep methods may ask each other. Each takes a part of the thread's stack; if the stack overflows, the process
/// ends.
const DEPTH_MAX: u32 = 32;

thread_local! {
    /// How many methods are polled, one within the other.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// The work for a request.
pub enum Work {
    /// Nothing is left to do.
    Done(Outcome),
    /// The domain's objects do it.
    Plan(Plan),
    /// A hand-written method does it.
    Method(BoxFuture<'static, Result>),
}

impl Work {
    /// The work of a hand-written method. It may ask other methods, 32 deep; a deeper call is `internal`.
    pub fn method(running: impl Future<Output = Result> + Send + 'static) -> Self {
        Self::Method(Box::pin(async move {
            let mut running = pin!(running);
            poll_fn(|context| {
                let Some(_deeper) = Deeper::begin() else {
                    let message =
                        format!("hand-written methods call each other more than {DEPTH_MAX} levels deep");
                    return Err(Error::internal(message)).into();
                };
                running.as_mut().poll(context).map_err(Error::bounded)
            })
            .await
        }))
    }
}

/// One more method is polled, until this is dropped.
struct Deeper;

impl Deeper {
    fn begin() -> Option<Self> {
        let depth = DEPTH.get();
        (depth < DEPTH_MAX).then(|| {
            DEPTH.set(depth + 1);
            Self
        })
    }
}

impl Drop for Deeper {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done(outcome) => f.debug_tuple("Done").field(outcome).finish(),
            Self::Plan(plan) => f.debug_tuple("Plan").field(plan).finish(),
            Self::Method(_) => f.write_str("Method"),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn asks(deep: u32) -> Work {
        Work::method(async move {
            match asks_or_ends(deep) {
                Some(Work::Method(running)) => running.await,
                _ => Ok(Outcome::default()),
            }
        })
    }

    fn asks_or_ends(deep: u32) -> Option<Work> {
        deep.checked_sub(1).map(asks)
    }

    fn answer(work: Work) -> Result {
        let Work::Method(running) = work else { panic!("{work:?}") };
        running.now_or_never().unwrap()
    }

    #[test]
    fn methods_ask_each_other_so_deep_and_say_so_much() {
        assert!(answer(asks(DEPTH_MAX - 1)).is_ok());
        let error = answer(asks(100_000)).unwrap_err().to_string();
        assert!(error.contains("more than 32 levels deep"), "{error}");
        let long = Work::method(async {
            let fields = (0..1_000).map(|index| (index.to_string(), "x".repeat(100_000)));
            let error = Error::internal("x".repeat(40_000_000)).hint("x".repeat(100_000));
            Err(fields.fold(error, |error, (field, reason)| error.detail(field, reason)))
        });
        assert!(answer(long).unwrap_err().into_reply("r").len() < 1 << 20);
        // A method that panicked no longer counts for the depth.
        let panics = Work::method(async { panic!("a defect") });
        let Work::Method(running) = panics else { panic!() };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| running.now_or_never())).is_err());
        assert!(answer(asks(DEPTH_MAX - 1)).is_ok());
    }
}
