//! [`Asked`]: a read as a job of a lane.

use std::time::Duration;

use beds_core::lookup::Found;
use beds_lane::{Fate, Fault, Gate, Job, Member};
use tokio::time::Instant;

use super::{ByKey, Read};
use crate::{fault, position::Position, session::Session};

/// How long a read waits for a replica that does not have yet what it must see.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// A read, and the position that its server must have reached. The output is `None` if the server has not reached it:
/// then nothing was read.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) read: Read,
    /// The position that a replica must have reached.
    pub(crate) after: Option<Position>,
}

impl Job for Asked {
    type Connection = Session;
    type Output = Option<Found>;

    const CAN_BE_CUT: bool = true;

    /// A wait for a replica does not count as time of the operation.
    fn kind(&self) -> usize {
        self.read.kind() + if self.after.is_some() { 8 } else { 0 }
    }

    fn size(&self) -> u32 {
        self.read.size()
    }

    async fn run(&self, session: &mut Session, gate: &Gate) -> Result<Option<Found>, Fault> {
        if let Some(position) = &self.after {
            let limit = gate.deadline().saturating_duration_since(Instant::now()).min(WAIT_MAX);
            let is_there = session.is_at(position, limit).await;
            if !is_there.map_err(|error| fault::classify(&error, self.read.domain()))? {
                return Ok(None);
            }
        }
        match self.read.source() {
            Some(source) => session.reads(source),
            None => session.runs_routine(),
        }
        self.read.apply(&mut session.connection).await.map(Some).map_err(Fault::from)
    }

    fn is_touched(session: &Session) -> bool {
        session.is_touched()
    }

    async fn renew(session: &mut Session) -> bool {
        session.renew().await
    }

    fn group(&self) -> Option<usize> {
        match &self.read {
            Read::ByKey(job) if self.after.is_none() => job.group(),
            Read::ByKey(_) | Read::ByKeys(_) | Read::Page(_) | Read::Count(_) | Read::Call(_) => None,
        }
    }

    async fn run_group(
        jobs: &[Member<'_, Self>],
        session: &mut Session,
    ) -> Result<Vec<Fate<Option<Found>>>, Fault> {
        let jobs = jobs.iter().filter_map(|member| match &member.job.read {
            Read::ByKey(job) => Some(job),
            // Only look-ups by themselves have a group.
            Read::ByKeys(_) | Read::Page(_) | Read::Count(_) | Read::Call(_) => None,
        });
        let jobs: Vec<_> = jobs.collect();
        // A group has one source.
        if let Some(job) = jobs.first() {
            session.reads(job.source);
        }
        let fates = ByKey::run_group(&jobs, &mut session.connection).await?;
        Ok(fates.into_iter().map(some).collect())
    }
}

fn some(fate: Fate<Found>) -> Fate<Option<Found>> {
    match fate {
        Fate::Done(outcome) => Fate::Done(Some(outcome)),
        Fate::Refused(error) => Fate::Refused(error),
        Fate::Alone => Fate::Alone,
    }
}
