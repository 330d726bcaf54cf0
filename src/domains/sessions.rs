//! The Rust functions behind calls of the template `session`, which names this file as its `module`. The functions are
//! those of the node, and the objects are those of this project.

use beds_runtime::{
    Context, Result,
    services::sessions::{self, Asking, Opened},
};

use super::{Session, User};

/// `session.call.open`
///
/// # Errors
/// `unauthenticated`
pub async fn open(cx: &Context, name: String, password: String) -> Result<Opened> {
    sessions::open::<User, Session>(cx, &name, &password).await
}

/// `session.call.check`
///
/// # Errors
/// Only those of the node, which has checked the session.
#[expect(clippy::unused_async, reason = "functions of calls are async")]
pub async fn check(cx: &Context) -> Result<Asking> {
    sessions::check(cx)
}

/// `session.call.close`
///
/// # Errors
/// `not_found` if the caller does not see the session; `validation_failed` if the caller names no session and has none.
pub async fn close(cx: &Context, id: Option<String>) -> Result<()> {
    sessions::close::<Session>(cx, id).await
}

/// `session.call.close_all`
///
/// # Errors
/// The errors of the database.
pub async fn close_all(cx: &Context) -> Result<i64> {
    sessions::close_all::<Session>(cx).await
}

/// `session.call.close_user`
///
/// # Errors
/// The errors of the database.
pub async fn close_user(cx: &Context, user: String) -> Result<i64> {
    sessions::close_user::<Session>(cx, &user).await
}
