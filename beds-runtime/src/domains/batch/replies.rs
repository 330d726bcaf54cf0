//! The replies of a batch, joined in the order of its items, within the size limit of one reply.
//!
//! Every item has space for a short reply from the start, so that each gets one, however long the others are. The
//! result of a write is never lost: a write whose reply does not fit is answered with its key, or with a note that it
//! was done.

use std::fmt::Write as _;

use beds_core::{Error, Outcome, Result, outcome::MEMBERS_BYTES_MAX, spec::Domain};
use beds_protocol::{ErrorCode, Lane};

/// The space of every item: for an error without details, and for the request's id, which every error has.
const SHORT_BYTES: usize = 512;

/// The note for a write whose reply does not fit.
const NO_ROOM: &str = "this was done; the reply of the batch had no room for more";

/// The replies so far.
#[derive(Debug)]
pub(super) struct Replies {
    request_id: String,
    /// The number of items.
    items: usize,
    /// The number of items with a reply.
    answered: usize,
    json: Vec<u8>,
    /// The reserved space of the items.
    short: usize,
    /// The space beyond the reserved space.
    left: usize,
    failed: usize,
    /// The first failed item: its place and its error.
    first: Option<(usize, Error)>,
    /// The first item that may succeed later: its place and its error.
    retryable: Option<(usize, Error)>,
    /// How many items were not run.
    left_out: usize,
}

impl Replies {
    /// The replies of this many items, none of which is there yet.
    ///
    /// # Errors
    /// `too_large` if a reply cannot have that many.
    pub(super) fn new(request_id: &str, items: usize, bytes_max: usize) -> Result<Self> {
        let id_bytes = serde_json::to_vec(request_id).map_or(0, |id| id.len());
        let short = SHORT_BYTES + id_bytes;
        let around = MEMBERS_BYTES_MAX + SHORT_BYTES;
        let Some(left) = bytes_max.checked_sub(items.saturating_mul(short) + around) else {
            let message =
                format!("a reply of {bytes_max} bytes has no room for the answers to {items} items");
            return Err(Error::new(ErrorCode::TooLarge, message).hint("split it into several batches"));
        };
        Ok(Self {
            request_id: request_id.to_owned(),
            items,
            answered: 0,
            json: vec![b'['],
            short,
            left,
            failed: 0,
            first: None,
            retryable: None,
            left_out: 0,
        })
    }

    /// Adds the next item's reply, and returns whether it is a success. A read whose reply does not fit is a failure.
    pub(super) fn push(&mut self, address: Option<(&'static Domain, Lane)>, result: Result<Outcome>) -> bool {
        let place = self.answered;
        let reply = result.and_then(|outcome| self.success(address, &outcome));
        let is_done = reply.is_ok();
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => {
                let template = address.map(|(domain, _)| domain.name);
                super::super::log(&error, (&self.request_id, Some(place)), template);
                self.failed += 1;
                self.first.get_or_insert_with(|| (place, error.clone()));
                if error.retryable {
                    self.retryable.get_or_insert_with(|| (place, error.clone()));
                }
                self.failure(error)
            }
        };
        self.add(&reply);
        is_done
    }

    /// Marks all further items as not run, because the last one failed.
    pub(super) fn stop(&mut self) {
        let Some((place, error)) = &self.first else { return };
        let message = format!("not run, since items[{place}] failed before it");
        let error = Error { retryable: error.retryable, ..Error::new(ErrorCode::NotRun, message) };
        let reply = error.into_reply(&self.request_id);
        self.left_out = self.items - self.answered;
        for _ in 0..self.left_out {
            self.add(&reply);
        }
    }

    /// The outcome of the batch. If nobody waits for the reply, the whole batch ends with an error: the first that may
    /// succeed later, or else the first.
    pub(super) fn finish(mut self, is_heard: bool) -> Result<Outcome> {
        let note = self.note();
        if !is_heard && let Some((place, error)) = self.retryable.or(self.first) {
            return Err(error.of_item(place));
        }
        self.json.push(b']');
        Ok(Outcome { items: Some(self.json), note: note.map(Into::into), ..Outcome::default() })
    }

    fn note(&self) -> Option<String> {
        let (place, _) = self.first.as_ref()?;
        let mut note = match self.failed {
            1 => format!("items[{place}] failed"),
            failed => format!("{failed} of {} items failed, the first of them items[{place}]", self.items),
        };
        if self.left_out > 0 {
            let items = if self.left_out == 1 { "item after it was" } else { "items after it were" };
            // A text can always be written to.
            let _ = write!(note, "; {} {items} not run", self.left_out);
        }
        Some(note)
    }

    fn has_room(&self, reply: &[u8]) -> bool {
        // The comma before the reply counts, too.
        reply.len() < self.short + self.left
    }

    fn add(&mut self, reply: &[u8]) {
        if self.answered > 0 {
            self.json.push(b',');
        }
        self.answered += 1;
        self.left -= (reply.len() + 1).saturating_sub(self.short).min(self.left);
        self.json.extend_from_slice(reply);
    }

    /// The reply of a success. If the reply of a write does not fit, only its key remains.
    fn success(&self, address: Option<(&'static Domain, Lane)>, outcome: &Outcome) -> Result<Vec<u8>> {
        let reply = outcome.encode();
        if self.has_room(&reply) {
            return Ok(reply);
        }
        if let Some((domain, Lane::Write)) = address {
            let keys = outcome.cut(domain, NO_ROOM).encode();
            return Ok(if self.has_room(&keys) {
                keys
            } else {
                Outcome { note: Some(NO_ROOM.into()), ..Outcome::default() }.encode()
            });
        }
        let message = "the reply of the batch has no room for this item";
        Err(Error::new(ErrorCode::TooLarge, message).hint("ask for it by itself, or in a smaller batch"))
    }

    /// The reply of a failure, without its details if they do not fit.
    fn failure(&self, error: Error) -> Vec<u8> {
        let (code, retryable) = (error.code, error.retryable);
        let reply = error.into_reply(&self.request_id);
        if self.has_room(&reply) {
            return reply;
        }
        let message = "it failed, and the reply of the batch has no room for the reason";
        Error { retryable, ..Error::new(code, message) }.into_reply(&self.request_id)
    }
}
