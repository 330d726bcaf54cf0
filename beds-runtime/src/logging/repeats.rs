//! [`Repeats`]: repeated warnings are logged a few times, and then counted.
//!
//! Warnings are counted by their place in the code, and there by their subject: template, database, queue and error
//! code. The number of places is limited, and clients cannot invent subjects. So ten thousand poison messages are a few
//! lines in the log and on the bus, no request waits for the writing of those lines, and another cause at the same
//! place is still logged.

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

/// How often the omitted events are reported.
const PERIOD: Duration = Duration::from_secs(5);
/// How many events of one cause are logged in that time, and how many of one place. The first event of a cause is
/// always logged.
const TOLD_MAX: u32 = 10;
const OF_PLACE_MAX: u32 = 40;
/// How many causes are distinguished at one place. Further ones count as one.
const CAUSES_MAX: usize = 100;
/// The fields that distinguish causes. None of them holds a client's text.
const CAUSE: [&str; 4] = ["template", "database", "queue", "code"];
/// How long such a field may be, in characters.
const NAME_MAX: usize = 100;
/// How much of the last omitted event is shown, in characters.
const SHOWN_MAX: usize = 400;

/// The warnings and errors that repeat.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats(Arc<Mutex<HashMap<Identifier, Place>>>);

/// The events that a place in the code has logged in this period.
#[derive(Debug, Default)]
struct Place {
    told: u32,
    causes: HashMap<String, Cause>,
}

/// The events that it has logged for one cause.
#[derive(Debug, Default)]
struct Cause {
    told: u32,
    left_out: u64,
    last: String,
}

/// The omitted events of one cause.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LeftOut {
    /// Such as ` with template country`; empty without such fields.
    cause: String,
    count: u64,
    /// The text of the last event.
    last: String,
}

impl Repeats {
    fn places(&self) -> MutexGuard<'_, HashMap<Identifier, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an event is logged. If not, it is counted.
    fn is_told(&self, event: &Event<'_>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN {
            return true;
        }
        // Each of these reports one place and one cause, so their number is limited.
        if metadata.target() == module_path!() {
            return true;
        }
        let mut about = String::new();
        event.record(&mut About(&mut about));
        let mut places = self.places();
        let Place { told, causes } = places.entry(metadata.callsite()).or_default();
        if causes.len() >= CAUSES_MAX && !causes.contains_key(&about) {
            about.clear();
        }
        let cause = causes.entry(about).or_default();
        if cause.told == 0 || (cause.told < TOLD_MAX && *told < OF_PLACE_MAX) {
            cause.told += 1;
            *told += 1;
            return true;
        }
        cause.left_out += 1;
        cause.last.clear();
        event.record(&mut Message(&mut cause.last));
        false
    }

    /// Begins a period. Returns the omitted events of the last one.
    fn begin(&self) -> Vec<LeftOut> {
        let places = std::mem::take(&mut *self.places());
        let causes = places.into_values().flat_map(|place| place.causes);
        let left_out = causes.filter(|(_, cause)| cause.left_out > 0);
        left_out
            .map(|(cause, Cause { left_out, last, .. })| LeftOut { cause, count: left_out, last })
            .collect()
    }

    /// Reports omitted events, for as long as the process lives.
    pub(super) async fn tell(self) {
        let mut periods = tokio::time::interval(PERIOD);
        loop {
            periods.tick().await;
            for LeftOut { cause, count, last } in self.begin() {
                let seconds = PERIOD.as_secs();
                warn!("{count} more of the same kind{cause} within {seconds} s; the last of them: {last}");
            }
        }
    }
}

/// Passes on all events except the omitted ones. A filter of events would also do this, but a filter that rejects an
/// event leaves its state in `tracing_subscriber`, which breaks the next event.
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

/// Collects the subject of an event.
struct About<'a>(&'a mut String);

impl About<'_> {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if CAUSE.contains(&field.name()) {
            let before = if self.0.is_empty() { " with" } else { "," };
            let value: String = value.to_string().chars().take(NAME_MAX).collect();
            // Writing to a text does not fail.
            let _ = write!(self.0, "{before} {} {value}", field.name());
        }
    }
}

impl Visit for About<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}

/// Collects the message of an event.
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

    /// Runs this below a layer that sums up, with a filter of its own, like the node's layers. The function argument
    /// returns how many events were logged since its last call.
    fn summed(run: impl FnOnce(&Repeats, &dyn Fn() -> usize)) {
        let (repeats, told) = (Repeats::default(), Told::default());
        let layer =
            Summed { layer: told.clone(), repeats: repeats.clone() }.with_filter(EnvFilter::new("info"));
        let subscriber = tracing_subscriber::registry().with(layer);
        let told = || told.0.swap(0, Ordering::Relaxed);
        tracing::subscriber::with_default(subscriber, || run(&repeats, &told));
    }

    fn left_out(cause: &str, count: u64, last: &str) -> LeftOut {
        LeftOut { cause: cause.to_owned(), count, last: last.to_owned() }
    }

    #[test]
    fn what_repeats_is_counted_by_its_place() {
        summed(|repeats, told| {
            let flood = |count: u32| (0..count).for_each(|number| warn!(number, "poison {number}"));
            flood(10_000);
            assert_eq!(told(), TOLD_MAX as usize);
            for _ in 0..100 {
                tracing::info!("what is no warning");
            }
            warn!("another");
            assert_eq!(told(), 101);
            assert_eq!(repeats.begin(), [left_out("", 9_990, "poison 9999")]);
            flood(3);
            assert_eq!((told(), repeats.begin()), (3, Vec::new()), "a new period has begun");
        });
    }

    #[test]
    fn another_cause_at_the_same_place_is_told() {
        summed(|repeats, told| {
            let one = |template: &str, queue: Option<&str>| warn!(template, queue, "dead");
            (0..1_000).for_each(|_| one("country", None));
            assert_eq!(told(), TOLD_MAX as usize);
            one("language", None);
            one("country", Some("r"));
            assert_eq!(told(), 2);
            assert_eq!(repeats.begin(), [left_out(" with template country", 990, "dead")]);
            // However many there are, the first event of each is logged, and the memory for them is bounded.
            (0..10_000).for_each(|number| one(&(number % 1_000).to_string(), None));
            let (all, first) = (told(), CAUSES_MAX + 1);
            assert!((first..=first + OF_PLACE_MAX as usize).contains(&all), "{all}");
            let places = repeats.begin();
            assert_eq!(places.len(), first);
            assert_eq!(places.iter().map(|left| left.count).sum::<u64>() + all as u64, 10_000);
        });
    }
}
