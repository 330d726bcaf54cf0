//! A server, its connections, and jobs that do as they are told, on a clock that stands still.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use std::time::Duration;

use beds_core::{Error, Result, plan::Asker, stages::Stages};
use beds_lane::{Connect, Fate, Fault, Gate, Job, Lane, Member, Settings};
use beds_protocol::ErrorCode;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

/// What happened, in order, and how the server behaves.
#[derive(Debug, Default)]
pub(crate) struct World {
    log: Mutex<Vec<String>>,
    connections: AtomicUsize,
    /// Moments of the attempts to connect.
    pub(crate) attempts: Mutex<Vec<Instant>>,
    pub(crate) refuses: AtomicBool,
    pub(crate) unreachable: AtomicBool,
}

impl World {
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.log.lock().unwrap().push(text.into());
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// How often this was noted.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.log().iter().filter(|noted| *noted == text).count()
    }
}

#[derive(Debug)]
pub(crate) struct Server(pub Arc<World>);

/// A connection, by its number.
#[derive(Debug)]
pub(crate) struct Connection(usize);

impl Connect for Server {
    type Connection = Connection;

    async fn connect(&self) -> std::result::Result<Connection, String> {
        self.0.attempts.lock().unwrap().push(Instant::now());
        if self.0.refuses.load(Ordering::Relaxed) {
            return Err("refused".to_owned());
        }
        Ok(Connection(self.0.connections.fetch_add(1, Ordering::Relaxed)))
    }

    async fn close(&self, connection: Connection) {
        self.0.note(format!("close {}", connection.0));
    }

    fn server(&self) -> String {
        "fake".to_owned()
    }

    fn is_reachable(&self) -> bool {
        !self.0.unreachable.load(Ordering::Relaxed)
    }
}

/// What a job does, one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Wait(u64),
    /// Says something in the log.
    Say,
    Pass,
    Refuse,
    Abandon,
    Panic,
    /// Loses the connection.
    Lose,
    /// Loses the connection with this number.
    LoseOn(usize),
}

/// What becomes of a job in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Together {
    Done,
    Refused,
    Alone,
    /// The whole group is refused.
    Spoils,
    /// It gets no fate, nor do those after it.
    Forgotten,
}

/// A job whose future may be dropped midway, or not.
#[derive(Debug)]
pub(crate) struct Scripted<const CUT: bool> {
    name: String,
    steps: Vec<Step>,
    group: Option<usize>,
    kind: usize,
    size: u32,
    together: Together,
    world: Arc<World>,
}

impl<const CUT: bool> Scripted<CUT> {
    pub(crate) fn new(world: &Arc<World>, name: &str, steps: &[Step]) -> Self {
        Self {
            name: name.to_owned(),
            steps: steps.to_vec(),
            group: None,
            kind: 0,
            size: 1,
            together: Together::Done,
            world: Arc::clone(world),
        }
    }

    /// One of a kind, and of a size.
    pub(crate) fn of(mut self, kind: usize, size: u32) -> Self {
        self.kind = kind;
        self.size = size;
        self
    }

    pub(crate) fn in_group(mut self, group: usize, together: Together) -> Self {
        self.group = Some(group);
        if self.kind == 0 {
            self.kind = group;
        }
        self.together = together;
        self
    }

    async fn step(&self, step: Step, connection: &Connection, gate: &Gate) -> std::result::Result<(), Fault> {
        let lost = || Fault::Lost("the fake broke".to_owned());
        match step {
            Step::Wait(ms) => sleep(Duration::from_millis(ms)).await,
            Step::Say => tracing::warn!("{} says it", self.name),
            Step::Pass => {
                gate.pass().inspect_err(|_| self.world.note(format!("{} taken back", self.name)))?;
            }
            Step::Refuse => return Err(Fault::Refused(refusal(&self.name))),
            Step::Abandon => return Err(Fault::Abandoned(refusal(&self.name))),
            Step::Panic => panic!("{} was told to", self.name),
            Step::Lose => return Err(lost()),
            Step::LoseOn(number) if number == connection.0 => return Err(lost()),
            Step::LoseOn(_) => {}
        }
        Ok(())
    }
}

fn refusal(name: &str) -> Error {
    Error::new(ErrorCode::Conflict, name)
}

impl<const CUT: bool> Job for Scripted<CUT> {
    type Connection = Connection;
    type Output = String;

    const CAN_BE_CUT: bool = CUT;
    const GROUP_TIME: Option<Duration> = Some(GROUP_TIME);

    fn kind(&self) -> usize {
        self.kind
    }

    fn size(&self) -> u32 {
        self.size
    }

    async fn run(
        &self,
        connection: &mut Connection,
        gate: &Gate,
    ) -> std::result::Result<Self::Output, Fault> {
        self.world.note(format!("{} on {}", self.name, connection.0));
        for &step in &self.steps {
            self.step(step, connection, gate).await?;
        }
        self.world.note(format!("{} done", self.name));
        Ok(self.name.clone())
    }

    fn group(&self) -> Option<usize> {
        self.group
    }

    async fn run_group(
        jobs: &[Member<'_, Self>],
        connection: &mut Connection,
    ) -> std::result::Result<Vec<Fate<Self::Output>>, Fault> {
        let names: Vec<_> = jobs.iter().map(|member| member.job.name.as_str()).collect();
        let world = &jobs[0].job.world;
        world.note(format!("{} on {}", names.join("+"), connection.0));
        let mut fates = Vec::new();
        for Member { job, gate } in jobs {
            for &step in &job.steps {
                job.step(step, connection, gate).await?;
            }
            fates.push(match job.together {
                Together::Done => Fate::Done(format!("{} in a group", job.name)),
                Together::Refused => Fate::Refused(refusal(&job.name)),
                Together::Alone => Fate::Alone,
                Together::Spoils => return Err(Fault::Refused(refusal(&job.name))),
                Together::Forgotten => return Ok(fates),
            });
        }
        Ok(fates)
    }
}

/// How long a group may take.
pub(crate) const GROUP_TIME: Duration = Duration::from_millis(200);

/// A lane of jobs that may be cut.
pub(crate) type Cut = Lane<Scripted<true>>;

pub(crate) fn settings() -> Settings {
    Settings {
        engine: "fake",
        name: "fake".to_owned(),
        lane: "read",
        connections: 1,
        queue_max: 1_000,
        requests_max: 1_000,
        wait_max: Duration::from_mins(1),
        group_max: 100,
        groups_at_once: 2,
        connect_timeout: Duration::from_secs(1),
        patience: Duration::from_secs(2),
    }
}

/// A lane with these settings, connected.
pub(crate) async fn lane<const CUT: bool>(
    world: &Arc<World>,
    settings: Settings,
) -> Arc<Lane<Scripted<CUT>>> {
    let connections = settings.connections;
    let lane = Arc::new(Lane::open(settings, vec![Server(Arc::clone(world))]));
    until(|| world.connections.load(Ordering::Relaxed) == connections).await;
    lane
}

/// Runs a job in the background, within this many milliseconds; its place in the queue is taken on return.
pub(crate) async fn submit<const CUT: bool>(
    lane: &Arc<Lane<Scripted<CUT>>>,
    job: Scripted<CUT>,
    ms: u64,
) -> JoinHandle<Result<String>> {
    submit_as(0, lane, job, ms).await
}

/// The same for a client.
pub(crate) async fn submit_as<const CUT: bool>(
    client: u64,
    lane: &Arc<Lane<Scripted<CUT>>>,
    job: Scripted<CUT>,
    ms: u64,
) -> JoinHandle<Result<String>> {
    let lane = Arc::clone(lane);
    let deadline = Instant::now() + Duration::from_millis(ms);
    let asker = Asker { client, is_part: false };
    let running = tokio::spawn(async move { lane.run(job, asker, deadline, &Stages::default()).await });
    settle().await;
    running
}

/// Runs a job to its answer.
pub(crate) async fn run<const CUT: bool>(
    lane: &Arc<Lane<Scripted<CUT>>>,
    job: Scripted<CUT>,
    ms: u64,
) -> Result<String> {
    let deadline = Instant::now() + Duration::from_millis(ms);
    lane.run(job, Asker::default(), deadline, &Stages::default()).await
}

/// Lets every task go as far as it can without the clock.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Waits until this holds; the clock is bounded.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_mins(10), "it never held");
        // The paused clock only moves when every task waits.
        sleep(Duration::from_millis(1)).await;
    }
}
