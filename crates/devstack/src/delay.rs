//! A proxy that makes a server far away: all that passes is late, as it would be over so many kilometres of cable, and
//! nothing waits for what was sent before it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::{Error, Result};

/// Bytes read at once, and such pieces on their way: what a cable holds. A sender that is faster waits.
const PIECE_BYTES: usize = 16 << 10;
const PIECES_MAX: usize = 1024;

/// A server seen from afar. Dropping it ends all connections through it.
#[derive(Debug)]
pub struct Delay {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Delay {
    /// Listens on a free port of the loopback interface. What passes takes this long in each direction, so a round trip
    /// takes twice as long; opening a connection takes no time. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(server: SocketAddr, one_way: Duration) -> Result<Self> {
        let refused = |error: io::Error| Error::new(format!("cannot listen for a proxy: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let accepting = tokio::spawn(async move {
            // Dropped with this task, it ends the connections.
            let mut passing = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                passing.spawn(pass(near, server, one_way));
                while passing.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, accepting })
    }

    /// Where the server seems to be.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One connection, until either end closes it.
async fn pass(near: TcpStream, server: SocketAddr, one_way: Duration) -> io::Result<()> {
    let far = TcpStream::connect(server).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::try_join!(carry(near_in, far_out, one_way), carry(far_in, near_out, one_way))?;
    Ok(())
}

/// One direction: each piece is written when its time has come, while others are read.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    one_way: Duration,
) -> io::Result<()> {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES_MAX);
    let reading = async move {
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let length = from.read(&mut buffer).await?;
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            if length == 0 || sender.send((Instant::now() + one_way, piece)).await.is_err() {
                return io::Result::Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((at, piece)) = pieces.recv().await {
            sleep_until(at).await;
            to.write_all(&piece).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing)?;
    Ok(())
}
