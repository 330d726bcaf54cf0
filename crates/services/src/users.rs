//! The functions behind the calls of the template `user`. They use calls of the domain, `add`, `credential`, `settle`,
//! `put_password`, `put_roles` and `put_lock`, with the arguments of `templates/user_rec.toml`. The adopter defines the
//! objects behind those calls.

use beds_core::{Error, NamasteCore, Result, context::Context};
use beds_protocol::{
    ErrorCode, Json, Record,
    vocabulary::{is_meant_for_all, is_role},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    accounts::Accounts,
    ask::{self, Nothing},
    known::Forget,
};

/// A user whose password was right.
#[derive(Debug, Serialize)]
pub struct Admitted {
    /// Identifies the user for ever.
    pub id: String,
    /// The name.
    pub name: String,
    /// The roles.
    pub roles: Vec<String>,
}

/// A change of a user's roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Replace them by these.
    Set,
    /// Add these.
    Grant,
    /// Remove these.
    Revoke,
}

impl Change {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Grant => "grant",
            Self::Revoke => "revoke",
        }
    }
}

#[derive(Deserialize)]
struct Id {
    id: Uuid,
}

#[derive(Deserialize)]
struct Credential {
    id: Option<String>,
    hash: Option<String>,
}

#[derive(Deserialize)]
struct Settled {
    is_admitted: bool,
    roles: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Changed {
    id: String,
    roles: Vec<String>,
}

/// Registers a user without roles. Returns the id.
///
/// # Errors
/// `conflict` if the name is taken; `validation_failed` if the password is too weak.
pub async fn register<U: NamasteCore>(cx: &Context, name: &str, password: String) -> Result<Uuid> {
    let hash = Accounts::of(cx)?.passwords.hash(cx, (name, "password"), password).await?;
    let args = Record::from([("name", name), ("hash", hash.as_str())]);
    let Id { id } = ask::call::<U, _>(&cx.trusted(), "add", args).await?;
    Ok(id)
}

/// The user with this name and password. Every failure takes the same time and gives the same error.
///
/// # Errors
/// `unauthenticated` if the name or the password is wrong, or the user is locked.
pub async fn authenticate<U: NamasteCore>(cx: &Context, name: &str, password: &str) -> Result<Admitted> {
    let credential = credential::<U>(cx, name).await?;
    let is_right = is_right(cx, &credential, password).await?;
    let roles = settle::<U>(cx, name, &credential, is_right).await?.ok_or_else(refused)?;
    let id = credential.id.ok_or_else(refused)?;
    Ok(Admitted { id, name: name.to_owned(), roles })
}

/// Sets a new password for the caller, and ends the caller's other sessions.
///
/// # Errors
/// `unauthenticated` if the old password is wrong or the caller is locked; `validation_failed` if the caller has no
/// session, or the new password is too weak.
pub async fn change_password<U: NamasteCore>(cx: &Context, old: String, new: String) -> Result<()> {
    let (Some(name), Some(session)) = (cx.caller().user.clone(), cx.caller().session.clone()) else {
        let message = "only a caller with a session has a password here";
        return Err(Error::new(ErrorCode::ValidationFailed, message)
            .hint("open a session, and send its token in the header `beds-session`"));
    };
    let credential = credential::<U>(cx, &name).await?;
    let mut is_right = is_right(cx, &credential, &old).await?;
    if !is_right && cx.claims.is_some() {
        // A redelivered request finds its work done: the new password is the password already.
        is_right = self::is_right(cx, &credential, &new).await?;
    }
    settle::<U>(cx, &name, &credential, is_right).await?.ok_or_else(refused)?;
    let hash = Accounts::of(cx)?.passwords.hash(cx, (&name, "new"), new).await?;
    let id = credential.id.ok_or_else(refused)?;
    put_password::<U>(cx, id, &hash, Some(&session)).await
}

/// Sets a new password for a user, and ends all of the user's sessions.
///
/// # Errors
/// `not_found`; `validation_failed` if the password is too weak.
pub async fn reset_password<U: NamasteCore>(cx: &Context, name: &str, password: String) -> Result<()> {
    let hash = Accounts::of(cx)?.passwords.hash(cx, (name, "password"), password).await?;
    let id = credential::<U>(cx, name).await?.id.ok_or_else(|| Error::not_found(U::domain()))?;
    put_password::<U>(cx, id, &hash, None).await
}

/// Sets a user's roles, adds some or removes some. Returns the resulting roles.
///
/// # Errors
/// `not_found`; `validation_failed` if one of the roles is no role; `conflict` if the user may have no more roles.
pub async fn put_roles<U: NamasteCore>(
    cx: &Context,
    name: &str,
    change: Change,
    roles: Vec<String>,
) -> Result<Vec<String>> {
    // `[access]` refuses such a word, so no template could grant anything to the role.
    if let Some(wrong) = roles.iter().find(|role| !is_role(role) || is_meant_for_all(role)) {
        let field = if change == Change::Set { "args.roles" } else { "args.role" };
        let reason = if is_meant_for_all(wrong) {
            "is not a role: it seems to mean all callers, whom templates name by * and anyone"
        } else {
            "is not a role: a role has lower-case letters, digits, _ and -, and begins with a letter"
        };
        return Err(Error::new(
            ErrorCode::ValidationFailed,
            format!("{} {reason}", beds_protocol::shown(wrong)),
        )
        .detail(field, reason));
    }
    let given = Json::Array(roles.into_iter().map(Json::String).collect());
    let args = [("name", name.into()), ("change", change.as_str().into()), ("given", given)];
    let changed = ask::call::<U, Changed>(&cx.trusted(), "put_roles", Record::from(args)).await;
    let Changed { id, roles } = match changed {
        // There is no such user, or the user may have no more roles.
        Err(error) if error.code == ErrorCode::RejectedByDatabase => {
            let is_known = credential::<U>(cx, name).await?.id.is_some();
            let refused = if is_known {
                Error::new(ErrorCode::Conflict, error.message)
            } else {
                Error::not_found(U::domain())
            };
            return Err(refused);
        }
        changed => changed?,
    };
    Accounts::of(cx)?.forget(&Forget::UserId(id));
    Ok(roles)
}

/// Locks a user, or releases one.
///
/// # Errors
/// `not_found`
pub async fn put_lock<U: NamasteCore>(cx: &Context, name: &str, is_locked: bool) -> Result<()> {
    let args = Record::from([("name", Json::from(name)), ("is_locked", Json::Bool(is_locked))]);
    let changed = ask::call::<U, Id>(&cx.trusted(), "put_lock", args).await;
    let Id { id } = changed.map_err(|error| missing::<U>(error))?;
    Accounts::of(cx)?.forget(&Forget::UserId(id.to_string()));
    Ok(())
}

async fn put_password<U: NamasteCore>(
    cx: &Context,
    id: String,
    hash: &str,
    keep: Option<&str>,
) -> Result<()> {
    let keep = keep.map_or(Json::Null, Json::from);
    let args = Record::from([("id", Json::from(id.as_str())), ("hash", hash.into()), ("keep", keep)]);
    ask::call::<U, Nothing>(&cx.trusted(), "put_password", args).await?;
    Accounts::of(cx)?.forget(&Forget::UserId(id));
    Ok(())
}

async fn credential<U: NamasteCore>(cx: &Context, name: &str) -> Result<Credential> {
    ask::call::<U, _>(&ask::anew(cx), "credential", Record::from([("name", name)])).await
}

async fn is_right(cx: &Context, credential: &Credential, password: &str) -> Result<bool> {
    Accounts::of(cx)?.passwords.is_right(cx, credential.hash.clone(), password).await
}

/// The roles of an admitted user. A wrong password is counted, whatever its `message_id`.
async fn settle<U: NamasteCore>(
    cx: &Context,
    name: &str,
    credential: &Credential,
    is_right: bool,
) -> Result<Option<Vec<String>>> {
    let settings = &Accounts::of(cx)?.settings;
    let args = [
        ("name", Json::from(name)),
        ("hash", credential.hash.as_deref().unwrap_or_default().into()),
        ("is_right", Json::Bool(is_right)),
        ("failures_max", i64::from(settings.failures_max).into()),
        ("lock_s", i64::from(settings.lock_s).into()),
    ];
    let settled: Settled = ask::call::<U, _>(&ask::anew(cx), "settle", Record::from(args)).await?;
    Ok(settled.roles.filter(|_| settled.is_admitted))
}

/// The error does not say which of the two was wrong.
fn refused() -> Error {
    Error::new(ErrorCode::Unauthenticated, "the name or the password is wrong, or the user is locked").hint(
        "after too many wrong passwords a user is locked for a while; a caller who may call `user.call.unlock` can \
         release it",
    )
}

/// The objects report a missing user by a condition of their own.
fn missing<U: NamasteCore>(error: Error) -> Error {
    if error.code == ErrorCode::RejectedByDatabase { Error::not_found(U::domain()) } else { error }
}
