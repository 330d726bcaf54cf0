//! A transaction of several writes that one of them ended by itself.
//!
//! The node marks a transaction before each object and asks for the mark after it, also between calls that are one
//! statement: where it is gone, so is the transaction, and no other object runs. Then what ran before is committed, or taken back, and nobody but the claims can tell which.

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

/// Writes that shared a transaction which an object of theirs ended: by a commit, by a rollback, or by a deadlock that it
/// kept to itself.
pub(super) struct Broken {
    pub(super) outcomes: Vec<Option<Outcome>>,
    pub(super) told: Told,
    /// The one that did it.
    pub(super) by: Option<usize>,
    /// Those that ran, and nobody knows what they did.
    pub(super) doubtful: Vec<usize>,
    pub(super) has_ledger: bool,
    /// Whether replies and what is told are stored.
    pub(super) is_stored: bool,
}

impl Broken {
    /// What became of them, where the objects that ran were committed: the claims tell, which were made with them. Nothing
    /// else is to be done then but to keep the replies; what has no fate has not run. `None` where all are to run again: all was
    /// taken back, or nobody claimed anything, and then it is done at least once.
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
            // Where its requester has left before, it is told nothing; what is done is done.
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

    /// Stores the replies of those that ran, and takes the claims of those back that did not. Of what is doubtful
    /// the claim remains, without a reply.
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
