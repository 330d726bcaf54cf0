//! Shows a long-running command as one changing line on a terminal, and as an occasional line in a pipe. Several
//! commands may run at the same time.
//!
//! The output of the command is kept, and shown only if the command fails: nobody wants to read 260 crates compiling.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::{Error, Result};

/// How often a line appears if there is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);
/// How much of a failed command's output the error shows. A compiler's report has many lines.
const KEPT: usize = 300;
const WIDTH: usize = 70;

/// The lines that change, on standard error.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Prints a line on standard error, which people read and pipes of data do not use.
pub fn say(line: &str) {
    // A closed standard error is no reason to fail.
    BARS.suspend(|| drop(writeln!(std::io::stderr(), "{line}")));
}

/// Prints a line on standard output, without breaking the changing lines.
pub fn tell(line: &str) {
    BARS.suspend(|| drop(writeln!(std::io::stdout(), "{line}")));
}

/// Does work that needs the terminal for itself, such as to ask for a password.
pub(crate) fn undisturbed<T>(work: impl FnOnce() -> T) -> T {
    BARS.suspend(work)
}

/// A line of a command's output.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    text: String,
    /// Whether the command itself overwrites the line, as progress bars do.
    passing: bool,
}

/// Runs a command to its end. `title` describes it.
///
/// # Errors
/// When the command cannot be started or fails. The error has the end of its output.
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
        std::thread::spawn(move || read_lines(BufReader::new(pipe), |line| sender.send(line).is_ok()));
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

/// Reads to the end, or until `each` wants no more.
fn read_lines(mut reader: impl BufRead, mut each: impl FnMut(Line) -> bool) {
    let mut text = Vec::new();
    loop {
        let (used, end) = match reader.fill_buf() {
            Ok(bytes) if !bytes.is_empty() => {
                let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                text.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
                (end.map_or(bytes.len(), |end| end + 1), end.map(|end| bytes[end]))
            }
            // The last line may have no line feed.
            Ok(_) if !text.is_empty() => (0, Some(b'\n')),
            Ok(_) | Err(_) => return,
        };
        reader.consume(used);
        let Some(end) = end else { continue };
        let line = Line {
            text: String::from_utf8_lossy(&std::mem::take(&mut text)).trim_end().to_owned(),
            passing: end == b'\r',
        };
        if !each(line) {
            return;
        }
    }
}

/// Shows the lines until the channel closes, and returns the last ones that are not overwritten.
fn show(title: &str, lines: &mpsc::Receiver<Line>, began: Instant) -> VecDeque<String> {
    let bar = BARS.add(ProgressBar::new_spinner());
    // If the template did not parse, only the time in front of the line would be missing.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_message(title.to_owned());
    if bar.is_hidden() {
        say(title);
    } else {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    let mut kept = VecDeque::new();
    let mut last = String::new();
    let mut told = Instant::now();
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(Line { text, passing }) => {
                if !text.trim().is_empty() {
                    last = text.trim().chars().take(WIDTH).collect();
                }
                if !passing {
                    kept.push_back(text);
                }
                if kept.len() > KEPT {
                    kept.pop_front();
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if !bar.is_hidden() {
            bar.set_message(format!("{title}: {last}"));
        } else if told.elapsed() >= PLAIN_INTERVAL {
            told = Instant::now();
            say(&format!("{title}: {:.0} s: {last}", began.elapsed().as_secs_f32()));
        }
    }
    bar.finish_and_clear();
    BARS.remove(&bar);
    kept
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Line, read_lines, run};

    #[test]
    fn a_line_that_is_written_over_passes() {
        let mut lines = Vec::new();
        // A small buffer, so that lines end in the middle of it.
        let output =
            std::io::BufReader::with_capacity(4, "Building 1/2\rBuilding 2/2 \rCompiled a\nend".as_bytes());
        read_lines(output, |line| {
            lines.push(line);
            true
        });
        let line = |text: &str, passing| Line { text: text.to_owned(), passing };
        assert_eq!(
            lines,
            [
                line("Building 1/2", true),
                line("Building 2/2", true),
                line("Compiled a", false),
                line("end", false)
            ]
        );
    }

    #[test]
    fn a_failed_command_shows_what_it_said() {
        let mut command = Command::new("sh");
        command.args(["-c", r"printf 'half\rwhole\n'; echo why >&2; exit 3"]);
        let error = run("a test", command).unwrap_err().to_string();
        assert!(error.contains("a test failed: `sh`: exit status: 3\n"), "{error}");
        assert!(error.contains("whole") && error.contains("why") && !error.contains("half"), "{error}");
    }
}
