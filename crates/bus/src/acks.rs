//! Which deliveries of a channel may be acknowledged, and how. Where possible, one frame acknowledges a run of them.
//!
//! Delivery tags of a channel count up from 1. `multiple` acknowledges all deliveries up to a tag, so it may name only
//! a tag below which everything is done.

use std::collections::BTreeSet;

/// An acknowledgement to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) tag: u64,
    /// All up to `tag`.
    pub(crate) multiple: bool,
}

/// The deliveries that are done and not acknowledged yet.
#[derive(Debug)]
pub(crate) struct Acks {
    /// Everything below is acknowledged.
    next: u64,
    /// Done, above `next`, and not acknowledged.
    done: BTreeSet<u64>,
    /// Acknowledged one by one, above `next`.
    ahead: BTreeSet<u64>,
    /// How many may wait behind a slow delivery.
    waiting_max: usize,
}

impl Acks {
    /// At most `waiting_max` deliveries wait behind a slow one. Further ones are acknowledged one by one.
    pub(crate) fn new(waiting_max: usize) -> Self {
        Self { next: 1, done: BTreeSet::new(), ahead: BTreeSet::new(), waiting_max }
    }

    /// A delivery is done.
    pub(crate) fn done(&mut self, tag: u64) {
        self.done.insert(tag);
    }

    /// The acknowledgements that may be sent now.
    pub(crate) fn take(&mut self) -> Vec<Ack> {
        let mut acks = Vec::new();
        let before = self.next;
        let mut last_done = None;
        loop {
            if self.done.remove(&self.next) {
                last_done = Some(self.next);
            } else if !self.ahead.remove(&self.next) {
                break;
            }
            self.next += 1;
        }
        if let Some(tag) = last_done {
            acks.push(Ack { tag, multiple: tag > before });
        }
        if self.done.len() > self.waiting_max {
            for tag in std::mem::take(&mut self.done) {
                self.ahead.insert(tag);
                acks.push(Ack { tag, multiple: false });
            }
        }
        acks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(waiting_max: usize, done: &[u64], expected: &[(u64, bool)]) {
        let mut acks = Acks::new(waiting_max);
        for &tag in done {
            acks.done(tag);
        }
        let taken: Vec<_> = acks.take().into_iter().map(|ack| (ack.tag, ack.multiple)).collect();
        assert_eq!(taken, expected, "{done:?}");
    }

    #[test]
    fn a_run_is_one_frame() {
        check(10, &[1], &[(1, false)]);
        check(10, &[3, 1, 2], &[(3, true)]);
        check(10, &[1, 2, 4], &[(2, true)]);
        check(10, &[2, 3], &[]);
    }

    #[test]
    fn what_waits_behind_a_slow_delivery_is_bounded() {
        check(1, &[2, 3], &[(2, false), (3, false)]);
        let mut acks = Acks::new(0);
        acks.done(2);
        assert_eq!(acks.take(), [Ack { tag: 2, multiple: false }]);
        acks.done(1);
        assert_eq!(acks.take(), [Ack { tag: 1, multiple: false }]);
        acks.done(3);
        assert_eq!(acks.take(), [Ack { tag: 3, multiple: false }]);
    }

    #[test]
    fn every_delivery_is_acknowledged_exactly_once() {
        // Any order of completion, acknowledged at any moment, covers each tag exactly once.
        for seed in 0..200_u64 {
            let mut tags: Vec<u64> = (1..=50).collect();
            let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut random = |bound: usize| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                usize::try_from(state >> 33).unwrap() % bound
            };
            for index in (1..tags.len()).rev() {
                tags.swap(index, random(index + 1));
            }
            let mut acks = Acks::new(random(10));
            let mut open: BTreeSet<u64> = tags.iter().copied().collect();
            let mut finished = BTreeSet::new();
            for tag in tags {
                acks.done(tag);
                finished.insert(tag);
                if random(2) == 0 {
                    continue;
                }
                for ack in acks.take() {
                    let covered: Vec<u64> =
                        if ack.multiple { open.range(..=ack.tag).copied().collect() } else { vec![ack.tag] };
                    for tag in covered {
                        assert!(finished.contains(&tag), "{tag} was not done");
                        assert!(open.remove(&tag), "{tag} was acknowledged twice");
                    }
                }
            }
            for ack in acks.take() {
                let covered: Vec<u64> =
                    if ack.multiple { open.range(..=ack.tag).copied().collect() } else { vec![ack.tag] };
                assert!(covered.iter().all(|tag| open.remove(tag)));
            }
            assert!(open.is_empty(), "{open:?} were never acknowledged");
        }
    }
}
