//! A conversation with a language model: it is asked for a model, and told what the gates say of its answer, for a bounded
//! number of rounds. What it answers is read like any file, so nothing has to be trusted.
//!
//! The compiler and the gate of bodies are here. What else has to pass, such as proofs on servers, the caller tries.

mod endpoint;
mod http;
mod prompt;
mod recorded;
mod samples;

use std::time::Duration;

use tokio::time::Instant;

pub use self::{
    endpoint::{Answer, Endpoint, Failure, Message, Request, Role},
    http::{Http, HttpSettings},
    prompt::{Wish, messages},
    recorded::{Recorded, STALE, keep},
    samples::{Format, SampleError, Samples},
};
use crate::{
    model::{self, Model},
    proposal::{Contents, Round},
    render,
};

/// What a conversation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How often the model is asked.
    pub attempts: u32,
    /// How many tokens all answers together take, where the endpoint says so.
    pub tokens: u64,
    /// How long all of it takes.
    pub time: Duration,
    /// How many tokens one answer has.
    pub answer_tokens: u32,
    /// How many bytes one answer has; what is longer is cut off and not read.
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 4,
            tokens: 200_000,
            time: Duration::from_mins(10),
            answer_tokens: 16_000,
            answer_bytes: 1 << 20,
        }
    }
}

/// What happens in a conversation, for who waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<'p> {
    /// The model is asked.
    Asked {
        /// For the how many-th time, from 1.
        attempt: u32,
        /// How often it may be.
        attempts: u32,
    },
    /// A round is over.
    Ended(&'p Round),
}

/// A conversation that ended with a model.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The model, which every gate lets through.
    pub model: Model,
    /// What was asked and answered, with the files that keep it.
    pub rounds: Vec<(Round, Contents)>,
}

/// A conversation that ended without one.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Why.
    pub reason: String,
    /// What was asked and answered.
    pub rounds: Vec<(Round, Contents)>,
    /// The last model that the compiler and the gates let through, and that was refused by what was tried then.
    pub last: Option<Box<Model>>,
}

/// What became of a model that the compiler and the gates let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passed, or there was nothing more to try.
    Passed,
    /// It did not.
    Refused {
        /// By what, and why, in a line.
        line: String,
        /// What goes back to the language model.
        report: String,
    },
}

/// Tries nothing more: what the compiler and the gates let through, passed.
///
/// # Errors
/// None.
#[expect(clippy::unused_async, reason = "what is tried elsewhere takes its time")]
pub async fn untried(_: &Model, _: u32) -> Result<Verdict, String> {
    Ok(Verdict::Passed)
}

/// Asks until an answer passes, or a limit is reached. `trial` gets a model that the compiler and the gates let through, with the
/// number of the attempt; an error of it is about no model, and ends the conversation.
///
/// The time is over all of it. What is tried is not cut off, since it has things to take away; afterwards nobody is asked.
///
/// # Errors
/// When no answer passed; what was said is kept.
pub async fn converse<E: Endpoint>(
    endpoint: &E,
    wish: &Wish,
    limits: Limits,
    mut watch: impl FnMut(Progress<'_>),
    mut trial: impl AsyncFnMut(&Model, u32) -> Result<Verdict, String>,
) -> Result<Conversation, Failed> {
    let begin = Instant::now();
    let deadline = begin + limits.time;
    let first = prompt::messages(wish);
    let mut messages = first.clone();
    let (mut rounds, mut tokens, mut told, mut last) = (Vec::new(), 0_u64, String::new(), None);
    let over = format!("{} seconds are over", limits.time.as_secs());
    for attempt in 1..=limits.attempts {
        if attempt > 1 && begin.elapsed() >= limits.time {
            return Err(Failed { reason: format!("{over}; the last answer: {told}"), rounds, last });
        }
        watch(Progress::Asked { attempt, attempts: limits.attempts });
        let request = Request {
            messages: messages.clone(),
            schema: model::schema(),
            tokens_max: limits.answer_tokens,
            bytes_max: limits.answer_bytes,
        };
        let asked = begin.elapsed();
        let answered = match tokio::time::timeout_at(deadline, endpoint.ask(&request)).await {
            Ok(answered) => answered,
            Err(_) => Err(Failure::final_(over.clone())),
        };
        let milliseconds =
            u64::try_from((begin.elapsed().saturating_sub(asked)).as_millis()).unwrap_or(u64::MAX);
        let used = answered.as_ref().ok().and_then(|answer| answer.tokens);
        tokens += used.unwrap_or_default();
        let judged = match judge(&answered) {
            Judged::Passed { answer, model } => match trial(&model, attempt).await {
                Ok(Verdict::Passed) => Judged::Passed { answer, model },
                Ok(Verdict::Refused { line, report }) => {
                    last = Some(model);
                    Judged::Unproved { answer, line, report }
                }
                Err(reason) => {
                    last = Some(model);
                    Judged::Untried(reason)
                }
            },
            judged => judged,
        };
        let round = Round { result: judged.line(), tokens: used, milliseconds };
        watch(Progress::Ended(&round));
        rounds.push((round, recorded::kept(attempt, &request, &answered, judged.report())));
        match judged {
            Judged::Passed { model, .. } => return Ok(Conversation { model: *model, rounds }),
            Judged::Ended(reason) | Judged::Untried(reason) => {
                return Err(Failed { reason, rounds, last });
            }
            Judged::Refused { answer, report } => {
                report.lines().next().unwrap_or_default().clone_into(&mut told);
                // What was said before the last answer is of no use to the next one.
                messages = [first.clone(), prompt::repair(&answer, &report)].concat();
            }
            Judged::Unproved { answer, line, report } => {
                messages = [first.clone(), prompt::repair_proofs(&answer, &report)].concat();
                told = line;
            }
            Judged::Again(reason) => told = reason,
        }
        if tokens > limits.tokens {
            let reason =
                format!("{tokens} tokens were used, and {} may be; the last answer: {told}", limits.tokens);
            return Err(Failed { reason, rounds, last });
        }
    }
    let reason = format!("no answer passed in {} attempts; the last one: {told}", limits.attempts);
    Err(Failed { reason, rounds, last })
}

/// What is to be done after an answer.
enum Judged {
    /// It is a model.
    Passed { answer: String, model: Box<Model> },
    /// It is none, and the gates say why.
    Refused { answer: String, report: String },
    /// It is one, which did not stand what was tried.
    Unproved { answer: String, line: String, report: String },
    /// There was no answer, and there may be one another time.
    Again(String),
    /// There will be none.
    Ended(String),
    /// It is one, of which nothing more can be said.
    Untried(String),
}

impl Judged {
    fn line(&self) -> String {
        match self {
            Self::Passed { .. } => "passed".to_owned(),
            Self::Refused { report, .. } => {
                let count = report.lines().last().unwrap_or_default();
                format!("refused: {count}; the first: {}", report.lines().next().unwrap_or_default())
            }
            Self::Unproved { line, .. } => format!("refused: {line}"),
            Self::Again(reason) | Self::Ended(reason) => format!("no answer: {reason}"),
            Self::Untried(reason) => format!("not tried: {reason}"),
        }
    }

    fn report(&self) -> recorded::Report {
        match self {
            Self::Passed { .. } => recorded::Report::Gates("passed\n".to_owned()),
            Self::Refused { report, .. } => recorded::Report::Gates(report.clone()),
            Self::Unproved { report, .. } => recorded::Report::Proofs(report.clone()),
            Self::Again(_) | Self::Ended(_) | Self::Untried(_) => {
                recorded::Report::Gates(format!("{}\n", self.line()))
            }
        }
    }
}

fn judge(answered: &Result<Answer, Failure>) -> Judged {
    let answer = match answered {
        Ok(answer) => answer,
        Err(failure) if failure.is_final => return Judged::Ended(failure.reason.clone()),
        Err(failure) => return Judged::Again(failure.reason.clone()),
    };
    let text = json_part(&answer.text);
    match model::read(text.as_bytes()).and_then(|model| render::render(&model).map(|_| model)) {
        Ok(model) => Judged::Passed { answer: answer.text.clone(), model: Box::new(model) },
        Err(faults) => {
            let mut report = faults.to_string();
            if answer.is_cut {
                report.insert_str(
                    0,
                    "the whole: the answer was cut off at its greatest length: describe less, or shorter\n",
                );
            }
            Judged::Refused { answer: answer.text.clone(), report }
        }
    }
}

/// The JSON in an answer: without what a model thought before it, and without the fence that many put around it.
fn json_part(text: &str) -> &str {
    let text = text.rsplit_once("</think>").map_or(text, |(_, after)| after).trim();
    let Some(fenced) = text.strip_prefix("```") else { return text };
    let fenced = fenced.strip_suffix("```").unwrap_or(fenced);
    fenced.split_once('\n').map_or(fenced, |(_, inside)| inside).trim()
}
