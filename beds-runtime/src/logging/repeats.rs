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
    Event, Level, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
    span::{self, Attributes, Id},
    warn,
};
use tracing_subscriber::{Layer, layer::Context};

/// How often what was left out is told.
const PERIOD: Duration = Duration::from_secs(5);
/// How many events of one place are told in that time.
const TOLD_MAX: u32 = 10;
/// How much is shown of the last one that was left out, in characters.
const SHOWN_MAX: usize = 400;

/// The warnings and errors that repeat.
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

    /// Whether an event is told; if not, it is counted.
    fn is_told(&self, event: &Event<'_>) -> bool {
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
                warn!(
                    "{count} more from the same place within {} s, of any cause; the last of them: {last}",
                    PERIOD.as_secs()
                );
            }
        }
    }
}

/// What hears all but what is left out. A filter of events would do, but one that says no leaves `tracing_subscriber`
/// with the state of that event, which breaks the next one.
#[derive(Debug)]
pub(super) struct Summed<L> {
    pub(super) layer: L,
    pub(super) repeats: Repeats,
}

impl<S: Subscriber, L: Layer<S>> Layer<S> for Summed<L> {
    fn on_layer(&mut self, subscriber: &mut S) {
        self.layer.on_layer(subscriber);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.layer.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &span::Record<'_>, context: Context<'_, S>) {
        self.layer.on_record(id, values, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if self.repeats.is_told(event) {
            self.layer.on_event(event, context);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.layer.on_enter(id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.layer.on_exit(id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.layer.on_close(id, context);
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

    use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _};

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
        // With a filter of its own, as the node's layers have.
        let layer =
            Summed { layer: told.clone(), repeats: repeats.clone() }.with_filter(EnvFilter::new("info"));
        let subscriber = tracing_subscriber::registry().with(layer);
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
