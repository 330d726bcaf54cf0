//! [`Worker`]: takes due jobs, and works on them chunk by chunk.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use beds_core::{
    Error, Result, Runner,
    access::{Rules, Standing},
    backoff::Backoff,
    context::Context,
    extensions::Extensions,
    plan::Asker,
    settings::Limits,
    spec::Domain,
};
use beds_protocol::ErrorCode;
use futures_util::FutureExt as _;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{debug, info, warn};

use super::{
    kind::{Job, Kind, Next, Step},
    pace::{Pace, Rate},
    settings::Jobs,
    store::{Go, Lease, Left, Store},
};

/// The shortest pause while a server cannot be reached.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// How long a job waits that this node cannot work on, so that another node takes it.
const ELSEWHERE_S: u32 = 5;
/// How often old ended jobs are deleted.
const PURGE_EVERY: Duration = Duration::from_mins(1);
/// All jobs together count as this one client among the clients of a database. So they take no larger share than one
/// client does.
const CLIENT: u64 = 0x6a6f_6273;

/// What a node needs to work on jobs.
#[derive(Debug)]
pub struct Base {
    /// Runs plans.
    pub runner: Arc<dyn Runner>,
    /// The limits of a request.
    pub limits: Arc<Limits>,
    /// Checks the rights of the users who started the jobs.
    pub rules: Arc<Rules>,
    /// The extensions that functions of domains use.
    pub extensions: Arc<Extensions>,
}

/// Works on jobs.
#[derive(Debug)]
pub struct Worker {
    store: Store,
    kinds: Vec<Arc<dyn Kind>>,
    base: Base,
    settings: Jobs,
    /// Notified when a job was started on this node.
    started: Arc<Notify>,
}

impl Worker {
    /// A worker for jobs in this domain; `None` if the domain lacks a necessary call.
    #[must_use]
    pub fn new(
        domain: &'static Domain,
        base: Base,
        node: String,
        settings: Jobs,
        kinds: Vec<Arc<dyn Kind>>,
        started: Arc<Notify>,
    ) -> Option<Self> {
        let store = Store::new(domain, Arc::clone(&base.runner), node, settings.lease_s)?;
        Some(Self { store, kinds, base, settings, started })
    }

    /// Works while `works` is true, until its sender is gone. Then it finishes the running chunks, and gives the jobs
    /// back.
    pub async fn run(self, works: watch::Receiver<bool>) {
        let worker = Arc::new(self);
        let mut tasks = JoinSet::new();
        for _ in 0..worker.settings.at_once {
            let (worker, works) = (Arc::clone(&worker), works.clone());
            tasks.spawn(async move { worker.take_for_ever(works).await });
        }
        tasks.spawn(async move { worker.purge_for_ever(works).await });
        while tasks.join_next().await.is_some() {}
    }

    async fn take_for_ever(&self, mut works: watch::Receiver<bool>) {
        let (mut backoff, mut is_told) = (Backoff::new(PAUSE_MIN, PAUSE_MAX), false);
        let kinds: Vec<&'static str> = self.kinds.iter().map(|kind| kind.name()).collect();
        while works.wait_for(|works| *works).await.is_ok() {
            let asked = Instant::now();
            let pause = match self.store.take(&kinds).await {
                Ok(Some(lease)) => {
                    backoff.reset();
                    self.work(lease, asked, &works).await;
                    continue;
                }
                Ok(None) => {
                    backoff.reset();
                    is_told = false;
                    self.settings.poll_ms.duration()
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_told, true) {
                        warn!("looking for jobs failed, and is retried: {error}");
                    }
                    backoff.pause()
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.started.notified() => {}
                _ = works.wait_for(|works| !*works) => {}
            }
        }
    }

    /// Works on a job until the job ends, or the worker has to leave it.
    async fn work(&self, mut lease: Lease, taken: Instant, works: &watch::Receiver<bool>) {
        let kind = self.kinds.iter().find(|kind| kind.name() == lease.kind);
        let Some(kind) = kind.cloned() else { return };
        info!(job = %lease.id, kind = lease.kind, done = lease.done, "works on a job");
        let asked_chunk = lease.arguments.get("chunk").and_then(beds_protocol::Json::as_u64);
        let whole =
            asked_chunk.and_then(|chunk| u32::try_from(chunk).ok()).unwrap_or(self.settings.chunk).max(1);
        let mut chunk = whole;
        let mut held_until = taken + self.lease();
        let (mut backoff, mut is_told) = (Backoff::new(PAUSE_MIN, PAUSE_MAX), false);
        let (mut rate, mut pace) = (Rate::of(lease.done), Pace::new(self.settings.records_per_s));
        loop {
            if !*works.borrow() {
                return self.leave(&lease, Left::Queued, 0, "the node stops").await;
            }
            // A chunk ends before the lease does, so that no two nodes work on a job.
            let left = held_until.saturating_duration_since(Instant::now()).saturating_sub(self.lease() / 6);
            let deadline = Instant::now() + left.min(self.lease() / 2);
            if left.is_zero() {
                warn!(job = %lease.id, "the lease has ended: another node goes on with the job");
                return;
            }
            let asked = Instant::now();
            match self.chunk(&*kind, &lease, chunk, deadline).await {
                Ok(step) => {
                    backoff.reset();
                    is_told = false;
                    // The overload may have been temporary, so chunks grow again.
                    chunk = chunk.saturating_add(chunk / 8 + 1).min(whole);
                    let (speed, kept) = (rate.after(step.done), Instant::now());
                    match self.keep(&lease, &step, speed, held_until).await {
                        Some(Go::On) => held_until = kept + self.lease(),
                        Some(ended) => {
                            info!(job = %lease.id, "leaves the job: {ended:?}");
                            return;
                        }
                        None => return,
                    }
                    if self.ends(&lease, &step.next).await {
                        return;
                    }
                    let done = step.done.saturating_sub(lease.done);
                    (lease.checkpoint, lease.total, lease.done) =
                        (Some(step.checkpoint), step.total, step.done);
                    lease.steps += 1;
                    sleep(pace.after(done, asked.elapsed()).min(self.lease() / 4)).await;
                }
                Err(error) if error.code == ErrorCode::UnknownTemplate => {
                    return self.leave(&lease, Left::Queued, ELSEWHERE_S, &error.to_string()).await;
                }
                Err(error) if may_pass(&error) || (error.code == ErrorCode::TooLarge && chunk > 1) => {
                    if matches!(error.code, ErrorCode::DeadlineExceeded | ErrorCode::TooLarge) {
                        chunk = (chunk / 2).max(1);
                    }
                    if !std::mem::replace(&mut is_told, true) {
                        warn!(job = %lease.id, "the job waits: {error}");
                    }
                    let asked = Instant::now();
                    match self.store.renew(&lease, &error.to_string()).await {
                        Ok(Go::On) => held_until = asked + self.lease(),
                        Ok(ended) => {
                            info!(job = %lease.id, "leaves the job: {ended:?}");
                            return;
                        }
                        // The database of jobs is away as well. The lease limits the wait.
                        Err(_) => {}
                    }
                    let mut works = works.clone();
                    let _ = timeout(backoff.pause(), works.wait_for(|works| !*works)).await;
                }
                Err(error) => {
                    warn!(job = %lease.id, "the job has failed: {error}");
                    return self.leave(&lease, Left::Failed, 0, &told(&error)).await;
                }
            }
        }
    }

    fn lease(&self) -> Duration {
        Duration::from_secs(self.settings.lease_s.into())
    }

    async fn chunk(&self, kind: &dyn Kind, lease: &Lease, chunk: u32, deadline: Instant) -> Result<Step> {
        let job = Job {
            id: lease.id,
            arguments: lease.arguments.clone(),
            checkpoint: lease.checkpoint.clone(),
            total: lease.total,
            done: lease.done,
            chunk,
            rejects_max: self.settings.rejects_max,
            lease: lease.epoch,
        };
        let Base { runner, limits, rules, extensions } = &self.base;
        let cx = Context {
            runner: Arc::clone(runner),
            limits: Arc::clone(limits),
            deadline,
            asker: Asker { client: CLIENT, is_part: true },
            standing: Standing::of_job(Arc::new(lease.caller.clone()), Arc::clone(rules)),
            request_id: format!("job {}", lease.id).into(),
            traceparent: None,
            claims: None,
            positions: Arc::default(),
            stages: Arc::default(),
            extensions: Arc::clone(extensions),
        };
        let step = AssertUnwindSafe(kind.step(&cx, &job)).catch_unwind().await;
        step.unwrap_or_else(|_| Err(Error::internal("the node failed while it worked on the job")))
    }

    /// Stores the result of a chunk; `None` if that is impossible while the lease lasts.
    async fn keep(&self, lease: &Lease, step: &Step, rate: Option<f64>, held_until: Instant) -> Option<Go> {
        let mut backoff = Backoff::new(PAUSE_MIN, PAUSE_MAX);
        loop {
            match self.store.step(lease, step, rate).await {
                Ok(go) => return Some(go),
                Err(error) if may_pass(&error) && Instant::now() < held_until => {
                    debug!(job = %lease.id, "the checkpoint is not stored yet: {error}");
                    sleep(backoff.pause()).await;
                }
                Err(error) => {
                    warn!(job = %lease.id, "the checkpoint cannot be stored, another node continues: {error}");
                    return None;
                }
            }
        }
    }

    /// Whether the job ends or pauses after this chunk.
    async fn ends(&self, lease: &Lease, next: &Next) -> bool {
        let (left, wait_s, result, reason) = match next {
            Next::Chunk => return false,
            Next::Done(result) => (Left::Done, 0, Some(result), None),
            Next::Failed(result, reason) => (Left::Failed, 0, Some(result), Some(reason.as_str())),
            Next::Pause(reason) => (Left::Paused, self.settings.resume_s, None, Some(reason.as_str())),
        };
        info!(job = %lease.id, "the job is {left:?}");
        if let Err(error) = self.store.leave(lease, left, wait_s, result, reason).await {
            warn!(job = %lease.id, "the end of the job is not stored, another node will take the job up: {error}");
        }
        true
    }

    async fn leave(&self, lease: &Lease, left: Left, wait_s: u32, reason: &str) {
        let kept = self.store.leave(lease, left, wait_s, None, Some(reason)).await;
        if let Err(error) = kept {
            warn!(job = %lease.id, "the job could not be released, its lease has to end: {error}");
        }
    }

    async fn purge_for_ever(&self, mut works: watch::Receiver<bool>) {
        let (mut pauses, mut is_told) = (Backoff::new(PURGE_EVERY, PURGE_EVERY), false);
        loop {
            tokio::select! {
                () = sleep(pauses.pause()) => {}
                // The sender is gone.
                Err(_) = works.wait_for(|_| false) => return,
            }
            loop {
                match self.store.purge(self.settings.keep_s).await {
                    Ok(0) => is_told = false,
                    Ok(_) => continue,
                    Err(error) => {
                        if !std::mem::replace(&mut is_told, true) {
                            warn!(
                                "jobs that ended long ago could not be removed: {error}; this is retried every \
                                 minute"
                            );
                        }
                    }
                }
                break;
            }
        }
    }
}

/// Whether an error may be temporary.
pub(crate) fn may_pass(error: &Error) -> bool {
    // This includes a write with an unknown effect: the next chunk finds out what was done.
    let passes =
        matches!(error.code, ErrorCode::Unavailable | ErrorCode::Overloaded | ErrorCode::DeadlineExceeded);
    error.retryable || passes
}

/// The whole text of an error.
fn told(error: &Error) -> String {
    let details = error.details.iter().map(|detail| format!("`{}` {}", detail.field, detail.reason));
    let details: Vec<_> = details.collect();
    if details.len() > 1 { format!("{error}: {}", details.join("; ")) } else { error.to_string() }
}
