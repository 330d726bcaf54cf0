//! The readiness endpoint: `GET /ready` answers 200 while the node serves, 503 and why while it does not; `GET /live`
//! answers 200 as long as the process runs.

use std::{io, net::SocketAddr};

use tokio::sync::watch::Receiver;
use tracing::{info, warn};

use beds_bus::Status;

/// What the endpoint tells.
#[derive(Debug)]
pub(crate) struct Health {
    /// Whether the consumers are on their queues.
    pub(crate) status: Receiver<Status>,
    /// Which templates contradict their databases by now.
    pub(crate) wrong: Receiver<Option<String>>,
}

/// Opens the endpoint where the configuration asks for one. A node serves without it: what goes wrong is logged.
pub(crate) async fn start(address: Option<SocketAddr>, health: Health) {
    let Some(address) = address else { return };
    match serve(address, health).await {
        Ok(bound) => info!("readiness at http://{bound}/ready"),
        Err(error) => warn!("no readiness endpoint at {address}: {error}"),
    }
}

/// Listens on an address; gives the one it got, where the port was 0.
#[cfg(feature = "health")]
async fn serve(address: SocketAddr, health: Health) -> io::Result<SocketAddr> {
    use axum::{Router, http::StatusCode, routing::get};

    let listener = tokio::net::TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let ready = move || {
        let (status, wrong) = (health.status.borrow().clone(), health.wrong.borrow().clone());
        async move {
            match status {
                Status::Serving if let Some(names) = wrong => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("serving, but these contradict their databases: {names}\n"),
                ),
                Status::Serving => (StatusCode::OK, "serving\n".to_owned()),
                Status::Connecting(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("connecting: {why}\n")),
                Status::Unrouted(reason) => {
                    (StatusCode::SERVICE_UNAVAILABLE, format!("not routed: {reason}\n"))
                }
                Status::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()),
            }
        }
    };
    let router = Router::new().route("/ready", get(ready)).route("/live", get(|| async { "alive\n" }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(bound)
}

#[cfg(not(feature = "health"))]
fn serve(_: SocketAddr, _: Health) -> impl Future<Output = io::Result<SocketAddr>> {
    let reason = "this node is built without the feature `health` of beds-runtime";
    std::future::ready(Err(io::Error::new(io::ErrorKind::Unsupported, reason)))
}
