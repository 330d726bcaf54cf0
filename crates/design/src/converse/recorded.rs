//! Rounds that are kept, and a conversation that is replayed from them.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::{Answer, Endpoint, Failure, Message, Request, Verdict};
use crate::proposal::{Contents, Round};

fn path(attempt: u32, what: &str) -> String {
    format!("rounds/{attempt:02}-{what}")
}

/// The report on an answer.
pub(super) enum Report {
    /// By the compiler and the gates.
    Gates(String),
    /// By the trial, which refused it.
    Proofs(String),
}

/// The files of a round: the request, the reply, the report.
pub(super) fn kept(
    attempt: u32,
    request: &Request,
    answered: &Result<Answer, Failure>,
    report: Report,
) -> Contents {
    // The schema is the same each time. It is part of the program.
    let asked = json!({ "messages": request.messages });
    let answered = match answered {
        Ok(answer) => json!({ "answer": answer }),
        Err(failure) => json!({ "failure": failure }),
    };
    let (name, report) = match report {
        Report::Gates(report) => (GATES, report),
        Report::Proofs(report) => (PROOFS, report),
    };
    Contents::from([
        (path(attempt, REQUEST), format!("{asked:#}\n").into_bytes()),
        (path(attempt, REPLY), format!("{answered:#}\n").into_bytes()),
        (path(attempt, name), report.into_bytes()),
    ])
}

/// The most rounds of a conversation that are read.
const ROUNDS_MAX: u32 = 99;
/// The request.
const REQUEST: &str = "request.json";
/// The reply.
const REPLY: &str = "reply.json";
/// The report of the compiler and the gates.
const GATES: &str = "report.txt";
/// The report of the trial that refused the model.
const PROOFS: &str = "proofs.txt";

/// Writes the rounds of a conversation into a folder. They replace the rounds that are there.
///
/// # Errors
/// When a file cannot be written, or a file of the previous conversation cannot be removed.
pub fn keep(folder: &Path, rounds: &[(Round, Contents)]) -> io::Result<()> {
    for path in (1..=ROUNDS_MAX).flat_map(files) {
        match fs::remove_file(folder.join(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for (path, bytes) in rounds.iter().flat_map(|(_, files)| files) {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// The files that a round may have.
fn files(attempt: u32) -> [String; 4] {
    [REQUEST, REPLY, GATES, PROOFS].map(|what| path(attempt, what))
}

/// An endpoint that replays the answers of a kept conversation, in their order, for the same wish.
#[derive(Debug)]
pub struct Recorded {
    model: String,
    rounds: Vec<Kept>,
    next: AtomicUsize,
    answers: Answers,
}

/// Which requests get the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// The same wish. The rules may differ: they belong to the program, and may have improved since.
    Wish,
    /// Exactly the same request.
    Exactly,
    /// Any request.
    Anything,
}

/// A round of a kept conversation.
#[derive(Debug)]
struct Kept {
    asked: Vec<Message>,
    reply: Result<Answer, Failure>,
    /// The report of the trial, if it refused the answer.
    proofs: Option<String>,
}

impl Recorded {
    /// Reads the files of a conversation, by their paths in the proposal.
    ///
    /// # Errors
    /// The first file that is missing, or differs from what was kept.
    pub fn of(model: impl Into<String>, files: &Contents) -> Result<Self, String> {
        let mut rounds = Vec::new();
        for attempt in 1.. {
            let Some(kept) = files.get(&path(attempt, REPLY)) else { break };
            let wrong = |what: &str, error: &str| format!("{}: {error}", path(attempt, what));
            let reply = reply(kept).map_err(|error| wrong(REPLY, &error))?;
            let request =
                files.get(&path(attempt, REQUEST)).ok_or_else(|| wrong(REQUEST, "it is missing"))?;
            let asked = asked(request).map_err(|error| wrong(REQUEST, &error))?;
            let proofs = files.get(&path(attempt, PROOFS));
            let proofs = proofs.map(|report| String::from_utf8_lossy(report).into_owned());
            rounds.push(Kept { asked, reply, proofs });
        }
        if rounds.is_empty() {
            return Err(format!("there is no conversation: {} is missing", path(1, REPLY)));
        }
        Ok(Self { model: model.into(), rounds, next: AtomicUsize::new(0), answers: Answers::Wish })
    }

    /// Reads the conversation in the folder `rounds` of a folder that is not a proposal.
    ///
    /// # Errors
    /// As [`Self::of`], or that a file cannot be read.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let mut files = Contents::new();
        for path in (1..=ROUNDS_MAX).flat_map(self::files) {
            match fs::read(folder.join(&path)) {
                Ok(bytes) => drop(files.insert(path, bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("{}: {error}", folder.join(path).display())),
            }
        }
        Self::of("a recorded conversation", &files).map_err(|error| format!("{}: {error}", folder.display()))
    }

    /// The same conversation, but it answers only exactly the same requests.
    #[must_use]
    pub fn exactly(self) -> Self {
        Self { answers: Answers::Exactly, ..self }
    }

    /// The same conversation, but it answers any request: for keeping the conversation anew.
    #[must_use]
    pub fn whatever_is_asked(self) -> Self {
        Self { answers: Answers::Anything, ..self }
    }

    /// How many answers the conversation has.
    #[must_use]
    pub const fn rounds(&self) -> usize {
        self.rounds.len()
    }

    /// The result of the trial of an attempt's answer. Servers are not asked again.
    #[must_use]
    pub fn verdict(&self, attempt: u32) -> Verdict {
        let round = attempt.checked_sub(1).and_then(|index| self.rounds.get(usize::try_from(index).ok()?));
        match round.and_then(|round| round.proofs.clone()) {
            Some(report) => {
                Verdict::Refused { line: report.lines().next().unwrap_or_default().to_owned(), report }
            }
            None => Verdict::Passed,
        }
    }
}

fn reply(bytes: &[u8]) -> Result<Result<Answer, Failure>, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let read = |error: serde_json::Error| error.to_string();
    match (value.get("answer"), value.get("failure")) {
        (Some(answer), None) => serde_json::from_value(answer.clone()).map(Ok).map_err(read),
        (None, Some(failure)) => serde_json::from_value(failure.clone()).map(Err).map_err(read),
        (Some(_), Some(_)) | (None, None) => Err("it has neither an answer nor a failure".to_owned()),
    }
}

fn asked(bytes: &[u8]) -> Result<Vec<Message>, String> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let messages = value.get_mut("messages").map(Value::take).unwrap_or_default();
    serde_json::from_value(messages).map_err(|error| error.to_string())
}

/// The wish.
fn wished(messages: &[Message]) -> Option<&str> {
    messages.get(1).map(|message| message.content.as_str())
}

impl Endpoint for Recorded {
    fn model(&self) -> &str {
        &self.model
    }

    async fn ask(&self, request: &Request) -> Result<Answer, Failure> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(round) = self.rounds.get(next) else {
            return Err(Failure::final_("the recorded conversation has no more answers"));
        };
        let is_right = match self.answers {
            Answers::Wish => wished(&request.messages) == wished(&round.asked),
            Answers::Exactly => request.messages == round.asked,
            Answers::Anything => true,
        };
        if is_right {
            return round.reply.clone();
        }
        Err(Failure::final_(match self.answers {
            Answers::Exactly => {
                format!("{STALE}: the request of round {} differs from the recorded one", next + 1)
            }
            Answers::Wish | Answers::Anything => "the recorded conversation is about another wish".to_owned(),
        }))
    }
}

/// The beginning of the error that a conversation must be recorded anew.
pub const STALE: &str = "the recorded conversation is stale";
