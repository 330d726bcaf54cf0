//! A conversation with a language model, or a stored one, until an answer passes the compiler, the gates, and, if
//! requested, the proofs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use beds_design::{
    converse::{self, Conversation, Endpoint, Failed, Http, HttpSettings, Limits, Progress, Recorded, Wish},
    model::Model,
    proposal::{self, Author, Contents, MANIFEST, MODEL, Proof, Round},
};
use beds_proof::prove::{self, Settings};

use crate::config::Design;

/// How a language model is asked.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Asking {
    /// Play a conversation again that a proposal keeps, or a folder with `rounds/`, and ask nobody
    #[arg(long, value_name = "FOLDER", conflicts_with = "model")]
    replay: Option<PathBuf>,
    /// How often the language model is asked [default: 4, or what the configuration says]
    #[arg(long, conflicts_with = "model")]
    attempts: Option<u32>,
    /// The most tokens of all answers [default: 200000, or what the configuration says]
    #[arg(long, conflicts_with = "model")]
    tokens: Option<u64>,
    /// How long the conversation may take with its proofs, in seconds [default: 10 minutes, or what the configuration says]
    #[arg(long, value_name = "SECONDS", conflicts_with = "model")]
    timeout: Option<u32>,
}

/// The result from a description or a file.
pub(super) struct Made {
    pub(super) model: Model,
    pub(super) author: Author,
    pub(super) rounds: Vec<(Round, Contents)>,
    /// The proofs so far.
    pub(super) proofs: Option<Vec<(Proof, String)>>,
}

impl Asking {
    /// The result of a language model for a wish, now or from a stored conversation. If there is no result, the
    /// conversation is stored.
    pub(super) async fn ask(
        &self,
        design: &Design,
        wish: &Wish,
        settings: Option<&Settings>,
        keep: Option<&Path>,
    ) -> Result<Made, String> {
        let limits = Limits {
            attempts: self.attempts.unwrap_or(design.attempts),
            tokens: self.tokens.unwrap_or(design.tokens),
            time: Duration::from_secs(self.timeout.unwrap_or(design.timeout_s).into()),
            answer_tokens: design.max_tokens,
            ..Limits::default()
        };
        if let Some(folder) = &self.replay {
            let recorded = recorded(folder)?;
            // The results on servers are part of the stored conversation.
            let trial = async |_: &Model, attempt| Ok(recorded.verdict(attempt));
            return match settings {
                Some(settings) => proved(&recorded, wish, limits, settings, keep).await,
                None => conversed(&recorded, wish, limits, trial, keep).await,
            };
        }
        let (Some(url), Some(model)) = (&design.url, &design.model) else {
            return Err(
                "no model can be asked: the configuration has no `url` and `model` in [design]; --model FILE takes a \
                 model made by hand"
                    .to_owned(),
            );
        };
        let http = Http::new(&HttpSettings { url, model, key_file: design.key_file.as_deref() })?;
        match settings {
            Some(settings) => proved(&http, wish, limits, settings, keep).await,
            None => conversed(&http, wish, limits, converse::untried, keep).await,
        }
    }
}

/// The conversation in a folder: of a complete proposal, or of a conversation without a result.
fn recorded(folder: &Path) -> Result<Recorded, String> {
    if folder.join(MANIFEST).exists() {
        let (kept, _) = proposal::read(folder).map_err(|flaw| flaw.to_string())?;
        let Author::Model(name) = &kept.manifest.author else {
            return Err(format!("{} keeps no conversation", folder.display()));
        };
        return Recorded::of(name, &kept.files);
    }
    Recorded::read(folder)
}

/// A conversation in which each model that the compiler accepts is proved. A refusal by a proof goes back to the
/// language model.
async fn proved<E: Endpoint>(
    endpoint: &E,
    wish: &Wish,
    limits: Limits,
    settings: &Settings,
    keep: Option<&Path>,
) -> Result<Made, String> {
    let mut kept = None;
    let trial = async |model: &Model, attempt: u32| {
        anstream::eprintln!("  the answer compiles; proving it, round {attempt} of {}", limits.attempts);
        let watch = |line: &str| anstream::eprintln!("  round {attempt}: {line}");
        let (verdict, proofs) = prove::trial(model, settings, watch).await?;
        kept = Some(proofs);
        Ok(verdict)
    };
    let made = conversed(endpoint, wish, limits, trial, keep).await?;
    let proofs = kept.map(|proofs| proofs.into_iter().map(|proved| (proved.proof, proved.report)).collect());
    Ok(Made { proofs, ..made })
}

async fn conversed<E: Endpoint>(
    endpoint: &E,
    wish: &Wish,
    limits: Limits,
    trial: impl AsyncFnMut(&Model, u32) -> Result<converse::Verdict, String>,
    keep: Option<&Path>,
) -> Result<Made, String> {
    let watch = |progress: Progress<'_>| match progress {
        Progress::Asked { attempt, attempts } => {
            anstream::eprintln!("asking {}, {attempt} of {attempts}", endpoint.model());
        }
        Progress::Ended(round) => {
            anstream::eprintln!(
                "  {} ({:.1} s)",
                round.result,
                Duration::from_millis(round.milliseconds).as_secs_f64()
            );
        }
    };
    match converse::converse(endpoint, wish, limits, watch, trial).await {
        Ok(Conversation { model, rounds }) => {
            let author = Author::Model(endpoint.model().to_owned());
            Ok(Made { model, author, rounds, proofs: None })
        }
        Err(failed) => {
            let kept = keep.map(|folder| kept(folder, &failed)).unwrap_or_default();
            Err(format!("{}{kept}", failed.reason))
        }
    }
}

/// Stores a conversation without a result, and the last model that compiled, which somebody may correct by hand.
fn kept(folder: &Path, failed: &Failed) -> String {
    let rounds = folder.join("rounds");
    let write = || -> io::Result<()> {
        converse::keep(folder, &failed.rounds)?;
        failed.last.as_ref().map_or(Ok(()), |model| fs::write(folder.join(MODEL), model.text()))
    };
    match write() {
        Ok(()) if failed.last.is_some() => format!(
            "; the conversation is in {}, the last model that compiled is {}",
            rounds.display(),
            folder.join(MODEL).display()
        ),
        Ok(()) => format!("; the conversation is in {}", rounds.display()),
        Err(error) => format!("; the conversation could not be kept in {}: {error}", folder.display()),
    }
}
