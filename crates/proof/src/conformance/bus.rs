//! Requests over AMQP.

use std::time::Duration;

use beds_client::{Client, Request};
use beds_core::settings::SecretUrl;
use beds_protocol::{Lane, OneLine};
use serde_json::{Value, json};

use super::Told;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// There is no answer. The caller finds out what that means.
#[derive(Debug)]
pub(crate) struct Lost(pub(crate) String);

/// A client of the node.
#[derive(Debug)]
pub(crate) struct Bus(Client);

impl Bus {
    pub(crate) async fn connect(amqp: &SecretUrl, user: &str) -> Result<Self, Lost> {
        let client = Client::builder(amqp.expose()).user_id(user).timeout(PATIENCE).connect().await;
        client.map(Self).map_err(|error| Lost(error.to_string()))
    }

    pub(crate) async fn close(self) {
        self.0.close().await;
    }

    /// Sends a request, and returns the reply unchanged.
    pub(crate) async fn ask(&self, key: &str, body: &Value) -> Result<Value, Lost> {
        self.send(Request::raw(key, body.to_string())).await
    }

    /// Sends a request that only reads.
    pub(crate) async fn ask_reader(&self, key: &str, body: &Value) -> Result<Value, Lost> {
        self.send(Request::raw(key, body.to_string()).lane(Lane::Read)).await
    }

    /// Sends a request twice with one `message_id`.
    pub(crate) async fn twice(&self, key: &str, body: &Value) -> Result<(Value, Value), Lost> {
        let request = Request::raw(key, body.to_string());
        Ok((self.send(request.clone()).await?, self.send(request).await?))
    }

    async fn send(&self, request: Request) -> Result<Value, Lost> {
        let reply = self.0.execute_raw(request).await.map_err(|error| Lost(error.to_string()))?;
        serde_json::from_slice(&reply.body).map_err(|error| Lost(format!("a reply is no JSON: {error}")))
    }
}

/// The data of a reply that has to be ok.
pub(crate) fn ok(what: &str, body: &Value, reply: &Value, told: &mut Told) -> Option<Value> {
    if reply["ok"] == json!(true) {
        return Some(reply["data"].clone());
    }
    told.wrong(format!("{what}: {} is answered with {}", short(body), error(reply)));
    None
}

/// Whether a reply is one of these errors.
pub(crate) fn refused(what: &str, body: &Value, reply: &Value, codes: &[&str], told: &mut Told) -> bool {
    let code = reply["error"]["code"].as_str().unwrap_or("ok");
    let is_right = codes.contains(&code);
    if !is_right {
        let wanted = codes.join(" or ");
        told.wrong(format!("{what}: {} is answered with {} in place of {wanted}", short(body), error(reply)));
    }
    is_right
}

/// An error in a line.
pub(crate) fn error(reply: &Value) -> String {
    match reply["error"]["code"].as_str() {
        Some(code) => {
            let details = &reply["error"]["details"];
            let details = if details.is_null() { String::new() } else { format!(" {details}") };
            let message = reply["error"]["message"].as_str().unwrap_or_default();
            OneLine(&format!("{code}: {message}{details}")).to_string()
        }
        None => format!("ok: {}", short(&reply["data"])),
    }
}

/// A body, cut to the length of a report's line.
pub(crate) fn short(value: &Value) -> String {
    const SHOWN: usize = 200;
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    let mut short: String = text.chars().take(SHOWN).collect();
    short.push('…');
    short
}
