//! Sends a request, shows it with its reply, and judges the reply.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use beds_client::protocol::{ErrorCode, Lane};
use beds_client::{Client, ClientError, Event, Events, RawReply, Request};
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use super::{show, watch};

const INDENT: usize = 6;
/// How long an event that happens by itself may take.
const PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(200);

/// A request, and how it and its reply are shown.
pub(super) struct Exhibit<'a> {
    pub(super) title: &'a str,
    pub(super) key: &'a str,
    /// JSON, as a client would write it.
    pub(super) body: String,
    pub(super) lane: Lane,
    /// The message id, if it is shown.
    pub(super) id: Option<Uuid>,
    /// The token of the session, if the request has one.
    session: Option<String>,
    /// The text that is shown instead of a long body.
    brief: Option<&'a str>,
}

impl<'a> Exhibit<'a> {
    pub(super) fn read(title: &'a str, key: &'a str, body: impl Into<String>) -> Self {
        Self { title, key, body: body.into(), lane: Lane::Read, id: None, session: None, brief: None }
    }

    pub(super) fn write(title: &'a str, key: &'a str, body: impl Into<String>) -> Self {
        Self { title, key, body: body.into(), lane: Lane::Write, id: None, session: None, brief: None }
    }

    /// Adds this message id.
    pub(super) fn id(self, id: Uuid) -> Self {
        Self { id: Some(id), ..self }
    }

    /// Adds the session with this token.
    pub(super) fn session(self, token: &str) -> Self {
        Self { session: Some(token.to_owned()), ..self }
    }

    /// Shows this text instead of the body.
    pub(super) fn briefly(self, brief: &'a str) -> Self {
        Self { brief: Some(brief), ..self }
    }

    fn request(&self) -> Request {
        let request = Request::raw(self.key, self.body.as_str()).lane(self.lane);
        let request = match &self.session {
            Some(token) => request.session(token.as_str()),
            None => request,
        };
        match self.id {
            Some(id) => request.message_id(id),
            None => request,
        }
    }
}

/// Shows exhibits, and remembers the failed checks.
#[derive(Debug)]
pub(super) struct Guide {
    client: Client,
    shown: usize,
    wrong: Vec<String>,
}

impl Guide {
    pub(super) fn new(client: Client) -> Self {
        Self { client, shown: 0, wrong: Vec::new() }
    }

    /// Shows a request and its reply, which must pass the check. Returns the reply.
    pub(super) async fn ask(
        &mut self,
        exhibit: Exhibit<'_>,
        check: impl FnOnce(&Value) -> Result<()>,
    ) -> Result<Value> {
        self.begin(&exhibit);
        let began = Instant::now();
        let reply = self.send(&exhibit).await?;
        show_reply(&reply, began.elapsed(), &reply.body);
        let reply: Value = serde_json::from_slice(&reply.body)?;
        self.judge(exhibit.title, check(&reply));
        Ok(reply)
    }

    /// As [`Guide::ask`], but shows only what `shorten` returns for the reply.
    pub(super) async fn ask_in_short(
        &mut self,
        exhibit: Exhibit<'_>,
        shorten: impl FnOnce(&Value) -> String,
        check: impl FnOnce(&Value) -> Result<()>,
    ) -> Result<Value> {
        self.begin(&exhibit);
        let began = Instant::now();
        let reply = self.send(&exhibit).await?;
        let value: Value = serde_json::from_slice(&reply.body)?;
        show_reply(&reply, began.elapsed(), shorten(&value).as_bytes());
        self.judge(exhibit.title, check(&value));
        Ok(value)
    }

    /// Repeats a request until the reply passes the check, or the time is over. Shows the last reply.
    pub(super) async fn ask_until(
        &mut self,
        exhibit: Exhibit<'_>,
        check: impl Fn(&Value) -> Result<()>,
    ) -> Result<()> {
        self.begin(&exhibit);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let began = Instant::now();
            let reply = self.send(&exhibit).await?;
            let outcome = check(&serde_json::from_slice(&reply.body)?);
            if outcome.is_ok() || Instant::now() > deadline {
                show_reply(&reply, began.elapsed(), &reply.body);
                self.judge(exhibit.title, outcome);
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Shows a request that RabbitMQ must return.
    pub(super) async fn ask_nobody(&mut self, exhibit: Exhibit<'_>) {
        self.begin(&exhibit);
        let began = Instant::now();
        let outcome = match self.client.execute_raw(exhibit.request()).await {
            Err(error @ ClientError::Unroutable { .. }) => {
                println!("    ← returned in {}: {error}", milliseconds(began.elapsed()));
                Ok(())
            }
            Err(error) => Err(anyhow::Error::new(error).context("it was not returned")),
            Ok(reply) => Err(anyhow::anyhow!("somebody answered: {}", String::from_utf8_lossy(&reply.body))),
        };
        self.judge(exhibit.title, outcome);
    }

    /// Shows a job until it ends. It must be done then. Returns its last state.
    pub(super) async fn watch(&mut self, id: &str) -> Result<Value> {
        let job = watch::job(&self.client, id).await?;
        let state = job.get("state").and_then(Value::as_str).unwrap_or_default();
        let result = job.get("result").unwrap_or(&Value::Null);
        println!("    ← {state}: {}", show::json(&serde_json::to_vec(result)?, INDENT));
        let outcome = is(&job, "/state", "done").with_context(|| format!("{}", job["last_error"]));
        self.judge("a job", outcome);
        Ok(job)
    }

    /// Listens to events from now on.
    pub(super) async fn listen(&self, pattern: &str) -> Result<Events> {
        Ok(self.client.events(pattern).await?)
    }

    /// Shows events that earlier requests have caused: of these operations, on a record with this key.
    pub(super) async fn hear(
        &mut self,
        title: &str,
        events: &mut Events,
        operations: &[&str],
        id: &Value,
    ) -> Result<()> {
        self.shown += 1;
        println!("\n  {}. {title}", self.shown);
        let mut heard: Vec<Event> = Vec::new();
        while heard.len() < operations.len() {
            let event = timeout(PATIENCE, events.next()).await.context("an event does not come")??;
            event.done().await?;
            println!("    ← {}", show::json(&serde_json::to_vec(&event.body)?, INDENT));
            heard.push(event);
        }
        let is_right = |(event, operation): (&Event, &&str)| {
            let key = event.body.key.as_ref().and_then(|key| key.get("id"));
            event.body.operation == **operation && key == Some(id)
        };
        let all = heard.iter().zip(operations).all(is_right);
        self.judge(title, if all { Ok(()) } else { Err(anyhow::anyhow!("these are other events")) });
        Ok(())
    }

    async fn send(&self, exhibit: &Exhibit<'_>) -> Result<RawReply> {
        self.client.execute_raw(exhibit.request()).await.with_context(|| exhibit.key.to_owned())
    }

    fn begin(&mut self, exhibit: &Exhibit<'_>) {
        self.shown += 1;
        println!("\n  {}. {}", self.shown, exhibit.title);
        println!(
            "    → {}  {}",
            exhibit.key,
            show::json(exhibit.brief.unwrap_or(&exhibit.body).as_bytes(), INDENT)
        );
    }

    fn judge(&mut self, title: &str, outcome: Result<()>) {
        if let Err(error) = outcome {
            println!("    ! not as it should be: {error:#}");
            self.wrong.push(format!("{title}: {error:#}"));
        }
    }

    /// An error if any check has failed.
    pub(super) fn verdict(self) -> Result<()> {
        if !self.wrong.is_empty() {
            bail!(
                "{} of {} requests were not answered as they should be:\n  - {}",
                self.wrong.len(),
                self.shown,
                self.wrong.join("\n  - ")
            );
        }
        Ok(())
    }
}

fn show_reply(reply: &RawReply, took: Duration, body: &[u8]) {
    println!("    ← {} in {}", reply.status, milliseconds(took));
    println!("      {}", show::json(body, INDENT));
}

fn milliseconds(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}

/// Checks that the member of a reply at a path such as `/data/name` has this value.
pub(super) fn is(reply: &Value, path: &str, expected: impl Into<Value>) -> Result<()> {
    let (found, expected) = (reply.pointer(path), expected.into());
    ensure!(found == Some(&expected), "{path} is {}, not {expected}", found.unwrap_or(&Value::Null));
    Ok(())
}

/// Checks that the reply is an error with this code.
pub(super) fn refused(reply: &Value, code: ErrorCode) -> Result<()> {
    is(reply, "/ok", false)?;
    is(reply, "/error/code", code.as_str())
}

/// The items of a member.
pub(super) fn list<'a>(reply: &'a Value, path: &str) -> Result<&'a [Value]> {
    match reply.pointer(path) {
        Some(Value::Array(items)) => Ok(items),
        other => bail!("{path} is no list: {other:?}"),
    }
}
