//! The readiness endpoint: `GET /ready` answers 200 while the node serves, 503 while it does not; `GET /live`
//! answers 200 as long as the process runs.

use std::net::SocketAddr;

use axum::{Router, http::StatusCode, routing::get};
use tokio::{net::TcpListener, sync::watch};

use beds_bus::Status;

/// Listens on an address; gives the one it got, where the port was 0.
///
/// # Errors
/// When the address cannot be bound.
pub(crate) async fn serve(
    address: SocketAddr,
    status: watch::Receiver<Status>,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let ready = move || {
        let status = *status.borrow();
        async move {
            match status {
                Status::Serving => (StatusCode::OK, "serving\n"),
                Status::Connecting => (StatusCode::SERVICE_UNAVAILABLE, "connecting\n"),
                Status::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
            }
        }
    };
    let router = Router::new().route("/ready", get(ready)).route("/live", get(|| async { "alive\n" }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(bound)
}
