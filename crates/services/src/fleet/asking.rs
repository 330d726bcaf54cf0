//! Commands to nodes, and their answers.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use beds_core::error::{Error, Result};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;
use tokio::{sync::mpsc, time::timeout_at};
use uuid::Uuid;

use super::{Answer, Command, Fleet, Known, Member, Message, Target, lock, unix_ms};

/// How long before the deadline the answers are returned.
const MARGIN: Duration = Duration::from_millis(500);
/// How many answers may wait to be gathered.
const ANSWERS_MAX: usize = 1_024;
/// After this time without its answer, it is asked whether a node is connected at all.
const PROMPT: Duration = Duration::from_millis(500);

impl Fleet {
    /// Sends a command to the addressed nodes, and gathers their answers until all have come or the time is over. The
    /// time is `wait`, and never ends later than shortly before `deadline`. A node that is not connected is not waited
    /// for.
    ///
    /// # Errors
    /// No node can obey the command, the target addresses no node, or the command could not be sent.
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
        let (sender, answers) = mpsc::channel(ANSWERS_MAX);
        lock(&self.gathering).insert(id, sender);
        let gathering = Gathering { fleet: self, id };
        let left = until.saturating_duration_since(Instant::now());
        let until_ms = unix_ms() + u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        let from = self.me.borrow().instance;
        let message = Message::Command { id, from, to: target, until_ms, command };
        self.command(&message, left, until).await?;
        let said = Instant::now();
        // A silent node may answer, but is not waited for.
        let awaited = meant.iter().filter(|known| !known.is_silent(said)).map(|known| known.member.instance);
        let mut gathered = Gathered { awaited: awaited.collect(), answers, given: BTreeMap::new() };
        gathered.until(until.min(said + PROMPT)).await;
        let ended = self.not_connected(&gathered.awaited, until).await;
        gathered.awaited.retain(|instance| !ended.contains(instance));
        gathered.until(until).await;
        drop(gathering);
        Ok(gathered.all(meant, &ended))
    }

    async fn command(&self, message: &Message, lasts: Duration, until: Instant) -> Result<()> {
        let body = serde_json::to_vec(message)
            .map_err(|error| Error::internal(format!("a command has no JSON form: {error}")))?;
        let not_said = |reason: String| {
            Error::new(ErrorCode::Unavailable, "the nodes could not be told").hint(reason).retryable()
        };
        match timeout_at(until.into(), self.voice.say(None, lasts, body)).await {
            Ok(said) => said.map_err(not_said),
            Err(_) => Err(not_said("RabbitMQ did not take it in time".to_owned())),
        }
    }

    /// Those of the nodes that are not connected any more.
    async fn not_connected(&self, nodes: &[Uuid], until: Instant) -> Vec<Uuid> {
        let asked = nodes.iter().map(|&instance| async move {
            let reached = timeout_at(until.into(), self.voice.reaches(instance)).await;
            // A node is waited for unless it is known to be gone.
            matches!(reached, Ok(Ok(false))).then_some(instance)
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}

/// The answers so far.
struct Gathered {
    awaited: Vec<Uuid>,
    answers: mpsc::Receiver<Answer>,
    given: BTreeMap<Uuid, Answer>,
}

impl Gathered {
    /// Gathers answers until all have come, or the time is over.
    async fn until(&mut self, until: Instant) {
        while !self.awaited.is_empty() {
            let Ok(Some(answer)) = timeout_at(until.into(), self.answers.recv()).await else { return };
            self.awaited.retain(|instance| *instance != answer.instance);
            self.given.insert(answer.instance, answer);
        }
    }

    /// The answers, and one for each node without an answer.
    fn all(mut self, meant: Vec<Known>, ended: &[Uuid]) -> Vec<Answer> {
        for Known { member: Member { node, instance, .. }, heard } in meant {
            self.given.entry(instance).or_insert_with(|| {
                let ago = heard.elapsed().as_secs();
                let error = if ended.contains(&instance) {
                    let message = format!("the node is not connected; it was last heard {ago} s ago");
                    Error::new(ErrorCode::Unavailable, message)
                        .hint(
                            "it has ended, or lost RabbitMQ, and may have obeyed the command before; `node.call.ping` shows whether it is back",
                        )
                } else {
                    let message = format!("the node did not answer; it was last heard {ago} s ago");
                    Error::new(ErrorCode::DeadlineExceeded, message).hint(
                        "it may have obeyed the command; `node.call.ping` shows whether the node is there",
                    )
                };
                Answer::of(node, instance, Err(error))
            });
        }
        let mut given: Vec<_> = self.given.into_values().collect();
        given.sort_by(|one, other| (&one.node, one.instance).cmp(&(&other.node, other.instance)));
        given
    }
}

/// Gathers answers until it is dropped.
struct Gathering<'a> {
    fleet: &'a Fleet,
    id: Uuid,
}

impl Drop for Gathering<'_> {
    fn drop(&mut self) {
        lock(&self.fleet.gathering).remove(&self.id);
    }
}
