//! [`Repeats`]: warnings that come again and again are told some times, and then counted.
//!
//! It counts by the place in the code that warns, of which there are only so many. So ten thousand poison messages are
//! a few lines in the log and on the bus, and no request waits for them to be written.

use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
    level_filters::LevelFilter,
    subscriber::Interest,
    warn,
};
use tracing_subscriber::layer::{Context, Filter};

/// How often what was left out is told.
const PERIOD: Duration = Duration::from_secs(5);
/// How many events of one place are told in that time.
const TOLD_MAX: u32 = 10;
/// How much is shown of the last one that was left out, in characters.
const SHOWN_MAX: usize = 400;

/// A filter of warnings and errors that repeat.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats(Arc<Mutex<HashMap<Identifier, Place>>>);

/// What a place in the code has told in this period.
#[derive(Debug, Default)]
struct Place {
    told: u32,
    left_out: u64,
    last: String,
}

impl Repeats {
    fn places(&self) -> MutexGuard<'_, HashMap<Identifier, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a period; gives what was left out in the last one, with the text of the last event of each place.
    fn begin(&self) -> Vec<(u64, String)> {
        let places = std::mem::take(&mut *self.places());
        let left_out = places.into_values().filter(|place| place.left_out > 0);
        left_out.map(|place| (place.left_out, place.last)).collect()
    }

    /// Tells what was left out, for as long as the process lives.
    pub(super) async fn tell(self) {
        let mut periods = tokio::time::interval(PERIOD);
        loop {
            periods.tick().await;
            for (count, last) in self.begin() {
                warn!("{count} more of this kind within {} s, the last of them: {last}", PERIOD.as_secs());
            }
        }
    }
}

impl<S: Subscriber> Filter<S> for Repeats {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn callsite_enabled(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::always()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN {
            return true;
        }
        let mut places = self.places();
        let place = places.entry(metadata.callsite()).or_default();
        if place.told < TOLD_MAX {
            place.told += 1;
            return true;
        }
        place.left_out += 1;
        place.last.clear();
        event.record(&mut Message(&mut place.last));
        false
    }
}

/// The message of an event.
struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a text does not fail.
            let _ = write!(self.0, "{value:?}");
            if let Some((end, _)) = self.0.char_indices().nth(SHOWN_MAX) {
                self.0.truncate(end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tracing_subscriber::{Layer, layer::SubscriberExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Told(Arc<AtomicUsize>);

    impl<S: Subscriber> Layer<S> for Told {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_repeats_is_counted_by_its_place() {
        let (repeats, told) = (Repeats::default(), Told::default());
        let subscriber = tracing_subscriber::registry().with(told.clone().with_filter(repeats.clone()));
        let told = || told.0.swap(0, Ordering::Relaxed);
        tracing::subscriber::with_default(subscriber, || {
            let flood = |count: u32| (0..count).for_each(|number| warn!(number, "poison {number}"));
            flood(10_000);
            assert_eq!(told(), TOLD_MAX as usize);
            for _ in 0..100 {
                tracing::info!("what is no warning");
            }
            warn!("another");
            assert_eq!(told(), 101);
            assert_eq!(repeats.begin(), [(9_990, "poison 9999".to_owned())]);
            flood(3);
            assert_eq!((told(), repeats.begin()), (3, Vec::new()), "a new period has begun");
        });
    }
}
