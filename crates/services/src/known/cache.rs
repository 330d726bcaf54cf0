//! [`Cache`]: a node's memory of sessions, for a limited time.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use beds_core::access::Caller;
use serde::Deserialize;

use super::token::Hash;

/// How long a remembered session is valid while no events are heard.
pub(super) const UNHEARD: Duration = Duration::from_secs(1);

/// The sessions to forget, so that the database is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forget {
    /// The session with this id.
    Session(String),
    /// The sessions of the user of this name.
    User(String),
    /// The sessions of the user with this id.
    UserId(String),
    /// All of them.
    All,
}

impl Forget {
    /// The sessions that an event is about. If the event cannot be read, all.
    pub(super) fn of(routing_key: &str, body: &[u8]) -> Self {
        let Ok(event) = serde_json::from_slice::<Event>(body) else { return Self::All };
        let id = event.key.map(|key| key.id);
        match (routing_key.split_once('.'), id, event.data.and_then(|data| data.user)) {
            (Some(("session", _)), Some(id), _) => Self::Session(id),
            (Some(("session", _)), None, Some(user)) => Self::User(user),
            (Some(("user", _)), Some(id), _) => Self::UserId(id),
            _ => Self::All,
        }
    }
}

/// The part of an event that tells whose sessions it is about.
#[derive(Deserialize)]
struct Event {
    key: Option<Key>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Key {
    id: String,
}

#[derive(Deserialize)]
struct Data {
    user: Option<String>,
}

/// A session as the database returned it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) caller: Caller,
    pub(super) user_id: String,
    /// When the database was asked.
    pub(super) asked: Instant,
    /// When the database must be asked again.
    pub(super) until: Instant,
}

impl Known {
    fn is(&self, forget: &Forget) -> bool {
        match forget {
            Forget::Session(id) => self.caller.session.as_deref() == Some(id),
            Forget::User(name) => self.caller.user.as_deref() == Some(name),
            Forget::UserId(id) => self.user_id == *id,
            Forget::All => true,
        }
    }
}

/// The sessions for which the database was asked recently.
#[derive(Debug)]
pub(super) struct Cache {
    known: quick_cache::sync::Cache<Hash, Known>,
    /// How often sessions were forgotten. An answer that the database gave before may be out of date.
    forgotten: AtomicU64,
}

impl Cache {
    pub(super) fn new(sessions_max: usize) -> Self {
        Self { known: quick_cache::sync::Cache::new(sessions_max), forgotten: AtomicU64::new(0) }
    }

    /// The caller of a session, if it is known and may still be valid.
    pub(super) fn get(&self, hash: &Hash, is_heard: bool) -> Option<Caller> {
        let known = self.known.get(hash)?;
        let now = Instant::now();
        let is_fresh = now < known.until && (is_heard || now.duration_since(known.asked) < UNHEARD);
        is_fresh.then_some(known.caller)
    }

    /// Returns a mark. Take it before asking the database.
    pub(super) fn mark(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// Remembers the database's answer to a question after this mark.
    pub(super) fn put(&self, hash: Hash, known: Known, mark: u64) {
        self.known.insert(hash, known);
        // The side that forgets counts first and then looks, so that one of both sides sees the other.
        if self.mark() != mark {
            self.known.remove(&hash);
        }
    }

    pub(super) fn remove(&self, hash: &Hash) {
        self.known.remove(hash);
    }

    pub(super) fn forget(&self, all: &[Forget]) {
        if all.is_empty() {
            return;
        }
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.retain(|_, known| !all.iter().any(|forget| known.is(forget)));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::token::Token, *};

    fn known(session: &str, user: &str) -> Known {
        let caller = Caller { user: Some(user.into()), roles: Vec::new(), session: Some(session.into()) };
        let now = Instant::now();
        Known { caller, user_id: format!("id of {user}"), asked: now, until: now + Duration::from_mins(1) }
    }

    #[test]
    fn what_was_forgotten_while_the_database_was_asked_is_not_remembered() {
        let cache = Cache::new(10);
        let hash = Token::new().unwrap().hash();
        let mark = cache.mark();
        cache.forget(&[Forget::Session("other".into())]);
        cache.put(hash, known("one", "ann"), mark);
        assert_eq!(cache.get(&hash, true), None);
        cache.put(hash, known("one", "ann"), cache.mark());
        assert!(cache.get(&hash, true).is_some());
    }

    #[test]
    fn each_way_to_forget_finds_what_it_means() {
        let [one, two, three] = [(); 3].map(|()| Token::new().unwrap().hash());
        let left = |forget: Forget| {
            let cache = Cache::new(10);
            cache.put(one, known("one", "ann"), 0);
            cache.put(two, known("two", "ann"), 0);
            cache.put(three, known("three", "bob"), 0);
            cache.forget(&[forget]);
            [one, two, three].map(|hash| cache.get(&hash, true).is_some())
        };
        assert_eq!(left(Forget::Session("two".into())), [true, false, true]);
        assert_eq!(left(Forget::User("ann".into())), [false, false, true]);
        assert_eq!(left(Forget::UserId("id of bob".into())), [true, true, false]);
        assert_eq!(left(Forget::All), [false; 3]);
    }

    #[test]
    fn what_is_old_is_not_trusted_and_less_so_while_nothing_is_heard() {
        let cache = Cache::new(10);
        let hash = Token::new().unwrap().hash();
        let asked = Instant::now().checked_sub(UNHEARD).unwrap();
        cache.put(hash, Known { asked, ..known("one", "ann") }, 0);
        assert_eq!((cache.get(&hash, true).is_some(), cache.get(&hash, false).is_some()), (true, false));
        cache.put(hash, Known { until: Instant::now(), ..known("one", "ann") }, 0);
        assert_eq!(cache.get(&hash, true), None);
    }

    #[test]
    fn it_keeps_no_more_than_it_may() {
        let cache = Cache::new(100);
        for _ in 0..1_000 {
            cache.put(Token::new().unwrap().hash(), known("one", "ann"), 0);
        }
        assert!(cache.known.len() <= 100, "{}", cache.known.len());
    }
}
