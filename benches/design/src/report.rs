//! The results of all descriptions: a table for people, JSON for programs.

use std::{fmt, fs, io, path::Path};

use beds_design::proposal::{Contents, Round};
use serde::Serialize;

/// The result for a description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The first answer passed.
    AtOnce,
    /// A later answer passed.
    Repaired,
    /// No answer passed.
    Failed {
        /// The reason.
        why: String,
    },
    /// The current requests differ from those of the kept conversation.
    Stale {
        /// The place of the difference.
        why: String,
    },
}

impl Outcome {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::AtOnce => "at once",
            Self::Repaired => "after repair",
            Self::Failed { .. } => "not at all",
            Self::Stale { .. } => "stale",
        }
    }

    fn why(&self) -> &str {
        match self {
            Self::AtOnce | Self::Repaired => "",
            Self::Failed { why } | Self::Stale { why } => why,
        }
    }
}

/// A line of the table.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    #[serde(flatten)]
    outcome: Outcome,
    rounds: Vec<Round>,
}

impl Line {
    fn tokens(&self) -> Option<u64> {
        self.rounds.iter().map(|round| round.tokens).sum()
    }

    fn seconds(&self) -> u64 {
        self.rounds.iter().map(|round| round.milliseconds).sum::<u64>() / 1_000
    }
}

/// The whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The language model that was asked.
    of: String,
    is_replayed: bool,
    is_proved: bool,
    descriptions: Vec<Line>,
}

impl Report {
    pub(crate) const fn new(of: String, is_replayed: bool, is_proved: bool) -> Self {
        Self { of, is_replayed, is_proved, descriptions: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &str, outcome: Outcome, rounds: &[(Round, Contents)]) {
        let rounds = rounds.iter().map(|(round, _)| round.clone()).collect();
        self.descriptions.push(Line { name: name.to_owned(), outcome, rounds });
    }

    /// Whether a description has such a result.
    pub(crate) fn has(&self, is_so: impl Fn(&Outcome) -> bool) -> bool {
        self.descriptions.iter().any(|line| is_so(&line.outcome))
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path, text + "\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}{}", self.of, if self.is_proved { ", with proofs" } else { "" })?;
        let width = self.descriptions.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
        writeln!(f, "{:width$}  {:12}  rounds   tokens  seconds  why not", "description", "passed")?;
        for line in &self.descriptions {
            // If an endpoint does not report its tokens, they are unknown.
            let tokens = line.tokens().map_or_else(|| "-".to_owned(), |tokens| tokens.to_string());
            let (rounds, seconds) = (line.rounds.len(), line.seconds());
            let (passed, why) = (line.outcome.as_str(), line.outcome.why());
            let text =
                format!("{:width$}  {passed:12}  {rounds:6}  {tokens:>7}  {seconds:7}  {why}", line.name);
            writeln!(f, "{}", text.trim_end())?;
        }
        let count =
            |passed: &str| self.descriptions.iter().filter(|line| line.outcome.as_str() == passed).count();
        write!(
            f,
            "{} descriptions: {} passed at once, {} after repair, {} not at all",
            self.descriptions.len(),
            count("at once"),
            count("after repair"),
            count("not at all")
        )?;
        match count("stale") {
            0 => Ok(()),
            stale => write!(f, ", {stale} are stale"),
        }
    }
}
