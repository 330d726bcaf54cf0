//! A transaction of several writes that one of the writes ended by itself.
//!
//! The node marks a transaction before each object and asks for the mark after it, also between calls that are one
//! statement. If the mark is gone, so is the transaction, and no other object runs. The objects that ran before are
//! then committed or rolled back, and only the claims can tell which.

use beds_core::{Outcome, event::Told};
use beds_lane::{Fate, Fault, Member};
use sqlx::{Executor as _, MySqlConnection};

use super::{
    Write,
    lasting::ended,
    ledger::{self, Earlier},
    told,
};
use crate::{fault::classify, session::Session};

/// Writes that shared a transaction which one of their objects ended: by a commit, by a rollback, or by a deadlock that
/// it handled itself.
pub(super) struct Broken {
    pub(super) outcomes: Vec<Option<Outcome>>,
    pub(super) told: Told,
    /// The write whose object ended it.
    pub(super) by: Option<usize>,
    /// Writes that ran with an unknown effect.
    pub(super) doubtful: Vec<usize>,
    pub(super) has_ledger: bool,
    /// Whether the replies, events and audit entries are stored.
    pub(super) is_stored: bool,
}

impl Broken {
    /// The fates of the writes, if the objects that ran were committed. The claims show it, since they were made in the
    /// same transaction. Then only the replies have to be stored. A write without a fate has not run. `None` if all are
    /// to run again: either all was rolled back, or nobody claimed anything, and then the writes are done at least
    /// once.
    pub(super) async fn committed(
        self,
        members: &[&Member<'_, Write>],
        session: &mut Session,
    ) -> Result<Option<Vec<Option<Fate<Outcome>>>>, Fault> {
        let Some(Member { job: Write { domain, .. }, .. }) = members.first() else { return Ok(None) };
        if let Some(index) = self.by {
            members[index].job.tables.have_ended(&members[index].job.calls(), members[index].job.domain);
        }
        let claims: Vec<_> = members.iter().filter_map(|member| member.job.claim()).collect();
        if !self.has_ledger || self.outcomes.is_empty() {
            return Ok(None);
        }
        let earlier = ledger::earlier(&mut session.connection, &claims, domain).await?;
        if earlier.iter().all(|earlier| matches!(earlier, Earlier::Nothing)) {
            return Ok(None);
        }
        for (member, _) in members.iter().zip(&self.outcomes).filter(|(_, outcome)| outcome.is_some()) {
            // If the requester has left before, it gets no reply; the write is done all the same.
            let _ = member.gate.pass();
        }
        if !self.is_stored {
            self.store(members, &mut session.connection).await?;
        }
        session.connection.execute("commit").await.map_err(|error| classify(&error, domain))?;
        for member in members.iter().filter(|_| !self.told.events.is_empty()) {
            member.job.stored.notify_one();
        }
        let mut fates: Vec<_> = self.outcomes.into_iter().map(|outcome| outcome.map(Fate::Done)).collect();
        for index in self.doubtful {
            fates[index] = Some(Fate::Refused(ended(members[index].job.domain)));
        }
        Ok(Some(fates))
    }

    /// Stores the replies of the writes that ran, and removes the claims of those that did not. The claim of a doubtful
    /// write remains, without a reply.
    async fn store(
        &self,
        members: &[&Member<'_, Write>],
        connection: &mut MySqlConnection,
    ) -> Result<(), crate::fault::Fault> {
        let Some(Member { job: Write { domain, .. }, .. }) = members.first() else { return Ok(()) };
        let (mut done, mut left) = (Vec::new(), Vec::new());
        for (index, (member, outcome)) in members.iter().zip(&self.outcomes).enumerate() {
            match (member.job.claim(), outcome) {
                (Some(claim), Some(outcome)) => done.push((claim, outcome)),
                (Some(claim), None) if !self.doubtful.contains(&index) => left.push(claim),
                (Some(_) | None, _) => {}
            }
        }
        told::store(connection, &self.told, domain).await?;
        ledger::store(connection, &done, domain).await?;
        ledger::take_back(connection, &left, domain).await
    }
}
