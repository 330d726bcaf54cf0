//! One description, with the requests of `beds design new`, with or without proofs.

use anyhow::{Error, Result};
use beds_design::{
    converse::{self, Conversation, Endpoint, Failed, Limits, Progress, STALE, Verdict},
    model::Model,
    plan::Old,
    proposal::{Contents, Round},
};
use beds_proof::{
    Servers, Sources,
    prove::{self, Settings},
};

use crate::{case::Case, report::Outcome};

/// The result for a description.
pub(crate) struct Asked {
    pub(crate) outcome: Outcome,
    pub(crate) rounds: Vec<(Round, Contents)>,
}

/// Proofs on private servers.
pub(crate) fn settings(records: u64) -> Result<Settings> {
    let sources = Sources::find(None, None).map_err(Error::msg)?;
    Ok(Settings { servers: Servers::default(), sources, records, samples: Vec::new(), old: Old::new() })
}

/// Asks an endpoint.
pub(crate) async fn asked<E: Endpoint>(
    endpoint: &E,
    case: &Case,
    limits: Limits,
    settings: Option<&Settings>,
) -> Result<Asked> {
    match settings {
        Some(settings) => proved(endpoint, case, limits, settings).await,
        None => Ok(conversed(endpoint, case, limits, converse::untried).await),
    }
}

/// Replays the kept conversation: exactly, or only for its answers.
pub(crate) async fn replayed(
    case: &Case,
    limits: Limits,
    settings: Option<&Settings>,
    renews: bool,
) -> Result<Asked> {
    let recorded = case.recorded()?;
    if let Some(settings) = settings {
        return proved(&recorded, case, limits, settings).await;
    }
    let recorded = if renews { recorded.whatever_is_asked() } else { recorded.exactly() };
    // The results of trials on servers are part of the conversation.
    let trial = async |_: &Model, attempt| Ok(recorded.verdict(attempt));
    let mut asked = conversed(&recorded, case, limits, trial).await;
    if renews {
        // The report that there are no more answers is not an answer.
        asked.rounds.truncate(recorded.rounds());
    }
    Ok(asked)
}

async fn proved<E: Endpoint>(
    endpoint: &E,
    case: &Case,
    limits: Limits,
    settings: &Settings,
) -> Result<Asked> {
    let settings = Settings { samples: case.samples.clone(), ..settings.clone() };
    let trial = async |model: &Model, attempt: u32| {
        let watch = |line: &str| eprintln!("    round {attempt}: {line}");
        Ok(prove::trial(model, &settings, watch).await?.0)
    };
    Ok(conversed(endpoint, case, limits, trial).await)
}

async fn conversed<E: Endpoint>(
    endpoint: &E,
    case: &Case,
    limits: Limits,
    trial: impl AsyncFnMut(&Model, u32) -> Result<Verdict, String>,
) -> Asked {
    let watch = |progress: Progress<'_>| match progress {
        Progress::Asked { attempt, attempts } => eprintln!("    round {attempt} of {attempts}"),
        Progress::Ended(round) => eprintln!("    {}", round.result),
    };
    match converse::converse(endpoint, &case.wish, limits, watch, trial).await {
        Ok(Conversation { rounds, .. }) => {
            let outcome = if rounds.len() == 1 { Outcome::AtOnce } else { Outcome::Repaired };
            Asked { outcome, rounds }
        }
        Err(Failed { reason, rounds, .. }) if reason.starts_with(STALE) => {
            Asked { outcome: Outcome::Stale { why: reason }, rounds }
        }
        Err(Failed { reason, rounds, .. }) => Asked { outcome: Outcome::Failed { why: reason }, rounds },
    }
}
