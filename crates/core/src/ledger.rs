//! How the ledgers of both engines keep a write, and the notes of replies about it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use beds_protocol::ErrorCode;

use crate::{error::Error, items::Items, meter::Family, outcome::Outcome, plan::Claim, spec::Domain};

/// How many duplicates the ledger of a database has answered.
pub static DUPLICATES: Family = Family::counter(
    "beds_ledger_duplicates_total",
    "Writes that were answered from the ledger, since they had been done before.",
);

/// The note of a reply if nothing can make the object's effect happen once.
pub const AT_LEAST_ONCE: &str =
    "this object commits by itself: its effect is at least once, not exactly once";

/// The note of a reply if a table keeps rows that a transaction cannot roll back.
pub const WITHOUT_TRANSACTIONS: &str =
    "this object writes into a table without transactions: its effect is at least once, not exactly once";

/// The note of a reply if that table is one of the node's own.
#[must_use]
pub fn own_without_transactions(table: &str) -> String {
    format!(
        "the table `{table}` is without transactions: the write's effect is at least once, not exactly once"
    )
}

/// The note of a reply if the database never had a ledger.
pub const NO_LEDGER: &str =
    "this database has no ledger: the write's effect is at least once, not exactly once";

/// The longest stored reply, in bytes. Of a longer reply only the key is stored.
const REPLY_BYTES_MAX: usize = 64 << 10;

/// The note for a duplicate whose first reply was not stored in full.
const CUT: &str = "this request was done before; its reply was too long to keep: only the key is left";

/// The reply for a duplicate.
#[must_use]
pub fn kept(outcome: &Outcome, domain: &Domain) -> Vec<u8> {
    let is_short = outcome.size() <= REPLY_BYTES_MAX;
    // The outcome of a batch has already been cut, by the domains of its items.
    if is_short || outcome.items.is_some() { outcome.encode() } else { outcome.cut(domain, CUT).encode() }
}

/// The note for a duplicate of a batch, once for all items.
const CUT_ITEMS: &str = "this request was done before; its reply was too long to keep: only the keys that its items \
     wrote are left";

/// The note for a batch whose reply is longer than a reply may be, once for all items.
const TOO_LONG_ITEMS: &str = "the request is done; its reply would be too long, so it has only the keys that its \
     items wrote";

/// The outcome of an atomic batch, for a duplicate. `domains` are those of its items; `None` for an item that wrote
/// nothing.
pub fn kept_items(
    outcome: &Outcome,
    domains: impl IntoIterator<Item = Option<&'static Domain>>,
) -> Cow<'_, Outcome> {
    if outcome.size() <= REPLY_BYTES_MAX {
        return Cow::Borrowed(outcome);
    }
    Cow::Owned(cut_items(outcome, domains, CUT_ITEMS))
}

/// The outcome of an atomic batch that is done, cut to a reply of this many bytes.
#[must_use]
pub fn fitting_items(
    outcome: Outcome,
    domains: impl IntoIterator<Item = Option<&'static Domain>>,
    bytes_max: usize,
) -> Outcome {
    outcome.fitting(bytes_max, |outcome| cut_items(outcome, domains, TOO_LONG_ITEMS))
}

/// The rest of an atomic batch's outcome if there is no room for more: the keys of the records that its items wrote.
fn cut_items(
    outcome: &Outcome,
    domains: impl IntoIterator<Item = Option<&'static Domain>>,
    note: &'static str,
) -> Outcome {
    let replies = outcome.items.as_deref().and_then(|json| serde_json::from_slice(json).ok());
    let replies: Vec<&RawValue> = replies.unwrap_or_default();
    let items = replies.into_iter().zip(domains).map(|(reply, domain)| match domain {
        Some(domain) => {
            let outcome = Outcome::decode(reply.get().as_bytes()).unwrap_or_default();
            Outcome { note: None, ..outcome.cut(domain, note) }
        }
        None => Outcome::default(),
    });
    let items = Items::together(&items.collect::<Vec<_>>());
    Outcome { note: Some(note.into()), ..items }
}

/// The error if a request that asked something else has taken the claim.
#[must_use]
pub fn taken() -> Error {
    Error::new(ErrorCode::Conflict, "another request took this `message_id` before")
        .hint("give each new request a new `message_id`")
}

/// The error if a claim is stored without a reply: the write under it ended its transaction by itself, and was
/// interrupted.
#[must_use]
pub fn unanswered() -> Error {
    Error::unknown_effect("outcome unknown: the ledger has a claim of this `message_id` without a reply")
        .hint("check whether it happened; where it did not, send it again with a new `message_id`")
}

/// The error if the stored reply of a write cannot be read: somebody has changed it. The write is done.
#[must_use]
pub fn unreadable(claim: &Claim, database: &str) -> Error {
    let Claim { user, message_id, step, .. } = claim;
    tracing::error!(
        database,
        user,
        message_id,
        step,
        "the reply in this row of `beds_ledger` cannot be read"
    );
    Error::internal("this request was done before; its stored reply cannot be read")
        .hint("read what was done; do not send the request again with a new `message_id`")
}

/// The error if the ledger existed before, and is missing now.
#[must_use]
pub fn gone(database: &str) -> Error {
    Error::internal(format!(
        "the ledger of the database `{database}` is gone, so a write cannot be done exactly once"
    ))
    .hint("the DBA restores `beds_ledger`, or creates the one that `bedsc ddl --ledger` writes")
}

/// The error if an object rolled back the claim together with the node's transaction.
#[must_use]
pub fn rolled_back(domain: &Domain) -> Error {
    let message = format!(
        "most likely an object of `{}` rolled back the node's transaction: the write's row in the ledger is gone \
         before the commit, so the write cannot be done exactly once",
        domain.name
    );
    Error::internal(message).hint(
        "the node begins and ends transactions: remove `rollback` from the procedure and signal an error instead, or \
         roll back to a savepoint, or declare `commits = true`",
    )
}

/// The error if the ledger exists, but has no key that identifies duplicates.
#[must_use]
pub fn keyless(database: &str) -> Error {
    Error::internal(format!(
        "the ledger of the database `{database}` has lost its key, so a write cannot be done exactly once"
    ))
    .hint("the DBA gives `beds_ledger` the primary key that `bedsc ddl --ledger` writes")
}

/// The error if a table of the node's own exists, but not as a node needs it. `how` is the end of a sentence about it.
#[must_use]
pub fn amiss(table: &str, database: &str, how: &str) -> Error {
    Error::internal(format!(
        "`{table}` of the database `{database}` is not as the node needs it, so a write cannot be done: {how}"
    ))
    .hint(
        "the DBA changes it to match what `bedsc ddl --ledger` prints; `beds verify` lists all differences, and `beds \
         ddl` prints the repair",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use crate::spec::{Field, Type};

    use super::*;

    static FIELDS: [Field; 2] = [Field::new("id", "id", Type::INT), Field::new("text", "text", Type::Json)];
    static DOMAIN: Domain = Domain::new("long", "", "0000000000000000").fields(&FIELDS).key(&[0]);

    fn reply(data: &Json) -> Json {
        let outcome = Outcome::data(serde_json::to_vec(data).unwrap());
        serde_json::from_slice(&kept(&outcome, &DOMAIN)).unwrap()
    }

    #[test]
    fn a_long_reply_is_kept_as_its_key() {
        let short = serde_json::json!({ "id": 1, "text": "x" });
        assert_eq!(reply(&short), serde_json::json!({ "ok": true, "data": short }));
        let long = |id: u8| serde_json::json!({ "id": id, "text": "x".repeat(REPLY_BYTES_MAX) });
        for (data, keys) in [
            (long(1), serde_json::json!({ "id": 1 })),
            (serde_json::json!([long(1), long(2)]), serde_json::json!([{ "id": 1 }, { "id": 2 }])),
        ] {
            assert_eq!(reply(&data), serde_json::json!({ "ok": true, "data": keys, "note": CUT }));
        }
        let keyless = reply(&serde_json::json!("x".repeat(REPLY_BYTES_MAX)));
        assert_eq!(keyless, serde_json::json!({ "ok": true, "note": CUT }));
    }
}
