//! A scripted endpoint: it sends prepared bytes to every client.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The reaction to one request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends these bytes, and closes the connection.
    Bytes(Vec<u8>),
    /// Sends the first bytes, and then repeats the others without end.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends these bytes, and then nothing more.
    Silent(Vec<u8>),
}

impl Act {
    /// A reply with this status and body.
    pub(crate) fn reply(status: &str, body: &str) -> Self {
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        Self::Bytes([head.as_bytes(), body.as_bytes()].concat())
    }

    /// A completion with this answer.
    pub(crate) fn says(text: &str) -> Self {
        Self::completion(
            &json!({ "choices": [{ "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }], "usage": { "total_tokens": 100 } }),
        )
    }

    pub(crate) fn completion(body: &Value) -> Self {
        Self::reply("200 OK", &body.to_string())
    }
}

/// An endpoint that does the acts in their order, and repeats the last one for ever.
pub(crate) struct Scripted {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Scripted {
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut acts = acts.into_iter().peekable();
            while let Some(act) = acts.next() {
                let is_last = acts.peek().is_none();
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let Some(request) = request(&mut stream).await else { continue };
                    heard.lock().unwrap().push(request);
                    // The client may hang up at any time.
                    let _ = run(&act, stream).await;
                    if !is_last {
                        break;
                    }
                }
            }
        });
        Self { url, asked, task }
    }

    /// The requests that it received, unchanged.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request with its body.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 8192];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
            return Some(text.into_owned());
        }
    }
}

async fn run(act: &Act, mut stream: TcpStream) -> std::io::Result<()> {
    match act {
        Act::Bytes(bytes) => {
            stream.write_all(bytes).await?;
            stream.shutdown().await
        }
        Act::Endless(first, again) => {
            stream.write_all(first).await?;
            loop {
                stream.write_all(again).await?;
            }
        }
        Act::Silent(bytes) => {
            stream.write_all(bytes).await?;
            // Until the other end hangs up.
            stream.read(&mut [0; 1]).await.map(drop)
        }
    }
}
