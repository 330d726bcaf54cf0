//! [`SessionCheck`]: how every node finds the session of a token.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use beds_core::{
    Error, Result, Runner,
    access::{Caller, Sessions},
    plan::Asker,
    spec::{Call, Domain},
};
use beds_protocol::{ErrorCode, Json, Record};
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::{
    cache::{Cache, Forget, Known},
    token::{Hash, Token},
};
use crate::{ask, settings::Tercero};

/// How long events count as heard after the last sign of it.
const HEARD: Duration = Duration::from_millis(900);
/// How many ended sessions are deleted at a time.
const PURGE_MOST: i64 = 500;

/// Finds sessions by their tokens: in the database, and for a while in memory.
pub struct SessionCheck {
    domain: &'static Domain,
    look_up: &'static Call,
    purge: &'static Call,
    runner: Arc<dyn Runner>,
    settings: Tercero,
    cache: Cache,
    begun: Instant,
    /// When events were last heard, in milliseconds since the start, plus one; 0 if they are not heard.
    heard: AtomicU64,
}

impl fmt::Debug for SessionCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCheck").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Live,
    Expired,
    Closed,
    Locked,
    Unknown,
}

#[derive(Deserialize)]
struct Found {
    state: State,
    id: Option<Box<str>>,
    user_id: Option<String>,
    user: Option<Box<str>>,
    roles: Option<Vec<Box<str>>>,
    left_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Purged {
    purged: i64,
}

impl SessionCheck {
    /// The check for sessions in this domain, whose plans `runner` runs. `None` if the domain lacks a necessary call.
    #[must_use]
    pub fn new(domain: &'static Domain, runner: Arc<dyn Runner>, settings: Tercero) -> Option<Self> {
        let call = |name: &str| domain.calls.iter().find(|call| call.name == name);
        Some(Self {
            look_up: call("look_up")?,
            purge: call("purge")?,
            cache: Cache::new(settings.cache_sessions as usize),
            domain,
            runner,
            settings,
            begun: Instant::now(),
            heard: AtomicU64::new(0),
        })
    }

    /// Records that events are heard at this moment.
    pub fn hears(&self, at: Instant) {
        let since = at.saturating_duration_since(self.begun).as_millis();
        self.heard.store(u64::try_from(since).unwrap_or(u64::MAX - 1) + 1, Ordering::SeqCst);
    }

    /// Records that events are not heard. Remembered sessions are then valid for a short time only.
    pub fn is_deaf(&self) {
        self.heard.store(0, Ordering::SeqCst);
    }

    /// Forgets sessions, so that the database is asked again.
    pub fn forget(&self, what: &Forget) {
        self.cache.forget(std::slice::from_ref(what));
    }

    /// Forgets the sessions that events are about. An event that cannot be read makes it forget everything.
    pub fn hear(&self, events: &[(String, Vec<u8>)]) {
        let all: Vec<Forget> = events.iter().map(|(key, body)| Forget::of(key, body)).collect();
        self.cache.forget(&all);
    }

    /// Deletes some sessions that ended long ago. Returns how many.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn purge(&self) -> Result<i64> {
        let args = [
            ("idle_s", i64::from(self.settings.idle_s)),
            ("keep_s", i64::from(self.settings.keep_s)),
            ("most", PURGE_MOST),
        ];
        let Purged { purged } = self.ask(self.purge, Record::from(args), Asker::default()).await?;
        Ok(purged)
    }

    fn is_heard(&self) -> bool {
        match self.heard.load(Ordering::SeqCst).checked_sub(1) {
            Some(since) => self.begun.elapsed().saturating_sub(Duration::from_millis(since)) < HEARD,
            None => false,
        }
    }

    async fn find(&self, token: &str, asker: Asker) -> Result<Caller> {
        let hash = Token::read(token).map(|token| token.hash()).ok_or_else(|| {
            Error::new(ErrorCode::Unauthenticated, "the header `beds-session` has no token of a session")
                .hint("send the `token` that `session.call.open` gave")
        })?;
        if let Some(caller) = self.cache.get(&hash, self.is_heard()) {
            return Ok(caller);
        }
        let found = self.look_up(hash, asker).await;
        if found.is_err() {
            self.cache.remove(&hash);
        }
        found
    }

    async fn look_up(&self, hash: Hash, asker: Asker) -> Result<Caller> {
        let (mark, begun) = (self.cache.mark(), Instant::now());
        let args = [
            ("token_hash", Json::from(hash.base64().as_str())),
            ("idle_s", i64::from(self.settings.idle_s).into()),
            ("touch_s", i64::from(self.settings.touch_s()).into()),
        ];
        let found: Found = self.ask(self.look_up, Record::from(args), asker).await?;
        let ended = |what: &str| {
            Error::new(ErrorCode::Unauthenticated, what)
                .hint("open another by `session.call.open`, and send its token in the header `beds-session`")
        };
        match found.state {
            State::Live => {}
            State::Expired => return Err(ended("the session has expired")),
            State::Closed => return Err(ended("the session was closed")),
            State::Locked => {
                return Err(Error::new(ErrorCode::Unauthenticated, "the user of the session is locked")
                    .hint(
                        "a caller who may call `user.call.unlock` can release the user; the session then works again",
                    ));
            }
            State::Unknown => return Err(ended("there is no such session, or it ended long ago")),
        }
        let caller = Caller { user: found.user, roles: found.roles.unwrap_or_default(), session: found.id };
        if let (Some(user_id), Some(left)) = (found.user_id, found.left_ms) {
            let left = Duration::from_millis(left).min(self.settings.cache_ms.duration());
            self.cache.put(
                hash,
                Known { caller: caller.clone(), user_id, asked: begun, until: begun + left },
                mark,
            );
        }
        Ok(caller)
    }

    /// Runs a call of the domain in the node's own name, in the share of a client.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        call: &'static Call,
        args: Record,
        asker: Asker,
    ) -> Result<T> {
        ask::unasked(&self.runner, (self.domain, call), args, (asker, "session")).await
    }
}

impl Sessions for SessionCheck {
    fn identify<'a>(&'a self, token: &'a str, asker: Asker) -> BoxFuture<'a, Result<Caller>> {
        Box::pin(self.find(token, asker))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use beds_core::{
        Outcome,
        plan::{Bounds, Plan},
        spec::{Arg, Field, Returns, Routine, Type},
    };
    use beds_protocol::Lane;
    use futures_util::FutureExt as _;

    use super::*;

    const fn call(name: &'static str, args: &'static [Arg]) -> Call {
        let routine = Routine::Procedure { name, sql: "", commits: false };
        Call { name, description: "", lane: Lane::Write, args, returns: Returns::Nothing, routine }
    }

    const fn int(name: &'static str) -> Arg {
        Arg::given(Field::new(name, name, Type::INT))
    }

    static ARGS: [Arg; 3] =
        [Arg::given(Field::new("token_hash", "token_hash", Type::bytes(32))), int("idle_s"), int("touch_s")];
    static CALLS: [Call; 2] = [call("look_up", &ARGS), call("purge", &[])];
    static SESSION: Domain = Domain::new("session", "", "").calls(&CALLS).at_least_once();

    /// Returns a session, and counts how often it is asked.
    #[derive(Debug, Default)]
    struct Database(AtomicUsize);

    impl Runner for Database {
        fn run(&self, _: Plan, _: Bounds) -> BoxFuture<'_, Result> {
            self.0.fetch_add(1, Ordering::SeqCst);
            let out = br#"{"state":"live","id":"s1","user_id":"u1","user":"ann","roles":["clerk"],"left_ms":60000}"#;
            Box::pin(async { Ok(Outcome { out: Some(out.to_vec()), ..Outcome::default() }) })
        }
    }

    fn site() -> (Arc<Database>, SessionCheck, String) {
        let database = Arc::new(Database::default());
        let check = SessionCheck::new(&SESSION, Arc::clone(&database) as _, Tercero::default()).unwrap();
        let token = serde_json::to_value(Token::new().unwrap()).unwrap().as_str().unwrap().to_owned();
        (database, check, token)
    }

    #[test]
    fn the_database_is_asked_once_until_an_event_says_otherwise() {
        let (database, check, token) = site();
        check.hears(Instant::now());
        let identify = || check.identify(&token, Asker::default()).now_or_never().unwrap().unwrap();
        let ann = identify();
        assert_eq!((ann.user.as_deref(), ann.session.as_deref()), (Some("ann"), Some("s1")));
        assert_eq!(identify(), ann);
        let asked = || database.0.load(Ordering::SeqCst);
        assert_eq!(asked(), 1);
        for (times, (key, body)) in [
            ("session.call.end", r#"{"key": {"id": "s1"}}"#),
            ("session.call.end_all", r#"{"key": null, "data": {"user": "ann"}}"#),
            ("user.call.put_roles", r#"{"key": {"id": "u1"}, "data": {}}"#),
            ("user.delete", r#"{"key": {"id": "u1"}}"#),
            ("user.call.put_lock", "{}"),
            ("session.call.end", "no JSON"),
        ]
        .into_iter()
        .enumerate()
        {
            check.hear(&[(key.to_owned(), body.as_bytes().to_vec())]);
            identify();
            identify();
            assert_eq!(asked(), 2 + times, "{key} {body}");
        }
        check.hear(&[("session.call.end".to_owned(), br#"{"key": {"id": "s2"}}"#.to_vec())]);
        identify();
        assert_eq!(asked(), 7, "another session");
    }

    #[test]
    fn what_is_no_token_costs_the_database_nothing() {
        let (database, check, _) = site();
        for wrong in ["", "short", &"A".repeat(44), &"A".repeat(100_000)] {
            let error = check.identify(wrong, Asker::default()).now_or_never().unwrap().unwrap_err();
            assert_eq!(error.code, ErrorCode::Unauthenticated);
        }
        assert_eq!(database.0.load(Ordering::SeqCst), 0);
    }

    /// `cargo test --release -p beds-services --lib -- --ignored --nocapture checks_a_second`
    #[test]
    #[ignore = "a measurement"]
    fn checks_a_second() {
        let (_, check, token) = site();
        let (begun, mut count) = (Instant::now(), 0_u32);
        while begun.elapsed() < Duration::from_secs(2) {
            check.hears(Instant::now());
            for _ in 0..1_000 {
                check.identify(&token, Asker::default()).now_or_never().unwrap().unwrap();
            }
            count += 1_000;
        }
        println!(
            "{:.0} checks a second from memory, on one core",
            f64::from(count) / begun.elapsed().as_secs_f64()
        );
    }
}
