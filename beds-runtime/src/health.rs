//! The health endpoint. `GET /live` answers 200 as long as the process runs. `GET /ready` answers 200 while the node
//! serves, and otherwise 503 with the reason. `GET /metrics` answers the node's metrics in the format of Prometheus.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use tokio::sync::watch::Receiver;
use tracing::{info, warn};

use beds_bus::Status;
use beds_core::meter::Source;

/// The data of the endpoint.
pub(crate) struct Health {
    /// Whether the consumers are on their queues.
    pub(crate) status: Receiver<Status>,
    /// The templates that contradict their databases at present.
    pub(crate) wrong: Receiver<Option<String>>,
    /// The sources of the metrics.
    pub(crate) sources: Vec<Arc<dyn Source>>,
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("status", &*self.status.borrow()).finish_non_exhaustive()
    }
}

/// Opens the endpoint if the configuration asks for one. An error is logged, and the node serves without the endpoint.
pub(crate) async fn start(address: Option<SocketAddr>, health: Health) {
    let Some(address) = address else { return };
    match serve(address, health).await {
        Ok(bound) => info!("readiness at http://{bound}/ready, metrics at http://{bound}/metrics"),
        Err(error) => warn!("no health endpoint at {address}: {error}"),
    }
}

/// Listens on an address. Returns the actual address, with the assigned port if the given port was 0.
#[cfg(feature = "health")]
async fn serve(address: SocketAddr, health: Health) -> io::Result<SocketAddr> {
    use axum::{
        Router,
        http::{StatusCode, header::CONTENT_TYPE},
        routing::get,
    };
    use beds_core::meter::{Family, Samples};

    use crate::telemetry::{Process, prometheus};

    static READY: Family = Family::gauge("beds_ready", "1 while the node serves, else 0.");

    let listener = tokio::net::TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let Health { status, wrong, sources } = health;
    let (now, now_wrong) = (status.clone(), wrong.clone());
    let process = Process::new();
    let metrics = move || {
        let mut samples = Samples::default();
        process.collect(&mut samples);
        let is_ready = *now.borrow() == Status::Serving && now_wrong.borrow().is_none();
        samples.count(&READY, &[], u64::from(is_ready));
        for source in &sources {
            source.collect(&mut samples);
        }
        let text = prometheus::text(&samples);
        async move { ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], text) }
    };
    let metrics = Arc::new(metrics);
    let ready = move || {
        let (status, wrong) = (status.borrow().clone(), wrong.borrow().clone());
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
                Status::Draining => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "draining by command: finishing the requests in progress\n".to_owned(),
                ),
                Status::Drained => {
                    (StatusCode::SERVICE_UNAVAILABLE, "drained by command, until told to resume\n".to_owned())
                }
                Status::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()),
            }
        }
    };
    let router = Router::new()
        .route("/ready", get(ready))
        .route("/live", get(|| async { "alive\n" }))
        .route("/metrics", get(move || metrics()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(bound)
}

#[cfg(not(feature = "health"))]
fn serve(_: SocketAddr, _: Health) -> impl Future<Output = io::Result<SocketAddr>> {
    let reason = "this node is built without the feature `health` of beds-runtime";
    std::future::ready(Err(io::Error::new(io::ErrorKind::Unsupported, reason)))
}
