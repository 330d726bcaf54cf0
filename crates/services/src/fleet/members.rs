//! [`Members`]: a node's knowledge of the other nodes.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant, SystemTime},
};

use beds_core::error::{Error, Result};
use beds_protocol::{ErrorCode, nearest, shown, value::DateTime};
use uuid::Uuid;

use super::message::{Member, Target};

/// How often nodes report their state.
pub const BEAT: Duration = Duration::from_secs(10);
/// A node that was not heard for this long is silent.
pub const SILENT: Duration = Duration::from_secs(35);
/// A node that was not heard for this long is forgotten.
const FORGOTTEN: Duration = Duration::from_hours(1);
/// How many nodes are remembered: more than any fleet has.
const MEMBERS_MAX: usize = 1_000;

/// A node that was heard.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its last report.
    pub member: Member,
    /// When it was heard last.
    pub heard: Instant,
}

impl Known {
    /// Whether it is silent.
    #[must_use]
    pub fn is_silent(&self, now: Instant) -> bool {
        now.duration_since(self.heard) > SILENT
    }

    /// Whether `other` is this node after a restart.
    fn is_started_again_as(&self, other: &Member, now: Instant) -> bool {
        let heard = SystemTime::now().checked_sub(now.duration_since(self.heard));
        self.is_silent(now)
            && heard.is_some_and(|heard| {
                is_restart(
                    (&self.member.node, &self.member.host, heard),
                    (&other.node, &other.host, other.started_at),
                )
            })
    }
}

/// Whether one process of a node is another one after a restart: the same name on the same machine, started after the
/// lost one was heard last. Two nodes that share a name at the same time are two nodes.
pub(crate) fn is_restart(
    (node, host, heard): (&str, &str, SystemTime),
    (other, its_host, started_at): (&str, &str, DateTime),
) -> bool {
    (node, host) == (other, its_host) && SystemTime::from(started_at.0) >= heard
}

/// The nodes that were heard.
#[derive(Debug, Default)]
pub(super) struct Members {
    known: BTreeMap<Uuid, Known>,
    /// The nodes that have said goodbye. If an earlier process of such a node turns out to be silent, it is not missed.
    left: VecDeque<Known>,
}

impl Members {
    /// Records a node's report. Returns whether the node's shared filesystem is new to this node.
    pub(super) fn heard(&mut self, member: Member, now: Instant) -> bool {
        self.left.retain(|known| now.duration_since(known.heard) < FORGOTTEN);
        let left = &self.left;
        self.known.retain(|_, known| {
            now.duration_since(known.heard) < FORGOTTEN
                && !known.is_started_again_as(&member, now)
                && !left.iter().any(|other| known.is_started_again_as(&other.member, now))
        });
        if self.known.len() >= MEMBERS_MAX && !self.known.contains_key(&member.instance) {
            let oldest =
                self.known.iter().min_by_key(|(_, known)| known.heard).map(|(instance, _)| *instance);
            oldest.and_then(|instance| self.known.remove(&instance));
        }
        let filesystem = member.filesystem;
        let before = self.known.insert(member.instance, Known { member, heard: now });
        before.is_none_or(|before| before.member.filesystem != filesystem)
    }

    pub(super) fn gone(&mut self, instance: Uuid, now: Instant) {
        let Some(gone) = self.known.remove(&instance) else { return };
        self.known.retain(|_, known| !known.is_started_again_as(&gone.member, now));
        if self.left.len() >= MEMBERS_MAX {
            self.left.pop_front();
        }
        self.left.push_back(gone);
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Known> {
        self.known.values()
    }

    /// The same, and the nodes that have said goodbye.
    pub(super) fn all_and_left(&self) -> impl Iterator<Item = &Known> {
        self.all().chain(&self.left)
    }

    /// The nodes that a target means.
    ///
    /// # Errors
    /// `not_found` if there is none.
    pub(super) fn meant(&self, target: &Target) -> Result<Vec<Known>> {
        let meant: Vec<_> = self.all().filter(|known| target.means(&known.member)).cloned().collect();
        if !meant.is_empty() {
            return Ok(meant);
        }
        let names = self.all().map(|known| known.member.node.as_str());
        let error = |message: String| Error::new(ErrorCode::NotFound, message);
        Err(match target {
            Target::Node(name) => {
                let hint = match nearest(name, names) {
                    Some(near) => format!("did you mean {}?", shown(near)),
                    None => "`node.call.ping` without a name lists all nodes".to_owned(),
                };
                error(format!("no node has the name {}", shown(name))).hint(hint)
            }
            Target::Service(service) => error(format!("no node hosts `{}`", service.as_str())),
            Target::All => error("no node has been heard yet".to_owned()).retryable(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::member, *};

    #[test]
    fn a_node_that_is_not_there_is_told_with_the_one_that_may_be_meant() {
        let mut members = Members::default();
        let now = Instant::now();
        members.heard(member("web-1"), now);
        members.heard(member("web-1"), now);
        members.heard(member("web-2"), now);
        assert_eq!(members.meant(&Target::Node("web-1".into())).unwrap().len(), 2, "two share the name");
        let error = members.meant(&Target::Node("wbe-2".into())).unwrap_err();
        assert_eq!((error.code, error.hint.as_deref()), (ErrorCode::NotFound, Some("did you mean `web-2`?")));
        assert!(members.meant(&Target::Service(beds_protocol::Service::Tercero)).is_err());
    }

    #[test]
    fn who_was_killed_and_is_there_again_is_not_missed() {
        let mut members = Members::default();
        let later = Instant::now() + SILENT + Duration::from_secs(1);
        let names = |members: &Members| members.all().count();
        members.heard(member("web-1"), Instant::now());
        // Its predecessor, or two nodes that share a name.
        members.heard(Member { started_at: DateTime::default(), ..member("web-1") }, later);
        assert_eq!(names(&members), 2);
        members.heard(Member { host: "other".into(), started_at: DateTime::now(), ..member("web-1") }, later);
        assert_eq!(names(&members), 3);
        members.heard(Member { started_at: DateTime::now(), ..member("web-1") }, later);
        assert_eq!(names(&members), 3, "one is what became of the first");
    }

    #[test]
    fn who_was_killed_is_not_missed_either_when_what_became_of_it_says_goodbye() {
        let mut members = Members::default();
        let begun = Instant::now();
        members.heard(member("web-1"), begun);
        let again = Member { started_at: DateTime::now(), ..member("web-1") };
        members.heard(again.clone(), begun);
        let twin = member("web-1");
        members.heard(twin.clone(), begun);
        // It is not known yet that the first node is silent.
        members.gone(again.instance, begun);
        assert_eq!(members.all().count(), 2);
        let later = begun + SILENT + Duration::from_secs(1);
        members.heard(twin.clone(), begun + BEAT);
        members.heard(twin.clone(), later);
        assert_eq!(members.all().map(|known| known.member.instance).collect::<Vec<_>>(), [twin.instance]);
    }

    #[test]
    fn who_is_long_silent_is_forgotten_and_so_is_the_oldest_of_too_many() {
        let mut members = Members::default();
        let begun = Instant::now();
        members.heard(member("old"), begun);
        let later = begun + SILENT + Duration::from_secs(1);
        assert!(members.all().all(|known| known.is_silent(later) && !known.is_silent(begun + BEAT)));
        members.heard(member("new"), begun + FORGOTTEN);
        assert_eq!(members.all().map(|known| known.member.node.as_str()).collect::<Vec<_>>(), ["new"]);
        for _ in 0..MEMBERS_MAX {
            members.heard(member("more"), begun + FORGOTTEN + BEAT);
        }
        assert!(
            members.all().count() == MEMBERS_MAX && members.all().all(|known| known.member.node == "more")
        );
    }
}
