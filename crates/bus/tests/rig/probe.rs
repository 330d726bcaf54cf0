//! A service that does as the operation says, and counts how often it is asked.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use beds_core::{
    error::Error,
    service::{Incoming, Reply, Service, Verdict},
};
use beds_protocol::{Broker, ErrorCode};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

/// What the ids of a pulse's requests begin with.
pub const BEAT: &str = "beat-";

/// Counts what it is asked, by the request's id. The requests of a pulse are not counted, and do not wait for the gate.
pub struct Probe {
    asked: Mutex<BTreeMap<String, u32>>,
    /// Whether requests may end.
    open: watch::Receiver<bool>,
    /// Whether what `probe.away` needs is away.
    pub is_away: AtomicBool,
}

impl Probe {
    pub fn new(open: watch::Receiver<bool>) -> Self {
        Self { asked: Mutex::default(), open, is_away: AtomicBool::new(false) }
    }

    pub fn asked(&self) -> BTreeMap<String, u32> {
        self.asked.lock().unwrap().clone()
    }
}

impl Service for Probe {
    fn keys(&self) -> Vec<(Broker, String)> {
        let of = |broker, template, names: &[&str]| {
            let keys = names.iter().map(|name| (broker, format!("{template}.{name}")));
            keys.collect::<Vec<_>>()
        };
        let mut keys =
            of(Broker::AppWrite, "probe", &["reply", "done", "retry", "dead", "whole", "away", "big"]);
        keys.extend(of(Broker::AppRead, "look", &["reply", "dead", "big"]));
        keys.extend(of(Broker::AdminIn, "beat", &["reply"]));
        keys
    }

    fn accepts(&self, _: &str) -> bool {
        true
    }

    fn handle<'a>(&'a self, incoming: Incoming<'a>) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let (template, operation) = incoming.routing_key.split_once('.').unwrap();
            if template == "beat" || incoming.request_id.starts_with(BEAT) {
                return Verdict::Reply(Reply::ok(None, Vec::new()));
            }
            let times = {
                let mut asked = self.asked.lock().unwrap();
                let times = asked.entry(incoming.request_id.to_owned()).or_default();
                *times += 1;
                *times
            };
            let is_away = operation == "away" && self.is_away.load(Ordering::Relaxed);
            if !is_away {
                self.open.clone().wait_for(|open| *open).await.unwrap();
            }
            let error = || Error::new(ErrorCode::Unavailable, "not now");
            match operation {
                "reply" => Verdict::Reply(Reply::ok(Some("hash"), incoming.body.to_vec())),
                "big" => {
                    let length = std::str::from_utf8(incoming.body).unwrap().parse().unwrap();
                    Verdict::Reply(Reply::ok(Some("hash"), vec![b'x'; length]))
                }
                "away" if is_away => Verdict::Retry(error()),
                "retry" if times < 3 => Verdict::Retry(error()),
                "dead" | "whole" => Verdict::Dead(error()),
                _ => Verdict::Done,
            }
        })
    }

    fn shown<'a>(&self, routing_key: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
        if routing_key.ends_with("whole") { body.into() } else { Cow::Borrowed(b"masked") }
    }
}
