//! A server behind the proxy is as far away as it should be, and no farther.

// clippy.toml lets tests unwrap, but recognizes only functions that are marked as tests.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use beds_devstack::delay::{Delay, Way};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const ONE_WAY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection through a proxy to a server that echoes what it gets.
async fn far_echo() -> (TcpStream, Delay) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Delay::start(server.local_addr().unwrap(), ONE_WAY).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = server.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = connection.split();
                copy(&mut from, &mut to).await
            });
        }
    });
    (TcpStream::connect(proxy.address()).await.unwrap(), proxy)
}

#[tokio::test]
async fn an_answer_takes_a_round_trip() {
    let (mut client, _proxy) = far_echo().await;
    let begun = Instant::now();
    client.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"ping");
    assert!(begun.elapsed() >= ONE_WAY * 2, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_is_sent_together_is_late_once_and_in_order() {
    const MESSAGES: u8 = 100;
    let (mut client, _proxy) = far_echo().await;
    let begun = Instant::now();
    let mut answers = Vec::new();
    for number in 0..MESSAGES {
        client.write_all(&[number]).await.unwrap();
        // Each text leaves in a separate piece.
        tokio::task::yield_now().await;
    }
    client.shutdown().await.unwrap();
    // The end of the stream passes as well.
    timeout(PATIENCE, client.read_to_end(&mut answers)).await.unwrap().unwrap();
    assert_eq!(answers, (0..MESSAGES).collect::<Vec<u8>>());
    assert!(
        begun.elapsed() < ONE_WAY * u32::from(MESSAGES) / 2,
        "they waited for each other: {:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn its_end_ends_the_connections() {
    let (mut client, proxy) = far_echo().await;
    client.write_all(b"x").await.unwrap();
    timeout(PATIENCE, client.read_exact(&mut [0; 1])).await.unwrap().unwrap();
    drop(proxy);
    let ended = timeout(PATIENCE, client.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
}

/// Sends a text, and returns it when the echo has come.
async fn echoed(client: &mut TcpStream, text: &[u8]) -> Vec<u8> {
    client.write_all(text).await.unwrap();
    let mut answer = vec![0; text.len()];
    timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn a_cut_ends_what_is_there_and_lets_in_what_comes() {
    let (mut client, proxy) = far_echo().await;
    assert_eq!(echoed(&mut client, b"x").await, b"x");
    proxy.cut();
    let ended = timeout(PATIENCE, client.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    let mut other = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(echoed(&mut other, b"y").await, b"y");
}

#[tokio::test]
async fn a_hole_is_silent_and_forgets_nothing() {
    let (mut client, proxy) = far_echo().await;
    proxy.set(Way::hole());
    client.write_all(b"lost?").await.unwrap();
    let mut answer = [0; 5];
    let silent = timeout(ONE_WAY * 6, client.read_exact(&mut answer)).await;
    assert!(silent.is_err(), "{silent:?}");
    proxy.set(Way::late(Duration::ZERO));
    timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"lost?");
}

#[tokio::test]
async fn slices_arrive_whole() {
    let (mut client, proxy) = far_echo().await;
    proxy.set(Way::sliced(3));
    let text: Vec<u8> = (0..=255).collect();
    assert_eq!(echoed(&mut client, &text).await, text);
}
