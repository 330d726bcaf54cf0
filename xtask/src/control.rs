//! How other commands talk to the running `cargo xtask up`: one question and one answer over a Unix socket.
//!
//! The socket has no file. Its name in the abstract namespace comes from the identity of the folder `.beds/`: the path
//! of the folder may be longer than a socket's name may be. The socket ends with the process, so it cannot be stale.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::linux::fs::MetadataExt;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

/// More than one node needs to start and another one to end.
const PATIENCE: Duration = Duration::from_mins(3);
/// A silent caller must not keep others waiting.
const QUESTION_PATIENCE: Duration = Duration::from_secs(5);
/// The longest question.
const QUESTION_MAX: u64 = 64;

/// What `up` can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// What state the node is in.
    Status,
    /// To start the built node, and to end the running one when the new one is ready.
    Restart,
}

impl Question {
    const ALL: [Self; 2] = [Self::Status, Self::Restart];

    fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Restart => "restart",
        }
    }
}

/// A caller that waits for an answer.
#[derive(Debug)]
pub(crate) struct Caller {
    stream: UnixStream,
    pub(crate) question: Question,
}

impl Caller {
    fn hear(stream: UnixStream) -> Result<Self> {
        stream.set_read_timeout(Some(QUESTION_PATIENCE))?;
        let mut line = String::new();
        BufReader::new(Read::take(&stream, QUESTION_MAX)).read_line(&mut line)?;
        let question = Question::ALL.into_iter().find(|question| question.word() == line.trim_end());
        Ok(Self { stream, question: question.context("an unknown question")? })
    }

    /// Answers. A caller that has gone needs no answer.
    pub(crate) fn answer(mut self, answer: &Result<String>) {
        let text = match answer {
            Ok(text) => format!("ok\n{text}"),
            Err(error) => format!("failed\n{error:#}"),
        };
        let _ = self.stream.write_all(text.as_bytes());
    }
}

fn address(dir: &Path) -> Result<SocketAddr> {
    let folder = fs::metadata(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let name = format!("beds-up/{}/{}", folder.st_dev(), folder.st_ino());
    SocketAddr::from_abstract_name(name).context("cannot name a socket")
}

/// Sends each question to the receiver of this channel, from a separate thread.
pub(crate) fn listen<E: Send + 'static>(
    dir: &Path,
    sender: Sender<E>,
    event: impl Fn(Caller) -> E + Send + 'static,
) -> Result<()> {
    let listener = UnixListener::bind_addr(&address(dir)?).context("cannot listen for other commands")?;
    std::thread::spawn(move || {
        // An invalid question gets no answer.
        for caller in listener.incoming().flatten().map(Caller::hear).filter_map(Result::ok) {
            if sender.send(event(caller)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Asks the running `up`, and returns its answer.
pub(crate) fn ask(dir: &Path, question: Question) -> Result<String> {
    let mut stream =
        UnixStream::connect_addr(&address(dir)?).context("`cargo xtask up` does not listen yet")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{}\n", question.word()).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("`cargo xtask up` does not answer")?;
    match answer.split_once('\n') {
        Some(("ok", text)) => Ok(text.to_owned()),
        Some(("failed", text)) => Err(anyhow!("{text}")),
        _ => bail!("`cargo xtask up` ended before it answered"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc;

    use super::{Question, address, ask, listen};

    #[test]
    fn a_question_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        assert!(ask(dir.path(), Question::Status).unwrap_err().to_string().contains("does not listen"));
        let (sender, receiver) = mpsc::channel();
        listen(dir.path(), sender, |caller| caller).unwrap();
        let server = std::thread::spawn(move || {
            let caller = receiver.recv().unwrap();
            assert_eq!(caller.question, Question::Status);
            caller.answer(&Ok("it is ready\nat port 1".to_owned()));
            let caller = receiver.recv().unwrap();
            assert_eq!(caller.question, Question::Restart);
            caller.answer(&Err(anyhow::anyhow!("no such program").context("the node does not start")));
            drop(receiver.recv().unwrap());
        });
        // An invalid question does no harm.
        UnixStream::connect_addr(&address(dir.path()).unwrap()).unwrap().write_all(b"dance\n").unwrap();
        assert_eq!(ask(dir.path(), Question::Status).unwrap(), "it is ready\nat port 1");
        let error = ask(dir.path(), Question::Restart).unwrap_err().to_string();
        assert_eq!(error, "the node does not start: no such program");
        assert!(ask(dir.path(), Question::Restart).unwrap_err().to_string().contains("ended before"));
        server.join().unwrap();
    }
}
