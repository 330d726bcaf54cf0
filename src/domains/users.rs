//! The Rust functions behind calls of the template `user`, which names this file as its `module`. The functions are
//! those of the node, and the objects are those of this project.

use beds_runtime::{
    Context, Result,
    services::users::{self, Admitted},
};

use uuid::Uuid;

use super::User;

/// `user.call.register`
///
/// # Errors
/// `conflict` if the name is taken; `validation_failed` if the password is too weak.
pub async fn register(cx: &Context, name: String, password: String) -> Result<Uuid> {
    users::register::<User>(cx, &name, password).await
}

/// `user.call.authenticate`
///
/// # Errors
/// `unauthenticated`
pub async fn authenticate(cx: &Context, name: String, password: String) -> Result<Admitted> {
    users::authenticate::<User>(cx, &name, &password).await
}

/// `user.call.change_password`
///
/// # Errors
/// `unauthenticated` if the caller has no session, or the old password is wrong.
pub async fn change_password(cx: &Context, old: String, new: String) -> Result<()> {
    users::change_password::<User>(cx, old, new).await
}

/// `user.call.reset_password`
///
/// # Errors
/// `not_found`
pub async fn reset_password(cx: &Context, name: String, password: String) -> Result<()> {
    users::reset_password::<User>(cx, &name, password).await
}

/// `user.call.set_roles`
///
/// # Errors
/// `not_found`; `validation_failed` if one of the names is not a role.
pub async fn set_roles(cx: &Context, name: String, roles: Vec<String>) -> Result<Vec<String>> {
    users::put_roles::<User>(cx, &name, users::Change::Set, roles).await
}

/// `user.call.grant`
///
/// # Errors
/// As [`set_roles`].
pub async fn grant(cx: &Context, name: String, role: String) -> Result<Vec<String>> {
    users::put_roles::<User>(cx, &name, users::Change::Grant, vec![role]).await
}

/// `user.call.revoke`
///
/// # Errors
/// As [`set_roles`].
pub async fn revoke(cx: &Context, name: String, role: String) -> Result<Vec<String>> {
    users::put_roles::<User>(cx, &name, users::Change::Revoke, vec![role]).await
}

/// `user.call.lock`
///
/// # Errors
/// `not_found`
pub async fn lock(cx: &Context, name: String) -> Result<()> {
    users::put_lock::<User>(cx, &name, true).await
}

/// `user.call.unlock`
///
/// # Errors
/// `not_found`
pub async fn unlock(cx: &Context, name: String) -> Result<()> {
    users::put_lock::<User>(cx, &name, false).await
}
