//! Compares the templates with their databases: in a step of the initial program load, and regularly while the node
//! lives, since a DBA may change a database at any time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinSet, time::sleep};
use tracing::{info, warn};

use beds_core::{backoff::Backoff, spec::Domain};
use beds_tools::verify::{Finding, Report, Severity, Sources, verify};

use crate::{
    config::{Config, Environment},
    ipl::{Failure, Step},
};

/// Compares the domains with their databases, logs the differences, and returns the domains to serve.
///
/// In `dev` a domain with an error is not served. If a table of the node's own is missing, the replies report it. A
/// domain whose database cannot be inspected is served: the database may come up later, and until then its requests are
/// answered with `unavailable`.
///
/// # Errors
/// Outside of `dev`, the first error, unless `node.serve_unverified` is set.
pub(crate) async fn at_start(
    config: &Config,
    domains: Vec<&'static Domain>,
    environment: Environment,
) -> Result<Vec<&'static Domain>, Failure> {
    let begun = Instant::now();
    let report = verify(sources(config), &domains, &domains).await;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    log(&report);
    let failed: Vec<String> = report.failed().into_iter().map(str::to_owned).collect();
    if report.count(Severity::Error) == 0 && report.unchecked.is_empty() {
        info!(took_ms, "templates verified: {}", report.checked.len());
        return Ok(domains);
    }
    if config.node.serve_unverified {
        warn!(took_ms, "node.serve_unverified is set: templates that contradict their database are served");
        return Ok(domains);
    }
    if let (Some(reason), Environment::Qa | Environment::Prod) = (first(&report), environment) {
        let hint = "`beds verify` lists everything; node.serve_unverified = true starts anyway".to_owned();
        return Err(Failure { step: Step::Templates, reason, hint });
    }
    let (off, on): (Vec<_>, Vec<_>) =
        domains.into_iter().partition(|domain| failed.iter().any(|name| name == domain.name));
    for domain in off {
        warn!(template = domain.name, "not served: it contradicts its database; `beds verify` lists why");
    }
    Ok(on)
}

/// The errors of templates, by their names, or by the names of the databases for errors that concern no template.
type Wrong = BTreeMap<String, BTreeSet<String>>;

/// The result of one inspection.
#[derive(Debug, Default)]
struct Look {
    wrong: Wrong,
    /// The templates that were not inspected.
    unseen: BTreeSet<String>,
}

/// Compares the served domains with their databases again and again, until the set is dropped. The receiver holds the
/// templates and databases with errors at present. With `node.serve_unverified` the errors are only logged.
pub(crate) fn watch(
    config: &Config,
    domains: &[&'static Domain],
) -> (watch::Receiver<Option<String>>, JoinSet<()>) {
    let (told, wrong) = watch::channel(None);
    let mut task = JoinSet::new();
    let every = Duration::from_secs(config.node.verify_every_s.into());
    let (config, domains) = (config.clone(), domains.to_vec());
    task.spawn(async move {
        let tell = |wrong: &Wrong| {
            let names: Vec<&str> = wrong.keys().map(String::as_str).collect();
            let text = (!names.is_empty() && !config.node.serve_unverified).then(|| names.join(", "));
            told.send_replace(text);
        };
        let look = || async { Look::of(verify(sources(&config), &domains, &domains).await) };
        look_for_ever(every, look, tell).await;
    });
    (wrong, task)
}

impl Look {
    fn of(report: Report) -> Self {
        let mut wrong = Wrong::new();
        for Finding { template, database, severity, place, message, hint } in report.findings {
            if severity == Severity::Error {
                let hint = hint.unwrap_or_default();
                let text = format!("{place}: {message}; {hint}");
                wrong.entry(template.unwrap_or(database)).or_default().insert(text);
            }
        }
        let unseen = report.unchecked.into_iter();
        Self { wrong, unseen: unseen.flat_map(|database| database.templates).collect() }
    }
}

/// Inspects at intervals, and logs the changes.
async fn look_for_ever<F: Future<Output = Look>>(
    every: Duration,
    look: impl Fn() -> F,
    tell: impl Fn(&Wrong),
) {
    let (mut pauses, mut wrong) = (Backoff::new(every, every), Wrong::new());
    loop {
        sleep(pauses.pause()).await;
        let Look { wrong: mut now, unseen } = look().await;
        // For these templates the last known errors remain valid.
        let kept = wrong.iter().filter(|(name, _)| unseen.contains(*name));
        now.extend(kept.map(|(name, texts)| (name.clone(), texts.clone())));
        for (name, texts) in &now {
            for text in
                texts.iter().filter(|text| !wrong.get(name).is_some_and(|known| known.contains(*text)))
            {
                warn!(template = name, "{name}: {text}; the database has changed since it was verified");
            }
        }
        for name in wrong.keys().filter(|name| !now.contains_key(*name)) {
            info!("{name}: fits its database again");
        }
        tell(&now);
        wrong = now;
    }
}

/// Compares the domains with their databases, and returns the findings in the form of `beds verify --format json`,
/// without notes.
///
/// # Errors
/// `internal` if the findings have no JSON form.
pub(crate) async fn found(
    config: &Config,
    domains: &[&'static Domain],
) -> beds_core::error::Result<serde_json::Value> {
    let report = Report { notes: Vec::new(), ..verify(sources(config), domains, domains).await };
    serde_json::from_str(&report.json())
        .map_err(|error| beds_core::Error::internal(format!("what was found is not JSON: {error}")))
}

/// The locations of the databases of a configuration.
pub(crate) fn sources(config: &Config) -> Sources<'_> {
    Sources {
        mariadb: &config.mariadb,
        mongodb: &config.mongodb,
        timeout: config.node.ipl_timeout_ms.duration(),
    }
}

fn log(report: &Report) {
    for Finding { template, database, severity, place, message, hint } in &report.findings {
        let (subject, hint) = (template.as_ref().unwrap_or(database), hint.as_deref().unwrap_or_default());
        match severity {
            Severity::Error => warn!(template = subject, "{subject}: {place}: {message}; {hint}"),
            Severity::Warning | Severity::Note => info!("{subject}: {place}: {message}"),
        }
    }
    for unchecked in &report.unchecked {
        warn!(database = unchecked.database, "templates are not verified: {}", unchecked.reason);
    }
}

/// The first reason not to start.
fn first(report: &Report) -> Option<String> {
    let error = report.findings.iter().find(|finding| finding.severity == Severity::Error);
    let error = error.map(|finding| {
        let subject = finding.template.as_ref().unwrap_or(&finding.database);
        let more = match report.count(Severity::Error) - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        format!("{subject}: {}: {}{more}", finding.place, finding.message)
    });
    let unchecked = || {
        let unchecked = report.unchecked.first()?;
        Some(format!("the templates of `{}` cannot be verified: {}", unchecked.database, unchecked.reason))
    };
    error.or_else(unchecked)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_becomes_wrong_is_told_until_it_is_mended() {
        let wrong = |names: &[&str]| -> Wrong {
            names.iter().map(|name| ((*name).to_owned(), BTreeSet::from(["it".to_owned()]))).collect()
        };
        let unseen = |name: &str| BTreeSet::from([name.to_owned()]);
        let looks = RefCell::new(vec![
            Look::default(),
            // While the database of `b` cannot be inspected, its last known errors remain.
            Look { wrong: wrong(&["a"]), unseen: unseen("b") },
            Look { wrong: wrong(&["a", "b"]), unseen: BTreeSet::new() },
            Look::default(),
        ]);
        let told = RefCell::new(Vec::new());
        let look = || std::future::ready(looks.borrow_mut().pop().unwrap_or_default());
        let tell =
            |wrong: &Wrong| told.borrow_mut().push(wrong.keys().cloned().collect::<Vec<_>>().join(","));
        let every = Duration::from_secs(10);
        assert!(timeout(every * 8, look_for_ever(every, look, tell)).await.is_err(), "it never ends");
        assert_eq!(told.borrow()[..4], ["", "a,b", "a,b", ""]);
    }
}
