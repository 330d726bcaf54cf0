//! An endpoint with the chat API of `OpenAI`, which most endpoints have, including local ones.
//!
//! `async-openai` 0.43 reads a reply to its end, however long it is, and brings a second TLS provider, which cmake
//! builds. So this module uses `reqwest`, which the exporter of traces uses already, and bounds what it reads.

use std::{fmt, net::IpAddr, path::Path, sync::Arc};

use beds_protocol::OneLine;
use reqwest::{Client, Response, StatusCode, Url, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::{Value, json};

use super::{Answer, Endpoint, Failure, Request};

/// The longest key.
const KEY_BYTES_MAX: u64 = 16 * 1024;
/// How much is read of a reply that reports an error.
const REASON_BYTES_MAX: usize = 4_096;
/// How much of the error is reported.
const REASON_CHARACTERS_MAX: usize = 300;

/// How to reach an endpoint: `[design]` of the configuration.
#[derive(Debug, Clone)]
pub struct HttpSettings<'s> {
    /// The URL up to the version, such as `http://127.0.0.1:8080/v1`.
    pub url: &'s str,
    /// The name of the language model.
    pub model: &'s str,
    /// The file with the key, if the endpoint needs one.
    pub key_file: Option<&'s Path>,
}

/// An endpoint over HTTP.
pub struct Http {
    client: Client,
    url: Url,
    model: String,
    key: Option<String>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_str();
        f.debug_struct("Http").field("url", &url).field("model", &self.model).finish_non_exhaustive()
    }
}

impl Http {
    /// An endpoint with these settings. No request is sent yet.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(settings: &HttpSettings<'_>) -> Result<Self, String> {
        let base = Url::parse(settings.url).map_err(|error| format!("design.url: {error}"))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err("design.url must begin with http:// or https://".to_owned());
        }
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
            return Err(
                "design.url must have no user and no question mark: write the API key into the file that `key_file` names".to_owned()
            );
        }
        let key = settings.key_file.map(read_key).transpose()?;
        if key.is_some() && base.scheme() == "http" && !is_local(&base) {
            return Err("design.url: a key is sent only over https://, except to this machine".to_owned());
        }
        let mut url = base;
        url.path_segments_mut()
            .map_err(|()| "design.url: it has no path".to_owned())?
            .pop_if_empty()
            .extend(["chat", "completions"]);
        // The client follows no redirect: a key goes only to the endpoint that it is for.
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(tls()?)
            .build()
            .map_err(|error| format!("the client for design.url: {error}"))?;
        Ok(Self { client, url, model: settings.model.to_owned(), key })
    }

    /// The body of a request. Nothing else is sent besides the key.
    #[must_use]
    pub fn body(&self, request: &Request) -> Value {
        json!({
            "model": self.model,
            "messages": request.messages,
            "max_tokens": request.tokens_max,
            "temperature": 0,
            "stream": false,
            "response_format": {
                "type": "json_schema",
                "json_schema": { "name": "model", "strict": true, "schema": request.schema },
            },
        })
    }

    /// A text without the key, in case the endpoint sends the key back.
    fn without_key(&self, text: String) -> String {
        match &self.key {
            Some(key) if text.contains(key.as_str()) => text.replace(key.as_str(), "***"),
            Some(_) | None => text,
        }
    }

    fn failed(&self, error: &reqwest::Error) -> Failure {
        // The URL is left out: the operator has it in the configuration.
        let mut reason = String::new();
        let mut source: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = source {
            let text = error.to_string();
            if !reason.contains(&text) {
                reason = if reason.is_empty() { text } else { format!("{reason}: {text}") };
            }
            source = error.source();
        }
        Failure::again(self.without_key(OneLine(&reason).to_string()))
    }

    async fn refused(&self, status: StatusCode, response: Response) -> Failure {
        let told = match read(response, REASON_BYTES_MAX).await {
            Ok((bytes, _)) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => String::new(),
        };
        let message = serde_json::from_str(&told)
            .ok()
            .and_then(|value: Value| {
                value.pointer("/error/message").and_then(Value::as_str).map(str::to_owned)
            })
            .unwrap_or(told);
        let message: String = self.without_key(message).chars().take(REASON_CHARACTERS_MAX).collect();
        let reason = format!("the endpoint answered {status}: {}", OneLine(message.trim()));
        // Too many requests, a timeout or a fault of the endpoint may pass. A fault of the request stays.
        if status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT
            || status.is_server_error()
        {
            Failure::again(reason)
        } else {
            Failure::final_(reason)
        }
    }
}

impl Endpoint for Http {
    fn model(&self) -> &str {
        &self.model
    }

    async fn ask(&self, request: &Request) -> Result<Answer, Failure> {
        let body = self.body(request).to_string();
        let mut post =
            self.client.post(self.url.clone()).header("content-type", "application/json").body(body);
        if let Some(key) = &self.key {
            post = post.bearer_auth(key);
        }
        let response = post.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(self.refused(status, response).await);
        }
        // A reply is longer than its answer: it has escapes, and other members of the endpoint.
        let bytes_max = request.bytes_max.saturating_mul(2).saturating_add(REASON_BYTES_MAX);
        let (bytes, is_whole) = read(response, bytes_max).await.map_err(|error| self.failed(&error))?;
        if !is_whole {
            return Err(Failure::again(format!(
                "the reply has more than {bytes_max} bytes: it was cut off and not read"
            )));
        }
        let answer = answer(&bytes)?;
        if answer.text.len() > request.bytes_max {
            return Err(Failure::again(format!("the answer has more than {} bytes", request.bytes_max)));
        }
        Ok(Answer { text: self.without_key(answer.text), ..answer })
    }
}

/// The bytes of a reply, up to a bound, and whether the reply is complete.
async fn read(mut response: Response, bytes_max: usize) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > bytes_max {
            return Ok((bytes, false));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes, true))
}

/// The answer in a reply.
fn answer(bytes: &[u8]) -> Result<Answer, Failure> {
    let reply: Value = serde_json::from_slice(bytes)
        .map_err(|error| Failure::again(format!("the reply is not JSON: {error}")))?;
    let choice = reply.pointer("/choices/0").ok_or_else(|| Failure::again("the reply has no `choices`"))?;
    if let Some(refusal) = choice.pointer("/message/refusal").and_then(Value::as_str) {
        let refusal: String = refusal.chars().take(REASON_CHARACTERS_MAX).collect();
        return Err(Failure::final_(format!("the model refuses: {}", OneLine(&refusal))));
    }
    let text = match choice.pointer("/message/content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => return Err(Failure::again("the reply has no text in `choices[0].message.content`")),
    };
    let is_cut = choice.get("finish_reason").and_then(Value::as_str) == Some("length");
    Ok(Answer { text, tokens: reply.pointer("/usage/total_tokens").and_then(Value::as_u64), is_cut })
}

fn read_key(path: &Path) -> Result<String, String> {
    let wrong = |reason: &str| format!("design.key_file {}: {reason}", path.display());
    let found = std::fs::metadata(path).map_err(|error| wrong(&error.to_string()))?;
    if !found.is_file() || found.len() > KEY_BYTES_MAX {
        return Err(wrong("this is not a key file"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
    let key = text.trim();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("it holds no key, which is one line without blanks"));
    }
    Ok(key.to_owned())
}

fn is_local(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

/// The certificates of the machine, and the TLS provider of the node.
fn tls() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
