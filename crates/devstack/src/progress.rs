//! Shows a long-running command as one line that changes on a terminal, and as an occasional line in a pipe.
//!
//! The command's own output is kept, and shown only when it fails: nobody wants to read 260 crates compiling.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{Error, Result};

/// How often a line appears where there is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(20);
/// How much of a failed command's output the error shows.
const KEPT: usize = 40;
const WIDTH: usize = 70;

/// Says something on standard error, where people look and pipes of data do not run.
pub fn say(line: &str) {
    // A closed standard error is no reason to fail.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes());
}

/// Runs a command to its end. `title` says what it is about.
///
/// # Errors
/// When the command cannot be started or fails: with the end of its output.
pub fn run(title: &str, mut command: Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Error::new(format!("{title}: cannot start `{program}`: {error}")))?;
    let (sender, lines) = mpsc::sync_channel(64);
    let readers: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
    ];
    for pipe in readers.into_iter().flatten() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                if sender.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
    }
    drop(sender);
    let kept = show(title, &lines, began);
    let status = child.wait().map_err(|error| Error::new(format!("{title}: {error}")))?;
    if status.success() {
        say(&format!("{title}: done in {:.0} s", began.elapsed().as_secs_f32()));
        return Ok(());
    }
    let output: Vec<String> = kept.into();
    Err(Error::new(format!("{title} failed: `{program}`: {status}\n{}", output.join("\n"))))
}

/// Shows the lines until there are no more, and returns the last of them.
fn show(title: &str, lines: &mpsc::Receiver<String>, began: Instant) -> VecDeque<String> {
    let bar = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
    if let Some(bar) = &bar {
        // A template that does not parse would only lose the time in front of the line.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar.set_message(title.to_owned());
    } else {
        say(title);
    }
    let mut kept = VecDeque::with_capacity(KEPT);
    let mut told = Instant::now();
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => {
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let last = kept.back().map_or("", |line| line.trim());
        let short: String = last.chars().take(WIDTH).collect();
        if let Some(bar) = &bar {
            bar.set_message(format!("{title}: {short}"));
        } else if told.elapsed() >= PLAIN_INTERVAL {
            told = Instant::now();
            say(&format!("{title}: {:.0} s: {short}", began.elapsed().as_secs_f32()));
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    kept
}
