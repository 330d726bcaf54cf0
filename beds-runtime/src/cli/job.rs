//! `beds job`

mod watch;

use std::{fmt::Write as _, io::Write as _, path::Path, process::ExitCode, time::Duration};

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use beds_client::{Client, ClientError, Request};
use beds_core::spec::Domain;
use beds_protocol::{FetchRequest, OneLine};

use super::asking::connect;

/// How long to wait for a reply.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Arguments of `beds job`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds job list
  beds job list --state running
  beds job watch 0190f7c2-8a3b-11f0-9a4e-0242ac120002
  beds job pause 0190f7c2-8a3b-11f0-9a4e-0242ac120002

It asks as the user of RabbitMQ that the configuration names: who has the role `operator` sees all jobs, others their own.

Exit status: 0 when it is done, and of `watch` when the job is done; 1 when the request was refused, or the watched job has
failed, was cancelled or pauses; 2 when there is no reply.")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

/// The states of jobs.
const STATES: [&str; 6] = ["queued", "running", "paused", "done", "failed", "cancelled"];

#[derive(Debug, Subcommand)]
enum What {
    /// One line a job, the latest first
    List {
        /// Only those in this state: queued, running, paused, done, failed or cancelled
        #[arg(long, value_name = "STATE", hide_possible_values = true, value_parser = STATES)]
        state: Option<String>,
        /// How many to show at most
        #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// All of one job, as JSON, with the first of what it rejected
    Show {
        /// Its id
        id: Uuid,
    },
    /// Show how far a job is, until it ends or pauses
    Watch {
        /// Its id
        id: Uuid,
    },
    /// Have a job stop at the end of its chunk
    Pause {
        /// Its id
        id: Uuid,
    },
    /// Have a job go on that was paused
    Resume {
        /// Its id
        id: Uuid,
    },
    /// End a job at the end of its chunk; what is done stays done
    Cancel {
        /// Its id
        id: Uuid,
    },
}

/// A job as it is displayed.
#[derive(Debug, Deserialize)]
struct Shown {
    id: Uuid,
    kind: String,
    state: String,
    started_by: Option<String>,
    total: Option<u64>,
    done: u64,
    rejects: u64,
    rate: Option<f64>,
    left_s: Option<u64>,
    last_error: Option<String>,
    node: Option<String>,
}

/// Why there is nothing to show.
enum Failed {
    /// The request was refused.
    Refused(String),
    /// There is no reply.
    Unanswered(String),
}

impl From<ClientError> for Failed {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(refused) => Self::Refused(refused.to_string()),
            error => Self::Unanswered(error.to_string()),
        }
    }
}

/// Shows jobs, or sends a command to one.
pub(super) async fn run(domains: &[&'static Domain], args: &Args, folder: &Path) -> ExitCode {
    match perform(domains, args, folder).await {
        Ok(code) => code,
        Err(Failed::Refused(message)) => {
            eprintln!("beds job: {}", OneLine(&message));
            ExitCode::from(1)
        }
        Err(Failed::Unanswered(message)) => {
            eprintln!("beds job: {}", OneLine(&message));
            ExitCode::from(2)
        }
    }
}

async fn perform(domains: &[&'static Domain], args: &Args, folder: &Path) -> Result<ExitCode, Failed> {
    let client =
        connect(domains, ("beds job", folder), "job.fetch", TIMEOUT).await.map_err(Failed::Unanswered)?;
    let result = match &args.what {
        What::List { state, limit } => list(&client, state.as_deref(), *limit, args.json).await,
        What::Show { id } => show(&client, *id).await,
        What::Watch { id } => watch::watch(&client, *id, args.json).await,
        What::Pause { id } => tell(&client, "pause", *id).await,
        What::Resume { id } => tell(&client, "resume", *id).await,
        What::Cancel { id } => tell(&client, "cancel", *id).await,
    };
    client.close().await;
    result
}

async fn list(client: &Client, state: Option<&str>, limit: u32, as_json: bool) -> Result<ExitCode, Failed> {
    let mut query = FetchRequest {
        sort: Some(vec!["-created_at".into()]),
        limit: Some(limit),
        ..FetchRequest::default()
    };
    if let Some(state) = state {
        query.r#where = Some(beds_protocol::Record::from([("state", state)]));
    }
    let jobs = client.execute(Request::fetch_where("job", &query)).await?.data.unwrap_or_default();
    if as_json {
        print(&format!("{jobs:#}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let jobs: Vec<Shown> = read(jobs)?;
    let mut text =
        format!("{:36}  {:12}  {:9}  {:>21}  {:>7}  BY\n", "JOB", "KIND", "STATE", "DONE", "REJECTS");
    for job in &jobs {
        let total = job.total.map_or_else(|| "?".to_owned(), |total| total.to_string());
        let (done, by) = (format!("{}/{total}", job.done), job.started_by.as_deref().unwrap_or_default());
        let (kind, state) = (OneLine(&job.kind).to_string(), &job.state);
        let _ = writeln!(
            text,
            "{}  {kind:12}  {state:9}  {done:>21}  {:>7}  {}",
            job.id,
            job.rejects,
            OneLine(by)
        );
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

async fn show(client: &Client, id: Uuid) -> Result<ExitCode, Failed> {
    let mut job = client.execute(Request::fetch("job", &id)).await?.data.unwrap_or_default();
    let rejects = FetchRequest::matching([("job", id.to_string())]);
    let rejects = client.execute(Request::fetch_where("job_reject", &rejects)).await?.data;
    if let (Value::Object(job), Some(rejects)) = (&mut job, rejects) {
        job.insert("first_rejects".to_owned(), rejects);
    }
    print(&format!("{job:#}\n"));
    Ok(ExitCode::SUCCESS)
}

async fn tell(client: &Client, call: &str, id: Uuid) -> Result<ExitCode, Failed> {
    let reply = client.execute(Request::call("job", call, &json!({ "id": id }))).await?;
    let state = reply.data.as_ref().and_then(Value::as_str).unwrap_or_default();
    let until = if state == "running" { ", until the end of its chunk" } else { "" };
    print(&format!("{}{until}\n", OneLine(state)));
    Ok(ExitCode::SUCCESS)
}

fn read<T: serde::de::DeserializeOwned>(data: Value) -> Result<T, Failed> {
    serde_json::from_value(data)
        .map_err(|error| Failed::Unanswered(format!("the reply cannot be read: {error}")))
}

fn print(text: &str) {
    // A reader that closes the pipe has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
