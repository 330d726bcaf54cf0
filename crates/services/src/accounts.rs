//! [`Accounts`]: what the functions of users and sessions find in their context.

use std::sync::Arc;

use beds_core::{Result, context::Context};

use crate::{
    known::{Forget, SessionCheck},
    passwords::Passwords,
    settings::Tercero,
};

/// What the functions of users and sessions find among the node's extensions.
#[derive(Debug)]
pub struct Accounts {
    pub(crate) settings: Tercero,
    pub(crate) passwords: Passwords,
    /// The node's cache of sessions. It forgets at once the sessions that these functions end.
    sessions: Option<Arc<SessionCheck>>,
}

impl Accounts {
    /// The accounts of a node with these settings. `sessions` is the node's cache of sessions, if it has one.
    ///
    /// # Errors
    /// If passwords cannot be hashed with these settings.
    pub fn new(settings: Tercero, sessions: Option<Arc<SessionCheck>>) -> Result<Self> {
        Ok(Self { passwords: Passwords::new(&settings)?, settings, sessions })
    }

    pub(crate) fn of(cx: &Context) -> Result<&Self> {
        cx.extensions.get()
    }

    /// Other nodes learn it from an event.
    pub(crate) fn forget(&self, what: &Forget) {
        if let Some(sessions) = &self.sessions {
            sessions.forget(what);
        }
    }
}
