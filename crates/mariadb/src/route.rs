//! [`Route`]: the server for the connections of a lane.

use std::sync::Arc;

use crate::{
    primary::{Connected, Primary},
    replicas::Replicas,
};

/// The server for connections. Servers are numbered: those of `url`, then those of `read_urls`.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// The server that takes writes.
    Primary(Arc<Primary>),
    /// This replica, if it may serve; otherwise another replica; if none may serve, the primary.
    Replica(Arc<Replicas>, usize, Arc<Primary>),
}

impl Route {
    /// How many servers there are.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Primary(primary) => primary.count(),
            Self::Replica(replicas, _, primary) => primary.count() + replicas.count(),
        }
    }

    /// The number of the server for a new connection.
    fn target(&self) -> usize {
        match self {
            Self::Primary(primary) => primary.current(),
            Self::Replica(replicas, own, primary) => {
                replicas.choose(*own).map_or_else(|| primary.current(), |replica| primary.count() + replica)
            }
        }
    }

    pub(crate) async fn connect(&self) -> Result<Connected, String> {
        match self {
            Self::Primary(primary) => primary.connect().await,
            Self::Replica(replicas, _, primary) => {
                let server = self.target();
                match server.checked_sub(primary.count()) {
                    Some(replica) => Ok(Connected { connection: replicas.connect(replica).await?, server }),
                    None => primary.connect().await,
                }
            }
        }
    }

    /// The servers, as they may be shown.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Primary(primary) => primary.shown(),
            Self::Replica(replicas, own, _) => replicas.shown(*own),
        }
    }
}

/// The place of a session.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) route: Route,
    /// The number of its server.
    pub(crate) server: usize,
}

impl Place {
    /// Whether new connections go to another server by now.
    pub(crate) fn is_left(&self) -> bool {
        self.route.target() != self.server
    }

    /// Whether it is on a replica.
    pub(crate) fn is_replica(&self) -> bool {
        matches!(&self.route, Route::Replica(_, _, primary) if self.server >= primary.count())
    }
}
