//! The ledger: a row a write, in the transaction of the write, so that a duplicate finds it and does nothing.
//!
//! The table belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it.

use beds_core::{Error, Outcome, plan::Claim, spec::Domain};
use beds_protocol::ErrorCode;
use sqlx::{
    Arguments as _, Executor as _, MySqlConnection, Row as _,
    mysql::{MySqlArguments, MySqlDatabaseError},
};

use crate::{
    fault::{Fault, classify},
    statement::runs,
};

/// The error of a unique key, and of a table that is not there.
const DUPLICATE: u16 = 1062;
const NO_TABLE: u16 = 1146;

/// The longest reply that is kept, in bytes. Of a longer one the key is kept.
pub(super) const REPLY_BYTES_MAX: usize = 64 << 10;

/// What a duplicate hears whose first reply was not kept.
pub(super) const CUT: &str =
    "this request was done before; its reply was too long to be kept, but for the key";

/// What became of a claim.
#[derive(Debug)]
pub(super) enum Claimed {
    /// It is new: the write is to be done.
    New,
    /// A write has been done under it, or is being done.
    Taken,
}

/// Claims what these writes are about to do. A claim that another transaction holds is waited for.
pub(super) async fn claim(
    connection: &mut MySqlConnection,
    claims: &[&Claim],
    domain: &Domain,
) -> Result<Claimed, Fault> {
    for claims in runs(claims, 4) {
        let values = rows("(?, ?, ?, ?)", claims.len());
        let sql =
            format!("insert into `beds_ledger` (`user`, `message_id`, `step`, `digest`) values {values}");
        let mut arguments = MySqlArguments::default();
        for claim in claims {
            add(&mut arguments, claim, domain)?;
        }
        if let Err(error) = connection.execute(sqlx::query_with(&sql, arguments)).await {
            return match number(&error) {
                Some(DUPLICATE) => Ok(Claimed::Taken),
                Some(NO_TABLE) => Err(Fault::Refused(no_ledger(domain))),
                _ => Err(classify(&error, domain)),
            };
        }
    }
    Ok(Claimed::New)
}

/// The outcome of the write that was done under a claim; `None` if there is none after all.
///
/// # Errors
/// `conflict`, where something else was done under it.
pub(super) async fn outcome(
    connection: &mut MySqlConnection,
    claim: &Claim,
    domain: &Domain,
) -> Result<Option<Outcome>, Fault> {
    let fault = |error| classify(&error, domain);
    let sql = "select `digest`, `reply` from `beds_ledger` where `user` = ? and `message_id` = ? \
        and `step` = ?";
    let query = sqlx::query(sql).bind(&claim.user).bind(&claim.message_id).bind(claim.step);
    let Some(row) = connection.fetch_optional(query).await.map_err(fault)? else { return Ok(None) };
    if row.try_get_unchecked::<&[u8], _>(0).map_err(fault)? != claim.digest {
        let message = "another request with this `message_id` was done before";
        return Err(Fault::Refused(
            Error::new(ErrorCode::Conflict, message).hint("give each new request a new `message_id`"),
        ));
    }
    let reply: Option<&[u8]> = row.try_get_unchecked(1).map_err(fault)?;
    Ok(reply.and_then(Outcome::decode))
}

/// Keeps the replies of writes that were claimed.
pub(super) async fn store(
    connection: &mut MySqlConnection,
    done: &[(&Claim, &Outcome)],
    domain: &Domain,
) -> Result<(), Fault> {
    let fault = |error| classify(&error, domain);
    for done in runs(done, 5) {
        let values = rows("(?, ?, ?, ?, ?)", done.len());
        let sql = format!(
            "insert into `beds_ledger` (`user`, `message_id`, `step`, `digest`, `reply`) values {values} \
             on duplicate key update `reply` = values(`reply`)"
        );
        let mut arguments = MySqlArguments::default();
        for (claim, outcome) in done {
            add(&mut arguments, claim, domain)?;
            arguments.add(kept(outcome, domain)).map_err(|error| fault(sqlx::Error::Encode(error)))?;
        }
        connection.execute(sqlx::query_with(&sql, arguments)).await.map_err(fault)?;
    }
    Ok(())
}

/// The reply as a duplicate gets it.
fn kept(outcome: &Outcome, domain: &Domain) -> Vec<u8> {
    let is_short = outcome.size() <= REPLY_BYTES_MAX;
    // That of a batch has been cut by its items' own domains.
    if is_short || outcome.items.is_some() { outcome.encode() } else { outcome.cut(domain, CUT).encode() }
}

/// This row of placeholders, so many times.
fn rows(row: &str, count: usize) -> String {
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

fn number(error: &sqlx::Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

fn no_ledger(domain: &Domain) -> Error {
    let database = domain.database;
    tracing::error!(database, "the table `beds_ledger` is missing: no write with a message_id can be done");
    Error::internal(format!("the database `{database}` has no ledger, so a write cannot be done once"))
        .hint("the DBA creates the table that `bedsc ddl --ledger` prints")
}
