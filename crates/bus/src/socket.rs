//! The TCP connection under lapin, with a handle that can end it.
//!
//! lapin runs each connection on a thread of its own, which lives as long as its socket. If the other end accepts and
//! then says nothing, as a paused or overloaded RabbitMQ does, a dropped connection attempt leaves the thread, the
//! socket and its buffers behind. A client that retries without end would collect them. So the socket is opened here.
//! When an attempt is given up, a second handle to the socket shuts it down, upon which lapin's thread ends.

use std::{
    io,
    net::{Shutdown, TcpStream},
    os::fd::AsFd as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use beds_core::settings::Tls;
use lapin::{
    AsyncTcpStream, Connection, ConnectionProperties,
    uri::{AMQPAuthority, AMQPScheme, AMQPUri},
};

use crate::tls;

/// Host and port, as URLs have them.
pub(crate) fn address(AMQPAuthority { host, port, .. }: &AMQPAuthority) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Ends the connection that was opened with it when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Socket(Arc<Mutex<Handle>>);

#[derive(Debug, Default)]
struct Handle {
    stream: Option<TcpStream>,
    /// lapin repeats an attempt whose socket was ended early. It gets no second socket.
    ended: bool,
}

impl Socket {
    /// Connects, over a socket that ends with `self`. Reaching the server, TLS included, takes `patience` at most.
    ///
    /// # Errors
    /// When the server cannot be reached in time, or refuses the connection.
    pub(crate) async fn connect(
        &self,
        uri: AMQPUri,
        files: Tls,
        properties: ConnectionProperties,
        patience: Duration,
    ) -> lapin::Result<Connection> {
        let handle = self.0.clone();
        let runtime = lapin::runtime::default_runtime()?;
        // The closure stands in the call, where its argument's type is known.
        let connect = Connection::connector(
            uri,
            runtime,
            async move |uri, runtime| {
                let AMQPUri { scheme, authority, .. } = uri;
                let reach = async {
                    let address = (authority.host.as_str(), authority.port);
                    let mut result = Err(io::Error::from(io::ErrorKind::AddrNotAvailable));
                    for address in tokio::net::lookup_host(address).await? {
                        result = AsyncTcpStream::connect(&runtime, address).await;
                        if result.is_ok() {
                            break;
                        }
                    }
                    let stream = result?;
                    if let AsyncTcpStream::Plain(plain) = &stream {
                        keep(&handle, TcpStream::from(plain.get_ref().as_fd().try_clone_to_owned()?))?;
                    }
                    match scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => {
                            stream.into_rustls(&tls::connector(&files)?, &authority.host).await
                        }
                    }
                };
                let late = |_| io::Error::from(io::ErrorKind::TimedOut);
                let reached = tokio::time::timeout(patience, reach).await.map_err(late);
                reached.and_then(|stream| stream).map_err(|error| {
                    let reason = format!("cannot reach {}: {error}", address(&authority));
                    lapin::Error::from(io::Error::new(error.kind(), reason))
                })
            },
            properties,
        );
        connect.await
    }
}

fn keep(handle: &Mutex<Handle>, stream: TcpStream) -> io::Result<()> {
    let mut handle = handle.lock().unwrap_or_else(PoisonError::into_inner);
    if handle.ended {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    handle.stream = Some(stream);
    Ok(())
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut handle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handle.ended = true;
        if let Some(stream) = handle.stream.take() {
            // It may have been closed by the other end.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
