//! A conversation with a language model. The program asks for a model and reports the gates' findings on the answer,
//! for a bounded number of rounds. An answer is read like any file, so nothing has to be trusted.
//!
//! The compiler and the gate of bodies run here. The caller runs further trials, such as proofs on servers.

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
    plan::Old,
    proposal::{Contents, Round},
    render,
};

/// The limits of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How often the language model is asked.
    pub attempts: u32,
    /// How many tokens all answers together may use, if the endpoint counts them.
    pub tokens: u64,
    /// How long the whole conversation may take.
    pub time: Duration,
    /// How many tokens one answer may have.
    pub answer_tokens: u32,
    /// How many bytes one answer may have. A longer one is cut off and not read.
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

/// Events of a conversation, for the caller that waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<'p> {
    /// The language model is asked.
    Asked {
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The greatest number of attempts.
        attempts: u32,
    },
    /// A round has ended.
    Ended(&'p Round),
}

/// A conversation that ended with a model.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The model, which passed every gate.
    pub model: Model,
    /// The requests and answers, with the files that keep them.
    pub rounds: Vec<(Round, Contents)>,
}

/// A conversation that ended without a model.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The reason.
    pub reason: String,
    /// The requests and answers.
    pub rounds: Vec<(Round, Contents)>,
    /// The last model that passed the compiler and the gates, and that the trial refused.
    pub last: Option<Box<Model>>,
}

/// The result of a trial of a model that passed the compiler and the gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The model passed, or there was nothing more to try.
    Passed,
    /// The model did not pass.
    Refused {
        /// What refused it, and why, in one line.
        line: String,
        /// The report for the language model.
        report: String,
    },
}

/// A trial that tries nothing: a model that passed the compiler and the gates has passed.
///
/// # Errors
/// None.
#[expect(clippy::unused_async, reason = "what is tried elsewhere takes its time")]
pub async fn untried(_: &Model, _: u32) -> Result<Verdict, String> {
    Ok(Verdict::Passed)
}

/// Asks until an answer passes, or a limit is reached. `trial` gets a model that passed the compiler and the gates, and
/// the number of the attempt. An error of `trial` does not concern the model, and ends the conversation.
///
/// The time limit covers the whole conversation. A trial is not cut off, since it has to clean up. After the limit, the
/// language model is not asked again.
///
/// # Errors
/// When no answer passed. The messages are kept.
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
        let judged = match judge(&answered, &wish.old) {
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
                // Messages before the last answer do not help the next one.
                messages = [first.clone(), prompt::repair(&answer, &report)].concat();
            }
            Judged::Unproved { answer, line, report } => {
                messages = [first.clone(), prompt::repair_proofs(&answer, &report)].concat();
                told = line;
            }
            Judged::Again(reason) => told = reason,
        }
        if tokens > limits.tokens {
            let reason = format!(
                "{tokens} tokens were used, but only {} are allowed; the last answer: {told}",
                limits.tokens
            );
            return Err(Failed { reason, rounds, last });
        }
    }
    let reason = format!("no answer passed in {} attempts; the last one: {told}", limits.attempts);
    Err(Failed { reason, rounds, last })
}

/// How the conversation continues after an answer.
enum Judged {
    /// The answer is a model.
    Passed { answer: String, model: Box<Model> },
    /// The answer is not a model, and the gates say why.
    Refused { answer: String, report: String },
    /// The answer is a model that the trial refused.
    Unproved { answer: String, line: String, report: String },
    /// There was no answer. Another attempt may get one.
    Again(String),
    /// There will be no answer.
    Ended(String),
    /// The answer is a model that could not be tried.
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

fn judge(answered: &Result<Answer, Failure>, old: &Old) -> Judged {
    let answer = match answered {
        Ok(answer) => answer,
        Err(failure) if failure.is_final => return Judged::Ended(failure.reason.clone()),
        Err(failure) => return Judged::Again(failure.reason.clone()),
    };
    let text = json_part(&answer.text);
    match model::read(text.as_bytes()).and_then(|model| render::render(&model, old).map(|_| model)) {
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

/// The JSON in an answer, without the model's reasoning before it, and without the fence that many models put around
/// it.
fn json_part(text: &str) -> &str {
    let text = text.rsplit_once("</think>").map_or(text, |(_, after)| after).trim();
    let Some(fenced) = text.strip_prefix("```") else { return text };
    let fenced = fenced.strip_suffix("```").unwrap_or(fenced);
    fenced.split_once('\n').map_or(fenced, |(_, inside)| inside).trim()
}
