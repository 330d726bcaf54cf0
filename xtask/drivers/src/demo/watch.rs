//! A running job: a bar on a terminal, lines in a pipe.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use beds_client::{Client, Request};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

/// How long a job may take: a slow disk is not a fault of the demo.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(100);

/// Waits until a job has ended, or pauses, and returns its state.
pub(super) async fn job(client: &Client, id: &str) -> Result<Value> {
    let is_terminal = std::io::stdout().is_terminal();
    let target = if is_terminal { ProgressDrawTarget::stdout() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    // If the template did not parse, only the look would be lost.
    if let Ok(style) = ProgressStyle::with_template("      {bar:40} {human_pos}/{human_len}  {per_sec}") {
        bar.set_style(style);
    }
    let (deadline, mut told) = (Instant::now() + PATIENCE, None);
    loop {
        let reply =
            client.execute(Request::fetch("job", id)).await.with_context(|| format!("the job {id}"))?;
        let job = reply.data.context("the job is not shown")?;
        let number = |name: &str| job.get(name).and_then(Value::as_u64);
        let (done, total) = (number("done").unwrap_or_default(), number("total"));
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
        let state = job.get("state").and_then(Value::as_str).unwrap_or_default();
        if !is_terminal && told != Some(done) && state == "running" {
            told = Some(done);
            let total = total.map_or_else(|| "?".to_owned(), |total| total.to_string());
            println!("      running {done}/{total}");
        }
        if !matches!(state, "queued" | "running") {
            bar.finish_and_clear();
            return Ok(job);
        }
        if Instant::now() > deadline {
            bail!("the job {id} is {state} after a minute: {job}");
        }
        tokio::time::sleep(POLL).await;
    }
}
