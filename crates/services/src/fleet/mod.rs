//! [`Fleet`]: the nodes, as one of them knows them, and commands to them.
//!
//! Each node says how it is when it begins to hear, whenever that changes, and every few seconds; who begins to hear is told
//! by all. So each knows the others without a list that somebody keeps. A command is said to all, and who is meant obeys and
//! answers to the one that asked, which knows whose answers are missing.

mod members;
mod message;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use beds_core::error::{Error, Result};
use beds_protocol::ErrorCode;
use futures_util::future::BoxFuture;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout_at,
};
use uuid::Uuid;

use members::Members;
pub use members::{BEAT, Known, SILENT};
use message::Message;
pub use message::{Answer, Command, Member, Pooled, State, Target};

/// How long a node that begins to hear waits for the others to say how they are, before it counts on knowing them.
const SETTLED: Duration = Duration::from_millis(700);
/// How long before the deadline the answers are given.
const MARGIN: Duration = Duration::from_millis(500);
/// How long what a node says of itself lasts in another's queue.
const LASTS: Duration = Duration::from_secs(30);
/// How many answers wait to be gathered.
const ANSWERS_MAX: usize = 1_024;

/// What carries what is said.
pub trait Voice: fmt::Debug + Send + Sync {
    /// Says something to one node, or to all, who hear it within `lasts` or not at all.
    ///
    /// # Errors
    /// Why it was not said.
    fn say(
        &self,
        to: Option<Uuid>,
        lasts: Duration,
        body: Vec<u8>,
    ) -> BoxFuture<'_, std::result::Result<(), String>>;
}

/// What this node is told, with a way for its answer.
#[derive(Debug)]
pub struct Told {
    /// What it is to do.
    pub command: Command,
    /// Hears what it gives.
    pub answer: oneshot::Sender<Result<serde_json::Value>>,
}

/// The nodes, as this one knows them.
#[derive(Debug)]
pub struct Fleet {
    voice: Box<dyn Voice>,
    told: mpsc::Sender<Told>,
    /// Whether a command can be obeyed by any node.
    check: fn(&Command) -> Result<()>,
    me: Mutex<Member>,
    members: Mutex<Members>,
    gathering: Mutex<BTreeMap<Uuid, mpsc::Sender<Answer>>>,
    /// Since when it hears.
    since: watch::Sender<Option<Instant>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fleet {
    /// The fleet of a node, which is told what it is to do by `told`. `check` refuses commands that no node can obey.
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
            me: Mutex::new(me),
            members: Mutex::default(),
            gathering: Mutex::default(),
            since: watch::Sender::new(None),
        }
    }

    /// What this node says of itself.
    #[must_use]
    pub fn me(&self) -> Member {
        lock(&self.me).clone()
    }

    /// The nodes that were heard, this one included.
    #[must_use]
    pub fn known(&self) -> Vec<Known> {
        lock(&self.members).all().cloned().collect()
    }

    /// It hears from now on.
    pub async fn connected(&self) {
        self.since.send_replace(Some(Instant::now()));
        self.say(None, LASTS, &Message::Hello { from: Box::new(self.me()) }).await;
    }

    /// Changes what this node says of itself, and says it.
    pub async fn beat(&self, change: impl FnOnce(&mut Member)) {
        let from = {
            let mut me = lock(&self.me);
            change(&mut me);
            Box::new(me.clone())
        };
        self.say(None, LASTS, &Message::Here { from }).await;
    }

    /// Says that this node ends.
    pub async fn leave(&self) {
        let instance = lock(&self.me).instance;
        self.say(None, LASTS, &Message::Gone { instance }).await;
    }

    /// Says what need not be heard; gives whether it was said.
    async fn say(&self, to: Option<Uuid>, lasts: Duration, message: &Message) -> bool {
        let Ok(body) = serde_json::to_vec(message) else { return false };
        self.voice.say(to, lasts, body).await.is_ok()
    }

    /// Hears what a node says. What it does not understand is of another version, and none of its business.
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
                    // Beside what else is said.
                    tokio::spawn(Arc::clone(self).obey((id, from), Duration::from_millis(left), command));
                }
            }
            Ok(Message::Answer { id, answer }) => {
                let gathering = lock(&self.gathering).get(&id).cloned();
                // Whom nobody waits for any more, or too many: it is told as one that did not answer.
                let is_heard = gathering.is_some_and(|gathering| gathering.try_send(answer).is_ok());
                if !is_heard {
                    tracing::debug!(%id, "an answer came too late");
                }
            }
            Err(_) => {}
        }
    }

    /// Knows a node that says how it is. Whether all use one shared filesystem is compared at the start, and who was not heard then
    /// may be heard now.
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
                Ok(Err(_)) => Err(Error::new(ErrorCode::Unavailable, "the node ends")),
                Err(_) => return,
            },
            Err(_) => {
                Err(Error::new(ErrorCode::Overloaded, "the node has too many commands before this one"))
            }
        };
        let Member { node, instance, .. } = self.me();
        let answer = Answer::of(node, instance, given);
        self.say(Some(from), LASTS, &Message::Answer { id, answer }).await;
    }

    /// Tells the nodes that are meant, and gathers what they answer until all have, or until the time is over: `wait`, and
    /// never later than shortly before `deadline`.
    ///
    /// # Errors
    /// Where the command can be obeyed by nobody, nobody is meant, or it could not be said.
    pub async fn ask(
        &self,
        target: Target,
        command: Command,
        deadline: Instant,
        wait: Option<Duration>,
    ) -> Result<Vec<Answer>> {
        (self.check)(&command)?;
        let now = Instant::now();
        let latest = deadline.checked_sub(MARGIN).unwrap_or(now);
        let until = wait.map_or(latest, |wait| latest.min(now + wait));
        self.settled(until).await?;
        let meant = lock(&self.members).meant(&target)?;
        let id = Uuid::now_v7();
        let (sender, mut answers) = mpsc::channel(ANSWERS_MAX);
        lock(&self.gathering).insert(id, sender);
        let gathering = Gathering { fleet: self, id };
        let left = until.saturating_duration_since(Instant::now());
        let until_ms = unix_ms() + u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        let from = lock(&self.me).instance;
        let message = Message::Command { id, from, to: target, until_ms, command };
        let body = serde_json::to_vec(&message)
            .map_err(|error| Error::internal(format!("a command has no JSON form: {error}")))?;
        let not_said = |reason: String| {
            Error::new(ErrorCode::Unavailable, "the nodes could not be told").hint(reason).retryable()
        };
        match timeout_at(until.into(), self.voice.say(None, left, body)).await {
            Ok(said) => said.map_err(not_said)?,
            Err(_) => return Err(not_said("RabbitMQ did not take it in time".to_owned())),
        }
        let mut given: BTreeMap<Uuid, Answer> = BTreeMap::new();
        let said = Instant::now();
        // Who is silent may answer, and is not waited for.
        let mut awaited: Vec<Uuid> =
            meant.iter().filter(|known| !known.is_silent(said)).map(|known| known.member.instance).collect();
        while !awaited.is_empty() {
            let Ok(Some(answer)) = timeout_at(until.into(), answers.recv()).await else { break };
            awaited.retain(|instance| *instance != answer.instance);
            given.insert(answer.instance, answer);
        }
        drop(gathering);
        for Known { member, heard } in meant {
            given.entry(member.instance).or_insert_with(|| {
                let message =
                    format!("the node did not answer; it was last heard {} s ago", heard.elapsed().as_secs());
                let error = Error::new(ErrorCode::DeadlineExceeded, message)
                    .hint("it may have done it; `node.call.ping` tells whether it is there");
                Answer::of(member.node, member.instance, Err(error))
            });
        }
        let mut given: Vec<_> = given.into_values().collect();
        given.sort_by(|one, other| (&one.node, one.instance).cmp(&(&other.node, other.instance)));
        Ok(given)
    }

    /// The name of a node whose shared filesystem is not the one that this node uses; none where all use the same.
    ///
    /// # Errors
    /// Where this node does not know the others by then.
    pub async fn other_filesystem(&self, until: Instant) -> Result<Option<String>> {
        self.settled(until).await?;
        let mine = lock(&self.me).filesystem;
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
            // The sender is here.
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

/// Answers are gathered; no longer once it is dropped.
struct Gathering<'a> {
    fleet: &'a Fleet,
    id: Uuid,
}

impl Drop for Gathering<'_> {
    fn drop(&mut self) {
        lock(&self.fleet.gathering).remove(&self.id);
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
