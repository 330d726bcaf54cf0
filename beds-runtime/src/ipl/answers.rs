//! Finds out which server answers at an address instead of the intended one: a URL often has the port of another
//! server.

use std::time::Duration;

use beds_core::settings::{Link, MONGODB, Parts, RABBITMQ, SecretUrl};
use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long connecting, and each answer, may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait for a server that may speak first.
const GREETING: Duration = Duration::from_millis(500);

/// The request `{hello: 1, $db: "admin"}` in MongoDB's protocol. RabbitMQ answers it with its protocol version, and a
/// server with TLS with an alert.
const HELLO: &[u8] = b"\x34\0\0\0BEDS\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\
    \x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";
/// The position of the request's number in a MongoDB reply, and the number.
const REPLY_TO: (std::ops::Range<usize>, &[u8]) = (8..12, b"BEDS");

/// The kind of server that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    RabbitMq,
    MariaDb,
    MongoDb,
    /// Any server that expects TLS first.
    Tls,
}

impl Server {
    fn name(self) -> &'static str {
        match self {
            Self::RabbitMq => "RabbitMQ",
            Self::MariaDb => "MariaDB",
            Self::MongoDb => "MongoDB",
            Self::Tls => "a server with TLS",
        }
    }

    /// The advice if this server answers instead of the intended one.
    pub(super) fn hint(self, meant: Self) -> String {
        match (self, meant) {
            (Self::Tls, Self::RabbitMq) => {
                "the server has TLS on this port: begin the URL with `amqps://`, or correct its port".to_owned()
            }
            (Self::Tls, Self::MongoDb) => {
                "the server has TLS on this port: write `tls=true` into the query of the URL, or correct its port"
                    .to_owned()
            }
            _ => format!(
                "{} answers there, not {}: correct host and port in the URL",
                self.name(),
                meant.name()
            ),
        }
    }
}

/// The server that answers at one of these addresses instead of the intended one; `None` if the intended server
/// answers, or no known one.
pub(super) async fn instead_of(meant: Server, urls: &[&SecretUrl]) -> Option<Server> {
    let asked = urls.iter().flat_map(|url| {
        let is_encrypted = is_encrypted(url, meant);
        addresses(url.expose(), meant).into_iter().map(move |address| (address, is_encrypted))
    });
    let heard = join_all(asked.map(async |((host, port), is_encrypted)| {
        let found = heard_at(&host, port).await;
        // On an encrypted link, a TLS server counts as the intended one, because nothing more can be known.
        found.filter(|found| *found != meant && !(is_encrypted && *found == Server::Tls))
    }))
    .await;
    heard.into_iter().flatten().next()
}

/// Whether a URL uses TLS from the first byte. MariaDB sends a greeting in plain text before TLS.
fn is_encrypted(url: &SecretUrl, meant: Server) -> bool {
    let rules = match meant {
        Server::RabbitMq => &RABBITMQ,
        Server::MongoDb => &MONGODB,
        Server::MariaDb | Server::Tls => return false,
    };
    matches!(rules.link(url), Link::Verified | Link::Unverified)
}

/// The hosts of a URL with their ports.
fn addresses(url: &str, meant: Server) -> Vec<(String, u16)> {
    let Ok(parts) = Parts::read(url) else { return Vec::new() };
    let port = match (meant, parts.scheme) {
        // Names of SRV records, which refer to other names.
        (_, "mongodb+srv") => return Vec::new(),
        (Server::RabbitMq, "amqps") => 5_671,
        (Server::RabbitMq | Server::Tls, _) => 5_672,
        (Server::MariaDb, _) => 3_306,
        (Server::MongoDb, _) => 27_017,
    };
    let hosts = parts.hosts().unwrap_or_default().into_iter();
    let named = hosts.filter(|host| !host.name.is_empty());
    named.map(|host| (host.name.to_owned(), host.port.unwrap_or(port))).collect()
}

/// The server that answers at an address.
async fn heard_at(host: &str, port: u16) -> Option<Server> {
    let mut stream = timeout(PATIENCE, TcpStream::connect((host, port))).await.ok()?.ok()?;
    let mut bytes = [0; 64];
    // MariaDB speaks first.
    if let Ok(read) = timeout(GREETING, stream.read(&mut bytes)).await {
        return recognized(bytes.get(..read.ok()?)?);
    }
    stream.write_all(HELLO).await.ok()?;
    let read = timeout(PATIENCE, stream.read(&mut bytes)).await.ok()?.ok()?;
    recognized(bytes.get(..read)?)
}

/// The server that begins with these bytes.
fn recognized(bytes: &[u8]) -> Option<Server> {
    match bytes {
        [b'A', b'M', b'Q', b'P', ..] => Some(Server::RabbitMq),
        // A TLS alert.
        [0x15, 3, ..] => Some(Server::Tls),
        // The first packet: a greeting of version 10, or an error.
        [_, _, 0, 0, 10 | 0xff, ..] => Some(Server::MariaDb),
        _ if bytes.get(REPLY_TO.0) == Some(REPLY_TO.1) => Some(Server::MongoDb),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_is_known_by_its_first_bytes() {
        for (bytes, server) in [
            (&b"AMQP\0\0\x09\x01"[..], Some(Server::RabbitMq)),
            (b"\x5d\0\0\0\x0a11.4.2-MariaDB\0", Some(Server::MariaDb)),
            (b"\x45\0\0\0\xff\x6a\x04Host 'h' is not allowed", Some(Server::MariaDb)),
            (b"\x80\0\0\0\x01\0\0\0BEDS\xdd\x07\0\0", Some(Server::MongoDb)),
            (b"\x15\x03\x03\0\x02\x02\x0a", Some(Server::Tls)),
            (b"SSH-2.0-OpenSSH_9.6\r\n", None),
            (b"", None),
        ] {
            assert_eq!(recognized(bytes), server, "{bytes:?}");
        }
        assert_eq!(HELLO.len(), usize::from(HELLO[0]));
    }

    #[tokio::test]
    async fn who_answers_after_a_question_is_told_where_it_is_not_meant() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut header = [0; 8];
                stream.read_exact(&mut header).await.unwrap();
                stream.write_all(b"AMQP\0\0\x09\x01").await.unwrap();
            }
        });
        let url = SecretUrl::new(format!("mysql://u:p@127.0.0.1:{port}/s"));
        assert_eq!(instead_of(Server::MariaDb, &[&url]).await, Some(Server::RabbitMq));
        assert_eq!(instead_of(Server::RabbitMq, &[&url]).await, None);
        let silent = SecretUrl::new("mongodb+srv://h/");
        assert_eq!(instead_of(Server::MongoDb, &[&silent]).await, None);
        assert!(Server::RabbitMq.hint(Server::MariaDb).starts_with("RabbitMQ answers there, not MariaDB"));
    }
}
