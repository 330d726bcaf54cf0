//! The ledger: one row for each write, in the transaction of the write, so that a duplicate finds it and does nothing.
//!
//! The table belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
};

use beds_core::{
    Error, Outcome, ledger as core, meter::Counter, plan::Claim, spec::Domain, stages::statement_span,
};
use beds_protocol::tables::LEDGER;
use sqlx::{
    Arguments as _, Executor as _, MySqlConnection, Row as _,
    mysql::{MySqlArguments, MySqlRow},
};

use super::amiss;
use crate::{
    fault::{DENIED, Fault, NO_TABLE, classify, denied, is_seen, number, of_own, renew_rights},
    known::NowAndThen,
    session::HASTE,
    statement::{parts, runs},
};

/// The error of a unique key.
const DUPLICATE: u16 = 1062;

/// The result of a claim.
#[derive(Debug)]
pub(super) enum Claimed {
    /// It is new: the write is to be done.
    New,
    /// A write has been done under the claim, or is being done.
    Taken,
    /// The database never had a ledger: the write is to be done, and a duplicate of it will be done again.
    Absent,
}

/// A node's knowledge of the ledger of a database.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Whether the ledger has existed. From then on a write that cannot claim is refused, since the node could not
    /// recognize it as a duplicate of an earlier one.
    is_known: AtomicBool,
    /// The message that the ledger is missing.
    told: NowAndThen,
    /// How many duplicates it has answered.
    pub(crate) duplicates: Counter,
}

impl Ledger {
    /// Whether the ledger has existed.
    pub(crate) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    /// Claims the writes that are about to run. If another transaction holds a claim, this waits for it. If
    /// `is_shared`, it waits for a second at most, so that one write does not keep the others waiting.
    pub(super) async fn claim(
        &self,
        connection: &mut MySqlConnection,
        claims: &[&Claim],
        is_shared: bool,
        domain: &Domain,
    ) -> Result<Claimed, Fault> {
        let haste = if is_shared { format!("set statement {HASTE} for ") } else { String::new() };
        for claims in runs(claims, 4) {
            let mut inserted = insert(connection, claims, &haste, domain).await?;
            if inserted.as_ref().err().and_then(number) == Some(DENIED) && renew_rights(connection).await {
                inserted = insert(connection, claims, &haste, domain).await?;
            }
            match inserted.as_ref().err().map(number) {
                None => self.is_known.store(true, Ordering::Relaxed),
                Some(Some(DUPLICATE)) => {
                    self.is_known.store(true, Ordering::Relaxed);
                    return Ok(Claimed::Taken);
                }
                Some(Some(NO_TABLE)) if self.is_known() => return Err(Fault::Refused(gone(domain))),
                // The server answers the same for a missing table if the user has no right on it.
                Some(Some(DENIED)) if self.is_known() || is_seen(connection, &LEDGER).await => {
                    inserted.map_err(|error| denied(&error, &LEDGER, domain))?;
                }
                Some(Some(NO_TABLE | DENIED)) => {
                    self.tell(domain);
                    return Ok(Claimed::Absent);
                }
                Some(_) => inserted.map_err(|error| of_own(&error, &LEDGER, domain))?,
            }
        }
        Ok(Claimed::New)
    }

    /// Reports in the log, now and then, that there is no ledger.
    fn tell(&self, domain: &Domain) {
        if self.told.is_due() {
            tracing::error!(
                database = domain.database,
                "there is no table `beds_ledger` that the node's user may write into: writes are done at least once, \
                 not exactly once; the DBA creates the table that `bedsc ddl --ledger` writes, and `bedsc grants` \
                 writes the rights"
            );
        }
    }
}

/// `haste` stands before the statement. The outer error is ours, the inner one the server's.
async fn insert(
    connection: &mut MySqlConnection,
    claims: &[&Claim],
    haste: &str,
    domain: &Domain,
) -> Result<Result<(), sqlx::Error>, Fault> {
    let values = rows("(?, ?, ?, ?)", claims.len());
    let sql =
        format!("{haste}insert into `beds_ledger` (`user`, `message_id`, `step`, `digest`) values {values}");
    let mut arguments = MySqlArguments::default();
    for claim in claims {
        add(&mut arguments, claim, domain)?;
    }
    let _traced = statement_span(&sql);
    Ok(connection.execute(sqlx::query_with(&sql, arguments)).await.map(drop))
}

/// What was done under a taken claim.
#[derive(Debug)]
pub(super) enum Earlier {
    /// This is its outcome.
    Done(Outcome),
    /// The claim is stored without a reply: an object committed it, and was interrupted or has not ended yet.
    Unanswered,
    /// A digest or a reply is stored that cannot be read.
    Unreadable,
    /// Something else was done under it.
    Another,
    /// Nothing was done: the holder of the claim has rolled it back.
    Nothing,
}

/// What was done under each of these claims, some of which are taken.
pub(super) async fn earlier(
    connection: &mut MySqlConnection,
    claims: &[&Claim],
    domain: &Domain,
) -> Result<Vec<Earlier>, Fault> {
    let fault = |error| of_own(&error, &LEDGER, domain);
    let mut all = Vec::with_capacity(claims.len());
    for (claims, size) in parts(claims, 3) {
        let columns = "`digest`, `reply`, `user`, `message_id`, cast(`step` as unsigned)";
        let sql = format!("select {columns} from `beds_ledger` where {}", any(size));
        let query = sqlx::query_with(&sql, keys(claims, size, domain)?);
        let _traced = statement_span(&sql);
        let rows = connection.fetch_all(query).await.map_err(fault)?;
        let rows = rows.iter().map(|row| Ok((key(row)?, row))).collect::<Result<HashMap<_, _>, _>>();
        let rows = rows.map_err(fault)?;
        for claim in claims {
            all.push(match rows.get(&claim.key()) {
                None => Earlier::Nothing,
                // Somebody has changed the column, and the claims in it.
                Some(row)
                    if row.try_get_unchecked::<&[u8], _>(0).map_err(fault)?.len() != claim.digest.len() =>
                {
                    Earlier::Unreadable
                }
                Some(row) if row.try_get_unchecked::<&[u8], _>(0).map_err(fault)? != claim.digest => {
                    Earlier::Another
                }
                Some(row) => {
                    let reply: Option<&[u8]> = row.try_get_unchecked(1).map_err(fault)?;
                    match reply.map(Outcome::decode) {
                        Some(Some(outcome)) => Earlier::Done(outcome),
                        Some(None) => Earlier::Unreadable,
                        None => Earlier::Unanswered,
                    }
                }
            });
        }
    }
    Ok(all)
}

/// [`Claim::key`] of a row of [`earlier`].
fn key(row: &MySqlRow) -> Result<(&str, &str, u32), sqlx::Error> {
    let step = row.try_get_unchecked::<u64, _>(4)?;
    let step = u32::try_from(step).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok((row.try_get_unchecked(2)?, row.try_get_unchecked(3)?, step))
}

/// Removes claims that this transaction made.
pub(super) async fn take_back(
    connection: &mut MySqlConnection,
    claims: &[&Claim],
    domain: &Domain,
) -> Result<(), Fault> {
    for (claims, size) in parts(claims, 3) {
        let sql = format!("delete from `beds_ledger` where {}", any(size));
        let _traced = statement_span(&sql);
        let deleted = connection.execute(sqlx::query_with(&sql, keys(claims, size, domain)?)).await;
        deleted.map_err(|error| of_own(&error, &LEDGER, domain))?;
    }
    Ok(())
}

/// The condition that a row is one of this many. The server finds each of them by the key; it would not find a list of
/// rows by it.
fn any(count: usize) -> String {
    vec!["(`user` = ? and `message_id` = ? and `step` = ?)"; count].join(" or ")
}

/// The parameters of [`any`] for this many. The last claim fills up the rest.
fn keys(claims: &[&Claim], count: usize, domain: &Domain) -> Result<MySqlArguments, Fault> {
    let mut arguments = MySqlArguments::default();
    let last = claims.last().into_iter().cycle();
    for Claim { user, message_id, step, .. } in claims.iter().chain(last).take(count) {
        let added =
            arguments.add(user).and_then(|()| arguments.add(message_id)).and_then(|()| arguments.add(step));
        added.map_err(|error| classify(&sqlx::Error::Encode(error), domain))?;
    }
    Ok(arguments)
}

/// Stores the replies of writes with claims.
///
/// # Errors
/// `internal`, if a reply did not find the row of its claim: an object rolled it back, or the ledger lost its key,
/// without which it recognizes no duplicate.
pub(super) async fn store(
    connection: &mut MySqlConnection,
    done: &[(&Claim, &Outcome)],
    domain: &Domain,
) -> Result<(), Fault> {
    let fault = |error| of_own(&error, &LEDGER, domain);
    for (done, size) in parts(done, 5) {
        let Some((last, _)) = done.last() else { continue };
        let values = rows("(?, ?, ?, ?, ?)", size);
        // The last claim, without a reply, fills up the rest.
        let sql = format!(
            "insert into `beds_ledger` (`user`, `message_id`, `step`, `digest`, `reply`) values {values} \
             on duplicate key update `reply` = ifnull(values(`reply`), `reply`)"
        );
        let mut arguments = MySqlArguments::default();
        let replies = done.iter().map(|(claim, outcome)| (*claim, Some(core::kept(outcome, domain))));
        let missing = std::iter::repeat_n((*last, None), size - done.len());
        for (claim, reply) in replies.chain(missing) {
            add(&mut arguments, claim, domain)?;
            arguments.add(reply).map_err(|error| fault(sqlx::Error::Encode(error)))?;
        }
        let _traced = statement_span(&sql);
        let stored = connection.execute(sqlx::query_with(&sql, arguments)).await.map_err(fault)?;
        // The server counts a changed row as two, and a new row as one.
        if stored.rows_affected() < 2 * done.len() as u64 {
            return Err(Fault::Refused(amiss::lost(connection, domain).await));
        }
    }
    Ok(())
}

/// This row of placeholders, this many times.
pub(super) fn rows(row: &str, count: usize) -> String {
    vec![row; count].join(", ")
}

fn add(arguments: &mut MySqlArguments, claim: &Claim, domain: &Domain) -> Result<(), Fault> {
    let Claim { user, message_id, step, digest } = claim;
    let added = arguments
        .add(user)
        .and_then(|()| arguments.add(message_id))
        .and_then(|()| arguments.add(step))
        .and_then(|()| arguments.add(digest.as_slice()));
    added.map_err(|error| classify(&sqlx::Error::Encode(error), domain))
}

/// The error if the ledger existed before, and is missing now.
fn gone(domain: &Domain) -> Error {
    let database = domain.database;
    tracing::error!(database, "the table `beds_ledger` is gone: no write with a message_id can be done");
    core::gone(database)
}

/// The error if a claim is stored without a reply, and nobody works under it any more.
pub(super) fn unanswered(claim: &Claim, domain: &Domain) -> Error {
    let (database, template) = (domain.database, domain.name);
    let Claim { user, message_id, step, .. } = claim;
    tracing::error!(
        database,
        template,
        user,
        message_id,
        step,
        "`beds_ledger` has a claim without a reply: whether the write happened is unknown. Either an object committed \
         it by itself and was interrupted, and its template must say `commits = true`; or the table has no transactions"
    );
    core::unanswered()
}
