//! A proxy that makes a server seem far away: all bytes arrive late, as they would over many kilometres of cable, and
//! no piece waits for an earlier one. The cable can be cut, and can let nothing through.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::{Error, Result};

/// The bytes that are read at once. The number of pieces under way is the capacity of the cable: a faster sender waits.
const PIECE_BYTES: usize = 16 << 10;
const PIECES_MAX: usize = 1024;

/// The properties of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The delay in each direction.
    pub one_way: Duration,
    /// The longest piece that is passed on at once, in bytes.
    pub piece_bytes: usize,
    /// Whether anything passes. If not, the bytes wait: the ends notice only silence, as when a firewall forgets a
    /// connection.
    pub passes: bool,
}

impl Way {
    /// Everything passes as it comes, with this delay.
    #[must_use]
    pub const fn late(one_way: Duration) -> Self {
        Self { one_way, piece_bytes: PIECE_BYTES, passes: true }
    }

    /// Everything passes without delay, in pieces of at most this many bytes.
    #[must_use]
    pub const fn sliced(piece_bytes: usize) -> Self {
        Self { piece_bytes, ..Self::late(Duration::ZERO) }
    }

    /// Nothing passes.
    #[must_use]
    pub const fn hole() -> Self {
        Self { passes: false, ..Self::late(Duration::ZERO) }
    }
}

/// A server seen from afar. Dropping it ends all connections through it.
#[derive(Debug)]
pub struct Delay {
    address: SocketAddr,
    accepting: JoinHandle<()>,
    way: watch::Sender<Way>,
    cuts: watch::Sender<u64>,
}

impl Delay {
    /// Listens on a free port of the loopback interface. Bytes take this long in each direction, so a round trip takes
    /// twice as long. Opening a connection takes no time. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(server: SocketAddr, one_way: Duration) -> Result<Self> {
        let refused = |error: io::Error| Error::new(format!("cannot listen for a proxy: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (way, (cuts, cut)) = (watch::Sender::new(Way::late(one_way)), watch::channel(0));
        let watched = way.subscribe();
        let accepting = tokio::spawn(async move {
            // When this task ends, the set is dropped and ends the connections.
            let mut passing = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let mut cut = cut.clone();
                cut.mark_unchanged();
                let passed = pass(near, server, watched.clone());
                passing.spawn(async move {
                    tokio::select! {
                        // The sender exists as long as this task does.
                        _ = cut.changed() => {}
                        // The two ends deal with a broken connection.
                        _ = passed => {}
                    }
                });
                while passing.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, accepting, way, cuts })
    }

    /// The address at which the server seems to be.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the link from now on, also for existing connections. Bytes under way keep their time.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Ends all connections through the proxy. New ones are accepted.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One connection, until either end closes it.
async fn pass(near: TcpStream, server: SocketAddr, way: watch::Receiver<Way>) -> io::Result<()> {
    let far = TcpStream::connect(server).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::try_join!(carry(near_in, far_out, way.clone()), carry(far_in, near_out, way))?;
    Ok(())
}

/// One direction: each piece is written when its time has come, while others are read.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut way: watch::Receiver<Way>,
) -> io::Result<()> {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES_MAX);
    let now = way.clone();
    let reading = async move {
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let length = from.read(&mut buffer).await?;
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            let at = Instant::now() + now.borrow().one_way;
            if length == 0 || sender.send((at, piece)).await.is_err() {
                return io::Result::Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((at, piece)) = pieces.recv().await {
            sleep_until(at).await;
            // This fails only when the proxy is gone, and this task with it.
            let _ = way.wait_for(|way| way.passes).await;
            let most = way.borrow().piece_bytes.max(1);
            for part in piece.chunks(most) {
                to.write_all(part).await?;
            }
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing)?;
    Ok(())
}
