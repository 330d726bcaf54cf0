//! The node under test: the shipped one, with an allocator that counts, and a socket that reports.

use std::{net::Ipv4Addr, path::PathBuf, process::ExitCode};

use beds::domains::Domains;
use beds_runtime::{
    Project, Signals,
    config::{Config, Environment},
    node::run as serve,
};
use tokio::{io::AsyncWriteExt as _, net::TcpListener, runtime::Handle};

use crate::HEAP;

/// The environment variable with the port of the socket.
pub(crate) const COUNTS: &str = "SOAK_COUNTS";

/// Runs the node until it is told to stop.
pub(crate) fn run() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("soak: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        tokio::spawn(tell());
        let signals = Signals::listen();
        let folder = std::env::var_os("BEDS_CONFIG").map(PathBuf::from).unwrap_or_default();
        match Environment::from_env() {
            Ok(environment) => {
                let load = || Config::load(&folder, environment);
                serve(Project::of::<Domains>(), environment, load, signals).await
            }
            Err(error) => {
                eprintln!("soak: {error}");
                ExitCode::FAILURE
            }
        }
    })
}

/// Sends the bytes of the heap and the number of tasks to each client that connects.
async fn tell() -> std::io::Result<()> {
    let port = std::env::var(COUNTS).ok().and_then(|port| port.parse().ok()).unwrap_or(0_u16);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let tasks = Handle::current().metrics().num_alive_tasks();
        let counts = format!("{} {tasks}\n", HEAP.allocated());
        // A client that leaves early gets no answer.
        let _ = stream.write_all(counts.as_bytes()).await;
    }
}
