//! [`Status`]: whether the pool serves; and the board on which its parts report.

use std::sync::{Arc, Mutex, PoisonError};

use beds_protocol::Broker;
use futures_util::future::select_all;
use tokio::sync::watch;
use tracing::info;

use crate::config::Pool;

/// Whether the pool serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The pool is not connected to RabbitMQ, or cannot consume from one of its queues. The text says why.
    Connecting(Arc<str>),
    /// Its consumers are on their queues, and requests arrive there.
    Serving,
    /// Its consumers are on their queues, but requests may not arrive there. The text says why.
    Unrouted(Arc<str>),
    /// The pool was told to drain: it finishes the requests it has taken, and takes no more until it is told to resume.
    Draining,
    /// The pool was told to drain, and has finished.
    Drained,
    /// The pool finishes the requests it has taken, and takes no more.
    Stopping,
}

/// The worst of several statuses, as one. It is kept up to date until all receivers are gone.
pub(crate) fn together(mut parts: Vec<watch::Receiver<Status>>) -> watch::Receiver<Status> {
    if parts.len() < 2 {
        return parts.pop().unwrap_or_else(|| watch::channel(Status::Serving).1);
    }
    let worst = |parts: &mut [watch::Receiver<Status>]| {
        let all = parts.iter_mut().map(|part| part.borrow_and_update().clone());
        all.max_by_key(Status::rank).unwrap_or(Status::Serving)
    };
    let (sender, receiver) = watch::channel(worst(&mut parts));
    tokio::spawn(async move {
        loop {
            let changed = select_all(parts.iter_mut().map(|part| Box::pin(part.changed())));
            tokio::select! {
                () = sender.closed() => return,
                (changed, ..) = changed => if changed.is_err() { return },
            }
            let now = worst(&mut parts);
            sender.send_if_modified(|status| std::mem::replace(status, now.clone()) != now);
        }
    });
    receiver
}

impl Status {
    /// How bad it is.
    const fn rank(&self) -> u8 {
        match self {
            Self::Serving => 0,
            Self::Unrouted(_) => 1,
            Self::Connecting(_) => 2,
            Self::Drained => 3,
            Self::Draining => 4,
            Self::Stopping => 5,
        }
    }
}

/// The board on which the parts of a pool report their state.
#[derive(Debug)]
pub(crate) struct Board {
    parts: Mutex<Parts>,
    status: watch::Sender<Status>,
}

#[derive(Debug)]
struct Parts {
    is_stopping: bool,
    is_draining: bool,
    /// Why no confirmed message can be published.
    publishing: Option<Arc<str>>,
    /// Why the topology cannot be declared.
    topology: Option<Arc<str>>,
    brokers: Vec<(Broker, Part)>,
}

#[derive(Debug)]
struct Part {
    instances: usize,
    open: usize,
    /// Why it cannot consume.
    why: Option<Arc<str>>,
    /// Whether it has drained, and so is not to consume.
    is_closed: bool,
}

impl Board {
    /// Of a pool that starts.
    pub(crate) fn new(brokers: &[(Broker, Pool)]) -> Self {
        let starts: Arc<str> = "the node starts".into();
        let part = |(broker, pool): &(Broker, Pool)| {
            (
                *broker,
                Part {
                    instances: pool.instances.into(),
                    open: 0,
                    why: Some(Arc::clone(&starts)),
                    is_closed: false,
                },
            )
        };
        let brokers = brokers.iter().map(part).collect();
        let status = watch::Sender::new(Status::Connecting(Arc::clone(&starts)));
        let parts = Parts {
            is_stopping: false,
            is_draining: false,
            publishing: Some(starts),
            topology: None,
            brokers,
        };
        Self { parts: Mutex::new(parts), status }
    }

    /// Whether the pool serves, now and after each change.
    pub(crate) fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Whether the pool serves, now.
    pub(crate) fn serves(&self) -> bool {
        *self.status.borrow() == Status::Serving
    }

    /// Confirmed messages can be published, or why not.
    pub(crate) fn publishing(&self, now: Result<(), Arc<str>>) {
        self.change(|parts| parts.publishing = now.err());
    }

    /// The topology is complete, or why not; gives whether that is new.
    pub(crate) fn topology(&self, now: Result<(), Arc<str>>) -> bool {
        let now = now.err();
        self.change(|parts| std::mem::replace(&mut parts.topology, now.clone()) != now)
    }

    /// One more instance of a broker consumes.
    pub(crate) fn opened(&self, broker: Broker) {
        self.change(|parts| {
            let Some(part) = parts.part(broker) else { return };
            part.open += 1;
            if part.open >= part.instances {
                part.why = None;
            }
        });
    }

    /// A broker is to have so many instances.
    pub(crate) fn resize(&self, broker: Broker, pool: &Pool) {
        self.change(|parts| {
            let Some(part) = parts.part(broker) else { return };
            part.instances = pool.instances.into();
            if part.open >= part.instances {
                part.why = None;
            }
        });
    }

    /// An instance of a broker has ended, and restarts unless there are enough.
    pub(crate) fn ended(&self, broker: Broker) {
        self.change(|parts| parts.part(broker).map(|part| part.open = part.open.saturating_sub(1)));
    }

    /// An instance of a broker cannot consume.
    pub(crate) fn fails(&self, broker: Broker, why: Arc<str>) {
        self.change(|parts| parts.part(broker).map(|part| part.why = Some(why)));
    }

    /// The connection of a broker is gone, and with it all its instances. Without a reason it is made again at once.
    pub(crate) fn lost(&self, broker: Broker, why: Option<Arc<str>>) {
        self.change(|parts| {
            parts.part(broker).map(|part| {
                part.open = 0;
                part.why = why.or(part.why.take());
            })
        });
    }

    /// The pool drains, or no longer drains.
    pub(crate) fn draining(&self, now: bool) {
        self.change(|parts| parts.is_draining = now);
    }

    /// A broker has drained.
    pub(crate) fn closed(&self, broker: Broker) {
        self.change(|parts| {
            let Some(part) = parts.part(broker) else { return };
            (part.open, part.is_closed) = (0, true);
        });
    }

    /// A broker that has drained begins again.
    pub(crate) fn reopened(&self, broker: Broker) {
        self.change(|parts| {
            let Some(part) = parts.part(broker) else { return };
            (part.why, part.is_closed) = (Some("the node resumes".into()), false);
        });
    }

    /// The pool stops.
    pub(crate) fn stopping(&self) {
        self.change(|parts| parts.is_stopping = true);
    }

    fn change<T>(&self, change: impl FnOnce(&mut Parts) -> T) -> T {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut parts);
        let now = parts.status();
        let is_new = self.status.send_if_modified(|status| {
            let is_new = *status != now;
            status.clone_from(&now);
            is_new
        });
        if is_new && now == Status::Serving {
            let instances: usize = parts.brokers.iter().map(|(_, part)| part.open).sum();
            info!(instances, "serving");
        }
        changed
    }
}

impl Parts {
    fn part(&mut self, broker: Broker) -> Option<&mut Part> {
        self.brokers.iter_mut().find(|(of, _)| *of == broker).map(|(_, part)| part)
    }

    /// An instance that restarts at once is no reason to report that the pool does not serve.
    fn status(&self) -> Status {
        if self.is_stopping {
            return Status::Stopping;
        }
        if self.is_draining {
            let is_done = self.brokers.iter().all(|(broker, part)| part.is_closed || broker.hears_commands());
            return if is_done { Status::Drained } else { Status::Draining };
        }
        let mut broken = self.brokers.iter().filter_map(|(_, part)| part.why.as_ref());
        match (self.publishing.as_ref().or_else(|| broken.next()), &self.topology) {
            (Some(why), _) => Status::Connecting(Arc::clone(why)),
            (None, Some(why)) => Status::Unrouted(Arc::clone(why)),
            (None, None) => Status::Serving,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn several_servers_are_as_good_as_the_worst() {
        let (one, other) = (watch::Sender::new(Status::Serving), watch::Sender::new(Status::Serving));
        let mut status = together(vec![one.subscribe(), other.subscribe()]);
        assert_eq!(*status.borrow(), Status::Serving);
        let away = Status::Connecting("away".into());
        other.send_replace(away.clone());
        status.wait_for(|now| *now == away).await.unwrap();
        one.send_replace(Status::Unrouted("no rights".into()));
        other.send_replace(Status::Serving);
        status.wait_for(|now| *now == Status::Unrouted("no rights".into())).await.unwrap();
        one.send_replace(Status::Serving);
        status.wait_for(|now| *now == Status::Serving).await.unwrap();
    }

    #[test]
    fn a_pool_serves_when_all_its_parts_do() {
        let board = Board::new(&[(Broker::AppRead, Pool { instances: 2, prefetch: 1 })]);
        let status = board.status();
        let now = || status.borrow().clone();
        let why = |text: &str| Arc::<str>::from(text);
        assert_eq!(now(), Status::Connecting(why("the node starts")));
        board.publishing(Ok(()));
        board.opened(Broker::AppRead);
        assert_eq!(now(), Status::Connecting(why("the node starts")));
        board.opened(Broker::AppRead);
        assert_eq!(now(), Status::Serving);
        // An instance that restarts at once is not reported; one that cannot is.
        board.ended(Broker::AppRead);
        assert_eq!(now(), Status::Serving);
        board.fails(Broker::AppRead, why("refused"));
        assert_eq!(now(), Status::Connecting(why("refused")));
        board.opened(Broker::AppRead);
        assert!(board.topology(Err(why("no rights"))));
        assert!(!board.topology(Err(why("no rights"))), "that is known");
        assert_eq!(now(), Status::Unrouted(why("no rights")));
        board.topology(Ok(()));
        board.lost(Broker::AppRead, None);
        assert_eq!(now(), Status::Serving);
        board.lost(Broker::AppRead, Some(why("gone")));
        board.opened(Broker::AppRead);
        assert_eq!(now(), Status::Connecting(why("gone")), "one of two instances is not enough");
        // If fewer instances are wanted, fewer are enough. More are no reason not to serve while they open.
        board.resize(Broker::AppRead, &Pool { instances: 1, prefetch: 1 });
        assert_eq!(now(), Status::Serving);
        board.resize(Broker::AppRead, &Pool { instances: 3, prefetch: 1 });
        assert_eq!(now(), Status::Serving);
        // A draining pool is not asked why it does not serve.
        board.draining(true);
        assert_eq!(now(), Status::Draining);
        board.closed(Broker::AppRead);
        assert_eq!(now(), Status::Drained);
        board.draining(false);
        board.reopened(Broker::AppRead);
        assert_eq!(now(), Status::Connecting(why("the node resumes")));
        (0..3).for_each(|_| board.opened(Broker::AppRead));
        assert_eq!(now(), Status::Serving);
        board.stopping();
        assert_eq!(now(), Status::Stopping);
    }
}
