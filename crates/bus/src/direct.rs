//! Direct reply-to: which servers of RabbitMQ replies are known to reach.
//!
//! A direct reply-to names a process of RabbitMQ by a number for its server. RabbitMQ 3.10 ends the publisher's
//! connection if that server does not run: a client may have made the number up, or the server has left the cluster. So
//! the first reply to each server goes by a connection of its own.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{MutexGuard, watch};

use crate::{
    config::Amqp,
    connection::{Connection, connect},
    error::BusError,
    outlet::Outlet,
};

/// How many servers are remembered: more than any cluster has.
const SERVERS_MAX: usize = 64;

/// The servers that replies have reached, on connections that still live.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    known: Mutex<BTreeSet<u32>>,
    /// One trial at a time.
    turn: tokio::sync::Mutex<()>,
}

/// A trial of a reply on a connection of its own. There is one trial at a time.
#[derive(Debug)]
pub(crate) struct Trial<'a> {
    pub(crate) outlet: Outlet,
    connection: Arc<Connection>,
    server: u32,
    servers: &'a Servers,
    _turn: MutexGuard<'a, ()>,
}

impl Servers {
    /// The connection for a trial of a reply to this server; `None` if no trial is needed.
    ///
    /// # Errors
    /// When there is no connection to try it on.
    pub(crate) async fn trial(
        &self,
        amqp: &Amqp,
        node: &str,
        server: u32,
    ) -> Result<Option<Trial<'_>>, BusError> {
        if self.known().contains(&server) {
            return Ok(None);
        }
        let turn = self.turn.lock().await;
        if self.known().contains(&server) {
            return Ok(None);
        }
        let connection = Arc::new(connect(amqp, &format!("{node} trying a direct reply-to")).await?);
        let (_, current) = watch::channel(Some(Arc::clone(&connection)));
        Ok(Some(Trial { outlet: Outlet::new(current), connection, server, servers: self, _turn: turn }))
    }

    /// A connection has ended, perhaps because a server is gone.
    pub(crate) fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trial<'_> {
    /// Whether RabbitMQ has ended the connection over this reply.
    pub(crate) fn has_failed(&self) -> bool {
        !self.connection.is_open()
    }

    /// The reply has reached its server.
    pub(crate) fn succeeded(self) {
        let mut known = self.servers.known();
        if known.len() >= SERVERS_MAX {
            known.clear();
        }
        known.insert(self.server);
    }
}
