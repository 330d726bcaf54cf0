//! `beds job watch`: a bar on a terminal, a line for each change elsewhere.

use std::{fmt::Write as _, process::ExitCode, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::time::sleep;
use uuid::Uuid;

use beds_client::{Client, Request};
use beds_protocol::OneLine;

use super::{Failed, Shown, print, read};

/// The interval between requests.
const EVERY: Duration = Duration::from_millis(500);
/// How many times in a row a reply may be missing.
const UNANSWERED_MAX: u32 = 10;

/// Shows the progress of a job until it ends or pauses.
pub(super) async fn watch(client: &Client, id: Uuid, as_json: bool) -> Result<ExitCode, Failed> {
    let bar = if as_json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    if let Ok(style) = ProgressStyle::with_template("{msg:9} {wide_bar} {pos}/{len} {prefix}") {
        bar.set_style(style);
    }
    let (mut last, mut unanswered) = (String::new(), 0);
    loop {
        let data = match client.execute(Request::fetch("job", &id)).await {
            Ok(reply) => reply.data.unwrap_or_default(),
            Err(error) => match Failed::from(error) {
                // A node may be restarting: the job survives that.
                Failed::Unanswered(_) if unanswered < UNANSWERED_MAX => {
                    unanswered += 1;
                    sleep(EVERY).await;
                    continue;
                }
                failed => return Err(failed),
            },
        };
        unanswered = 0;
        let job: Shown = read(data.clone())?;
        bar.set_length(job.total.unwrap_or(job.done));
        bar.set_position(job.done);
        bar.set_message(job.state.clone());
        bar.set_prefix(speed(&job));
        if as_json || bar.is_hidden() {
            let line = if as_json { without_checkpoint(data) } else { line(&job) };
            if line != last {
                print(&format!("{line}\n"));
                last = line;
            }
        }
        let code = match job.state.as_str() {
            "done" => ExitCode::SUCCESS,
            "failed" | "cancelled" | "paused" => ExitCode::from(1),
            _ => {
                sleep(EVERY).await;
                continue;
            }
        };
        bar.abandon();
        if let Some(error) = &job.last_error {
            eprintln!("beds job: {}", OneLine(error));
        }
        return Ok(code);
    }
}

/// The further text of the bar.
fn speed(job: &Shown) -> String {
    let mut text = String::new();
    if let Some(rate) = job.rate {
        let _ = write!(text, "{rate:.0}/s ");
    }
    if let Some(left) = job.left_s {
        let _ = write!(text, "{}:{:02}:{:02} left ", left / 3_600, left / 60 % 60, left % 60);
    }
    if job.rejects > 0 {
        let _ = write!(text, "{} rejected ", job.rejects);
    }
    if let (Some(error), "running") = (&job.last_error, job.state.as_str()) {
        let _ = write!(text, "waits: {}", OneLine(error));
    }
    text
}

fn line(job: &Shown) -> String {
    let total = job.total.map_or_else(|| "?".to_owned(), |total| total.to_string());
    let node = job.node.as_deref().map(|node| format!(" on {}", OneLine(node))).unwrap_or_default();
    let text = format!("{} {}/{total}{node} {}", job.state, job.done, speed(job));
    text.trim_end().to_owned()
}

fn without_checkpoint(mut job: Value) -> String {
    if let Value::Object(members) = &mut job {
        members.remove("checkpoint");
    }
    job.to_string()
}
