//! The functions behind the calls of the template `session`.
//!
//! They use calls of the domain, `add`, `end` and `end_all`, with the arguments of `templates/session_rec.toml`. The
//! adopter defines the objects behind those calls.

use beds_core::{Error, NamasteCore, Result, context::Context};
use beds_protocol::{ErrorCode, FetchRequest, Json, Record};
use serde::{Deserialize, Serialize};

use crate::{
    accounts::Accounts,
    ask::{self, Nothing},
    known::{Forget, Token},
    users::{self, Admitted},
};

/// A session that was opened.
#[derive(Serialize)]
pub struct Opened {
    token: Token,
    session: String,
    user: String,
    roles: Vec<String>,
    idle_s: u32,
    expires_at: String,
}

/// The caller.
#[derive(Debug, Serialize)]
pub struct Asking {
    user: String,
    roles: Vec<String>,
    session: Option<String>,
}

#[derive(Deserialize)]
struct Added {
    id: String,
    expires_at: String,
}

#[derive(Deserialize)]
struct Ended {
    ended: i64,
}

/// Opens a session for the user with this name and password.
///
/// # Errors
/// `unauthenticated`, as [`users::authenticate`].
pub async fn open<U: NamasteCore, S: NamasteCore>(
    cx: &Context,
    name: &str,
    password: &str,
) -> Result<Opened> {
    let Admitted { id, name, roles } = users::authenticate::<U>(cx, name, password).await?;
    let settings = &Accounts::of(cx)?.settings;
    let token = Token::new()?;
    let args = [
        ("token_hash", Json::from(token.hash().base64().as_str())),
        ("user_id", id.as_str().into()),
        ("absolute_s", i64::from(settings.absolute_s).into()),
    ];
    let Added { id, expires_at } = ask::call::<S, _>(&ask::anew(cx), "add", Record::from(args)).await?;
    Ok(Opened { token, session: id, user: name, roles, idle_s: settings.idle_s, expires_at })
}

/// The caller, whom the node has determined before.
///
/// # Errors
/// `unauthenticated` if the caller is unknown.
pub fn check(cx: &Context) -> Result<Asking> {
    let caller = cx.caller();
    Ok(Asking {
        user: caller.known()?.to_owned(),
        roles: caller.roles.iter().map(ToString::to_string).collect(),
        session: caller.session.as_deref().map(str::to_owned),
    })
}

/// Closes the session of the request, or another that the caller may see.
///
/// # Errors
/// `not_found` if the caller does not see the session; `validation_failed` if the request has no session and names
/// none.
pub async fn close<S: NamasteCore>(cx: &Context, id: Option<String>) -> Result<()> {
    let id = match (id, cx.caller().session.as_deref()) {
        (Some(id), _) => {
            // In the caller's name: a session beyond the caller's reach counts as missing.
            cx.run(S::fetch(cx, FetchRequest::by_key(id.as_str()))).await?;
            id
        }
        (None, Some(own)) => own.to_owned(),
        (None, None) => {
            let message = "the request comes without a session, and names none";
            return Err(Error::new(ErrorCode::ValidationFailed, message)
                .hint("send the token in the header `beds-session`, or the id of a session in `id`"));
        }
    };
    ask::call::<S, Nothing>(&cx.trusted(), "end", Record::from([("id", id.as_str())])).await?;
    Accounts::of(cx)?.forget(&Forget::Session(id));
    Ok(())
}

/// Closes all sessions of the caller. Returns how many.
///
/// # Errors
/// `unauthenticated` if the caller is unknown.
pub async fn close_all<S: NamasteCore>(cx: &Context) -> Result<i64> {
    if cx.caller().session.is_none() {
        // A RabbitMQ user of the same name is another user.
        let message = "only a caller with a session can close its own";
        return Err(Error::new(ErrorCode::ValidationFailed, message)
            .hint("send the token in the header `beds-session`, or ask for `session.call.close_user`"));
    }
    close_user::<S>(cx, cx.caller().known()?).await
}

/// Closes all sessions of a user. Returns how many.
///
/// # Errors
/// An error of the database.
pub async fn close_user<S: NamasteCore>(cx: &Context, user: &str) -> Result<i64> {
    let Ended { ended } = ask::call::<S, _>(&cx.trusted(), "end_all", Record::from([("user", user)])).await?;
    Accounts::of(cx)?.forget(&Forget::User(user.to_owned()));
    Ok(ended)
}
