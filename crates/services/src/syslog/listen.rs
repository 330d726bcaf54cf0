//! [`listen`]: receives messages over UDP, TCP and TLS, and puts them into a bounded queue.
//!
//! While the queue is full, connections are not read, so their senders wait. UDP senders do not wait: a datagram that
//! finds no place is lost, and counted.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use beds_core::settings::Tls;
use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{debug, info, warn};

use super::{
    frames::{Frame, Frames},
    message::Message,
    meter::Meter,
    reader::Reader,
    settings::Syslog,
    tls::Acceptor,
};

/// The longest UDP datagram.
const DATAGRAM_MAX: usize = 65_536;
/// The requested size of the socket's receive buffer for UDP. The system may give less.
const SOCKET_BYTES: usize = 8 << 20;
/// How many bytes of a stream are read at a time.
const PIECE: usize = 16_384;
/// How long a sender may take for the TLS handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// The pause after a failed accept, such as for lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the drops of the UDP socket are read, and losses are logged.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The transport of a message.
#[derive(Debug, Clone, Copy)]
enum By {
    Udp,
    Tcp,
    Tls,
}

/// Listeners, which stop when this is dropped.
pub struct Listening {
    /// The received messages.
    pub messages: mpsc::Receiver<Message>,
    /// The counters.
    pub meter: Arc<Meter>,
    /// The addresses, with the actual ports.
    pub addresses: Vec<(&'static str, SocketAddr)>,
    tasks: JoinSet<()>,
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listening").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Listening {
    /// Stops receiving. The messages received so far are still in the queue.
    pub async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

/// What all listeners share.
#[derive(Debug)]
struct Shared {
    reader: Reader,
    messages: mpsc::Sender<Message>,
    meter: Arc<Meter>,
    line_max: usize,
    idle: Duration,
    places: Arc<Semaphore>,
}

impl Shared {
    fn read(&self, bytes: &[u8], is_cut: bool, from: IpAddr, by: By) -> Message {
        let counter = match by {
            By::Udp => &self.meter.udp,
            By::Tcp => &self.meter.tcp,
            By::Tls => &self.meter.tls,
        };
        counter.count();
        let message = self.reader.read(bytes, is_cut, Some(&from.to_canonical().to_string()));
        if message.malformed {
            self.meter.malformed.count();
        }
        message
    }
}

/// Listens on the addresses in the settings. `common` are the files of all links of the node.
///
/// # Errors
/// If an address is in use, or a file cannot be used. The error names the key.
pub async fn listen(settings: &Syslog, common: &Tls, reader: Reader) -> io::Result<Listening> {
    let named = |key: &str, error: &io::Error| io::Error::new(error.kind(), format!("{key}: {error}"));
    let (sender, messages) = mpsc::channel(settings.queue_max.max(1) as usize);
    let meter = Arc::<Meter>::default();
    let shared = Arc::new(Shared {
        reader,
        messages: sender,
        meter: Arc::clone(&meter),
        line_max: settings.line_bytes_max as usize,
        idle: Duration::from_secs(settings.idle_s.into()),
        places: Arc::new(Semaphore::new(settings.connections_max as usize)),
    });
    let (mut tasks, mut addresses) = (JoinSet::new(), Vec::new());
    if let Some(address) = settings.udp {
        let socket = udp(address).map_err(|error| named("syslog.udp", &error))?;
        let bound = socket.local_addr()?;
        addresses.push(("udp", bound));
        tasks.spawn(datagrams(socket, Arc::clone(&shared)));
        tasks.spawn(look_for_losses(bound, Arc::clone(&meter)));
    }
    for (key, address) in [("tcp", settings.tcp), ("tls", settings.tls)] {
        let Some(address) = address else { continue };
        let named = |error| named(&format!("syslog.{key}"), &error);
        let acceptor = if key == "tls" {
            Some(Arc::new(Acceptor::new(settings.identity(common)).map_err(named)?))
        } else {
            None
        };
        let listener = TcpListener::bind(address).await.map_err(named)?;
        addresses.push((key, listener.local_addr()?));
        tasks.spawn(connections(listener, acceptor, Arc::clone(&shared)));
    }
    for (by, address) in &addresses {
        info!(%address, "syslog by {by}");
    }
    Ok(Listening { messages, meter, addresses, tasks })
}

fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    // Without the right to exceed its limit, the system gives what the limit allows.
    let _ = socket.set_recv_buffer_size(SOCKET_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

async fn datagrams(socket: UdpSocket, shared: Arc<Shared>) {
    let mut bytes = vec![0; DATAGRAM_MAX];
    loop {
        match socket.recv_from(&mut bytes).await {
            Ok((count, from)) => {
                // Nothing is read without a place in the queue.
                let Ok(place) = shared.messages.try_reserve() else {
                    shared.meter.udp.count();
                    shared.meter.lost.count();
                    continue;
                };
                let kept = count.min(shared.line_max);
                place.send(shared.read(&bytes[..kept], kept < count, from.ip(), By::Udp));
            }
            // Such an error is about an earlier datagram of ours, but this socket sends none.
            Err(error) => {
                debug!("syslog by UDP: {error}");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Counts the datagrams that the system dropped before they were read, and logs all losses together.
async fn look_for_losses(address: SocketAddr, meter: Arc<Meter>) {
    let mut told = 0;
    loop {
        sleep(LOOK_EVERY).await;
        if let Some(dropped) = dropped(address) {
            meter.dropped.set(dropped);
        }
        let lost = meter.lost();
        if lost > told {
            let count = lost - told;
            warn!(
                count,
                "{count} syslog messages that came by UDP were lost: they came faster than they could be published, or \
                 RabbitMQ was away; senders by TCP or TLS wait instead"
            );
            told = lost;
        }
    }
}

/// How many datagrams the system has dropped for the socket of this address, in this process's network namespace.
fn dropped(address: SocketAddr) -> Option<u64> {
    let file = if address.is_ipv4() { "/proc/self/net/udp" } else { "/proc/self/net/udp6" };
    let text = std::fs::read_to_string(file).ok()?;
    let port = format!(":{:04X}", address.port());
    let line = text
        .lines()
        .find(|line| line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&port)))?;
    line.split_whitespace().last()?.parse().ok()
}

async fn connections(listener: TcpListener, acceptor: Option<Arc<Acceptor>>, shared: Arc<Shared>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_) = open.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() else {
                        shared.meter.refused.count();
                        warn!(%from, "a syslog connection is refused: there are syslog.connections_max of them");
                        continue;
                    };
                    let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
                    open.spawn(async move {
                        let meter = Arc::clone(&shared.meter);
                        let _counted = meter.connections.hold();
                        connection(stream, from, acceptor, &shared).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!("syslog cannot take a connection: {error}");
                    sleep(PAUSE).await;
                }
            },
        }
    }
}

async fn connection(stream: TcpStream, from: SocketAddr, acceptor: Option<Arc<Acceptor>>, shared: &Shared) {
    let Some(acceptor) = acceptor else { return messages(stream, from, By::Tcp, shared).await };
    match timeout(HANDSHAKE_MAX, acceptor.current().accept(stream)).await {
        Ok(Ok(stream)) => messages(stream, from, By::Tls, shared).await,
        Ok(Err(error)) => {
            shared.meter.refused.count();
            warn!(%from, "a sender of syslog does not connect by TLS: {error}");
        }
        Err(_) => shared.meter.refused.count(),
    }
}

/// Receives the messages of a connection, as fast as the queue has places.
async fn messages(mut stream: impl AsyncRead + Unpin, from: SocketAddr, by: By, shared: &Shared) {
    let mut frames = Frames::new(shared.line_max);
    let mut piece = vec![0; PIECE];
    let put = async |Frame { bytes, is_cut }: Frame| {
        shared.messages.send(shared.read(&bytes, is_cut, from.ip(), by)).await.is_ok()
    };
    loop {
        while let Some(frame) = frames.next() {
            if !put(frame).await {
                return;
            }
        }
        match timeout(shared.idle, stream.read(&mut piece)).await {
            Ok(Ok(count)) if count > 0 => frames.push(&piece[..count]),
            // At its end, on an error, or after too long a silence.
            Ok(_) | Err(_) => break,
        }
    }
    if let Some(frame) = frames.finish() {
        put(frame).await;
    }
}
