//! [`Fleet`]: one node's view of all nodes, and commands to them.
//!
//! Each node reports its state when it begins to listen, at each change, and every few seconds. All nodes report to a
//! node that begins to listen. So each node knows the others without a list that somebody maintains. A command is sent
//! to all nodes. The addressed nodes obey, and answer the sender, which knows whose answers are missing.

mod asking;
mod members;
mod message;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use beds_core::error::{Error, Result};
use beds_protocol::{ErrorCode, Service};
use futures_util::future::BoxFuture;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout_at,
};
use uuid::Uuid;

use members::Members;
pub(crate) use members::is_restart;
pub use members::{BEAT, Known, SILENT};
use message::Message;
pub use message::{Answer, Command, Member, Pooled, State, Target};

/// How long a node that begins to listen waits for the reports of the others, before it relies on knowing them.
const SETTLED: Duration = Duration::from_millis(700);
/// How long a node's report stays in another node's queue.
const LASTS: Duration = Duration::from_secs(30);

/// The transport of the messages.
pub trait Voice: fmt::Debug + Send + Sync {
    /// Sends a message to one node, or to all. A node that does not receive it within `lasts` never does.
    ///
    /// # Errors
    /// Why it was not sent.
    fn say(
        &self,
        to: Option<Uuid>,
        lasts: Duration,
        body: Vec<u8>,
    ) -> BoxFuture<'_, std::result::Result<(), String>>;

    /// Whether a node is connected. A node that has ended is not, from the moment when its connection broke.
    ///
    /// # Errors
    /// Why it is not known.
    fn reaches(&self, node: Uuid) -> BoxFuture<'_, std::result::Result<bool, String>>;
}

/// A command to this node, with a channel for the answer.
#[derive(Debug)]
pub struct Told {
    /// The command.
    pub command: Command,
    /// Takes the result.
    pub answer: oneshot::Sender<Result<serde_json::Value>>,
}

/// The nodes, as this node knows them.
#[derive(Debug)]
pub struct Fleet {
    voice: Box<dyn Voice>,
    told: mpsc::Sender<Told>,
    /// Refuses a command that no node can obey.
    check: fn(&Command) -> Result<()>,
    me: watch::Sender<Member>,
    members: Mutex<Members>,
    gathering: Mutex<BTreeMap<Uuid, mpsc::Sender<Answer>>>,
    started: Instant,
    /// Since when the node listens.
    since: watch::Sender<Option<Instant>>,
}

/// Where else a template is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// By the node of this name.
    Node(String),
    /// By no node.
    Nowhere,
    /// This node has just started, and does not know the others yet.
    Unknown,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fleet {
    /// The fleet of a node. The node gets its commands through `told`. `check` refuses commands that no node can obey.
    #[must_use]
    pub fn new(
        me: Member,
        voice: Box<dyn Voice>,
        told: mpsc::Sender<Told>,
        check: fn(&Command) -> Result<()>,
    ) -> Self {
        Self {
            voice,
            told,
            check,
            me: watch::Sender::new(me),
            members: Mutex::default(),
            gathering: Mutex::default(),
            started: Instant::now(),
            since: watch::Sender::new(None),
        }
    }

    /// The report of this node.
    #[must_use]
    pub fn me(&self) -> Member {
        self.me.borrow().clone()
    }

    /// The nodes that were heard, this one included.
    #[must_use]
    pub fn known(&self) -> Vec<Known> {
        lock(&self.members).all().cloned().collect()
    }

    /// Which other node of a service has such templates. A node that has just left may be starting again, so it counts
    /// as long as a node that is not heard any more.
    #[must_use]
    pub fn elsewhere(&self, service: Service, has: impl Fn(&BTreeMap<String, String>) -> bool) -> Elsewhere {
        let (now, instance) = (Instant::now(), self.me.borrow().instance);
        let is_it = |known: &&Known| {
            let Member { instance: its, services, templates, .. } = &known.member;
            !known.is_silent(now) && *its != instance && services.contains(&service) && has(templates)
        };
        if let Some(known) = lock(&self.members).all_and_left().find(is_it) {
            return Elsewhere::Node(known.member.node.clone());
        }
        let is_settled = self.since.borrow().is_some_and(|since| now.duration_since(since) >= SETTLED);
        // A fleet that cannot be heard does not hold requests back for ever.
        if is_settled || now.duration_since(self.started) > SILENT {
            Elsewhere::Nowhere
        } else {
            Elsewhere::Unknown
        }
    }

    /// The node listens from now on.
    pub async fn connected(&self) {
        self.since.send_replace(Some(Instant::now()));
        self.say(None, LASTS, &Message::Hello { from: Box::new(self.me()) }).await;
    }

    /// Receives the report of this node whenever its state, its reason or its brokers change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Member> {
        self.me.subscribe()
    }

    /// Changes the report of this node, and sends it.
    pub async fn beat(&self, change: impl FnOnce(&mut Member)) {
        self.me.send_if_modified(|me| {
            let (state, reason, brokers) = (me.state, me.reason.clone(), me.brokers.clone());
            change(me);
            (state, &reason, &brokers) != (me.state, &me.reason, &me.brokers)
        });
        self.say(None, LASTS, &Message::Here { from: Box::new(self.me()) }).await;
    }

    /// Announces that this node stops.
    pub async fn leave(&self) {
        let instance = self.me.borrow().instance;
        self.say(None, LASTS, &Message::Gone { instance }).await;
    }

    /// Sends a message that may be lost. Returns whether it was sent.
    async fn say(&self, to: Option<Uuid>, lasts: Duration, message: &Message) -> bool {
        let Ok(body) = serde_json::to_vec(message) else { return false };
        self.voice.say(to, lasts, body).await.is_ok()
    }

    /// Handles a message from a node. A message that cannot be read comes from another version, and is ignored.
    pub async fn hear(self: &Arc<Self>, body: &[u8]) {
        match serde_json::from_slice(body) {
            Ok(Message::Hello { from }) => {
                let instance = from.instance;
                self.heard(*from);
                let me = self.me();
                if instance != me.instance {
                    self.say(Some(instance), LASTS, &Message::Here { from: Box::new(me) }).await;
                }
            }
            Ok(Message::Here { from }) => self.heard(*from),
            Ok(Message::Gone { instance }) => lock(&self.members).gone(instance, Instant::now()),
            Ok(Message::Command { id, from, to, until_ms, command }) => {
                let left = until_ms.saturating_sub(unix_ms());
                if left > 0 && to.means(&self.me()) {
                    // Runs beside the handling of further messages.
                    tokio::spawn(Arc::clone(self).obey((id, from), Duration::from_millis(left), command));
                }
            }
            Ok(Message::Answer { id, answer }) => {
                let gathering = lock(&self.gathering).get(&id).cloned();
                // Nobody waits for the answer any more, or there are too many. Its node counts as one that did not
                // answer.
                let is_heard = gathering.is_some_and(|gathering| gathering.try_send(answer).is_ok());
                if !is_heard {
                    tracing::debug!(%id, "an answer came too late");
                }
            }
            Err(_) => {}
        }
    }

    /// Records the report of a node. The shared filesystems are compared at the start. A node that was not heard at
    /// that time may report now, so they are compared here again.
    fn heard(&self, from: Member) {
        let mine = self.me().filesystem;
        let (node, theirs) = (from.node.clone(), from.filesystem);
        let is_new = lock(&self.members).heard(from, Instant::now());
        if let (true, Some(mine), Some(theirs)) = (is_new, mine, theirs)
            && mine != theirs
        {
            tracing::warn!(
                node, %mine, %theirs,
                "a node uses another shared filesystem than this one: mount the same on both"
            );
        }
    }

    async fn obey(self: Arc<Self>, (id, from): (Uuid, Uuid), left: Duration, command: Command) {
        let until = tokio::time::Instant::now() + left;
        let (answer, given) = oneshot::channel();
        let given = match self.told.try_send(Told { command, answer }) {
            Ok(()) => match timeout_at(until, given).await {
                Ok(Ok(given)) => given,
                Ok(Err(_)) => Err(Error::new(ErrorCode::Unavailable, "the node is stopping")),
                Err(_) => return,
            },
            Err(_) => Err(Error::new(ErrorCode::Overloaded, "too many commands are waiting at the node")),
        };
        let Member { node, instance, .. } = self.me();
        let answer = Answer::of(node, instance, given);
        self.say(Some(from), LASTS, &Message::Answer { id, answer }).await;
    }

    /// The name of a node that uses another shared filesystem than this node; `None` if all use the same.
    ///
    /// # Errors
    /// If this node does not know the others by then.
    pub async fn other_filesystem(&self, until: Instant) -> Result<Option<String>> {
        self.settled(until).await?;
        let mine = self.me.borrow().filesystem;
        let is_other = |known: &&Known| {
            let theirs = known.member.filesystem;
            !known.is_silent(Instant::now()) && theirs.is_some() && theirs != mine
        };
        Ok(lock(&self.members).all().find(is_other).map(|known| known.member.node.clone()))
    }

    /// Waits until this node knows the others.
    async fn settled(&self, until: Instant) -> Result<()> {
        let mut since = self.since.subscribe();
        let settled = async {
            // `self` holds the sender, so the wait cannot fail.
            let heard = since.wait_for(Option::is_some).await.ok().and_then(|since| *since);
            if let Some(heard) = heard {
                tokio::time::sleep_until((heard + SETTLED).into()).await;
            }
        };
        timeout_at(until.into(), settled).await.map_err(|_| {
            let message = "the node is not connected to the others yet";
            Error::new(ErrorCode::Unavailable, message).retryable()
        })
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
