//! Asks a node's health endpoint.

use std::io::{Read as _, Result, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An endpoint on this machine that takes longer has hung.
const PATIENCE: Duration = Duration::from_secs(2);

/// The endpoint's answer, from the status line on.
pub(super) fn get(health: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&health, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {health}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
