//! The relay with a database and a bus of the test, on a paused clock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use beds_core::event::Event;
use beds_protocol::value::DateTime;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use uuid::Uuid;

use super::*;

/// A simulated database and bus.
#[derive(Debug, Default)]
struct World {
    state: Mutex<State>,
    stored: Notify,
}

#[derive(Debug, Default)]
struct State {
    rows: Vec<Stored>,
    sent: Vec<String>,
    /// The events that RabbitMQ refuses.
    full: HashSet<String>,
    /// After how many more messages the bus fails.
    lost_after: Option<usize>,
    is_taken: bool,
    signs_of_life: usize,
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores an event of this subject, whose body is the subject and a number.
    fn store(&self, subject: &str, number: u64) {
        let event = Event {
            id: Uuid::now_v7(),
            routing_key: "item.update".to_owned(),
            subject: (subject != "-").then(|| subject.to_owned()),
            template_hash: String::new(),
            traceparent: None,
            at: DateTime::default(),
            body: format!("{subject}{number}"),
        };
        self.state().rows.push(Stored { number, event });
        self.stored.notify_one();
    }

    async fn until(&self, what: &str, holds: impl Fn(&State) -> bool) {
        let waiting = async {
            while !holds(&self.state()) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = timeout(Duration::from_mins(2), waiting).await;
        assert!(in_time.is_ok(), "{what}: {:?}", self.state());
    }
}

#[derive(Debug)]
struct Database(Arc<World>);

impl Outbox for Database {
    fn database(&self) -> &'static str {
        "test"
    }

    fn take(&self) -> BoxFuture<'_, Result<Option<Box<dyn Pending>>, String>> {
        Box::pin(async {
            if std::mem::replace(&mut self.0.state().is_taken, true) {
                sleep(Duration::from_secs(5)).await;
                return Ok(None);
            }
            Ok(Some(Box::new(Taken(Arc::clone(&self.0))) as Box<dyn Pending>))
        })
    }

    fn stored(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.stored.notified())
    }
}

struct Taken(Arc<World>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.state().is_taken = false;
    }
}

impl Pending for Taken {
    fn next(&mut self, after: u64, max: usize) -> BoxFuture<'_, Result<Page, String>> {
        let state = self.0.state();
        let later = state.rows.iter().filter(|row| row.number > after);
        let page = Page::of(later.take(max).cloned().collect(), max);
        Box::pin(std::future::ready(Ok(page)))
    }

    fn done<'a>(&'a mut self, published: &'a [&'a Stored]) -> BoxFuture<'a, Result<(), String>> {
        self.0.state().rows.retain(|row| published.iter().all(|done| done.number != row.number));
        Box::pin(std::future::ready(Ok(())))
    }

    fn keep(&mut self) -> BoxFuture<'_, Result<(), String>> {
        self.0.state().signs_of_life += 1;
        Box::pin(std::future::ready(Ok(())))
    }
}

#[derive(Debug)]
struct Bus(Arc<World>);

impl EventSink for Bus {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn EventChannel>, String>> {
        let channel: Box<dyn EventChannel> = Box::new(Channel(Arc::clone(&self.0)));
        Box::pin(std::future::ready(Ok(channel)))
    }
}

struct Channel(Arc<World>);

impl EventChannel for Channel {
    fn publish<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Unpublished>> {
        Box::pin(async {
            // A slow event is confirmed later than the events sent together with it.
            let is_slow = event.body.starts_with("slow");
            sleep(Duration::from_millis(if is_slow { 10_000 } else { 1 })).await;
            let mut state = self.0.state();
            if state.full.contains(&event.body) {
                return Err(Unpublished::Refused("its queue is full"));
            }
            match state.lost_after.as_mut() {
                Some(0) => {
                    state.lost_after = None;
                    return Err(Unpublished::Lost("it is cut".to_owned()));
                }
                Some(left) => *left -= 1,
                None => {}
            }
            state.sent.push(event.body.clone());
            Ok(())
        })
    }
}

fn start(world: &Arc<World>) -> Relays {
    let bus: Arc<dyn EventSink> = Arc::new(Bus(Arc::clone(world)));
    Relays::start(vec![Arc::new(Database(Arc::clone(world)))], &bus)
}

/// How many events it counts as published, and whether events wait.
fn counts(relays: &Relays) -> (u64, u64) {
    let counts = &relays.meter.0[0].1;
    (counts.published.get(), counts.held_back.get())
}

fn of<'s>(state: &'s State, subject: &str) -> Vec<&'s str> {
    state.sent.iter().filter(|body| body.starts_with(subject)).map(String::as_str).collect()
}

#[tokio::test(start_paused = true)]
async fn all_is_published_and_removed_in_the_order_of_each_subject() {
    let world = Arc::new(World::default());
    for number in 1..=600 {
        world.store(["a", "b", "-"][usize::try_from(number % 3).unwrap()], number);
    }
    let relays = start(&world);
    world.until("all is removed", |state| state.rows.is_empty()).await;
    {
        let state = world.state();
        assert_eq!(state.sent.len(), 600);
        for subject in ["a", "b"] {
            let sent: Vec<u64> = of(&state, subject).iter().map(|body| body[1..].parse().unwrap()).collect();
            assert!(sent.is_sorted() && sent.len() == 200, "{sent:?}");
        }
    }
    relays.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_event_holds_back_its_subject_alone() {
    let world = Arc::new(World::default());
    world.state().full.insert("a1".to_owned());
    world.store("a", 1);
    for number in 2..=300 {
        world.store("a", number);
    }
    world.store("b", 301);
    let relays = start(&world);
    world.until("the other is published", |state| !of(state, "b").is_empty()).await;
    {
        let mut state = world.state();
        assert_eq!((of(&state, "a").len(), state.rows.len()), (0, 300));
        assert_eq!(counts(&relays), (1, 1), "the other one left, and the rest waits");
        state.full.clear();
    }
    world.until("all is removed", |state| state.rows.is_empty()).await;
    assert_eq!(of(&world.state(), "a")[..2], ["a1", "a2"]);
    world.until("no event waits", |_| counts(&relays) == (301, 0)).await;
    relays.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_on_the_way_is_published_again() {
    let world = Arc::new(World::default());
    for number in 1..=20 {
        world.store("a", number);
    }
    world.state().lost_after = Some(7);
    let relays = start(&world);
    world.until("all is removed", |state| state.rows.is_empty()).await;
    let expected: Vec<String> = (1..=20).map(|number| format!("a{number}")).collect();
    assert_eq!(world.state().sent, expected, "what was confirmed is not sent again");
    relays.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_waits_for_the_bus_says_that_it_lives() {
    let world = Arc::new(World::default());
    world.store("slow", 1);
    let relays = start(&world);
    world.until("it is removed", |state| state.rows.is_empty()).await;
    assert!(world.state().signs_of_life >= 3, "{:?}", world.state());
    relays.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn another_relay_takes_over() {
    let world = Arc::new(World::default());
    let (first, second) = (start(&world), start(&world));
    world.store("a", 1);
    world.until("it is removed", |state| state.rows.is_empty()).await;
    first.shutdown().await;
    world.store("a", 2);
    world.until("it is removed", |state| state.rows.is_empty()).await;
    assert_eq!(world.state().sent, ["a1", "a2"]);
    second.shutdown().await;
    assert!(!world.state().is_taken);
}
